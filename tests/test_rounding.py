"""Where rounding errors grow until they decide what a single network does, against errors in the inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, diagnose, predict, simulate
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.rounding import ROUNDING, VISIBLE, rounding_error


def error_of_a_shifted_input(config: Config) -> float:
    """The relative change of h in the last layer of one network for one of 1e-13 in its inputs, brought to 1e-16."""
    h = []
    for variance in (config.input_variance, config.input_variance * (1 + 2e-13)):
        observer = Last(config.depth)
        observe(Stack([replace(config, input_variance=variance)], range(1)), observer)
        h.append(observer.h)
    return 1e-3 * float(np.linalg.norm(h[1] - h[0]) / np.linalg.norm(h[0]))


class Last(Observer):
    """The signal of the last layer."""

    looks_back = False

    def __init__(self, depth: int) -> None:
        self.depth, self.h = depth, np.empty(0)

    def see(self, name, layer, *values):
        if (name, layer) == ("h", self.depth):
            self.h = values[0].array.copy()


@pytest.mark.parametrize("variance", [4.0, 20.0, 60.0])
def test_a_rounding_error_grows_as_one_in_the_inputs_does(variance):
    """tanh networks with their weights held: in the order of magnitude."""
    config = Config(depth=40, width=100, activation="tanh", weight_variance=variance, bias_variance=0.05, method="dense", trials=4)
    assert abs(np.log10(rounding_error(simulate(config)) / error_of_a_shifted_input(config))) < 1.5


@pytest.mark.parametrize(
    ("changes", "decides"),
    [
        ({"method": "dense", "weight_variance": 20.0}, True),
        ({"method": "dense", "weight_variance": 1.5}, False),
        ({"weight_variance": 20.0}, False),  # without W, an error reaches the next layer by the products of inputs alone
        ({"activation": "sin(30*x)", "weight_variance": 4.0}, True),
        ({"activation": "relu", "scheme": "he", "bias_variance": 0.0}, False),
        ({"architecture": "residual", "scheme": "he"}, False),
    ],
)
def test_the_page_says_where_rounding_decides(changes, decides):
    trace = simulate(Config(**{"depth": 100, "width": 128, "trials": 4, "activation": "tanh"} | changes))
    assert (rounding_error(trace) > VISIBLE) == decides
    assert (ROUNDING in diagnose(trace, predict(trace.config)).precision) == decides
