"""The verdict: the right story, the right numbers, on traces whose story is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from charts.traces import moments, trace

from propagation import Config, predict, simulate
from propagation.diagnosis import diagnose, typical_net


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


def test_half_of_relu6_is_level_for_signals_of_any_size():
    config = Config(depth=10, trials=5, activation="relu6")
    assert diagnose(trace(saturated=np.full((5, 10), 0.55), config=config)).kind == "healthy"
    assert diagnose(trace(saturated=np.full((5, 10), 0.8), config=config)).kind == "saturated"


def test_dead_neurons_are_the_story_when_nearly_all_are():
    relu = Config(depth=10, trials=5, activation="relu")
    assert diagnose(trace(dead=np.full((5, 10), 0.95), config=relu)).kind == "dead"
    assert diagnose(trace(dead=np.full((5, 10), 0.5), config=relu)).kind == "healthy"  # half of all ReLUs, on inputs that have grown alike
    assert diagnose(trace(dead=np.full((5, 10), 0.95))).kind == "healthy"  # a tanh whose slope is 0 is loud


def test_where_everything_is_zero_nothing_is_left_per_layer():
    config = Config(weight_variance=0, bias_variance=0, depth=5, width=16, trials=2)
    assert diagnose(simulate(config), predict(config)).backward_factor == 0


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


def verdict_of(**fields):
    config = Config(**({"width": 256, "trials": 4, "bias_variance": 0} | fields))
    return diagnose(simulate(config), predict(config))


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 8])
def test_a_shallow_net_is_judged_by_what_a_layer_does(depth):
    halved = verdict_of(activation="relu", weight_variance=1, depth=depth)
    assert (halved.kind == "vanishing" and "50 %" in halved.headline) or "51 %" in halved.headline or "49 %" in halved.headline
    assert halved.layers_survived == pytest.approx(6 / math.log(2))
    kept = verdict_of(activation="relu", scheme="he", depth=depth)
    assert kept.kind == "healthy" and kept.layers_survived == math.inf


def test_what_a_layer_loses_is_said_of_a_healthy_net_too():
    verdict = verdict_of(activation="relu", weight_variance=1.8, depth=4)
    assert verdict.headline == "Healthy at this depth, but signal and gradients fade slowly: 22 layers leave a tenth of them."
    assert 0.9**22 < 0.1 < 0.9**21 and verdict.kind == "healthy"
    assert verdict.suggested_weight_variance == 2
    assert verdict.forward_factor == pytest.approx(0.9, rel=0.05) and verdict.layers_survived == pytest.approx(-6 / math.log(0.9))


@pytest.mark.parametrize(
    ("fields", "forward", "backward"),
    [
        ({"activation": "relu", "scheme": "pytorch", "weight_law": "uniform", "depth": 30}, 1, 1 / 6),
        ({"activation": "selu", "weight_variance": 0.5625, "depth": 100}, 1, 1.004),
        ({"weight_variance": 1.5, "bias_variance": 0.05, "depth": 50}, 1, 0.9386),
        ({"activation": "gelu", "scheme": "lecun", "depth": 50}, 0.25, 0.25),
    ],
)
def test_factors_are_those_of_layers_that_have_settled(fields, forward, backward):
    verdict = verdict_of(**fields)
    assert verdict.forward_factor == pytest.approx(forward, rel=0.02)
    assert verdict.backward_factor == pytest.approx(backward, rel=0.02)
    assert verdict.settled_from > 1 and verdict.forward_transient < 0.5


def test_settling_is_told_from_fading():
    verdict = verdict_of(weight_variance=1.760955, bias_variance=0.05, input_variance=30, depth=50)
    assert verdict.headline.startswith("Gradients shrink in the first 7 layers")
    assert verdict.forward_factor == pytest.approx(1, abs=0.01) and verdict.forward_transient < 0.02
    level = verdict_of(weight_variance=1.760955, bias_variance=0.05, depth=100)
    assert level.kind == "healthy" and "settle in the first" in level.headline


@pytest.mark.parametrize(
    "fields",
    [
        {"weight_variance": 1.760955, "bias_variance": 0.05, "input_variance": 30},
        {"weight_variance": 1.5, "bias_variance": 0.05},
        {"activation": "relu", "weight_variance": 1.5},
        {"activation": "gelu", "weight_variance": 1.0},
        {"weight_variance": 4.0, "bias_variance": 0.05},
    ],
)
def test_a_reach_belongs_to_the_network_and_not_to_its_depth(fields):
    assert len({verdict_of(**fields, depth=depth, width=128).layers_survived for depth in (2, 5, 20, 60)}) == 1


def test_the_reach_says_what_of():
    assert verdict_of(weight_variance=1.5, bias_variance=0.05, depth=20).reach == "inputs can be told apart for ≈ 95 layers"
    assert verdict_of(weight_variance=4, bias_variance=0.05, depth=20).reach.startswith("similar inputs look similar for ≈ ")
    assert verdict_of(activation="relu", weight_variance=1, depth=4).reach == "gradients survive ≈ 8.7 layers"
    assert verdict_of(activation="relu", scheme="he", depth=4).reach == "sizes survive any depth"
    assert verdict_of(scheme="glorot", depth=30).reach == "changes slow down with depth"


def test_a_narrow_net_loses_by_chance_what_theory_keeps():
    verdict = verdict_of(activation="relu", scheme="he", width=16, depth=100, trials=32)
    assert verdict.kind == "vanishing" and verdict.reach == "in wide networks sizes survive any depth"
    assert verdict.forward_factor < 0.95 and "comes from chance" in verdict.advice


def test_level_sizes_are_not_health_where_inputs_merge():
    merged = verdict_of(activation="relu", scheme="he", depth=300, width=1024, inputs=4)
    assert merged.kind == "merged" and "1 − c" in merged.headline and "skip connections" in merged.advice
    assert verdict_of(activation="relu", scheme="he", depth=50, width=1024).kind == "healthy"
    one = verdict_of(activation="linear", weight_variance=1, weight_law="orthogonal", depth=300, width=64)
    assert one.kind == "healthy"  # a linear net keeps every angle


def test_weights_of_variance_one_overflow_where_a_notebook_sees_nan():
    verdict = verdict_of(activation="relu", weight_variance=512, width=512, depth=40)
    assert verdict.kind == "exploding" and "In float32 the signal overflows in layer 3" in verdict.precision
    assert verdict_of(activation="relu", scheme="he", depth=10).precision == ""


def test_a_change_of_width_is_not_a_loss():
    """784-300-100-10, the net of most courses: E[δ²] falls with the widths, and the length of gradients stays."""
    fields = {"activation": "relu", "width": 2, "layer_sizes": "784-300-100-10", "trials": 16}
    he = verdict_of(scheme="he", **fields)
    assert he.kind == "healthy" and "widths" in he.headline and he.layers_survived == math.inf
    assert verdict_of(weight_variance=1, **fields).kind == "vanishing"
    assert verdict_of(scheme="glorot", **{**fields, "activation": "tanh"}).kind == "healthy"
    explodes = verdict_of(weight_variance=8, **{**fields, "layer_sizes": "784-300-300-300-300-100-10"})
    assert explodes.kind == "exploding" and "widths" not in explodes.headline


def test_the_loss_before_training_stands_beside_that_of_a_guess():
    assert verdict_of(weight_variance=0, cost="cross_entropy", depth=3).loss == (
        "The loss before training is 2.3; that of a guess among 10 is ln 10 = 2.30."
    )
    loud = simulate(Config(activation="linear", weight_variance=100, bias_variance=0, depth=3, width=64, cost="cross_entropy"))
    assert loud.loss.min() > 100  # answers that are sure, and mostly wrong
    assert verdict_of(depth=3).loss == "" and np.isnan(simulate(Config(depth=2, width=8)).loss).all()


@pytest.mark.parametrize(
    "fields",
    [
        {"activation": "mish", "scheme": "he", "depth": 4},
        {"activation": "gelu", "scheme": "he", "depth": 3},
        {"activation": "silu", "weight_variance": 2, "bias_variance": 0.05, "input_variance": 100, "depth": 20},
        {"activation": "selu", "weight_variance": 1.5, "input_variance": 300, "depth": 25},
        {"activation": "gelu", "weight_variance": 4, "input_variance": 1e-4, "depth": 20},
        {"activation": "softplus", "scheme": "kumar", "depth": 3},
        {"activation": "elu", "weight_variance": 1, "bias_variance": 0.05, "depth": 20},
        {"activation": "linear", "weight_variance": 0.8, "bias_variance": 2, "input_variance": 30, "depth": 25},
    ],
)
def test_a_headline_does_not_contradict_its_numbers(fields):
    """The verb goes the way of the factor it stands beside, and what is called level is."""
    verdict = verdict_of(**fields)
    if "vanish: each layer keeps" in verdict.headline or "explode: " in verdict.headline:
        assert (verdict.backward_factor < 1) == ("vanish" in verdict.headline), verdict.headline
    if "Deeper layers keep them level" in verdict.headline:
        assert 0.97 < verdict.backward_factor < 1.03, verdict.headline
