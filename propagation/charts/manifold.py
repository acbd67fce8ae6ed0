"""Charts of angles: correlations against depth, a circle of inputs in three dimensions, and its length and curvature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import decade_axis, decade_windows, layer_axis, linear_axis, stack_axis
from propagation.charts.marks import GLYPHS, SYMBOLS, band, dots, line, note, title, vertical
from propagation.charts.rows import Place, bottom_line, extremes, size_axes, stack, stack_layout
from propagation.charts.theme import Palette, base_layout, figure, palette
from propagation.formatting import from_log10, number, power_of_ten
from propagation.labs.manifold import FLOOR, STARTS, Angles, Circle
from propagation.theory.manifold import CirclePrediction
from propagation.trials import over_trials

ANGLES_HEIGHT, SPACE_HEIGHT, GEOMETRY_HEIGHT = 500, 400, 400
#: seconds of one turn are these many frames of 60 ms
_FRAMES = 72
_ELEVATION, _DISTANCE = 0.55, 1.55
#: names of the pairs of inputs, by the cosine they start at
PAIRS = tuple(f"c = {1 - start:.6g}".replace("-", "−") for start in STARTS)


def angles_chart(angles: Angles, theory: np.ndarray | None, *, appearance: str = "light") -> go.Figure:
    """Draw two rows: c on a straight axis and 1 − c on a logarithmic one; dots (median over trials), band, and thin lines for theory.

    `theory` is 1 − c, (depth + 1, pairs).
    """
    spec = angles_spec(angles, theory, appearance=appearance)
    return figure(spec["data"], spec["layout"])


def angles_spec(angles: Angles, theory: np.ndarray | None, *, appearance: str = "light", hover: bool = True) -> dict:
    """Return the figure of `angles_chart` as plain data, without `hover` for when no pointer is on it."""
    colours = palette(appearance)
    depth = angles.config.depth
    layers = np.arange(depth + 1)
    x = layers.tolist()
    median, low, high = over_trials(angles.log10_eps)
    drawn = median[np.isfinite(median)]
    window = decade_windows([(drawn.min(), 0.3)])[0] if drawn.size else (-2, 1)
    thin = {"color": colours.text, "width": 1.25}
    upper: dict[str, Any] = {"xaxis": "x", "yaxis": "y"}
    lower = upper | {"yaxis": "y2"}
    data: list[dict] = []
    for pair, colour in reversed(list(enumerate(colours.compare))):
        name = PAIRS[pair]
        if len(angles.log10_eps) > 1:
            data.append(band(layers, 1 - 10 ** high[:, pair], 1 - 10 ** low[:, pair], colour, name=f"{name} band", **upper))
            data.append(band(layers, low[:, pair], high[:, pair], colour, name=f"{name} band", **lower))
        marker = {"color": colour, "size": _dot_size(depth), "symbol": SYMBOLS[pair]}
        words = _hovers(median[:, pair], None if theory is None else theory[:, pair], colour) if hover else None
        data.append(dots(name, x, 1 - 10 ** median[:, pair], marker, words, **upper))
        data.append(dots(name, x, median[:, pair], marker, **lower))
        if theory is not None:
            data.append(line(f"{name} theory", x, 1 - theory[:, pair], thin, **upper))
            data.append(line(f"{name} theory", x, _log10(theory[:, pair]), thin, **lower))
    places = [Place("y", [0.55, 1], (-1, 1)), Place("y2", [0, 0.45], window)]
    layout = (
        stack_layout(colours, ANGLES_HEIGHT, 56, 50, f"depth {depth}")
        | {
            "template": {},  # as in `signals_spec`
            "xaxis": stack_axis(depth, "y2") | {"ticks": ""},
            **size_axes(places[1:], colours),
            "yaxis": linear_axis(-1.05, 1.05, colours, domain=places[0].domain, anchor="x"),
            "annotations": [
                title("<b>correlation c</b> of two inputs", 1, colours.forward_text) | {"yshift": 20},
                title(_key(colours), 1, colours.text, 13),
                title("<b>1 − c</b>, how far they are apart", 0.45, colours.forward_text),
                *_merged(median, colours, window),
                *bottom_line(_bottom_words(angles, theory), colours),
            ],
        }
    )
    return {"data": data, "layout": layout}


def _key(colours: Palette) -> str:
    """Return which mark is which pair, by the cosine it starts at."""
    marks = (
        f'<span style="color:{colour}">{glyph}</span> {name[4:]}'
        for colour, glyph, name in zip(colours.compare, GLYPHS, PAIRS, strict=True)
    )
    return "start: " + "  ".join(marks)


def _bottom_words(angles: Angles, theory: np.ndarray | None) -> str:
    trials = len(angles.log10_eps)
    parts = [f"● median of {trials} networks"] if trials > 1 else ["● one network"]
    return "  ".join(parts + ([] if theory is None else ["─ theory"]))


def _dot_size(depth: int) -> int:
    return 7 if depth <= 60 else 4


def _hovers(median: np.ndarray, theory: np.ndarray | None, colour: str) -> list[str]:
    """Return what the hover box says of one pair in each layer."""
    texts = []
    for layer, value in enumerate(median):
        size = f"below {power_of_ten(round(math.log10(FLOOR)))}" if np.isneginf(value) else f"= {from_log10(value)}"
        text = f'<span style="color:{colour}">●</span> 1 − c {size}'
        if theory is not None and np.isfinite(theory[layer]):
            text += f", theory {number(theory[layer])}"
        texts.append(text)
    return texts


def _merged(median: np.ndarray, colours: Palette, window: tuple[int, int]) -> list[dict]:
    """Return a word at the edge where two inputs have become one for the arithmetic."""
    if not np.isneginf(median).any():
        return []
    first = int(np.flatnonzero(np.isneginf(median).any(axis=1))[0])
    text = f"▼ closer than {power_of_ten(round(math.log10(FLOOR)))}: one input"
    side = "left" if first < len(median) / 2 else "right"
    return [note(text, colours.muted, 13, first, window[0], xref="x", yref="y2", xanchor=side, yanchor="bottom")]


def space_chart(circle: Circle, layer: int, *, appearance: str = "light") -> go.Figure:
    """Draw the circle in z of one layer (0: the inputs) along its three leading directions, coloured by its angle; a button turns it."""
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
    """Return a view from a place on a circle around the curve; `turn` in whole turns."""
    angle = 2 * math.pi * turn
    return {"eye": {"x": round(_DISTANCE * math.cos(angle), 4), "y": round(_DISTANCE * math.sin(angle), 4), "z": _ELEVATION}}


def _turn_button(colours: Palette) -> dict:
    """Return the button that turns the curve once: nothing moves by itself, who wants motion asks for it."""
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
    """Draw two rows to one scale: the circle's length and its curvature, relative to the inputs'.

    Dots are medians over draws, the band holds them, the line is theory; `layer` is marked.
    """
    colours = palette(appearance)
    depth = len(circle.points) - 1
    layers = np.arange(depth + 1)
    length, curvature = (None, None) if prediction is None else (prediction.log10_length, prediction.log10_curvature)
    series = [
        ("length", circle.log10_length, None if length is None else length[: depth + 1], "forward"),
        ("curvature", circle.log10_curvature, None if curvature is None else curvature[: depth + 1], "weight_gradient"),
    ]
    sizes = [extremes([measured, np.zeros(1) if theory is None else theory]) for _, measured, theory, _ in series]
    places = stack([[0.56, 1.0], [0.0, 0.44]], sizes)
    data: list[dict] = []
    notes: list[dict] = []
    for (name, measured, theory, role), place in zip(series, places, strict=True):
        colour = getattr(colours, role)
        at: dict[str, Any] = {"xaxis": "x", "yaxis": place.yaxis}
        notes.append(title(f"<b>{name}</b>, input circle = 1", place.top, getattr(colours, f"{role}_text")))
        if not np.isfinite(measured[:, 2:]).any() and name == "curvature" and depth > 1:
            notes.append(_corners(place.yaxis, colours))
        median, low, high = over_trials(measured)
        if len(measured) > 1:
            data.append(band(layers, low, high, colour, showlegend=False, **at))
        texts = [f'<span style="color:{colour}">{name}</span> {from_log10(value)}' for value in median]
        if theory is not None:
            texts = [text + (f", theory {from_log10(t)}" if np.isfinite(t) else "") for text, t in zip(texts, theory, strict=True)]
        data.append(dots(name, layers.tolist(), median, {"color": colour, "size": _dot_size(depth)}, texts, **at))
        if theory is not None:
            thin = {"color": colours.text, "width": 1.25}
            data.append(line(f"{name} theory", layers.tolist(), theory, thin, showlegend=False, yaxis=place.yaxis))
    layout = stack_layout(colours, GEOMETRY_HEIGHT, 24, 50, f"depth {depth}") | {
        "hoversubplots": "axis",
        "xaxis": layer_axis(depth, colours) | {"anchor": "y2"},
        "yaxis": decade_axis(places[0].window, colours) | {"domain": places[0].domain},
        "yaxis2": decade_axis(places[1].window, colours) | {"domain": places[1].domain},
        "shapes": [vertical(layer, colours.muted, layer="below")],
        "annotations": notes,
    }
    return figure(data, layout)


def _corners(yaxis: str, colours: Palette) -> dict:
    text = "φ has a kink, so the curve has corners:<br>its curvature is infinite there"
    return note(text, colours.muted, 14, 0.5, 0.5, xref="x domain", yref=f"{yaxis} domain", font={"color": colours.muted})


def _log10(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log10(values)
