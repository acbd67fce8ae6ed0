"""Poole et al. 2016: what one layer does to the size of a signal and to the correlation of two, in order and in chaos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go

from propagation.charts.marks import SYMBOLS
from propagation.charts.theme import base_layout, palette, translucent
from propagation.config import Config
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.correlations import correlations_with_first, inputs_of, orthogonal_directions, products
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.maps import DepthScales, correlation_map, depth_scales, length_map

SIGMA_W, SIGMA_B = (1.3, 2.5, 4.0), 0.3
CONFIG = Config(depth=60, width=1000, activation="tanh", weight_variance=SIGMA_W[0] ** 2, bias_variance=SIGMA_B**2, trials=1)
#: sizes and correlations that signals have in layer 1, and the layers they are followed through on the maps
SIZES = np.array([0.2, 1.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0])
CORRELATIONS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
STEPS = 6
_POINTS = 121
HEIGHT = 400
#: what the axes of a map are called, and where it ends
_AXES = {
    "q": ("size q of z, before a layer", "size q after it", 15.0),
    "c": ("correlation c, before a layer", "correlation c after it", 1.0),
}

Array = np.ndarray


@dataclass(frozen=True)
class Maps:
    """One σ_w: both maps as curves, (k,), and the steps of a real network on them, (2, m): before and after a layer.

    `scales` are theory's fixed points; `sizes` and `correlations` what was measured in every layer, (depth, signals).
    """

    sigma_w: float
    q: Array
    q_after: Array
    c: Array
    c_after: Array
    q_steps: Array
    c_steps: Array
    scales: DepthScales
    sizes: Array
    correlations: Array


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return Maps for each of SIGMA_W as the evidence."""
    maps = []
    for sigma_w in reported(SIGMA_W, progress):
        maps.append(measured_maps(replace(config, weight_variance=sigma_w**2), sigma_w))
    ordered, chaotic, far = (float(of.correlations[-1].mean()) for of in maps)
    off = max(abs(float(of.sizes[-1].mean()) / of.scales.q_star - 1) for of in maps)
    return Finding({"c_ordered": ordered, "c_chaotic": chaotic, "c_far": far, "size_off": off}, tuple(maps))


def measured_maps(config: Config, sigma_w: float) -> Maps:
    """Return theory's maps and a network's steps: inputs of many sizes for q, inputs of size q* at many correlations for c."""
    phi, weight, bias = config.activation, config.weight_variance, config.bias_variance
    scales = depth_scales(phi, weight, bias)
    directions = orthogonal_directions(config, 1 + len(CORRELATIONS))
    sizes = np.diagonal(products(config, directions[:, :1] * np.sqrt((SIZES - bias) / weight)), axis1=1, axis2=2)
    # what an input must be for layer 1 to have size q* and correlation c: σ_w² q⁰ = q* − σ_b², σ_w² q⁰ c⁰ = q* c − σ_b²
    before = (CORRELATIONS * scales.q_star - bias) / (scales.q_star - bias)
    correlations = correlations_with_first(products(config, inputs_of(directions, (scales.q_star - bias) / weight, before)))
    q, c = np.linspace(0, SIZES[-1], _POINTS), np.linspace(0, 1, _POINTS)
    return Maps(
        sigma_w,
        q,
        length_map(q, phi, weight, bias),
        c,
        correlation_map(c, scales.q_star, phi, weight, bias),
        _steps(sizes),
        _steps(correlations),
        scales,
        sizes,
        correlations,
    )


def _steps(layers: Array) -> Array:
    """Return values before and after each of the first layers, (2, STEPS · signals)."""
    return np.array([layers[:STEPS].ravel(), layers[1 : STEPS + 1].ravel()])


def maps_chart(maps: Sequence[Maps], which: str, *, appearance: str = "light") -> go.Figure:
    """Draw the length map ("q") or the correlation map ("c"): for each σ_w theory's curve, a network's steps, a ring at the fixed point."""
    colours = palette(appearance)
    before, after, end = _AXES[which]
    data: list[dict] = [
        {"type": "scatter", "name": "diagonal", "mode": "lines", "x": [0, end], "y": [0, end], "hoverinfo": "skip", "showlegend": False}
        | {"line": {"color": colours.muted, "width": 1, "dash": "dot"}}
    ]
    for place, of in enumerate(maps):
        colour, name = colours.compare[place], number(of.sigma_w)
        x, y = getattr(of, which), getattr(of, f"{which}_after")
        steps = getattr(of, f"{which}_steps")
        fixed = of.scales.q_star if which == "q" else of.scales.c_star
        line = {"color": colour, "width": 2}
        common = {"type": "scatter", "legendgroup": name}
        data.append(common | {"name": name, "mode": "lines", "x": _rounded(x), "y": _rounded(y), "line": line, "hoverinfo": "skip"})
        data.append(
            common
            | {
                "name": f"{name} measured",
                "mode": "markers",
                "x": _rounded(steps[0]),
                "y": _rounded(steps[1]),
                "marker": {"color": translucent(colour, 0.55), "size": 7, "symbol": SYMBOLS[place]},
                "showlegend": False,
                "hovertemplate": f"σ_w = {name}: {which} from %{{x:.3g}} to %{{y:.3g}}<extra></extra>",
            }
        )
        data.append(
            common
            | {
                "name": f"{name} fixed point",
                "mode": "markers",
                "x": [fixed],
                "y": [fixed],
                "marker": {"size": 13, "color": colours.background, "line": {"width": 3, "color": colour}},
                "showlegend": False,
                "cliponaxis": False,
                "hovertemplate": f"σ_w = {name}: {which}* = {number(fixed)}<extra></extra>",
            }
        )
    axis = {"range": [-0.02 * end, 1.02 * end], "fixedrange": True, "gridcolor": colours.grid, "zeroline": False, "nticks": 6}
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 12, "t": 8, "b": 44},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": f"maps {which}",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "title": {"text": "σ_w"}},
        "xaxis": axis | {"title": {"text": before, "standoff": 4, "font": {"size": 14}}},
        "yaxis": axis | {"title": {"text": after, "standoff": 4, "font": {"size": 14}}},
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(values, 4).tolist()


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw the length map and the correlation map."""
    sizes = ", ".join(f"{number(of.scales.q_star)} at σ_w = {number(of.sigma_w)}" for of in finding.evidence)
    correlations = ", ".join(f"{number(of.scales.c_star)} at σ_w = {number(of.sigma_w)}" for of in finding.evidence)
    return [
        Drawn("q", maps_chart(finding.evidence, "q", appearance=appearance), f"Length map. Sizes settle at {sizes}."),
        Drawn("c", maps_chart(finding.evidence, "c", appearance=appearance), f"Correlation map. Correlations settle at {correlations}."),
    ]


PAPER = Paper("poole", CONFIG, measure, draw, Link("Open in Order and chaos", "phase", CONFIG.to_query()))
