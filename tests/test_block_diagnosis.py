"""Verdicts on networks with skips, norms and dropout: what is said, that the numbers in it are right, and that advice helps."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, diagnose, predict, simulate
from propagation.block_diagnosis import stream_headline
from propagation.drift import Drift
from propagation.rules import moved
from propagation.theory.op import NoLaw
from propagation.verdict import Verdict

RELU = Config(depth=50, width=256, activation="relu", weight_variance=1.0, bias_variance=0, trials=4)
RESIDUAL = replace(RELU, architecture="residual", weight_variance=2**0.5)


def verdict_of(config: Config) -> Verdict:
    try:
        return diagnose(simulate(config), predict(config))
    except NoLaw:
        return diagnose(simulate(config))


def test_an_unscaled_stream_doubles_in_every_block():
    verdict = verdict_of(RESIDUAL)
    assert verdict.kind == "exploding" and verdict.headline.startswith("The stream grows by × ")
    assert verdict.headline.endswith("10¹⁵ times as much at block 50; gradients too.")
    assert verdict.forward_factor == pytest.approx(2, rel=0.05) and verdict.backward_factor == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("depth", [20, 100])
def test_the_advice_to_scale_branches_helps(activation, depth):
    config = replace(RESIDUAL, activation=activation, depth=depth)
    verdict = verdict_of(config)
    assert verdict.kind == "exploding" and verdict.suggested == {"branch_rule": "sqrt"}
    better, _ = moved(config, *verdict.suggested_block)
    assert verdict_of(better).kind == "healthy"


@pytest.mark.parametrize(
    ("fields", "kind", "said"),
    [
        (
            {"branch_rule": "zero"},
            "healthy",
            "so stream and gradients pass as they are. At first only α",
        ),
        ({"branch_rule": "fixup"}, "healthy", "the last weights of each branch"),
        ({"branch_rule": "inverse"}, "healthy", "keep their size through all 50 blocks"),
        ({"normalization": "layer"}, "healthy", "the stream grows like the number of blocks"),
        ({"normalization": "layer", "norm_position": "post"}, "healthy", "keep their size through all 50 blocks"),
        (
            {"normalization": "layer", "norm_position": "post", "activation": "tanh", "weight_variance": 1.0, "depth": 150},
            "exploding",
            "Gradients grow by × 1.0",
        ),
        ({"activation": "tanh", "weight_variance": 1.0}, "exploding", "by a smaller factor the deeper the block"),
        ({"depth": 1}, "healthy", "One layer"),
    ],
)
def test_what_is_said_of_residual_networks(fields, kind, said):
    verdict = verdict_of(replace(RESIDUAL, **fields))
    assert verdict.kind == kind and said in verdict.headline


@pytest.mark.parametrize(
    ("fields", "kind", "suggested"),
    [
        ({"normalization": "batch", "inputs": 32}, "exploding", {"architecture": "residual"}),
        ({"normalization": "layer", "norm_position": "post"}, "exploding", {"architecture": "residual"}),
        ({"normalization": "layer", "activation": "sigmoid"}, "vanishing", {"architecture": "residual"}),
        ({"normalization": "rms"}, "healthy", {}),
        ({"keep": 0.8, "weight_variance": 2.0}, "exploding", {"weight_variance": 1.6}),
        ({"keep": 0.8, "weight_variance": 1.6}, "healthy", {}),
    ],
)
def test_what_is_said_of_norms_and_dropout(fields, kind, suggested):
    verdict = verdict_of(replace(RELU, **fields))
    assert (verdict.kind, verdict.suggested) == (kind, suggested)


def test_a_suggested_weight_variance_keeps_dropout_level():
    config = replace(RELU, keep=0.7, weight_variance=3.0)
    assert verdict_of(replace(config, **verdict_of(config).suggested)).kind == "healthy"


def test_batch_norm_makes_gradients_grow_by_its_factor():
    """1.522 a layer for 32 inputs. Source: Yang et al. 2019."""
    factors = [
        verdict_of(replace(RELU, normalization="batch", inputs=32, width=1024, trials=8, seed=seed)).backward_factor for seed in (0, 1)
    ]
    assert np.mean(factors) == pytest.approx(1.522, rel=0.02)


def test_formats_are_left_where_the_stream_leaves_them():
    """A stream that doubles: 2^l is above 65520² / (2 ln N) from block 28 on."""
    told = verdict_of(RESIDUAL).precision
    block = int(re.fullmatch(r"In float16 the stream overflows in block (\d+) and gives nan\.", told)[1])
    assert abs(block - 2 * math.log2(65520) + math.log2(2 * math.log(256 * 16))) < 2
    assert not verdict_of(replace(RESIDUAL, branch_rule="sqrt")).precision


def test_a_network_of_blocks_is_counted_in_blocks():
    unscaled, plain = verdict_of(replace(RESIDUAL, weight_variance=4.0)), verdict_of(replace(RELU, normalization="batch", inputs=32))
    assert re.fullmatch(r"sizes survive ≈ [\d.]+ blocks?", unscaled.reach)
    assert re.fullmatch(r"sizes survive ≈ [\d.]+ layers", plain.reach)


@pytest.mark.parametrize(
    ("forward", "backward", "paces", "said"),
    [
        ((5.0, 0.2), (0.0, 0.0), (-0.1, 0.0), "The stream first grows, then shrinks: 10⁵ times as much at block 50"),
        ((-5.0, -0.2), (0.0, 0.0), (0.4, 0.0), "The stream first shrinks, then grows: 10⁻⁵ is left at block 50"),
        ((0.0, 0.0), (5.0, 0.2), (0.0, -0.4), "Gradients first shrink, then grow: 10⁵ times as much at block 1"),
        ((0.0, 0.0), (-5.0, -0.2), (0.0, 0.1), "Gradients first grow, then shrink: 10⁻⁵ is left at block 1"),
        ((0.0, 0.0), (5.0, 0.2), (0.0, 0.4), "Gradients grow, by a larger factor the deeper the block"),
        ((0.0, 0.0), (5.0, 0.2), (0.0, -0.01), "Gradients grow, by a smaller factor the deeper the block"),
    ],
)
def test_a_change_that_turns_round_is_told_as_it_goes(forward, backward, paces, said):
    """The pace is that of the deepest blocks, which gradients meet first."""
    _, headline = stream_headline(RESIDUAL, Drift(*forward), Drift(*backward), paces)
    assert headline.startswith(said)
