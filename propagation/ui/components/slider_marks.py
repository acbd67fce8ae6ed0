"""Slider marks: where the named schemes stand under the weight-variance slider. A click on a mark chooses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import streamlit as st

from propagation.ui.components.mount import mount


@dataclass(frozen=True)
class Mark:
    """One mark under the slider: `position` from 0 to 1, `title` says what a click does, `here` that the experiment stands there."""

    name: str
    label: str
    title: str
    position: float
    here: bool


def slider_marks(slider: str, marks: list[Mark], on_chosen: Callable[[str], None]) -> None:
    """Draw the marks of the slider with this label; `on_chosen` gets the name of the one that is clicked."""
    key = "weight_variance_marks"
    mount(
        key,
        key,
        html='<div class="marks" role="group" aria-label="Schemes"></div>',
        files="slider_marks",
        data={"slider": slider, "marks": [asdict(mark) for mark in sorted(marks, key=lambda mark: mark.position)]},
        on_chosen_change=lambda: on_chosen(st.session_state[key].chosen),
    )
