"""The maps that never build W, exact in law at every width: a network needs W only through the B columns it multiplies.

Gaussian. Let Ω have independent N(0, 1) entries and let X (n × B) be what it multiplies, X = Q C with Qᵀ Q = 1 (r columns, r = rank X).

- Push: Ω X = (Ω Q) C, and Ω Q has independent N(0, 1) entries, since the rows of Ω are rotation invariant. So draw G (fan_out × r) in
  the place of Ω Q and return G C. The rows of G C are independent N(0, Xᵀ X).
- Pull: Ω = (Ω Q) Qᵀ + Ω (1 − Q Qᵀ), two independent parts. The first is G Qᵀ, known from the push; the second is that of a fresh copy
  Ω′, of which F = Ω′ᵀ δ is needed: Ωᵀ δ = Q Gᵀ δ + (1 − Q Qᵀ) F. The rows of F are independent N(0, δᵀ δ), so F = G′ L with Lᵀ L = δᵀ δ.
  δ may depend on Ω X in any way: given Ω Q, the fresh part is still independent of it. (The conditioning of Yang 2019, tensor programs.)
- Bias: b = σ_b ω is one more column of Ω, its input the constant σ_b: X = [σ_w h/√fan_in; σ_b 1ᵀ]. Only the first fan_in rows of
  Ωᵀ δ go back.

Haar. A rectangular orthogonal W is a corner of a square Haar matrix U of size N = max(fan_in, fan_out): pad h with zeros, or cut the
output.

- Push: U Q is a uniformly random N × r frame O.
- Pull: U maps Q to O, and the complement of Q to that of O by an independent Haar matrix. With δ = O Oᵀ δ + δ⊥ and δ⊥ = N⊥ L
  (N⊥ orthonormal), Uᵀ N⊥ is a uniformly random frame in the complement of Q: Uᵀ δ = Q Oᵀ δ + (uniform frame ⊥ Q) L.

Q may be any orthonormal columns whose span holds X, if nothing of Ω or U has chosen them: nothing else is used of it. Where X leaves some
of them open (inputs that have merged or died, B > n), `frames` says which.

A layer costs O(n B²) time and O(n B) memory.
"""

from __future__ import annotations

import numpy as np

from propagation.engine.frames import SINGLE_CLEAR, SINGLE_NUDGE, directions, factor, frame, haar_frame
from propagation.engine.maps import RandomMap, noise_times, of_networks
from propagation.engine.signal import Signal, pieces
from propagation.runtime.memory import empty

#: below the largest number of single precision
_SINGLE = 1e38
#: the largest condition number of a batch that is pulled through in single precision
WELL_CONDITIONED = 200.0
#: the root mean square of what is pushed in single precision lies within 2^±30
SINGLE_RANGE = 30


