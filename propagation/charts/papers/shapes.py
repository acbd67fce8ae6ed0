"""Hanin & Rolnick's sum: how much lengths scatter from network to network, against Σ 1/n, for networks of many shapes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import plotly.graph_objects as go

from propagation.charts.compare import SYMBOLS
from propagation.charts.theme import base_layout, palette
from propagation.formatting import number
from propagation.labs.papers.hanin import Shape

HEIGHT = 430
#: variance of ln ‖h‖² per unit of Σ 1/n where layers are wide: E R² = 1 + 5/n
WIDE_SLOPE = 5.0
_ASIDE = 0.012


def shapes_chart(shapes: Sequence[Shape], *, appearance: str = "light") -> go.Figure:
    """Marks with one standard error as measured, bars where the exact law puts them, a line for wide layers."""
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
