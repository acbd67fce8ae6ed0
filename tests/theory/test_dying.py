"""The law of silent ReLU networks against simulations, and where it does not hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.theory.dying import silent_share


@pytest.mark.parametrize("law", ["gaussian", "orthogonal", "uniform"])
@pytest.mark.parametrize(("width", "depth"), [(2, 3), (3, 8), (5, 20)])
def test_the_share_of_silent_networks_is_that_of_theory(law, width, depth):
    config = Config(activation="relu", scheme="he", bias_variance=0, weight_law=law, width=width, depth=depth, inputs=1, trials=64)
    silent = np.mean([~np.isfinite(simulate(replace(config, seed=seed)).h.log10_second_moment[:, -1]) for seed in range(6)])
    share = silent_share(config, depth)
    error = math.sqrt(share * (1 - share) / (6 * config.trials))
    assert abs(silent - share) < 4 * error
    assert abs(silent - silent_share(replace(config, width=width + 1), depth)) > 4 * error  # a check that can fail


def test_without_a_law_it_says_so():
    for fields in ({"activation": "tanh"}, {"activation": "linear"}, {"activation": "leaky_relu"}, {"bias_variance": 0.1}):
        config = Config(**({"activation": "relu", "scheme": "he", "bias_variance": 0, "inputs": 1, "width": 4, "depth": 5} | fields))
        assert math.isnan(silent_share(config, 5))


def test_several_inputs_are_silent_together_more_seldom_than_one():
    config = Config(activation="relu", scheme="he", bias_variance=0, width=5, depth=8, inputs=16, trials=64)
    silent = np.mean([~np.isfinite(simulate(replace(config, seed=seed)).h.log10_second_moment[:, -1]) for seed in range(6)])
    most = silent_share(config, config.depth)
    assert most == silent_share(replace(config, inputs=1), config.depth) == pytest.approx(1 - (1 - 2**-5) ** 8)
    assert 0 < silent < most - 4 * math.sqrt(most * (1 - most) / (6 * config.trials))
