"""Every op of an architecture stands in every registry; blocks say what the scheme says; layers that are alike are one object."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from propagation import Config
from propagation.architecture import bias_variances, blocks, weight_variances
from propagation.engine.ops import ENGINE_OPS
from propagation.export.code import FRAMEWORKS
from propagation.ops import OPS, Activate, Attend, Gate, Linear, Op, Patches, UnitVarianceOnData, Variance
from propagation.theory.ops import THEORY_OPS

#: what scripts have no words for; those of PyTorch have some for gates and attention
UNSAID = {name: {Patches: {}} | ({} if name == "pytorch" else {Gate: {}, Attend: {}}) for name in FRAMEWORKS}
REGISTRIES = {"engine": ENGINE_OPS, "theory": THEORY_OPS}
REGISTRIES |= {name: {**framework.ops, **UNSAID[name]} for name, framework in FRAMEWORKS.items()}


def missing(ops: tuple[type, ...]) -> set[tuple[str, str]]:
    """Registry and op of every gap."""
    return {(name, op.__name__) for name, registry in REGISTRIES.items() for op in ops if op not in registry}


def test_no_registry_lacks_an_op():
    assert missing(OPS) == set()
    assert set(OPS) == set(get_args(Op)), "OPS lists what an op may be"
    assert all(set(registry) == set(OPS) for registry in REGISTRIES.values()), "a registry has an op that no architecture has"


def test_a_gap_would_be_seen():
    """Negative control."""

    class Unknown:
        pass

    assert missing((*OPS, Unknown)) == {(name, "Unknown") for name in REGISTRIES}


@pytest.mark.parametrize("op", OPS)
def test_an_op_is_names_and_numbers(op):
    assert op.__dataclass_params__.frozen
    names_and_numbers = {"int", "float", "str", "bool", "Linear", "WeightRule", "tuple[Op, ...]"}
    assert {str(field.type) for field in fields(op)} <= names_and_numbers


def test_a_plain_network_is_linear_maps_and_activations():
    config = Config(depth=5, width=64, width_profile="funnel", activation="relu", scheme="glorot", bias_variance=0.2)
    network = blocks(config)
    assert [[type(op) for op in block] for block in network] == [[Linear, Activate]] * 5
    for (linear, activate), fan_in, fan_out in zip(network, config.widths[:-1], config.widths[1:], strict=True):
        assert (linear.fan_in, linear.fan_out, linear.bias_variance) == (fan_in, fan_out, 0.2)
        assert linear.weight == Variance(pytest.approx(2 * fan_in / (fan_in + fan_out)))
        assert activate == Activate("relu")
    assert list(weight_variances(config)) == [linear.weight.value for linear, _ in network]


def test_layers_that_are_alike_are_one_object():
    first, *others = blocks(Config(depth=6, width=32))
    assert all(block is first for block in others)


def test_where_the_data_decide_there_is_no_number():
    config = Config(depth=3, scheme="lsuv", bias_variance=0.4)
    assert weight_variances(config) is None and not bias_variances(config).any()
    assert all(linear.weight == UnitVarianceOnData() for linear, _ in blocks(config))
