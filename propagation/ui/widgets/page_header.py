"""Page header: what every page has in common, from its question to the colours of its charts."""

from __future__ import annotations

import streamlit as st

from propagation.architecture import is_plain
from propagation.config import Config
from propagation.formatting import plain
from propagation.ui.session import experiment, predict_first, way_back
from propagation.ui.widgets import share

#: complaints about an address that are shown one by one
_MOST_PROBLEMS = 8


def opening(question: str, look_for: str = "") -> None:
    """Draw the question a page answers, one sentence on what to look for, if there is one, and the way to share the page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(question, anchor=False, width="stretch")
        share.draw_button()
    if look_for:
        with st.container(key="look_for"):
            st.markdown(look_for)
    arrival()


def arrival() -> None:
    """Say what the address asked for and did not get; and what the visitor expected to see, where a teacher's link has asked them."""
    problems = experiment.problems()
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        lines = [f"- {plain(problem)}" for problem in problems[:_MOST_PROBLEMS]] + [f"- and {more:,} more"] * (more > 0)
        st.warning("\n".join(["Part of this address could not be read; the rest was.", *lines]), icon=":material/link_off:")
    if unread := experiment.unread():
        told = f"This address has {unread:,} parameters. Of more than 1,000 none is read: this is what the app opens with."
        st.warning(told, icon=":material/link_off:")
    if way_back.is_replaced():
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="way_back"):
            st.markdown(":material/swap_horiz: This is not your experiment: a race or a link has set every control.", width="content")
            st.button("Back to my experiment", "back_to_mine", icon=":material/undo:", on_click=way_back.come_back)
    said = predict_first.expectation()
    if said is not None:
        asked = predict_first.question()
        st.caption(f":material/psychology: {plain(asked.text)} You expected: **{plain(asked.options[said])}**")


def without_blocks(config: Config, what: str) -> None:
    """Say that a page leaves out what the visitor's network has beside linear maps and activations; nothing where it has no more."""
    if not is_plain(config):
        st.caption(
            f":material/layers_clear: {what} the plain network of these layers: skips, norms, dropout, gates and attention are left out."
        )


def appearance() -> str:
    """Return "light" or "dark", as the visitor's browser shows it."""
    return st.context.theme.type or "light"


def unbroken(values: dict[str, str]) -> dict[str, str]:
    """Return the cells of a table, each on one line: a narrow table scrolls in itself, and a number torn in two cannot be read."""
    return {name: text.replace(" ", "\u00a0") for name, text in values.items()}
