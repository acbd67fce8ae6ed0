"""Charts of angles: correlations against depth, a circle of inputs in three dimensions, and its length and curvature."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from propagation.charts import rows
from propagation.charts.axes import decade_windows
from propagation.charts.theme import Palette, base_layout, palette
from propagation.formatting import from_log10, number, power_of_ten
from propagation.labs.manifold import FLOOR, STARTS, Angles, Circle
from propagation.theory.manifold import CirclePrediction
from propagation.trials import over_trials

ANGLES_HEIGHT, SPACE_HEIGHT, GEOMETRY_HEIGHT = 500, 400, 400
#: seconds of one turn are these many frames of 60 ms
_FRAMES = 72
_ELEVATION, _DISTANCE = 0.55, 1.55


def angles_chart(angles: Angles, theory: np.ndarray | None, *, appearance: str = "light") -> go.Figure:
    """Two rows: c on a straight axis and 1 − c on a logarithmic one; dots (median over trials), band, and thin lines for theory.

    `theory` is 1 − c, (depth + 1, pairs).
    """
    colours = palette(appearance)
    depth = angles.config.depth
    layers = np.arange(depth + 1)
    median, low, high = over_trials(angles.log10_eps)
    drawn = median[np.isfinite(median)]
    window = decade_windows([(drawn.min(), 0.3)])[0] if drawn.size else (-2, 1)
    data: list[dict] = []
    for pair, colour in reversed(list(enumerate(colours.compare))):
        upper, lower = {"xaxis": "x", "yaxis": "y"}, {"xaxis": "x", "yaxis": "y2"}
        if len(angles.log10_eps) > 1:
            data.append(rows.band(layers, 1 - 10 ** high[:, pair], 1 - 10 ** low[:, pair], colour))
            data.append(rows.band(layers, low[:, pair], high[:, pair], colour, yaxis="y2"))
        data.append(upper | _dots(layers, 1 - 10 ** median[:, pair], pair, colour) | {"hovertemplate": "%{text}<extra></extra>"})
        data[-1]["text"] = _hovers(median[:, pair], None if theory is None else theory[:, pair], colour)
        data.append(lower | _dots(layers, median[:, pair], pair, colour) | {"showlegend": False, "hoverinfo": "skip"})
        if theory is not None:
            data += [upper | _line(layers, 1 - theory[:, pair], colours), lower | _line(layers, _log10(theory[:, pair]), colours)]
    layout = base_layout(colours) | {
        "height": ANGLES_HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 56, "b": 50, "pad": 4},
        "hovermode": "x unified",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.055, "yanchor": "bottom", "traceorder": "reversed", "itemsizing": "constant"},
        "uirevision": f"depth {depth}",
        "xaxis": rows.layer_axis(depth, colours) | {"anchor": "y2"},
        "yaxis": {
            "domain": [0.55, 1],
            "range": [-1.05, 1.05],
            "tickvals": [-1, -0.5, 0, 0.5, 1],
            "fixedrange": True,
            "gridcolor": colours.grid,
            "zeroline": False,
        },
        "yaxis2": rows.decade_axis(window, colours) | {"domain": [0, 0.45]},
        "annotations": [
            rows.title("<b>correlation c</b> of two inputs", 1, colours.forward_text),
            rows.title("<b>1 − c</b>, how far they are apart", 0.45, colours.forward_text),
            *_merged(median, colours, window),
        ],
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _dots(layers: np.ndarray, values: np.ndarray, pair: int, colour: str) -> dict:
    return {
        "type": "scatter",
        "name": f"c = {_start(pair)}",
        "mode": "markers",
        "x": layers.tolist(),
        "y": rows.numbers(values),
        "marker": {"color": colour, "size": 7 if len(layers) <= 60 else 4, "symbol": _SYMBOLS[pair]},
        "cliponaxis": False,
    }


_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "triangle-down", "x")


def _start(pair: int) -> str:
    """The cosine a pair of inputs starts at, in full."""
    return f"{1 - STARTS[pair]:.6g}".replace("-", "−")


def _line(layers: np.ndarray, values: np.ndarray, colours: Palette) -> dict:
    return {
        "type": "scatter",
        "name": "theory",
        "mode": "lines",
        "x": layers.tolist(),
        "y": rows.numbers(values),
        "line": {"color": colours.text, "width": 1.25},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _hovers(median: np.ndarray, theory: np.ndarray | None, colour: str) -> list[str]:
    """What the hover box says of one pair in each layer."""
    texts = []
    for layer, value in enumerate(median):
        text = f'<span style="color:{colour}">●</span> 1 − c = {from_log10(value)}'
        if np.isneginf(value):
            text = f'<span style="color:{colour}">●</span> 1 − c below {power_of_ten(round(math.log10(FLOOR)))}'
        if theory is not None and np.isfinite(theory[layer]):
            text += f", theory {number(theory[layer])}"
        texts.append(text)
    return texts


def _merged(median: np.ndarray, colours: Palette, window: tuple[int, int]) -> list[dict]:
    """A word at the edge where two inputs have become one for the arithmetic."""
    if not np.isneginf(median).any():
        return []
    first = int(np.flatnonzero(np.isneginf(median).any(axis=1))[0])
    return [
        {
            "x": first,
            "y": window[0],
            "xref": "x",
            "yref": "y2",
            "xanchor": "left" if first < len(median) / 2 else "right",
            "yanchor": "bottom",
            "text": f"▼ closer than {power_of_ten(round(math.log10(FLOOR)))}: one input",
            "showarrow": False,
            "font": {"color": colours.muted, "size": 13},
        }
    ]


def space_chart(circle: Circle, layer: int, *, appearance: str = "light") -> go.Figure:
    """The circle in z of one layer (0: the inputs) along its three leading directions, coloured by its angle; a button turns it."""
    colours = palette(appearance)
    points = np.concatenate((circle.points[layer], circle.points[layer][:1]))
    reach = float(np.abs(points).max()) or 1.0
    wheel = [*colours.compare[:4], colours.compare[0]]
    curve = {
        "type": "scatter3d",
        "name": "circle",
        "mode": "lines",
        **{axis: np.round(points[:, i] / reach, 4).tolist() for i, axis in enumerate("xyz")},
        "line": {
            "width": 7,
            "color": np.linspace(0, 1, len(points)).round(4).tolist(),
            "colorscale": [[i / (len(wheel) - 1), colour] for i, colour in enumerate(wheel)],
        },
        "hoverinfo": "skip",
    }
    axis = {
        "range": [-1.05, 1.05],
        "showticklabels": False,
        "ticks": "",
        "title": {"text": ""},
        "showspikes": False,
        "showbackground": False,
        "gridcolor": colours.grid,
        "zerolinecolor": colours.grid,
        "linecolor": colours.grid,
    }
    layout = base_layout(colours) | {
        "height": SPACE_HEIGHT,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "uirevision": "circle",
        "scene": {
            "xaxis": axis,
            "yaxis": axis,
            "zaxis": axis,
            "aspectmode": "cube",
            "camera": _camera(0.125),
            "dragmode": "orbit",
        },
        "updatemenus": [_turn_button(colours)],
    }
    frames = [{"name": str(i), "layout": {"scene": {"camera": _camera(0.125 + i / _FRAMES)}}} for i in range(1, _FRAMES + 1)]
    return go.Figure({"data": [curve], "layout": layout, "frames": frames}, _validate=False)


def _camera(turn: float) -> dict:
    """A view from a place on a circle around the curve; `turn` in whole turns."""
    angle = 2 * math.pi * turn
    return {"eye": {"x": round(_DISTANCE * math.cos(angle), 4), "y": round(_DISTANCE * math.sin(angle), 4), "z": _ELEVATION}}


def _turn_button(colours: Palette) -> dict:
    """Nothing turns by itself: who wants motion asks for it."""
    timing = {"frame": {"duration": 60, "redraw": True}, "transition": {"duration": 0}, "mode": "immediate", "fromcurrent": False}
    return {
        "type": "buttons",
        "showactive": False,
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "top",
        "bgcolor": colours.panel,
        "bordercolor": colours.grid,
        "font": {"size": 13, "color": colours.text},
        "buttons": [{"label": "⟳ turn once", "method": "animate", "args": [None, timing]}],
    }


def geometry_chart(circle: Circle, prediction: CirclePrediction | None, layer: int, *, appearance: str = "light") -> go.Figure:
    """Two rows to one scale: the circle's length and its curvature, relative to the inputs'; dots (median over draws), band, theory."""
    colours = palette(appearance)
    depth = len(circle.points) - 1
    layers = np.arange(depth + 1)
    series = [
        ("length", circle.log10_length, None if prediction is None else prediction.log10_length, "forward"),
        ("curvature", circle.log10_curvature, None if prediction is None else prediction.log10_curvature, "weight_gradient"),
    ]
    lines = [None if theory is None else theory[: depth + 1] for _, _, theory, _ in series]
    extremes = []
    for (_, measured, _, _), line in zip(series, lines, strict=True):
        everything = np.concatenate([measured.ravel(), [0.0] if line is None else line])
        finite = everything[np.isfinite(everything)]
        extremes.append((float(finite.min()), float(finite.max())))
    windows = decade_windows(extremes)
    data: list[dict] = []
    annotations: list[dict] = []
    layout = base_layout(colours) | {
        "height": GEOMETRY_HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 24, "b": 50, "pad": 4},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "uirevision": f"depth {depth}",
        "xaxis": rows.layer_axis(depth, colours) | {"anchor": "y2"},
        "shapes": [rows.layer_mark(layer, colours, "paper")],
        "annotations": annotations,
    }
    for index, ((name, measured, _, role), line, window) in enumerate(zip(series, lines, windows, strict=True)):
        axis, top = ("y", 1.0) if index == 0 else ("y2", 0.44)
        colour = getattr(colours, role)
        layout[axis.replace("y", "yaxis")] = rows.decade_axis(window, colours) | {"domain": [top - 0.44, top]}
        annotations.append(rows.title(f"<b>{name}</b>, input circle = 1", top, getattr(colours, f"{role}_text")))
        if not np.isfinite(measured[:, 2:]).any() and name == "curvature" and depth > 1:
            annotations.append(_corners(axis, colours))
        median, low, high = over_trials(measured)
        if len(measured) > 1:
            data.append(rows.band(layers, low, high, colour, yaxis=axis))
        texts = [f'<span style="color:{colour}">{name}</span> {from_log10(value)}' for value in median]
        if line is not None:
            texts = [text + (f", theory {from_log10(t)}" if np.isfinite(t) else "") for text, t in zip(texts, line, strict=True)]
        dots = {"name": name, "mode": "markers", "marker": {"color": colour, "size": 7 if depth <= 60 else 4}, "text": texts}
        common = {"type": "scatter", "xaxis": "x", "yaxis": axis, "x": layers.tolist()}
        data.append(common | dots | {"y": rows.numbers(median), "cliponaxis": False, "hovertemplate": "%{text}<extra></extra>"})
        if line is not None:
            data.append(_line(layers, line, colours) | {"name": f"{name} theory", "yaxis": axis})
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _corners(axis: str, colours: Palette) -> dict:
    return {
        "x": 0.5,
        "y": 0.5,
        "xref": "x domain",
        "yref": f"{axis} domain",
        "text": "φ has a kink, so the curve has corners:<br>its curvature is infinite there",
        "showarrow": False,
        "font": {"color": colours.muted},
    }


def _log10(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log10(values)
