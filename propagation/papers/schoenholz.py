"""Schoenholz et al. 2017: over how many layers a network forgets, measured in networks and by the paper's formula."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import decade_axis
from propagation.charts.marks import SYMBOLS, numbers
from propagation.charts.theme import Palette, base_layout, palette
from propagation.config import Config
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.correlations import correlations_with_first, inputs_of, orthogonal_directions, products
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.maps import DepthScales, depth_scales
from propagation.theory.phases import critical_weight_variance, phase_grid

#: so wide that chance, about 1/√width, stays below what is left of a difference
CONFIG = Config(depth=30, width=30_000, activation="tanh", weight_variance=1.3, bias_variance=0.05, trials=1)
#: four networks in order, two in chaos
WEIGHT_VARIANCES = (0.6, 1.0, 1.3, 1.5, 2.3, 3.0)
#: σ_w² at which the formula is drawn
SCAN = np.linspace(0.3, 4.2, 196)
#: how far from the fixed point signals start: correlations, and sizes as a share of q*
_APART, _SHARE = 0.15, 0.25
#: differences are followed down to this: in order, where both inputs meet the same chance, much further
_FLOOR, _FLOOR_IN_ORDER = 0.03, 1e-6
HEIGHT = 400
#: decades of differences, and of layers, that are drawn
_GAPS, _LAYERS = (-6, 0), (0, 3)

Array = np.ndarray


@dataclass(frozen=True)
class Decay:
    """One σ_w²: how far correlations and sizes are from their fixed point in every layer, (depth,), and the depth scales fitted to that.

    `c_layers` and `q_layers` are how many of the first layers are above the noise and were fitted; `scales` are theory's.
    """

    weight_variance: float
    c_gap: Array
    q_gap: Array
    c_layers: int
    q_layers: int
    xi_c: float
    xi_q: float
    scales: DepthScales


@dataclass(frozen=True)
class Scales:
    """The decays, and the formula: ξ_c at `scan`, (k,), with the σ_w² at which it is infinite."""

    decays: tuple[Decay, ...]
    scan: Array
    xi_c: Array
    xi_q: Array
    critical: float


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return a Scales as the evidence."""
    decays = []
    for weight_variance in reported(WEIGHT_VARIANCES, progress):
        decays.append(measured_decay(replace(config, weight_variance=weight_variance)))
    bias = config.bias_variance
    critical = critical_weight_variance(config.activation, bias)
    grid = phase_grid(config.activation, SCAN, np.array([bias]))
    xi_q = np.array([depth_scales(config.activation, float(weight), bias).xi_q for weight in SCAN[::5]])
    by_weight = {decay.weight_variance: decay for decay in decays}
    return Finding(
        {
            "xi_c_ordered": by_weight[1.3].xi_c,
            "xi_c_chaotic": by_weight[3.0].xi_c,
            "xi_q_ordered": by_weight[1.3].xi_q,
            "xi_c_critical": float(depth_scales(config.activation, critical, bias).xi_c),
        },
        Scales(tuple(decays), SCAN, grid.xi_c[0], np.interp(SCAN, SCAN[::5], xi_q), critical),
    )


def measured_decay(config: Config) -> Decay:
    """Measure differences in one network, started on both sides of the fixed point so that what bends the map there cancels.

    In chaos the difference is half of that between correlations c* ± 0.15, in order, where c* = 1, it is 1 − c; sizes start at q* (1 ± ¼).
    """
    weight, bias = config.weight_variance, config.bias_variance
    scales = depth_scales(config.activation, weight, bias)
    chaotic = scales.c_star < 1
    starts = np.array([scales.c_star + _APART, scales.c_star - _APART] if chaotic else [0.98, 0.98])
    directions = orthogonal_directions(config, 3)
    before = (starts * scales.q_star - bias) / (scales.q_star - bias)
    pairs = inputs_of(directions, (scales.q_star - bias) / weight, before)
    sizes = (scales.q_star * (1 + _SHARE * np.array([1, -1])) - bias) / weight
    found = products(config, np.hstack((pairs, directions[:, :1] * np.sqrt(sizes))))
    above, below = correlations_with_first(found[:, :3, :3]).T
    c_gap = (above - below) / 2 if chaotic else 1 - (above + below) / 2
    q_gap = (found[:, 3, 3] - found[:, 4, 4]) / (2 * scales.q_star)
    c_layers = _layers_above(c_gap, _FLOOR if chaotic else _FLOOR_IN_ORDER)
    q_layers = _layers_above(q_gap, _FLOOR)
    return Decay(config.weight_variance, c_gap, q_gap, c_layers, q_layers, _scale(c_gap[:c_layers]), _scale(q_gap[:q_layers]), scales)


def _layers_above(gap: Array, floor: float) -> int:
    """Return how many of the first layers have a gap above the floor."""
    below = np.flatnonzero(gap < floor)
    return int(below[0]) if below.size else len(gap)


def _scale(gap: Array) -> float:
    """Return ξ of gap ∝ exp(−l/ξ), from the straight line through ln gap, by least squares."""
    return float(-1 / np.polyfit(np.arange(len(gap)), np.log(gap), 1)[0])


