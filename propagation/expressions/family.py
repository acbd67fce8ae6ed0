"""Family: which known activation a formula is, whatever it is called and however it is written. Told by what it does, not by its text."""

from __future__ import annotations

import numpy as np

from propagation.activations import ACTIVATIONS, Activation, Array

#: known activations that are straight between their kinks: a formula that is one has all its digits, so it is that activation
_STRAIGHT = ("linear", "relu", "leaky_relu", "hard_tanh")
#: irregular points on both sides of 0, far out too, none on a kink of any known activation
_SIDE = np.concatenate((np.geomspace(1e-9, 0.99, 120), np.linspace(1.0003, 40.0, 300), np.geomspace(41.0, 1e3, 40)))
_POINTS = np.concatenate((-_SIDE[::-1], _SIDE))
_EQUAL = 1e-12


def straight(activation: Activation) -> Activation | None:
    """Return the known activation made of straight pieces that this one is, to the last digit; None where there is none."""
    return next((ACTIVATIONS[name] for name in _STRAIGHT if _same(activation, ACTIVATIONS[name], 4e-16)), None)


def family_of(activation: Activation) -> str:
    """Return the name of the known activation that this one is, or "leaky_relu" for one with another slope a in (0, 1); else empty."""
    if leak_of(activation) is not None:
        return "leaky_relu"
    return next((name for name, known in ACTIVATIONS.items() if _same(activation, known, _EQUAL)), "")


def leak_of(activation: Activation) -> float | None:
    """Return the slope a of max(x, a x), 0 < a < 1, where this is what the activation does; else None."""
    leak, above = activation.slopes_at_zero
    return leak if activation.homogeneous and above == 1 and 0 < leak < 1 else None


def _same(one: Activation, other: Activation, tolerance: float) -> bool:
    """Return whether values and slopes agree, at all points, to this share of the larger of them and 1."""
    pairs = zip(one.evaluate(_POINTS), other.evaluate(_POINTS), strict=True)
    return all(_close(mine, theirs, tolerance) for mine, theirs in pairs)


def _close(mine: Array, theirs: Array, tolerance: float) -> bool:
    return bool(np.all(np.abs(mine - theirs) <= tolerance * np.maximum(1, np.abs(theirs))))
