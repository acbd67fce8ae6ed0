"""Levels: along which modules a measured signal is compared, how it drifts, and where it first leaves the level it began at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.drift import LEVEL
from propagation.reports.report import Module, Report

#: fewer sums than this are no residual stream, and fewer activations no way to follow
_FEWEST = 2


@dataclass(frozen=True)
class Travel:
    """One signal on its way through a network: forward, or the gradient back.

    `places` are the indices of the calls that it is compared at, in its direction of travel, `sizes` log10 of mean squares there: of
    gradients of all entries of one input together, since their number may change on the way. `left` is the first call where it is more
    than a decade from where it began, `gone` the first where it is exactly 0, None where there is none. It
    is not `whole` where some of it is infinite or no number: that is left out.
    """

    quantity: str
    places: tuple[int, ...]
    sizes: tuple[float, ...]
    left: int | None
    gone: int | None
    whole: bool = True

    @property
    def total(self) -> float:
        """Return the decades from end to end; −∞ where it does not arrive, NaN where there is nothing to compare."""
        return self.sizes[-1] - self.sizes[0] if len(self.sizes) > 1 else math.nan

    @property
    def per_step(self) -> float:
        """Return the decades from one of the places to the next, on average."""
        return self.total / (len(self.sizes) - 1) if len(self.sizes) > 1 else math.nan

    @property
    def level(self) -> bool:
        """Return whether it never leaves the level it began at."""
        return self.left is None and self.gone is None


def trunk(report: Report) -> tuple[int, ...]:
    """Return the calls that a signal is compared at: what layers pass on.

    These are the sums of a residual stream; where there is none, activations, and where those are few, linear maps and convolutions.
    """
    maps, first = maps_of(report), next(iter(_of_kind(report, "linear", "convolution", "attention")), 0)
    stream = tuple(place for place in _of_kind(report, "sum") if place > first)  # sums of embeddings come before
    if len(stream) >= _FEWEST:
        return stream
    activations = _of_kind(report, "activation")
    return activations if len(activations) >= max(_FEWEST, len(maps) // 2) else maps


def maps_of(report: Report) -> tuple[int, ...]:
    """Return the calls that are linear maps or convolutions."""
    return _of_kind(report, "linear", "convolution")


def _of_kind(report: Report, *kinds: str) -> tuple[int, ...]:
    return tuple(place for place, module in enumerate(report.called) if module.kind in kinds)


def has_stream(report: Report) -> bool:
    """Return whether signals are compared at the sums of a residual stream."""
    return any(report.called[place].kind == "sum" for place in trunk(report)[:1])


def travel(report: Report, quantity: str) -> Travel:
    """Return how the signal (`out`) or its gradient (`out_gradient`) fares on its way."""
    places, sizes = [], []
    on_the_way = trunk(report)
    if sum(quantity in report.called[place].moments for place in on_the_way) < _FEWEST:
        on_the_way = maps_of(report)
    for place in on_the_way if quantity == "out" else on_the_way[::-1]:
        module = report.called[place]
        size = module.size(quantity)
        if not math.isnan(size) and size < math.inf:
            places.append(place)
            sizes.append(size + (log10_entries(module) if quantity == "out_gradient" else 0.0))
    finite = [size for size in sizes if math.isfinite(size)]
    start = finite[0] if finite else math.nan
    gone = next((place for place, size in zip(places, sizes, strict=True) if size == -math.inf), None)
    left = next((place for place, size in zip(places, sizes, strict=True) if math.isfinite(size) and abs(size - start) > LEVEL), None)
    whole = not any(report.called[place].size(quantity) == math.inf for place in on_the_way)
    return Travel(quantity, tuple(places), tuple(sizes), left, gone, whole)


def level_line(report: Report, quantity: str) -> np.ndarray:
    """Return log10 of the mean square that each call would have on the level where the signal began, (calls,); NaN without a beginning."""
    found = travel(report, quantity)
    start = found.sizes[0] if found.sizes and math.isfinite(found.sizes[0]) else math.nan
    if quantity == "out":
        return np.full(len(report.called), start)
    return start - np.array([log10_entries(module) for module in report.called])


def log10_entries(module: Module) -> float:
    """Return log10 of how many numbers a module gives out for one input; 0 where the report has no shape."""
    return math.log10(max(1, math.prod(module.out_shape[1:]))) if len(module.out_shape) > 1 else 0.0
