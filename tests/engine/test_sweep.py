"""Sweeps: every network of a sweep is, to the last digit, the one that `simulate` runs by itself."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from propagation import Config, simulate, simulate_sweep
from propagation.config import FIELDS
from propagation.engine import cost, noise
from propagation.engine.sweep import SHARING
from propagation.engine.trace import Moments, Trace
from propagation.runtime import scheduler

MOMENTS = [field.name for field in fields(Moments)]
SMALL = Config(depth=12, width=24, inputs=5, trials=3)
MERGING = Config(depth=60, width=12, inputs=9, trials=4, method="implicit")

TRANSFORMER = {"architecture": "transformer", "normalization": "layer", "tokens": 4, "heads": 3, "inputs": 2}

#: networks of every kind of map, cost, rule and end
NETWORKS = {
    "gaussian": replace(SMALL, method="implicit"),
    "orthogonal": replace(SMALL, method="implicit", weight_law="orthogonal"),
    "dense": replace(SMALL, method="dense", weight_law="truncated_gaussian"),
    "dense orthogonal": replace(SMALL, method="dense", weight_law="orthogonal"),
    "merging": MERGING,
    "merging, orthogonal": replace(MERGING, weight_law="orthogonal"),
    "deep ReLU, dying or exploding": Config(depth=120, width=12, inputs=3, trials=2, activation="relu", bias_variance=0),
    "data decide": replace(SMALL, scheme="lsuv", weight_law="orthogonal", activation="relu"),
    "sizes": Config(layer_sizes="20-50-7-30-1-12", inputs=9, trials=3, method="implicit", activation="gelu"),
    "digits, cross-entropy": replace(SMALL, input_law="digits", cost="cross_entropy", inputs=16),
    "squared error": replace(SMALL, cost="squared_error", activation="softplus"),
    "one input": Config(depth=4, width=600, inputs=1, trials=2),
    "std": replace(SMALL, scheme="std"),
    "residual, layer norm": replace(SMALL, architecture="residual", normalization="layer", keep=0.8),
    "residual, one map": replace(SMALL, architecture="residual", branch_layers=1, activation="relu", input_law="digits"),
    "transformer": replace(SMALL, depth=4, **TRANSFORMER),
    "transformer, causal, gated": replace(SMALL, depth=4, causal=True, gated=True, norm_position="post", method="implicit", **TRANSFORMER),
    "convolution": replace(SMALL, architecture="convolution", positions=4, inputs=2),
    "batch norm": replace(SMALL, normalization="batch", norm_position="post", activation="relu"),
}
#: with the signal dying, merging, chaotic, exploding, and exactly zero
VALUES = {
    "weight_variance": (1e-12, 0.6, 1.1, 2.0, 1e6, 0.0),
    "bias_variance": (0.0, 0.05, 30.0),
    "bias_mean": (-2.0, 0.0, 0.5),
    "weight_std": (0.001, 0.3, 0.0),
    "first_weight_variance": (None, 0.1, 9.0),
    "input_variance": (1e-6, 1.0, 1e6),
    "input_mean": (-3.0, 0.0, 0.5),
    "branch_scale": (0.0, 0.3, 1.0, 50.0),
    "skip_scale": (0.0, 0.7, 1.0),
    "query_key_variance": (None, 0.0, 0.5, 3.0),
    "value_variance": (None, 0.0, 2.0),
}


def arrays_of(trace: Trace) -> dict[str, np.ndarray]:
    named = {f"{name} {moment}": getattr(moments, moment) for name, moments in trace.signals.items() for moment in MOMENTS}
    others = ("input_log10_second_moment", "saturated", "dead", "weight_variance", "separation", "input_separation", "loss")
    return named | {name: np.asarray(getattr(trace, name)) for name in others}


def assert_equal(trace: Trace, single: Trace) -> None:
    assert trace.config == single.config
    assert trace.lost == single.lost
    for (name, array), other in zip(arrays_of(trace).items(), arrays_of(single).values(), strict=True):
        np.testing.assert_array_equal(array, other, err_msg=name)


def assert_sweep_is_simulations(config: Config, field: str, values: tuple) -> None:
    for trace, value in zip(simulate_sweep(config, field, values), values, strict=True):
        assert_equal(trace, simulate(replace(config, **{field: value})))


@pytest.mark.parametrize("field", SHARING)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_sweep_equals_its_simulations(name, field):
    if field == "first_weight_variance" and NETWORKS[name].has_stream:
        return  # a block is several maps
    assert_sweep_is_simulations(NETWORKS[name], field, VALUES[field])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("depth", (1, 7, 3)),
        ("width", (2, 40, 24)),
        ("activation", ("relu", "tanh")),
        ("scheme", ("he", "lsuv", "std")),
        ("weight_law", ("gaussian", "orthogonal")),
        ("inputs", (1, 8)),
        ("trials", (1, 4)),
        ("seed", (0, 3)),
        ("layer_sizes", ("", "5-3-8")),
        ("cost", ("gaussian", "cross_entropy")),
    ],
)
def test_any_field_can_be_swept(field, values):
    assert_sweep_is_simulations(SMALL, field, values)


def test_every_field_that_shares_is_a_number():
    assert set(SHARING) == set(VALUES) < set(FIELDS)


def test_other_values_give_other_networks():
    first, second = simulate_sweep(SMALL, "weight_variance", (1.5, 1.5 + 1e-9))
    assert not np.array_equal(first.z.log10_variance, second.z.log10_variance)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("networks", [1, 2, 5, 100])
def test_results_do_not_depend_on_how_networks_are_stacked(networks, cores, monkeypatch):
    config, values = MERGING, (1.0, 1.1, 2.0)
    singles = [simulate(replace(config, weight_variance=value)) for value in values]
    monkeypatch.setattr(cost, "STACK_BYTES", networks * 8 * config.width * config.inputs)
    monkeypatch.setattr(scheduler, "cores", lambda: cores)
    for trace, single in zip(simulate_sweep(config, "weight_variance", values), singles, strict=True):
        assert_equal(trace, single)


def test_layers_that_are_computed_again_are_the_same(monkeypatch):
    values = (0.9, 1.5)
    kept = simulate_sweep(NETWORKS["gaussian"], "weight_variance", values)
    monkeypatch.setattr(cost, "MEMORY_BYTES", 0)
    for trace, other in zip(simulate_sweep(NETWORKS["gaussian"], "weight_variance", values), kept, strict=True):
        assert_equal(trace, other)


def test_noise_is_drawn_once_for_all_values_of_a_stack(monkeypatch):
    def drawn(values: tuple[float, ...]) -> int:
        numbers = 0

        def count(self, purpose, rows, columns, law):
            nonlocal numbers
            numbers += self.trials * rows * columns
            return drawn_by(self, purpose, rows, columns, law)

        with monkeypatch.context() as patched:
            patched.setattr(noise, "_CACHE", noise.NoiseCache(0))
            patched.setattr(noise.Noise, "_drawn", count)
            simulate_sweep(NETWORKS["gaussian"], "weight_variance", values)
        return numbers

    drawn_by = noise.Noise._drawn
    assert drawn((1.0, 1.5, 2.0)) == drawn((1.0,)) > 0


@pytest.mark.parametrize(("field", "values"), [("weight_variance", (1.0, 2.0, 3.0, 4.0)), ("depth", (1, 2, 3, 4))])
def test_progress_ends_at_one(field, values, monkeypatch):
    monkeypatch.setattr(cost, "STACK_BYTES", 0)
    shares = []
    simulate_sweep(Config(depth=2, width=8, inputs=2, trials=1), field, values, shares.append)
    assert shares == sorted(shares)
    assert {0.25, 0.5, 0.75, 1.0} <= set(shares)


def test_whoever_asked_can_leave(monkeypatch):
    monkeypatch.setattr(cost, "STACK_BYTES", 0)

    def leave(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        simulate_sweep(SMALL, "weight_variance", (1.0, 2.0), leave)


def test_a_value_out_of_range_is_refused():
    with pytest.raises(ValueError, match="weight_variance"):
        simulate_sweep(SMALL, "weight_variance", (1.0, -1.0))


def test_a_field_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'wieght_variance' is no field of Config"):
        simulate_sweep(SMALL, "wieght_variance", (1.0,))


def test_no_values_no_traces():
    assert simulate_sweep(SMALL, "weight_variance", ()) == []
