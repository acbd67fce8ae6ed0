"""The verdict: the right story, the right numbers, on traces whose story is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from charts.traces import moments, prediction, trace

from propagation import Config, predict, simulate
from propagation.diagnosis import critical_here, diagnose, typical_net
from propagation.expressions import typed_activation


@pytest.mark.parametrize(
    ("slopes", "kind", "word"),
    [
        ({}, "healthy", "Healthy"),
        ({"delta": -0.2}, "vanishing", "Gradients vanish"),
        ({"delta": 0.2}, "exploding", "Gradients explode"),
        ({"delta": -0.2, "z": -0.3}, "vanishing", "Signal and gradients vanish"),
        ({"delta": 0.2, "z": 0.3}, "exploding", "Signal and gradients explode"),
        ({"delta": 0.2, "z": -0.3}, "exploding", "Gradients explode"),
        ({"z": -0.3}, "vanishing", "The signal fades"),
        ({"z": 0.3}, "exploding", "The signal grows"),
        ({"weight_gradient": 0.2}, "uneven", "Layers learn at different speeds"),
    ],
)
def test_the_story_follows_the_drift(slopes, kind, word):
    verdict = diagnose(trace(slopes=slopes))
    assert (verdict.kind, verdict.headline.startswith(word)) == (kind, True), verdict.headline


def test_factors_are_geometric_means_in_the_direction_of_travel():
    verdict = diagnose(trace(slopes={"z": math.log10(0.96), "delta": math.log10(0.62)}, scatter=0.4))
    assert verdict.forward_factor == pytest.approx(0.96)
    assert verdict.backward_factor == pytest.approx(0.62)


def test_the_headline_says_how_much_per_layer_and_in_all():
    headline = diagnose(trace(depth=50, slopes={"delta": math.log10(0.62)})).headline
    assert headline == "Gradients vanish: each layer keeps 62 % of their variance; 10⁻¹⁰ is left at layer 1."


def test_a_drift_of_less_than_a_decade_is_healthy():
    assert diagnose(trace(slopes={"z": -0.1, "delta": 0.1, "weight_gradient": 0.1})).kind == "healthy"


def test_saturation_is_the_story_where_a_bounded_activation_is_mostly_flat():
    flat = np.full((5, 10), 0.8)
    assert diagnose(trace(saturated=flat)).kind == "saturated"
    assert diagnose(trace(saturated=flat, slopes={"delta": 0.5})).kind == "exploding"
    assert diagnose(trace(saturated=flat, config=Config(depth=10, trials=5, activation="relu"))).kind == "healthy"


def test_dead_neurons_are_the_story_when_nearly_all_are():
    relu = Config(depth=10, trials=5, activation="relu")
    assert diagnose(trace(dead=np.full((5, 10), 0.95), config=relu)).kind == "dead"
    assert diagnose(trace(dead=np.full((5, 10), 0.5), config=relu)).kind == "healthy"  # half of all ReLUs, on inputs that have grown alike
    assert diagnose(trace(dead=np.full((5, 10), 0.95))).kind == "healthy"  # a tanh whose slope is 0 is loud


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"scheme": "glorot", "bias_variance": 0, "depth": 50}, "like a power of depth: raise σ_b²"),
        ({"activation": "relu", "scheme": "he", "bias_variance": 1, "depth": 50}, "Set σ_b² to 0"),
        ({"weight_variance": 1.760955, "input_variance": 100, "depth": 30}, "the inputs are far from the size that layers keep"),
        ({"activation": "relu", "scheme": "he", "bias_variance": 0, "width": 64, "depth": 100}, "lost to chance"),
        ({"weight_variance": 0.5, "bias_variance": 0, "depth": 30}, "without a bias sizes still fade"),
        ({"activation": "relu", "weight_variance": 1, "bias_variance": 0, "width_profile": "widening", "depth": 20}, "the changing width"),
    ],
)
def test_the_advice_names_what_is_to_blame(fields, advice):
    config = Config(**({"width": 256, "trials": 4} | fields))
    assert advice in diagnose(simulate(config), predict(config)).advice


def test_in_deep_networks_a_small_distance_from_criticality_counts():
    config = Config(activation="linear", weight_law="orthogonal", weight_variance=0.995, bias_variance=0, depth=1000, width=32, trials=1)
    assert diagnose(simulate(config), predict(config)).suggested_weight_variance == 1


def test_where_everything_is_zero_nothing_is_left_per_layer():
    config = Config(weight_variance=0, bias_variance=0, depth=5, width=16, trials=2)
    assert diagnose(simulate(config), predict(config)).backward_factor == 0


def test_an_activation_without_slope_around_zero_has_no_absurd_critical_point():
    name = typed_activation("relu(x - 1)").name
    assert critical_here(Config(activation=name, bias_variance=0)) is None


def test_a_lost_signal_is_named_with_its_layer():
    gone = trace().z.log10_second_moment.copy()
    gone[:, 6:] = -np.inf
    verdict = diagnose(trace(z=moments(gone), lost={"z": 7}))
    assert verdict.kind == "dead" and "layer 7" in verdict.headline
    assert math.isfinite(verdict.forward_factor)


def test_not_a_number_counts_as_gone():
    assert diagnose(trace(delta=moments(np.full((5, 10), np.nan)), lost={"delta": 10})).kind == "dead"


def test_one_layer_has_no_slope():
    verdict = diagnose(trace(depth=1))
    assert verdict.kind == "healthy" and verdict.forward_factor == verdict.backward_factor == 1
    assert verdict.layers_survived == math.inf


def test_without_theory_nothing_is_suggested_and_depth_is_measured():
    verdict = diagnose(trace(slopes={"delta": math.log10(0.5)}))
    assert verdict.suggested_weight_variance is None and verdict.phase is None and verdict.advice == ""
    assert verdict.layers_survived == pytest.approx(6 / math.log(2))


def test_with_theory_the_critical_weight_variance_is_suggested_where_it_helps():
    config = Config(depth=10, trials=5, activation="tanh", bias_variance=0.05)
    sick = trace(config=config, slopes={"delta": -0.3})
    verdict = diagnose(sick, prediction())
    assert verdict.suggested_weight_variance == pytest.approx(1.76095464, rel=1e-6)
    assert verdict.phase == "ordered" and verdict.layers_survived == 30
    assert diagnose(trace(config=config), prediction()).suggested_weight_variance is None


def test_nothing_is_suggested_where_the_network_already_stands():
    there = np.full((5, 10), 1.7609546)
    assert diagnose(trace(weight_variance=there, slopes={"delta": -0.3}), prediction()).suggested_weight_variance is None


def test_activations_without_a_reachable_critical_point_say_so():
    for activation in ("softplus", "tanh(x/4000)"):
        config = Config(depth=10, trials=5, activation=activation)
        verdict = diagnose(trace(config=config, slopes={"delta": -0.3}), prediction())
        assert verdict.suggested_weight_variance is None and verdict.advice


def test_a_bias_does_not_hide_the_critical_point_of_relu():
    assert critical_here(Config(activation="relu", bias_variance=0.05)) == pytest.approx(2)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (Config(activation="relu", scheme="he", bias_variance=0, depth=20, width=256), "healthy"),
        (Config(activation="relu", scheme="lecun", bias_variance=0, depth=20, width=64), "vanishing"),
        (Config(activation="tanh", weight_variance=6, depth=20, width=64), "exploding"),
        (Config(activation="sigmoid", scheme="glorot", bias_variance=0, depth=10, width=64), "vanishing"),
        (Config(activation="relu", scheme="he", bias_variance=0, depth=200, width=2, inputs=1), "dead"),
    ],
)
def test_real_networks(config, kind):
    assert diagnose(simulate(config)).kind == kind


def test_the_typical_net_is_named_where_it_is_visibly_below_the_line():
    deep = Config(activation="relu", scheme="he", bias_variance=0, depth=50, width=100, inputs=1)
    band = predict(deep).z.band
    share = 10 ** (band.log10_mean[-1] - predict(deep).z.log10_second_moment[-1])
    assert share == pytest.approx(0.285, rel=0.02)
    assert f"ends at ×\u00a0{share:.3f}" in typical_net(predict(deep))
    for silent in (
        Config(activation="relu", scheme="he", bias_variance=0, depth=50, width=10_000, inputs=1),
        Config(activation="relu", scheme="he", bias_variance=0, depth=2, width=100, inputs=1),
        Config(activation="tanh", depth=50, width=100, inputs=1),  # no law is known
        Config(activation="linear", weight_variance=0, bias_variance=0, depth=5, width=10, inputs=1),  # zero below zero is no gap
    ):
        assert typical_net(predict(silent)) == ""
