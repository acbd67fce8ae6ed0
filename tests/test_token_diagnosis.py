"""Verdicts on transformers and gates: what is said, that the numbers in it are right, and that advice helps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, diagnose, predict, simulate
from propagation.formatting import magnitude
from propagation.rules import moved
from propagation.theory.op import NoLaw
from propagation.verdict import Verdict

_NORMED = {"architecture": "transformer", "normalization": "layer", "activation": "gelu", "weight_variance": 1.0, "bias_variance": 0.0}
TRANSFORMER = Config(depth=12, width=128, tokens=8, heads=4, inputs=2, trials=4, expansion=4, **_NORMED)
ALONE = replace(TRANSFORMER, sublayers="attention", skip_scale=0.0)
GATES = Config(architecture="residual", gated=True, depth=24, width=128, trials=4, weight_variance=1.6, bias_variance=0, activation="silu")


def verdict_of(config: Config) -> Verdict:
    try:
        return diagnose(simulate(config), predict(config))
    except NoLaw:
        return diagnose(simulate(config))


def test_a_transformer_of_today_is_healthy():
    assert verdict_of(TRANSFORMER).kind == "healthy"
    gpt2 = replace(TRANSFORMER, causal=True, branch_rule="gpt2", scheme="std", input_variance=8e-4)
    assert verdict_of(gpt2).kind == "healthy"


def test_attention_alone_makes_one_token_of_all():
    verdict = verdict_of(replace(ALONE, depth=3))
    trace = simulate(replace(ALONE, depth=3))
    left = np.median(trace.separation) / trace.input_separation
    lost = np.diff(trace.weights["Wq"].median()[[0, -1]])[0]
    assert verdict.kind == "merged"
    assert f"at block 3, {magnitude(math.log10(left))} of their difference" in verdict.headline.replace("\u00a0", " ")
    assert f"W_q gets {magnitude(lost)} of the squared gradient" in verdict.headline
    assert "less than 10⁻¹⁴ of their difference" in verdict_of(replace(ALONE, depth=8)).headline


def test_where_the_arithmetic_has_no_digits_left_theory_speaks():
    config = replace(TRANSFORMER, norm_position="post", depth=60)
    verdict, found = verdict_of(config), predict(config)
    assert verdict.kind == "merged" and "by theory" in verdict.headline
    change = found.weights["Wq"].log10_second_moment
    assert f"W_q gets {magnitude(change[-1] - change[0])} of" in verdict.headline


@pytest.mark.parametrize(
    ("config", "advice"),
    [
        (replace(ALONE, depth=6), {"skip_scale": 1.0}),
        (replace(TRANSFORMER, norm_position="post", depth=24), {"norm_position": "pre"}),
        (replace(TRANSFORMER, shared_blocks=True, depth=24), {"shared_blocks": False}),
        (replace(TRANSFORMER, normalization="none", depth=24, query_key_variance=0.1), {"branch_rule": "sqrt"}),
        (replace(GATES, depth=8), {"normalization": "rms"}),  # behind a norm gradients of SwiGLU go like depth^2.07
    ],
)
def test_advice_helps(config, advice):
    verdict = verdict_of(config)
    assert verdict.kind != "healthy" and verdict.suggested == advice
    better, _ = moved(config, *verdict.suggested_block)
    assert verdict_of(better).kind == "healthy"


@pytest.mark.parametrize("depth", [24, 120])
def test_gates_without_a_norm_square_sizes_from_block_to_block(depth):
    """However far that goes beyond all numbers."""
    verdict = verdict_of(replace(GATES, depth=depth))
    assert verdict.kind == "exploding" and "by a larger factor the deeper the block" in verdict.headline
    assert math.isfinite(verdict.forward_factor)


@pytest.mark.parametrize("weight_variance", [4.0, 30.0])
def test_tokens_that_merge_under_sharp_attention_get_a_verdict(weight_variance):
    """There theory draws patterns, and has no more digits than the arithmetic."""
    verdict = verdict_of(replace(TRANSFORMER, norm_position="post", depth=40, weight_variance=weight_variance))
    assert verdict.kind in ("merged", "uneven", "exploding", "vanishing", "healthy") and verdict.headline
