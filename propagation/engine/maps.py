"""RandomMap: a layer's weights as what they do, a random linear map with a forward and a backward side."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from propagation.engine.noise import Noise
from propagation.engine.signal import PLAIN_RANGE, Signal, pieces
from propagation.runtime.memory import empty


class RandomMap(ABC):
    """z = W h + b for T draws of W (fan_out × fan_in, Var[W_ij] = σ_w²/fan_in) and b (variance σ_b²), one draw a network.

    T networks are the trials of one config, or of several, one after the other, that share the noise of their trials. `push` is called
    once, then `pull` and `replay` with the same h.
    """

    #: precision of the gradients that come out of `pull`
    gradient_type: type = np.float64
    #: precision in which `pull` wants h; a map may ask for another one once it has seen h in `push`
    input_type: type = np.float64
    #: the networks, (T,), in which what takes z can do with single precision; False where there are none
    may_be_single: bool | np.ndarray = False

    def __init__(self, noise: Noise, fan_in: int, fan_out: int) -> None:
        self.noise = noise
        self.fan_in = fan_in
        self.fan_out = fan_out
        #: factor on W of each network after it was drawn, for schemes that look at the data: (T, 1, 1), or (1, 1, 1) for all
        self.gain = np.ones((1, 1, 1))

    def push(self, h: Signal, weight_deviation: float | np.ndarray, bias_deviation: float | np.ndarray) -> Signal:
        """z = W h + b, (T, fan_out, B), from h, (T, fan_in, B), for σ_w = `weight_deviation` and σ_b = `bias_deviation`, of all or (T,)."""
        self.weight_deviation = weight_deviation + np.zeros(h.exponent.shape)
        self.exponent = np.where(np.greater(bias_deviation, 0), np.maximum(h.exponent, 0), h.exponent)
        self.weight_scale = np.ldexp(self.weight_deviation / self.fan_in**0.5, h.exponent - self.exponent)[:, None, None]
        self.bias_scale = np.ldexp(bias_deviation, -self.exponent)[:, None, None]
        self._prepare(h)
        return self.replay()

    def replay(self) -> Signal:
        """The z of `push`, computed again."""
        return self._pushed_signal().settled()

    def _pushed_signal(self) -> Signal:
        return Signal(self._pushed(), self.exponent)

    def pull(self, delta: Signal, h: Signal) -> Signal:
        """Wᵀ δ, (T, fan_in, B), for δ (T, fan_out, B) and the h that was pushed."""
        scale, exponent = np.frexp(self.gain * (self.weight_deviation / self.fan_in**0.5)[:, None, None])
        # A small power of two stays with the numbers, since moving it would cost a pass over them. A larger one would, with a δ at the
        # edge of the plain range, have squares beyond single precision.
        apart = np.where(np.abs(exponent) > PLAIN_RANGE // 2, exponent, 0)
        return Signal(self._pulled(delta, h, np.ldexp(scale, exponent - apart)), delta.exponent + apart[:, 0, 0])

    @abstractmethod
    def _prepare(self, h: Signal) -> None:
        """Take from h what `_pushed` and `_pulled` need."""

    @abstractmethod
    def _pushed(self) -> np.ndarray:
        """gain · (Ω h · weight_scale + ω · bias_scale), for the unit-variance Ω and ω behind W and b."""

    @abstractmethod
    def _pulled(self, delta: Signal, h: Signal, scale: np.ndarray) -> np.ndarray:
        """scale · Ωᵀ δ, conditioned on what was pushed."""


def of_networks(noise: np.ndarray, networks: int) -> np.ndarray:
    """The noise of each network's trial, (networks, rows, columns), from that of the trials."""
    return noise if len(noise) == networks else np.concatenate([noise] * (networks // len(noise)))


def noise_times(noise: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """`of_networks(noise)` @ `batch`, without a copy of the noise; in the precision of the batch."""
    batches = batch.reshape(-1, len(noise), *batch.shape[1:])
    if noise.dtype == batch.dtype:
        shared = noise @ batches
    else:
        shared = empty((*batches.shape[:2], noise.shape[1], batch.shape[2]), batch.dtype)
        for rows in pieces(1, *noise.shape[1:]):  # of one network, so that a network's roundings do not depend on how many there are
            np.matmul(noise[:, rows].astype(batch.dtype), batches, out=shared[:, :, rows])
    return shared.reshape(len(batch), *shared.shape[2:])
