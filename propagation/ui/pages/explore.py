"""Explore: what happens to a signal and its gradient on their way through one network."""

from __future__ import annotations

import logging
import time

import streamlit as st

from propagation.charts.signals import signals_chart
from propagation.config import Config
from propagation.diagnosis import Verdict, diagnose, typical_net
from propagation.engine.cost import work
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.initializers import SCHEMES
from propagation.notation import factor, number
from propagation.ui import controls, experiment
from propagation.ui.budget import refusal
from propagation.ui.figures import draw_figure
from propagation.ui.panels import panel
from propagation.ui.results import prediction_of, trace_of
from propagation.ui.skeleton import appearance, plain

log = logging.getLogger(__name__)

TITLE = "Does the signal survive?"
_FORWARD = {"z": "pre-activation z", "h": "activation h"}
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


def render(config: Config) -> None:
    """The page: a question, the answer in a sentence and a few numbers, the picture, and what it means."""
    _title()
    _unread()
    with st.sidebar:
        forward = controls.page_choice("The first row shows", "view", _FORWARD, "The signal forward, before or after the activation.")
    refused = refusal(config)
    if refused:
        st.warning(refused, icon=":material/scale:")
        return
    answer = st.empty()
    with panel("The simulation"):
        trace = trace_of(config, _progress_in(answer, work(config).seconds))
        prediction = _prediction(config)
        verdict = diagnose(trace, prediction)
        with answer.container(gap="xsmall"):
            _answer(verdict)
        with panel("The chart"):
            figure = signals_chart(trace, prediction, forward=forward, appearance=appearance())
            draw_figure(figure, key="signals", alt=_in_words(trace, verdict))
            if prediction is not None and (sentence := typical_net(prediction)):
                st.caption(sentence)
    _explanations(config)


def _title() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(TITLE, anchor=False, width="stretch")
        with st.popover("Share", icon=":material/share:", width=116):
            st.markdown("This address **is** the experiment: whoever opens it sees the same picture.")
            st.code(experiment.link(), language=None, wrap_lines=True)


def _unread() -> None:
    """What the address asked for and did not get."""
    problems = experiment.problems()
    if problems:
        lines = "\n".join(f"- {plain(problem)}" for problem in problems)
        st.warning(f"Part of this address could not be read; the rest was.\n{lines}", icon=":material/link_off:")


def _progress_in(slot, seconds: float):
    """A progress callback that draws a bar where the answer will stand, at once for a run expected to be long or as soon as it is."""
    began = time.monotonic()
    if seconds > _PATIENCE:
        slot.progress(0.0, f"Simulating, about {number(float(f'{seconds:.1g}'))} s …")

    def show(share: float) -> None:
        if max(seconds, time.monotonic() - began) > _PATIENCE:
            slot.progress(share, f"Simulating … {share:.0%}")

    return show


def _prediction(config: Config):
    """The theory's answer, or None: the measurement stands without it."""
    try:
        return prediction_of(config)
    except Exception:
        log.exception("no prediction for %s", config)
        return None


def _answer(verdict: Verdict) -> None:
    """The headline, a few numbers, and the one click that helps."""
    st.header(f"{_ICONS[verdict.kind]} {plain(verdict.headline)}", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if verdict.phase:
            st.badge(verdict.phase, color="gray", width="content")
        st.markdown(f":blue[forward **{factor(verdict.forward_factor)}**]", width="content")
        st.markdown(f":orange[backward **{factor(verdict.backward_factor)}**]", width="content")
        st.markdown(f"a signal survives **{_reach(verdict.layers_survived)}**", width="content")
        _way_out(verdict)


def _way_out(verdict: Verdict) -> None:
    """The one click that helps, else another draw of the same; a button in any case, so that nothing jumps."""
    suggested = verdict.suggested_weight_variance
    if suggested is None:
        st.button(
            "Draw again", icon=":material/casino:", on_click=controls.draw_again, help="Other random weights and inputs, same experiment."
        )
        if verdict.advice:
            st.caption(plain(verdict.advice), width="content")
        return
    st.button(
        f":blue[**Set σ_w² to the critical {number(suggested)}**]",
        icon=":material/arrow_forward:",
        icon_position="right",
        help=plain(verdict.advice),
        on_click=controls.set_weight_variance,
        args=(suggested,),
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


def _explanations(config: Config) -> None:
    """What the chart shows and the formulas behind it, folded away."""
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            "A batch of inputs goes through a network that has just been initialized and has **learned nothing yet**. In every layer we "
            "measure how large things are: their mean square, averaged over neurons and inputs.\n\n"
            "- :blue[**Forward →**] the signal itself, from the input (layer 0, ◇) to the last layer.\n"
            "- :orange[**Backward ←**] the gradient δ = ∂C/∂z, from the last layer back to the first.\n"
            "- :green[**Weight gradient**] ∂C/∂W, what gradient descent would change. Level: all layers learn at the same pace.\n\n"
            "All rows have the same scale, in powers of ten: **a straight slope is a constant factor per layer, and a "
            "flat line is health**. Dots are the median over several random networks, the band holds the middle 80 % of them; the line is "
            "theory, the mean over networks of infinite width. For linear and ReLU networks without bias theory also knows how networks of "
            "this width scatter: dashed the typical one, dotted 10 and 90 %. The strip on top is the network itself, one cell a layer."
        )
    with right.expander("Formula"):
        st.latex(lookup(config.activation).latex)
        st.latex(r"z^l = W^l h^{l-1} + b^l, \qquad h^l = \varphi(z^l), \qquad \operatorname{Var} W = " + SCHEMES[config.scheme].latex)
        st.latex(r"q^l = \sigma_w^2\, \mathbb{E}\,\varphi\big(\sqrt{q^{l-1}}\,x\big)^2 + \sigma_b^2")
        st.latex(
            r"\mathbb{E}\,(\delta^l)^2 = \chi\,\frac{n_{l+1}}{n_l}\, \mathbb{E}\,(\delta^{l+1})^2, \qquad "
            r"\chi = \sigma_w^2\, \mathbb{E}\,\varphi'\big(\sqrt{q^l}\,x\big)^2"
        )
        st.caption(
            "x is a standard normal, q the mean square of z in a very wide network, n the width of a layer. χ = 1 keeps gradients level."
        )
