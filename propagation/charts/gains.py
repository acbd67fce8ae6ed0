"""Charts of the gain lab: an activation with its slope, and what each σ_w² does to a gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from propagation.activations import Activation
from propagation.charts.axes import bare, named
from propagation.charts.marks import dots, line, note
from propagation.charts.theme import Palette, base_layout, figure, palette, translucent
from propagation.formatting import factor, number
from propagation.theory.gains import Gain

SHAPE_HEIGHT = 300
CURVE_HEIGHT = 300
_REACH = 4.0
#: log₁₀ of the gradient factors shown, per layer
_WINDOW = (-1.0, math.log10(3.0))
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


@dataclass(frozen=True)
class Curve:
    """χ₁ of a deep network at each of these σ_w², two (k,) arrays, and the rules that are marked on it."""

    weight_variances: np.ndarray
    chi_1: np.ndarray
    rules: Sequence[Gain]


@dataclass(frozen=True)
class Here:
    """Where the visitor stands: a σ_w², the χ₁ of a deep network with it, and, if not as it is written, what that σ_w² is `said` to be."""

    weight_variance: float
    chi_1: float
    said: str = ""


#: names of what moves: the curve, the marks of so many rules each, the visitor's cross
MOVING = ("χ₁", *(f"rules {count}" for count in range(1, 9)), "here")


def gain_chart(curve: Curve, here: Here, *, appearance: str = "light") -> go.Figure:
    """Draw χ₁ at the fixed point against σ_w², with numbered marks for the rules, and a cross at `here`, at the edge if outside."""
    colours = palette(appearance)
    ticks = (0.1, 0.3, 0.5, 1, 2, 3)
    layout = base_layout(colours) | {
        "height": CURVE_HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 8, "b": 44},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": {
            "title": named("weight variance σ_w²"),
            "range": [0, float(curve.weight_variances[-1])],
            "fixedrange": True,
            "gridcolor": colours.grid,
        },
        "yaxis": {
            "title": named("χ₁, per layer"),
            "range": list(_WINDOW),
            "tickvals": [math.log10(tick) for tick in ticks],
            "ticktext": [factor(tick) for tick in ticks],
            "fixedrange": True,
            "gridcolor": colours.grid,
            "zerolinecolor": colours.text,
            "zerolinewidth": 2,
        },
    }
    data, notes = _moving(curve, here, layout["xaxis"]["range"][1], colours)
    return figure(data, layout | {"annotations": notes})


def gain_spec(layout: dict, curve: Curve, here: Here, *, appearance: str = "light") -> dict:
    """Return what moves alone, as plain data of a figure to lie over a chart with this layout."""
    data, notes = _moving(curve, here, layout["xaxis"]["range"][1], palette(appearance))
    return {"data": data, "layout": bare(layout) | {"annotations": notes}}


def _moving(curve: Curve, here: Here, end: float, colours: Palette) -> tuple[list[dict], list[dict]]:
    """Return the curve, the marks of the rules and the cross, on an axis that goes as far as `end`, and the words beside the cross."""
    with np.errstate(divide="ignore"):
        log10_chi = np.log10(curve.chi_1)
    style = {"color": colours.backward, "width": 3}
    data = [line(MOVING[0], curve.weight_variances.tolist(), log10_chi, style)]
    marks = _marks(curve.rules, end)
    for count in sorted({len(mark) for mark in marks}):
        alike = [mark for mark in marks if len(mark) == count]
        data.append(
            {
                "type": "scatter",
                "name": f"rules {count}",
                "mode": "markers+text",
                "x": [mark[0][0] for mark in alike],
                "y": [mark[0][1] for mark in alike],
                "text": ["·".join(str(place) for _, _, place, _ in mark) for mark in alike],
                "textposition": "middle center",
                "textfont": {"size": 13, "color": colours.background},
                "marker": {"size": 22 + 9 * (count - 1), "color": colours.text, "opacity": 1},
                "hovertext": ["<br>".join(_hover(rule) for *_, rule in mark) for mark in alike],
                "hovertemplate": "%{hovertext}<extra></extra>",
                "cliponaxis": False,
            }
        )
    x, y = min(here.weight_variance, end), _within(here.chi_1)
    cross = {"symbol": "x-thin", "size": 15, "line": {"width": 4, "color": colours.forward_text}}
    data.append(dots(MOVING[-1], [x], np.array([y]), cross))
    beyond = " →" if here.weight_variance > end else ""
    text = f"<b>you</b>, σ_w² {here.said or number(here.weight_variance)}{beyond}: {factor(here.chi_1)}"
    side = {"xanchor": "left", "xshift": 8} if x < 0.6 * end else {"xanchor": "right", "xshift": 4}
    height = {"yanchor": "bottom", "yshift": 10} if y < _WINDOW[0] + 0.2 else {"yanchor": "top", "yshift": -12}
    return data, [note(text, colours.forward_text, 14, x, y, name=MOVING[-1], xref="x", yref="y", **side, **height)]


def _within(chi_1: float) -> float:
    """Return log₁₀ χ₁, at the edge of the chart where it is outside."""
    low, high = _WINDOW
    return min(max(math.log10(chi_1), low), high) if chi_1 > 0 else low


def _marks(rules: Sequence[Gain], end: float) -> list[list[tuple[float, float, int, Gain]]]:
    """Return the rules' marks, each a list of (σ_w², log₁₀ χ₁, number, rule): those that would overlap share a place."""
    low, high = _WINDOW
    marks: list[list[tuple[float, float, int, Gain]]] = []
    for place, rule in enumerate(rules, 1):
        if rule.why_not or math.isnan(rule.chi_1):
            continue
        x = min(rule.weight_variance, end)
        y = _within(rule.chi_1)
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
