"""A mean b of the biases in theory: φ becomes φ(x + b), by closed forms, and nothing that is said of it is wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from propagation import ACTIVATIONS, Config, predict, simulate
from propagation.expressions import ExpressionError, lookup, shifted
from propagation.labs.manifold import ANGLES
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION
from propagation.theory.manifold import angle_path
from propagation.theory.moments import moments
from propagation.theory.ops import State
from propagation.theory.variance_decomposition import predict_scatters

FORMULA = "x*sigmoid(1.7*x)"
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def by_hand(name: str, b: float, q: float) -> tuple[float, float]:
    """E[φ(√q x + b)²] and E[φ′²], on panels that end at every kink and close in on b."""
    phi, root = lookup(name), math.sqrt(q)
    dyadic = 2.0 ** np.arange(-6, 11, 0.5)
    ends = np.concatenate((np.arange(-12, 12.1, 0.25) * root, -b + np.concatenate((dyadic, -dyadic, [0.0], phi.kinks))))
    ends = np.unique(ends[np.abs(ends) <= 12 * root])
    half = np.diff(ends)[:, None] / 2
    z = (ends[:-1, None] + half + half * NODES).ravel()
    weights = (half * WEIGHTS).ravel() * norm.pdf(z / root) / root
    value, slope = phi.evaluate(z + b)
    return float(weights @ value**2), float(weights @ slope**2)


@pytest.mark.parametrize("name", [*ACTIVATIONS, FORMULA])
@pytest.mark.parametrize("b", [0.1, -0.5, 3.0, -50.0])
def test_the_shifted_activation_is_the_activation_shifted(name, b):
    assert shifted(name, 0.0) == lookup(name).name
    z = np.array([-130.0, -49.5, -3.3, -0.7, -1e-3, 0.2, 1.9, 42.0, 50.3])
    for ours, theirs in zip(lookup(shifted(name, b)).evaluate(z), lookup(name).evaluate(z + b), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_names_are_formulas():
    assert shifted("relu", 0.1) == "relu(x+0.1)" and shifted("x*tanh(x)", -1.0) == "(x-1)*tanh(x-1)"


@pytest.mark.parametrize(("name", "b", "reason"), [("+".join(["tanh(x)"] * 24), 0.123456, "200"), ("relu", 1e-7, "10⁻⁶")])
def test_what_has_no_shift_is_refused(name, b, reason):
    with pytest.raises(ExpressionError, match=reason):
        shifted(name, b)
    with pytest.raises(ValueError, match=f"^bias_mean = {b} .*{reason}"):
        Config(activation=name, bias_mean=b)
    assert Config.from_query({"activation": name, "bias_mean": str(b)})[0].bias_mean == 0


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_theory_sees_is_right_and_it_says_what_it_does_not_see(name):
    """E[φ²] and E[φ′²] to 1e-3 where they are seen, for a b that nothing exceeds and one that few neurons do."""
    for b in (1e-4, 0.3, -0.7, 1.0, -3.0, 10.0, -10.0, 30.0, -50.0, 50.0):
        of = moments(shifted(name, b))
        sizes = [q for q in (1e-6, 1e-3, 0.1, 1.0, 10.0, 100.0, 1e4) if q <= of.resolved]
        seen = of.seen(np.log(sizes))
        for place, q in enumerate(sizes):
            for exact, ours, known in zip(by_hand(name, b, q), (of.second(q), of.slope(q)), (seen[0], seen[2]), strict=True):
                if known[place]:
                    assert float(ours) == pytest.approx(exact, rel=1e-3, abs=1e-100), (b, q)
                else:
                    assert exact < 1e-6 * max(1.0, q + b * b), (b, q)


def test_relu_by_its_closed_form():
    """E[relu(√q x + b)²] = (q + b²) Φ(a) + b √q φ(a), E[φ′²] = Φ(a), a = b/√q, all along a network."""
    config = Config(depth=12, activation="relu", weight_variance=1.5, bias_variance=0.05, bias_mean=0.4, inputs=1)
    prediction, b, slope = predict(config), config.bias_mean, math.nan
    q = 10 ** float(prediction.z.log10_variance[0])
    for layer in range(config.depth):
        a = b / math.sqrt(q)
        second = (q + b * b) * norm.cdf(a) + b * math.sqrt(q) * norm.pdf(a)
        assert 10 ** prediction.z.log10_variance[layer] == pytest.approx(q, rel=1e-9)
        assert 10 ** prediction.z.log10_second_moment[layer] == pytest.approx(q + b * b, rel=1e-9)
        assert 10 ** prediction.h.log10_second_moment[layer] == pytest.approx(second, rel=1e-9)
        assert prediction.h.mean[layer] == pytest.approx(b * norm.cdf(a) + math.sqrt(q) * norm.pdf(a), rel=1e-9)
        if layer:
            change = prediction.delta.log10_second_moment[layer - 1] - prediction.delta.log10_second_moment[layer]
            assert 10**change == pytest.approx(1.5 * slope, rel=1e-9)
        slope, q = norm.cdf(a), 1.5 * second + 0.05
    assert np.all(prediction.z.mean == b)


def test_linear_by_its_closed_form():
    """q ← σ_w² (q + b²) + σ_b²."""
    config = Config(depth=200, activation="linear", weight_variance=0.8, bias_variance=0.1, bias_mean=2.0, inputs=2)
    fixed = (0.8 * 4 + 0.1) / 0.2
    prediction = predict(config)
    assert 10 ** prediction.z.log10_variance[-1] == pytest.approx(fixed, rel=1e-9)
    assert prediction.q_star == pytest.approx(fixed + 4, rel=1e-9) and prediction.chi_1 == pytest.approx(0.8) and prediction.c_star == 1


def test_a_flat_or_silent_network_has_no_line_that_is_wrong():
    silent = predict(Config(depth=5, activation="relu", bias_mean=-10.0))
    assert np.isnan(silent.h.log10_second_moment).all() and np.isnan(silent.delta.log10_second_moment).all()
    np.testing.assert_allclose(10 ** silent.z.log10_variance[1:], 0.05, rtol=1e-12)
    flat = predict(Config(depth=5, activation="tanh", bias_mean=30.0))
    assert np.isnan(flat.delta.log10_second_moment).all() and np.allclose(flat.h.log10_second_moment, 0)


def test_no_band_is_drawn_where_a_mean_is():
    config = Config(activation="relu", scheme="he", bias_variance=0, depth=5)
    assert predict(config).z.band is not None and predict(replace(config, bias_mean=0.1)).z.band is None


def test_around_zero_has_the_mean_in_it():
    x = np.random.default_rng(0).standard_normal((400, 3)) * [1.0, 2.0, 0.3]
    pairs = np.triu_indices(3, 1)

    def state(columns):
        gram = columns.T @ columns / len(columns)
        sizes = np.diagonal(gram)
        eps = 1 - gram[pairs] / np.sqrt(sizes[pairs[0]] * sizes[pairs[1]])
        return State(np.log(sizes), np.full(3, 1 / 3), pairs, eps)

    x -= x.mean(axis=0)
    centred = state(x)
    centred.mean = -0.7
    whole, exact = centred.around_zero(), state(x - 0.7)
    np.testing.assert_allclose(whole.log_sizes, exact.log_sizes, rtol=1e-12)
    np.testing.assert_allclose(whole.eps, exact.eps, rtol=1e-10)


@pytest.mark.parametrize(
    "fields", [{"activation": "relu", "bias_mean": 0.3}, {"activation": "tanh", "bias_mean": -0.4, "weight_variance": 3.0}]
)
def test_correlations_with_the_mean_are_those_measured(fields):
    """Cosines of z and shares of E[z²] against networks drawn, and c* as the limit of the former."""
    config = Config(**fields, depth=6, width=256, seed=2)
    measured = VARIANCE_DECOMPOSITION(config)
    expected = predict_scatters(VARIANCE_DECOMPOSITION.uses(config))
    for name in ("z", "h"):
        np.testing.assert_allclose(measured[name].cosine, expected[name].cosine, atol=0.03)
        np.testing.assert_allclose(measured[name].parts, expected[name].parts, atol=0.04)
    without = predict_scatters(replace(VARIANCE_DECOMPOSITION.uses(config), bias_mean=0.0))
    assert np.abs(measured["z"].cosine - without["z"].cosine).max() > 0.05, "negative control"
    deep = predict_scatters(replace(VARIANCE_DECOMPOSITION.uses(config), depth=400))
    assert deep["z"].cosine[-1] == pytest.approx(predict(config).c_star, abs=1e-3)


def test_angles_with_the_mean_are_those_measured():
    config = Config(activation="tanh", bias_mean=0.5, weight_variance=2.0, depth=5, width=2000, trials=8)
    seen = ANGLES(config)
    path = angle_path(seen.config, 10 ** seen.log10_eps[0, 0])
    np.testing.assert_allclose(seen.log10_eps.mean(axis=0), np.log10(path), atol=0.03)
    other = angle_path(replace(seen.config, bias_mean=0.0), 10 ** seen.log10_eps[0, 0])
    assert np.abs(seen.log10_eps.mean(axis=0) - np.log10(other)).max() > 0.1, "negative control"


def test_the_size_that_layers_keep_is_the_one_measured():
    config = Config(activation="gelu", bias_mean=0.5, weight_variance=1.2, bias_variance=0.1, depth=60, width=3000, trials=16)
    z = 10 ** simulate(config).z.log10_second_moment[:, -20:].mean(axis=1)
    assert abs(z.mean() - predict(config).q_star) < 4 * z.std(ddof=1) / math.sqrt(z.size)
