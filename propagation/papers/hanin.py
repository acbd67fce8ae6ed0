"""Hanin & Rolnick 2018: how much the length of a signal scatters from network to network is decided by the sum of 1/width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import plotly.graph_objects as go

from propagation.charts.marks import SYMBOLS
from propagation.charts.theme import base_layout, palette
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.formatting import number
from propagation.labs.protocol import Progress, reported
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.finite_width import layer_spread

CONFIG = Config(depth=20, width=32, activation="relu", scheme="he", bias_variance=0, inputs=1, trials=64)
#: (profile, width, depth) of the networks drawn; several have the same sum of 1/width
SHAPES = (
    ("constant", 16, 5),
    ("constant", 16, 10),
    ("constant", 16, 20),
    ("constant", 32, 10),
    ("constant", 32, 20),
    ("constant", 32, 40),
    ("constant", 64, 20),
    ("constant", 64, 40),
    ("funnel", 128, 20),
    ("bottleneck", 128, 30),
)
#: seeds drawn for each, of `trials` networks
SEEDS = 2
HEIGHT = 430
#: variance of ln ‖h‖² per unit of Σ 1/n where layers are wide: E R² = 1 + 5/n
WIDE_SLOPE = 5.0
#: how far apart in the chart widths stand that share a sum
_ASIDE = 0.012


@dataclass(frozen=True)
class Shape:
    """Networks of one shape: Σ 1/n over the hidden layers, and of ln ‖h^L‖² over the networks its variance, measured and exact.

    `error` is the standard error of that variance, `mean_length` the mean of ‖h^L‖²/n_L over ‖h⁰‖²/n_0, over `networks` of them.
    """

    profile: str
    width: int
    depth: int
    reciprocals: float
    measured: float
    error: float
    exact: float
    mean_length: float
    networks: int


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return a Shape for each of SHAPES as the evidence."""
    shapes = []
    for profile, width, depth in reported(SHAPES, progress):
        shapes.append(measured_shape(replace(config, width_profile=profile, width=width, depth=depth)))
    by_name = {(shape.profile, shape.width, shape.depth): shape for shape in shapes}
    shallow, deep = by_name["constant", 16, 10], by_name["constant", 64, 40]
    return Finding(
        {
            "same_sum": deep.measured / shallow.measured,
            "double_depth": by_name["constant", 16, 20].measured / shallow.measured,
            "mean_length": by_name["constant", 64, 20].mean_length,
        },
        tuple(shapes),
    )


def measured_shape(config: Config) -> Shape:
    """Measure SEEDS times `config.trials` networks of one shape, those left out in which a layer died."""
    seeds = np.random.SeedSequence((config.seed, config.width, config.depth)).generate_state(SEEDS)
    traces = [simulate(replace(config, seed=int(seed))) for seed in seeds]
    grown = np.concatenate([trace.h.log10_second_moment[:, -1] - trace.input_log10_second_moment for trace in traces]) * math.log(10)
    alive = grown[np.isfinite(grown)]
    variance = float(alive.var(ddof=1))
    fourth = float(np.mean((alive - alive.mean()) ** 4))
    widths = config.widths[1:]
    return Shape(
        config.width_profile,
        config.width,
        config.depth,
        sum(1 / n for n in widths),
        variance,
        math.sqrt(max(fourth - variance**2, 0.0) / alive.size),
        sum(layer_spread("relu", "gaussian", n).log_variance for n in widths),
        float(np.exp(alive).sum() / grown.size),
        int(alive.size),
    )


def shapes_chart(shapes: Sequence[Shape], *, appearance: str = "light") -> go.Figure:
    """Draw marks with one standard error as measured, bars where the exact law puts them, a line for wide layers."""
    colours = palette(appearance)
    end = 1.1 * max(shape.reciprocals for shape in shapes)
    top = 1.2 * max(max(shape.measured + shape.error, shape.exact) for shape in shapes)
    data: list[dict] = [
        {
            "type": "scatter",
            "name": "5 Σ 1/n (wide layers)",
            "mode": "lines",
            "x": [0, end],
            "y": [0, WIDE_SLOPE * end],
            "line": {"color": colours.text, "width": 1.25},
            "hoverinfo": "skip",
        }
    ]
    for place, (name, group) in enumerate(groupby(shapes, _name)):
        members = list(group)
        colour = colours.compare[place]
        # widths that share a sum stand beside each other
        aside = (place - 1) * _ASIDE if members[0].profile == "constant" else 0.0
        x = [round(shape.reciprocals + aside, 4) for shape in members]
        data.append(
            {
                "type": "scatter",
                "name": f"{name} exact",
                "mode": "markers",
                "x": x,
                "y": [round(shape.exact, 4) for shape in members],
                "marker": {"symbol": "line-ew", "size": 18, "line": {"width": 2.5, "color": colour}},
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
        data.append(
            {
                "type": "scatter",
                "name": name,
                "mode": "markers",
                "x": x,
                "y": [round(shape.measured, 4) for shape in members],
                "error_y": {"array": [round(shape.error, 4) for shape in members], "thickness": 1.5, "width": 0, "color": colour},
                "marker": {"symbol": SYMBOLS[place], "size": 10, "color": colour},
                "text": [_hover(shape) for shape in members],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    axis = {"fixedrange": True, "gridcolor": colours.grid, "zeroline": False, "nticks": 6}
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 14, "t": 8, "b": 46},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "shapes",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
        "xaxis": axis | {"title": {"text": "sum of 1/width over the layers", "standoff": 4, "font": {"size": 14}}, "range": [0, end]},
        "yaxis": axis | {"title": {"text": "variance of ln ‖h‖² over networks", "standoff": 4, "font": {"size": 14}}, "range": [0, top]},
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _name(shape: Shape) -> str:
    return f"width {shape.width}" if shape.profile == "constant" else shape.profile


def _hover(shape: Shape) -> str:
    return (
        f"<b>{_name(shape)}, {shape.depth} layers</b><br>Σ 1/n = {number(shape.reciprocals)}, {shape.networks} networks<br>"
        f"variance {number(shape.measured)} ± {number(shape.error)}, exact {number(shape.exact)}"
    )


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw the scatter of every shape."""
    each = ", ".join(f"{number(shape.measured)} at {number(shape.reciprocals)}" for shape in finding.evidence)
    return [Drawn("hanin", shapes_chart(finding.evidence, appearance=appearance), f"Scatter against the sum of 1/width: {each}.")]


#: where a visitor goes on: narrow and deep, with a batch to look at
_NETWORK = replace(CONFIG, depth=40, width=16, inputs=16)
PAPER = Paper("hanin", CONFIG, measure, draw, Link("Open in Explore", "explore", _NETWORK.to_query()))
