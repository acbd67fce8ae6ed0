"""One recommendation for every activation: critical by the maps and healthy when it is simulated, or honest that it is not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from propagation import ACTIVATIONS, Config, diagnose, diagnosis, predict, simulate
from propagation.config import BOUNDS
from propagation.theory.gains import gains
from propagation.theory.iterates import correlation_iterates
from propagation.theory.maps import chi_1, fixed_point
from propagation.theory.phases import critical_pair, critical_weight_variance
from propagation.theory.recommendation import MERGED, SMALL_BIAS, layers_apart, obstacle, recommend, window

#: what no σ_w² keeps level, since it saturates (sigmoid) or has no stable size at χ₁ = 1 (softplus)
SHALLOW = {"sigmoid", "softplus"}
#: what needs no bias, and σ_w² = 1/S
HOMOGENEOUS = {
    "linear": 1.0,
    "relu": 2.0,
    "leaky_relu": 2 / (1 + 0.01**2),
    "max(x,0.2*x)": 2 / 1.04,
    "prelu": 2 / (1 + 0.25**2),
    "abs(x)": 1.0,
}
OTHERS = ("relu6", "swish", "x*sigmoid(1.7*x)", "sin(30*x)", "elu(x,0.5)", "hard_tanh(5*x)", "x*sigmoid(x)")


@pytest.mark.parametrize("activation", HOMOGENEOUS)
def test_a_homogeneous_activation_needs_no_bias(activation):
    for own in (0.0, 0.05, 3.0):
        answer = recommend(activation, own)
        assert (answer.kind, answer.bias_variance) == ("critical", 0.0)
        assert answer.weight_variance == pytest.approx(HOMOGENEOUS[activation], rel=1e-12)
        assert answer.chi_1 == pytest.approx(1, rel=1e-12) and answer.reach == math.inf
        assert answer.gain**2 == pytest.approx(answer.std(512) ** 2 * 512) == pytest.approx(answer.weight_variance)


@pytest.mark.parametrize("activation", [*sorted(set(ACTIVATIONS) - SHALLOW - set(HOMOGENEOUS)), *OTHERS])
@pytest.mark.parametrize("own", [0.0, 0.3])
def test_every_other_one_is_critical_at_a_size_that_stays(activation, own):
    answer = recommend(activation, own)
    assert answer.kind == "critical" and answer.bias_variance > 0
    # the bias stays the network's own wherever it has a critical point there that does not saturate, and is not most of z
    at_own = critical_weight_variance(Config(activation=activation).activation, own) if own else math.nan
    if at_own > 0 and activation not in ("hard_tanh(5*x)", "sin(30*x)"):
        assert answer.bias_variance == own
    q_star = fixed_point(activation, answer.weight_variance, answer.bias_variance)
    assert 0 < q_star == answer.q_star < math.inf
    assert float(chi_1(q_star, activation, answer.weight_variance)) == pytest.approx(
        1, abs=3e-4
    )  # at a half-stable end seven digits of σ_w² make as much


@pytest.mark.parametrize("activation", sorted(SHALLOW))
def test_what_is_not_for_deep_networks_says_how_many_layers_it_is_for(activation):
    answer = recommend(activation, 0.05)
    assert answer.kind == "shallow" and 0.1 < answer.chi_1 < 0.6
    assert answer.chi_1**answer.reach == pytest.approx(0.1)
    others = [
        rule.chi_1 for rule in gains(activation, 0.05) if rule.name in ("forward", "backward", "torch") and math.isfinite(rule.q_star)
    ]
    assert answer.chi_1 == max(others)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "max(x,0.2*x)", "relu6"])
def test_the_page_that_simulates_it_agrees(activation):
    """The negative control is the shallow ones, and twice the recommended variance."""
    answer = recommend(activation, 0.05)
    config = Config(
        depth=40,
        width=256,
        activation=activation,
        weight_variance=answer.weight_variance,
        bias_variance=answer.bias_variance,
        input_variance=answer.input_variance or 1.0,
        trials=4,
    )
    kind = diagnose(simulate(config), predict(config)).kind
    assert (kind == "healthy") == (answer.kind == "critical"), kind
    wrong = replace(config, weight_variance=2 * answer.weight_variance, bias_variance=0)
    assert diagnose(simulate(wrong), predict(wrong)).kind != "healthy"


@pytest.mark.parametrize("activation", ["gelu", "silu", "mish", "hard_swish", "x*sigmoid(1.7*x)"])
def test_the_pair_is_the_one_that_the_phase_plane_ends_at(activation):
    weight, bias = critical_pair(activation)
    answer = recommend(activation, 0.0)
    if activation == "mish":  # there a signal of inputs of variance 1 explodes: a little inside
        assert fixed_point(activation, weight, bias, weight + bias) == math.inf
        assert 1.1 * bias < answer.bias_variance < 1.2 * bias
        assert answer.weight_variance == pytest.approx(critical_weight_variance(activation, answer.bias_variance), rel=1e-6)
        weight, bias = answer.weight_variance, answer.bias_variance
    assert (answer.weight_variance, answer.bias_variance) == (pytest.approx(weight, rel=1e-6), bias)
    for start in (weight + bias, 2 * answer.q_star):
        assert fixed_point(activation, answer.weight_variance, answer.bias_variance, start) < math.inf
    assert answer.weight_variance * answer.input_variance + bias == pytest.approx(answer.q_star, rel=0.05)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "selu", "max(x,0.2*x)"])
@pytest.mark.parametrize("depth", [1, 10, 300])
def test_the_window_is_where_gradients_stay_within_a_factor_of_ten(activation, depth):
    answer = recommend(activation, SMALL_BIAS)
    low, high = window(activation, answer, depth)
    assert 0 < low < answer.weight_variance < high
    for edge, total in ((low, 0.1), (high, 10)):
        q_star = fixed_point(activation, edge, answer.bias_variance)
        factor = float(chi_1(q_star, activation, edge)) ** depth
        assert factor == pytest.approx(total, rel=0.01) or not 0.1 <= factor <= 10  # a size that leaps takes χ₁ with it
    wider = window(activation, answer, depth + 5)
    assert low < wider[0] and wider[1] < high


def test_inputs_stay_apart_as_long_as_the_map_of_their_correlation_says():
    for activation, own in (("relu", 0.0), ("hard_tanh", 0.05), ("max(x,0.2*x)", 0.0)):
        answer = recommend(activation, own)
        layers, q = layers_apart(Config(activation=activation).activation, answer, 500), answer.q_star
        path = correlation_iterates(answer.bias_variance / q, q, activation, answer.weight_variance, answer.bias_variance, layers + 1)
        share = (1 - path) / (1 - path[0])
        assert share[layers] < MERGED <= share[layers - 1]
    assert layers_apart("linear", recommend("linear"), 2000) is None  # keeps every correlation
    assert layers_apart("tanh", recommend("tanh"), 2000) is None  # merges beyond the deepest network there is here


@pytest.mark.parametrize(("depth", "kind"), [(90, "healthy"), (180, "merged")])
def test_the_page_that_simulates_it_agrees_about_that_depth(depth, kind):
    config = Config(activation="relu", weight_variance=2, bias_variance=0, depth=depth, width=2048, trials=4)
    assert diagnose(simulate(config), predict(config)).kind == kind
    assert (depth > layers_apart("relu", recommend("relu"), 500)) == (kind == "merged")


@pytest.mark.parametrize("own", [0.05, 0.3])
def test_a_bias_that_drowns_the_inputs_is_not_recommended(own):
    """At σ_b² = 0.05, of a signal through sin(30 x) 98 % is bias."""
    answer = recommend("sin(30*x)", own)
    assert obstacle("sin(30*x)", own) == "bias"
    assert answer.kind == "critical" and answer.bias_variance < 0.5 * answer.q_star
    assert recommend("sin", own).bias_variance == own


def test_the_distance_at_which_inputs_have_merged_is_that_of_a_verdict():
    assert MERGED == diagnosis.MERGED


def test_what_grows_faster_than_a_line_is_for_one_layer():
    answer = recommend("relu(x)**2", 0.05)
    assert answer.kind == "one_layer" and math.isnan(answer.q_star)
    assert answer.weight_variance == pytest.approx(2 / 3, rel=1e-12) and answer.chi_1 == pytest.approx(4 / 3, rel=1e-12)


@pytest.mark.parametrize("activation", ["max(x-1,0)", "max(x-2,0)", "max(x-1,0)-max(-x-1,0)", "x-tanh(x)", "max(x-1e4,0)", "cos(x)"])
@pytest.mark.parametrize("own", [0.0, 0.05, 1.0, 7.0])
def test_no_recommendation_leads_to_a_signal_that_dies_or_explodes(activation, own):
    """At σ_b² = 0.05 the critical point of max(x − 1, 0) is σ_w² = 10⁵, where a signal of size 1 explodes; at σ_b² = 1 it is 3.7,
    where q* = 2.67 is stable and 2.68 explodes, which the page that simulates it agrees with."""
    answer = recommend(activation, own)
    assert 0 < answer.weight_variance <= BOUNDS["weight_variance"][1]
    if answer.kind == "none":
        assert activation != "cos(x)"
    else:
        for start in (1.0, 2 * answer.q_star):
            assert 0 < fixed_point(activation, answer.weight_variance, answer.bias_variance, start) < math.inf
    if answer.kind == "critical":
        assert answer.chi_1 == pytest.approx(1, abs=1e-3)
        layers_apart(activation, answer, 200)


def test_what_only_the_edge_of_explosion_keeps_level_is_not_recommended():
    """What would be recommended otherwise is the critical point of max(x − 1, 0) at σ_b² = 1, with the inputs that fit it."""
    edge = Config(
        activation="max(x-1,0)", weight_variance=critical_weight_variance("max(x-1,0)", 1.0), bias_variance=1.0, input_variance=0.45
    )
    assert diagnose(simulate(edge), predict(edge)).kind == "exploding"
    assert recommend("max(x-1,0)", 1.0).kind == "none"
