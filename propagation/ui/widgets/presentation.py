"""Presentation: the app in a hall, in large type, on one screen. The address says so, as in `?present=1`."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from propagation.export import words
from propagation.ui.components import screen
from propagation.ui.pages import PRESENT, PageSpec
from propagation.ui.session import experiment

#: pages to go on, as a key has asked
_TURN = "turn"
#: the control that is seen first where there is room for one
_FIRST = "weight_variance"


def presents() -> bool:
    """Return whether the app is presented."""
    return experiment.page_parameter(PRESENT, "") == "1"


def draw_button() -> None:
    """Draw the way into a presentation."""
    help = "For a hall: large type, one screen, a QR code. Page Up and Page Down turn pages, arrows move the controls, Escape ends. Alt+P"
    st.button("Present", key="begin_presenting", icon=":material/slideshow:", help=help, on_click=_present, args=(True,))


def _present(wanted: bool) -> None:
    experiment.order_page_parameter(PRESENT, "1" if wanted else "")


def turn(pages: Sequence[StreamlitPage], chosen: StreamlitPage) -> None:
    """Lead to the page that a key has asked for; behind the last comes the first."""
    step = st.session_state.pop(_TURN, 0)
    if step:
        place = next(place for place, page in enumerate(pages) if page is chosen)
        st.switch_page(pages[(place + step) % len(pages)], query_params=dict(st.query_params))


def fit_screen(page: PageSpec) -> None:
    """Fit this page into its window; belongs into every page."""

    def turned(step: int) -> None:
        st.session_state[_TURN] = step

    settings = words.settings(experiment.present()) if page.charts_experiment else ""
    screen.fit(presents(), _FIRST, experiment.link(), settings, _present, turned)
