"""Myths: false claims about initialization, taken apart by networks that are drawn now."""

from __future__ import annotations

import streamlit as st

from propagation.charts.lesson import distance_rows, lesson_chart, rows_of
from propagation.config import Config
from propagation.labs.evidence import EVIDENCE, Evidence
from propagation.myths import MYTHS, Myth
from propagation.notation import markdown
from propagation.ui.longwork import remembered
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel

TITLE = "What is not true?"
LOOK_FOR = "Claims that sound right, and what networks drawn now say about them. **Each opens as an experiment** that you can change."


def render(config: Config) -> None:
    """Draw the page: a card for each claim; the visitor's own experiment is left as it is."""
    opening(TITLE, LOOK_FOR)
    for name, myth in MYTHS.items():
        with panel(f"“{myth.claim}”"), st.container(border=True):
            _card(name, myth)


def _card(name: str, myth: Myth) -> None:
    """Draw the claim and what is true on the left, the networks' chart on the right."""
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        st.header(f"“{myth.claim}.”", anchor=False)
        happens = st.empty()
        st.markdown(f"**What is true.** {markdown(myth.truth)}")
        draw_link(myth.link.text, myth.link.page, myth.link.query)
    with right:
        seen = [(network.label, remembered(EVIDENCE[myth.chart], network.config, words="Drawing networks")) for network in myth.networks]
        words = myth.happens([evidence for _, evidence in seen]).replace("× ", "×\u00a0")
        happens.markdown(f"**What happens.** {markdown(words)}")
        _chart(name, myth, seen, words)


def _chart(name: str, myth: Myth, seen: list[tuple[str, Evidence]], words: str) -> None:
    rows = rows_of(seen, myth.rows) if myth.chart == "sizes" else distance_rows(seen)
    figure = lesson_chart(rows, seen[0][1].config.depth, appearance=appearance())
    draw_figure(figure, key=f"myth_{name}", alt=f"“{myth.claim}”: {words.replace('**', '')}")
