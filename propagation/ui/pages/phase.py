"""Phase: where in the plane of σ_w² and σ_b² a deep network is ordered, critical or chaotic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from propagation.architecture import is_plain
from propagation.charts.cobweb import Cobweb, cobweb_spec
from propagation.charts.plane import SHOWN, CriticalLine, here_spec, plane_chart
from propagation.config import BOUNDS, Config
from propagation.expressions import lookup
from propagation.formatting import number, plain
from propagation.labs.slider_sweep import MOST_POSITIONS, spread
from propagation.rules import shown_bias_variance, shown_weight_variance
from propagation.theory.fixed_points import limits_from
from propagation.theory.iterates import correlation_iterates, length_iterates
from propagation.theory.maps import DepthScales, correlation_map, depth_scales_of, length_map
from propagation.theory.phases import PhaseGrid, critical_line, critical_weight_variance, phase_grid, phase_of
from propagation.ui.components.streamlit_page import REMARK_KEY, VERDICT_KEY
from propagation.ui.session import experiment
from propagation.ui.widgets import block_plane, controls
from propagation.ui.widgets.figures import draw_figure, on_paper
from propagation.ui.widgets.page_header import appearance, opening, without_blocks
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Answers, Followed, Shown, under_the_hand

TITLE = "Order or chaos?"
LOOK_FOR = (
    "On the critical line gradients keep their size, and deep networks can tell inputs apart. Left of it gradients vanish and inputs "
    "merge, right of it gradients explode. **Click anywhere to go there.**"
)
#: points of the plane across and up; clicks land on every second one, at round values
_ACROSS, _UP = 101, 51
_WEIGHT_ENDS = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 1e4, 1e5, 1e6, 1e7)
_BIAS_ENDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_STEPS = 40
#: points of a map
_POINTS = 121
_CORRELATIONS = (-0.2, 1.0)
_PLANE, _LENGTH, _CORRELATION = "phase_plane", "length_map", "correlation_map"
#: the sliders that are followed, in the order of the plane's axes, and the traces that stay in faint colour meanwhile
_FIELDS = ("weight_variance", "bias_variance")
_GHOSTS = {_PLANE: ("here",), _LENGTH: ("map",), _CORRELATION: ("map",)}
_FORMULAS = (
    r"q^l = \sigma_w^2\, \mathbb{E}\,\varphi\big(\sqrt{q^{l-1}}\,x\big)^2 + \sigma_b^2 \;\to\; q^*",
    r"C(c) = \big(\sigma_w^2\, \mathbb{E}\,\varphi(u)\,\varphi(u') + \sigma_b^2\big) \big/ q^*",
    r"c^l = C(c^{l-1}) \;\to\; c^*",
    r"\chi_1 = \sigma_w^2\, \mathbb{E}\,\varphi'\big(\sqrt{q^*}\,x\big)^2 = C'(1)",
    r"\xi_c = -1 / \ln C'(c^*)",
)
_WORDS = {
    "ordered": "Ordered: gradients vanish and inputs merge.",
    "critical": "Critical: gradients keep their size.",
    "chaotic": "Chaotic: gradients explode, and inputs that were alike part.",
}
#: the same where there is no size at which two inputs could merge or part
_WORDS_WITHOUT_SIZE = _WORDS | {
    "ordered": "Ordered: gradients vanish, and so does the signal.",
    "chaotic": "Chaotic: gradients explode, and so does the signal.",
}


@dataclass(frozen=True)
class _Maps:
    """What theory says at k places of the plane: their depth scales, and both maps as Cobwebs draw them, in arrays with k columns.

    `q`, `c`: where the maps are evaluated, the same of all places. `critical`: the σ_w² that is critical there; NaN where none is.
    """

    scales: list[DepthScales]
    critical: np.ndarray
    q: np.ndarray
    q_after: np.ndarray
    sizes: np.ndarray
    c: np.ndarray
    c_after: np.ndarray
    correlations: np.ndarray


def render(config: Config) -> None:
    """Draw the page: the plane to click on, and beside it the two maps that decide."""
    reason = "" if is_plain(config) else block_plane.refusal(config)
    has_blocks = not (is_plain(config) or reason)
    opening(TITLE, block_plane.look_for(config) if has_blocks else LOOK_FOR)
    weight_variance, bias_variance = shown_weight_variance(config), shown_bias_variance(config)
    ends = _ends(config)
    if has_blocks:
        return block_plane.draw(config, ends)
    if reason:
        st.info(f"Your own network has no such plane. {reason}", icon=":material/layers_clear:")
    without_blocks(config, "Order and chaos are those of")
    maps = _maps_of([config])
    scales, words = maps.scales[0], _words(config, maps, 0)
    with st.container(key=VERDICT_KEY):
        st.header(words["headline"], anchor=False)
        st.markdown(words["line"])
    if config.bias_mean:
        st.caption(f"Biases have mean {number(config.bias_mean)}. Here it is a part of φ, and q and c are those of z without it.")
    left, right = st.columns([1.75, 1], gap="medium")
    with left, panel("The plane"):
        shown = controls.page_choice("Colour shows", "plane", SHOWN, "What the colour of the plane means.")
        grid = _grid(config.shifted_activation, *ends)
        line = _line(config.shifted_activation, ends[1])
        figure = plane_chart(grid, line, weight_variance, bias_variance, shown=shown, appearance=appearance())
        draw_figure(figure, key=_PLANE, alt=_in_words(config, scales), on_point=controls.point_chosen(_PLANE))
        with st.container(key=REMARK_KEY):
            st.caption(plain(words["more"]))
    with right, panel("The maps"):
        charts = _charts(config, maps, 0, ends)
        st.markdown("**Size of a signal**, layer by layer")
        draw_figure(charts[_LENGTH], key=_LENGTH, alt=f"Length map: sizes tend to q* = {number(scales.q_star)}.")
        st.markdown("**Correlation of two inputs**, layer by layer")
        draw_figure(charts[_CORRELATION], key=_CORRELATION, alt=f"Correlation map: two inputs tend to c* = {number(scales.c_star)}.")
    _explanations()
    under_the_hand(config, Followed(_FIELDS, _GHOSTS, partial(_answers, ends), ends))


def _answers(ends: tuple[float, float], config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield what the page shows at the values of a slider that the plane, with these ends, has room for."""
    within = [value for value in values if value <= ends[_FIELDS.index(field)]]
    chosen = [within[place] for place in spread(len(within), MOST_POSITIONS, here)]
    configs = experiment.imagined(field, within[0]).variants(field, chosen)
    maps = _maps_of(configs)
    shown = [Shown(_charts(one, maps, place, ends), _words(one, maps, place)) for place, one in enumerate(configs)]
    yield Answers(chosen, shown)


