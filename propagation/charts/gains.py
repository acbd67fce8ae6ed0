"""Charts of the gain lab: an activation with its slope, and what each σ_w² does to a gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from propagation.activations import Activation
from propagation.charts.axes import named
from propagation.charts.theme import base_layout, figure, palette, translucent
from propagation.formatting import factor, number
from propagation.theory.gains import Gain
from propagation.theory.phases import PhaseGrid

SHAPE_HEIGHT = 300
CURVE_HEIGHT = 300
_REACH = 4.0
#: the gradient factors shown, per layer
_FACTORS = (0.1, 3.0)
#: marks closer than this share of an axis are joined: a mark of two digits is about as wide
_NEAR = 0.08
_EDGELESS = {"line": {"width": 0}, "hoverinfo": "skip"}


def shape_chart(activation: Activation, *, appearance: str = "light") -> go.Figure:
    """Draw φ and φ′ over z, above the bell curve of a pre-activation of size 1."""
    colours = palette(appearance)
    z = np.linspace(-_REACH, _REACH, 401)
    values, slopes = activation.evaluate(z)
    slopes = _with_gaps(z, slopes, activation.corners)
    top = max(1.1, float(np.max(np.abs(values[np.abs(z) <= 3]))))
    bell = np.exp(-0.5 * z**2) * 0.4 * top
    line = {"type": "scatter", "mode": "lines", "x": z}
    data: list[dict] = [
        line | {"name": "z ~ N(0, 1)", "y": bell, "fill": "tozeroy", "fillcolor": translucent(colours.muted, 0.18)} | _EDGELESS,
        line | {"name": "φ(z)", "y": values, "line": {"color": colours.forward, "width": 3}},
        line | {"name": "φ′(z)", "y": slopes, "line": {"color": colours.backward, "width": 2.5, "dash": "dash"}, "connectgaps": False},
    ]
    quiet = {"fixedrange": True, "gridcolor": colours.grid, "hoverformat": ".3g"}
    layout = base_layout(colours) | {
        "height": SHAPE_HEIGHT,
        "margin": {"l": 40, "r": 8, "t": 8, "b": 40},
        "showlegend": True,
        "legend": {"x": 0.02, "y": 0.98, "bgcolor": translucent(colours.background, 0.7)},
        "hovermode": "x unified",
        "dragmode": False,
        "xaxis": quiet | {"title": named("pre-activation z")},
        "yaxis": quiet | {"range": [-top, 1.15 * top], "zerolinecolor": colours.grid},
    }
    return figure(data, layout)


def gain_chart(grid: PhaseGrid, rules: Sequence[Gain], *, appearance: str = "light") -> go.Figure:
    """Draw χ₁ at the fixed point against σ_w² (the first row of `grid`), with numbered marks for the rules, at the edge if outside."""
    colours = palette(appearance)
    x, chi = grid.weight_variances, grid.chi_1[0]
    with np.errstate(divide="ignore"):
        curve = np.log10(chi)
    low, high = (math.log10(edge) for edge in _FACTORS)
    marks = _marks(rules, float(x[-1]), (low, high))
    ticks = (0.1, 0.3, 0.5, 1, 2, 3)
    data: list[dict] = [
        {
            "type": "scatter",
            "name": "χ₁",
            "mode": "lines",
            "x": x,
            "y": np.where(np.isfinite(curve), curve, np.nan),
            "line": {"color": colours.backward, "width": 3},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "name": "rules",
            "mode": "markers+text",
            "x": [mark[0][0] for mark in marks],
            "y": [mark[0][1] for mark in marks],
            "text": ["·".join(str(place) for _, _, place, _ in mark) for mark in marks],
            "textposition": "middle center",
            "textfont": {"size": 13, "color": colours.background},
            "marker": {"size": [22 + 9 * (len(mark) - 1) for mark in marks], "color": colours.text, "opacity": 1},
            "hovertext": ["<br>".join(_hover(rule) for *_, rule in mark) for mark in marks],
            "hovertemplate": "%{hovertext}<extra></extra>",
            "cliponaxis": False,
        },
    ]
    layout = base_layout(colours) | {
        "height": CURVE_HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 8, "b": 44},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": {
            "title": named("weight variance σ_w²"),
            "range": [0, float(x[-1])],
            "fixedrange": True,
            "gridcolor": colours.grid,
        },
        "yaxis": {
            "title": named("χ₁, per layer"),
            "range": [low, high],
            "tickvals": [math.log10(tick) for tick in ticks],
            "ticktext": [factor(tick) for tick in ticks],
            "fixedrange": True,
            "gridcolor": colours.grid,
            "zerolinecolor": colours.text,
            "zerolinewidth": 2,
        },
    }
    return figure(data, layout)


def _marks(rules: Sequence[Gain], end: float, window: tuple[float, float]) -> list[list[tuple[float, float, int, Gain]]]:
    """Return the rules' marks, each a list of (σ_w², log₁₀ χ₁, number, rule): those that would overlap share a place."""
    low, high = window
    marks: list[list[tuple[float, float, int, Gain]]] = []
    for place, rule in enumerate(rules, 1):
        if rule.why_not or math.isnan(rule.chi_1):
            continue
        x = min(rule.weight_variance, end)
        y = min(max(math.log10(rule.chi_1), low), high) if rule.chi_1 > 0 else low
        near = (mark for mark in marks if abs(mark[0][0] - x) < _NEAR * end and abs(mark[0][1] - y) < _NEAR * (high - low))
        mark = next(near, None)
        if mark is None:
            marks.append(mark := [])
        mark.append((x, y, place, rule))
    return marks


def _hover(rule: Gain) -> str:
    return f"{rule.label}: σ_w² = {number(rule.weight_variance)}, χ₁ = {number(rule.chi_1)}"


def _with_gaps(z: np.ndarray, slopes: np.ndarray, kinks: tuple[float, ...]) -> np.ndarray:
    """Return the slope with a gap where it jumps, so that no line is drawn through the jump."""
    broken = slopes.copy()
    for kink in kinks:
        broken[np.argmin(np.abs(z - kink))] = np.nan
    return broken
