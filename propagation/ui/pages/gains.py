"""Gain lab: every answer to "which σ_w² for this activation?", side by side."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from propagation.charts.gains import gain_chart, shape_chart
from propagation.config import BOUNDS, Config
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.rules import shown_bias_variance
from propagation.theory.gains import Gain, gains
from propagation.theory.phases import PhaseGrid, phase_grid
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel

TITLE = "Which gain for this activation?"
LOOK_FOR = (
    "Six rules give six answers. Look at χ₁, what each does to a gradient **per layer** of a deep network: "
    "only × 1 keeps gradients level, and the rules disagree because they hold different things still."
)
_POINTS = 121


def render(config: Config) -> None:
    """Draw the page: the activation, its rules as a picture, then each rule with its numbers and when to use it."""
    opening(TITLE, LOOK_FOR)
    controls.formula()
    activation = lookup(config.activation)
    bias_variance = shown_bias_variance(config)
    rules = gains(config.activation, bias_variance)
    left, right = st.columns(2, gap="medium")
    with left, panel("The activation"):
        st.latex(activation.latex)
        alt = f"{activation.label} and its slope, which is {number(activation.steepest)} where it is steepest."
        draw_figure(shape_chart(activation, appearance=appearance()), key="shape", alt=alt)
    with right, panel("The rules"):
        st.markdown("**What a layer does to a gradient, deep in the network**, for every σ_w²")
        figure = gain_chart(_curve(config.activation, _end(rules), bias_variance), rules, appearance=appearance())
        outcomes = "; ".join(f"{rule.label}: {_outcome(rule)}" for rule in rules if not rule.why_not)
        draw_figure(figure, key="gains", alt=f"χ₁ grows with σ_w². {outcomes}.")
    for place, rule in enumerate(rules, 1):
        _rule(place, rule)
    st.caption(f"E and Var are over z ~ N(0, 1). χ₁ and q* are those of an infinitely wide network at σ_b² = {number(bias_variance)}.")


@st.cache_data(max_entries=64, show_spinner=False)
def _curve(activation: str, end: float, bias_variance: float) -> PhaseGrid:
    # from slightly above 0: without weights there is no gradient at all
    return phase_grid(activation, np.linspace(end / _POINTS, end, _POINTS), np.array([bias_variance]))


def _end(rules: tuple[Gain, ...]) -> float:
    """Return the end of an axis that shows all rules the slider reaches."""
    reached = [rule.weight_variance for rule in rules if rule.weight_variance <= BOUNDS["weight_variance"][1]]
    return max(4.0, 1.1 * max(reached))


def _rule(place: int, rule: Gain) -> None:
    """Draw one rule: its number, what follows from it, when it is right, and a click to use it."""
    with st.container(border=True):
        name, numbers, use = st.columns([2.2, 1.5, 0.9], vertical_alignment="center")
        name.markdown(f"**{place}  {rule.label}** &emsp; ${rule.formula}$\n\n{rule.when}")
        if rule.why_not:
            numbers.markdown(f":gray[{rule.why_not}]")
            return
        numbers.markdown(f"**σ_w² = {number(rule.weight_variance)}** &emsp; gain {number(rule.gain)}\n\n{_outcome(rule)}")
        use.button(
            "Use it",
            key=f"use_{rule.name}",
            icon=":material/arrow_forward:",
            on_click=controls.set_weight_variance,
            args=(rule.weight_variance,),
            disabled=experiment.fixed("weight_variance") or rule.weight_variance > BOUNDS["weight_variance"][1],
            help="Sets the weight variance in the sidebar, for every page.",
        )


def _outcome(rule: Gain) -> str:
    """Say where a deep network with this σ_w² ends up, in a few words."""
    if math.isinf(rule.q_star):
        size = "the signal explodes"
    elif rule.q_star == 0:
        size = "the signal dies slowly" if abs(rule.chi_1 - 1) < 1e-3 else "the signal dies"
    else:
        size = f"q* = {number(rule.q_star)}"
    return f"χ₁ = {number(rule.chi_1)}, {size}"
