"""Dual numbers: the functions a formula may call, as rules on pairs (value, slope).

A dual number is a pair of arrays of one shape, or of plain floats where it does not depend on z. Every rule applies the chain rule, so that
φ and φ′ come from one pass and φ′ is as accurate as φ. Known activations bring their own stable functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from propagation.activations import ACTIVATIONS, LEAK, Array

Number = Array | float
Dual = tuple[Number, Number]
Rule = Callable[..., Dual]

CONSTANTS = {"pi": math.pi, "e": math.e}
#: exp(a) is exp(min(a, 300)): so large that 1 / exp(a) is nothing, and exp(a)**2 is still a number
EXP_CEILING = 300.0


def add(a: Dual, b: Dual) -> Dual:
    return a[0] + b[0], a[1] + b[1]


def subtract(a: Dual, b: Dual) -> Dual:
    return a[0] - b[0], a[1] - b[1]


def multiply(a: Dual, b: Dual) -> Dual:
    return a[0] * b[0], _times(a[1], b[0]) + _times(b[1], a[0])


def divide(a: Dual, b: Dual) -> Dual:
    value = a[0] / b[0]
    return value, _times(a[1], 1 / b[0]) - _through(b, value / b[0])


def greater(a: Dual, b: Dual) -> Dual:
    """1 where a > b, else 0."""
    return np.where(a[0] > b[0], 1.0, 0.0), 0.0


def greater_or_equal(a: Dual, b: Dual) -> Dual:
    """1 where a ≥ b, else 0."""
    return np.where(a[0] >= b[0], 1.0, 0.0), 0.0


def negative(a: Dual) -> Dual:
    return -a[0], -a[1]


def power(a: Dual, exponent: float) -> Dual:
    return a[0] ** exponent, _through(a, exponent * a[0] ** (exponent - 1))


def exponential(a: Dual, ceiling: float = EXP_CEILING) -> Dual:
    value = np.exp(np.minimum(a[0], ceiling))
    return value, _through(a, value)


def known(name: str) -> Rule:
    """Return the rule of a registered activation."""

    def rule(a: Dual) -> Dual:
        z = np.atleast_1d(a[0])
        missing = np.isnan(z)
        value, slope = ACTIVATIONS[name].evaluate(np.where(missing, 0.0, z) if missing.any() else z)
        return np.where(missing, np.nan, value) if missing.any() else value, _through(a, slope)

    return rule


def _log(a: Dual) -> Dual:
    return np.log(a[0]), _times(a[1], 1 / a[0])


def _sqrt(a: Dual) -> Dual:
    value = np.sqrt(a[0])
    return value, _times(a[1], 0.5 / value)


def _cos(a: Dual) -> Dual:
    return np.cos(a[0]), _times(a[1], -np.sin(a[0]))


def _abs(a: Dual) -> Dual:
    return np.abs(a[0]), _times(a[1], np.sign(a[0]))


def _max(a: Dual, b: Dual) -> Dual:
    return np.maximum(a[0], b[0]), _chosen(a[0] - b[0], a[1], b[1])


def _min(a: Dual, b: Dual) -> Dual:
    return np.minimum(a[0], b[0]), _chosen(b[0] - a[0], a[1], b[1])


def _clip(a: Dual, low: Dual, high: Dual) -> Dual:
    return _min(_max(a, low), high)


def _where(condition: Dual, a: Dual, b: Dual) -> Dual:
    return np.where(condition[0] != 0, a[0], b[0]), np.where(condition[0] != 0, a[1], b[1])


def _leaky_relu(a: Dual, leak: Dual = (LEAK, 0.0)) -> Dual:
    above = a[0] > 0
    return np.where(above, a[0], leak[0] * a[0]), _times(a[1], np.where(above, 1.0, leak[0]))


def _elu(a: Dual, alpha: Dual = (1.0, 0.0)) -> Dual:
    below = np.minimum(a[0], 0)
    return np.maximum(a[0], 0) + alpha[0] * np.expm1(below), _times(a[1], np.where(a[0] > 0, 1.0, alpha[0] * np.exp(below)))


def _times(slope: Number, factor: Number) -> Number:
    """Return the product; 0 where the slope is the plain number 0, whatever the factor."""
    return 0.0 if isinstance(slope, float) and slope == 0 else slope * factor


def _through(a: Dual, outer: Number) -> Number:
    """Return the product of the slopes of a and of what is made of a; 0 where that is flat at an a beyond floating point."""
    with np.errstate(invalid="ignore"):
        product = _times(a[1], outer)
        lost = np.isinf(a[0]) & (np.asarray(outer) == 0)
    return np.where(lost, 0.0, product) if np.any(lost) else product


def _chosen(excess: Number, first: Number, second: Number) -> Number:
    """Return the first slope where the excess is positive, the second where it is negative, their mean where the branches meet."""
    weight = 0.5 * (1 + np.sign(excess))
    return np.where(weight == 0, second, np.where(weight == 1, first, _times(first, weight) + _times(second, 1 - weight)))


@dataclass(frozen=True)
class Function:
    """A function that formulas may call: an example of its use, its rule, and how many arguments it may have."""

    usage: str
    rule: Rule
    counts: tuple[int, ...] = (1,)


#: every function a formula may call; the known activations are among them
FUNCTIONS: dict[str, Function] = {
    "exp": Function("exp(x)", exponential),
    "log": Function("log(x)", _log),
    "sqrt": Function("sqrt(x)", _sqrt),
    "cos": Function("cos(x)", _cos),
    "abs": Function("abs(x)", _abs),
    "max": Function("max(x, 0)", _max, (2,)),
    "min": Function("min(x, 0)", _min, (2,)),
    "clip": Function("clip(x, -1, 1)", _clip, (3,)),
    "where": Function("where(x > 0, x, 0)", _where, (3,)),
    **{name: Function(f"{name}(x)", known(name)) for name in ACTIVATIONS},
    "leaky_relu": Function("leaky_relu(x, 0.01)", _leaky_relu, (1, 2)),
    "elu": Function("elu(x, 1)", _elu, (1, 2)),
}
#: activations whose second argument is a plain number; they have a kink at 0, whatever it is
WITH_PARAMETER = ("leaky_relu", "elu")