class GaussianMap(RandomMap):
    """W with independent Gaussian entries, seen through the columns it multiplies.

    Gradients are in single precision, like the noise, and so is z while inputs are well apart. X = Q C is not kept, and Q = X A cancels
    digits: a rounding of h comes back times κ = √Σ_b ‖X_b‖² ‖A_b‖², A_b the rows of A, which grows without bound as inputs merge. Up to
    κ = 200 the two products with h are in single precision too, beyond in double: Wᵀ δ is within 2e-5 of its length of what double
    precision gives, and E[δ²] of a deep net within 1e-5. A difference of two inputs is at least 1/κ of their length. So up to the same κ
    a rounding of z, 6e-8 of its length and independent in every entry, is below 1e-5 of any difference of two of its columns, and of
    their squared distance in the sum over n entries 2e-5/√n. The Gram matrix, whose rounding would be one error for all entries, is
    summed in double precision whatever h is.
    """

    gradient_type = np.float32

    def _prepare(self, h: Signal) -> None:
        def batches(trials: np.ndarray) -> np.ndarray:
            """X of these trials, with the constant's row last."""
            weights, bias = (np.broadcast_to(scale, (len(h.array), 1, 1))[trials] for scale in (self.weight_scale, self.bias_scale))
            x = np.empty((len(trials), self.fan_in + 1, h.array.shape[2]))
            x[:, :-1], x[:, -1:] = h.array[trials], bias
            x[:, :-1] *= weights
            return x

        gram = self.weight_scale**2 * h.exact_gram + self.bias_scale**2
        self.frame = frame(gram, self.fan_in + 1, batches)
        squares = gram.diagonal(axis1=1, axis2=2)  # ‖X_b‖²
        condition = np.einsum("tb,tbr,tbr->t", squares, self.frame.inverse, self.frame.inverse)  # κ²
        self.merged = condition > WELL_CONDITIONED**2
        self.input_type = np.float64 if self.merged.any() else np.float32
        if np.any(self.may_be_single):
            least, most = squares.min(axis=1), squares.max(axis=1)
            plain = (self.exponent == 0) & (least > 4.0**-SINGLE_RANGE) & (most < 4.0**SINGLE_RANGE)
            self.single = self.may_be_single & plain & ~self.merged
        else:
            self.single = np.zeros(len(gram), dtype=bool)

    def _unit_outputs(self) -> np.ndarray:
        """G of each trial, (trials, fan_out, r)."""
        return self.noise.draw("weights", self.fan_out, self.frame.coefficients.shape[1])

    def _pushed(self) -> np.ndarray:
        noise, coefficients = self._unit_outputs(), self.gain * self.frame.coefficients
        if not self.single.any():
            return noise_times(noise, coefficients)
        if self.single.all():
            return noise_times(noise, coefficients.astype(np.float32))
        z = np.empty((len(coefficients), self.fan_out, coefficients.shape[2]))
        for network, (own, single) in enumerate(zip(coefficients[:, None], self.single, strict=True)):
            of_trial = noise[network % len(noise)][None]
            z[network] = noise_times(of_trial, own.astype(np.float32) if single else own)[0]
        return z

    def _pushed_signal(self) -> Signal:
        is_mixed = self.single.any() and not self.single.all()
        return Signal(self._pushed(), self.exponent, self.single if is_mixed else None)

    def _pulled(self, delta: Signal, h: Signal, scale: np.ndarray) -> np.ndarray:
        lower = factor(delta.gram, self.fan_out, lambda trials: delta.array[trials].astype(float), SINGLE_CLEAR, SINGLE_NUDGE)
        fresh = of_networks(self.noise.draw("pull", self.fan_in + 1, lower.shape[1]), len(delta.array))
        to_inputs, to_bias = fresh[:, :-1], fresh[:, -1:]
        known = noise_times(self._unit_outputs().swapaxes(1, 2), delta.array)  # Gᵀ δ
        overlap = (
            self.weight_scale * _products(h.array.swapaxes(1, 2), to_inputs, self.merged, self.merged) + self.bias_scale * to_bias
        )  # Xᵀ F, before L
        inverse, shift = self.frame.inverse, self.frame.shift
        overlap = inverse.swapaxes(1, 2) @ overlap  # Qᵀ F
        if shift is not None:
            apart = directions(self.fan_in + 1, h.array.shape[2])
            overlap += shift.swapaxes(1, 2) @ (apart.T @ fresh[:, : len(apart)])
        beside = known - overlap @ lower
        shares, lower = scale * self.weight_scale * (inverse @ beside), (scale * lower).astype(np.float32)
        # inputs that have all but died beside others that explode have shares beyond single precision
        in_double = self.merged | (np.abs(shares).max(axis=(1, 2)) >= _SINGLE)
        result = empty((len(lower), self.fan_in, lower.shape[2]), np.float32)
        for rows in pieces(1, *result.shape[1:]):
            np.matmul(to_inputs[:, rows], lower, out=result[:, rows])
            result[:, rows] += _products(h.array[:, rows], shares, self.merged, in_double)
        if shift is not None:
            result[:, : len(apart)] += apart[: self.fan_in] @ (scale * (shift @ beside))
        return result


