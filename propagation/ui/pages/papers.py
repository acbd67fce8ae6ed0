"""Papers: the figures this subject rests on, drawn live, with the numbers they report beside those measured here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from propagation.charts.compare import Curves, compare_chart
from propagation.charts.distributions import ridges_chart
from propagation.charts.papers.maps import maps_chart
from propagation.charts.papers.rules import rules_chart
from propagation.charts.papers.scales import decay_chart, scales_chart
from propagation.charts.papers.shapes import shapes_chart
from propagation.charts.spectrum import spectrum_chart, window_of
from propagation.charts.variance_decomposition import decomposition_chart
from propagation.config import Config
from propagation.formatting import number, plain
from propagation.labs.papers import EXPERIMENTS
from propagation.labs.papers.finding import Finding
from propagation.papers import Paper, Published, papers
from propagation.rules import settled
from propagation.theory.spectrum import predict_spectrum
from propagation.ui import controls, experiment
from propagation.ui.figures import draw_figure
from propagation.ui.links import draw_link
from propagation.ui.longwork import remembered
from propagation.ui.page_header import appearance, opening
from propagation.ui.panels import panel

TITLE = "What did the papers show, and does it hold here?"
LOOK_FOR = (
    "Each figure is drawn now, by the engine and the theory of this app. Read the table: **what they report, what comes out here, and "
    "whether the two agree.**"
)
_HISTOGRAMS = {"h": "6: activations", "delta": "7: gradients", "weight_gradient": "8: weight gradients"}
#: where a visitor can go on with a paper's network: the page, what the link is called, and the page's own settings
_GOES_ON = {
    "glorot": ("distributions", "Open in Distributions", {"signal": "delta"}),
    "saxe": ("spectrum", "Open in Spectrum", {}),
    "he": ("compare", "Open in Compare", {"columns": "glorot.relu.gaussian~he.relu.gaussian"}),
    "poole": ("phase", "Open in Order and chaos", {}),
    "schoenholz": ("phase", "Open in Order and chaos", {"plane": "survival"}),
    "kumar": ("gains", "Open in the Gain lab", {}),
    "hanin": ("explore", "Open in Explore", {}),
    "luther": ("whose", "Open in Whose variance?", {}),
}
#: what is opened where it is not the network of the experiment itself
_OPENED: dict[str, dict[str, Any]] = {
    "schoenholz": {"depth": 50, "width": 512, "trials": 8},
    "hanin": {"depth": 40, "width": 16, "inputs": 16},
}

#: characters of a cell that are kept in one line
_SHORT = 14

#: figures with a key and a sentence on each
Figures = Sequence[tuple[str, go.Figure, str]]


def render(config: Config) -> None:
    """The page: a switch between papers, then one of them: what it showed, whether it holds, its figure, its numbers."""
    opening(TITLE, LOOK_FOR)
    st.caption("Of the sidebar only the seed counts here: each paper has its own network.")
    with panel("The papers"):
        known = papers()
        name = controls.page_choice("Paper", "paper", {key: paper.label for key, paper in known.items()}, "One paper at a time, by year.")
        paper = known[name]
        with st.container(gap=None):
            st.markdown(plain(paper.showed))
            # not a caption: its links are too pale to be read
            st.markdown(f":small[{plain(paper.authors)}: [{plain(paper.title)}]({paper.url}). {plain(paper.venue)}, {paper.year}.]")
        answer = st.empty()
        with panel("The experiment"):
            own = EXPERIMENTS[name]
            found = remembered(own.lab, replace(own.config, seed=config.seed), words="Repeating the experiment")
            answer.header(verdict(paper, found), anchor=False)
            with panel("The figure"):
                st.caption(plain(paper.figure))
                _draw(_FIGURES[name](found))
            numbers, words = st.columns([1.7, 1], gap="medium")
            with numbers, panel("The numbers"):
                st.markdown(table(paper, found))
            words.markdown(f"**Where we differ.** {plain(paper.differs)}")
        _go_on(name)


def verdict(paper: Paper, found: Finding) -> str:
    """How many of the paper's numbers agree with ours, as a headline."""
    holding = sum(published.holds(found.numbers[published.name]) for published in paper.numbers)
    total = len(paper.numbers)
    if holding == total:
        return f":green[:material/check_circle:] It holds here: {'both' if total == 2 else f'all {total}'} numbers agree."
    return f":orange[:material/balance:] It holds in part: {holding} of {total} numbers agree."


def table(paper: Paper, found: Finding) -> str:
    """They report, we measure, as a Markdown table; what disagrees is marked, and says why."""
    lines = ["| | reported | here |", "|:--|--:|--:|"]
    for published in paper.numbers:
        ours = found.numbers[published.name]
        holds = published.holds(ours)
        mark = ":green[✓]" if holds else ":orange[✗]"
        note = f" *{plain(published.note)}*" if published.note else ""
        what = f"{plain(published.what)} :gray[({plain(published.where)})]{note}"
        here = f"**{_unbroken(number(ours))}**\u00a0{mark} {_unbroken(_difference(published, ours))}"
        lines.append(f"| {what} | {_unbroken(plain(published.text))} | {here} |")
    return "\n".join(lines)


def _unbroken(text: str) -> str:
    """A short text that stays in one line."""
    return text.replace(" ", "\u00a0") if len(text) <= _SHORT else text


