"""Marks: the lines, dots, bands and words that charts are made of, as plain data for Plotly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from propagation.charts.theme import translucent

#: a shape for each place of the palette's `compare` colours, as Plotly and as a page's text call it
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
GLYPHS = ("●", "■", "◆", "▲", "✚", "✖")
#: and a stroke, so that lines differ for those who see colours alike; svg.js knows them, too
DASHES = ("solid", "longdash", "dot", "dashdot", "longdashdot", "3px,9px")


def numbers(values: np.ndarray, digits: int = 4) -> list[float | None]:
    """Return values for a chart: None where there is nothing to draw."""
    return [round(value, digits) if math.isfinite(value) else None for value in values.tolist()]


def thinned(depth: int, most: int) -> np.ndarray:
    """Return the layers 1 … depth, of more than `most` so many, evenly spread, first and last included."""
    return np.unique(np.linspace(1, depth, min(depth, most)).round().astype(int))


def dot_size(count: int, few: int = 60, many: int = 150) -> float:
    """Return the size of each of so many dots in a row: large where they are few, small where they are more than `many`."""
    return 7 if count <= few else 5 if count <= many else 3.5


def line(name: str, x: list, y: np.ndarray, style: dict, **settings: Any) -> dict:
    """Return a line without words of its own; it is broken where a value is not finite."""
    return {"type": "scatter", "name": name, "mode": "lines", "x": x, "y": numbers(y), "line": style, "hoverinfo": "skip"} | settings


def dots(name: str, x: list, y: np.ndarray, marker: dict, texts: Sequence[str] | None = None, **settings: Any) -> dict:
    """Return dots, which say `texts` where the pointer is, or nothing."""
    words: dict[str, Any] = {"hoverinfo": "skip"} if texts is None else {"text": texts, "hovertemplate": "%{text}<extra></extra>"}
    where = {"type": "scatter", "name": name, "mode": "markers", "cliponaxis": False, "x": x, "y": numbers(y), "marker": marker}
    return where | words | settings


def band(x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, opacity: float = 0.22, **settings: Any) -> dict:
    """Return the area between two lines, where both can be drawn."""
    drawn = np.isfinite(low) & np.isfinite(high)
    within = x[drawn].tolist()
    return {
        "type": "scatter",
        "mode": "lines",
        "x": within + within[::-1],
        "y": numbers(high[drawn]) + numbers(low[drawn])[::-1],
        "fill": "toself",
        "fillcolor": translucent(colour, opacity),
        "line": {"width": 0},
        "hoverinfo": "skip",
    } | settings


def note(text: str, colour: str, size: float, x: float, y: float, **settings: Any) -> dict:
    """Return a word in the chart, at (x, y) of the axes that `settings` name."""
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": {"color": colour, "size": size}} | settings


def vertical(x: float, colour: str, dash: str = "dot", **settings: Any) -> dict:
    """Return a line from the bottom of the plot to its top, as a shape."""
    style = {"color": colour, "width": 1.5, "dash": dash}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": style} | settings


def title(text: str, top: float, colour: str, size: int = 14) -> dict:
    """Return a line of text that stands on the height `top`, 0 … 1 of the plot, at its left edge."""
    return note(text, colour, size, 0, top, xref="paper", yref="paper", xanchor="left", yanchor="bottom")
