"""The trainability map: what networks of every depth and σ_w² learned, the line of theory over it, and where the visitor stands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import named
from propagation.charts.marks import note, vertical
from propagation.charts.theme import Palette, base_layout, figure, palette, translucent
from propagation.formatting import number, percent
from propagation.labs.trainability import REACH, Grid, Place, TrainabilityMap, reach
from propagation.labs.training import CHANCE

HEIGHT = 540
#: points of the line of theory
_ON_LINE = 400
#: where along the axis of σ_w² the line has its label
_LABEL_AT = 0.8
_LARGEST = 1e6


def trainability_chart(
    trainability: TrainabilityMap, critical: float, weight_variance: float, depth: int, *, appearance: str = "light"
) -> go.Figure:
    """Draw colour for held-out accuracy, the line depth = 6 ξ_c(σ_w²), the critical σ_w² (NaN: none) and a cross.

    The cross stands at (`weight_variance`, `depth`). A dot marks a cell that is not trained yet, a stroke one that failed or ran away.
    Invisible points in the middle of the cells catch hovers and clicks.
    """
    colours = palette(appearance)
    grid = trainability.grid
    left, right = edges(grid.weight_variances)
    bottom, top = (math.exp(edge) for edge in edges(np.log(grid.depths)))
    across = np.linspace(max(left, 0.0), right, _ON_LINE)
    line = np.clip(reach(grid.base, across), None, _LARGEST)
    data = [
        {
            "type": "heatmap",
            "name": "accuracy",
            "x": grid.weight_variances,
            "y": grid.depths,
            "z": np.where(trainability.trained, trainability.accuracy, np.nan).astype(np.float32),
            "zmin": CHANCE,
            "zmax": 1,
            "colorscale": _scale(colours),
            "showscale": False,
            "xgap": 1,
            "ygap": 1,
            "hoverinfo": "skip",
        },
        _marked("untrained", _untrained(trainability), grid, {"symbol": "circle", "size": 3, "color": colours.muted}),
        _marked(
            "failed", _failed(trainability), grid, {"symbol": "line-ne-open", "size": 9, "line": {"width": 1.5}, "color": colours.muted}
        ),
        *_line(across, line, colours),
        _here(weight_variance, depth, (left, right), (bottom, top), colours),
        _targets(trainability, colours),
    ]
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 58, "r": 20, "t": 46, "b": 52},
        "hovermode": "closest",
        "hoverdistance": 60,  # anywhere in a cell is near enough to its middle
        "clickmode": "event+select",
        "dragmode": False,
        "uirevision": "trainability",
        "xaxis": _axis("weight variance σ_w²", colours) | {"range": [left, right]},
        "yaxis": _axis("depth (layers)", colours)
        | {"type": "log", "range": [math.log10(bottom), math.log10(top)]}
        | {"tickvals": (ticks := _ticks(grid.depths)), "ticktext": [f"{tick:,}" for tick in ticks]},
        "annotations": [*_line_label(across, line, (bottom, top), colours), *_critical_label(critical, left, right, colours)],
        "shapes": [vertical(critical, colours.text)] if left < critical < right else [],
    }
    return figure(data, layout)


def edges(places: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return where the first cell begins and the last one ends, half a step beyond their places; one cell is one wide."""
    if len(places) == 1:
        return float(places[0]) - 0.5, float(places[0]) + 0.5
    return float(1.5 * places[0] - 0.5 * places[1]), float(1.5 * places[-1] - 0.5 * places[-2])


def _ticks(depths: Sequence[int]) -> list[int]:
    """Return the depths to write beside the axis: every other one where they are many."""
    return list(depths[:: 2 if len(depths) > 8 else 1])


def _line(across: np.ndarray, line: np.ndarray, colours: Palette) -> list[dict]:
    """Return the line in text colour, on a pale one that sets it off from the cells."""
    shared = {"type": "scatter", "mode": "lines", "x": across, "y": line, "hoverinfo": "skip"}
    return [
        shared | {"name": "halo", "line": {"color": translucent(colours.background, 0.75), "width": 6}},
        shared | {"name": "theory", "line": {"color": colours.text, "width": 2.5}},
    ]


def _line_label(across: np.ndarray, line: np.ndarray, window: tuple[float, float], colours: Palette) -> list[dict]:
    """Return what the line is: above it where it falls, to the right of its middle if it can be, and beside it where it only rises."""
    seen = np.flatnonzero((line > 1.1 * window[0]) & (line < 0.7 * window[1]))
    if not seen.size:
        return []
    at = seen[np.argmin(np.abs(seen - _LABEL_AT * _ON_LINE))]
    beside = {"xanchor": "left", "xshift": 8} if line[at] > line[max(at - 1, 0)] else {"yshift": 17}
    return [
        note(f"<b>theory: {REACH} ξ_c</b>", colours.text, 14, float(across[at]), math.log10(line[at]))
        | {"bgcolor": translucent(colours.background, 0.75), "borderpad": 2}
        | beside
    ]


