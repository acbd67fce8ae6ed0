"""Jacobians of real networks: against explicit products, difference quotients, exact means and exact laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS, assert_mean, errors_off
from scipy import stats

from propagation.config import Config
from propagation.engine.network import walk
from propagation.expressions import lookup
from propagation.inputs import draw_inputs
from propagation.labs.spectrum import DEEPEST, SPECTRUM, WIDEST, depths_shown
from propagation.theory.spectrum import product_density

SMALL = Config(depth=5, width=12, weight_variance=1.8, bias_variance=0.1)
LINEAR = Config(depth=3, width=300, activation="linear", weight_variance=1.0, bias_variance=0.0)


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("changes", [{}, {"width_profile": "funnel", "width": 40}, {"activation": "relu"}, {"scheme": "lsuv"}])
def test_singular_values_are_those_of_the_explicit_product(law, changes):
    config = SPECTRUM.uses(replace(SMALL, **changes, weight_law=law))
    spectrum = SPECTRUM.measure(config)
    product = np.eye(config.widths[0])
    dphi = lookup(config.activation).dphi
    for layer, (linear, _) in enumerate(walk(config, 0, draw_inputs(config)), start=1):
        product = np.diag(dphi(linear.y.array[0, :, 0])) @ linear.op.weights[0] @ product
        assert 10 ** spectrum.log10_mean_square[layer - 1] == pytest.approx(np.sum(product**2) / config.widths[0])
        if layer in spectrum.layers:
            expected = np.linalg.svd(product, compute_uv=False)
            values = 10 ** spectrum.log10_values[list(spectrum.layers).index(layer)]
            np.testing.assert_allclose(values, expected, rtol=1e-7, atol=1e-13 * expected[0])


def test_the_jacobian_is_the_derivative_of_the_network():
    config = SPECTRUM.uses(SMALL)
    x, step = draw_inputs(config), 1e-5

    def output(moved):
        *_, last = walk(config, 0, moved)
        return last[-1].y.array[0]

    columns = [(output(x + step * unit) - output(x - step * unit)) / (2 * step) for unit in np.eye(12)[:, :, None]]
    expected = np.linalg.svd(np.hstack(columns), compute_uv=False)
    np.testing.assert_allclose(10 ** SPECTRUM(SMALL).log10_values[-1], expected, rtol=1e-5, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "weight_variance", "chi_1"), [("relu", 2.0, 1.0), ("linear", 1.2, 1.2), ("leaky_relu", 2.0, 1.0001)]
)
def test_mean_squared_singular_value_is_chi_1_to_the_depth(activation, weight_variance, chi_1):
    """Exact at every width for these, so that small networks can be many."""
    config = Config(depth=3, width=16, activation=activation, weight_variance=weight_variance, bias_variance=0)
    squares = np.array([10 ** SPECTRUM(replace(config, seed=seed)).log10_mean_square[-1] for seed in range(400)])
    assert_mean(squares, chi_1**3)
    assert errors_off(squares, (0.8 * chi_1) ** 3) > 2 * ERRORS


def test_products_of_gaussian_matrices_have_the_fuss_catalan_law_of_their_depth():
    values = SPECTRUM(LINEAR).log10_values[-1]

    def distance(depth):
        log10_s, shares = product_density(depth, 4000)
        order = np.argsort(log10_s)
        x, density = log10_s[order], shares[order]
        steps = np.diff(x) * (density[1:] + density[:-1]) / 2
        above = np.append(np.cumsum(steps[::-1])[::-1], 0.0)  # the part below the smallest x is missing, not that above the largest
        return stats.kstest(values, lambda s: 1 - np.interp(s, x, above)).statistic

    assert distance(3) < 0.02
    assert min(distance(2), distance(4)) > 0.04


def test_orthogonal_linear_networks_keep_every_length():
    spectrum = SPECTRUM(replace(LINEAR, weight_law="orthogonal"))
    np.testing.assert_allclose(np.concatenate(spectrum.log10_values), 0, atol=1e-12)
    assert spectrum.log10_condition(0) == pytest.approx(0, abs=1e-12)


def test_largest_value_is_near_its_limit():
    """At 300 neurons it scatters around (L + 1)^(L + 1)/L^L by a few per cent."""
    largest = [10 ** SPECTRUM(replace(LINEAR, seed=seed)).log10_values[-1][0] for seed in range(4)]
    assert np.mean(largest) == pytest.approx(np.sqrt(4**4 / 3**3), rel=0.06)


def test_one_over_ten_to_the_500_is_a_number():
    config = Config(depth=100, width=8, activation="linear", weight_variance=1.0, bias_variance=0)
    small = SPECTRUM(replace(config, weight_variance=1e-10))
    np.testing.assert_allclose(small.log10_values[-1][0], SPECTRUM(config).log10_values[-1][0] - 500, atol=1e-6)
    assert small.log10_mean_square[-1] < -980


def test_what_rounding_hides_is_not_shown_as_a_number():
    deep = SPECTRUM(replace(LINEAR, depth=40, width=60))
    assert np.isneginf(deep.log10_values[-1]).any() and np.isinf(deep.log10_condition(-1))


def test_a_dead_network_has_no_singular_values():
    spectrum = SPECTRUM(replace(LINEAR, width=8, weight_variance=0.0))
    assert np.isneginf(np.concatenate(spectrum.log10_values)).all() and np.isneginf(spectrum.log10_mean_square).all()


def test_large_requests_are_measured_smaller():
    config = SPECTRUM.uses(Config(width=1_000_000, depth=2000, trials=64, weight_law="orthogonal"))
    assert config.width == WIDEST and config.weight_law == "orthogonal" and (config.inputs, config.trials) == (1, 1)
    assert depths_shown(2000)[-1] == DEEPEST and list(depths_shown(3)) == [1, 2, 3] and list(depths_shown(1)) == [1]


def test_the_way_there_is_reported():
    shares = []
    SPECTRUM(SMALL, shares.append)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]
