"""Layers: one network walked layer by layer with its weights in hand, for what needs the matrices themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from propagation.config import Config, layer_variances
from propagation.engine.dense import DenseMap
from propagation.engine.network import activate
from propagation.engine.noise import Noise
from propagation.engine.signal import Signal
from propagation.expressions import lookup


@dataclass(frozen=True)
class Layer:
    """One layer of one network: W (n_out, n_in), z = W h + b and h = φ(z) of B inputs, and the slopes φ′(z), (n_out, B)."""

    number: int
    weights: np.ndarray
    z: Signal
    h: Signal
    slopes: np.ndarray


def layers(config: Config, trial: int, x: np.ndarray) -> Iterator[Layer]:
    """The layers 1 … L of the network that this seed draws in this trial, shown `x`, (n_0, B): the same W as a dense simulation has."""
    phi = lookup(config.activation)
    h = Signal(x[None], np.zeros(1, dtype=int))
    for layer, (weight_variance, bias_variance) in enumerate(zip(*layer_variances(config), strict=True)):
        fan_in, fan_out = config.widths[layer : layer + 2]
        random_map = DenseMap(Noise(config.seed, layer, trial, 1), fan_in, fan_out, config.weight_law)
        deviation = 1.0 if math.isnan(weight_variance) else math.sqrt(weight_variance)
        z = random_map.push(h, deviation, math.sqrt(bias_variance))
        if math.isnan(weight_variance):  # LSUV: the data decide
            spread = float(np.std(z.array)) * 2.0 ** float(z.exponent[0])
            random_map.gain = np.full((1, 1, 1), 1 / spread if 0 < spread < math.inf else 1.0)
            z = random_map.replay()
        h, slopes = activate(phi, z)
        weights = (random_map.gain * random_map.unit_weights)[0] * (deviation / fan_in**0.5)
        yield Layer(layer + 1, weights, z, h, slopes[0])
