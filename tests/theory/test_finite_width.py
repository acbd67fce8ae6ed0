"""Spread at finite width: reference values, and an explicit simulation of the net the formulas are about."""

import numpy as np
import pytest
from oracle import ERRORS, errors_off
from scipy import special

from propagation import Config
from propagation.theory.finite_width import dead_probability, digamma, layer_spread, trigamma
from propagation.theory.prediction import predict
from theory.reference import label, rows


def test_digamma_and_trigamma():
    x = np.concatenate((np.arange(0.5, 40, 0.5), [1e2, 1e3, 5e5]))
    np.testing.assert_allclose(digamma(x), special.digamma(x), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(trigamma(x), special.polygamma(1, x), rtol=1e-13)


@pytest.mark.parametrize("row", rows("width_layer"), ids=label)
def test_reference_layers(row):
    spread = layer_spread(row["act"], "gaussian", row["n"])
    assert spread.log_mean == pytest.approx(row["E_logR"], rel=1e-12)
    assert spread.log_variance == pytest.approx(row["Var_logR"], rel=1e-12)
    assert spread.second_moment == pytest.approx(row["E_R2"], rel=1e-12)


def test_known_second_moments():
    n = 100
    assert layer_spread("relu", "gaussian", n).second_moment == pytest.approx(1 + 5 / n)
    assert layer_spread("linear", "gaussian", n).second_moment == pytest.approx(1 + 2 / n)
    assert layer_spread("relu", "orthogonal", n).second_moment == pytest.approx((n + 5) / (n + 2))
    square = layer_spread("linear", "orthogonal", n)
    assert (square.second_moment, square.log_mean, square.log_variance) == pytest.approx((1, 0, 0), abs=1e-14)
    assert layer_spread("relu", "gaussian", 1_000_000).log_variance == pytest.approx(5e-6, rel=1e-4)


def test_dead_layers():
    assert layer_spread("relu", "gaussian", 3).dead == 1 / 8
    assert dead_probability((1, 1)) == pytest.approx(3 / 4)
    assert dead_probability((50,) * 100) == pytest.approx(100 * 2.0**-50)
    assert layer_spread("linear", "gaussian", 3).dead == 0


def test_no_law_is_an_error():
    for activation, law in (("tanh", "gaussian"), ("relu", "uniform")):
        with pytest.raises(ValueError, match="no exact finite-width law"):
            layer_spread(activation, law, 10)


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize(("n", "larger"), [(12, 12), (8, 20)])
def test_orthogonal_layers(activation, n, larger):
    """The image of a vector is uniform on a sphere in the larger dimension, cut to n coordinates."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((100_000, larger))
    z = z[:, :n] / np.linalg.norm(z, axis=1, keepdims=True)
    h = np.maximum(z, 0) if activation == "relu" else z
    ratio = np.sum(h**2, axis=1) * larger / n * (2 if activation == "relu" else 1)
    spread = layer_spread(activation, "orthogonal", n, larger)
    if spread.log_variance > 1e-12:
        assert errors_off(ratio**2, spread.second_moment) < ERRORS
        logs = np.log(ratio[ratio > 0])
        assert errors_off(logs, spread.log_mean) < ERRORS
        assert errors_off((logs - spread.log_mean) ** 2, spread.log_variance) < ERRORS
    else:
        np.testing.assert_allclose(ratio, 1, rtol=1e-12)


def _nets(config: Config, nets: int) -> tuple[np.ndarray, np.ndarray]:
    """log10 second moments of z and δ, (nets, depth), of independent square networks written out in full."""
    from propagation.inputs import draw_inputs

    rng = np.random.default_rng(11)
    x = draw_inputs(config)
    n, depth, rectified = config.width, config.depth, config.activation == "relu"
    z_moments, delta_moments = np.empty((2, nets, depth))
    for net in range(nets):
        weights = rng.standard_normal((depth, n, n)) * np.sqrt(config.weight_variance / n)
        if config.weight_law == "orthogonal":
            q, r = np.linalg.qr(weights)
            weights = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :] * np.sqrt(config.weight_variance)
        h, slopes = x, []
        for layer in range(depth):
            z = weights[layer] @ h
            slopes.append(z > 0 if rectified else np.ones_like(z))
            h = z * slopes[-1]
            z_moments[net, layer] = np.mean(z**2)
        gradient = rng.standard_normal(h.shape)
        for layer in reversed(range(depth)):
            delta = gradient * slopes[layer]
            gradient = weights[layer].T @ delta
            delta_moments[net, layer] = np.mean(delta**2)
    return np.log10(z_moments), np.log10(delta_moments)


@pytest.mark.slow
@pytest.mark.parametrize("inputs", [1, 12])
@pytest.mark.parametrize(("activation", "law"), [("relu", "gaussian"), ("linear", "gaussian"), ("relu", "orthogonal")])
def test_band_around_the_line(activation, law, inputs):
    """One input is exact, a batch is right to leading order in 1/n: 5 % of a standard deviation and 20 % of a variance are allowed for."""
    weight = 2.0 if activation == "relu" else 1.0
    config = Config(
        depth=10, width=48, activation=activation, weight_variance=weight, bias_variance=0, weight_law=law, inputs=inputs, method="dense"
    )
    nets = 500
    prediction = predict(config)
    for measured, signal in zip(_nets(config, nets), (prediction.z, prediction.delta), strict=True):
        for layer in (0, 4, 9):
            values, mean, variance = measured[:, layer], signal.band.log10_mean[layer], signal.band.log10_variance[layer]
            if variance < 1e-20:
                np.testing.assert_allclose(values, mean, atol=1e-12)
                continue
            slack = 0.0 if inputs == 1 else 1.0
            assert abs(values.mean() - mean) < (ERRORS / nets**0.5 + 0.05 * slack) * variance**0.5
            assert abs(values.var() / variance - 1) < ERRORS * (2.5 / nets) ** 0.5 + 0.2 * slack


def test_the_line_alone_would_not_do():
    """Negative control: a narrow ReLU net sits measurably below its infinite-width line."""
    config = Config(depth=10, width=48, activation="relu", weight_variance=2.0, bias_variance=0, inputs=1)
    prediction = predict(config)
    z, _ = _nets(config, 300)
    assert errors_off(z[:, -1], prediction.z.log10_second_moment[-1]) > ERRORS
    assert errors_off(z[:, -1], prediction.z.band.log10_mean[-1]) < ERRORS


def test_no_band_where_there_is_no_law():
    for change in ({"activation": "tanh"}, {"bias_variance": 0.1}, {"cost": "squared_error"}, {"scheme": "lsuv"}):
        config = Config(**{"activation": "relu", "bias_variance": 0.0, "depth": 3, "width": 16, **change})
        assert predict(config).z.band is None
        assert predict(config).delta.band is None