def decay_chart(scales: Scales, *, appearance: str = "light") -> go.Figure:
    """Draw what is left of a difference in correlation, layer by layer: marks as measured, lines with the slope of theory."""
    colours = palette(appearance)
    data: list[dict] = []
    depth = max(len(decay.c_gap) for decay in scales.decays)
    for place, decay in enumerate(scales.decays):
        data += _decay(decay, colours.compare[place], SYMBOLS[place])
    layout = _layout(colours, "decay", "σ_w²") | {
        "xaxis": _axis(colours, "layer") | {"range": [0, depth + 0.5], "tickvals": [1, *range(5, depth + 1, 5)]},
        "yaxis": decade_axis(_GAPS, colours) | {"title": {"text": "what is left of a difference", "standoff": 2, "font": {"size": 14}}},
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _decay(decay: Decay, colour: str, symbol: str) -> list[dict]:
    """Return marks down to the noise or the edge of the chart, and theory's straight line anchored at the first of them."""
    name = number(decay.weight_variance)
    gap = np.log10(decay.c_gap[: decay.c_layers])
    shown = gap >= _GAPS[0]
    layers = np.arange(1, len(gap) + 1)[shown]
    theory = gap[0] - (layers - 1) / (decay.scales.xi_c * math.log(10))
    common = {"type": "scatter", "legendgroup": name, "x": layers.tolist()}
    text = f"σ_w² {name}<br>ξ_c {number(decay.xi_c)} layers, theory {number(decay.scales.xi_c)}"
    line = {"color": colour, "width": 1.5}
    return [
        common | {"name": f"{name} theory", "mode": "lines", "y": numbers(theory), "line": line, "hoverinfo": "skip"}
        | {"showlegend": False},
        common
        | {"name": name, "mode": "markers", "y": numbers(gap[shown]), "marker": {"color": colour, "size": 7, "symbol": symbol}}
        | {"hovertemplate": f"{text}<extra></extra>"},
    ]  # fmt: skip


def scales_chart(scales: Scales, *, appearance: str = "light") -> go.Figure:
    """Draw ξ_c and ξ_q against σ_w²: lines by the formula, marks as measured; the critical σ_w², where ξ_c is infinite, is marked."""
    colours = palette(appearance)
    data: list[dict] = [
        _curve("ξ_c", scales.scan, scales.xi_c, colours, "solid"),
        _curve("ξ_q", scales.scan, scales.xi_q, colours, "dash"),
    ]
    for place, decay in enumerate(scales.decays):
        for name, symbol in (("xi_c", SYMBOLS[place]), ("xi_q", f"{SYMBOLS[place]}-open")):
            measured, theory = getattr(decay, name), getattr(decay.scales, name)
            greek = f"ξ_{name[-1]}"
            text = f"σ_w² {number(decay.weight_variance)}: {greek} {number(measured)} layers, theory {number(theory)}"
            data.append(
                {
                    "type": "scatter",
                    "name": f"{name} measured",
                    "mode": "markers",
                    "x": [decay.weight_variance],
                    "y": numbers(np.log10([measured])),
                    "marker": {"color": colours.compare[place], "size": 10, "symbol": symbol, "line": {"width": 2}},
                    "hovertemplate": f"{text}<extra></extra>",
                    "showlegend": False,
                }
            )
    line = {"color": colours.muted, "width": 1.5, "dash": "dot"}
    layout = _layout(colours, "scales", "") | {
        "xaxis": _axis(colours, "weight variance σ_w²") | {"range": [0, float(scales.scan[-1])], "nticks": 6},
        "yaxis": decade_axis(_LAYERS, colours) | {"title": {"text": "depth scale, in layers", "standoff": 2, "font": {"size": 14}}},
        "shapes": [{"type": "line", "x0": scales.critical, "x1": scales.critical, "y0": 0, "y1": 1, "yref": "paper", "line": line}],
        "annotations": [
            {"x": scales.critical, "y": 0.97, "yref": "paper", "xanchor": "left", "yanchor": "top", "showarrow": False}
            | {"text": f" critical {number(scales.critical)}:<br> ξ_c = ∞", "align": "left", "font": {"size": 13, "color": colours.text}}
        ],
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _curve(name: str, x: np.ndarray, y: np.ndarray, colours: Palette, dash: str) -> dict:
    line = {"color": colours.text, "width": 1.5, "dash": dash}
    common = {"type": "scatter", "name": f"{name}, theory", "mode": "lines", "line": line, "hoverinfo": "skip"}
    return common | {"x": np.round(x, 3).tolist(), "y": numbers(np.log10(y)), "connectgaps": False}


def _layout(colours: Palette, name: str, legend: str) -> dict:
    return base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 8, "b": 46},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": name,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "title": {"text": legend}},
    }


def _axis(colours: Palette, title: str) -> dict:
    return {"title": {"text": title, "standoff": 4, "font": {"size": 14}}, "fixedrange": True, "gridcolor": colours.grid, "zeroline": False}


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw how differences decay, and the depth scales read off that."""
    scales = finding.evidence
    each = ", ".join(f"{number(decay.xi_c)} at σ_w² = {number(decay.weight_variance)}" for decay in scales.decays)
    critical = f"Depth scales against σ_w²; ξ_c is infinite at {number(scales.critical)}."
    return [
        Drawn("decay", decay_chart(scales, appearance=appearance), f"Differences decay exponentially, over this many layers: {each}."),
        Drawn("scales", scales_chart(scales, appearance=appearance), critical),
    ]


#: where a visitor goes on: a network that is quick to draw
_NETWORK = replace(CONFIG, depth=50, width=512, trials=8)
PAPER = Paper("schoenholz", CONFIG, measure, draw, Link("Open in Order and chaos", "phase", _NETWORK.to_query() | {"plane": "survival"}))
