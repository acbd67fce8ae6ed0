"""Depth scales after Schoenholz et al. 2017: how differences decay from layer to layer, and ξ against σ_w²."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from propagation.charts import rows
from propagation.charts.compare import SYMBOLS
from propagation.charts.theme import Palette, base_layout, palette
from propagation.formatting import number
from propagation.labs.papers.schoenholz import Decay, Scales

HEIGHT = 400
#: decades of differences, and of layers, that are drawn
_GAPS, _LAYERS = (-6, 0), (0, 3)
_MARGIN = {"l": 58, "r": 14, "t": 8, "b": 46}


def decay_chart(scales: Scales, *, appearance: str = "light") -> go.Figure:
    """What is left of a difference in correlation, layer by layer: marks as measured, lines with the slope of theory."""
    colours = palette(appearance)
    data: list[dict] = []
    depth = max(len(decay.c_gap) for decay in scales.decays)
    for place, decay in enumerate(scales.decays):
        data += _decay(decay, colours.compare[place], SYMBOLS[place])
    layout = _layout(colours, "decay", "σ_w²") | {
        "xaxis": _axis(colours, "layer") | {"range": [0, depth + 0.5], "tickvals": [1, *range(5, depth + 1, 5)]},
        "yaxis": rows.decade_axis(_GAPS, colours)
        | {"title": {"text": "what is left of a difference", "standoff": 2, "font": {"size": 14}}},
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _decay(decay: Decay, colour: str, symbol: str) -> list[dict]:
    """Marks down to the noise or the edge of the chart, and theory's straight line anchored at the first of them."""
    name = number(decay.weight_variance)
    gap = np.log10(decay.c_gap[: decay.c_layers])
    shown = gap >= _GAPS[0]
    layers = np.arange(1, len(gap) + 1)[shown]
    theory = gap[0] - (layers - 1) / (decay.scales.xi_c * math.log(10))
    common = {"type": "scatter", "legendgroup": name, "x": layers.tolist()}
    text = f"σ_w² {name}<br>ξ_c {number(decay.xi_c)} layers, theory {number(decay.scales.xi_c)}"
    line = {"color": colour, "width": 1.5}
    return [
        common | {"name": f"{name} theory", "mode": "lines", "y": rows.numbers(theory), "line": line, "hoverinfo": "skip"}
        | {"showlegend": False},
        common
        | {"name": name, "mode": "markers", "y": rows.numbers(gap[shown]), "marker": {"color": colour, "size": 7, "symbol": symbol}}
        | {"hovertemplate": f"{text}<extra></extra>"},
    ]  # fmt: skip


def scales_chart(scales: Scales, *, appearance: str = "light") -> go.Figure:
    """ξ_c and ξ_q against σ_w²: lines by the formula, marks as measured; the critical σ_w², where ξ_c is infinite, is marked."""
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
                    "y": rows.numbers(np.log10([measured])),
                    "marker": {"color": colours.compare[place], "size": 10, "symbol": symbol, "line": {"width": 2}},
                    "hovertemplate": f"{text}<extra></extra>",
                    "showlegend": False,
                }
            )
    line = {"color": colours.muted, "width": 1.5, "dash": "dot"}
    layout = _layout(colours, "scales", "") | {
        "xaxis": _axis(colours, "weight variance σ_w²") | {"range": [0, float(scales.scan[-1])], "nticks": 6},
        "yaxis": rows.decade_axis(_LAYERS, colours) | {"title": {"text": "depth scale, in layers", "standoff": 2, "font": {"size": 14}}},
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
    return common | {"x": np.round(x, 3).tolist(), "y": rows.numbers(np.log10(y)), "connectgaps": False}


def _layout(colours: Palette, name: str, legend: str) -> dict:
    return base_layout(colours) | {
        "height": HEIGHT,
        "margin": _MARGIN,
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": name,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "title": {"text": legend}},
    }


def _axis(colours: Palette, title: str) -> dict:
    return {"title": {"text": title, "standoff": 4, "font": {"size": 14}}, "fixedrange": True, "gridcolor": colours.grid, "zeroline": False}
