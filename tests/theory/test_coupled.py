"""Batch norm at infinite width: gains on the sphere against closed forms, and lines along whole networks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, predict, predict_sweep
from propagation.theory.op import NoLaw
from propagation.theory.sphere import sphere_moments

PLAIN = Config(depth=30, width=4096, activation="relu", bias_variance=0.0, inputs=32, normalization="batch")


def sphere_gain(activation: str, batch: int) -> float:
    """What a layer does to E[δ²], once gradients sum to zero over the batch."""
    of = sphere_moments(activation, batch)
    return ((batch - 1) * of.m - of.s + of.m11 + of.e) / ((of.second - of.product) * (batch - 3))


@pytest.mark.parametrize("batch", [4, 8, 16, 128, 1024])
def test_linear_layers(batch):
    """(B − 2)/(B − 3)."""
    assert sphere_gain("linear", batch) == pytest.approx((batch - 2) / (batch - 3), rel=1e-12)


@pytest.mark.parametrize("batch", [4, 6, 8, 32, 128, 256])
def test_relu_layers(batch):
    """With c = −1/(B − 1): E[φ φ′] = J₁(c)/2, m = 1/2, m₁₁ = J₀(c)/2, s = 1/2, e = J₁(c)/2, of the arc-cosine kernels."""
    c = -1 / (batch - 1)
    j0, j1 = 1 - math.acos(c) / math.pi, (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / math.pi
    expected = ((batch - 1) / 2 - 0.5 + j0 / 2 + j1 / 2) / ((1 - j1) / 2 * (batch - 3))
    assert sphere_gain("relu", batch) == pytest.approx(expected, rel=1e-12)


def test_a_large_batch_takes_the_mean_away():
    """π/(π − 1) for ReLU, E[φ′²]/Var φ for any other. Source: Yang et al. 2019."""
    assert sphere_gain("relu", 10_000) == pytest.approx(math.pi / (math.pi - 1), rel=2e-4)
    assert sphere_gain("tanh", 4096) == pytest.approx(1.1778072323041795, rel=2e-3)


@pytest.mark.parametrize(
    ("activation", "batch", "expected"),
    [
        ("tanh", 8, 1.358548125411359),
        ("tanh", 128, 1.1848527965754005),
        ("gelu", 32, 1.3712374399671126),
        ("silu", 128, 1.2225924303104934),
    ],
)
def test_gains_found_in_another_way(activation, batch, expected):
    """By quadrature over the sphere in other coordinates."""
    assert sphere_gain(activation, batch) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("weight_variance", [0.5, 2.0])
def test_every_layer_has_the_gain_whatever_its_weights(weight_variance):
    delta = predict(replace(PLAIN, weight_variance=weight_variance)).delta.log10_second_moment
    np.testing.assert_allclose(np.diff(delta)[2:-1], -math.log10(sphere_gain("relu", 32)), atol=1e-10)


def test_a_branch_behind_a_norm_adds_its_share():
    """x + W φ(W norm(x)): gradients grow by 1 + (R a)/λ in a block, λ what the stream has apart; less and less."""
    prediction = predict(replace(PLAIN, architecture="residual", block_order="pre_activation", weight_variance=2.0))
    growth = -np.diff(prediction.stream_gradient.log10_second_moment)
    assert np.all(np.diff(growth) < 0) and growth[0] > 3 * growth[-1] > 0
    assert np.all(np.diff(prediction.stream.log10_second_moment) > 0)


def test_a_sweep_is_its_predictions():
    values = (0.5, 1.0, 2.0)
    for found, value in zip(predict_sweep(PLAIN, "weight_variance", values), values, strict=True):
        np.testing.assert_array_equal(
            found.delta.log10_second_moment, predict(replace(PLAIN, weight_variance=value)).delta.log10_second_moment
        )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"keep": 0.9}, "no dropout"),
        ({"scheme": "lsuv"}, "weights of a given variance"),
        ({"cost": "squared_error"}, "loss on labels"),
        ({"norm_position": "post"}, "not Gaussian"),
        ({"architecture": "residual", "norm_position": "post"}, "not Gaussian"),
    ],
)
def test_where_there_is_no_line_it_says_why(fields, why):
    with pytest.raises(NoLaw, match=f"^Theory has no line for batch norm here: .*{why}"):
        predict(replace(PLAIN, **fields))
