"""What a simulation costs, and which map it takes, as data: no clock is read here."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from propagation import Config, simulate
from propagation.engine import cost, noise
from propagation.engine.cost import layer_is_implicit, trials_at_once, work


def test_auto_takes_the_map_that_costs_less():
    assert layer_is_implicit(Config(), 512, 512)
    assert layer_is_implicit(Config(weight_law="orthogonal"), 512, 512)
    assert not layer_is_implicit(Config(inputs=512), 64, 64)


def test_methods_insist():
    assert layer_is_implicit(Config(method="implicit"), 4, 4)
    assert not layer_is_implicit(Config(method="dense"), 4096, 4096)


@pytest.mark.parametrize("law", ["uniform", "truncated_gaussian"])
def test_laws_without_a_shortcut_are_dense(law):
    assert not layer_is_implicit(Config(weight_law=law), 4096, 4096)


def test_cost_is_linear_in_width_and_depth_without_matrices():
    config = Config(width=10_000, method="implicit")
    assert work(replace(config, width=100_000)).seconds == pytest.approx(10 * work(config).seconds, rel=0.1)
    assert work(replace(config, depth=500)).seconds == pytest.approx(10 * work(config).seconds, rel=0.1)
    assert work(replace(config, method="dense")).seconds > 20 * work(config).seconds


def test_a_million_neurons_fit_in_two_gigabytes():
    assert work(Config(width=1_000_000, depth=20, inputs=8, trials=1)).bytes < 2 * 2**30


def test_stacks_are_as_large_as_the_cache_allows_and_never_empty():
    assert trials_at_once(Config(width=2, inputs=1, trials=64)) == 64
    assert trials_at_once(Config(width=1_000_000, inputs=64, trials=8)) == 1


def test_a_request_too_large_is_seen_before_anything_is_allocated():
    assert work(Config(width=1_000_000, method="dense", depth=2000)).bytes > 2**50


@pytest.mark.parametrize(
    "config",
    [
        Config(depth=60, width=256, inputs=64, trials=1, method="implicit"),
        Config(depth=30, width=256, inputs=64, trials=1, method="implicit", weight_law="orthogonal"),
        Config(depth=30, width=256, inputs=32, trials=1, method="dense"),
        Config(depth=200, width=64, inputs=512, trials=1, method="dense"),
    ],
    ids=["gaussian", "orthogonal", "dense", "dense, layers computed again"],
)
def test_memory_is_about_what_was_announced(config, monkeypatch):
    """Within a factor of 3, noise aside; the last case is forced to compute layers again."""
    monkeypatch.setattr(cost, "cores", lambda: 1)
    monkeypatch.setattr(noise, "_CACHE", noise.NoiseCache(0))
    if config.depth == 200:
        monkeypatch.setattr(cost, "MEMORY_BYTES", 0)
    tracemalloc.start()
    try:
        simulate(config)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * work(config).bytes
