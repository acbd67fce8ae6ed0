"""Papers: the figures this subject rests on, drawn live, with the numbers they report beside those measured here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from propagation.config import Config
from propagation.formatting import number, plain
from propagation.papers import PAPERS
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.papers.publications import Publication, Published, publications
from propagation.ui.longwork import remembered
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel

TITLE = "What did the papers show, and does it hold here?"
LOOK_FOR = (
    "Each figure is drawn now, by this app's own simulation and theory. Read the table: **what the paper reports, what comes out here, and "
    "whether the two agree.**"
)
#: characters of a cell that are kept in one line
_SHORT = 14


def render(config: Config) -> None:
    """Draw a switch between papers, then one of them: what it showed, whether it holds, its figure, its numbers."""
    opening(TITLE, LOOK_FOR)
    with panel("The papers"):
        labels = {name: f"{publication.label} · {publication.title}" for name, publication in publications().items()}
        chosen, figure = st.columns([1.4, 1], gap="medium", vertical_alignment="bottom")
        with chosen:
            paper = PAPERS[controls.page_choice("Paper", "paper", labels, "One paper at a time, by year.", folded=True)]
        said = paper.publication
        with figure:
            part = _part(paper)
        st.markdown(plain(said.showed))
        answer = st.empty()
        with panel("The experiment"):
            found = remembered(paper.lab, config, words="Repeating the experiment")
            answer.header(verdict(said, found), anchor=False)
            with panel("The figure"):
                _draw(paper.draw(found, appearance(), *part))
                st.caption(plain(said.figure))
            numbers, words = st.columns([1.7, 1], gap="medium")
            with numbers, panel("The numbers"):
                st.markdown(table(said, found))
            words.markdown(f"**Where we differ.** {plain(said.differs)}")
        # not a caption: its links are too pale to be read
        st.markdown(f":small[{plain(said.authors)}: [{plain(said.title)}]({said.url}). {plain(said.venue)}, {said.year}.]")
        _go_on(paper)


def verdict(said: Publication, found: Finding) -> str:
    """Return how many of the paper's numbers agree with ours, as a headline."""
    holding = sum(published.holds(found.numbers[published.name]) for published in said.numbers)
    total = len(said.numbers)
    if holding == total:
        return f":green[:material/check_circle:] It holds here: {'both' if total == 2 else f'all {total}'} numbers agree."
    return f":orange[:material/balance:] It holds in part: {holding} of {total} numbers agree."


def table(said: Publication, found: Finding) -> str:
    """Return what they report and what we measure as a Markdown table; what disagrees is marked, and says why."""
    lines = ["| | reported | here |", "|:--|--:|--:|"]
    for published in said.numbers:
        ours = found.numbers[published.name]
        holds = published.holds(ours)
        mark = ":green[✓]" if holds else ":orange[✗]"
        note = f" *{plain(published.note)}*" if published.note else ""
        what = f"{plain(published.what)} :gray[({plain(published.where)})]{note}"
        here = f"**{_unbroken(number(ours))}**\u00a0{mark} {_unbroken(_difference(published, ours))}"
        lines.append(f"| {what} | {_unbroken(plain(published.text))} | {here} |")
    return "\n".join(lines)


def _unbroken(text: str) -> str:
    """Return a short text that stays in one line."""
    return text.replace(" ", "\u00a0") if len(text) <= _SHORT else text


def _difference(published: Published, ours: float) -> str:
    """Return the difference in a word or two, where there are two numbers to compare."""
    if published.relation != "about" or not math.isfinite(published.value) or published.value == 0:
        return ""
    share = abs(ours / published.value - 1)
    if share < 1e-6:
        return "the same"
    if share < 0.5:
        return f"{number(float(f'{100 * share:.1g}'))} % {'more' if ours > published.value else 'less'}"
    return f"{number(float(f'{ours / published.value:.2g}'))} times"


def _part(paper: Paper) -> tuple[str, ...]:
    """Draw the switch between the paper's figures, where there are several; return the one chosen."""
    if not paper.choices:
        return ()
    return (controls.page_choice("Figure", "signal", paper.choices, "Which of the paper's figures is drawn."),)


def _draw(charts: Sequence[Drawn]) -> None:
    """Draw the charts of a figure, side by side where there is room."""
    for column, (name, figure, alt) in zip(st.columns(len(charts), gap="small"), charts, strict=True):
        with column:
            draw_figure(figure, key=f"paper_{name}", alt=alt)


def _go_on(paper: Paper) -> None:
    """Offer another draw of the same, and the link to the page where this network can be changed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw_link(paper.link.text, paper.link.page, paper.link.query)
        again = "Other random weights, same experiment. It changes the seed, and nothing else, of yours."
        st.button("Draw again", icon=":material/casino:", on_click=controls.draw_again, help=again, disabled=experiment.fixed("seed"))
