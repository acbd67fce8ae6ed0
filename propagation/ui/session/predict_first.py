"""Predict first: a teacher's link may keep the answer back until a visitor has said what they expect. That belongs to the visit."""

from __future__ import annotations

import streamlit as st

from propagation.ui.session import experiment

#: what gradients can do on their way back
EXPECTATIONS = {"fade": "fade away ↘", "level": "keep their size →", "grow": "grow ↗"}
_REVEALED, _EXPECTED = "answer_revealed", "answer_expected"


def waits() -> bool:
    """Return whether the answer is still kept back."""
    return experiment.terms().asks and not st.session_state.get(_REVEALED, False)


def reveal(expectation: str | None) -> None:
    """Show the answer from now on, and remember what the visitor said they expect, None if nothing."""
    st.session_state[_REVEALED], st.session_state[_EXPECTED] = True, expectation


def expectation() -> str | None:
    """Return what the visitor said before the answer was shown, if they did."""
    return st.session_state.get(_EXPECTED)