def _maps_of(configs: Sequence[Config]) -> _Maps:
    """Return both maps of experiments that differ in their variances alone."""
    weights, biases = (tuple(map(shown, configs)) for shown in (shown_weight_variance, shown_bias_variance))
    return _maps(configs[0].shifted_activation, weights, biases, configs[0].input_second_moment)


def _charts(config: Config, maps: _Maps, place: int, ends: tuple[float, float]) -> dict[str, dict]:
    """Return the charts of an experiment, which has this place in the maps; the plane has these ends."""
    return {
        _PLANE: here_spec(ends, shown_weight_variance(config), shown_bias_variance(config), appearance=appearance()),
        _LENGTH: on_paper(cobweb_spec(_length_cobweb(maps, place), appearance=appearance())),
        _CORRELATION: on_paper(cobweb_spec(_correlation_cobweb(maps, place), role="backward", appearance=appearance())),
    }


def _words(config: Config, maps: _Maps, place: int) -> dict[str, str]:
    """Return the headline, the line below it, and what is said of the critical line."""
    scales = maps.scales[place]
    words = _WORDS if _settles(scales.q_star) else _WORDS_WITHOUT_SIZE
    remark = _line_in_words(config, float(maps.critical[place]))
    return {"headline": words[phase_of(scales.chi_1)], "line": _where(config, scales), "more": remark}


