"""Gains of every rule against reference values, PyTorch's table and the fixed points they lead to."""

from __future__ import annotations

import math

import pytest

from propagation.theory.gains import TORCH_GAINS, gains
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
