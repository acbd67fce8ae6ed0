"""Gain lab: one initialization to use for this activation, and every other answer to "which σ_w²?", side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from propagation.charts.gains import MOVING, Curve, Here, gain_chart, gain_spec, shape_chart
from propagation.config import BOUNDS, Config
from propagation.export.code import FRAMEWORKS
from propagation.export.code.one_line import block_lines, init_lines
from propagation.expressions import lookup
from propagation.formatting import number, plain
from propagation.labs.gain_text import answers, deviation, headline, how_exact, how_far, outcome, why
from propagation.labs.slider_sweep import spread
from propagation.notation import markdown
from propagation.rules import shown_bias_variance, shown_weight_variance
from propagation.theory.gains import Gain, gains
from propagation.theory.phases import settled_grid
from propagation.theory.recommendation import Recommendation, recommend, window
from propagation.ui.components.streamlit_page import VERDICT_KEY
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening, without_blocks
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Answers, Followed, Shown, under_the_hand

TITLE = "Which init for my network?"
LOOK_FOR = "**One recommendation, and lines to copy.** Below stands every other rule, with what each does to a deep network."
_CHART = "gains"
#: points of a curve; curves and crosses along a slider, and steps to either side of where it stands that have one each
_POINTS, _CURVES, _CROSSES, _NEAR = 121, 40, 160, 10
#: the sliders that are followed
_FIELDS = ("weight_variance", "bias_variance", "width")
_FORMULAS = (
    r"\mathrm{Var}\,W = \sigma_w^2 / n_{\mathrm{in}}, \qquad \mathrm{gain} = \sigma_w, \qquad \mathrm{Var}\,b = \sigma_b^2",
    r"\chi_1 = \sigma_w^2\, \mathbb{E}\,\varphi'\big(\sqrt{q^*}\,x\big)^2 = 1",
    r"q^* = \sigma_w^2\, \mathbb{E}\,\varphi\big(\sqrt{q^*}\,x\big)^2 + \sigma_b^2",
)


def render(config: Config) -> None:
    """Draw the page: the recommendation, the activation and its rules as pictures, then each rule with its numbers and when to use it."""
    opening(TITLE, LOOK_FOR)
    without_blocks(config, "These rules are about")
    controls.formula()
    fast = experiment.page_parameter("one_layer", "")
    if fast:
        with panel("What one layer of the formula does"):
            _one_layer(fast)
    activation = lookup(config.shifted_activation)
    bias_variance = shown_bias_variance(config)
    if config.bias_mean:
        st.caption(
            f"Biases have mean {number(config.bias_mean)}. On this page it is a part of φ: z has mean 0, and φ gets z plus the mean."
        )
    with panel("The recommendation"):
        _recommendation(config, bias_variance)
    rules = gains(config.activation, bias_variance, config.bias_mean)
    st.subheader("All rules, side by side", anchor=False)
    st.markdown(
        f"{markdown(answers(activation.label, rules))} Each keeps something else level. Look at χ₁, what each does to a gradient **per "
        "layer** of a deep network: only × 1 keeps gradients level."
    )
    left, right = st.columns(2, gap="medium")
    with left, panel("The activation"):
        st.latex(activation.latex)
        alt = f"{activation.label} and its slope, which is {number(activation.steepest)} where it is steepest."
        draw_figure(shape_chart(activation, appearance=appearance()), key="shape", alt=alt)
    with right, panel("The rules"):
        st.markdown("**What a layer does to a gradient, deep in the network**, for every $σ_w²$")
        end = _end(rules)
        (curve,), here = _curves(config.shifted_activation, end, (bias_variance,)), _here([config])[0]
        figure = gain_chart(Curve(*curve, rules), here, appearance=appearance())
        outcomes = "; ".join(f"{rule.label}: {outcome(rule, activation.homogeneous, bias_variance)}" for rule in rules if not rule.why_not)
        yours = f"You are at σ_w² = {number(here.weight_variance)}, where χ₁ = {number(here.chi_1)}."
        draw_figure(figure, key=_CHART, alt=f"χ₁ grows with σ_w². {yours} {outcomes}.")
        find = partial(_answers, figure.layout.to_plotly_json(), end)
        under_the_hand(config, Followed(_FIELDS, {_CHART: MOVING}, find, end))
    for place, rule in enumerate(rules, 1):
        _rule(place, rule, outcome(rule, activation.homogeneous, bias_variance))
    st.caption(f"E and Var are over z ~ N(0, 1). χ₁ and q* are those of an infinitely wide network at $σ_b²$ = {number(bias_variance)}.")


def _recommendation(config: Config, bias_variance: float) -> None:
    """Draw the answer: one sentence, why, the numbers, and the line to copy."""
    answer = _recommended(config.shifted_activation, bias_variance)
    depth = len(config.widths) - 1
    with st.container(border=True):
        words = _words(config, answer, bias_variance)
        with st.container(key=VERDICT_KEY):
            st.markdown(f"#### {words['headline']}")
            st.markdown(words["line"])
            st.markdown(words["more"])
        chosen, use = st.columns([1.6, 1], gap="medium", vertical_alignment="bottom")
        with chosen:
            frameworks = {name: framework.label for name, framework in FRAMEWORKS.items()}
            framework = controls.page_choice("Framework", "framework", frameworks, "Which library the lines to copy are for.")
        with use:
            _use(answer)
        lines = init_lines(framework, config.activation, answer.weight_variance, answer.bias_variance, config.bias_mean)
        lines += "\n\n" * bool(more := block_lines(framework, config)) + more
        st.code(lines, language=None, wrap_lines=True)  # in one colour: those of Python cannot be read by everybody
        if answer.kind == "critical":
            exact = how_exact(_window(config.shifted_activation, answer, depth), depth)
            st.caption(markdown(f"{exact} {how_far(config.shifted_activation, answer, depth)}"))
        with st.expander("Formula"):
            st.markdown("\n\n".join(f"$$\n{formula}\n$$" for formula in _FORMULAS))
            st.caption(
                "For a plain, fully connected network, and for weights of any law with this variance; the fan-in of a convolution is its "
                "channels times the taps of its kernel. x is a "
                "standard normal. Of a homogeneous activation, such as ReLU, every q is a fixed point at $σ_w²$ = 1 / E[φ′²] and $σ_b²$ = "
                "0: He et al. 2015. Otherwise Schoenholz et al. 2017 (arXiv 1611.01232)."
            )


def _words(config: Config, answer: Recommendation, bias_variance: float) -> dict[str, str]:
    """Return the recommendation in a sentence, why, and its numbers."""
    activation, depth = config.shifted_activation, len(config.widths) - 1
    words = {
        "headline": headline(activation, answer),
        "line": why(activation, answer, bias_variance, depth, config.level),
        "more": _numbers(answer, config.widths[:-1], config.bias_mean),
    }
    return {name: markdown(text) for name, text in words.items()}


def _answers(layout: dict, end: float, config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield what moves at the values of a slider, to be drawn over the chart with this layout, which goes as far as `end`."""
    chosen = [values[place] for place in _places(field, len(values), here)]
    configs = experiment.imagined(field, chosen[0]).variants(field, chosen)
    activation = configs[0].shifted_activation
    biases = tuple(dict.fromkeys(map(shown_bias_variance, configs)))
    curves = {
        bias: Curve(*curve, gains(config.activation, bias, config.bias_mean))
        for bias, curve in zip(biases, _curves(activation, end, biases), strict=True)
    }
    words: dict[tuple, dict[str, str]] = {}
    shown = []
    for one, place in zip(configs, _here(configs), strict=True):
        experiment.waiting_since()  # which ends a run whose visitor has moved on
        bias = shown_bias_variance(one)
        if (bias, one.widths) not in words:
            words[bias, one.widths] = _words(one, _recommended(activation, bias), bias)
        if field == "weight_variance":
            place = replace(place, said="{value}")  # which the page fills in
        spec = gain_spec(layout, curves[bias], place, appearance=appearance())
        shown.append(Shown({_CHART: spec}, words[bias, one.widths]))
    yield Answers(chosen, shown)


