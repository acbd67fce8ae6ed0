"""Rows of a figure over one layer axis: pieces that charts of something against depth share."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from propagation.charts.axes import decade_ticks, layer_ticks
from propagation.charts.theme import Palette, translucent
from propagation.formatting import power_of_ten

#: for axes whose labels have room: else Plotly measures each of them at every redraw, a tenth of its work, to hide those that stick out
ROOM = {"ticklabeloverflow": "allow"}


def layer_axis(depth: int, colours: Palette) -> dict:
    """The axis of layers 0 … depth with its title."""
    values, texts = layer_ticks(depth)
    return {
        "title": {"text": "layer", "standoff": 4, "font": {"size": 14}},
        "range": [-0.02 * depth, 1.02 * depth],
        "tickvals": values,
        "ticktext": texts,
        "tickangle": 0,
        "fixedrange": True,
        "gridcolor": colours.grid,
        "zeroline": False,
    }


def decade_axis(window: tuple[int, int], colours: Palette) -> dict:
    """A logarithmic axis over whole decades, for values given as log10."""
    bottom, top = window
    values, texts = decade_ticks(bottom, top)
    if 5 < top - bottom <= 12:
        values = [value for value in range(bottom, top + 1) if value % 2 == 0]
        texts = [power_of_ten(value) for value in values]
    return {
        "range": [bottom, top],
        "tickvals": values,
        "ticktext": texts,
        "fixedrange": True,
        "gridcolor": colours.grid,
        "zeroline": False,
    }


def stack_axis(depth: int, anchor: str, colours: Palette, first: int = 0) -> dict:
    """The axis of layers `first` … depth under a stack of rows, the lowest of which is `anchor`; the hover box of all names the layer."""
    values, texts = layer_ticks(depth)
    return {
        "anchor": anchor,
        "domain": [0, 1],
        "range": [first - 0.7 - depth / 200, depth + 0.7 + depth / 200],
        "tickvals": values[first:],
        "ticktext": texts[first:],
        "tickangle": 0,
        **ROOM,
        "unifiedhovertitle": {"text": "<b>layer %{x}</b>"},
        "showgrid": False,
        "zeroline": False,
    }


def spikes(colours: Palette) -> dict:
    """For a layer axis: a line through all rows where the pointer is."""
    return {"showspikes": True, "spikemode": "across", "spikethickness": 1, "spikedash": "solid", "spikecolor": colours.muted}


def size_axis(domain: list[float], window: tuple[int, int], colours: Palette) -> dict:
    """A row's logarithmic axis over whole decades and a little more, for values given as log10."""
    values, texts = decade_ticks(*window)
    spare = 0.04 * (window[1] - window[0])
    return {
        "domain": domain,
        "anchor": "x",
        "range": [window[0] - spare, window[1] + spare],
        "tickvals": values,
        "ticktext": texts,
        **ROOM,
        "fixedrange": True,
        "gridcolor": colours.grid,
        "zeroline": False,
    }


def bottom_line(key: str, colours: Palette) -> list[dict]:
    """Under the layer axis: what dots and lines stand for, and the axis' name."""
    common = {"xref": "paper", "yref": "paper", "y": 0, "yanchor": "top", "yshift": -26, "showarrow": False}
    return [
        common | {"text": key, "x": 0, "xanchor": "left", "font": {"color": colours.muted, "size": 13}},
        common | {"text": "layer", "x": 1, "xanchor": "right", "font": {"color": colours.text, "size": 14}},
    ]


def extremes(curves: Iterable[np.ndarray]) -> tuple[float, float]:
    """Lowest and highest finite number among these; 0 where there is none."""
    everything = np.concatenate(list(curves))
    finite = everything[np.isfinite(everything)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def title(text: str, top: float, colour: str, size: int = 14) -> dict:
    """A row's title at its upper left corner; `top` in the figure's own units, 0 … 1."""
    return {
        "x": 0,
        "y": top,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"color": colour, "size": size},
    }


def layer_mark(layer: int, colours: Palette, yref: str) -> dict:
    """A vertical line at the layer that is shown elsewhere; yref "paper" or an axis domain."""
    line = {"color": colours.muted, "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": layer, "x1": layer, "y0": 0, "y1": 1, "yref": yref, "line": line, "layer": "below"}


def band(x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, opacity: float = 0.22, yaxis: str = "y") -> dict:
    """The area between two lines, where both can be drawn."""
    drawn = np.isfinite(low) & np.isfinite(high)
    within = x[drawn].tolist()
    return {
        "type": "scatter",
        "xaxis": "x",
        "yaxis": yaxis,
        "mode": "lines",
        "x": within + within[::-1],
        "y": numbers(high[drawn]) + numbers(low[drawn])[::-1],
        "fill": "toself",
        "fillcolor": translucent(colour, opacity),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def numbers(values: np.ndarray, digits: int = 4) -> list[float | None]:
    """Values for a chart: None where there is nothing to draw."""
    return [round(value, digits) if math.isfinite(value) else None for value in values.tolist()]
