"""The rows of the signal chart: for each signal what it is called and the numbers that are drawn, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from propagation.charts.rulers import Ruler, ruler_of
from propagation.charts.spread import Spread, spread_of
from propagation.charts.theme import Palette
from propagation.charts.variance_decomposition import OVER
from propagation.engine.trace import Trace
from propagation.labs.variance_decomposition import RESOLUTION
from propagation.precision import Precision
from propagation.signals import SIGNALS
from propagation.theory.prediction import Prediction
from propagation.theory.variance_decomposition import Scatter
from propagation.trials import sizes_over_trials


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
    ruler: Ruler | None = None


def rows_of(
    trace: Trace,
    prediction: Prediction | None,
    forward: str,
    layers: np.ndarray,
    colours: Palette,
    weights: str = "",
    precision: Precision | None = None,
) -> list[Row]:
    """Return the rows of the chart: the signal forward that was asked for, the gradient, the gradient of all or of these weights.

    With the ends of a number format, where a precision is given.
    """
    rows = []
    for info in (SIGNALS[forward or trace.main[0]], SIGNALS[trace.main[1]], SIGNALS["weight_gradient"]):
        of_one = info.name == "weight_gradient" and weights in trace.weights
        if of_one:
            info = replace(info, formula=f"∂C/∂{weights[0]}" + f"<sub>{weights[1:]}</sub>" * (len(weights) > 1))
        middle, low, high = sizes_over_trials(
            (trace.weights[weights] if of_one else trace.signal(info.name)).log10_second_moment[:, layers - 1]
        )
        expected = None if prediction is None else prediction.weights[weights] if of_one else prediction.signal(info.name)
        rows.append(
            Row(
                info.name,
                info.title,
                info.square,
                getattr(colours, info.role),
                getattr(colours, f"{info.role}_text"),
                middle=middle,
                low=low,
                high=high,
                theory=None if expected is None else np.asarray(expected.log10_second_moment)[layers - 1],
                spread=None if expected is None else spread_of(expected.band, layers),
                ruler=ruler_of(precision, trace, info.name, layers),
            )
        )
    return rows


def row_over(row: Row, over: Over, layers: np.ndarray) -> Row:
    """Return the forward row with the variance over one thing: what is too small to be measured counts as nothing."""
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
        ruler=None,
    )