def _places(field: str, count: int, here: int) -> list[int]:
    """Return at which places of a slider there is an answer: those near, and some others; few of a σ_b², which moves the curve."""
    most = _CURVES if field == "bias_variance" else _CROSSES
    return sorted({*spread(count, most, here), *range(max(0, here - _NEAR), min(count, here + _NEAR + 1))})


def _here(configs: Sequence[Config]) -> list[Here]:
    """Return where the visitor stands in experiments that differ in one number, with the σ_w² and the σ_b² of the sliders."""
    weights, biases = (np.array([*map(shown, configs)]) for shown in (shown_weight_variance, shown_bias_variance))
    across, column = np.unique(weights, return_inverse=True)
    up, row = np.unique(biases, return_inverse=True)
    _, chi_1 = settled_grid(configs[0].shifted_activation, across, up)
    return [Here(float(weight), float(chi)) for weight, chi in zip(weights, chi_1[row, column], strict=True)]


def _use(answer: Recommendation) -> None:
    fields = controls.settings(answer.settings)
    st.button(
        "Use it in my experiment",
        key="use_recommendation",
        icon=":material/arrow_forward:",
        on_click=experiment.order,
        kwargs=fields,
        disabled=answer.kind == "none" or any(experiment.fixed(name) or value > BOUNDS[name][1] for name, value in fields.items()),
        help="Sets $σ_w²$ and $σ_b²$ in the sidebar, and the input variance where the text above names one, for every page.",
        width="stretch",
    )


