"""Ops of the engine: what each op of an architecture does to the signals of T random networks at once, and to their gradients.

`forward` takes h and returns what the op makes of it; `backward` takes ∂C/∂(output), a signal for each input's own cost C_b, and returns
∂C/∂(input). What a layer measures it names with `tape.see`: z, δ, ∂C/∂W, σ_w², flat slopes. The other two are for networks whose weights
are held (`method = "dense"`): `jvp` takes derivatives along a curve of inputs through the op, `trainable` hands out its parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from propagation.activations import FLAT, Activation
from propagation.engine.cost import layer_is_implicit
from propagation.engine.dense import DenseMap
from propagation.engine.implicit import GaussianMap, HaarMap
from propagation.engine.maps import RandomMap, of_networks
from propagation.engine.noise import Noise, unit_interval
from propagation.engine.normalize import NormalizeOp
from propagation.engine.op import NOT_WANTED, EngineOp, Place, Tangents
from propagation.engine.residual import ResidualOp
from propagation.engine.signal import PLAIN_RANGE, Signal, pieces, scaled_moments
from propagation.engine.tape import Tape
from propagation.engine.trainable import Trainable, TrainableActivate, TrainableDropout, TrainableLinear
from propagation.expressions import lookup
from propagation.ops import FIRST_MAPS, Activate, Dropout, Linear, Normalize, Op, Residual, UnitVarianceOnData, ops_within
from propagation.runtime.memory import empty
from propagation.streams import stream


class LinearOp(EngineOp):
    """z = W h + b through a random map, with W scaled to the data where the rule says so."""

    can_replay = True

    def __init__(self, op: Linear, place: Place) -> None:
        self.op, self.layer, self.place = op, place.layer, place
        self.map = _random_map(op, place)
        self.gradient_type = self.map.gradient_type
        self.is_first = place.below is None
        self._bias_means = place.each(op, lambda op: op.bias_mean)

    def forward(self, x: Signal, tape: Tape) -> Signal:
        z = _raised(self._pushed(x), self._bias_means)
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
        return _raised(self.map.replay(), self._bias_means)

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


class ActivateOp(EngineOp):
    """h = φ(z)."""

    def __init__(self, op: Activate, place: Place) -> None:
        self.phi, self.layer = lookup(op.activation), place.layer
        self.gradient_type = place.below.gradient_type if place.below else np.float64
        self._flat_trials: np.ndarray | None = None

    def forward(self, x: Signal, tape: Tape) -> Signal:
        h, plain_slopes = activate(self.phi, x, self.gradient_type)
        slopes = Signal(tape.put(plain_slopes, self.gradient_type), np.zeros(len(plain_slopes), dtype=int))
        if self._flat_trials is None:
            self._flat_trials = self._look_for_flat_slopes(slopes.array, tape)
        if self._flat_trials.size:
            slopes = _scaled_slopes(activate(self.phi, x)[1], self._flat_trials, self.gradient_type)
        tape.save(self, slopes)
        return h

    def _look_for_flat_slopes(self, slopes: np.ndarray, tape: Tape) -> np.ndarray:
        """Count, neuron by neuron, the inputs on which it is flat. Returns the trials, (k,), with nothing else."""
        batch, ones = slopes.shape[2], np.ones(slopes.shape[2], np.float32)
        flat = np.empty(slopes.shape[:2], np.float32)
        for rows in pieces(*slopes.shape):
            flat[:, rows] = (np.abs(slopes[:, rows]) < FLAT * self.phi.steepest).astype(np.float32) @ ones
        tape.see("flat", self.layer, flat, batch)
        return np.flatnonzero((flat == batch).all(axis=1))

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        slopes = tape.load(self)
        product = empty(slopes.array.shape, np.result_type(gradient.array, slopes.array))
        return Signal(np.multiply(gradient.array, slopes.array, out=product), gradient.exponent + slopes.exponent).settled()

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        _, plain_slopes = activate(self.phi, x)
        slopes = _scaled_slopes(plain_slopes, np.arange(len(plain_slopes)), float)
        first, *second = (Signal(tangent.array * slopes.array, tangent.exponent + slopes.exponent) for tangent in tangents)
        if not second:
            return (first,)
        # (φ(z))″ = φ″ z′² + φ′ z″
        bends = self.phi.second_derivative(x.array)
        square = np.ldexp(bends * tangents[0].array ** 2, (2 * tangents[0].exponent - second[0].exponent)[:, None, None])
        return first, Signal(square + second[0].array, second[0].exponent)

    def trainable(self) -> Trainable:
        return TrainableActivate(self.phi)


class DropoutOp(EngineOp):
    """h̃ = h m/p. The coins m are noise: the way back tosses them again."""

    def __init__(self, op: Dropout, place: Place) -> None:
        self.keep, self.place = op.keep, place
        self.gradient_type = place.below.gradient_type if place.below else np.float64
        self._shape = (0, 0)

    def forward(self, x: Signal, tape: Tape) -> Signal:
        self._shape = x.array.shape[1:]
        return self._masked(x).settled()

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        return self._masked(gradient).settled()

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        return tuple(map(self._masked, tangents))

    def trainable(self) -> Trainable:
        trial = self.place.trials.start
        return TrainableDropout(self.keep, stream(self.place.config.seed, "dropout_in_training", trial, self.place.maps_before))

    def _masked(self, signal: Signal) -> Signal:
        noise = Noise(self.place.config.seed, self.place.maps_before, self.place.trials.start, len(self.place.trials))
        kept = of_networks(noise.draw("dropout", *self._shape, unit_interval), len(signal.array)) < self.keep
        return Signal(np.where(kept, signal.array / self.keep, 0), signal.exponent)


def residual_op(op: Residual, place: Place) -> ResidualOp:
    """Return what stands for a residual block, with what stands for its branch."""
    branch: list[EngineOp] = []
    inside = place
    for number, inner in enumerate(op.branch):
        versions = tuple(version.branch[number] for version in place.versions)
        branch.append(engine_op(inner, replace(inside, versions=versions)))
        inside = replace(inside, below=branch[-1], maps_before=inside.maps_before + maps_in(inner))
    return ResidualOp(op, place, branch)


#: what stands for each op of an architecture
ENGINE_OPS: dict[type, Callable[..., EngineOp]] = {
    Linear: LinearOp,
    Activate: ActivateOp,
    Normalize: NormalizeOp,
    Dropout: DropoutOp,
    Residual: residual_op,
}


def engine_op(op: Op, place: Place) -> EngineOp:
    """Return what stands for this op at this place."""
    return ENGINE_OPS[type(op)](op, place)


def maps_in(op: Op) -> int:
    """Return the number of linear maps in an op."""
    return sum(isinstance(inner, Linear) for inner in ops_within((op,)))


def _random_map(op: Linear, place: Place) -> RandomMap:
    """The map of a layer, of the kind that costs least unless the config insists."""
    config = place.config
    noise = Noise(config.seed, place.maps_before, place.trials.start, len(place.trials))
    if not layer_is_implicit(config, op.fan_in, op.fan_out):
        return DenseMap(noise, op.fan_in, op.fan_out, config.weight_law)
    return (HaarMap if config.weight_law == "orthogonal" else GaussianMap)(noise, op.fan_in, op.fan_out)


def _raised(z: Signal, means: np.ndarray) -> Signal:
    """z + the constant part of all biases, (T,), which no random map has to know. A z that is too small for plain numbers becomes one."""
    if not means.any():
        return z
    exponent = np.where(means != 0, np.maximum(z.exponent, 0), z.exponent)
    array = np.ldexp(z.array, (z.exponent - exponent)[:, None, None]) + np.ldexp(means, -exponent)[:, None, None]
    return Signal(array, exponent).settled()


def activate(phi: Activation, z: Signal, slope_type: type = float) -> tuple[Signal, np.ndarray]:
    """Return (φ(z), φ′(z)), the slopes in this precision or a better one.

    Beyond 2^±40 an activation is what its slopes at zero or at infinity make of it.
    """
    if not z.exponent.any():
        values, slopes = _evaluated(phi, z.array, slope_type)
        return Signal(values, z.exponent).settled(), slopes
    values, slopes, exponent = np.empty_like(z.array), np.empty_like(z.array), z.exponent.copy()
    for trial, array in enumerate(z.array):
        if exponent[trial] == 0:
            values[trial], slopes[trial] = phi.evaluate(array)
            continue
        below, above = phi.slopes_at_zero if exponent[trial] < 0 else phi.slopes_at_infinity
        slopes[trial] = np.where(array > 0, above, below)
        values[trial] = array * slopes[trial]
        if exponent[trial] > 0:
            values[trial] += np.ldexp(np.where(array > 0, *_offsets_at_infinity(phi)), -exponent[trial])
        elif phi.phi_zero != 0:
            values[trial], exponent[trial] = phi.phi_zero, 0
    return Signal(values, exponent).settled(), slopes


def _evaluated(phi: Activation, z: np.ndarray, slope_type: type) -> tuple[np.ndarray, np.ndarray]:
    """φ(z) and φ′(z) of plain numbers."""
    parts = list(pieces(*z.shape))
    if len(parts) == 1:
        return phi.evaluate(z)
    values, slopes = empty(z.shape, float), empty(z.shape, slope_type)
    for rows in parts:
        values[:, rows], slopes[:, rows] = phi.evaluate(z[:, rows])
    return values, slopes


def _scaled_slopes(slopes: np.ndarray, flat_trials: np.ndarray, dtype: type) -> Signal:
    """φ′(z) in the precision of gradients. In the trials where all slopes are flat they may be too small for it: they get an exponent."""
    exponent = np.zeros(len(slopes), dtype=int)
    for trial in flat_trials:
        largest = np.abs(slopes[trial]).max()
        if 0 < largest < 2.0**-PLAIN_RANGE:
            exponent[trial] = np.frexp(largest)[1]
    if exponent.any():
        slopes = np.ldexp(slopes, -exponent[:, None, None])
    return Signal(slopes.astype(dtype, copy=False), exponent)


def _offsets_at_infinity(phi: Activation) -> tuple[float, float]:
    """φ(z) − slope · z far above and far below zero: −1 for ELU below, which is all that a layer without positive neurons says."""
    far = 2.0**PLAIN_RANGE
    below, above = phi.phi(np.array([-far, far])) - np.array(phi.slopes_at_infinity) * [-far, far]
    return above, below
