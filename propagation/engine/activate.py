"""Activate: h = φ(z) in the engine, and φ of signals beyond the range of floating point."""

from __future__ import annotations

import numpy as np

from propagation.activations import FLAT, Activation
from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.signal import PLAIN_RANGE, Signal, pieces
from propagation.engine.tape import Tape
from propagation.engine.trainable import Trainable, TrainableActivate
from propagation.expressions import lookup
from propagation.ops import Activate, Linear
from propagation.runtime.memory import empty

#: slopes that gradients are multiplied with as they are; beyond, a power of two goes beside the product
STEEP = 256.0


class ActivateOp(EngineOp):
    """h = φ(z)."""

    def __init__(self, op: Activate, place: Place) -> None:
        self.phi, self.layer = lookup(op.activation), place.layer
        self.gradient_type = place.below.gradient_type if place.below else np.float64
        #: whether what takes h can do with single precision, and φ with single-precision numbers
        self._keeps_single = self.phi.in_single and isinstance(place.above, Linear)
        self._power = int(np.frexp(self.phi.steepest)[1]) if self.phi.steepest > STEEP else 0
        self._flat_trials: np.ndarray | None = None

    def forward(self, x: Signal, tape: Tape) -> Signal:
        h, plain_slopes = activate(self.phi, x if self._keeps_single else x.in_double(), self.gradient_type)
        slopes = Signal(tape.put(plain_slopes, self.gradient_type), np.zeros(len(plain_slopes), dtype=int))
        if self._flat_trials is None:
            self._flat_trials = see_flat_slopes(self.phi, slopes.array, self.layer, tape)
        if self._flat_trials.size:
            slopes = self._with_scaled(slopes, x.in_double())
        tape.save(self, slopes)
        return h

    def _with_scaled(self, slopes: Signal, z: Signal) -> Signal:
        """The slopes, those of flat trials as `scaled_slopes` has them."""
        of = self._flat_trials
        exact = activate(self.phi, Signal(z.array[of], z.exponent[of]))[1]
        scaled = scaled_slopes(exact, np.arange(len(exact)), self.gradient_type)
        array, exponent = slopes.array.copy(), slopes.exponent.copy()
        array[of], exponent[of] = scaled.array, scaled.exponent
        return Signal(array, exponent)

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        slopes = tape.load(self)
        product = empty(slopes.array.shape, np.result_type(gradient.array, slopes.array))
        np.multiply(gradient.array, slopes.array, out=product)
        if self._power:  # the squares would leave single precision
            product *= np.float32(2.0**-self._power)
        return Signal(product, gradient.exponent + slopes.exponent + self._power).settled()

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        _, plain_slopes = activate(self.phi, x)
        slopes = scaled_slopes(plain_slopes, np.arange(len(plain_slopes)), float)
        first, *second = (Signal(tangent.array * slopes.array, tangent.exponent + slopes.exponent) for tangent in tangents)
        if not second:
            return (first,)
        # (φ(z))″ = φ″ z′² + φ′ z″
        bends = self.phi.second_derivative(x.array)
        square = np.ldexp(bends * tangents[0].array ** 2, (2 * tangents[0].exponent - second[0].exponent)[:, None, None])
        return first, Signal(square + second[0].array, second[0].exponent)

    def trainable(self) -> Trainable:
        return TrainableActivate(self.phi)


def see_flat_slopes(phi: Activation, slopes: np.ndarray, layer: int, tape: Tape) -> np.ndarray:
    """Show the tape, neuron by neuron, on how many inputs φ is flat. Return the trials, (k,), with no other slopes."""
    batch, ones = slopes.shape[2], np.ones(slopes.shape[2], np.float32)
    flat = np.empty(slopes.shape[:2], np.float32)
    for rows in pieces(*slopes.shape):
        flat[:, rows] = (np.abs(slopes[:, rows]) < FLAT * phi.steepest).astype(np.float32) @ ones
    tape.see("flat", layer, flat, batch)
    return np.flatnonzero((flat == batch).all(axis=1))


def activate(phi: Activation, z: Signal, slope_type: type = float) -> tuple[Signal, np.ndarray]:
    """Return (φ(z), φ′(z)), the slopes in this precision or a better one. Trials in single precision have φ(z) in single precision.

    Beyond 2^±40 an activation is what its slopes at zero or at infinity make of it.
    """
    is_plain = not z.exponent.any()
    if z.mixed is not None or (z.array.dtype == np.float32 and not is_plain):
        return _activate_apart(phi, z, slope_type)
    if is_plain:
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


def _activate_apart(phi: Activation, z: Signal, slope_type: type) -> tuple[Signal, np.ndarray]:
    """The same, of the trials that are plain numbers in single precision by themselves, and of the others by themselves."""
    single = z.is_single & (z.exponent == 0)
    values, exponent = np.empty(z.array.shape), z.exponent.copy()
    slopes: np.ndarray = np.empty(z.array.shape, slope_type)
    for trials, precision in ((single, np.float32), (~single, np.float64)):
        if trials.any():
            h, slopes[trials] = activate(phi, Signal(z.array[trials].astype(precision), z.exponent[trials]), slope_type)
            values[trials], exponent[trials] = h.array, h.exponent
    return Signal(values, exponent, single if single.any() else None), slopes


def _evaluated(phi: Activation, z: np.ndarray, slope_type: type) -> tuple[np.ndarray, np.ndarray]:
    """φ(z) and φ′(z) of plain numbers."""
    parts = list(pieces(*z.shape))
    if len(parts) == 1:
        return phi.evaluate(z)
    values, slopes = empty(z.shape, z.dtype), empty(z.shape, slope_type)
    for rows in parts:
        values[:, rows], slopes[:, rows] = phi.evaluate(z[:, rows])
    return values, slopes


def scaled_slopes(slopes: np.ndarray, flat_trials: np.ndarray, dtype: type) -> Signal:
    """Return φ′(z) in the precision of gradients; in trials where all slopes are flat they may be too small for it, and get an exponent."""
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