def _numbers(answer: Recommendation, fan_ins: tuple[int, ...], mean: float) -> str:
    """Return the same number in the three ways in which people write it, and that of the biases."""
    bias = f", and {number(answer.bias_variance**0.5)} for a bias" if answer.bias_variance else ""
    bias += f" (of mean {number(mean)})" if bias and mean else ""
    weight = f"$σ_w²$ = **{number(answer.weight_variance)}**, as a gain **{number(answer.gain)}**"
    return f"{weight}, {deviation(answer, fan_ins)}{bias}."


def _one_layer(formula: str) -> None:
    """Draw what there is to say of a formula that grows faster than a straight line, which no experiment takes."""
    try:
        answer, rules = recommend(formula), gains(formula)
    except ValueError as refusal:
        st.warning(f"This formula cannot be used: {plain(str(refusal))}.", icon=":material/function:")
        return
    if answer.kind != "one_layer":
        return
    with st.container(border=True):
        st.markdown(markdown(f"#### {headline(formula, answer)}\n\n{why(formula, answer, 0.0, 1)}"))
        for rule in rules:
            if not rule.why_not:
                st.markdown(
                    f"- {rule.label}, ${rule.formula}$: **$σ_w²$ = {number(rule.weight_variance)}**, gain {number(rule.gain)}; the "
                    f"variance of a gradient × {number(rule.chi_1)}"
                )
        own = plain(lookup(experiment.present().shifted_activation).label)
        st.caption(f"In one layer, with z ~ N(0, 1) before it. The rest of this page is about {own}.")


@st.cache_data(max_entries=256, show_spinner=False)
def _recommended(activation: str, bias_variance: float) -> Recommendation:
    return recommend(activation, bias_variance)


@st.cache_data(max_entries=256, show_spinner=False)
def _window(activation: str, answer: Recommendation, depth: int) -> tuple[float, float]:
    return window(activation, answer, depth)


@st.cache_data(max_entries=64, show_spinner=False)
def _curves(activation: str, end: float, biases: tuple[float, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each σ_b², σ_w² from slightly above 0, since without weights there is no gradient at all, and χ₁ at each."""
    weights = np.linspace(end / _POINTS, end, _POINTS)
    return [(weights, chi) for chi in settled_grid(activation, weights, np.array(biases))[1]]


def _end(rules: tuple[Gain, ...]) -> float:
    """Return the end of an axis that shows all rules the slider reaches."""
    reached = [rule.weight_variance for rule in rules if rule.weight_variance <= BOUNDS["weight_variance"][1]]
    return max(4.0, 1.1 * max(reached, default=0.0))


def _rule(place: int, rule: Gain, leads_to: str) -> None:
    """Draw one rule: its number, what follows from it, when it is right, and a click to use it."""
    with st.container(border=True):
        name, numbers, use = st.columns([2.2, 1.5, 0.9], vertical_alignment="center")
        name.markdown(f"**{place}  {rule.label}** &emsp; ${rule.formula}$\n\n{markdown(rule.when)}")
        if rule.why_not:
            numbers.markdown(f":gray[{markdown(rule.why_not)}]")
            return
        numbers.markdown(f"**$σ_w²$ = {number(rule.weight_variance)}** &emsp; gain {number(rule.gain)}\n\n{markdown(leads_to)}")
        use.button(
            "Use it",
            key=f"use_{rule.name}",
            icon=":material/arrow_forward:",
            on_click=experiment.order,
            kwargs={"weight_variance": rule.weight_variance},
            disabled=experiment.fixed("weight_variance") or rule.weight_variance > BOUNDS["weight_variance"][1],
            help="Sets the weight variance in the sidebar, for every page.",
        )
