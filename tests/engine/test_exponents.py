"""Signals far outside the range of float64, against the same network in 80-bit floats and against exact logarithmic means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from engine.explicit import WIDE_FLOATS, ExplicitNetwork, assert_moments
from propagation import Config, simulate
from propagation.engine.dense import DenseMap
from propagation.engine.implicit import GaussianMap, HaarMap
from propagation.engine.noise import Noise
from propagation.engine.signal import Signal, scaled_moments
from propagation.expressions import typed_activation
from propagation.signals import PLAIN

wide_floats = pytest.mark.skipif(not WIDE_FLOATS, reason="needs 80-bit floats")


def log_mean_of_relu_layer(n: int) -> float:
    """E[ln ‖h^l‖²/‖h^(l−1)‖²] of a living ReLU layer with σ_w² = 1, exactly: of χ²_K / n with K ~ Bin(n, ½), K ≥ 1."""
    k = np.arange(1, n + 1)
    chances = stats.binom.pmf(k, n, 0.5)
    return float((chances * (np.log(2 / n) + special.digamma(k / 2))).sum() / chances.sum())


@pytest.mark.slow
@pytest.mark.parametrize("weight_variance", [0.1, 30.0])
def test_two_thousand_relu_layers_have_the_exact_slope_and_nothing_is_lost(weight_variance):
    """Forward and backward, per layer ln σ_w² + E ln χ²_K/n. With 2 trials of 4096 neurons 3e-3 is five standard errors."""
    config = Config(depth=2000, width=4096, activation="relu", weight_variance=weight_variance, bias_variance=0, inputs=1, trials=2)
    trace = simulate(config)
    assert trace.lost == {}
    for name in PLAIN:
        moments = trace.signal(name)
        for values in (moments.mean, moments.log10_variance, moments.log10_second_moment):
            assert np.isfinite(values).all() and (values != 0).all(), name
    expected = np.log(weight_variance) + log_mean_of_relu_layer(config.width)
    forward = np.log(10) * trace.h.log10_second_moment.mean(axis=0)
    backward = np.log(10) * trace.delta.log10_second_moment.mean(axis=0)
    assert (forward[-1] - forward[0]) / 1999 == pytest.approx(expected, abs=3e-3)
    assert (backward[0] - backward[-1]) / 1999 == pytest.approx(expected, abs=3e-3)


def test_reference_means_of_relu_layers():
    assert np.log(2) + log_mean_of_relu_layer(16) == pytest.approx(-0.176397324, abs=1e-8)
    assert np.log(2) + log_mean_of_relu_layer(256) == pytest.approx(-0.00982865936, abs=1e-8)


@pytest.mark.slow
@wide_floats
@pytest.mark.parametrize(
    ("activation", "weight_variance", "bias_variance"),
    [
        ("relu", 0.1, 0.0),
        ("relu", 30.0, 0.0),
        ("relu", 30.0, 0.5),
        ("relu", 0.1, 1e-30),
        ("linear", 1e-3, 0.0),
        ("leaky_relu", 30.0, 0.0),
        ("selu", 0.05, 0.0),
        ("elu", 30.0, 0.0),
        ("gelu", 0.1, 0.0),
        ("silu", 60.0, 0.1),
        ("mish", 0.2, 0.0),
        ("softplus", 30.0, 0.0),
        ("hard_swish", 0.3, 0.0),
        ("hard_swish", 80.0, 0.0),
        ("sigmoid", 0.1, 0.0),
        ("tanh", 0.01, 0.0),
        ("sin", 1e-3, 0.0),
    ],
)
def test_deep_networks_equal_80_bit_ones(activation, weight_variance, bias_variance):
    """Every layer of 200: signals and gradients from 1e-600 to 1e+250, through the border of plain floats and on."""
    config = Config(
        depth=200,
        width=16,
        activation=activation,
        weight_variance=weight_variance,
        bias_variance=bias_variance,
        inputs=2,
        trials=3,
        method="dense",
    )
    trace = simulate(config)
    for trial in range(config.trials):
        assert_equal_to_wide_floats(trace, trial)


@pytest.mark.slow
@wide_floats
def test_every_trial_of_a_stack_has_its_own_exponent():
    """Narrow networks drift apart: one trial is 1e-300 while another has died and a third is ordinary."""
    config = Config(depth=250, width=4, activation="relu", scheme="he", bias_variance=0, inputs=2, trials=8, method="dense", seed=6)
    trace = simulate(config)
    for trial in range(config.trials):
        assert_equal_to_wide_floats(trace, trial)


@wide_floats
@pytest.mark.parametrize("activation", ["elu", "selu"])
def test_a_huge_signal_that_is_all_negative_leaves_the_constant_of_an_exponential_unit(activation):
    """Where all 4 neurons lie far below zero, h is −α and not 0. Slopes e^z below 1e-308 are lost, and said to be."""
    config = Config(depth=150, width=4, activation=activation, weight_variance=30.0, bias_variance=0, inputs=1, trials=8, method="dense")
    trace = simulate(config)
    assert "h" not in trace.lost and "delta" in trace.lost
    for trial in range(config.trials):
        zs, hs = ExplicitNetwork(config, trial, np.longdouble).forward()
        for moments, arrays in ((trace.z, zs), (trace.h, hs[1:])):
            exact = [float(np.log10(np.mean(array**2))) for array in arrays]
            np.testing.assert_allclose(moments.log10_second_moment[trial], exact, atol=1e-9)


def assert_equal_to_wide_floats(trace, trial: int) -> None:
    network = ExplicitNetwork(trace.config, trial, np.longdouble)
    zs, hs = network.forward()
    deltas, gradients = network.chain_rule()
    assert_moments(trace.z, trial, zs, 1e-9)
    assert_moments(trace.h, trial, hs[1:], 1e-9)
    assert_moments(trace.delta, trial, deltas, 1e-9)
    assert_moments(trace.weight_gradient, trial, gradients, 1e-9)


@wide_floats
@pytest.mark.parametrize("activation", ["sigmoid", "softplus"])
def test_tiny_signals_leave_the_constant_of_an_activation(activation):
    """z of 1e-15 and below: h is φ(0), the next z is σ_w² φ(0)², gradients shrink by σ_w² φ′(0)²."""
    trace = simulate(tiny(activation))
    for trial in range(trace.config.trials):
        network = ExplicitNetwork(trace.config, trial, np.longdouble)
        zs, hs = network.forward()
        deltas, _ = network.chain_rule()
        assert_moments(trace.z, trial, zs, 1e-9)
        assert_moments(trace.delta, trial, deltas, 1e-9)
        np.testing.assert_allclose(trace.h.log10_second_moment[trial], [float(np.log10(np.mean(h**2))) for h in hs[1:]], rtol=1e-9)


@wide_floats
@pytest.mark.parametrize("activation", ["sigmoid", "softplus"])
def test_tiny_signals_leave_the_constant_and_a_variance_of_nothing_but_rounding(activation):
    trace = simulate(tiny(activation))
    seconds = [float(np.log10(np.mean(h**2))) for h in ExplicitNetwork(trace.config, 0, np.longdouble).forward()[1][1:]]
    np.testing.assert_allclose(trace.h.log10_second_moment[0], seconds, rtol=1e-9)
    assert (trace.h.log10_variance[0] < -28).all()


def tiny(activation: str) -> Config:
    return Config(depth=4, width=8, activation=activation, weight_variance=1e-30, bias_variance=0, inputs=2, trials=2, method="dense")


@wide_floats
@pytest.mark.parametrize("weight_variance", [0.05, 30.0])
def test_squared_error_of_an_exploded_or_vanished_signal(weight_variance):
    config = Config(
        depth=120,
        width=8,
        activation="linear",
        weight_variance=weight_variance,
        bias_variance=0,
        cost="squared_error",
        inputs=3,
        method="dense",
    )
    trace = simulate(config)
    for trial in range(config.trials):
        assert_equal_to_wide_floats(trace, trial)


@pytest.mark.parametrize("weight_variance", [0.05, 30.0])
def test_cross_entropy_of_an_exploded_or_vanished_signal_starts_from_ordinary_numbers(weight_variance):
    """Wrongly labelled inputs pull with p − y of size one, however large or small the outputs are."""
    trace = simulate(
        Config(depth=120, width=8, activation="linear", weight_variance=weight_variance, bias_variance=0, cost="cross_entropy")
    )
    assert trace.lost == {}
    assert (np.abs(trace.delta.log10_second_moment[:, -1]) < 2).all()


@wide_floats
@pytest.mark.parametrize("seed", [1, 4])
def test_cross_entropy_of_a_confident_right_answer_keeps_its_digits(seed):
    """One input, by chance labelled right by a margin of 60 (seed 4) or 990 (seed 1): the gradient is e^−60 and e^−990, and not 0."""
    config = Config(
        depth=8,
        width=12,
        activation="linear",
        weight_variance=6.0,
        bias_variance=0,
        cost="cross_entropy",
        inputs=1,
        method="dense",
        seed=seed,
    )
    trace = simulate(config)
    for trial in range(config.trials):
        assert_moments(trace.delta, trial, ExplicitNetwork(config, trial, np.longdouble).chain_rule()[0], 1e-6)


@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_saturated_slopes_are_not_lost_before_double_precision_loses_them(method):
    """Narrow tanh layers shown inputs of size 100: all slopes of a trial may lie below 1e-20, and E[δ²] is 1e-40 and not 0."""
    for seed in range(4):
        config = Config(depth=2, width=8, activation="tanh", input_variance=1e4, inputs=2, trials=64, method=method, seed=seed)
        assert simulate(config).lost == {}


@pytest.mark.parametrize("method", ["dense", "implicit"])
@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("bias", [0.0, 0.4])
def test_a_power_of_two_beside_the_signal_changes_nothing_else(method, law, bias):
    """Trials of one stack at 2^−3000, 1 and 2^500: without biases the same numbers, other exponents; biases win below and lose above."""
    exponents = np.array([-3000, 0, 500])
    noise = Noise(0, 0, 0, 3)
    build = {"gaussian": GaussianMap, "orthogonal": HaarMap}[law] if method == "implicit" else lambda *where: DenseMap(*where, law)
    h = np.random.default_rng(1).standard_normal((3, 12, 4))
    delta = np.random.default_rng(2).standard_normal((3, 9, 4))
    plain, scaled = build(noise, 12, 9), build(noise, 12, 9)
    signals = Signal(h, np.zeros(3, dtype=int)), Signal(h, exponents)
    z, scaled_z = (random_map.push(signal, 1.3, bias) for random_map, signal in zip((plain, scaled), signals, strict=True))
    assert np.isfinite(scaled_z.array).all()
    assert scaled_z.exponent[2] == 500
    if bias == 0:
        assert scaled_z.exponent[0] == -3000
        np.testing.assert_allclose(scaled_z.array, z.array, rtol=1e-12)
        pulled, scaled_pulled = (m.pull(Signal(delta, exponents), s).array for m, s in zip((plain, scaled), signals, strict=True))
        np.testing.assert_allclose(scaled_pulled, pulled, rtol=1e-5, atol=1e-6)
    else:
        assert scaled_z.exponent[0] == 0
        np.testing.assert_allclose(scaled_z.array[0] - scaled_z.array[0, :, :1], 0, atol=1e-12)  # the bias, the same for all inputs
        np.testing.assert_allclose(scaled_z.array[1], z.array[1], rtol=1e-12)


def test_settled_signals_keep_their_value():
    rng = np.random.default_rng(0)
    sizes = 2.0 ** np.array([-200, -41, -25, 0, 25, 41, 200])
    array = rng.standard_normal((7, 5, 3)) * sizes[:, None, None]
    for exponent in (np.zeros(7, int), np.array([200, 41, 3, 0, -100, 900, -900]), np.array([230, 3, 0, 5, -7, -41, 0])):
        settled = Signal(array, exponent).settled()
        np.testing.assert_array_equal(np.ldexp(settled.array, (settled.exponent - exponent)[:, None, None]), array)
        plain = np.abs(np.log2(sizes) + exponent) < 38
        assert (settled.exponent[plain] == 0).all()
        assert (np.abs(np.log2(settled.second_moment)) <= 2 * 42).all()


def test_nothing_settles_on_nothing():
    silent = Signal(np.zeros((2, 3, 4)), np.array([0, 7])).settled()
    assert not silent.array.any()


def test_means_are_clipped_to_floats_and_logarithms_are_not():
    mean, variance, second = scaled_moments(np.array([0.5, -0.5, 0.0, 0.5]), np.ones(4), np.ones(4), np.array([-4000, 4000, 4000, 3]))
    np.testing.assert_array_equal(mean, [np.finfo(float).tiny, -np.finfo(float).max, 0.0, 4.0])
    np.testing.assert_allclose(second, np.array([-8000, 8000, 8000, 6]) * np.log10(2))
    assert (variance == second).all()
    assert scaled_moments(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1, int))[2] == -np.inf


@pytest.mark.parametrize("weight_variance", [1e-15, 1e-25, 1e-60, 1e-200])
def test_gradients_survive_any_weight_variance(weight_variance):
    """A linear layer multiplies E[δ²] by σ_w², whatever its size."""
    config = Config(depth=3, width=200, activation="linear", weight_variance=weight_variance, bias_variance=0, inputs=2, method="implicit")
    trace = simulate(config)
    assert trace.lost == {}
    steps = np.diff(trace.delta.log10_second_moment, axis=1)
    np.testing.assert_allclose(steps, -np.log10(weight_variance), atol=0.5)


def test_gradients_survive_two_small_steps_that_meet():
    """A gradient at the lower end of plain numbers, pulled through a small weight variance that is just not set apart."""
    for exponent in (-22.5, -23.0, -23.5):
        config = Config(
            depth=14, width=6, activation="linear", weight_variance=10**exponent, bias_variance=0, inputs=1, trials=64, method="implicit"
        )
        assert simulate(config).lost == {}


def test_inputs_that_all_but_die_beside_others_that_explode_are_pulled_back_through():
    name = typed_activation("softplus(20*(x - 3))").name  # a few inputs pass 3 and grow by 400 a layer, the others are e⁻⁶⁰
    config = Config(activation=name, weight_variance=2, bias_variance=0, depth=10, width=128, trials=16)
    implicit, dense = (simulate(replace(config, method=method)).delta.log10_second_moment for method in ("implicit", "dense"))
    assert np.isfinite(implicit).all()
    assert np.median(implicit, axis=0) == pytest.approx(np.median(dense, axis=0), abs=0.5)
