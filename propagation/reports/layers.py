"""Layers: a measured network as a row of layers, to be laid beside networks of this app, and what a layer of it does on average."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from propagation.drift import Drift
from propagation.reports.blocks import Place, places
from propagation.reports.diagnosis import Finding
from propagation.reports.levels import has_stream, log10_entries, maps_of, travel, trunk
from propagation.reports.report import Module, Report

#: what a layer passes on and gets back, and the gradients of all of its weights together
ROWS = ("out", "out_gradient", "weight_gradient")


@dataclass(frozen=True)
class Layer:
    """What one layer gives out at its end, and all of its calls."""

    output: Module
    calls: Place

    @property
    def label(self) -> str:
        """Return the name of the block, or of the module at its end."""
        return self.calls.label

    def size(self, quantity: str) -> float:
        """Return log10 of the mean square of one of ROWS, the median over draws; NaN where it was not measured."""
        if quantity != "weight_gradient":
            return self.output.size(quantity)
        spread = self.calls.sizes(quantity)
        return math.nan if spread is None else spread.median


def layers(report: Report) -> tuple[Layer, ...]:
    """Return the layers of a network, in order of execution.

    With a residual stream they are its blocks, or where no names repeat, its sums; else linear maps and convolutions, without a last one
    that no activation follows.
    """
    if has_stream(report):
        blocks = tuple(Layer(place.output, place) for place in places(report, folded=True) if place.folded and place.output.kind == "sum")
        return blocks if len(blocks) > 1 else _between(report, trunk(report))
    maps = maps_of(report)
    activations = [place for place, module in enumerate(report.called) if module.kind == "activation"]
    if len(maps) > 1 and activations and activations[-1] < maps[-1]:
        maps = maps[:-1]
    return _between(report, maps or trunk(report))


def _between(report: Report, ends: Sequence[int]) -> tuple[Layer, ...]:
    """All calls up to each of these, after the one before."""
    starts = (0, *(end + 1 for end in ends))
    return tuple(
        Layer(report.called[end], Place(report.called[end].name, start + 1, report.called[start : end + 1]))
        for start, end in zip(starts, ends, strict=False)
    )


def sizes(found: Sequence[Layer], quantity: str) -> np.ndarray:
    """Return log10 of the mean square of one of ROWS in every layer, (layers,); NaN where it was not measured.

    Where the number of entries changes on the way, the gradient is that of as many as the last layer has, with the length that it has.
    """
    values = np.array([layer.size(quantity) for layer in found], dtype=float)
    if quantity == "out_gradient" and len(found):
        entries = np.array([log10_entries(layer.output) for layer in found])
        values += entries - entries[-1]
    return values


@dataclass(frozen=True)
class Outline:
    """What became of a measured network, in a line: factors a layer of the mean squares, NaN where they were not measured.

    `weight_spread` are decades between the largest and the smallest weight gradient of a layer, ∞ where one is lost. The shares are those
    of the last activation, None without one. `kind` is a word for its verdict.
    """

    forward_factor: float
    backward_factor: float
    weight_spread: float
    saturated: float | None
    dead: float | None
    kind: str


def outline(report: Report, verdict: Finding) -> Outline:
    """Return it, of a report whose verdict is known."""
    found = layers(report)
    of_weights = sizes(found, "weight_gradient")
    shares = next((module.shares for module in report.called[::-1] if module.kind == "activation"), {})
    measured = of_weights[~np.isnan(of_weights)]
    spread = math.nan if not len(measured) else float(np.ptp(measured)) if np.isfinite(measured).all() else math.inf
    forward, backward = (_factor(report, quantity, len(found)) for quantity in ROWS[:2])
    return Outline(forward, backward, spread, shares.get("saturated"), shares.get("dead"), _kind(report, verdict))


def _factor(report: Report, quantity: str, count: int) -> float:
    """The mean factor of so many layers, along what the verdict is told by; 0 where a signal does not arrive."""
    found = travel(report, quantity)
    return Drift(found.total, found.per_step * len(found.sizes) / max(count, 1)).seen(count)


def _kind(report: Report, verdict: Finding) -> str:
    """A word, as those of the app's own networks; "unusual" or "noted" for what these have no word for."""
    if report.first_not_finite is not None:
        return "not finite"
    if not verdict.bad:
        return "healthy" if verdict.healthy else "noted"
    if verdict.at is None or verdict.at[0] not in ("out", "out_gradient"):
        return "unusual"
    found = travel(report, verdict.at[0])
    if found.gone is not None:
        return "vanishing"
    if found.left != verdict.at[1]:
        return "unusual"
    return "exploding" if found.total > 0 else "vanishing"
