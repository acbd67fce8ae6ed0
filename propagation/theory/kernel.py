"""The kernel of an activation: means over two Gaussians of variance q and correlation c = 1 − ε, tabulated where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock

import numpy as np

from propagation.activations import Activation
from propagation.expressions import lookup
from propagation.theory.chebyshev import POINTS, TRANSFORM, basis, panel_of
from propagation.theory.closed_forms import kernel_of, straight_kernel
from propagation.theory.gaussian import normal_density, quadrant_rule
from propagation.theory.moments import moments

Array = np.ndarray

#: correlations closer to ±1 than this are taken to first order in ε
_SMALLEST_EPS = 1e-14
#: densities computed at once in filling a panel
_BLOCK = 400_000
#: Variances from which on an unbounded φ is two straight lines, as far as its kernel shows it: to about 2/√q = 1e-5. A panel costs the
#: more the larger q is: here a tenth of a second, at 1e80 a gigabyte.
_FAR = float(np.exp(24.0))
#: likewise, from which on down φ is its two slopes at zero, to 1e-11; products of smaller ones than 1e-150 would vanish in a panel
_NEAR = 1e-22
#: panels kept of one activation, 18 KB each
_MOST_PANELS = 300


class Kernel:
    """D(q, ε) = E[φ²] − E[φ(u₁) φ(u₂)] and M(q, ε) = E[φ′(u₁) φ′(u₂)] of one activation, to 1e-11 of E[φ²] and of E[φ′²], M for c > −1.

    With w, n = (u₁ ± u₂)/2, independent of variances q(1 + c)/2 and q(1 − c)/2, both are analytic in the logarithms of these two variances
    (see `chebyshev`), so a product of polynomials on a square of them serves every q and c in it, and D keeps its digits where ε is small.
    Where q > e²⁴ and φ is not bounded, both are those of its two asymptotes, to 1e-5; NaN where φ waves for ever and is not resolved; where
    q < 1e-22, those of its two slopes at zero.
    The even part e and the odd part o of φ are kept apart: E[φ(u₁) φ(u₂)] is E[e e] + E[o o] at c and E[e e] − E[o o] at −c.
    """

    def __init__(self, activation: Activation):
        self._activation = activation
        self._moments = moments(activation.name)
        self._closed = kernel_of(activation)
        self._near = _NEAR if activation.phi_zero == 0 and any(activation.slopes_at_zero) else 0.0
        self._straight = np.isinf(self._moments.resolved)
        self._far = min(np.inf if activation.bounded else _FAR, self._moments.resolved)
        self._panels: dict[tuple[int, int], Array] = {}
        self._lock = Lock()

    def __call__(self, q: float | Array, eps: float | Array) -> tuple[Array, Array]:
        """D and M for q > 0 finite and ε = 1 − c in [0, 2], broadcast together."""
        q, eps = np.broadcast_arrays(np.asarray(q, dtype=float), np.asarray(eps, dtype=float))
        if self._closed is not None:
            return self._closed(q, eps)
        far, tiny = q > self._far, q < self._near
        between = ~(far | tiny)
        if np.all(between):
            return self._tabulated(q, eps)
        d, m = np.full(q.shape, np.nan), np.full(q.shape, np.nan)
        d[between], m[between] = self._tabulated(q[between], eps[between])
        if self._straight:
            d[far], m[far] = straight_kernel(self._activation.slopes_at_infinity, q[far], eps[far])
        d[tiny], m[tiny] = straight_kernel(self._activation.slopes_at_zero, q[tiny], eps[tiny])
        return d, m

    def _tabulated(self, q: Array, eps: Array) -> tuple[Array, Array]:
        opposite = eps > 1
        distance = np.where(opposite, 2 - eps, eps)
        flat_q, flat_distance = q.ravel(), np.maximum(distance, _SMALLEST_EPS).ravel()
        even_d, odd_d, even_m, odd_m = self._evaluate(flat_q * (1 - flat_distance / 2), flat_q * flat_distance / 2).reshape(4, *q.shape)
        near = np.minimum(distance / _SMALLEST_EPS, 1.0)
        even_d, odd_d = even_d * near, odd_d * near
        d, m = even_d + odd_d, even_m + odd_m
        if np.any(near < 1):  # a kink's part of M goes like √ε
            m = np.where(near < 1, self._moments.slope(q) * (1 - np.sqrt(near)) + m * np.sqrt(near), m)
        if np.any(opposite):
            d = np.where(opposite, even_d + 2 * self._moments.odd(q) - odd_d, d)
            m = np.where(opposite, odd_m - even_m, m)
        return d, m

    def _evaluate(self, wide: Array, narrow: Array) -> Array:
        """The four tabulated functions at variances (k,) of w and n, (4, k)."""
        i, x = panel_of(np.log(wide))
        j, y = panel_of(np.log(narrow))
        answer = np.empty((4, wide.size))
        panel = i * 2**20 + j
        for one in np.unique(panel):
            members = np.flatnonzero(panel == one)
            coefficients = self._panel(int(i[members[0]]), int(j[members[0]]))
            answer[:, members] = np.einsum("fkn,kn->fk", basis(x[members]) @ coefficients, basis(y[members]))
        return answer

    def _panel(self, i: int, j: int) -> Array:
        with self._lock:
            if (i, j) not in self._panels:
                if len(self._panels) >= _MOST_PANELS:
                    self._panels.clear()
                self._panels[i, j] = _tabulate(self._activation, np.exp(2.0 * i + POINTS), np.exp(2.0 * j + POINTS))
            return self._panels[i, j]


@lru_cache(maxsize=64)
def kernel(activation: str) -> Kernel:
    """The kernel of the activation called so; ValueError for a name that is not known."""
    return Kernel(lookup(activation))


def _tabulate(activation: Activation, wide: Array, narrow: Array) -> Array:
    """Chebyshev coefficients of D of the even and odd part and M of their slopes, (4, wide, narrow)."""
    w, n, weights = quadrant_rule(wide, narrow, activation.kinks, activation.breakpoints)
    first, second = w + n, w - n
    even, odd = (a - b for a, b in zip(_even_odd(activation.phi, first), _even_odd(activation.phi, second), strict=True))
    slopes = zip(_even_odd(activation.dphi, first), _even_odd(activation.dphi, second), strict=True)
    odd_m, even_m = (a * b for a, b in slopes)  # the slope of the odd part is even
    integrands = 4 * weights[..., None] * np.stack((even**2 / 2, odd**2 / 2, even_m, odd_m), axis=2)  # 4: one quadrant stands for all
    inner = np.empty((n.size, wide.size, 4))
    rows = max(1, _BLOCK // (wide.size * w.shape[1]))
    for start in range(0, n.size, rows):
        block = slice(start, start + rows)
        inner[block] = normal_density(w[block, None, :], wide[:, None]) @ integrands[block]
    samples = np.einsum("rj,jpf->fpr", normal_density(n.T, narrow[:, None]), inner, optimize=True)
    return TRANSFORM @ samples @ TRANSFORM.T


def _even_odd(f: Callable[[Array], Array], z: Array) -> tuple[Array, Array]:
    """Even and odd part of f at z."""
    value, mirrored = f(z), f(-z)
    return (value + mirrored) / 2, (value - mirrored) / 2
