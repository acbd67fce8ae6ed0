"""Gains of every rule against reference values, PyTorch's table and the fixed points they lead to."""

from __future__ import annotations

import math

import pytest

from propagation.theory.gains import TORCH_GAINS, distinct, gains
from propagation.theory.maps import chi_1, fixed_point
from theory.reference import label, rows


def rule(activation: str, name: str, bias_variance: float = 0.0):
    return next(gain for gain in gains(activation, bias_variance) if gain.name == name)


@pytest.mark.parametrize("row", rows("gain"), ids=label)
def test_gains_are_the_reference_values(row):
    name = {
        "forward_sw2": lambda gain: gain("forward").weight_variance,
        "backward_sw2": lambda gain: gain("backward").weight_variance,
        "nf_gamma_1_over_std": lambda gain: gain("forward_variance").gain,
        "torch_gain": lambda gain: gain("torch").gain,
        "kumar_sw2=N*v^2": lambda gain: gain("kumar").weight_variance,
    }[row["name"]]
    assert name(lambda which: rule(row["act"], which)) == pytest.approx(row["value"], rel=1e-8)


def test_torch_itself_agrees_where_it_is_installed():
    init = pytest.importorskip("torch.nn.init")
    for activation, gain in TORCH_GAINS.items():
        assert init.calculate_gain(activation) == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "selu"])
def test_a_rule_leads_where_the_maps_lead(activation):
    for gain in gains(activation, 0.1):
        if not gain.why_not and not math.isnan(gain.weight_variance):
            assert gain.q_star == fixed_point(activation, gain.weight_variance, 0.1)
            assert gain.chi_1 == chi_1(gain.q_star, activation, gain.weight_variance)


def test_rules_that_do_not_apply_say_why_instead_of_a_number():
    assert math.isnan(rule("leaky_relu", "kumar").weight_variance) and "jumps at 0" in rule("leaky_relu", "kumar").why_not
    assert math.isnan(rule("softplus", "critical").weight_variance) and "not stable" in rule("softplus", "critical").why_not
    assert math.isnan(rule("gelu", "torch").weight_variance)


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("max(x,0.2*x)", math.sqrt(2 / 1.04)),
        ("leaky_relu(x, 0.25)", math.sqrt(2 / 1.0625)),
        ("prelu", math.sqrt(2 / 1.0625)),
        ("tf.nn.leaky_relu(x)", math.sqrt(2 / 1.04)),
        ("where(x > 0, x, 0.01 * x)", math.sqrt(2 / 1.0001)),
        ("max(x,0)", math.sqrt(2)),
        ("x*(x>0)", math.sqrt(2)),
        ("identity", 1.0),
        ("1/(1+exp(-x))", 1.0),
        ("(exp(x)-exp(-x))/(exp(x)+exp(-x))", 5 / 3),
    ],
)
def test_pytorch_knows_a_family_by_what_it_is(text, gain):
    assert rule(text, "torch").gain == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize("text", ["abs(x)", "2*relu(x)", "relu6", "elu", "tanh(2*x)", "max(x,0.2*x)+0.1", "swish"])
def test_pytorch_has_no_gain_for_what_is_only_like_one(text):
    """Negative control."""
    assert rule(text, "torch").why_not and math.isnan(rule(text, "torch").weight_variance)


@pytest.mark.parametrize("text", ["max(x,0)", "maximum(0,x)", "where(x>0,x,0)", "F.relu(x)"])
def test_kumar_holds_for_relu_however_it_is_written(text):
    assert rule(text, "kumar").weight_variance == 2
    assert "jumps at 0" in rule("max(x,0.2*x)", "kumar").why_not


def test_different_answers_are_counted_with_those_who_give_them():
    assert [(round(value, 2), count) for value, count in distinct(gains("relu", 0.05))] == [(2.0, 5), (2.93, 1)]
    assert [count for _, count in distinct(gains("linear", 0.0))] == [6]
    assert sum(count for _, count in distinct(gains("gelu", 0.0))) == 4


@pytest.mark.parametrize("formula", ["relu(x)**2", "max(x,0)^2", "where(x>0, x^2, 0)"])
def test_what_grows_faster_than_a_line_has_gains_of_one_layer(formula):
    rules = {gain.name: gain for gain in gains(formula, 0.05)}
    assert rules["forward"].weight_variance == pytest.approx(2 / 3, rel=1e-12)
    assert rules["backward"].weight_variance == pytest.approx(1 / 2, rel=1e-12)
    assert rules["backward"].chi_1 == pytest.approx(1, rel=1e-12) and math.isnan(rules["backward"].q_star)
    assert {name for name, gain in rules.items() if gain.why_not} == {"critical", "kumar", "torch"}
    assert "No size of the signal is stable" in rules["critical"].why_not
