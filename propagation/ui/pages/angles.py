"""Angles: whether a network keeps different inputs apart, as correlations and as the shape of a circle."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import streamlit as st

from propagation.budget import refusal
from propagation.charts.manifold import PAIRS, angles_chart, angles_spec, geometry_chart, space_chart
from propagation.config import Config
from propagation.formatting import from_log10, number, percent, power_of_ten
from propagation.labs.manifold import (
    ANGLES,
    CIRCLE,
    DEEPEST,
    FLOOR,
    STARTS,
    WIDEST,
    Angles,
    Circle,
    angles_alike,
)
from propagation.labs.slider_sweep import Kind
from propagation.slider_steps import labels
from propagation.theory.manifold import CirclePrediction, angle_path, angle_paths, predict_circle
from propagation.trials import over_trials
from propagation.ui.components.streamlit_page import LATER_KEY, VERDICT_KEY
from propagation.ui.longwork import remembered
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure, on_paper
from propagation.ui.widgets.page_header import appearance, opening, without_blocks
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.places import Place, draw_places
from propagation.ui.widgets.sweep import Answers, Followed, Shown, let_go, swept, under_the_hand
from propagation.ui.widgets.tokens import draw_tokens

TITLE = "Do two inputs stay apart?"
LOOK_FOR = (
    "Follow the pairs of inputs from left to right: in **order** all of them merge (c → 1), in **chaos** even almost equal inputs part, "
    "and on the edge between the two an angle fades as slowly as it can."
)
_CHART = "angles"
#: what is asked along a slider; theory at half as many places as elsewhere, since pairs cost more
_SWEPT = Kind(ANGLES.uses, lambda configs, _: angle_paths(configs, np.array(STARTS)), angles_alike, ((40, 20, 17), (40, 0, 9), (20, 0, 5)))
#: 1 − c below this is no angle here, in words
_LEAST = power_of_ten(round(math.log10(FLOOR)))
#: the pair that is put into words: it starts at c = 0.9
_PAIR = STARTS.index(0.1)
#: steps between drawn points, in radii, above which the drawing misses folds
_COARSE = 0.6


def _tanh(weight_variance: float, depth: int) -> dict[str, str | float | int]:
    return {
        "activation": "tanh",
        "scheme": "custom",
        "weight_law": "gaussian",
        "width_profile": "constant",
        "input_variance": 1.0,
        "weight_variance": weight_variance,
        "bias_variance": 0.09,
        "depth": depth,
    }


PLACES = (
    Place("Order", "tanh at $σ_w$ = 1.3, $σ_b$ = 0.3: everything merges (Poole et al. 2016).", _tanh(1.69, 30)),
    Place("Edge", "tanh on the critical line: 1 − c fades only like 1/depth.", _tanh(1.947655, 30)),
    Place("Chaos", "tanh at $σ_w$ = 2.5, $σ_b$ = 0.3: close inputs part, the circle tangles (Poole et al. 2016).", _tanh(6.25, 12)),
)


def render(config: Config) -> None:
    """Draw the page: pairs of inputs against depth, then a circle of inputs as a curve, its length and its curvature."""
    opening(TITLE, LOOK_FOR)
    draw_places(PLACES)
    own = ANGLES.uses(config)
    refused = refusal(own)
    if refused:
        st.warning(refused, icon=":material/scale:")
    elif config.tokens > 1:
        with panel("The tokens"):
            draw_tokens(config)
    elif ANGLES.why_not(config):
        st.info(ANGLES.why_not(config), icon=":material/info:")
    else:
        with panel("The angles"):
            _angles(config)
    with st.container(key=LATER_KEY), panel("The circle"):
        without_blocks(config, "The circle goes through")
        _circle(config)
    _explanation()
    if not refused and not ANGLES.why_not(config):
        fields = [name for name in labels().values() if name != "inputs"]  # pairs are inputs of their own
        under_the_hand(config, Followed(fields, {_CHART: PAIRS}, _answers, refusal=let_go(own)))


def _angles(config: Config) -> None:
    angles = remembered(ANGLES, config, words="Following pairs of inputs")
    theory = _angle_theory(ANGLES.uses(config))
    answer = _in_words(angles, theory)
    with st.container(key=VERDICT_KEY):
        st.markdown(answer)
    draw_figure(angles_chart(angles, theory, appearance=appearance()), key=_CHART, alt=answer.replace("*", ""))


def _answers(config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield the pairs at the values of a slider."""

    def shown(angles: Angles, theory: np.ndarray) -> Shown:
        spec = angles_spec(angles, theory, appearance=appearance(), hover=False)
        return Shown({_CHART: on_paper(spec)}, {"headline": _in_words(angles, theory)})

    yield from swept(_SWEPT, field, values, here, shown)


@st.cache_data(max_entries=64, show_spinner=False)
def _angle_theory(config: Config) -> np.ndarray:
    return angle_path(config, np.array(STARTS))


@st.cache_data(max_entries=64, show_spinner=False)
def _circle_theory(config: Config) -> CirclePrediction:
    return predict_circle(config)


