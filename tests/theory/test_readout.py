"""Squared error at small width: what the line leaves out, against means over networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, predict, simulate
from propagation.theory.readout import readout_excess, readout_warning

SQUARED = {"cost": "squared_error", "inputs": 4, "trials": 64}
NARROW = {
    "tanh": Config(depth=3, width=32, weight_variance=1.5, bias_variance=0.05, **SQUARED),
    "linear": Config(depth=5, width=64, activation="linear", weight_variance=1.0, bias_variance=0, **SQUARED),
    "relu": Config(depth=4, width=64, activation="relu", scheme="he", bias_variance=0, **SQUARED),
    "sigmoid": Config(depth=4, width=48, activation="sigmoid", weight_variance=2.0, bias_variance=0.05, **SQUARED),
    "funnel": Config(depth=5, width=96, activation="relu", scheme="he", bias_variance=0, width_profile="funnel", **SQUARED),
}


@pytest.mark.parametrize("config", NARROW.values(), ids=NARROW)
def test_means_over_networks(config):
    prediction = predict(config)
    logs = np.concatenate([simulate(replace(config, seed=seed)).delta.log10_second_moment for seed in range(8)])
    over_the_line = 10 ** (logs - prediction.delta.log10_second_moment)
    mean, error = over_the_line.mean(axis=0), over_the_line.std(axis=0) / len(logs) ** 0.5
    excess = readout_excess(prediction)
    assert np.all(np.abs(mean - excess) < 4 * error + 0.15 * excess)
    # negative control: the line itself is too low
    assert np.max((mean - 1 - 0.02) / error) > 4
    assert np.max(excess) > 1.1


def test_it_vanishes_with_width_and_without_a_squared_error():
    excess = [readout_excess(predict(Config(depth=10, width=width, **SQUARED)))[0] - 1 for width in (1_000, 100_000)]
    assert excess[1] == pytest.approx(excess[0] / 100, rel=0.25)
    np.testing.assert_array_equal(readout_excess(predict(Config(depth=3, width=20))), 1)


def test_a_sentence_where_it_is_noticed():
    sentence = readout_warning(predict(NARROW["relu"]))
    assert "below the mean over networks, in layer 1 by a factor of about 2.1 or more" in sentence and "10/64" in sentence
    assert readout_warning(predict(replace(NARROW["relu"], width=4_000))) == ""
    assert readout_warning(predict(Config(depth=3, width=20))) == ""


def test_sizes_that_leave_the_range_are_not_followed():
    config = Config(depth=200, width=50, activation="linear", weight_variance=100.0, bias_variance=0, **SQUARED)
    assert np.isnan(readout_excess(predict(config))).all() and readout_warning(predict(config)) == ""
