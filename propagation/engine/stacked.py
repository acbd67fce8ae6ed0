"""Stacked maps: several linear maps of one input, such as queries, keys and values, as one map of stacked rows.

z = [W₁ x + b₁; W₂ x + b₂; …] with independent W_i is one random map of σ_w = 1, whose rows are scaled to each σ_w afterwards, with the
biases added. What a row is scaled by is known beforehand, so δ, scaled likewise, is pulled through the one map as through any. Orthogonal
weights are one matrix of all rows, as `orthogonal_` makes of PyTorch's `in_proj_weight`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from propagation.engine.dense import DenseMap
from propagation.engine.linear import raised, random_map
from propagation.engine.maps import of_networks
from propagation.engine.noise import gaussian
from propagation.engine.op import Place
from propagation.engine.signal import Signal
from propagation.engine.trainable import TrainableLinear
from propagation.ops import Linear, Variance


@dataclass(frozen=True)
class Part:
    """One of the maps, in every network: σ_w, σ_b and E[b], (T,) each, and its rows."""

    op: Linear
    rows: slice
    weight_deviation: np.ndarray
    bias_deviation: np.ndarray
    bias_mean: np.ndarray


class StackedMaps:
    """The maps of an op that has several, each found by a name of one of its fields."""

    def __init__(self, fields: Sequence[str], place: Place, op: object) -> None:
        ops: list[Linear] = [getattr(op, field) for field in fields]
        versions = [tuple(getattr(version, field) for version in place.versions) for field in fields]
        rows = np.cumsum([0, *(one.fan_out for one in ops)])
        self.map = random_map(replace(ops[0], fan_out=int(rows[-1]), weight=Variance(1.0), bias_variance=0.0), place)
        self.parts = [_part(one, slice(*rows[n : n + 2]), replace(place, versions=versions[n])) for n, one in enumerate(ops)]
        self._place = place

    def push(self, x: Signal) -> list[Signal]:
        """Return each map's z, (T, fan_out, B)."""
        z = self.map.push(x, 1.0, 0.0)
        biases = self._biases() if any(part.bias_deviation.any() for part in self.parts) else None
        return [self._scaled(z, part, biases) for part in self.parts]

    def _scaled(self, z: Signal, part: Part, biases: np.ndarray | None) -> Signal:
        scaled = Signal(z.array[:, part.rows] * part.weight_deviation[:, None, None], z.exponent)
        if biases is not None and part.bias_deviation.any():
            exponent = np.where(part.bias_deviation > 0, np.maximum(z.exponent, 0), z.exponent)
            added = biases[:, part.rows] * np.ldexp(part.bias_deviation, -exponent)[:, None, None]
            scaled = Signal(np.ldexp(scaled.array, (z.exponent - exponent)[:, None, None]) + added, exponent)
        return raised(scaled.settled(), part.bias_mean)

    def _biases(self) -> np.ndarray:
        law = self.map.bias_law if isinstance(self.map, DenseMap) else gaussian
        rows = self.parts[-1].rows.stop
        return of_networks(self.map.noise.draw("bias", rows, 1, law), len(self.parts[0].bias_deviation))

    def pull(self, deltas: Sequence[Signal], x: Signal) -> Signal:
        """Return Σ W_iᵀ δ_i, (T, fan_in, B), for the δ of each map and the x that was pushed."""
        scaled = [
            Signal(one.array * part.weight_deviation[:, None, None], one.exponent) for part, one in zip(self.parts, deltas, strict=True)
        ]
        return self.map.pull(stacked_rows(scaled, self.map.gradient_type), x)

    @property
    def weights(self) -> list[np.ndarray]:
        """Each W of every trial, (T, fan_out, fan_in); TypeError where the map does not hold them."""
        if not isinstance(self.map, DenseMap):
            raise TypeError("only a network with method = 'dense' holds its weights")
        unit = self.map.unit_weights / self.map.fan_in**0.5
        return [unit[:, part.rows] * part.weight_deviation[:, None, None] for part in self.parts]

    def trainable(self) -> list[TrainableLinear]:
        """Return the maps of the first trial as arrays that training can change."""
        biases = self._biases()[0]
        return [
            TrainableLinear(weights[0].copy(), biases[part.rows] * part.bias_deviation[0] + part.bias_mean[0])
            for part, weights in zip(self.parts, self.weights, strict=True)
        ]


def _part(op: Linear, rows: slice, place: Place) -> Part:
    weight = place.each(op, lambda op: math.sqrt(op.weight.value))
    return Part(op, rows, weight, place.each(op, lambda op: math.sqrt(op.bias_variance)), place.each(op, lambda op: op.bias_mean))


def stacked_rows(signals: Sequence[Signal], precision: type) -> Signal:
    """Return signals of the same networks one above the other, with one power of two for all, in this precision."""
    exponents = np.stack([signal.exponent for signal in signals])
    if (exponents == exponents[0]).all():
        return Signal(np.concatenate([signal.array for signal in signals], axis=1).astype(precision, copy=False), exponents[0]).settled()
    largest = [np.where(signal.second_moment > 0, signal.exponent, np.iinfo(np.int64).min) for signal in signals]
    exponent = np.max(largest, axis=0)
    exponent = np.where(exponent == np.iinfo(np.int64).min, 0, exponent)
    shifted = [np.ldexp(one.array, np.clip(one.exponent - exponent, -2000, 2000)[:, None, None]) for one in signals]
    return Signal(np.concatenate(shifted, axis=1).astype(precision, copy=False), exponent).settled()
