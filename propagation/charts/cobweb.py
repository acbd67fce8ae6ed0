"""Cobwebs: a one-dimensional map, its diagonal, and the steps an iterate takes between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import axis, named
from propagation.charts.theme import base_layout, figure, palette
from propagation.formatting import number

HEIGHT = 250


@dataclass(frozen=True)
class Cobweb:
    """A map as points (x, f(x)), its iterates, the fixed point they tend to (or None), and what the axes are called."""

    x: np.ndarray
    y: np.ndarray
    iterates: np.ndarray
    fixed_point: float | None
    before: str
    after: str
    symbol: str


def cobweb_chart(cobweb: Cobweb, *, role: str = "forward", appearance: str = "light") -> go.Figure:
    """Draw the map in the colour of `role`, the diagonal, the cobweb of the iterates and the fixed point."""
    colours = palette(appearance)
    low, high = float(cobweb.x[0]), float(cobweb.x[-1])
    steps_x, steps_y = path(cobweb.iterates)
    inside = {"hoverinfo": "skip", "type": "scatter", "mode": "lines"}
    data: list[dict] = [
        inside | {"name": "diagonal", "x": [low, high], "y": [low, high], "line": {"color": colours.muted, "width": 1, "dash": "dot"}},
        inside | {"name": "map", "x": cobweb.x, "y": cobweb.y, "line": {"color": getattr(colours, role), "width": 3}},
        inside | {"name": "iterates", "x": steps_x, "y": steps_y, "line": {"color": colours.text, "width": 1.2}},
    ]
    if cobweb.fixed_point is not None and low <= cobweb.fixed_point <= high:
        data.append(
            {
                "type": "scatter",
                "name": "fixed point",
                "mode": "markers",
                "x": [cobweb.fixed_point],
                "y": [cobweb.fixed_point],
                "marker": {"size": 11, "color": colours.background, "line": {"width": 3, "color": colours.text}},
                "hovertemplate": f"{cobweb.symbol} = {number(cobweb.fixed_point)}<extra></extra>",
                "cliponaxis": False,
            }
        )
    square = axis(colours, range=[low, high], nticks=6)
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 12, "t": 8, "b": 44},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": square | {"title": named(cobweb.before)},
        "yaxis": square | {"title": named(cobweb.after)},
    }
    return figure(data, layout)


def path(iterates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the cobweb: from (a, a) up to (a, f(a)), across to (f(a), f(a)), and so on."""
    corners = np.repeat(iterates, 2)
    return corners[:-1], np.concatenate(([iterates[0]], corners[2:]))
