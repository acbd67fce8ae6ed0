"""Asking: a teacher's link may keep the answer back until a visitor has said what they expect. That belongs to a visit, not to a link."""

from __future__ import annotations

import streamlit as st

from propagation.ui.session import experiment

#: what gradients can do on their way back
EXPECTATIONS = {"fade": "fade away ↘", "level": "keep their size →", "grow": "grow ↗"}
_REVEALED, _EXPECTED = "answer_revealed", "answer_expected"


def waits() -> bool:
    """Whether the answer is still kept back."""
    return experiment.terms().asks and not st.session_state.get(_REVEALED, False)


def draw_question() -> None:
    """What do you expect, and the button that shows the answer."""
    st.radio("On their way back through these layers, gradients", list(EXPECTATIONS), None, EXPECTATIONS.__getitem__, key="expectation")
    guessed = st.session_state.expectation is not None
    label = ":blue[**Reveal**]" if guessed else "Reveal without a guess"
    st.button(label, key="reveal", icon=":material/visibility:", on_click=_reveal)


def draw_expectation() -> None:
    """What the visitor said before the answer was shown, if they did."""
    said = st.session_state.get(_EXPECTED)
    if said:
        st.caption(f":material/psychology: You expected that gradients **{EXPECTATIONS[said]}**")


def _reveal() -> None:
    st.session_state[_REVEALED], st.session_state[_EXPECTED] = True, st.session_state.expectation
