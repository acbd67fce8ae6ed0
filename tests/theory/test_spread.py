"""The band of a batch: the law of a mean of lognormals, pairs of inputs in narrow nets, and bands against networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.presets import PRESETS
from propagation.theory.batch import CORRELATIONS
from propagation.theory.finite_width import layer_spread
from propagation.theory.lognormal import log_mean_of_lognormals
from propagation.theory.pairs import pairs, rectified_kernel
from propagation.theory.prediction import predict


@pytest.mark.parametrize("variance", [1e-4, 0.5, 4.0, 40.0])
@pytest.mark.parametrize("count", [1, 2, 16])
def test_mean_of_lognormals(variance, count):
    sizes = np.sqrt(variance) * np.random.default_rng(3).standard_normal((40_000, count))
    logs = np.log(np.mean(np.exp(sizes), axis=1))
    mean, scatter = (float(value[0]) for value in log_mean_of_lognormals(np.array([variance]), count))
    assert mean == pytest.approx(logs.mean(), abs=4 * logs.std() / 200 + 0.01 * abs(mean))
    assert scatter == pytest.approx(logs.var(), rel=0.04)


def test_mean_of_lognormals_in_the_limits():
    small = np.array([0.0, 1e-6])
    mean, scatter = log_mean_of_lognormals(small, 4)
    np.testing.assert_allclose(mean, small / 2 * (3 / 4), rtol=1e-2)
    np.testing.assert_allclose(scatter, small / 4, rtol=1e-2)
    np.testing.assert_allclose(log_mean_of_lognormals(np.array([3.0]), 1), [[0.0], [3.0]])


def test_kernel_of_rectified_pairs():
    np.testing.assert_allclose(rectified_kernel(np.array([1.0, 0.0, -1.0])), [5.0, 0.0, -1.0], atol=1e-12)


def weights_at(cosine: float) -> tuple[float, ...]:
    return tuple((np.argmin(np.abs(CORRELATIONS - cosine)) == np.arange(CORRELATIONS.size)).astype(float))


def explicit_pairs(rectified: bool, orthogonal: bool, n: int, depth: int, nets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """cos² of z, and of the gradient that arrives, means over nets (depth,); ln |δ|² of both inputs, (2, nets, depth)."""
    rng = np.random.default_rng(7)
    weights = rng.standard_normal((depth, nets, n, n), dtype=np.float32) * np.float32(((2 if rectified else 1) / n) ** 0.5)
    if orthogonal:
        weights = np.linalg.qr(weights)[0] * np.sign(rng.standard_normal((depth, nets, 1, n))) * (2 if rectified else 1) ** 0.5
    h = np.linalg.qr(rng.standard_normal((nets, n, 2)))[0]  # at right angles
    slopes, forward = [], np.empty(depth)
    for layer in range(depth):
        forward[layer] = np.mean(squared_cosines(h))
        z = weights[layer] @ h
        slopes.append(z > 0 if rectified else np.ones_like(z))
        h = z * slopes[-1]
    gradient, backward, logs = rng.standard_normal((nets, n, 2)), np.empty(depth), np.empty((2, nets, depth))
    for layer in reversed(range(depth)):
        delta = gradient * slopes[layer]
        logs[:, :, layer] = np.log(np.sum(delta**2, axis=1)).T
        gradient = weights[layer].swapaxes(1, 2) @ delta
        backward[layer] = np.mean(squared_cosines(delta))
    return forward, backward, logs


def squared_cosines(pair: np.ndarray) -> np.ndarray:
    product = np.sum(pair[..., 0] * pair[..., 1], axis=1)
    return product**2 / np.prod(np.sum(pair**2, axis=1), axis=1)


@pytest.mark.parametrize(("rectified", "orthogonal"), [(True, False), (False, False), (True, True)])
def test_drawn_pairs_are_those_of_networks(rectified, orthogonal):
    n, depth, nets = 24, 20, 600
    ours = pairs(rectified, orthogonal, (n,) * (depth + 1), weights_at(0.0))
    forward, backward, logs = explicit_pairs(rectified, orthogonal, n, depth, nets)
    np.testing.assert_allclose(ours.alike, forward, atol=0.07)
    np.testing.assert_allclose(ours.back_alike[:-1], backward[1:], atol=0.07)
    first, second = logs - logs.mean(axis=1, keepdims=True)
    if not orthogonal:
        error = np.hypot(np.std(first * second, axis=0) / nets**0.5, ours.unsure)
        assert np.all(np.abs(np.mean(first * second, axis=0) - ours.shared) < 4 * error)


def test_a_way_back_that_forgets_the_way_there_would_not_do():
    """Negative control: the covariance that kernels add up to is well below that of networks."""
    n, depth = 24, 50
    ours = pairs(True, False, (n,) * (depth + 1), weights_at(0.0))
    nets = 1200
    _, _, logs = explicit_pairs(True, False, n, depth, nets)
    first, second = logs[..., 0] - logs[..., 0].mean(axis=1, keepdims=True)
    error = np.std(first * second) / nets**0.5
    forgetful = np.sum(ours.backward / 5) * layer_spread("relu", "gaussian", n).log_variance
    assert abs(np.mean(first * second) - ours.shared[0]) < 4 * np.hypot(error, ours.unsure[0])
    assert forgetful < np.mean(first * second) - 4 * error


def nets_of(config: Config, seeds: int) -> dict[str, np.ndarray]:
    traces = [simulate(replace(config, seed=seed)) for seed in range(seeds)]
    return {name: np.concatenate([trace.signal(name).log10_second_moment for trace in traces]) for name in ("z", "delta")}


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        PRESETS["narrow_relu"].config,
        Config(depth=20, width=16, activation="relu", scheme="he", bias_variance=0, inputs=64, trials=64),
        Config(depth=50, width=24, activation="linear", weight_variance=1.0, bias_variance=0, inputs=16, trials=64),
        Config(depth=50, width=24, activation="relu", scheme="he", bias_variance=0, inputs=16, trials=64, weight_law="orthogonal"),
        Config(depth=40, width=24, activation="relu", scheme="he", bias_variance=0, inputs=16, trials=64, input_law="digits"),
    ],
    ids=["narrow_relu", "64 inputs", "linear", "orthogonal", "digits"],
)
def test_the_band_holds_80_percent_of_networks(config):
    """75 to 86 % in the middle of the net and at its far end; the typical net within a fifth of a standard deviation."""
    nets, prediction = nets_of(config, 320 // config.trials), predict(config)
    for name, layers in (("z", (config.depth // 2, config.depth - 1)), ("delta", (0, config.depth // 2))):
        band = prediction.signal(name).band
        for layer in layers:
            values, mean, deviation = nets[name][:, layer], band.log10_mean[layer], band.log10_variance[layer] ** 0.5
            values = values[np.isfinite(values)]
            held = np.mean(np.abs(values - mean) < 1.2816 * deviation)
            assert abs(held - 0.8) < 0.06 + 2 * (0.16 / values.size) ** 0.5
            assert abs(values.mean() - mean) < 0.2 * deviation + 2 * values.std() / values.size**0.5


@pytest.mark.slow
def test_what_is_linear_in_the_scatter_would_not_do():
    """Negative control: one input's mean times the batch's share of κ, which holds while V − C is small, is far off backward."""
    config = PRESETS["narrow_relu"].config
    delta, band = nets_of(config, 5)["delta"][:, 0], predict(config).delta
    assert delta.mean() - band.log10_second_moment[0] == pytest.approx(band.band.log10_mean[0] - band.log10_second_moment[0], abs=0.25)
    assert delta.mean() - band.log10_second_moment[0] < -0.87 - 0.5
