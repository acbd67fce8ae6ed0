"""Predict first: a teacher's link may keep the answer back until a visitor has said what they expect. That belongs to the visit."""

from __future__ import annotations

import streamlit as st

from propagation.questions import STANDARD, Question
from propagation.ui.session import experiment

_REVEALED, _EXPECTED = "answer_revealed", "answer_expected"


def waits() -> bool:
    """Return whether the answer is still kept back."""
    return experiment.terms().asks and not st.session_state.get(_REVEALED, False)


def question() -> Question:
    """Return what is asked before the answer is shown."""
    return experiment.terms().question or STANDARD


def reveal(expectation: int | None) -> None:
    """Show the answer from now on, and remember the option that the visitor chose, by its place; None if they chose none."""
    st.session_state[_REVEALED], st.session_state[_EXPECTED] = True, expectation


def expectation() -> int | None:
    """Return the option that the visitor chose before the answer was shown, by its place, if they did."""
    return st.session_state.get(_EXPECTED)
