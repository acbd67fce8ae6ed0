"""The backward pass against finite differences through an explicit network, and what is measured on the way."""

from __future__ import annotations

import numpy as np
import pytest

from engine.explicit import ExplicitNetwork, assert_moments
from propagation import ACTIVATIONS, Config, simulate
from propagation.activations import FLAT
from propagation.choices import COSTS
from propagation.widths import WIDTH_PROFILES

SMALL = {"depth": 3, "width": 6, "inputs": 3, "trials": 2, "method": "dense", "weight_variance": 1.8, "bias_variance": 0.3}


def away_from_kinks(**fields) -> Config:
    """The first seed whose pre-activations all keep a distance from the kinks that finite differences cannot see across."""
    kinks = np.array(ACTIVATIONS[fields["activation"]].kinks)
    for seed in range(100):
        config = Config(**fields, seed=seed)
        zs = np.concatenate([z.ravel() for trial in range(config.trials) for z in ExplicitNetwork(config, trial).forward()[0]])
        if not kinks.size or np.abs(zs[:, None] - kinks).min() > 2e-3:
            return config
    raise AssertionError("no seed keeps away from the kinks")


def assert_finite_differences(config: Config) -> None:
    trace = simulate(config)
    for trial in range(config.trials):
        deltas, gradients = ExplicitNetwork(config, trial).finite_differences()
        assert_moments(trace.delta, trial, deltas, 1e-6)
        assert_moments(trace.weight_gradient, trial, gradients, 1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_finite_differences_for_every_activation(activation):
    assert_finite_differences(away_from_kinks(activation=activation, **SMALL))


@pytest.mark.parametrize("cost", COSTS)
def test_gradients_are_finite_differences_for_every_cost(cost):
    assert_finite_differences(away_from_kinks(activation="tanh", cost=cost, **SMALL))


@pytest.mark.parametrize("profile", WIDTH_PROFILES)
def test_gradients_are_finite_differences_for_every_width_profile(profile):
    assert_finite_differences(away_from_kinks(activation="softplus", width_profile=profile, **{**SMALL, "width": 16, "trials": 1}))


@pytest.mark.parametrize("law", ["uniform", "truncated_gaussian", "orthogonal"])
def test_gradients_are_finite_differences_for_every_weight_law(law):
    assert_finite_differences(
        away_from_kinks(activation="gelu", weight_law=law, width_profile="funnel", **{**SMALL, "width": 16, "trials": 1})
    )


def test_a_wrong_slope_is_noticed():
    """Negative control: gradients that leave φ′ out of one layer fail the comparison."""
    config = away_from_kinks(activation="tanh", **SMALL)
    deltas, _ = ExplicitNetwork(config, 0).finite_differences()
    zs, _ = ExplicitNetwork(config, 0).forward()
    deltas[0] = deltas[0] / (1 - np.tanh(zs[0]) ** 2)
    with pytest.raises(AssertionError, match="layer 1"):
        assert_moments(simulate(config).delta, 0, deltas, 1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "hard_swish"])
def test_forward_moments_and_flat_shares_are_those_of_the_explicit_network(activation):
    config = Config(activation=activation, input_variance=30.0, **{**SMALL, "width": 12, "weight_variance": 6.0})
    trace = simulate(config)
    phi = ACTIVATIONS[activation]
    for trial in range(config.trials):
        zs, hs = ExplicitNetwork(config, trial).forward()
        assert_moments(trace.z, trial, zs, 1e-10)
        assert_moments(trace.h, trial, hs[1:], 1e-10)
        flat = [np.abs(phi.dphi(z)) < FLAT * phi.steepest for z in zs]
        np.testing.assert_allclose(trace.saturated[trial], [f.mean() for f in flat], atol=1e-6)
        np.testing.assert_allclose(trace.dead[trial], [f.all(axis=1).mean() for f in flat], atol=1e-6)
    assert trace.input_log10_second_moment == pytest.approx(np.log10(np.mean(ExplicitNetwork(config, 0).x ** 2)))


def test_for_one_input_the_weight_gradient_is_the_product_of_its_vectors():
    trace = simulate(Config(inputs=1, width=40, depth=6, activation="silu"))
    before = np.column_stack([np.full(8, trace.input_log10_second_moment), trace.h.log10_second_moment[:, :-1]])
    np.testing.assert_allclose(trace.weight_gradient.log10_second_moment, trace.delta.log10_second_moment + before, atol=1e-6)
