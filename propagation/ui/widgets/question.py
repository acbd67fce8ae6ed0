"""The question: in the place of a page whose answer a teacher's link keeps back."""

from __future__ import annotations

from dataclasses import replace

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
from propagation.ui.widgets.room_counts import draw_counts

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
        _question(config)
    with right:
        figure = lesson_chart(waiting_rows(("z", "delta"), config.depth), config.depth, appearance=appearance())
        draw_figure(figure, key="waiting", alt="The answer is not shown yet.")


def _question(config: Config) -> None:
    """Ask what the visitor expects, count it in their room, and draw the button that shows the answer."""
    asked = predict_first.question()
    said = None
    if asked.options:
        places, names = range(len(asked.options)), [plain(option) for option in asked.options]
        said = st.radio(plain(asked.text), places, None, names.__getitem__, key="expectation")
    else:
        st.markdown(f"**{plain(asked.text)}**")
    label = ":blue[**Reveal**]" if said is not None or not asked.options else "Reveal without a guess"
    st.button(label, key="reveal", icon=":material/visibility:", on_click=predict_first.reveal, args=(said,))
    if asked.options:
        # the question is about the network that the link has brought, however it was moved since; a seed of one's own makes no other
        of = st.session_state.setdefault("asked_of", replace(config, seed=0))
        draw_counts((asked, of), names, said)
