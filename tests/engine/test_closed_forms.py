"""Finite width, exactly: moments and log-moments of one layer against their formulas, with errors from the samples themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS, assert_mean, errors_off
from scipy import stats

from propagation import Config, simulate
from propagation.engine.dense import DenseMap
from propagation.engine.noise import Noise
from propagation.engine.signal import Signal

#: E ln R and Var ln R of a layer, R = ‖h^l‖²/‖h^(l−1)‖², He for ReLU and σ_w² = 1 for linear
LOG_MOMENTS = {
    ("relu", 16): (-0.176397324, 0.419593394),
    ("relu", 64): (-0.0401085988, 0.0829973506),
    ("linear", 16): (-0.0638000637, 0.133137015),
    ("linear", 64): (-0.0157063723, 0.0317433665),
}


def log_ratios(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """ln R of all layers and trials, forward and backward, of networks that are alive: independent samples, since inputs = 1."""
    trace = simulate(config)
    sizes = np.column_stack([np.full(config.trials, trace.input_log10_second_moment), trace.h.log10_second_moment])
    alive = np.isfinite(trace.h.log10_second_moment[:, -1])
    back = trace.delta.log10_second_moment[alive, ::-1]
    return np.log(10) * np.diff(sizes[alive], axis=1), np.log(10) * np.diff(back, axis=1)


def homogeneous(activation: str, width: int, **fields) -> Config:
    variance = 2.0 if activation == "relu" else 1.0
    return Config(
        **{"depth": 60, "trials": 64, "seed": 5} | fields,
        width=width,
        activation=activation,
        weight_variance=variance,
        bias_variance=0,
        inputs=1,
    )


@pytest.mark.parametrize("method", ["dense", "implicit"])
@pytest.mark.parametrize(("activation", "width"), LOG_MOMENTS)
def test_log_moments_of_a_layer_are_exact(activation, width, method):
    mean, variance = LOG_MOMENTS[activation, width]
    for ratios in log_ratios(homogeneous(activation, width, method=method)):
        assert_mean(ratios, mean)
        assert_mean((ratios - mean) ** 2, variance)


@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_moments_of_a_relu_layer_are_exact(method):
    """E R = 1, E R² = 1 + 5/n, E R³ = 1 + 15/n + 44/n²."""
    n = 32
    for ratios in log_ratios(homogeneous("relu", n, depth=150, method=method)):
        r = np.exp(ratios)
        assert_mean(r, 1.0)
        assert_mean(r**2, 1 + 5 / n)
        assert_mean(r**3, 1 + 15 / n + 44 / n**2)
        assert errors_off(r**2, 1 + 2 / n) > ERRORS  # negative control: the linear layer's moment


@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_moments_of_an_orthogonal_relu_layer_are_exact(method):
    """√2 Q: E R = 1, E R² = (n + 5)/(n + 2)."""
    n = 16
    r = np.exp(log_ratios(homogeneous("relu", n, method=method, weight_law="orthogonal"))[0])
    assert_mean(r, 1.0)
    assert_mean(r**2, (n + 5) / (n + 2))
    assert errors_off(r**2, 1 + 5 / n) > ERRORS


@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_orthogonal_linear_networks_keep_every_length(method):
    trace = simulate(homogeneous("linear", 16, method=method, weight_law="orthogonal"))
    np.testing.assert_allclose(trace.h.log10_second_moment, trace.input_log10_second_moment, atol=1e-11)
    assert np.ptp(trace.delta.log10_second_moment, axis=1).max() < 1e-11


@pytest.mark.parametrize("law", ["gaussian", "uniform", "truncated_gaussian"])
def test_the_kurtosis_of_the_weights_shows_where_an_input_is_sparse(law):
    """Var R = (2 + κ ‖x‖₄⁴/‖x‖₂⁴)/n for one linear layer: all of κ for a one-hot input, κ = −1.2 for uniform weights."""
    kurtosis = {"gaussian": 0.0, "uniform": -1.2, "truncated_gaussian": float(stats.truncnorm(-2, 2).stats("k"))}[law]
    draws, fan_in, fan_out = 3000, 6, 20
    for x in (np.eye(fan_in)[:, :1], np.arange(1.0, fan_in + 1)[:, None]):
        h = Signal(np.broadcast_to(x, (draws, fan_in, 1)), np.zeros(draws, dtype=int))
        z = DenseMap(Noise(0, 0, 0, draws), fan_in, fan_out, law).push(h, fan_in**0.5, 0.0).array
        r = (z**2).mean(axis=(1, 2)) / (x**2).sum()
        assert_mean(r, 1.0)
        assert_mean((r - 1) ** 2, (2 + kurtosis * (x**4).sum() / (x**2).sum() ** 2) / fan_out)


@pytest.mark.parametrize("method", ["dense", "implicit"])
@pytest.mark.parametrize("profile", ["funnel", "widening"])
def test_widths_that_differ_multiply_gradients_by_fan_out_over_fan_in(profile, method):
    """One linear layer pulled back: E‖Wᵀδ‖²/n_in = σ_w² (n_out/n_in) ‖δ‖²/n_out, exactly, since δ does not depend on W."""
    config = Config(
        depth=2,
        width=64,
        width_profile=profile,
        activation="linear",
        weight_variance=1.5,
        bias_variance=0.1,
        inputs=2,
        trials=64,
        method=method,
    )
    _, fan_in, fan_out = config.widths
    steps = [simulate(replace(config, seed=seed)).delta.log10_second_moment for seed in range(5)]
    ratios = 10 ** np.concatenate([step[:, 0] - step[:, 1] for step in steps])
    assert_mean(ratios, 1.5 * fan_out / fan_in)
    assert errors_off(ratios, 1.5) > ERRORS


@pytest.mark.parametrize("method", ["dense", "implicit"])
@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
def test_the_variance_of_z_is_the_weights_times_the_signal_and_the_bias(law, method):
    """E z² = σ_w² E[x²] + σ_b² for a layer with fan_in ≠ fan_out, and the bias is shared by all inputs: it alone is left of tiny ones."""
    config = Config(
        depth=1,
        width=64,
        width_profile="funnel",
        activation="linear",
        weight_variance=2.0,
        bias_variance=0.7,
        inputs=2,
        trials=64,
        method=method,
        weight_law=law,
    )
    for input_variance in (1e-6, 1.0, 1e6):
        traces = [simulate(replace(config, seed=seed, input_variance=input_variance)) for seed in range(5)]
        expected = [2.0 * 10**trace.input_log10_second_moment + 0.7 for trace in traces]
        assert_mean(np.array([10 ** trace.z.log10_second_moment[:, 0] / e for trace, e in zip(traces, expected, strict=True)]), 1.0)
