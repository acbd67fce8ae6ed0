"""Way back: the visitor's experiment while that of a race, a paper or a lesson stands in its place.

It is kept from the click that replaces it until the visitor goes on from the other, or comes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from propagation.config import Config

#: the order by which an experiment comes back as a whole
ORDER = "whole_experiment"
#: addresses that are known to have been this visit's own
_MOST = 200


@dataclass
class Kept:
    """An experiment, those settings of pages that come back with it, and the one that stands in its place, once that is known."""

    config: Config
    page: dict[str, str]
    other: Config | None = None


def keep(settings: Sequence[str] = ()) -> None:
    """Keep the experiment, which another is about to replace; `settings` are those of a page that are replaced with it."""
    state = st.session_state
    before = state.get("kept")
    if before is None or before.other != state.config:  # else that other one goes, and the visitor's own stays kept
        state.kept = Kept(state.config, {name: state.page.get(name, "") for name in settings})
    else:
        before.other = None


def is_replaced() -> bool:
    """Return whether an experiment that is not the visitor's stands in the place of one that is worth coming back to."""
    state = st.session_state
    kept = state.get("kept")
    if kept is None:
        return False
    if kept.other is None:
        kept.other = state.config
    return state.config == kept.other != kept.config != Config()


def come_back() -> None:
    """Put the experiment back in its place, from the next run on."""
    state = st.session_state
    kept = state.pop("kept")
    state.page = {**state.page, **kept.page}
    state.page = {name: text for name, text in state.page.items() if text}
    state.orders += [*kept.page.items(), (ORDER, kept.config)]


def note_address(here: Mapping[str, Any]) -> bool:
    """Note an address of this visit; return whether it was one before, as where Back leads."""
    visited = st.session_state.setdefault("visited", deque(maxlen=_MOST))
    address = frozenset((name, str(text)) for name, text in here.items())
    known = address in visited
    if not known:
        visited.append(address)
    return known
