"""Linear: z = W h + b in the engine, through a random map that is sampled in the way that costs least."""

from __future__ import annotations

import math

import numpy as np

from propagation.engine.cost import layer_is_implicit
from propagation.engine.dense import DenseMap
from propagation.engine.implicit import GaussianMap, HaarMap
from propagation.engine.maps import RandomMap
from propagation.engine.noise import Noise
from propagation.engine.op import NOT_WANTED, EngineOp, Place, Tangents
from propagation.engine.signal import Signal, scaled_moments
from propagation.engine.tape import Tape
from propagation.engine.trainable import Trainable, TrainableLinear
from propagation.ops import FIRST_MAPS, Activate, Linear, UnitVarianceOnData


class LinearOp(EngineOp):
    """z = W h + b through a random map, with W scaled to the data where the rule says so."""

    can_replay = True

    def __init__(self, op: Linear, place: Place) -> None:
        self.op, self.layer, self.place = op, place.layer, place
        self.map = random_map(op, place)
        self.gradient_type = self.map.gradient_type
        self.is_first = place.below is None
        self._bias_means = place.each(op, lambda op: op.bias_mean)
        if isinstance(place.above, Activate) and not isinstance(op.weight, UnitVarianceOnData):
            self.map.may_be_single = self._bias_means == 0

    def forward(self, x: Signal, tape: Tape) -> Signal:
        z = raised(self._pushed(x), self._bias_means)
        tape.save_input(self, x, self.map.input_type)  # after the push, which has summed x: the sums are kept with it
        if self.op.name in FIRST_MAPS:
            tape.see("weight_variance", self.layer, (self.map.gain[:, 0, 0] * self.map.weight_deviation) ** 2)
            tape.see("z", self.layer, z)
        return z

    def _pushed(self, x: Signal) -> Signal:
        bias_deviation = self.place.each(self.op, lambda op: math.sqrt(op.bias_variance))
        if not isinstance(self.op.weight, UnitVarianceOnData):
            return self.map.push(x, self.place.each(self.op, lambda op: math.sqrt(op.weight.value)), bias_deviation)
        _, log10_variance, _ = scaled_moments(*self.map.push(x, 1.0, bias_deviation).moments())
        self.map.gain = np.where(np.isfinite(log10_variance), 10 ** (-0.5 * log10_variance), 1.0)[:, None, None]
        return self.map.replay()

    def replay(self) -> Signal:
        return raised(self.map.replay(), self._bias_means)

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        h = tape.load_input(self, self.map.input_type)
        below = NOT_WANTED if self.is_first else self.map.pull(gradient, h)
        if self.op.name in FIRST_MAPS:
            tape.see("delta", self.layer, gradient)
        if self.op.name:
            tape.see("weight_gradient", self.layer, gradient, h, self.op.name)
        return below

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        weights = self.weights
        return tuple(Signal(weights @ tangent.array, tangent.exponent) for tangent in tangents)

    def trainable(self) -> Trainable:
        return TrainableLinear(self.weights[0], self._held().biases(self.op.bias_variance)[0] + self.op.bias_mean)

    @property
    def weights(self) -> np.ndarray:
        """W of every trial, (T, n_out, n_in); TypeError where the map does not hold it."""
        held = self._held()
        return held.gain * held.unit_weights * (held.weight_deviation / held.fan_in**0.5)[:, None, None]

    def _held(self) -> DenseMap:
        if not isinstance(self.map, DenseMap):
            raise TypeError("only a network with method = 'dense' holds its weights")
        return self.map


def random_map(op: Linear, place: Place) -> RandomMap:
    """Return the map of a layer, of the kind that costs least unless the config insists."""
    config = place.config
    noise = Noise(config.seed, place.drawn_as, place.trials.start, len(place.trials))
    if not layer_is_implicit(config, op.fan_in, op.fan_out):
        return DenseMap(noise, op.fan_in, op.fan_out, config.weight_law)
    return (HaarMap if config.weight_law == "orthogonal" else GaussianMap)(noise, op.fan_in, op.fan_out)


def raised(z: Signal, means: np.ndarray) -> Signal:
    """Return z + the constant part of all biases, (T,), which no random map has to know; a z too small for plain numbers becomes one."""
    if not means.any():
        return z
    exponent = np.where(means != 0, np.maximum(z.exponent, 0), z.exponent)
    array = np.ldexp(z.in_double().array, (z.exponent - exponent)[:, None, None]) + np.ldexp(means, -exponent)[:, None, None]
    single = z.is_single & (means == 0)
    return Signal(array, exponent, single if single.any() else None).settled()
