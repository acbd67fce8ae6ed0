"""Axes: whole decades for sizes, the same decades per pixel in every row, round numbers for layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from propagation.formatting import power_of_ten

#: fewer decades than this make a 10 % wobble look like a collapse
LEAST_DECADES = 2
#: intervals between ticks on one axis, at most
MOST_INTERVALS = 4
MOST_LAYER_TICKS = 11


def decade_windows(extremes: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """For each (lowest, highest) a window in whole decades around it; all windows are equally high, and at least two decades."""
    covers = [(math.floor(low + 1e-6), math.ceil(high - 1e-6)) for low, high in extremes]
    height = max(LEAST_DECADES, *(high - low for low, high in covers))
    windows = []
    for (low, high), (lowest, highest) in zip(covers, extremes, strict=True):
        spare = height - (high - low)
        # the spare decades go where they bring the data closest to the middle
        below = min(spare, max(0, round(low - (lowest + highest - height) / 2)))
        windows.append((low - below, low - below + height))
    return windows


def decade_ticks(bottom: int, top: int) -> tuple[list[int], list[str]]:
    """Ticks at whole decades, at most five or so, with their texts."""
    step = _round_step((top - bottom) / MOST_INTERVALS)
    values = list(range(math.ceil(bottom / step) * step, top + 1, step))
    return values, [power_of_ten(value) for value in values]


def layer_ticks(depth: int) -> tuple[list[int], list[str]]:
    """Ticks at the input, at round layers, and at the last one."""
    step = _round_step(depth / MOST_LAYER_TICKS)
    inner = [layer for layer in range(step, depth, step) if depth - layer >= 0.6 * step]
    values = [0, *inner, depth]
    return values, ["input", *(f"{layer:,}" for layer in values[1:])]


def _round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not below `least`."""
    scale = 10 ** max(0, math.floor(math.log10(max(least, 1))))
    return next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= least)
