"""Cobwebs: a one-dimensional map, its diagonal, and the steps an iterate takes between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.charts.axes import linear_axis, named
from propagation.charts.marks import note
from propagation.charts.theme import base_layout, palette
from propagation.formatting import number

HEIGHT = 250


@dataclass(frozen=True)
class Cobweb:
    """A map as points (x, f(x)), its iterates, the fixed point they tend to (or None), and the ends of both axes.

    `before`, `after` and `symbol` are what the axes and the fixed point are called; `nothing` is what is said where there is no map.
    """

    x: np.ndarray
    y: np.ndarray
    iterates: np.ndarray
    fixed_point: float | None
    window: tuple[float, float]
    before: str
    after: str
    symbol: str
    nothing: str = ""


def cobweb_spec(cobweb: Cobweb, *, role: str = "forward", appearance: str = "light") -> dict:
    """Return the figure, as plain data: the map in the colour of `role`, the diagonal, the cobweb of the iterates and the fixed point."""
    colours = palette(appearance)
    low, high = cobweb.window
    x = _plain(cobweb.x)
    steps_x, steps_y = (_plain(steps) for steps in path(cobweb.iterates))
    inside = {"hoverinfo": "skip", "type": "scatter", "mode": "lines"}
    data: list[dict] = [
        inside | {"name": "diagonal", "x": [x[0], x[-1]], "y": [x[0], x[-1]], "line": {"color": colours.muted, "width": 1, "dash": "dot"}},
        inside | {"name": "map", "x": x, "y": _plain(cobweb.y), "line": {"color": getattr(colours, role), "width": 3}},
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
    said = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "middle"}
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 12, "t": 8, "b": 44},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": linear_axis(low, high, colours, title=named(cobweb.before)),
        "yaxis": linear_axis(low, high, colours, title=named(cobweb.after)),
        "annotations": [note(cobweb.nothing, colours.muted, 13, 0.5, 0.92, **said)] if cobweb.nothing else [],
    }
    return {"data": data, "layout": layout}


def path(iterates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the cobweb: from (a, a) up to (a, f(a)), across to (f(a), f(a)), and so on."""
    corners = np.repeat(iterates, 2)
    return corners[:-1], np.concatenate(([iterates[0]], corners[2:]))


def _plain(values: np.ndarray) -> list[float | None]:
    """Return numbers of any size for a chart: None where there is nothing to draw."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
