"""Means of activations far out and close to zero, where tables end and asymptotes take over."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from propagation.config import Config
from propagation.expressions import typed_activation
from propagation.theory.kernel import kernel
from propagation.theory.manifold import angle_path
from propagation.theory.maps import chi_1, length_map, length_slope
from propagation.theory.moments import moments
from propagation.theory.prediction import predict

#: ε = 1 − c of pairs of inputs
APART = np.array([1e-8, 1e-3, 0.3, 1.0, 1.7])


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["elu", "gelu", "softplus", "x - tanh(x)"])
def test_the_kernel_comes_to_that_of_the_asymptotes_without_a_step(activation):
    of = kernel(typed_activation(activation).name if "(" in activation else activation)
    below, above = (np.array(of(np.exp(t), APART)) / np.exp([[t], [0.0]]) for t in (23.999, 24.001))
    assert above == pytest.approx(below, rel=3e-5)


def test_the_kernel_comes_to_that_of_the_slopes_at_zero_without_a_step():
    below, above = (np.array(kernel("gelu")(q, APART)) / np.array([[q], [1.0]]) for q in (0.99e-22, 1.01e-22))
    assert below == pytest.approx(above, rel=1e-10)
    assert kernel("tanh")(1e-300, 0.5)[0] == pytest.approx(0.5e-300)


@pytest.mark.slow
def test_a_signal_that_explodes_is_followed_to_the_end_of_numbers_with_few_tables():
    config = Config(activation="elu", weight_variance=100, bias_variance=0, depth=2000)
    path = angle_path(config, APART)
    followed = np.isfinite(path).all(axis=1)
    assert followed.sum() > 100
    assert path[followed][-1] == pytest.approx(path[followed][-2], rel=0.1)  # elu's asymptotes are ReLU's: all angles close slowly
    assert len(kernel("elu")._panels) < 100


def test_a_signal_that_dies_keeps_its_angles():
    path = angle_path(Config(activation="tanh", weight_variance=0.01, bias_variance=0, depth=90), APART)
    assert path[90] == pytest.approx(path[70], rel=1e-9)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_what_waves_for_ever_has_a_size_at_any_variance_and_slopes_where_they_are_resolved(k):
    of = moments(typed_activation(f"x + sin({k}*x)/{k}").name)
    q = np.array([1.0, 5.0, 1e2, 1e3, 1e5, 1e9])
    around = k * k * q
    second = q + 2 * q * np.exp(-around / 2) + (1 - np.exp(-2 * around)) / (2 * k * k)
    slope = 1 + 2 * np.exp(-around / 2) + (1 + np.exp(-2 * around)) / 2
    assert of.second(q) == pytest.approx(second, rel=1e-9)
    known = q <= of.resolved
    assert known[0] and not known[-1]
    assert of.slope(q)[known] == pytest.approx(slope[known], rel=1e-8)
    assert np.isnan(of.slope(q)[~known]).all()


@pytest.mark.parametrize("k", [1, 8, 20])
def test_a_bounded_wave_has_its_mean_square(k):
    q = np.array([0.1, 1.0, 10.0, 1e3, 1e6])
    of = moments(typed_activation(f"cos({k}*x)").name)
    assert of.second(q) == pytest.approx((1 + np.exp(-2 * k * k * q)) / 2, rel=1e-9)


@pytest.mark.parametrize("formula", ["x - tanh(x)", "relu(x - 1)", "max(abs(x) - 1, 0)", "softplus(20*(x - 3))", "exp(-(x - 2)**2 * 9)"])
@pytest.mark.parametrize("input_variance", [1e-3, 0.1, 1.0])
def test_what_is_flat_around_zero_fades_and_is_a_number_in_every_layer(formula, input_variance):
    config = Config(activation=typed_activation(formula).name, weight_variance=1, bias_variance=0, depth=10, input_variance=input_variance)
    sizes = predict(config).z.log10_second_moment
    assert not np.isnan(sizes).any()
    assert np.all(np.diff(sizes[np.isfinite(sizes)]) <= 1e-12)


@pytest.mark.parametrize("q", [-1.0, np.nan, np.array([1.0, -1e-20])])
@pytest.mark.parametrize("of", [partial(length_map, bias_variance=0.1), length_slope, chi_1])
def test_what_is_no_size_is_refused_in_words(of, q):
    with pytest.raises(ValueError, match="at least 0"):
        of(q, "tanh", weight_variance=1.5)
