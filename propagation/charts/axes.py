"""Axes: whole decades for sizes, the same decades per pixel in every row, round numbers for layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from propagation.charts.theme import Palette
from propagation.formatting import number, power_of_ten

#: fewer decades than this make a 10 % wobble look like a collapse
LEAST_DECADES = 2
#: intervals between ticks on one axis, at most
MOST_INTERVALS = 4
MOST_LINEAR_INTERVALS = 6
MOST_LAYER_TICKS = 11
#: of an interval, which a tick may be beyond an end: what rounding does to numbers
_FUZZ = 1e-9
#: for axes whose labels have room: else Plotly measures each of them at every redraw, a tenth of its work, to hide those that stick out
ROOM = {"ticklabeloverflow": "allow"}


def decade_windows(extremes: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Return for each (lowest, highest) a window in whole decades around it; all are equally high, and at least two decades."""
    covers = [(math.floor(low + 1e-6), math.ceil(high - 1e-6)) for low, high in extremes]
    height = max(LEAST_DECADES, *(high - low for low, high in covers))
    windows = []
    for (low, high), (lowest, highest) in zip(covers, extremes, strict=True):
        spare = height - (high - low)
        # the spare decades go where they bring the data closest to the middle
        below = min(spare, max(0, round(low - (lowest + highest - height) / 2)))
        windows.append((low - below, low - below + height))
    return windows


def widened(window: tuple[int, int], share: float = 0.04) -> list[float]:
    """Return the window with a little more at both ends, so that what lies on its edge is seen whole."""
    spare = share * (window[1] - window[0])
    return [window[0] - spare, window[1] + spare]


def decade_ticks(bottom: int, top: int) -> tuple[list[int], list[str]]:
    """Return ticks at whole decades, at most five or so, with their texts."""
    step = _round_step((top - bottom) / MOST_INTERVALS)
    values = list(range(math.ceil(bottom / step) * step, top + 1, step))
    return values, [power_of_ten(value) for value in values]


def linear_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return ticks at round numbers, at most seven, with their texts."""
    step = _round_number((high - low) / MOST_LINEAR_INTERVALS)
    first, last = math.ceil(low / step - _FUZZ), math.floor(high / step + _FUZZ)
    values = [place * step for place in range(first, last + 1)]
    return values, [number(value) for value in values]


def layer_ticks(depth: int) -> tuple[list[int], list[str]]:
    """Return ticks at the input, at round layers, and at the last one."""
    step = _round_step(depth / MOST_LAYER_TICKS)
    inner = [layer for layer in range(step, depth, step) if depth - layer >= 0.6 * step]
    values = [0, *inner, depth]
    return values, ["input", *(f"{layer:,}" for layer in values[1:])]


def axis(colours: Palette, **settings: Any) -> dict:
    """Return an axis with a quiet grid, without a line at 0, that cannot be dragged."""
    return {"fixedrange": True, "gridcolor": colours.grid, "zeroline": False} | settings


def linear_axis(low: float, high: float, colours: Palette, **settings: Any) -> dict:
    """Return an axis with these ends."""
    values, texts = linear_ticks(low, high)
    return axis(colours, range=[low, high], tickvals=values, ticktext=texts, ticks="", **ROOM) | settings


def named(text: str, standoff: int = 4, **font: Any) -> dict:
    """Return the title of an axis at this distance in pixels."""
    return {"text": text, "standoff": standoff} | ({"font": font} if font else {})


def layer_axis(depth: int, colours: Palette) -> dict:
    """Return the axis of layers 0 … depth with its title."""
    values, texts = layer_ticks(depth)
    ends = [-0.02 * depth, 1.02 * depth]
    return axis(colours, title=named("layer", size=14), range=ends, tickvals=values, ticktext=texts, tickangle=0)


def stack_axis(depth: int, anchor: str, first: int = 0) -> dict:
    """Return the axis of layers `first` … depth under a stack of rows, the lowest of which is `anchor`; its hover box names the layer."""
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
    """Return settings for a layer axis: a line through all rows where the pointer is."""
    return {"showspikes": True, "spikemode": "across", "spikethickness": 1, "spikedash": "solid", "spikecolor": colours.muted}


def bare(layout: dict) -> dict:
    """Return the layout of a figure that lies over one with this layout: the same places, and nothing drawn but its traces."""
    axes = {
        key: {"tickvals": []} | {name: own[name] for name in ("range", "domain") if name in own}
        for key, own in layout.items()
        if key.startswith(("xaxis", "yaxis"))
    }
    return {name: layout[name] for name in ("height", "margin", "font")} | axes | {"paper_bgcolor": "none", "annotations": []}


def decade_axis(window: tuple[int, int], colours: Palette) -> dict:
    """Return a logarithmic axis over whole decades, for values given as log10."""
    bottom, top = window
    values, texts = decade_ticks(bottom, top)
    if 5 < top - bottom <= 12:
        values = [value for value in range(bottom, top + 1) if value % 2 == 0]
        texts = [power_of_ten(value) for value in values]
    return axis(colours, range=[bottom, top], tickvals=values, ticktext=texts)


def _round_step(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that is not below `least`."""
    return round(_round_number(max(least, 1)))


def _round_number(least: float) -> float:
    """Return the smallest of … 0.1, 0.2, 0.5, 1, 2, 5, 10 … that is not below `least`."""
    scale = 10.0 ** math.floor(math.log10(least))
    return next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= (1 - _FUZZ) * least)
