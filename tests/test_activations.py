"""The 18 activations: values, derivatives, kinks and asymptotic slopes, each from an independent formula or from differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from propagation import ACTIVATIONS
from propagation.erf import erf
from propagation.expressions import lookup

NAMES = [
    "linear",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "softplus",
    "sigmoid",
    "tanh",
    "hard_tanh",
    "erf",
    "softsign",
    "arctan",
    "sin",
    "hard_swish",
]

#: the same functions from other building blocks than the registry's
OTHERWISE = {
    "linear": lambda z: z,
    "relu": lambda z: z * (z > 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * (np.exp(z) - 1)),
    "gelu": lambda z: z * special.ndtr(z),
    "gelu_tanh": lambda z: z * special.expit(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)),
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * (1 - 2 / ((1 + np.exp(z)) ** 2 + 1)),
    "softplus": lambda z: -special.log_expit(-z),
    "sigmoid": special.expit,
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "hard_tanh": lambda z: np.where(z > 1, 1, np.where(z < -1, -1, z)),
    "erf": special.erf,
    "softsign": lambda z: np.sign(z) * (1 - 1 / (1 + np.abs(z))),
    "arctan": lambda z: np.arctan2(z, 1),
    "sin": lambda z: np.cos(z - math.pi / 2),
    "hard_swish": lambda z: np.where(z > 3, z, np.where(z < -3, 0, z * (z + 3) / 6)),
}
GRID = np.linspace(-12, 12, 4001) + 1e-4

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)


def test_the_registry_is_complete_and_each_knows_its_name():
    assert list(ACTIVATIONS) == NAMES
    assert all(name == activation.name and activation.label and activation.latex for name, activation in ACTIVATIONS.items())


@every_activation
def test_values(activation):
    np.testing.assert_allclose(activation.phi(GRID), OTHERWISE[activation.name](GRID), rtol=1e-12, atol=2e-14)


@every_activation
def test_derivatives_are_finite_differences(activation):
    z = GRID[np.abs(GRID[:, None] - np.array([*activation.kinks, 1e9])).min(axis=1) > 1e-3]
    differences = (activation.phi(z + 1e-5) - activation.phi(z - 1e-5)) / 2e-5
    np.testing.assert_allclose(activation.dphi(z), differences, atol=5e-10)


@every_activation
def test_second_derivatives_are_finite_differences(activation):
    if activation.corners:
        assert np.isnan(activation.second_derivative(GRID)).all()
        return
    z = GRID[np.abs(GRID) > 1e-3]  # the kinks of ELU and softsign are at 0
    differences = (activation.dphi(z + 1e-5) - activation.dphi(z - 1e-5)) / 2e-5
    np.testing.assert_allclose(activation.second_derivative(z), differences, atol=2e-9)


@every_activation
def test_value_and_derivative_together_are_the_two_apart(activation):
    phi, dphi = activation.evaluate(GRID.reshape(1, -1, 1))
    np.testing.assert_allclose(phi.ravel(), activation.phi(GRID), atol=1e-14)
    np.testing.assert_allclose(dphi.ravel(), activation.dphi(GRID), atol=1e-14)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf"])
def test_tails_of_slopes_keep_their_digits(name):
    """Slopes of saturated units, down to 1e-300: 1 − tanh² would be 0 from z = 19 on."""
    exact = {
        "tanh": lambda z: 4 * np.exp(-2 * z) / (1 + np.exp(-2 * z)) ** 2,
        "sigmoid": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
        "erf": lambda z: 2 / math.sqrt(math.pi) * np.exp(-z * z),
    }[name]
    z = np.linspace(6, 26, 200)
    for signed in (z, -z):
        np.testing.assert_allclose(ACTIVATIONS[name].evaluate(signed)[1], exact(z), rtol=1e-9)


@every_activation
def test_kinks_are_where_the_slope_jumps_or_its_derivative(activation):
    assert activation.corners == (() if activation.name in {"elu", "softsign"} else activation.kinks)
    for kink in activation.kinks:
        sides = np.array([kink - 1e-9, kink + 1e-9])
        left, right = activation.dphi(sides) if activation.corners else activation.second_derivative(sides)
        assert abs(left - right) > 0.1
    elsewhere = [z for z in np.linspace(-6, 6, 2401) if all(abs(z - kink) > 1e-3 for kink in activation.kinks)]
    jumps = activation.dphi(np.array(elsewhere) + 1e-9) - activation.dphi(np.array(elsewhere) - 1e-9)
    assert np.abs(jumps).max() < 1e-7


@every_activation
def test_slopes_at_zero_and_at_infinity(activation):
    near, far = activation.dphi(np.array([-1e-9, 1e-9])), activation.dphi(np.array([-1e6, 1e6]))
    np.testing.assert_allclose(near, activation.slopes_at_zero, atol=1e-8)
    if activation.name != "sin":  # has none
        np.testing.assert_allclose(far, activation.slopes_at_infinity, atol=1e-8)
    assert activation.phi(np.zeros(1))[0] == pytest.approx(activation.phi_zero, abs=1e-16)


@every_activation
def test_families(activation):
    assert activation.homogeneous == (activation.name in {"linear", "relu", "leaky_relu"})
    assert activation.bounded == (activation.name in {"sigmoid", "tanh", "hard_tanh", "erf", "softsign", "arctan", "sin"})
    assert activation.steepest == pytest.approx(np.abs(activation.dphi(np.linspace(-10, 10, 200_001))).max(), rel=1e-3)


@every_activation
def test_large_and_small_arguments_give_numbers(activation):
    z = np.array([0.0, -0.0, 5e-324, -1e-300, 1e-40, -(2.0**45), 2.0**45, -700.5, 800.0])
    with np.errstate(all="raise", under="ignore"):
        values, slopes = activation.evaluate(z)
        bends = activation.second_derivative(z)
    assert np.isfinite(values).all() and np.isfinite(slopes).all()
    assert np.isnan(bends).all() if activation.corners else np.isfinite(bends).all()


def test_erf_is_exact_to_the_last_digits():
    z = np.concatenate([np.linspace(-7, 7, 100_001), [0.0, 1e-300, 1e300, -np.inf, np.inf]])
    np.testing.assert_allclose(erf(z), special.erf(z), atol=5e-16)
    assert erf(0.3).shape == () and erf(np.ones((2, 3))).shape == (2, 3)


def test_lookup_names_what_it_knows():
    assert lookup("gelu") is ACTIVATIONS["gelu"]
    for unknown in ("RuLU", "", None, ["relu"], 3, "x" * 10_000):
        with pytest.raises(ValueError, match=r"activation = .* is unknown; choose one of linear, relu") as error:
            lookup(unknown)
        assert len(str(error.value)) < 400
