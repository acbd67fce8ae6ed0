"""The rows of the signal chart: for each signal what it is called and the numbers that are drawn, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from propagation.charts.spread import Spread, spread_of
from propagation.charts.theme import Palette
from propagation.charts.variance_decomposition import OVER
from propagation.engine.trace import Trace
from propagation.labs.variance_decomposition import RESOLUTION, Scatter

BAND = (0.1, 0.9)


@dataclass(frozen=True)
class Over:
    """A variance of z or h over one thing alone, in place of the mean square over all: over what, as measured, as predicted (or None)."""

    whose: str
    measured: Scatter
    predicted: Scatter | None


@dataclass(frozen=True)
class Row:
    """One row: which signal, how it is titled and coloured, and its numbers at the layers drawn."""

    name: str
    title: str
    symbol: str
    colour: str
    text_colour: str
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    theory: np.ndarray | None
    spread: Spread | None
    nothing: str = "0"


def rows_of(trace: Trace, prediction, forward: str, layers: np.ndarray, colours: Palette) -> list[Row]:
    symbols = {"z": "z²", "h": "h²", "delta": "δ²", "weight_gradient": "(∂C/∂W)²"}
    titles = {
        "z": "forward → pre-activation z",
        "h": "forward → activation h",
        "delta": "backward ← gradient δ = ∂C/∂z",
        "weight_gradient": "weight gradient ∂C/∂W",
    }
    rows = []
    for name, role in ((forward, "forward"), ("delta", "backward"), ("weight_gradient", "weight_gradient")):
        ordered = np.sort(np.nan_to_num(trace.signal(name).log10_second_moment[:, layers - 1], nan=-np.inf, neginf=-np.inf), axis=0)
        last = len(ordered) - 1
        rows.append(
            Row(
                name,
                titles[name],
                symbols[name],
                getattr(colours, role),
                getattr(colours, f"{role}_text"),
                middle=(ordered[last // 2] + ordered[(last + 1) // 2]) / 2,
                low=ordered[round(BAND[0] * last)],
                high=ordered[round(BAND[1] * last)],
                theory=None if prediction is None else np.asarray(getattr(prediction, name).log10_second_moment)[layers - 1],
                spread=None if prediction is None else spread_of(getattr(prediction, name).band, layers),
            )
        )
    return rows


def row_over(row: Row, over: Over, layers: np.ndarray) -> Row:
    """The forward row with the variance over one thing: what is too small to be measured counts as nothing."""
    shown = over.measured.log10_variance(over.whose)[layers - 1]
    smallest = over.measured.log10_second_moment[layers - 1] + math.log10(RESOLUTION)
    shown = np.where(np.nan_to_num(shown, nan=-np.inf) > smallest, shown, -np.inf)
    theory = None if over.predicted is None else over.predicted.log10_variance(over.whose)[layers - 1]
    return replace(
        row,
        title=f"forward → variance of {row.name} over {OVER[over.whose]}",
        symbol=f"Var {row.name}",
        middle=shown,
        low=shown,
        high=shown,
        theory=theory,
        spread=None,
        nothing="too small to measure",
    )
