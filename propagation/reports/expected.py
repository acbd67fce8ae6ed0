"""Expected: what theory has of the modules of a measured network, from the prediction of the Config closest to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from propagation.architecture import is_coupled
from propagation.reports.blocks import Place
from propagation.reports.report import Report
from propagation.reports.structure import Closest
from propagation.theory.prediction import Prediction

#: the gradient of each forward signal
_GRADIENTS = {"z": "delta", "stream": "stream_gradient"}
#: what a report calls the cost of independent random gradients, by which a weight gradient is a sum over inputs of what theory has of one
RANDOM_COST = "random"


def expected(report: Report, closest: Closest, prediction: Prediction) -> dict[str, np.ndarray]:
    """Return log10 of the second moments that theory has of `out`, `out_gradient` and `weight_gradient`, (calls,), NaN where it has none.

    Gradients begin at the size that was measured at the last layer, whatever comes behind it. The weight gradient is of the cost of all
    inputs together, B times that of one where they are independent, and NaN for a loss of which that is not known. Behind a batch norm
    theory has that of its whole batch.
    """
    found = {name: np.full(len(report.called), math.nan) for name in ("out", "out_gradient", "weight_gradient")}
    for place, (signal, layer) in closest.signals.items():
        found["out"][place] = prediction.signal(signal).log10_second_moment[layer - 1]
        if signal in _GRADIENTS:
            found["out_gradient"][place] = prediction.signal(_GRADIENTS[signal]).log10_second_moment[layer - 1]
    gradient_places = np.flatnonzero(np.isfinite(found["out_gradient"]))
    shift = math.nan
    if len(gradient_places):
        last = int(gradient_places[-1])
        shift = report.called[last].size("out_gradient") - found["out_gradient"][last]
    found["out_gradient"] += shift if math.isfinite(shift) else math.nan
    if RANDOM_COST in report.loss and closest.weights:
        costs = report.inputs / (prediction.config.inputs if is_coupled(prediction.config) else 1)
        shift += math.log10(costs)
        for place, (signal, layer) in closest.signals.items():
            if signal == "stream":  # of all of a block together
                found["weight_gradient"][place] = prediction.weight_gradient.log10_second_moment[layer - 1] + shift
        for place, (name, layer) in closest.weights.items():
            of = prediction.weights.get(name, prediction.weight_gradient)
            found["weight_gradient"][place] = of.log10_second_moment[layer - 1] + shift
    return found


def at_places(lines: Mapping[str, np.ndarray], places: Sequence[Place]) -> dict[str, np.ndarray]:
    """Return lines over calls as lines over the places of a chart; NaN where nothing was measured there."""
    return {
        quantity: np.array([line[place.output_call] if place.sizes(quantity) is not None else math.nan for place in places])
        for quantity, line in lines.items()
    }


def agreement(report: Report, lines: Mapping[str, np.ndarray], quantity: str) -> float:
    """Return by how many decades measurement and theory of a quantity are apart at most; NaN where there is nothing to compare."""
    measured = np.array([module.size(quantity) for module in report.called])
    apart = np.abs(measured - lines[quantity])
    apart = apart[np.isfinite(apart)]
    return float(apart.max()) if len(apart) else math.nan
