"""Angles and circles in infinitely wide networks: against the correlation map, and against the covariance they are derivatives of."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_what_explodes_is_followed_as_far_as_it_is_a_number():
    path = angle_path(Config(depth=400, activation="linear", weight_variance=100, bias_variance=0), np.array([0.5]))
    assert path[90, 0] == pytest.approx(0.5) and np.isnan(path[-1, 0])
