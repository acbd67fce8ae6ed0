"""The two passes as a whole: shapes, determinism, what may not depend on memory or cores, and signals that are lost."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

from propagation import ACTIVATIONS, Config, simulate
from propagation.choices import COSTS, INPUT_LAWS
from propagation.engine import cost, signal
from propagation.engine.trace import Moments
from propagation.runtime import scheduler
from propagation.signals import PLAIN
from propagation.widths import WIDTH_PROFILES

MOMENTS = [field.name for field in fields(Moments)]


def arrays_of(trace) -> dict[str, np.ndarray]:
    named = {f"{signal} {moment}": getattr(trace.signal(signal), moment) for signal in PLAIN for moment in MOMENTS}
    return named | {name: getattr(trace, name) for name in ("saturated", "dead", "weight_variance")}


def assert_same(first, second, tolerance: float) -> None:
    for (name, a), b in zip(arrays_of(first).items(), arrays_of(second).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)
    assert first.lost == second.lost


#: one network of each kind of map, with biases, costs, profiles, batches over the width, and mixed maps
NETWORKS = {
    "dense": Config(depth=5, width=20, method="dense", weight_law="truncated_gaussian", inputs=4, trials=5),
    "gaussian": Config(depth=5, width=40, method="implicit", inputs=4, trials=5),
    "orthogonal": Config(depth=5, width=40, method="implicit", weight_law="orthogonal", inputs=4, trials=5, cost="cross_entropy"),
    "batch over width": Config(depth=4, width=6, method="implicit", inputs=16, trials=5, activation="relu"),
    "mixed maps": Config(depth=6, width=64, width_profile="funnel", inputs=8, trials=5, cost="squared_error"),
    "data decides": Config(depth=4, width=40, scheme="lsuv", weight_law="orthogonal", inputs=4, trials=5),
    "inputs merge in some trials before others": Config(depth=100, width=12, method="implicit", weight_variance=1.1, inputs=9, trials=5),
}
networks = pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)


def test_mixed_maps_are_mixed():
    config = NETWORKS["mixed maps"]
    kinds = {cost.layer_is_implicit(config, *config.widths[layer : layer + 2]) for layer in range(config.depth)}
    assert kinds == {True, False}


@networks
def test_everything_measured_is_an_array_of_trials_and_layers(config):
    for name, array in arrays_of(simulate(config)).items():
        assert array.shape == (config.trials, config.depth), name
        assert array.dtype == np.float64, name
        assert np.isfinite(array).all(), name


@networks
def test_equal_configs_give_equal_arrays(config):
    assert_same(simulate(config), simulate(Config(**config_fields(config))), 0.0)


def config_fields(config: Config) -> dict:
    return {field.name: getattr(config, field.name) for field in fields(Config)}


@networks
def test_another_seed_gives_other_arrays(config):
    other = simulate(Config(**config_fields(config) | {"seed": 1}))
    assert not np.isclose(simulate(config).z.log10_second_moment, other.z.log10_second_moment).any()


@networks
def test_trials_differ_from_each_other(config):
    assert (np.ptp(simulate(config).delta.log10_second_moment, axis=0) > 0).all()


@networks
@pytest.mark.parametrize(("stack_bytes", "cores"), [(0, 1), (0, 2), (2**40, 1), (3 * 8 * 64 * 8, 2)])
def test_results_do_not_depend_on_how_trials_are_grouped(config, stack_bytes, cores, monkeypatch):
    usual = simulate(config)
    monkeypatch.setattr(cost, "STACK_BYTES", stack_bytes)
    monkeypatch.setattr(cost, "cores", lambda: cores)
    monkeypatch.setattr(scheduler, "cores", lambda: cores)
    assert_same(simulate(config), usual, 0.0)


@networks
def test_layers_computed_again_equal_layers_remembered(config, monkeypatch):
    remembered = simulate(config)
    monkeypatch.setattr(cost, "MEMORY_BYTES", 0)
    assert not cost.remembers_layers(config)
    assert_same(simulate(config), remembered, 0.0)


@networks
def test_large_arrays_are_worked_on_in_pieces_that_change_nothing(config, monkeypatch):
    """But roundings, of gradients in single precision, which a hundred narrow layers let grow."""
    usual = simulate(config)
    monkeypatch.setattr(signal, "LARGE", 0)
    monkeypatch.setattr(signal, "PIECE", 3 * config.inputs)
    in_pieces = simulate(config)
    for name in ("z", "h"):
        np.testing.assert_allclose(in_pieces.signal(name).log10_second_moment, usual.signal(name).log10_second_moment, atol=1e-12)
    assert_same(in_pieces, usual, 3e-5 if config.depth < 100 else 1e-2)


@networks
def test_fewer_trials_are_the_first_trials(config):
    fewer = simulate(Config(**config_fields(config) | {"trials": 2}))
    np.testing.assert_array_equal(simulate(config).delta.log10_second_moment[:2], fewer.delta.log10_second_moment)
    np.testing.assert_array_equal(simulate(config).separation[:2], fewer.separation)


def test_progress_ends_at_one(monkeypatch):
    monkeypatch.setattr(cost, "STACK_BYTES", 0)
    shares = []
    simulate(Config(depth=2, width=8, inputs=2, trials=4), shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_a_signal_is_found_by_name():
    trace = simulate(Config(depth=2, width=8, inputs=2, trials=1))
    assert trace.signal("delta") is trace.delta
    with pytest.raises(ValueError, match="unknown"):
        trace.signal("config")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_every_activation_runs_from_tiny_to_huge_without_a_warning(activation, method):
    for weight_variance, input_variance in ((0.0, 1.0), (0.01, 1e-6), (100.0, 1e6)):
        for bias_variance in (0.0, 100.0):
            config = Config(
                depth=25,
                width=8,
                activation=activation,
                weight_variance=weight_variance,
                bias_variance=bias_variance,
                input_variance=input_variance,
                inputs=3,
                trials=2,
                method=method,
            )
            for name, array in arrays_of(simulate(config)).items():
                assert not np.isnan(array).any(), name
                assert not np.isposinf(array).any(), name


@pytest.mark.parametrize("profile", WIDTH_PROFILES)
@pytest.mark.parametrize("input_law", INPUT_LAWS)
def test_every_profile_and_input_runs(profile, input_law):
    for start in COSTS:
        trace = simulate(Config(depth=3, width=40, width_profile=profile, input_law=input_law, cost=start, inputs=4, trials=2))
        assert trace.lost == {}


@pytest.mark.parametrize(("width", "inputs"), [(2, 1), (2, 5), (3, 3)])
@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_the_smallest_networks_run(width, inputs, law, method):
    trace = simulate(Config(depth=1, width=width, inputs=inputs, weight_law=law, method=method, trials=1))
    assert np.isfinite(trace.delta.log10_second_moment).all()


class TestLost:
    """`lost`: for each signal the first layer, in its own direction, at which a trial is exactly zero."""

    def test_nothing_is_lost_in_a_healthy_network(self):
        assert simulate(Config(depth=10, width=32, inputs=4)).lost == {}

    @pytest.mark.parametrize("method", ["dense", "implicit"])
    def test_zero_weights_and_no_bias_lose_everything_but_the_last_gradient(self, method):
        trace = simulate(Config(depth=5, width=16, weight_variance=0, bias_variance=0, inputs=2, method=method))
        assert trace.lost == {"z": 1, "h": 1, "delta": 4, "weight_gradient": 5}
        assert (trace.z.log10_second_moment == -np.inf).all()
        assert np.isfinite(trace.delta.log10_second_moment[:, -1]).all()  # tanh′(0) = 1

    @pytest.mark.parametrize("method", ["dense", "implicit"])
    def test_zero_weights_with_a_bias_lose_the_gradient_only(self, method):
        trace = simulate(Config(depth=5, width=16, weight_variance=0, bias_variance=0.5, inputs=2, method=method))
        assert trace.lost == {"delta": 4, "weight_gradient": 4}

    @pytest.mark.parametrize("method", ["dense", "implicit"])
    def test_dead_networks_say_where_the_first_died(self, method):
        """ReLU of width 3: a layer is silent with probability 1/8 and no later one can speak again."""
        trace = simulate(Config(depth=30, width=3, activation="relu", scheme="he", bias_variance=0, inputs=1, trials=64, method=method))
        dead = np.isneginf(trace.h.log10_second_moment)
        assert dead.any() and (np.diff(dead.astype(int), axis=1) >= 0).all()
        first = int(np.flatnonzero(dead.any(axis=0))[0]) + 1
        assert trace.lost == {"z": first + 1, "h": first, "delta": 30, "weight_gradient": 30}

    @pytest.mark.parametrize("method", ["dense", "implicit"])
    def test_networks_die_as_often_as_they_should(self, method):
        """P(dead layer) = 2⁻ⁿ, so a trial is alive after L layers with (1 − 2⁻ⁿ)^L."""
        config = Config(depth=6, width=3, activation="relu", scheme="he", bias_variance=0, inputs=1, trials=64, method=method)
        alive = [
            np.isfinite(simulate(Config(**config_fields(config) | {"seed": seed})).h.log10_second_moment[:, -1]).sum() for seed in range(10)
        ]
        assert stats.binomtest(int(sum(alive)), 640, (7 / 8) ** 6).pvalue > 1e-4


@pytest.mark.parametrize("method", ["dense", "implicit"])
@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
def test_lsuv_gives_every_layer_variance_one(method, law):
    trace = simulate(
        Config(depth=6, width=30, activation="softplus", scheme="lsuv", weight_law=law, inputs=5, method=method, bias_variance=3)
    )
    np.testing.assert_allclose(trace.z.log10_variance, 0, atol=1e-10)


def test_the_weight_variance_of_lsuv_is_one_over_the_second_moment_of_the_activation():
    """Wide layers: σ_w² → 1 / E[φ(x)²], x ~ N(0, 1): 2.536175 for tanh and 2 for ReLU."""
    for activation, expected in (("tanh", 2.5361754332), ("relu", 2.0), ("gelu", 2.3517156141)):
        trace = simulate(Config(depth=3, width=20_000, activation=activation, scheme="lsuv", inputs=2, trials=4, input_variance=7.0))
        np.testing.assert_allclose(trace.weight_variance[:, 0], 1 / 7, rtol=0.1)
        np.testing.assert_allclose(trace.weight_variance[:, 1:], expected, rtol=0.05)


@pytest.mark.parametrize("scheme", ["he_fan_out", "glorot", "custom"])
def test_the_weight_variance_of_a_scheme_is_reported(scheme):
    config = Config(depth=3, width=64, width_profile="funnel", scheme=scheme, weight_variance=1.7, activation="relu", trials=2)
    fans = np.array([(config.widths[layer], config.widths[layer + 1]) for layer in range(3)]).T
    expected = {"he_fan_out": 2 * fans[0] / fans[1], "glorot": 2 * fans[0] / fans.sum(axis=0), "custom": np.full(3, 1.7)}[scheme]
    np.testing.assert_allclose(simulate(config).weight_variance, np.tile(expected, (2, 1)), rtol=1e-12)
