"""Answer: what happens in a network, as a sentence, a few numbers and a picture; at once with a few draws of it, then with all."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from propagation.charts.signal_rows import Over
from propagation.charts.signals import signals_chart
from propagation.config import Config
from propagation.diagnosis import Verdict, diagnose, typical_net
from propagation.engine.cost import work
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.labs.whose import Scatter, measured, seen
from propagation.notation import factor, number
from propagation.ui import controls, experiment
from propagation.ui.budget import busy, refusal
from propagation.ui.figures import draw_figure, redraw_figure
from propagation.ui.live import held
from propagation.ui.longwork import remembered
from propagation.ui.panels import panel
from propagation.ui.results import first_scatters_of, first_trace_of, prediction_of, scatters_predicted, trace_of
from propagation.ui.skeleton import appearance, plain

log = logging.getLogger(__name__)

_CHART = "signals"
_ICONS = {
    "healthy": ":green[:material/check_circle:]",
    "vanishing": ":orange[:material/trending_down:]",
    "exploding": ":orange[:material/trending_up:]",
    "uneven": ":orange[:material/signal_cellular_alt:]",
    "saturated": ":orange[:material/vertical_align_top:]",
    "dead": ":orange[:material/block:]",
}
#: a run shorter than this, in seconds, shows no progress: a bar that flashes tells nobody anything
_PATIENCE = 1.0


@dataclass(frozen=True)
class ForwardRow:
    """What the first row of the chart shows: z or h, and over what its variance is taken ("" for the mean square over everything)."""

    signal: str
    whose: str


@dataclass(frozen=True)
class First:
    """A first answer: the trace it rests on, None where even that takes its time, and the places for a better one."""

    trace: Trace | None
    headline: DeltaGenerator
    numbers: DeltaGenerator
    picture: DeltaGenerator
    below: DeltaGenerator


@st.fragment
def first_answer(config: Config, row: ForwardRow) -> First:
    """The answer as far as it can be had at once.

    This part of the page runs again while a slider is held, with what the slider says. So it holds nothing that can be clicked: a click
    would run this part alone.
    """
    with st.container(gap="xsmall"):
        first = First(None, st.empty(), st.empty(), st.container(gap=None), st.empty())
    with first.picture:
        moving = held(controls.sliders())
    shown = experiment.imagined(*moving) if moving else config
    refused = refusal(shown)
    if refused:
        first.headline.warning(refused, icon=":material/scale:")
        return first
    with first.below, panel("The simulation"):
        trace = first_trace_of(shown)
        if trace is not None:
            _say(trace, first)
        elif moving:  # the picture stays as it is
            first.headline.header(f":material/pan_tool: Let go to simulate this, about {_seconds(work(shown).seconds)}", anchor=False)
            trace = trace_of(config)
        if trace is not None:
            _draw(trace, row, first_scatters_of(trace.config) if row.whose else None, first, draw_figure)
            return replace(first, trace=trace)
    return first


def whole_answer(config: Config, row: ForwardRow, first: First) -> Trace | None:
    """The answer with every draw of the network, in the places of the first one. Returns its trace."""
    if first.trace is not None and first.trace.config == config and not row.whose:
        return first.trace
    with first.below, panel("The simulation"):
        trace = trace_of(config, _progress_in(first.below if first.trace else first.headline, work(config).seconds))
        _say(trace, first)
        with first.picture:
            scatters = remembered(measured, seen(config), words="Drawing networks") if row.whose else None
        _draw(trace, row, scatters, first, redraw_figure if first.trace else draw_figure)
        return trace


def way_out(trace: Trace) -> None:
    """The one click that helps, else another draw of the same: a button in any case, so that nothing jumps."""
    verdict = diagnose(trace, prediction(trace.config))
    suggested = verdict.suggested_weight_variance
    if suggested is None:
        again = "Other random weights and inputs, same experiment."
        st.button("Draw again", icon=":material/casino:", on_click=controls.draw_again, help=again, disabled=experiment.fixed("seed"))
    else:
        st.button(
            f":blue[**Set σ_w² to the critical {number(suggested)}**]",
            icon=":material/arrow_forward:",
            icon_position="right",
            help=plain(verdict.advice),
            on_click=controls.set_weight_variance,
            args=(suggested,),
            disabled=experiment.fixed("weight_variance"),
        )


def prediction(config: Config):
    """The theory's answer, or None: the measurement stands without it."""
    try:
        return prediction_of(config)
    except Exception:
        log.exception("no prediction for %s", config)
        return None