def _settles(q_star: float) -> bool:
    """Return whether a signal of this size at great depth has two inputs that can be alike or not."""
    return 0 < q_star < math.inf


@st.cache_data(max_entries=200, show_spinner=False)
def _maps(activation: str, weights: tuple[float, ...], biases: tuple[float, ...], input_second_moment: float) -> _Maps:
    """Return both maps at places of the plane, of signals that begin with this mean square."""
    weight, bias = np.array(weights), np.array(biases)
    q_stars = limits_from(activation, weight, bias, np.full(len(weight), input_second_moment))
    sizes = length_iterates(weight * input_second_moment + bias, activation, weight, bias, _STEPS)
    # most points where the smallest of the places has its window
    q = _reach(sizes[0], q_stars).max() * np.linspace(0, 1, _POINTS)[:, None] ** 2
    c = np.linspace(*_CORRELATIONS, _POINTS)[:, None]
    c_after, correlations = np.full((_POINTS, len(weights)), np.nan), np.full((_STEPS + 1, len(weights)), np.nan)
    settles = np.flatnonzero((q_stars > 0) & np.isfinite(q_stars))
    if len(settles):
        at = (q_stars[settles], activation, weight[settles], bias[settles])
        c_after[:, settles] = correlation_map(c, *at)
        correlations[:, settles] = correlation_iterates(0.0, *at, _STEPS)
    scales = depth_scales_of(q_stars, activation, weight)
    # where φ has no scale of its own, it is the same for all biases
    critical = critical_line(activation, 0 * bias if lookup(activation).homogeneous else bias)
    return _Maps(scales, critical, q[:, 0], length_map(q, activation, weight, bias), sizes, c[:, 0], c_after, correlations)


def _reach(start: np.ndarray, q_star: np.ndarray) -> np.ndarray:
    """Return the ends of axes that show where a signal begins and where it goes."""
    return 1.15 * np.maximum(np.maximum(start, 0.1), np.where(np.isfinite(q_star), q_star, 0.0))


def _length_cobweb(maps: _Maps, place: int) -> Cobweb:
    """Return how one layer changes the size q of a signal."""
    q_star = maps.scales[place].q_star
    window = (0.0, float(_reach(maps.sizes[0, place], np.array(q_star))))
    fixed = q_star if math.isfinite(q_star) else None
    return Cobweb(maps.q, maps.q_after[:, place], maps.sizes[:, place], fixed, window, "q before", "q after the layer", "q*")


def _correlation_cobweb(maps: _Maps, place: int) -> Cobweb:
    """Return how one layer changes the correlation c of two inputs: nothing where no signal of finite size is left."""
    scales = maps.scales[place]
    settles = _settles(scales.q_star)
    fixed = scales.c_star if settles and not math.isnan(scales.c_star) else None
    nothing = "" if settles else "no signal of finite size is left"
    words = ("c before", "c after the layer", "c*", nothing)
    return Cobweb(maps.c, maps.c_after[:, place], maps.correlations[:, place], fixed, _CORRELATIONS, *words)


@st.cache_data(max_entries=64, show_spinner="Solving for the plane …")
def _grid(activation: str, weight_end: float, bias_end: float) -> PhaseGrid:
    return phase_grid(activation, np.linspace(0, weight_end, _ACROSS), np.linspace(0, bias_end, _UP))


@st.cache_data(max_entries=64, show_spinner=False)
def _line(activation: str, bias_end: float) -> CriticalLine:
    """Return the critical line, with more points near σ_b² = 0, where it bends."""
    biases = bias_end * np.linspace(0, 1, _UP) ** 3
    if lookup(activation).homogeneous:  # χ₁ does not depend on q, so the line goes straight up
        return CriticalLine(np.full(_UP, critical_weight_variance(activation, 0.0)), biases)
    return CriticalLine(critical_line(activation, biases), biases)


def _ends(config: Config) -> tuple[float, float]:
    """Return where the axes of the plane end."""
    return _end(_WEIGHT_ENDS, shown_weight_variance(config), config), _end(_BIAS_ENDS, shown_bias_variance(config))


