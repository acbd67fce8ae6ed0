"""The map that holds W: any law, cost O(n²) a layer in memory and O(n² B) in time."""

from __future__ import annotations

import math

import numpy as np

from propagation.engine.frames import haar_frame
from propagation.engine.maps import RandomMap, noise_times, of_networks
from propagation.engine.noise import Noise, gaussian, truncated_gaussian, uniform
from propagation.engine.signal import Signal

#: unit-variance laws with independent entries
ENTRY_LAWS = {"gaussian": gaussian, "uniform": uniform, "truncated_gaussian": truncated_gaussian}


def haar_matrix(noise: Noise, fan_in: int, fan_out: int) -> np.ndarray:
    """√max(fan_in, fan_out) times uniformly random matrices with orthonormal rows or columns, (T, fan_out, fan_in).

    The factor gives the entries variance 1.
    """
    long, short = max(fan_in, fan_out), min(fan_in, fan_out)
    columns = long**0.5 * haar_frame(noise.draw("weights", long, short), long)
    return columns if fan_out >= fan_in else columns.swapaxes(1, 2)


class DenseMap(RandomMap):
    """W as an array. Biases have the law of the weights (Gaussian where W is orthogonal)."""

    def __init__(self, noise: Noise, fan_in: int, fan_out: int, law: str) -> None:
        super().__init__(noise, fan_in, fan_out)
        if law == "orthogonal":
            self.unit_weights = haar_matrix(noise, fan_in, fan_out)
        else:
            self.unit_weights = noise.draw("weights", fan_out, fan_in, ENTRY_LAWS[law]).astype(float)
        self.bias_law = ENTRY_LAWS.get(law, gaussian)

    def biases(self, bias_variance: float) -> np.ndarray:
        """Return b of every trial, (T, fan_out, 1)."""
        if not bias_variance:
            return np.zeros((self.noise.trials, self.fan_out, 1))
        return math.sqrt(bias_variance) * self.noise.draw("bias", self.fan_out, 1, self.bias_law).astype(float)

    def _prepare(self, h: Signal) -> None:
        self.pushed = self.weight_scale * noise_times(self.unit_weights, h.in_double().array)
        if self.bias_scale.any():
            self.pushed += self.bias_scale * of_networks(self.noise.draw("bias", self.fan_out, 1, self.bias_law), len(h.array))

    def _pushed(self) -> np.ndarray:
        return self.gain * self.pushed

    def _pulled(self, delta: Signal, h: Signal, scale: np.ndarray) -> np.ndarray:
        return scale * noise_times(self.unit_weights.swapaxes(1, 2), delta.array)
