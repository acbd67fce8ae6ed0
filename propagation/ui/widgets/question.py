"""The question: in the place of a page whose answer a teacher's link keeps back."""

from __future__ import annotations

import streamlit as st

from propagation.charts.lesson import lesson_chart, waiting_rows
from propagation.config import Config
from propagation.export.words import settings
from propagation.expressions import lookup
from propagation.formatting import plain
from propagation.ui.session import predict_first
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening

TITLE = "What do you expect?"
LOOK_FOR = "**Say first what you expect**, then look: the network is drawn and measured when you ask for it."


def render_with_controls(config: Config) -> None:
    """Draw the question in the place of a page that draws its controls itself, as Explore does: drawn elsewhere, they would be others."""
    with st.sidebar.container():
        controls.draw_all()
    render(config)


def render(config: Config) -> None:
    """Draw the experiment in words, the question, and a chart that waits."""
    opening(TITLE, LOOK_FOR)
    left, right = st.columns([1, 1.45], gap="large")
    with left:
        st.markdown(f"**The network.** {plain(settings(config))}.")
        st.latex(lookup(config.activation).latex)
        _question()
    with right:
        figure = lesson_chart(waiting_rows(("z", "delta"), config.depth), config.depth, appearance=appearance())
        draw_figure(figure, key="waiting", alt="The answer is not shown yet.")


def _question() -> None:
    """Ask what the visitor expects, with the button that shows the answer."""
    choices = predict_first.EXPECTATIONS
    said = st.radio("On their way back through these layers, gradients", list(choices), None, choices.__getitem__, key="expectation")
    label = ":blue[**Reveal**]" if said is not None else "Reveal without a guess"
    st.button(label, key="reveal", icon=":material/visibility:", on_click=_reveal)


def _reveal() -> None:
    predict_first.reveal(st.session_state.expectation)
