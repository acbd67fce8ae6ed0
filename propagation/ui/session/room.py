"""Room: the room in which this visit's guesses are counted, beside those of all others on this server."""

from __future__ import annotations

import secrets
from collections.abc import Hashable

import streamlit as st

from propagation.rooms import Full, Rooms
from propagation.runtime.platform import IN_BROWSER
from propagation.ui.session import experiment

#: of all visitors of this server
_rooms = Rooms()
_VISITOR, _TOLD = "room_visitor", "room_told"


def name() -> str:
    """Return the room that the teacher's link names; empty where it names none, or where there is no server to count."""
    return "" if IN_BROWSER else experiment.terms().room


def tell(question: Hashable, option: int) -> str:
    """Count this visit's guess of an option, by its place; return a sentence where it could not be counted.

    A guess that is as it was is not told again: it is kept for an hour from when it was made.
    """
    told = st.session_state.setdefault(_TOLD, {})
    if told.get(question) == option:
        return ""
    visitor = st.session_state.setdefault(_VISITOR, secrets.token_hex(8))
    try:
        _rooms.guess(name(), question, visitor, option)
    except Full as refused:
        return f"Your guess is not counted. {refused}"
    told[question] = option
    return ""


def counts(question: Hashable, options: int) -> tuple[int, ...]:
    """Return how many in this room have guessed each of so many options."""
    return _rooms.counts(name(), question, options)
