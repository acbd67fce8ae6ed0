"""Panels: where quadrature must look closer at a typed formula than the panels that do for every known activation.

A composite Gauss rule has panels 0 … 1/2, 1/2 … 1, 1 … 2, 2 … 4, then 4 wide up to 64, then doubling, which suits structure of size 1 at
zero and ever smoother tails. tanh(20 * x) is finer than that; halving panels until the rule agrees with itself finds out where.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from propagation.activations import Array

#: the order of a rule, and the share of the integral so far that it may miss on one panel
ORDER = 12
_TOLERANCE = 1e-12
#: integrands below this share of their peak are nothing
_NOTHING = 1e-18
#: an error below the first number that halving a panel does not reduce to the second share is rounding, or too mild a bend to matter
_SMALL, _REDUCED = 1e-5, 0.1
#: structure is resolved up to here, nearest to zero first, by at most so many edges
_REACH = 2.0**12
MOST_BREAKPOINTS = 40
_OCTAVES_DOWN = 26
_FINEST = 2.0**-_OCTAVES_DOWN
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(ORDER)
_LOOK = np.arange(1, 8193) / 128

Together = Callable[[Array], tuple[Array, Array]]


def breakpoints_of(together: Together, kinks: tuple[float, ...]) -> tuple[float, ...]:
    """Return panel edges |z| > 0, ascending, where plain panels and kinks do not resolve (φ, φ′) = together(z)."""
    ladder = np.concatenate(([0.0, 0.5, 1.0, 2.0], np.arange(4.0, 64.0, 4.0), 2.0 ** np.arange(6, np.log2(_REACH) + 1)))
    given = np.union1d(ladder, [abs(kink) for kink in kinks if abs(kink) < _REACH])
    panels = [(float(low), float(high), np.inf) for low, high in pairwise(given)][::-1]
    peak = np.abs(_integrands(together, _LOOK)).max(axis=1)
    total = np.full(8, np.finfo(float).tiny)
    found: set[float] = set()
    while panels and len(found) < MOST_BREAKPOINTS:
        low, high, error_before = panels.pop()
        middle = (low + high) / 2
        # at zero, structure may hide far below the first node: look all the way down
        cuts = high * 2.0 ** np.arange(-_OCTAVES_DOWN, 0) if low == 0 else [middle]
        whole, _ = _integrals(together, np.array([low, high]))
        parts, size = _integrals(together, np.array([low, *cuts, high]))
        scale = total + size + _NOTHING / _TOLERANCE * peak * (high - low)
        error = float(np.max(np.abs(whole - parts) / scale))
        if error <= _TOLERANCE or (error < _SMALL and error > _REDUCED * error_before) or high - low < _FINEST:
            total += size
        else:
            found |= {low, middle, high}  # other rules need not have the ends
            panels += [(middle, high, error), (low, middle, error)]
    return tuple(sorted(found - {0.0}))[:MOST_BREAKPOINTS]


def _integrals(together: Together, edges: Array) -> tuple[Array, Array]:
    """Return ∫ of the integrands, |z| between the first and the last edge, (8,), and of their absolute values, by a rule on each panel."""
    half = np.diff(edges)[:, None] / 2
    weighted = _integrands(together, (edges[:-1, None] + half + half * _NODES).ravel()) * (half * _WEIGHTS).ravel()
    return weighted.sum(axis=1), np.abs(weighted).sum(axis=1)


def _integrands(together: Together, z: Array) -> Array:
    """Return what theory averages: φ, φ², φ′² and z φ φ′ at z and at −z, (8, n)."""
    rows = []
    for side in (z, -z):
        value, slope = together(side)
        rows += [value, value**2, slope**2, side * value * slope]
    return np.stack(rows)
