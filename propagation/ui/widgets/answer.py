"""Answer: what happens in a network, as a sentence, a few numbers and a picture; at once with a few draws of it, then with all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from propagation.budget import busy, refusal
from propagation.charts.signal_rows import Over
from propagation.charts.signals import signals_chart, signals_spec
from propagation.config import Config
from propagation.diagnosis import diagnose, typical_net
from propagation.engine.cost import work
from propagation.engine.trace import Trace
from propagation.export.code.settings import size_words
from propagation.expressions import lookup
from propagation.formatting import factor, number, plain
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION
from propagation.precision import Precision, first_trouble, format_sentences
from propagation.theory.prediction import Prediction
from propagation.theory.readout import readout_warning
from propagation.ui.components.streamlit_page import VERDICT_KEY
from propagation.ui.longwork import remembered
from propagation.ui.results import (
    first_scatters_of,
    first_trace_of,
    if_known,
    is_soon,
    prediction_of,
    scatters_predicted,
    trace_of,
    why_no_line,
)
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure, redraw_figure
from propagation.ui.widgets.page_header import appearance
from propagation.ui.widgets.panels import panel
from propagation.verdict import Verdict

CHART = "signals"
#: what stands before a headline, and in which colour of a page's text
ICONS = {
    "healthy": ("check_circle", "green"),
    "vanishing": ("trending_down", "orange"),
    "exploding": ("trending_up", "orange"),
    "uneven": ("signal_cellular_alt", "orange"),
    "saturated": ("vertical_align_top", "orange"),
    "dead": ("block", "orange"),
    "merged": ("merge", "orange"),
}
#: the same where a network is healthy at its depth, and would not be in a deeper one
_SLOW = ("trending_flat", "orange")
#: how a button calls what it sets
_SET = {
    "weight_variance": "$σ_w²$ to the critical",
    "bias_variance": "$σ_b²$ to",
    "input_variance": "the input variance to",
    "first_weight_variance": "$σ_w²$ of the first layer to",
    "bias_mean": "the mean of the biases to",
}
#: the same of a part of the architecture, with what it becomes
_SET_BLOCK: dict[tuple[str, str | float | bool], str] = {
    ("branch_rule", "sqrt"): "Scale branches by 1/√L",
    ("architecture", "residual"): "Add skip connections",
    ("skip_scale", 1.0): "Add skip connections",
    ("norm_position", "pre"): "Move the norm before the branch",
    ("normalization", "rms"): "Add an RMS norm",
    ("shared_blocks", False): "Initialize every block by itself",
}
#: a line that keeps the room of one with words
_NOTHING = "&nbsp;"
#: a run shorter than this, in seconds, shows no progress: a bar that flashes tells nobody anything
_PATIENCE = 1.0


@dataclass(frozen=True)
class ForwardRow:
    """What the first row of the chart shows: a signal, and over what its variance is taken ("" for the mean square over everything).

    `weights` are those whose gradients the last row shows, by name, "" for all; `precision` the number format whose ends are shown.
    """

    signal: str
    whose: str
    weights: str = ""
    precision: Precision | None = None


@dataclass(frozen=True)
class Answer:
    """What was measured, what theory expects, and both in words.

    There is no prediction where theory has no law, as `no_law` says in a sentence, or fails: the measurement stands without it.
    """

    trace: Trace
    prediction: Prediction | None
    verdict: Verdict
    no_law: str = ""


@dataclass(frozen=True)
class First:
    """A first answer, None where even that takes its time, and the places for it."""

    answer: Answer | None
    headline: DeltaGenerator
    numbers: DeltaGenerator
    picture: DeltaGenerator
    below: DeltaGenerator


def icon_of(verdict: Verdict) -> tuple[str, str]:
    """Return what stands before a headline, and its colour."""
    return _SLOW if verdict.slow else ICONS[verdict.kind]


def first_answer(config: Config, row: ForwardRow) -> First:
    """Draw the answer as far as it can be had at once."""
    refused = refusal(config)
    # Before anything is drawn: what arrives together is drawn together, and nothing stands empty meanwhile.
    found = _found(lambda: _at_once(config)) if not refused else None
    answer = found if isinstance(found, Answer) else None
    with st.container(gap="xsmall", key=VERDICT_KEY):
        first = First(answer, *_places(answer, row.precision))
    with first.below, panel("The simulation"):
        if refused:
            first.headline.warning(refused, icon=":material/scale:")
        elif isinstance(found, Exception):
            first.headline.empty()
            raise found
        elif answer is not None:
            _draw(answer, row, first, draw_figure)
    return first


def _at_once(config: Config) -> Answer | None:
    """Return the answer with every draw of the network where that is soon had, else with as many as are."""
    trace = trace_of(config) if is_soon(config) else first_trace_of(config)
    return None if trace is None else answer_of(trace)


def _found(search: Callable[[], Answer | None]) -> Answer | Exception | None:
    """Return what a search finds, or the exception it ends in, to be raised where there is a place to tell of it."""
    try:
        return search()
    except Exception as failure:
        return failure


def _places(answer: Answer | None, precision: Precision | None) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """Draw headline, numbers, picture and what stands below it, with an answer in them where there is one; return their places."""
    if answer is None:
        return (
            st.header(":material/hourglass_top: Simulating …", anchor=False),
            st.markdown(_NOTHING),
            st.container(gap=None),
            st.caption(_NOTHING),
        )
    headline, numbers, below = _in_short(answer, precision)
    return st.header(headline, anchor=False), st.markdown(numbers, width="content"), st.container(gap=None), st.caption(below)


def whole_answer(config: Config, row: ForwardRow, first: First) -> Answer | None:
    """Draw the answer with every draw of the network, in the places of the first one; return it, or None where it failed."""
    better = first.answer is not None
    if first.answer is not None and first.answer.trace.config == config and not row.whose:
        return first.answer
    with first.below, panel("The simulation"):
        answer = answer_of(trace_of(config, _progress(_bar(first.below) if better else _words(first.headline), work(config).seconds)))
        _say(answer, first, row.precision)
        _draw(answer, row, first, redraw_figure if better else draw_figure, whole=True)
        return answer
    if not better:
        first.headline.empty()
    return None


def way_out(verdict: Verdict) -> None:
    """Draw the one click that helps, else another draw of the same: a button in any case, so that nothing jumps."""
    fields = controls.settings(verdict.suggested)
    if not fields:
        again = "Other random weights and inputs, same experiment."
        st.button("Draw again", icon=":material/casino:", on_click=controls.draw_again, help=again, disabled=experiment.fixed("seed"))
        return
    block = verdict.suggested_block
    label = _SET_BLOCK[block] if block else "Set " + ", ".join(f"{_SET[name]} {number(value)}" for name, value in verdict.suggested.items())
    st.button(
        f":blue[**{label}**]",
        icon=":material/arrow_forward:",
        icon_position="right",
        help=plain(verdict.advice),
        on_click=experiment.order,
        kwargs=fields,
        disabled=any(map(experiment.fixed, fields)),
    )


def answer_of(trace: Trace) -> Answer:
    """Return the answer that a trace gives."""
    expected = if_known(prediction_of, trace.config)
    return Answer(trace, expected, diagnose(trace, expected), expected.remark if expected else why_no_line(trace.config))


def _say(answer: Answer, where: First, precision: Precision | None) -> None:
    """Write the headline, a few numbers, and the line below the picture."""
    headline, numbers, below = _in_short(answer, precision)
    where.headline.header(headline, anchor=False)
    where.numbers.markdown(numbers, width="content")
    where.below.caption(below)


def _in_short(answer: Answer, precision: Precision | None) -> tuple[str, str, str]:
    """Return headline, numbers, and the line below the picture: advice that no button gives, what theory knows of single networks.

    It begins with what the number format does, where one is chosen.
    """
    verdict = answer.verdict
    icon, colour = icon_of(verdict)
    headline = f":{colour}[:material/{icon}:] {plain(verdict.headline)}"
    advice = "" if verdict.suggested_weight_variance or verdict.suggested_block else plain(verdict.advice)
    prediction = answer.prediction
    finite = (typical_net(prediction), readout_warning(prediction)) if prediction else (answer.no_law,)
    held = _held(answer.trace, precision)
    below = (held, advice, verdict.settling, *finite, "" if held else plain(verdict.precision), plain(verdict.loss))
    return headline, _numbers(verdict), " ".join(filter(None, below)) or _NOTHING


def _held(trace: Trace, precision: Precision | None) -> str:
    """Return what a number format does to the networks, in colour where they do not fit; empty without one."""
    if precision is None:
        return ""
    told = plain(format_sentences(trace, precision))
    return f":orange[{told}]" if first_trouble(trace, precision) else told


def figure(answer: Answer, row: ForwardRow) -> go.Figure:
    """Return the chart of a whole answer, to be taken away; its first row is the mean square."""
    shown: dict[str, Any] = {"forward": row.signal, "weights": row.weights, "precision": row.precision}
    return signals_chart(answer.trace, answer.prediction, **shown, appearance=appearance())


def _draw(answer: Answer, row: ForwardRow, where: First, draw: Callable[..., None], whole: bool = False) -> None:
    """Draw the chart; its first row shows a variance over one thing where that is chosen and, in a first answer, soon had."""
    with where.picture, panel("The chart"):
        over = _over(answer.trace.config, row, whole) if row.whose else None
        shown: dict[str, Any] = {"forward": row.signal, "over": over, "weights": row.weights, "precision": row.precision}
        spec = signals_spec(answer.trace, answer.prediction, **shown, appearance=appearance(), guide=True)
        draw(spec, key=CHART, alt=_in_words(answer))


def _over(config: Config, row: ForwardRow, whole: bool) -> Over | None:
    scatters = remembered(VARIANCE_DECOMPOSITION, config, words="Drawing networks") if whole else first_scatters_of(config)
    if not scatters:
        return None
    expected = if_known(scatters_predicted, VARIANCE_DECOMPOSITION.uses(config))
    return Over(row.whose, scatters[row.signal], expected[row.signal] if expected else None)


def _progress(show: Callable[[float, str], object], seconds: float) -> Callable[[float], None]:
    """Return a progress callback that shows the share and some words, at once for a run expected to be long or as soon as it is."""
    began = time.monotonic()
    if seconds > _PATIENCE:
        show(0.0, f"Simulating, about {in_seconds(seconds)} …")

    def shown(share: float) -> None:
        if max(seconds, time.monotonic() - began) > _PATIENCE:
            show(share, busy() or f"Simulating … {share:.0%}")

    return shown


def _bar(place: DeltaGenerator) -> Callable[[float, str], object]:
    """Show progress as a bar."""
    return lambda share, words: place.progress(share, words)


def _words(place: DeltaGenerator) -> Callable[[float, str], object]:
    """Show progress in the place of the headline and just as high, so that the picture stays where it is."""
    return lambda _, words: place.header(f":material/hourglass_top: {words}", anchor=False)


def in_seconds(seconds: float) -> str:
    """Return a time of which one digit is known."""
    return f"{number(float(f'{seconds:.1g}'))} s"


def _numbers(verdict: Verdict) -> str:
    phase = f":gray-badge[{verdict.phase}] &ensp;" if verdict.phase else ""
    return (
        f"{phase}:blue[forward **{factor(verdict.forward_factor)}**] &ensp; :orange[backward **{factor(verdict.backward_factor)}**] &ensp; "
        f"{verdict.reach}"
    )


def _in_words(answer: Answer) -> str:
    """Describe the chart to those who cannot see it."""
    config, verdict = answer.trace.config, answer.verdict
    return (
        f"{verdict.headline} {lookup(config.activation).label}, {config.depth} layers of {size_words(config)}. "
        f"Per layer the signal's second moment changes by {factor(verdict.forward_factor)} forward and the gradient's by "
        f"{factor(verdict.backward_factor)} backward."
    )
