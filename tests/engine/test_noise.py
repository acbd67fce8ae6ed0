"""Unit noise: laws of variance one, streams that do not depend on grouping, and a cache that stays small."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import assert_mean, assert_variance
from scipy import stats

from propagation.engine import noise
from propagation.engine.noise import Noise, NoiseCache, gaussian, truncated_gaussian, uniform

LAWS = {
    gaussian: stats.norm(),
    uniform: stats.uniform(-(3**0.5), 2 * 3**0.5),
    truncated_gaussian: stats.truncnorm(-2, 2, scale=1 / noise.TRUNCATED_DEVIATION),
}


@pytest.mark.parametrize("law", LAWS)
def test_laws_are_what_they_are_called(law):
    values = law(np.random.default_rng(0), (400, 250)).ravel().astype(float)
    assert stats.kstest(values, LAWS[law].cdf).pvalue > 1e-3
    assert_mean(values, 0.0)
    assert_variance(values, 1.0)


def test_laws_are_told_from_each_other():
    """Negative control: a truncated Gaussian is not Gaussian, nor of variance one before it is corrected."""
    values = truncated_gaussian(np.random.default_rng(0), (400, 250)).ravel().astype(float)
    assert stats.kstest(values, stats.norm().cdf).pvalue < 1e-8
    assert stats.kstest(values * noise.TRUNCATED_DEVIATION, LAWS[truncated_gaussian].cdf).pvalue < 1e-8


def test_the_deviation_of_the_truncated_gaussian_is_exact():
    assert stats.truncnorm(-2, 2).std() == pytest.approx(noise.TRUNCATED_DEVIATION, abs=1e-14)
    assert np.abs(truncated_gaussian(np.random.default_rng(0), (300, 300))).max() <= 2 / noise.TRUNCATED_DEVIATION * (1 + 1e-6)


def test_each_trial_has_its_own_stream_whatever_the_group():
    together = Noise(3, 1, 0, 4).draw("weights", 5, 6)
    for trial in range(4):
        np.testing.assert_array_equal(Noise(3, 1, trial, 1).draw("weights", 5, 6)[0], together[trial])
    assert len(np.unique(together)) == together.size


def test_places_and_purposes_are_independent():
    size = 4000
    draws = [
        Noise(seed, layer, trial, 1).draw(purpose, size, 1).ravel()
        for seed in (0, 1)
        for layer in (0, 1)
        for trial in (0, 1)
        for purpose in ("weights", "pull", "bias")
    ]
    correlations = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(correlations).max() < 5 / size**0.5


def test_long_arrays_continue_in_blocks(monkeypatch):
    monkeypatch.setattr(noise, "BLOCK_ROWS", 100)
    values = Noise(5, 0, 0, 1).draw("weights", 250, 3)[0]
    assert len(np.unique(values)) == values.size
    np.testing.assert_array_equal(Noise(5, 0, 0, 1).draw("weights", 130, 3)[0], values[:130])


def test_noise_is_kept_and_cannot_be_overwritten():
    place = Noise(6, 0, 0, 2)
    assert place.draw("weights", 3, 3) is place.draw("weights", 3, 3)
    with pytest.raises(ValueError, match="read-only"):
        place.draw("weights", 3, 3)[0] = 0


def test_the_cache_stays_below_its_limit_and_answers_the_same():
    cache = NoiseCache(1000)
    for _ in range(3):
        for key in range(50):
            assert (cache.get((key,), lambda key=key: np.full(20, float(key))) == key).all()
            assert sum(array.nbytes for array in cache._arrays.values()) == cache._bytes <= 1000
    assert (cache.get(("large",), lambda: np.ones(1000)) == 1).all()
    assert ("large",) not in cache._arrays
