"""Histograms count every number once, whatever its size, and say of a Gaussian that it is one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.engine.signal import Signal
from propagation.labs.distributions import (
    BINS,
    CENTRES,
    DRAWN_ENTRIES,
    EDGES,
    MOST_LAYERS,
    histogram,
    layers_of,
    measure,
    sampled_entries,
    uses,
)
from propagation.signals import PLAIN
from propagation.theory.prediction import predict

SMALL = {"depth": 6, "width": 64, "inputs": 8, "trials": 4}
STEP = EDGES[1] - EDGES[0]


def plain(array):
    return histogram(array, np.zeros(len(array), dtype=int))


def test_every_number_is_counted_once():
    rng = np.random.default_rng(0)
    values = rng.standard_cauchy((3, 40, 50)) * (rng.random((3, 40, 50)) < 0.7)
    found = plain(values)
    assert found.beyond > 0 and found.zeros == np.mean(values == 0)
    assert found.density.sum() * STEP + found.zeros + found.beyond == pytest.approx(1, abs=1e-12)


def test_a_gaussian_is_recognized():
    count = 400_000
    found = plain(2.5 * np.random.default_rng(1).standard_normal((2, count // 2)))
    assert 10**found.log10_rms == pytest.approx(2.5, rel=4 * math.sqrt(0.5 / count))
    assert abs(found.excess_kurtosis) < 4 * math.sqrt(24 / count)
    expected = np.exp(-0.5 * CENTRES**2) / math.sqrt(2 * math.pi)
    errors = np.sqrt(expected / (count * STEP)) + 1e-4
    assert np.abs(found.density - expected).max() < 5 * errors.max()


@pytest.mark.parametrize(("draw", "kurtosis"), [("uniform", -1.2), ("laplace", 3.0), ("integers", -2.0)])
def test_excess_kurtosis_of_other_laws(draw, kurtosis):
    rng = np.random.default_rng(2)
    values = rng.integers(2, size=(2, 200_000)) - 0.5 if draw == "integers" else getattr(rng, draw)(size=(2, 200_000))
    assert plain(values).excess_kurtosis == pytest.approx(kurtosis, abs=0.15)
    assert plain(values + 3).excess_kurtosis == pytest.approx(kurtosis, abs=0.15)  # around its own mean


@pytest.mark.parametrize("exponent", [-4000, -600, 0, 600, 4000])
def test_a_power_of_two_moves_the_size_and_nothing_else(exponent):
    values = np.random.default_rng(3).standard_normal((2, 5000))
    moved, still = histogram(values, np.full(2, exponent)), plain(values)
    assert moved.log10_rms == pytest.approx(still.log10_rms + exponent * math.log10(2), rel=1e-12)
    np.testing.assert_array_equal(moved.density, still.density)


def test_a_trial_too_small_for_the_scale_is_near_zero_but_not_zero():
    values = np.ones((2, 100))
    found = histogram(values, np.array([0, -5000]))
    assert found.zeros == 0 and found.density[BINS // 2] * STEP == pytest.approx(0.5)


def test_nothing_and_no_number_have_words_of_their_own():
    assert plain(np.zeros((2, 3))).log10_rms == -math.inf and plain(np.zeros((2, 3))).zeros == 1
    assert math.isnan(plain(np.array([[1.0, np.inf]])).log10_rms)
    assert math.isnan(plain(np.ones((1, 4))).excess_kurtosis)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"activation": "relu", "weight_variance": 1e-3, "bias_variance": 0, "depth": 200}], ids=str)
def test_sizes_are_those_of_the_trace(changes):
    config = Config(**(SMALL | changes))
    found, trace = measure(config), simulate(config)
    for name in ("z", "h", "delta"):
        for layer, one in zip(found.layers, found.histograms[name], strict=True):
            logs = trace.signal(name).log10_second_moment[:, layer - 1]
            mean = logs.max() + math.log10(np.mean(10 ** (logs - logs.max())))
            assert 2 * one.log10_rms == pytest.approx(mean, abs=1e-5)
    flat = trace.saturated.mean(axis=0)[np.array(found.layers) - 1]
    np.testing.assert_allclose(found.saturated, flat, atol=1e-6)


def test_weight_gradients_are_sampled_to_their_true_size():
    config = Config(**SMALL)
    found, trace = measure(config), simulate(config)
    for place, layer in enumerate(found.layers):
        true = np.mean(10 ** trace.weight_gradient.log10_second_moment[:, layer - 1])
        one = found.histograms["weight_gradient"][place]
        error = math.sqrt((one.excess_kurtosis + 2) / DRAWN_ENTRIES)  # of a mean square
        assert abs(10 ** (2 * one.log10_rms) / true - 1) < 4 * error
        assert abs(10 ** (2 * one.log10_rms) / (1.2 * true) - 1) > 4 * error  # negative control


def test_sampled_entries_are_entries():
    delta, h = (np.random.default_rng(seed).normal(size=(2, n, 3)) for seed, n in ((4, 5), (5, 7)))
    entries, exponent = sampled_entries(Signal(delta, np.array([1, -2])), Signal(h, np.array([10, 0])), 500, np.random.default_rng(6))
    assert entries.shape == (2, 250) and exponent.tolist() == [11, -2]
    for trial in range(2):
        matrices = np.einsum("ib,jb->ijb", delta[trial], h[trial])
        assert np.isin(entries[trial], matrices).all()


def test_z_of_a_wide_network_is_the_gaussian_of_theory():
    config = Config(depth=3, width=512, inputs=16, trials=8, activation="tanh", weight_variance=1.76)
    one = measure(config).histograms["z"][-1]
    deviation = 10 ** (0.5 * predict(config).z.log10_second_moment[-1] - one.log10_rms)
    edges = np.concatenate(([-np.inf], EDGES[1:-1], [np.inf]))
    gaussian = np.diff([0.5 * (1 + math.erf(edge / deviation / math.sqrt(2))) for edge in edges])
    distance = np.abs(np.cumsum(one.density * STEP) - np.cumsum(gaussian)).max()
    bound = 4 * 0.5 / math.sqrt(8 * 512)  # inputs of one network are correlated, neurons are not
    assert distance < bound
    wrong = np.diff([0.5 * (1 + math.erf(edge / deviation / 1.3 / math.sqrt(2))) for edge in edges])
    assert np.abs(np.cumsum(one.density * STEP) - np.cumsum(wrong)).max() > bound  # negative control


def test_relu_is_zero_half_of_the_time_and_its_weight_gradient_three_quarters():
    config = Config(depth=4, width=256, inputs=16, trials=8, activation="relu", scheme="he", bias_variance=0)
    found = measure(config).histograms
    error = 4 * 0.5 / math.sqrt(256 * 8)
    assert found["h"][-1].zeros == pytest.approx(0.5, abs=error) and found["delta"][-1].zeros == pytest.approx(0.5, abs=error)
    assert found["weight_gradient"][-1].zeros == pytest.approx(0.75, abs=2 * error)
    assert found["z"][-1].zeros == 0


def test_glorot_2010_in_numbers():
    """Figures 6 and 7: with standard weights activations narrow upward and gradients downward, weight gradients do neither."""
    standard, normalized = (
        measure(
            Config(depth=6, width=256, activation="tanh", scheme=scheme, weight_law="uniform", bias_variance=0, trials=2, inputs=16)
        ).histograms
        for scheme in ("glorot_standard", "glorot")
    )

    def change(histograms, name):
        return histograms[name][-1].log10_rms - histograms[name][0].log10_rms

    assert change(standard, "h") < -1 and change(standard, "delta") > 1
    assert abs(change(standard, "weight_gradient")) < 0.2
    assert abs(change(normalized, "h")) < 0.5 and abs(change(normalized, "delta")) < 0.5


@pytest.mark.parametrize("depth", [1, 2, 9, 10, 11, 50, 2000])
def test_layers_reach_from_first_to_last(depth):
    layers = layers_of(depth)
    assert layers[0] == 1 and layers[-1] == depth and len(layers) == min(depth, MOST_LAYERS) == len(set(layers))


def test_every_signal_has_a_histogram_in_every_layer_shown():
    found = measure(Config(**(SMALL | {"depth": 25})))
    assert {name: len(found.histograms[name]) for name in PLAIN} == dict.fromkeys(PLAIN, MOST_LAYERS)


def test_what_the_lab_sees_is_modest_and_the_rest_is_the_experiment():
    own = uses(Config(width=1_000_000, inputs=1024, trials=64, activation="gelu"))
    assert (own.width, own.inputs, own.trials, own.activation) == (512, 32, 8, "gelu")
    assert uses(Config(**SMALL)) == Config(**SMALL)


def test_progress_goes_from_nothing_to_all():
    shares = []
    measure(Config(**SMALL), shares.append)
    assert shares == sorted(shares) and shares[-1] == 1
