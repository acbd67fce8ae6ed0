"""Angles and circles in infinitely wide networks: against the correlation map, and against the covariance they are derivatives of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from propagation.activations import ACTIVATIONS
from propagation.config import Config
from propagation.expressions import lookup
from propagation.theory.manifold import angle_path, layer_sizes, predict_circle
from propagation.theory.maps import correlation_map, length_map
from propagation.theory.ops import bend

OFF_ITS_FIXED_POINT = Config(depth=6, activation="tanh", weight_variance=2.5, bias_variance=0.09, input_variance=3.0)
CASES = [
    OFF_ITS_FIXED_POINT,
    Config(depth=5, activation="gelu", weight_variance=2.0, bias_variance=0.1),
    Config(depth=5, activation="sin", weight_variance=3.0, bias_variance=0.0),
    Config(depth=4, activation="linear", weight_variance=1.3, bias_variance=0.0),
]


@pytest.mark.parametrize("config", [*CASES, Config(depth=6, activation="relu", scheme="he", bias_variance=0.2)])
def test_angles_follow_the_correlation_map(config):
    sizes, weight = layer_sizes(config, config.input_variance)
    path = angle_path(config, np.array([0.01, 0.5, 1.0, 1.9]))
    bias = config.bias_variance
    for layer in range(config.depth - 1):
        c = correlation_map(1 - path[layer + 1], sizes[layer], config.activation, weight[layer], bias)
        np.testing.assert_allclose(1 - path[layer + 2], c, atol=1e-10)
        assert sizes[layer + 1] == pytest.approx(float(length_map(sizes[layer], config.activation, weight[layer], bias)))


def test_the_first_layer_adds_its_bias_to_both_inputs():
    path = angle_path(OFF_ITS_FIXED_POINT, np.array([1.0]))
    q = 2.5 * 3.0 + 0.09
    assert path[1, 0] == pytest.approx(2.5 * 3.0 / q)


def test_tiny_angles_keep_their_digits():
    path = angle_path(OFF_ITS_FIXED_POINT, np.array([1e-12, 1e-9]))
    np.testing.assert_allclose(path[:, 0] / path[:, 1], 1e-3, rtol=1e-4)


@pytest.mark.parametrize("config", CASES, ids=lambda config: config.activation)
def test_length_and_curvature_are_derivatives_of_the_covariance(config):
    """q ε(Δ) = g Δ²/2 − A Δ⁴/24 + …, from the kernel alone: three angles give g and A."""
    turns = np.array([0.04, 0.08, 0.12])
    sizes, _ = layer_sizes(config, config.input_variance)
    lost = sizes[:, None] * angle_path(config, 2 * np.sin(turns / 2) ** 2)[1:]
    powers = np.stack((turns**2 / 2, -(turns**4) / 24, turns**6 / 720), axis=1)
    g, a, _ = np.linalg.solve(powers, lost.T)
    circle = predict_circle(config)
    np.testing.assert_allclose(circle.log10_length[1:], 0.5 * np.log10(g / config.input_variance), atol=2e-4)
    np.testing.assert_allclose(circle.log10_curvature[1:], 0.5 * np.log10(a / g**2 * config.input_variance), atol=5e-3)


def test_a_kink_has_no_curvature_and_he_keeps_the_length():
    circle = predict_circle(Config(depth=5, activation="relu", scheme="he", bias_variance=0))
    np.testing.assert_allclose(circle.log10_length[1:], 0.5 * np.log10(2))
    assert np.isnan(circle.log10_curvature[2:]).all() and np.isnan(bend("relu", np.array([1.0]))).all()


def test_second_derivatives():
    z = np.linspace(-3, 3, 50)
    np.testing.assert_allclose(lookup("tanh").second_derivative(z), -2 * np.tanh(z) / np.cosh(z) ** 2, atol=1e-9)
    np.testing.assert_allclose(bend("sin", np.array([0.7])), (1 - np.exp(-1.4)) / 2, rtol=1e-9)


def dense_mean(phi, q):
    """E[φ″²] by 8-point Gauss rules on panels of 0.02 and 1/150 of a standard deviation, with no thought of speed."""
    reach = 12 * q**0.5
    edges = np.union1d(np.linspace(-reach, reach, 3601), np.clip(np.concatenate((np.arange(-60, 60, 0.02), phi.kinks)), -reach, reach))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half + half * nodes
    return np.sum(half * weights * phi.second_derivative(z) ** 2 * np.exp(-z * z / (2 * q))) / np.sqrt(2 * np.pi * q)


TYPED = ["x/(1+abs(x))", "elu(2*x-1)", "softsign(x-1)", "tanh(20*x)", "tanh(max(x,0))*max(x,0)", "x*sigmoid(1.702*x)"]


@pytest.mark.parametrize("name", [*ACTIVATIONS, *TYPED])
def test_mean_square_of_the_second_derivative(name):
    phi, q = lookup(name), np.geomspace(1e-3, 1e3, 7)
    if phi.corners:
        assert np.isnan(bend(name, q)).all()
        return
    np.testing.assert_allclose(bend(name, q), [dense_mean(phi, one) for one in q], rtol=1e-8 if name in ACTIVATIONS else 1e-6)


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("elu", lambda q: np.exp(2 * q) * special.ndtr(-2 * np.sqrt(q))),
        ("gelu", lambda q: (4 * (1 + 2 * q) ** 2 - 4 * q * (1 + 2 * q) + 3 * q**2) / (2 * np.pi * (1 + 2 * q) ** 2.5)),
        ("erf", lambda q: 16 / np.pi * q * (1 + 4 * q) ** -1.5),
        ("sin", lambda q: (1 - np.exp(-2 * q)) / 2),
        ("linear", np.zeros_like),
    ],
)
def test_mean_square_of_the_second_derivative_in_closed_form(name, exact):
    q = np.geomspace(1e-3, 100, 6)
    np.testing.assert_allclose(bend(name, q), exact(q), rtol=1e-12)


def test_what_bends_for_ever_has_no_mean_at_large_q():
    assert np.isnan(bend("sin(3*x)", np.array([1.0, 1e3]))).tolist() == [False, True]


def test_any_number_of_places_where_only_the_second_derivative_jumps():
    assert len(lookup("softsign(sin(x))").kinks) <= 8
    assert lookup("softsign(sin(x))").corners == lookup("elu(sin(x)) - softsign(x - 1)").corners == ()
    assert 0.5 in lookup("elu(sin(x)) + abs(x - 0.5)").corners


@pytest.mark.parametrize("activation", ["elu", "softsign"])
def test_a_jump_of_the_second_derivative_leaves_a_curvature(activation):
    assert np.isfinite(predict_circle(Config(depth=5, activation=activation, weight_variance=1.5)).log10_curvature).all()


def test_what_explodes_is_followed_as_far_as_it_is_a_number():
    path = angle_path(Config(depth=400, activation="linear", weight_variance=100, bias_variance=0), np.array([0.5]))
    assert path[90, 0] == pytest.approx(0.5) and np.isnan(path[-1, 0])