def _in_words(angles: Angles, theory: np.ndarray) -> str:
    """Say what became of one pair, with the numbers."""
    depth = angles.config.depth
    last = float(over_trials(angles.log10_eps).median[-1, _PAIR])
    if math.isnan(last):
        return f"Nothing but zero is left after {depth:,} layers, so two inputs have no angle."
    predicted = theory[-1, _PAIR]
    beside = f" (theory {number(predicted)})" if math.isfinite(predicted) else ""
    if math.isinf(last):
        return f"Two inputs at c = 0.9 are **one input** to layer {depth:,}: 1 − c is below {_LEAST}{beside}."
    start = math.log10(STARTS[_PAIR])
    verb = "drift together" if last < start - 0.05 else "part" if last > start + 0.05 else "keep their angle"
    return f"Two inputs at c = 0.9 **{verb}**: 1 − c goes from 0.1 to **{from_log10(last)}** in {depth:,} layers{beside}."


def _circle(config: Config) -> None:
    config = CIRCLE.uses(config)
    circle = remembered(CIRCLE, config, words="Pushing a circle of inputs through the layers")
    prediction = _circle_theory(config)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**A circle of inputs**, seen in a layer")
        last = len(circle.points) - 1
        offered = {str(layer): str(layer) if layer else "inputs" for layer in _halvings(last)}
        layer = int(controls.page_choice("Layer", "layer", offered, "Which layer the curve is drawn in."))
        draw_figure(space_chart(circle, layer, appearance=appearance()), key="space", alt=_curve_in_words(circle, layer))
        st.caption(_drawn_how(circle, layer))
    with right:
        st.markdown(_turning(circle, layer))
        figure = geometry_chart(circle, prediction, layer, appearance=appearance())
        draw_figure(figure, key="geometry", alt=_curve_in_words(circle, layer))
        st.caption(_limits(config, last))


def _drawn_how(circle: Circle, layer: int) -> str:
    """Say how the picture relates to the curve itself."""
    extents = np.sqrt(np.mean(np.sum(circle.points[[0, layer]] ** 2, axis=2), axis=1))
    size = float(extents[1] / extents[0])
    step = 2 * math.pi * 10 ** _log10_length(circle, layer) / circle.points.shape[1]
    parts = [f"Seen along the three directions in which it extends most, which hold {percent(float(circle.share[layer]))} of it"]
    if not 0.5 <= size <= 2:
        parts.append(f"drawn to fill the box: it is {number(size)} times as large as the input circle")
    if step > _COARSE * size:
        parts.append(f"between the {circle.points.shape[1]} points drawn it turns again: read it as a tangle")
    return "; ".join(parts) + ". Drag to turn it."


def _halvings(last: int) -> list[int]:
    """Return the last layer, half of it, a quarter … the first, and the inputs (0)."""
    layers = []
    while last >= 1:
        layers.append(last)
        last //= 2
    return [*layers, 0]


def _log10_length(circle: Circle, layer: int) -> float:
    return float(over_trials(circle.log10_length).median[layer])


def _turning(circle: Circle, layer: int) -> str:
    """Say how often the curve's direction turns around: length × curvature, 1 for a circle."""
    turns = _log10_length(circle, layer) + float(over_trials(circle.log10_curvature).median[layer])
    where = f"layer {layer}" if layer else "the inputs"
    told = "" if math.isnan(turns) else f", and its direction turns around **{from_log10(turns)}** times"
    return f"**Its length and curvature**: in {where} it is **{from_log10(_log10_length(circle, layer))}** times as long{told}."


def _curve_in_words(circle: Circle, layer: int) -> str:
    return (
        f"A circle of inputs in layer {layer}: {from_log10(_log10_length(circle, layer))} times as long as at the input, "
        f"{circle.share[layer]:.0%} of its variance in three directions."
    )


def _limits(config: Config, last: int) -> str:
    """Say what the curve was drawn in, where that is not the experiment itself."""
    parts = [f"Dots: median of {config.trials} networks; line: theory."]
    present = experiment.present()
    if config.width < present.width:
        parts.append(f"The circle runs through {WIDEST} neurons a layer, whatever the width.")
    if last < config.depth:
        reason = f"the first {DEEPEST} layers" if last == DEEPEST else f"layer {last}, after which the signal is too large or too small"
        parts.append(f"It is followed to {reason}." if last < DEEPEST else f"It is followed through {reason}.")
    return " ".join(parts)


def _explanation() -> None:
    with st.expander("What am I looking at?"):
        st.markdown(
            "Every input is a point on one circle in input space; a **pair** is two such points at an angle whose cosine is c. In each "
            "layer c is the cosine between the two pre-activations z. Dots are the median over several random networks, the band holds "
            "the middle 80 % of them, thin lines are the theory of infinitely wide networks. The lower row shows 1 − c in powers of ten, "
            "where a straight slope is a constant factor per layer: χ₁, where the size of the signal has settled and 1 − c is small. Pairs "
            f"closer than {_LEAST} cannot be told apart here and are not drawn.\n\n"
            "The **curve** is the whole circle in one layer, along the three directions in which it extends most. Its length follows the "
            "metric, √χ₁ per layer. In chaos it grows without end while the space for it does not, so it folds: its curvature settles and "
            "the number of its turns grows. In order it shrinks to a point."
        )
        st.latex(r"g^{l+1} = \chi_1\, g^l, \qquad (\kappa^{l+1})^2 = \frac{3\chi_2}{\chi_1^2} + \frac{(\kappa^l)^2}{\chi_1}")
        st.latex(
            r"\chi_1 = \sigma_w^2\,\mathbb{E}\,\varphi'(\sqrt{q}\,x)^2, \qquad \chi_2 = \sigma_w^2\,\mathbb{E}\,\varphi''(\sqrt{q}\,x)^2"
        )
        st.caption("Poole, Lahiri, Raghu, Sohl-Dickstein & Ganguli 2016. √g is the length per radian, κ the curvature, both per √n.")