def _end(ends: tuple[float, ...], value: float, config: Config | None = None) -> float:
    """Return the end of an axis that shows the value, and the critical line too where it is within reach."""
    if config is not None:
        critical = critical_weight_variance(config.shifted_activation, 0.05)
        value = max(value, 1.2 * critical) if critical <= BOUNDS["weight_variance"][1] else value
    return next((end for end in ends if value <= end), ends[-1])


def _where(config: Config, scales: DepthScales) -> str:
    """Say the numbers of the place where the visitor stands, and what they mean for this depth."""
    numbers = f"χ₁ = {number(scales.chi_1)} per layer"
    if math.isinf(scales.q_star):
        return f"{numbers}; the signal itself grows without end (q* = ∞)."
    if scales.q_star == 0:
        return f"{numbers}; the signal itself dies (q* = 0), so no correlation is defined."
    reach = 6 * scales.xi_c
    if math.isnan(reach):
        return f"{numbers}, q* = {number(scales.q_star)}; a linear network keeps every correlation."
    settled = f"{numbers}, q* = {number(scales.q_star)}, c* = {number(scales.c_star)}"
    if math.isinf(reach):
        return f"{settled}, $ξ_c$ = ∞: theory sets no limit to the depth, but inputs still grow alike, more slowly in each layer."
    what = "similar inputs look similar" if scales.c_star < 1 else "inputs can be told apart"
    return f"{settled}: {what} for about 6 $ξ_c$ = **{number(float(f'{reach:.2g}'))} layers**, and this network has {config.depth:,}."


def _line_in_words(config: Config, critical: float) -> str:
    """Say what there is to say of the critical line at this bias."""
    label, bias_variance = lookup(config.shifted_activation).label, shown_bias_variance(config)
    if math.isnan(critical):
        return (
            f"{label} has no critical point at σ_b² = {number(bias_variance)}: where χ₁ reaches 1, the size q of the signal is not "
            "stable, so no line is drawn there."
        )
    if critical > BOUNDS["weight_variance"][1]:
        return f"{label} is critical at σ_w² = {number(critical)}, beyond what the slider reaches: everywhere here it is ordered."
    return f"At σ_b² = {number(bias_variance)}, {label} is critical at σ_w² = {number(critical)}."


def _in_words(config: Config, scales: DepthScales) -> str:
    label = lookup(config.shifted_activation).label
    return f"Phase plane of {label}. You are in the {phase_of(scales.chi_1)} phase, χ₁ = {number(scales.chi_1)}."


def _explanations() -> None:
    """Explain what the plane and the two maps show and the formulas behind them, folded away."""
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            "Every point of the plane is a very wide and very deep network with its own $σ_w²$ and $σ_b²$; the cross is yours.\n\n"
            "- **q** is the size of a signal, the mean square of z. On the upper map, go up to the curve, across to the diagonal, up "
            "again: each round is a layer. Where the two cross, the size stays: **q\\***.\n"
            "- **c** is the correlation of two inputs inside the network, 1 when it can no longer tell them apart. The lower map leads "
            "it to **c\\*** from any two different inputs.\n"
            "- **χ₁** is the factor of one layer for E[δ²] of a gradient, where the signal has size q\\* (if q\\* = ∞, where it is very "
            "large). Where q\\* is neither 0 nor ∞, it is also the factor for 1 − c of two inputs that are almost alike. That is why "
            "exploding gradients and chaos come together, and so do vanishing gradients and order.\n"
            "- **$ξ_c$** is the number of layers in which what is left of c − c\\* falls to 1/e. After about six times that, all pairs of "
            "inputs have the same correlation, and there is nothing to learn from."
        )
    with right.expander("Formula"):
        st.markdown("\n\n".join(f"$$\n{formula}\n$$" for formula in _FORMULAS))
        st.caption(
            "x is a standard normal, u and u′ are normal with variance q* and correlation c. Poole et al. 2016 (arXiv 1606.05340), "
            "Schoenholz et al. 2017 (1611.01232)."
        )