def _products(h: np.ndarray, other: np.ndarray, merged: np.ndarray, in_double: np.ndarray) -> np.ndarray:
    """`h` @ `other` of each trial, in double precision in these trials, (T,), else in single; h itself is in single where not `merged`."""
    if not in_double.any():
        return h.astype(np.float32, copy=False) @ other.astype(np.float32, copy=False)
    if merged.all() and in_double.all():
        return h.astype(float, copy=False) @ other.astype(float, copy=False)
    own, common = ([float if exact else np.float32 for exact in trials] for trials in (merged, in_double))
    return np.stack([a.astype(first) @ b.astype(second) for a, b, first, second in zip(h, other, own, common, strict=True)])


class HaarMap(RandomMap):
    """W with orthonormal rows or columns, uniformly random, times σ_w √(max(fan_in, fan_out)/fan_in)."""

    @property
    def size(self) -> int:
        """N, the size of the square matrix of which W is a corner."""
        return max(self.fan_in, self.fan_out)

    def _prepare(self, h: Signal) -> None:
        self.frame = frame(h.gram, self.fan_in, lambda trials: h.array[trials])

    def _unit_frame(self) -> np.ndarray:
        """O of each trial, (trials, N, r)."""
        return haar_frame(self.noise.draw("weights", self.size, self.frame.coefficients.shape[1]), self.size)

    def _pushed(self) -> np.ndarray:
        z = noise_times(self._unit_frame()[:, : self.fan_out], self.gain * self.weight_scale * self.size**0.5 * self.frame.coefficients)
        if self.bias_scale.any():
            z += self.gain * self.bias_scale * of_networks(self.noise.draw("bias", self.fan_out, 1), len(z))
        return z

    def _pulled(self, delta: Signal, h: Signal, scale: np.ndarray) -> np.ndarray:
        scale = scale * self.size**0.5
        frame_out = self._unit_frame()
        known, rest = self._in_frame(frame_out, delta.array)
        result = self._in_columns(h, scale * known)
        columns = min(delta.array.shape[2], self.size - frame_out.shape[2])
        if not columns:
            return result

        def apart(trials: np.ndarray) -> np.ndarray:
            """Directions in the complement of O, as δ⊥ is."""
            own, shown = of_networks(frame_out, len(delta.array))[trials], directions(*delta.array.shape[1:])
            padded = np.zeros((len(trials), *delta.array.shape[1:]))
            padded[:, : len(shown)] = shown
            return self._in_frame(own, padded)[1]

        lower = factor(rest.swapaxes(1, 2) @ rest, columns, lambda trials: rest[trials], apart=apart)
        fresh = of_networks(self.noise.draw("pull", self.size, columns).astype(float), len(delta.array))
        inside = fresh[:, : self.fan_in]  # Q has no rows below these
        inside -= self._in_columns(h, self._of_columns(h, inside))
        fresh_frame = haar_frame(fresh, self.size - frame_out.shape[2])[:, : self.fan_in]
        return result + fresh_frame @ (scale * lower)

    def _in_frame(self, frame_out: np.ndarray, delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return Oᵀ δ and δ⊥ = δ − O Oᵀ δ."""
        known = noise_times(frame_out[:, : self.fan_out].swapaxes(1, 2), delta)
        rest = -noise_times(frame_out, known)
        rest[:, : self.fan_out] += delta
        return known, rest

    def _in_columns(self, h: Signal, shares: np.ndarray) -> np.ndarray:
        """Return Q times these, (T, fan_in, …)."""
        result = h.array @ (self.frame.inverse @ shares)
        if self.frame.shift is not None:
            apart = directions(self.fan_in, h.array.shape[2])
            result[:, : len(apart)] += apart @ (self.frame.shift @ shares)
        return result

    def _of_columns(self, h: Signal, vectors: np.ndarray) -> np.ndarray:
        """Return Qᵀ times these, (T, r, …)."""
        result = self.frame.inverse.swapaxes(1, 2) @ (h.array.swapaxes(1, 2) @ vectors)
        if self.frame.shift is not None:
            apart = directions(self.fan_in, h.array.shape[2])
            result += self.frame.shift.swapaxes(1, 2) @ (apart.T @ vectors[:, : len(apart)])
        return result
