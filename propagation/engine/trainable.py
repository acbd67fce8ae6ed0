"""Trainable ops: one network's ops as plain arrays that training changes, each with its own forward and backward step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from propagation.activations import Activation

Array = np.ndarray


class Trainable(ABC):
    """An op with its parameters in hand. Inputs are (n_in, B), one column an input."""

    #: what training changes, in place
    parameters: tuple[Array, ...] = ()

    @abstractmethod
    def forward(self, x: Array) -> tuple[Array, Any]:
        """Return the output, (n_out, B), and what `backward` needs of it."""

    @abstractmethod
    def backward(self, gradient: Array, saved: Any, wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        """Return ∂C/∂(input), (n_in, B), and ∂C/∂(parameter) of each, for ∂C/∂(output), (n_out, B). The first only where `wanted`."""

    def evaluate(self, x: Array) -> Array:
        """Return the output, (n_out, B), of a network that is used and not trained."""
        return self.forward(x)[0]


class TrainableLinear(Trainable):
    """z = W x + b: `weights` (n_out, n_in), `biases` (n_out, 1)."""

    def __init__(self, weights: Array, biases: Array) -> None:
        self.weights, self.biases = weights, biases
        self.parameters = (weights, biases)

    def forward(self, x: Array) -> tuple[Array, Array]:
        return self.weights @ x + self.biases, x

    def backward(self, gradient: Array, saved: Array, wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        by_parameters = gradient @ saved.T, gradient.sum(axis=1, keepdims=True)
        return (self.weights.T @ gradient if wanted else gradient), by_parameters


class TrainableActivate(Trainable):
    """h = φ(z)."""

    def __init__(self, phi: Activation) -> None:
        self.phi = phi

    def forward(self, x: Array) -> tuple[Array, Array]:
        return self.phi.evaluate(x)

    def backward(self, gradient: Array, saved: Array, wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        return gradient * saved, ()


class TrainableDropout(Trainable):
    """h̃ = h m/p in training, with new coins from `rng` in every step; h afterwards."""

    def __init__(self, keep: float, rng: np.random.Generator) -> None:
        self.keep, self.rng = keep, rng

    def forward(self, x: Array) -> tuple[Array, Array]:
        mask = (self.rng.random(x.shape) < self.keep) / self.keep
        return x * mask, mask

    def backward(self, gradient: Array, saved: Array, wanted: bool = True) -> tuple[Array, tuple[Array, ...]]:
        return gradient * saved, ()

    def evaluate(self, x: Array) -> Array:
        return x