def _critical_label(critical: float, left: float, right: float, colours: Palette) -> list[dict]:
    if not left < critical < right:
        return []
    ground = {"bgcolor": translucent(colours.background, 0.75), "borderpad": 2}
    return [note(f"critical {number(critical)}", colours.text, 13, critical, 0, yref="paper", yanchor="bottom", yshift=4, **ground)]


def _untrained(trainability: TrainabilityMap) -> list[Place]:
    return [place for place in trainability.grid.places if not trainability.trained[place] and place not in trainability.failures]


def _failed(trainability: TrainabilityMap) -> list[Place]:
    """Return the cells that could not be trained, and those that ran away."""
    return [place for place in trainability.grid.places if trainability.diverged[place] or place in trainability.failures]


def _marked(name: str, places: Sequence[Place], grid: Grid, marker: dict) -> dict:
    """Return a mark in the middle of each of these cells."""
    return {
        "type": "scatter",
        "name": name,
        "mode": "markers",
        "x": [grid.weight_variances[column] for _, column in places],
        "y": [grid.depths[row] for row, _ in places],
        "marker": marker,
        "hoverinfo": "skip",
    }


def _here(weight_variance: float, depth: int, x_ends: tuple[float, float], y_ends: tuple[float, float], colours: Palette) -> dict:
    """Return the cross; at the edge, with a word, where the experiment lies outside the map."""
    x, y = (min(max(value, low), high) for value, (low, high) in ((weight_variance, x_ends), (depth, y_ends)))
    words = [f"{depth:,} layer{'s' * (depth > 1)}" * (y != depth), f"σ_w² {number(weight_variance)}" * (x != weight_variance)]
    outside = ", ".join(word for word in words if word)
    return {
        "type": "scatter",
        "name": "here",
        "mode": "markers+text",
        "x": [x],
        "y": [y],
        "text": [f"<b>you: {outside}</b>" if outside else ""],
        "textposition": f"{'bottom' if y > y_ends[0] else 'top'} {'right' if x < sum(x_ends) / 2 else 'left'}",
        "textfont": {"color": colours.backward_text, "size": 14},
        "marker": {"symbol": "x-thin", "size": 15, "line": {"width": 4, "color": colours.backward_text}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _targets(trainability: TrainabilityMap, colours: Palette) -> dict:
    """Return what is hovered over and clicked; it carries the scale of colours, which a heat map without a single value would not show."""
    grid = trainability.grid
    limits = reach(grid.base, np.array(grid.weight_variances))
    return {
        "type": "scatter",
        "name": "targets",
        "mode": "markers",
        "x": [grid.weight_variances[column] for _, column in grid.places],
        "y": [grid.depths[row] for row, _ in grid.places],
        "marker": {"size": 8, "opacity": 0, "color": [CHANCE] * len(grid.places), "cmin": CHANCE, "cmax": 1, "colorbar": _colorbar()}
        | {"colorscale": _scale(colours), "showscale": True},
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}},
        "text": [_cell_in_words(trainability, place, limits[place[1]]) for place in grid.places],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _cell_in_words(trainability: TrainabilityMap, place: Place, limit: float) -> str:
    grid: Grid = trainability.grid
    outcome = trainability.outcome(place)
    if place in trainability.failures:
        result = "could not be trained"
    elif outcome is None:
        result = "not trained yet"
    else:
        result = f"<b>{percent(outcome.accuracy)}</b> of unseen digits right" + (", then it diverged" if outcome.diverged else "")
    cell = f"σ_w² {number(grid.weight_variances[place[1]])}, {grid.depths[place[0]]:,} layers"
    return f"{cell}<br>{result}<br>theory: a signal goes {layers(limit)}"


def layers(limit: float) -> str:
    """Return how deep a signal goes, in words: "680 layers", "to any depth"."""
    return "to any depth" if limit > _LARGEST / 10 else f"{number(float(f'{limit:.2g}'))} layers deep"


def _scale(colours: Palette) -> list[list]:
    return [[0, colours.neutral], [1, colours.forward]]


def _colorbar() -> dict:
    """Return what the colours mean, across the top."""
    return {
        "orientation": "h",
        "x": 0.5,
        "y": 1,
        "yanchor": "bottom",
        "len": 1,
        "thickness": 8,
        "outlinewidth": 0,
        "ypad": 4,
        "xpad": 0,
        "ticklabelposition": "outside top",
        "tickvals": [CHANCE, 0.5, 1],
        "ticktext": ["10 %: chance", "50 % of unseen digits right", "100 %"],
        "tickfont": {"size": 13},
    }


def _axis(title: str, colours: Palette) -> dict:
    return {"title": named(title, 8), "fixedrange": True, "showgrid": False, "zeroline": False, "color": colours.text}