def _say(trace: Trace, where: First) -> None:
    """The headline, a few numbers, and what the theory knows of single networks."""
    expected = prediction(trace.config)
    verdict = diagnose(trace, expected)
    where.headline.header(f"{_ICONS[verdict.kind]} {plain(verdict.headline)}", anchor=False)
    where.numbers.markdown(_numbers(verdict), width="content")
    sentence = typical_net(expected) if expected else ""
    if sentence:
        where.below.caption(sentence)
    else:
        where.below.empty()


def signals_figure(trace: Trace, row: ForwardRow, scatters: dict[str, Scatter] | None = None) -> go.Figure:
    """The chart of a trace; its first row is the one chosen where there are scatters to draw, else the mean square."""
    over = Over(row.whose, scatters[row.signal], _predicted_scatter(trace.config, row.signal)) if scatters else None
    return signals_chart(trace, prediction(trace.config), forward=row.signal, over=over, appearance=appearance())


def _draw(trace: Trace, row: ForwardRow, scatters: dict[str, Scatter] | None, where: First, draw: Callable[..., None]) -> None:
    with where.picture, panel("The chart"):
        alt = _in_words(trace, diagnose(trace, prediction(trace.config)))
        draw(signals_figure(trace, row, scatters), key=_CHART, alt=alt)


def _predicted_scatter(config: Config, signal: str) -> Scatter | None:
    """What theory expects of the scatter, or None: the measurement stands without it."""
    try:
        return scatters_predicted(seen(config))[signal]
    except Exception:
        log.exception("no prediction of the scatter for %s", config)
        return None


def _progress_in(slot: DeltaGenerator, seconds: float) -> Callable[[float], None]:
    """A progress callback that draws a bar, at once for a run expected to be long or as soon as it is."""
    began = time.monotonic()
    if seconds > _PATIENCE:
        slot.progress(0.0, f"Simulating, about {_seconds(seconds)} …")

    def show(share: float) -> None:
        if max(seconds, time.monotonic() - began) > _PATIENCE:
            slot.progress(share, busy() or f"Simulating … {share:.0%}")

    return show


def _seconds(seconds: float) -> str:
    return f"{number(float(f'{seconds:.1g}'))} s"


def _numbers(verdict: Verdict) -> str:
    advice = "" if verdict.suggested_weight_variance or not verdict.advice else f"  \n:small[{plain(verdict.advice)}]"
    phase = f":gray-badge[{verdict.phase}] &ensp;" if verdict.phase else ""
    return (
        f"{phase}:blue[forward **{factor(verdict.forward_factor)}**] &ensp; :orange[backward **{factor(verdict.backward_factor)}**] &ensp; "
        f"a signal survives **{_reach(verdict.layers_survived)}**{advice}"
    )


def _reach(layers: float) -> str:
    """How far a signal is followed; two digits are all that this estimate is worth."""
    return "at any depth" if layers > 9999 else f"≈ {number(float(f'{layers:.2g}'))} layers"


def _in_words(trace: Trace, verdict: Verdict) -> str:
    """The chart for those who cannot see it."""
    return (
        f"{verdict.headline} {lookup(trace.config.activation).label}, {trace.config.depth} layers of width {trace.config.width:,}. "
        f"Per layer the signal's second moment changes by {factor(verdict.forward_factor)} forward and the gradient's by "
        f"{factor(verdict.backward_factor)} backward."
    )
