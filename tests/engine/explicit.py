"""The explicit network: one trial of a dense config with every matrix in the open, as a textbook would write it.

It shares with the engine the random numbers and φ, and nothing else: gradients come by finite differences, or by a chain rule written out
in 80-bit floats, whose range (1e±4932) holds what float64 cannot.
"""

from __future__ import annotations

import numpy as np

from propagation.architecture import bias_variances, weight_variances
from propagation.engine.dense import DenseMap
from propagation.engine.noise import Noise
from propagation.expressions import lookup
from propagation.inputs import draw_inputs
from propagation.streams import stream

LABELS = 10
#: 80-bit floats are this machine's own; elsewhere `longdouble` may be float64 under another name
WIDE_FLOATS = np.finfo(np.longdouble).maxexp > 16_000


class ExplicitNetwork:
    """z^l = W h^(l−1) + b and h^l = φ(z^l), in arrays of `dtype`; layers count from 0 here."""

    def __init__(self, config, trial: int, dtype: type = float) -> None:
        self.config, self.dtype = config, dtype
        self.activation = lookup(config.activation)
        self.x = draw_inputs(config).astype(dtype)
        self.weights, self.biases = [], []
        for layer, (weight, bias) in enumerate(zip(weight_variances(config), bias_variances(config), strict=True)):
            fan_in, fan_out = config.widths[layer : layer + 2]
            noise = Noise(config.seed, layer, trial, 1)
            drawn = DenseMap(noise, fan_in, fan_out, config.weight_law)
            self.weights.append(np.sqrt(dtype(weight) / fan_in) * drawn.unit_weights[0].astype(dtype))
            self.biases.append(
                np.sqrt(dtype(bias)) * noise.draw("bias", fan_out, 1, drawn.bias_law)[0].astype(dtype) + dtype(config.bias_mean)
            )
        rng = stream(config.seed, "cost", trial)
        last = config.widths[-1]
        if config.cost == "gaussian":
            self.start = rng.standard_normal((last, config.inputs)).astype(dtype)
        else:
            self.readout = (rng.standard_normal((LABELS, last)) / np.sqrt(last)).astype(dtype)
            self.labels = rng.integers(LABELS, size=config.inputs)

    def z_of(self, layer: int, h, weight=None):
        """Pre-activations of a layer, on request with another W."""
        return (self.weights[layer] if weight is None else weight) @ h + self.biases[layer]

    def forward(self):
        """(z of all layers, h of all layers, the input first)."""
        zs, hs = [], [self.x]
        for layer in range(self.config.depth):
            zs.append(self.z_of(layer, hs[-1]))
            hs.append(self.activation.phi(zs[-1]))
        return zs, hs

    def costs(self, layer: int, z):
        """C_b of every input, given the pre-activations of one layer."""
        for above in range(layer + 1, self.config.depth):
            z = self.z_of(above, self.activation.phi(z))
        h = self.activation.phi(z)
        if self.config.cost == "gaussian":
            return (self.start * h).sum(axis=0)
        outputs = self.readout @ h
        if self.config.cost == "squared_error":
            return ((outputs - np.eye(LABELS)[:, self.labels]) ** 2).sum(axis=0) / 2
        return np.log(np.exp(outputs).sum(axis=0)) - outputs[self.labels, np.arange(self.config.inputs)]

    def finite_differences(self, step: float = 1e-5):
        """∂C_b/∂z of every layer, (n_out, B), and ∂C_b/∂W, (n_out, n_in, B), by central differences."""
        zs, hs = self.forward()
        deltas = [np.empty_like(z) for z in zs]
        gradients = [np.empty((*weight.shape, self.config.inputs)) for weight in self.weights]
        for layer, z in enumerate(zs):
            for i in range(len(z)):
                bump = np.zeros_like(z)
                bump[i] = step
                deltas[layer][i] = (self.costs(layer, z + bump) - self.costs(layer, z - bump)) / (2 * step)
            for place in np.ndindex(self.weights[layer].shape):
                bump = np.zeros_like(self.weights[layer])
                bump[place] = step
                up, down = (self.z_of(layer, hs[layer], self.weights[layer] + sign * bump) for sign in (1, -1))
                gradients[layer][place] = (self.costs(layer, up) - self.costs(layer, down)) / (2 * step)
        return deltas, gradients

    def chain_rule(self):
        """The same two lists by the chain rule."""
        zs, hs = self.forward()
        gradient = self._start(hs[-1])
        deltas, gradients = [], []
        for layer in reversed(range(self.config.depth)):
            deltas.insert(0, gradient * self.activation.dphi(zs[layer]))
            gradients.insert(0, deltas[0][:, None, :] * hs[layer][None, :, :])
            gradient = self.weights[layer].T @ deltas[0]
        return deltas, gradients

    def _start(self, h):
        if self.config.cost == "gaussian":
            return self.start
        outputs, targets = self.readout @ h, np.eye(LABELS)[:, self.labels]
        if self.config.cost == "squared_error":
            return self.readout.T @ (outputs - targets)
        powers = np.exp(outputs - outputs.max(axis=0))
        wrong = powers * (1 - targets) / powers.sum(axis=0)
        return self.readout.T @ (wrong - targets * wrong.sum(axis=0))  # 1 − p of the right label is what the others have


def assert_moments(moments, trial: int, arrays, rtol: float) -> None:
    """The Moments of a Trace against arrays of all layers, whatever their range: errors relative to the root mean square."""
    for layer, array in enumerate(arrays):
        place = f"layer {layer + 1}"
        second = np.mean(array**2)
        variance = np.mean((array - array.mean()) ** 2)
        assert_log10(moments.log10_second_moment[trial, layer], second, rtol, place)
        assert_log10(moments.log10_variance[trial, layer], variance, rtol, place)
        if 1e-300 < second < 1e300:
            assert abs(moments.mean[trial, layer] - float(array.mean())) < rtol * float(np.sqrt(second)), place


def assert_log10(measured: float, exact, rtol: float, place: str) -> None:
    """A measured logarithm against the number itself; −inf for 0 and for nothing else."""
    if exact == 0:
        assert measured == -np.inf, place
    else:
        assert abs(measured - float(np.log10(exact))) < rtol, place
