"""One layer of a function that grows faster than a straight line: Gaussian moments in closed form."""

from __future__ import annotations

import math

import pytest

from propagation.expressions import ExpressionError, TooFast, lookup
from propagation.theory.one_layer import one_layer

E = math.e


@pytest.mark.parametrize(
    ("formula", "second", "mean", "slope"),
    [
        ("relu(x)**2", 3 / 2, 1 / 2, 2),
        ("max(x, 0)^2", 3 / 2, 1 / 2, 2),
        ("where(x > 0, x**2, 0)", 3 / 2, 1 / 2, 2),
        ("x**2", 3, 1, 4),
        ("x**3", 15, 0, 27),
        ("x**8", 2_027_025, 105, 64 * 135_135),
        ("exp(x)", E**2, E**0.5, E**2),
        ("exp(2*x)", E**8, E**2, 4 * E**8),
        ("tanh(x)", 0.394294490397, 0, 0.464402902448),
        ("relu(x)", 1 / 2, 1 / math.sqrt(2 * math.pi), 1 / 2),
    ],
)
def test_moments_are_the_closed_forms(formula, second, mean, slope):
    of = one_layer(formula)
    assert (of.second, of.variance, of.slope) == pytest.approx((second, second - mean**2, slope), rel=1e-11)


@pytest.mark.parametrize("formula", ["exp(x**2)", "exp(x**2/3)", "x*exp(x**4)"])
def test_a_mean_that_does_not_exist_is_infinite(formula):
    assert one_layer(formula).second == math.inf


@pytest.mark.parametrize(
    ("formula", "kind"), [("relu(x)**2", TooFast), ("exp(x)", TooFast), ("1/x", ExpressionError), ("x.real", ExpressionError)]
)
def test_a_network_refuses_it_and_says_whether_growth_is_why(formula, kind):
    with pytest.raises(ExpressionError) as refusal:
        lookup(formula)
    assert type(refusal.value) is kind


@pytest.mark.parametrize("formula", ["1/x", "x.real", "x**2 + where(x>0,1,0)", "exp(abs(sin(x))) * x**2", "x" * 300])
def test_every_other_bad_formula_stays_refused(formula):
    with pytest.raises(ExpressionError):
        one_layer(formula)
