"""Singular values of infinitely wide Jacobians against closed forms and against THEORY's values at fixed points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation.config import Config
from propagation.inputs import draw_inputs
from propagation.theory.maps import fixed_point
from propagation.theory.s_transform import squared_slopes
from propagation.theory.spectrum import predict_spectrum, product_density

LINEAR = Config(depth=12, width=16, activation="linear", weight_variance=1.0, bias_variance=0.0, inputs=1)
RELU = Config(depth=10, width=16, activation="relu", scheme="he", bias_variance=0.0, inputs=1)


def largest_squares(config: Config, law: str) -> np.ndarray:
    return 10 ** (2 * predict_spectrum(config, law, config.depth).log10_largest)


def at_its_fixed_point(weight_variance: float, bias_variance: float, depth: int) -> Config:
    """A tanh network whose input has the size that every layer has."""
    q = fixed_point("tanh", weight_variance, bias_variance)
    config = Config(depth=depth, width=16, weight_variance=weight_variance, bias_variance=bias_variance, inputs=1)
    wanted = (q - bias_variance) / weight_variance
    return replace(config, input_variance=wanted / float(np.mean(draw_inputs(config) ** 2)))


def test_linear_gaussian_edge_in_closed_form():
    depths = np.arange(1, 13)
    np.testing.assert_allclose(largest_squares(LINEAR, "gaussian"), (depths + 1.0) ** (depths + 1) / depths**depths, rtol=1e-4)


@pytest.mark.parametrize(
    ("law", "expected"), [("gaussian", (5.828427, 11.090170, 21.858249, 54.410859)), ("orthogonal", (2, 4, 9.481481, 25.811748))]
)
def test_relu_edges(law, expected):
    np.testing.assert_allclose(largest_squares(RELU, law)[[0, 1, 3, 9]], expected, rtol=1e-4)


def test_tanh_orthogonal_edges_at_criticality():
    config = at_its_fixed_point(1.76095464, 0.05, 10)
    np.testing.assert_allclose(largest_squares(config, "orthogonal")[[0, 1, 3, 9]], (1.760955, 2.733937, 4.627976, 10.237887), rtol=1e-4)


def test_mean_square_is_the_product_of_chi_1_and_of_the_change_of_width():
    config = at_its_fixed_point(2.5, 0.1, 8)
    slopes, chances = squared_slopes("tanh", fixed_point("tanh", 2.5, 0.1))
    expected = np.arange(1, 9) * np.log10(2.5 * chances @ slopes)
    for law in ("gaussian", "orthogonal"):
        np.testing.assert_allclose(predict_spectrum(config, law, 8).log10_mean_square, expected, atol=1e-9)
    funnel = Config(depth=4, width=64, activation="linear", weight_variance=1.0, bias_variance=0.0, width_profile="funnel", inputs=1)
    prediction = predict_spectrum(funnel, "gaussian", 4)
    assert prediction.log10_mean_square[-1] == pytest.approx(np.log10(8 / 64))
    assert np.isnan(prediction.log10_largest).all() and np.isnan(prediction.spread).all()


@pytest.mark.parametrize("depth", [1, 2, 5, 12])
def test_density_of_a_product_has_its_moments(depth):
    """Total 1, mean of s² 1 and mean of s⁴ L + 1 (Fuss–Catalan), edge (L + 1)^(L + 1)/L^L."""
    log10_s, shares = product_density(depth, 40_000)
    order = np.argsort(log10_s)
    x, density = log10_s[order], shares[order]
    moments = [np.trapezoid(density * 10 ** (2 * k * x), x) for k in (0, 1, 2)]
    # what is left out lies below the smallest point, where almost no square is
    np.testing.assert_allclose(moments[1:], (1, depth + 1), rtol=1e-4)
    assert 0.7 < moments[0] <= 1.0001
    assert 10 ** (2 * x[-1]) == pytest.approx((depth + 1) ** (depth + 1) / depth**depth, rel=1e-4)


def test_spread_adds_up_and_gaussian_weights_add_one_per_layer():
    np.testing.assert_allclose(predict_spectrum(LINEAR, "gaussian", 12).spread, np.arange(1, 13))
    np.testing.assert_allclose(predict_spectrum(LINEAR, "orthogonal", 12).spread, 0, atol=1e-12)
    np.testing.assert_allclose(predict_spectrum(RELU, "gaussian", 10).spread, 2.0 * np.arange(1, 11))


def test_a_signal_that_dies_has_no_prediction():
    dead = Config(depth=3, width=16, activation="relu", weight_variance=0.0, bias_variance=0.0, inputs=1)
    prediction = predict_spectrum(dead, "gaussian", 3)
    assert np.isnan(prediction.log10_mean_square).all() and np.isnan(prediction.log10_largest).all()
