"""Advice: what it names, what it sets, and that it helps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from charts.traces import prediction, trace

from propagation import Config, predict, simulate
from propagation.advice import critical_here
from propagation.diagnosis import diagnose
from propagation.expressions import typed_activation


def verdict_of(**fields):
    config = Config(**({"width": 256, "trials": 4, "bias_variance": 0} | fields))
    return diagnose(simulate(config), predict(config))


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        (
            {"scheme": "glorot", "bias_variance": 0, "depth": 50},
            "without a bias sizes still fade, more slowly in each layer: set σ_b² to 0.05",
        ),
        ({"activation": "relu", "scheme": "he", "bias_variance": 1, "depth": 50}, "Set σ_b² to 0"),
        ({"weight_variance": 1.760955, "input_variance": 100, "depth": 30}, "the inputs are far from the size that layers keep"),
        ({"activation": "relu", "scheme": "he", "bias_variance": 0, "width": 64, "depth": 100}, "comes from chance"),
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


def test_an_activation_without_slope_around_zero_has_no_absurd_critical_point():
    name = typed_activation("relu(x - 1)").name
    assert critical_here(Config(activation=name, bias_variance=0)) is None


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


@pytest.mark.parametrize("weight_variance", [1.0, 103.1285])
def test_a_critical_point_where_neurons_saturate_is_no_advice(weight_variance):
    config = Config(activation="sigmoid", weight_variance=weight_variance, depth=20, width=128, trials=2)
    verdict = diagnose(simulate(config), predict(config))
    assert verdict.suggested_weight_variance is None and "most neurons stand where it is flat" in verdict.advice


def test_a_bias_does_not_hide_the_critical_point_of_relu():
    assert critical_here(Config(activation="relu", bias_variance=0.05)) == pytest.approx(2)


@pytest.mark.parametrize(("activation", "weight", "bias"), [("gelu", 1.983, 0.173), ("silu", 1.988, 0.556)])
def test_where_no_weight_variance_is_critical_a_pair_is_named_and_set(activation, weight, bias):
    verdict = verdict_of(activation=activation, scheme="he", depth=50)
    assert verdict.suggested_weight_variance == pytest.approx(weight, abs=1e-3)
    assert verdict.suggested_bias_variance == bias
    assert f"{bias}" in verdict.advice and f"{weight:.3g}" in verdict.advice


def test_a_pair_that_is_set_from_fitting_inputs_is_healthy():
    verdict = verdict_of(
        activation="gelu", weight_variance=1.983013, bias_variance=0.173, input_variance=1.7, depth=50, width=4096, inputs=4
    )
    assert verdict.kind == "healthy"


def test_advice_for_a_scheme_with_biases_of_its_own_names_and_sets_them():
    verdict = verdict_of(activation="tanh", scheme="pytorch", depth=20)
    assert "of this scheme" in verdict.advice
    pair = {"weight_variance": verdict.suggested_weight_variance, "bias_variance": verdict.suggested_bias_variance}
    assert predict(Config(**pair)).phase == "critical"
    assert verdict_of(**pair, depth=20).suggested_weight_variance is None


def test_relu_with_a_bias_is_not_promised_settled_sizes():
    verdict = verdict_of(activation="relu", weight_variance=1, bias_variance=0.05, depth=50)
    assert "grows by σ_b² = 0.05 in each layer" in verdict.advice and "settled" not in verdict.advice


def test_wider_is_no_advice_where_the_net_is_wide():
    verdict = verdict_of(activation="relu", scheme="he", depth=100, width=64, trials=8)
    assert "Use about 500 neurons in each layer" in verdict.advice


@pytest.mark.parametrize(
    "fields",
    [
        {"activation": "log(1+exp(x))-log(2)", "weight_variance": 1},  # its critical point runs away
        {"activation": "max(x-1,0)", "weight_variance": 1},
        {"activation": "max(x-1,0)", "weight_variance": 5, "bias_variance": 1},
    ],
)
def test_a_critical_point_that_sizes_run_away_from_is_not_advised(fields):
    config = Config(**fields, **({} if "bias_variance" in fields else {"bias_variance": 0}), depth=20, width=128, trials=2)
    verdict = diagnose(simulate(config), predict(config))
    assert verdict.suggested_weight_variance is None and "No σ_w² keeps both" in verdict.advice


def test_without_a_bias_the_advice_names_one_and_its_weight_variance():
    verdict = verdict_of(weight_variance=4, depth=50)
    assert (verdict.suggested_weight_variance, verdict.suggested_bias_variance) == (1.760955, 0.05)
    assert verdict_of(weight_variance=1.760955, bias_variance=0.05, depth=50).kind == "healthy"


def test_rounding_does_not_make_a_size():
    for weight_variance in (0.7853981, 0.7853982):
        advice = verdict_of(activation="erf", weight_variance=weight_variance, depth=20).advice
        assert "without a bias sizes still fade, more slowly in each layer: set σ_b² to 0.05" in advice, advice


def test_chance_is_blamed_for_what_theory_does_not_expect():
    narrow = verdict_of(activation="relu", scheme="he", bias_variance=0.05, width=16, depth=200)
    assert "comes from chance" in narrow.advice and "Set σ_b² to 0" not in narrow.advice
    assert "comes from chance" in verdict_of(weight_variance=1.760955, bias_variance=0.05, width=2, depth=50).advice


def test_who_states_a_std_is_told_one():
    verdict = verdict_of(activation="relu", scheme="std", weight_std=0.02, width=512, depth=10)
    assert verdict.advice.startswith("At σ_w² = 2, a std of 0.0625 at width 512, ReLU is critical")


def applied(config: Config, verdict) -> Config:
    """The experiment after a click on what is suggested."""
    scheme = "custom" if "weight_variance" in verdict.suggested else config.scheme
    return replace(config, scheme=scheme, **verdict.suggested)


def unrest(verdict) -> float:
    """How far a layer of a network is from keeping sizes, in decades."""
    return max(abs(math.log10(max(factor, 1e-300))) for factor in (verdict.forward_factor, verdict.backward_factor))


#: what stands where there is nothing to set
REASONS = ("try another activation", "comes from chance", "changing width", "Fewer layers", "far from the size")


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "mish", "silu", "selu", "elu", "sigmoid", "softplus", "sin", "hard_swish"])
@pytest.mark.parametrize(
    "start",
    [
        {"scheme": "lsuv"},
        {"scheme": "pytorch"},
        {"scheme": "std", "weight_std": 0.02},
        {"scheme": "he_fan_out", "layer_sizes": "784-300-200-200-200-100-10"},
        {"scheme": "glorot", "width_profile": "widening"},
        {"weight_variance": 0.25, "bias_variance": 1},
        {"weight_variance": 4, "bias_variance": 0.05, "input_variance": 9},
        {"weight_variance": 4, "input_variance": 0.04, "input_mean": 0.5, "input_law": "uniform"},
    ],
    ids=lambda start: "-".join(map(str, start.values())),
)
def test_what_is_advised_helps(activation, start):
    """After a click the network is healthy, or nearer to it; where nothing is suggested, the advice says why, or all is well."""
    config = Config(**({"activation": activation, "bias_variance": 0, "depth": 25, "width": 256, "trials": 4, "inputs": 8} | start))
    before = diagnose(simulate(config), predict(config))
    changed = applied(config, before)
    if changed == config:
        assert before.kind == "healthy" or any(reason in before.advice for reason in REASONS), before
        return
    after = diagnose(simulate(changed), predict(changed))
    assert after.kind == "healthy" or unrest(after) < unrest(before), (before, after)
    assert applied(changed, after) == changed or unrest(after) < unrest(before), after


def test_the_advice_knows_the_mean_of_the_biases():
    sick = verdict_of(activation="tanh", weight_variance=0.5, bias_variance=0.05, bias_mean=0.3, depth=30)
    assert "tanh with biases of mean 0.3 is critical" in sick.advice
    cured = verdict_of(activation="tanh", weight_variance=sick.suggested_weight_variance, bias_variance=0.05, bias_mean=0.3, depth=30)
    assert cured.kind in ("healthy", "merged") and sick.kind == "vanishing"
    assert predict(Config(weight_variance=sick.suggested_weight_variance, bias_mean=0.3)).chi_1 == pytest.approx(1, abs=1e-6)


def test_relu_with_a_mean_is_told_to_do_without():
    sick = verdict_of(activation="relu", weight_variance=1.0, bias_mean=0.5, depth=40)
    assert "ReLU with biases of mean 0.5" in sick.advice and "set the mean of the biases to 0, σ_w² to 2 and σ_b² to 0" in sick.advice
    assert sick.suggested == {"weight_variance": 2, "bias_variance": 0, "bias_mean": 0}


def test_silu_far_on_its_flat_side_has_a_verdict():
    """Its critical line has gaps: a step along it may lead to where there is none."""
    assert verdict_of(activation="silu", bias_mean=-10.0, bias_variance=0.05, depth=15, width=32).advice


@pytest.mark.parametrize(("activation", "weight", "first"), [("relu", 2.0, 0.01), ("tanh", 1.760955, 100.0), ("erf", 1.375839, 40.0)])
def test_the_rule_of_the_first_layer_is_set_by_a_click(activation, weight, first):
    config = Config(
        activation=activation,
        weight_variance=weight,
        bias_variance=0.0 if activation == "relu" else 0.05,
        first_weight_variance=first,
        depth=20,
        width=256,
        trials=4,
    )
    before = diagnose(simulate(config), predict(config))
    assert before.kind != "healthy" and [*before.suggested] == ["first_weight_variance"]
    after = applied(config, before)
    assert diagnose(simulate(after), predict(after)).kind == "healthy"


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu", "selu"])
@pytest.mark.parametrize("mean", [0.1, 1.0, 50.0])
def test_biases_of_mean_0_are_advised_only_where_they_help(activation, mean):
    verdict = verdict_of(activation=activation, weight_variance=0.3, bias_mean=mean, depth=20, width=128)
    if "bias_mean" in verdict.suggested:
        assert predict(Config(activation=activation, **verdict.suggested)).chi_1 == pytest.approx(1, abs=1e-3)
    assert activation != "sigmoid" or "bias_mean" not in verdict.suggested
    assert activation != "tanh" or mean < 50 or verdict.suggested["bias_mean"] == 0


@pytest.mark.parametrize("weight_variance", [1.98, 2.02])
def test_a_small_distance_from_he_is_named_before_chance_and_inputs(weight_variance):
    verdict = verdict_of(activation="relu", weight_variance=weight_variance, depth=200)
    assert verdict.suggested == {"weight_variance": 2.0}, verdict.advice
