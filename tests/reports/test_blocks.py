"""Blocks are told by their names, and a chart has a place for each call or for each block."""

from __future__ import annotations

import math

import pytest

from propagation.reports.blocks import blocks, places
from propagation.reports.read import read
from tests.reports.samples import linear, moments, other, residual, text


def named(*names: str) -> dict[str, str]:
    return blocks(read(text([other(name, "A", "other") for name in names])))


def test_numbered_parts_with_the_same_names_are_blocks():
    found = named("stem", *(f"h.{n}.{part}" for n in range(3) for part in ("ln", "mlp.fc1", "mlp.0")), "head")
    assert found == {f"h.{n}.{part}": f"h.{n}" for n in range(3) for part in ("ln", "mlp.fc1", "mlp.0")}


def test_a_plain_sequence_has_none():
    assert named("0", "1", "2", "3") == {}
    assert named("net.0", "net.1") == {}
    assert named("a", "b") == {}


def test_of_stages_with_blocks_the_blocks_are_taken():
    names = [f"stages.{stage}.blocks.{n}.{part}" for stage in range(2) for n in range(3) for part in ("conv", "norm")]
    assert {*named("stages.0.down", "stages.1.down", *names).values()} == {f"stages.{s}.blocks.{n}" for s in range(2) for n in range(3)}


def test_parts_that_are_numbered_inside_a_block_are_none():
    names = [f"h.{n}.{part}" for n in range(3) for part in ("q", "k", "v", "o", "ln", "fc", "experts.0.a", "experts.0.b")]
    names += [f"h.{n}.experts.1.{part}" for n in range(3) for part in ("a", "b")]
    assert {*named(*names).values()} == {"h.0", "h.1", "h.2"}


def test_a_downsampling_block_is_like_its_neighbours():
    names = [f"layer1.{n}.{part}" for n in range(3) for part in ("conv1", "bn1", "conv2", "bn2", "relu")] + ["layer1.0.downsample.0"]
    found = named(*names)
    assert {*found.values()} == {"layer1.0", "layer1.1", "layer1.2"} and len(found) == len(names)


def test_unlike_neighbours_are_no_blocks():
    assert named("parts.0.a", "parts.0.b", "parts.1.c", "parts.1.d") == {}


def test_places_are_calls_or_blocks():
    found = read(text([linear("stem", 4, 8), *residual(3), linear("head", 8, 2)]))
    every = places(found, folded=False)
    assert [place.label for place in every] == [module.name for module in found.called]
    assert [place.first for place in every] == list(range(1, len(found.called) + 1))
    few = places(found, folded=True)
    assert [place.label for place in few] == ["stem", "blocks.0", "blocks.1", "blocks.2", "head"]
    assert [place.folded for place in few] == [False, True, True, True, False]
    assert few[1].output.name == "blocks.0.sum" and found.called[few[1].output_call] is few[1].output


def test_a_shared_activation_does_not_break_a_block_in_two():
    calls = []
    for n in range(3):
        calls += [linear(f"h.{n}.a", 8, 8), other(f"h.{n}.act", "ReLU", "activation"), linear(f"h.{n}.b", 8, 8)]
        calls += [other(f"h.{n}.act", "ReLU", "activation", call=2)]
    assert [place.label for place in places(read(text(calls)), folded=True)] == ["h.0", "h.1", "h.2"]


def test_a_block_that_is_called_again_has_another_place():
    calls = [linear(f"h.{n}.{part}", 8, 8, call=call) for call in (1, 2) for n in range(2) for part in "ab"]
    assert [place.label for place in places(read(text(calls)), folded=True)] == ["h.0", "h.1", "h.0", "h.1"]


def test_weight_gradients_of_a_block_are_weighted_by_their_entries():
    fc1, fc2 = linear("h.0.fc1", 8, 24, weight_gradient=moments(0)), linear("h.0.fc2", 24, 8, weight_gradient=moments(-2))
    wide = linear("h.0.wide", 8, 48, weight_gradient=moments(1))
    again = [module | {"name": module["name"].replace("h.0", "h.1")} for module in (fc1, fc2, wide)]
    (first, _) = places(read(text([fc1, fc2, wide, *again])), folded=True)
    expected = math.log10((192 * 1 + 192 * 0.01 + 384 * 10) / 768)
    assert first.sizes("weight_gradient").median == pytest.approx(expected)
    assert first.sizes("out").median == 0.0 and first.sizes("bias") is None


def test_zeros_stay_zeros_together():
    calls = [linear(f"h.{n}.{part}", 8, 8, weight_gradient=moments(-math.inf)) for n in range(2) for part in "ab"]
    assert places(read(text(calls)), folded=True)[0].sizes("weight_gradient").median == -math.inf
