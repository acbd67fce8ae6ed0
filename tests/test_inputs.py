"""The batch a network is shown, and the random streams behind everything that is drawn."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from oracle import assert_mean, assert_variance
from scipy import stats

from propagation import Config, predict, simulate
from propagation.inputs import DIGITS, draw_inputs, standardized_digits
from propagation.streams import PURPOSES, stream
from propagation.theory.variance_decomposition import predict_scatters

LAWS = {"gaussian": stats.norm(), "uniform": stats.uniform(-(3**0.5), 2 * 3**0.5)}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("variance", [1e-6, 1.0, 9.0])
def test_random_inputs_have_the_variance_that_is_asked_for(law, variance):
    x = draw_inputs(Config(width=400, inputs=50, input_law=law, input_variance=variance))
    assert x.shape == (400, 50)
    assert_mean(x, 0.0)
    assert_variance(x, variance)
    assert stats.kstest(x.ravel() / variance**0.5, LAWS[law].cdf).pvalue > 1e-3


@pytest.mark.parametrize("law", [*LAWS, "digits"])
@pytest.mark.parametrize("mean", [0.5, -3.0, 1000.0])
def test_a_mean_is_added_to_every_entry(law, mean):
    config = Config(width=40, inputs=5, input_law=law, input_variance=4.0)
    np.testing.assert_allclose(draw_inputs(replace(config, input_mean=mean)), draw_inputs(config) + mean, rtol=1e-15)
    assert config.input_second_moment == 4 and replace(config, input_mean=mean).input_second_moment == 4 + mean**2


def test_theory_follows_the_mean_of_the_inputs():
    """E[z²] of layer 1 is σ_w² (σ_x² + μ²) + σ_b², and inputs with a mean are alike: their correlation is μ²/(σ_x² + μ²)."""
    config = Config(depth=3, width=2000, inputs=8, trials=6, input_mean=2.0, activation="relu", scheme="he", bias_variance=0.1)
    trace, prediction = simulate(config), predict(config)
    assert 10 ** prediction.z.log10_second_moment[0] == pytest.approx(2 * 5 + 0.1, rel=0.02)
    np.testing.assert_allclose(trace.z.median(), prediction.z.log10_second_moment, atol=0.05)
    scatter = predict_scatters(config)["z"]
    assert scatter.cosine[0] == pytest.approx((2 * 4 + 0.1) / (2 * 5 + 0.1), abs=0.02)
    assert predict_scatters(replace(config, input_mean=0.0))["z"].cosine[0] < 0.1, "negative control"


def test_inputs_are_the_same_in_every_trial_and_other_for_every_seed():
    config = Config(width=8, inputs=3)
    np.testing.assert_array_equal(draw_inputs(config), draw_inputs(replace(config, trials=3, depth=2, weight_variance=9)))
    assert not np.isclose(draw_inputs(config), draw_inputs(replace(config, seed=1))).any()


def test_the_digits_are_those_of_uci():
    with np.load(DIGITS) as data:
        pixels, labels = data["pixels"], data["labels"]
    assert pixels.shape == (1797, 64) and labels.shape == (1797,)
    assert (pixels.min(), pixels.max(), sorted(set(labels.tolist()))) == (0, 16, list(range(10)))
    assert pixels.mean() == pytest.approx(4.884164579855314, abs=1e-12)
    assert pixels.sum(axis=1, dtype=int)[0] == 294 and labels[:10].tolist() == list(range(10))


def test_digits_are_standardized():
    digits = standardized_digits()
    with np.load(DIGITS) as data:
        constant = data["pixels"].std(axis=0) == 0
    assert constant.sum() == 3 and not digits[:, constant].any()
    np.testing.assert_allclose(digits.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(digits[:, ~constant].var(axis=0), 64 / 61, rtol=1e-12)
    assert np.mean(digits**2) == pytest.approx(1, abs=1e-12)
    with pytest.raises(ValueError, match="read-only"):
        digits[0, 0] = 1


def test_drawn_digits_are_different_ones_of_the_set_and_scaled():
    config = Config(input_law="digits", inputs=1024, input_variance=4.0, width=100, width_profile="funnel")
    x = draw_inputs(config)
    assert x.shape == (64, 1024) and config.widths[0] == 64
    known = {row.tobytes() for row in np.round(2 * standardized_digits(), 9) + 0.0}
    drawn = [column.tobytes() for column in np.ascontiguousarray(np.round(x.T, 9) + 0.0)]
    assert set(drawn) <= known and len(set(drawn)) == len(drawn)
    assert np.mean(x**2) == pytest.approx(4, rel=0.1)


def test_the_size_of_the_inputs_is_in_the_trace():
    config = Config(depth=1, width=8, inputs=3, trials=1, input_law="digits", input_variance=2.0)
    assert simulate(config).input_log10_second_moment == pytest.approx(np.log10(np.mean(draw_inputs(config) ** 2)), abs=1e-12)


def test_streams_are_repeatable_and_all_different():
    places = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0)]
    keys = itertools.product((0, 1, 2**32 - 1), PURPOSES, places)
    firsts = {(seed, purpose, place): stream(seed, purpose, *place).standard_normal(4).tobytes() for seed, purpose, place in keys}
    assert len(set(firsts.values())) == len(firsts)
    assert stream(1, "pull", 0, 1).standard_normal(4).tobytes() == firsts[1, "pull", (0, 1)]


def test_streams_are_uncorrelated():
    size = 5000
    draws = [stream(seed, purpose, trial).standard_normal(size) for seed in (0, 1) for purpose in PURPOSES for trial in (0, 1)]
    assert np.abs(np.corrcoef(draws) - np.eye(len(draws))).max() < 5 / size**0.5
