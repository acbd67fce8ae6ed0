"""One layer: Gaussian means of a function that may grow faster than a straight line, where `moments` has no table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from propagation.expressions import one_layer_activation
from propagation.theory.gaussian import panel_rule

#: edges of panels in z > 0, in standard deviations; what lies beyond the first of these shares must be below the second
_EDGES = np.concatenate(([0.0, 0.0625, 0.125, 0.25], np.arange(0.5, 37.01, 0.5)))
_FAR, _NOTHING = 16.0, 1e-9
#: a mean beyond this is none of a function with exp of exp, or of a square, in it
_LARGEST = 1e60


@dataclass(frozen=True)
class OneLayer:
    """Means over z ~ N(0, 1), a pre-activation of size 1: E[φ²], Var[φ] and E[φ′²]. inf where there is none that sixteen
    standard deviations hold, as for exp(x**2)."""

    second: float
    variance: float
    slope: float


def one_layer(formula: str) -> OneLayer:
    """Return the means of a formula in x, such as relu(x)**2 with E[φ²] = 3/2 and E[φ′²] = 2. ExpressionError as in `typed_activation`."""
    phi = one_layer_activation(formula)
    inside = [abs(kink) for kink in phi.kinks if 0 < abs(kink) < _EDGES[-1]]
    nodes, weights = panel_rule(np.union1d(_EDGES, inside))
    density = weights * np.exp(-0.5 * nodes**2) / np.sqrt(2 * np.pi)
    z = np.concatenate((-nodes[::-1], nodes))
    density = np.concatenate((density[::-1], density))
    value, slope = phi.evaluate(z)
    mean, second, steep = (_integral(terms * density, z) for terms in (value, value**2, slope**2))
    return OneLayer(second, second - mean**2, steep)


def _integral(terms: np.ndarray, z: np.ndarray) -> float:
    """Return the sum of the terms of a rule, or inf where those far out count."""
    total = float(np.abs(terms).sum())
    far = float(np.abs(terms[np.abs(z) > _FAR]).sum())
    return float("inf") if far > _NOTHING * total or total > _LARGEST else float(terms.sum())
