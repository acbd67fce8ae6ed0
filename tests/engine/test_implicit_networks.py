"""Whole networks without their matrices against whole networks with them: one law, forward and backward together, three layers deep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracle import Samples, assert_other_law, assert_same_law

from propagation import Config, simulate
from propagation.engine import network
from propagation.inputs import draw_inputs

SEEDS = 20  # of 64 trials each


@pytest.fixture(autouse=True)
def one_batch(monkeypatch):
    """All seeds look at the inputs of one, so that every trial of every seed is an independent draw."""
    monkeypatch.setattr(network, "draw_inputs", lambda config: draw_inputs(replace(config, seed=0)))


def runs(config: Config, first_seed: int) -> list:
    return [simulate(replace(config, seed=first_seed + seed)) for seed in range(SEEDS)]


def statistics(forward: list, backward: list) -> Samples:
    """Sizes of each trial, and what ties sizes forward to sizes backward."""

    def log(name, moment="log10_second_moment"):
        return np.concatenate([getattr(trace.signal(name), moment) for trace in (forward if name in "zh" else backward)])

    z, h, delta, gradient = (np.maximum(log(name), -9) for name in ("z", "h", "delta", "weight_gradient"))  # some narrow ones are dead
    return {
        "z": z[:, -1],
        "h": h[:, -1],
        "mean of z": log("z", "mean")[:, -1],
        "variance of h": np.maximum(log("h", "log10_variance")[:, -1], -9),
        "delta": delta[:, 0],
        "mean of delta": log("delta", "mean")[:, 0],
        "weight gradient": gradient[:, 0],
        "flat slopes": np.concatenate([trace.saturated for trace in forward])[:, -1],
        "product of the sizes": h[:, -1] + delta[:, 0],
        "ratio of the sizes": h[:, -1] - delta[:, 0],
        "product of the growths": h[:, -1] - h[:, 0] + delta[:, 0] - delta[:, -1],
        "ratio of the growths": h[:, -1] - h[:, 0] - delta[:, 0] + delta[:, -1],
        "weight gradients of two layers": gradient[:, 1] - gradient[:, 0],
    }


def measured(config: Config, first_seed: int) -> Samples:
    return statistics(*[runs(config, first_seed)] * 2)


def small(**fields) -> Config:
    defaults = {"depth": 3, "width": 12, "weight_variance": 2.0, "bias_variance": 0.2, "inputs": 4, "trials": 64, "activation": "relu"}
    return Config(**defaults | fields)


NETWORKS = {
    "relu": small(bias_variance=0.0),
    "relu with bias": small(),
    "relu, narrow": small(width=4),
    "tanh, orthogonal": small(activation="tanh", weight_law="orthogonal"),
    "relu, orthogonal, funnel": small(weight_law="orthogonal", width=32, width_profile="funnel"),
    "gelu, widening": small(activation="gelu", width=32, width_profile="widening"),
    "batch over width": small(width=4, inputs=6, activation="tanh", cost="cross_entropy"),
    "orthogonal batch over width": small(width=4, inputs=6, weight_law="orthogonal", cost="squared_error"),
    "lsuv": small(scheme="lsuv", activation="sigmoid"),
}


@pytest.mark.slow
@pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)
def test_implicit_networks_have_the_law_of_dense_ones(config):
    implicit, dense = (measured(replace(config, method=method), seed) for method, seed in (("implicit", 1000), ("dense", 0)))
    assert_same_law(implicit, dense)


@pytest.mark.slow
def test_the_oracle_rejects_a_backward_pass_through_another_network():
    """Forward from one draw and backward from another: each has the right law, together they have not."""
    config = NETWORKS["relu, narrow"]
    first, second = (runs(replace(config, method="dense"), seed) for seed in (0, 100))
    together = measured(replace(config, method="implicit"), 1000)
    assert_other_law(together, statistics(first, second))
    assert_same_law(together, statistics(first, first))


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"weight_variance": 2.4}, {"bias_variance": 0.5}, {"weight_law": "orthogonal"}, {"width": 20}])
def test_the_oracle_rejects_another_network(change):
    config = NETWORKS["relu with bias"]
    assert_other_law(measured(replace(config, method="implicit"), 1000), measured(replace(config, method="dense", **change), 0))