def _difference(published: Published, ours: float) -> str:
    """The difference in a word or two, where there are two numbers to compare."""
    if published.relation != "about" or not math.isfinite(published.value):
        return ""
    share = abs(ours / published.value - 1)
    if share < 1e-6:
        return "the same"
    if share < 0.5:
        return f"{number(float(f'{100 * share:.1g}'))} % {'more' if ours > published.value else 'less'}"
    return f"{number(float(f'{ours / published.value:.2g}'))} times"


def _draw(figures: Figures) -> None:
    """The figures of a paper, side by side where there is room."""
    for column, (key, figure, alt) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        with column:
            draw_figure(figure, key=f"paper_{key}", alt=alt)


def _go_on(name: str) -> None:
    """Another draw of the same, and the link to the page where this network can be changed."""
    page, label, settings = _GOES_ON[name]
    own = settled(replace(EXPERIMENTS[name].config, **_OPENED.get(name, {})))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw_link(label, page, own.to_query() | settings)
        again = "Other random weights, same experiment."
        st.button("Draw again", icon=":material/casino:", on_click=controls.draw_again, help=again, disabled=experiment.fixed("seed"))


def _glorot(found: Finding) -> Figures:
    signal = controls.page_choice("Figure", "signal", _HISTOGRAMS, "Which of the paper's three figures is drawn.")
    drawn = []
    for name, result in found.evidence.items():
        figure = ridges_chart(result, signal, common=True, chosen=1, appearance=appearance())
        figure.layout.title = {"text": f"<b>{name}</b>", "x": 0.5, "xanchor": "center", "y": 0.985, "yanchor": "top", "font": {"size": 15}}
        first, last = (10 ** result.histograms[signal][place].log10_rms for place in (0, -1))
        drawn.append((name, figure, f"Histograms, {name}: root mean square {number(first)} in layer 1, {number(last)} in layer 5."))
    return drawn


def _saxe(found: Finding) -> Figures:
    window = window_of(found.evidence)
    drawn = []
    for spectrum in found.evidence:
        law = spectrum.config.weight_law
        prediction = predict_spectrum(spectrum.config, law, int(spectrum.layers[-1]))
        figure = spectrum_chart(spectrum, prediction, len(spectrum.layers) - 1, window, appearance=appearance())
        values = spectrum.log10_values[-1]
        alt = f"Singular values, {law} weights: from {number(10 ** float(values[-1]))} to {number(10 ** float(values[0]))} after 30 layers."
        drawn.append((law, figure, alt))
    return drawn


def _he(found: Finding) -> Figures:
    curves = [Curves(place, run.label, run.trace, run.prediction) for place, run in enumerate(found.evidence)]
    alt = f"After 30 layers Xavier's signal is {number(found.numbers['signal_30'])} times He's, which is level."
    return [("he", compare_chart(curves, winner=1, appearance=appearance()), alt)]


def _poole(found: Finding) -> Figures:
    sizes = ", ".join(f"{number(of.scales.q_star)} at σ_w = {number(of.sigma_w)}" for of in found.evidence)
    correlations = ", ".join(f"{number(of.scales.c_star)} at σ_w = {number(of.sigma_w)}" for of in found.evidence)
    return [
        ("q", maps_chart(found.evidence, "q", appearance=appearance()), f"Length map. Sizes settle at {sizes}."),
        ("c", maps_chart(found.evidence, "c", appearance=appearance()), f"Correlation map. Correlations settle at {correlations}."),
    ]


def _schoenholz(found: Finding) -> Figures:
    scales = found.evidence
    each = ", ".join(f"{number(decay.xi_c)} at σ_w² = {number(decay.weight_variance)}" for decay in scales.decays)
    critical = f"Depth scales against σ_w²; ξ_c is infinite at {number(scales.critical)}."
    return [
        ("decay", decay_chart(scales, appearance=appearance()), f"Differences decay exponentially, over this many layers: {each}."),
        ("scales", scales_chart(scales, appearance=appearance()), critical),
    ]


def _kumar(found: Finding) -> Figures:
    holding = [rule.label for rule in found.evidence if rule.fate in ("holds", "fades")]
    failing = [rule.label for rule in found.evidence if rule.fate in ("vanishes", "explodes")]
    alt = f"Kumar's rule agrees with the exact one for {', '.join(holding)}, and does not for {', '.join(failing)}."
    return [("kumar", rules_chart(found.evidence, appearance=appearance()), alt)]


def _hanin(found: Finding) -> Figures:
    each = ", ".join(f"{number(shape.measured)} at {number(shape.reciprocals)}" for shape in found.evidence)
    return [("hanin", shapes_chart(found.evidence, appearance=appearance()), f"Scatter against the sum of 1/width: {each}.")]


def _luther(found: Finding) -> Figures:
    measured, theory = found.evidence
    total, sample = (number(found.numbers[name]) for name in ("total", "sample"))
    alt = f"Over 50 layers E[z²] is multiplied by {total}, the variance over inputs by {sample}."
    return [("luther", decomposition_chart(measured, theory, whose="inputs", appearance=appearance()), alt)]


_FIGURES: dict[str, Callable[[Finding], Figures]] = {
    "glorot": _glorot,
    "saxe": _saxe,
    "he": _he,
    "poole": _poole,
    "schoenholz": _schoenholz,
    "kumar": _kumar,
    "hanin": _hanin,
    "luther": _luther,
}
