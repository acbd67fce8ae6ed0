"""Norms and residual blocks at infinite width against closed forms, and against numbers found in another way (mpmath, 25 digits)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config
from propagation.theory.chain import Chain
from propagation.theory.moments import moments
from propagation.theory.op import State
from propagation.theory.trajectory import trajectory

PLAIN = Config(depth=12, weight_variance=1.0, bias_variance=0.0, inputs=1)
RESIDUAL = replace(PLAIN, architecture="residual")


def chain_of(config: Config, size: float = 1.0) -> Chain:
    """Both passes of one column of this mean square."""
    return Chain(config, trajectory(config, State(np.log([size]), np.ones(1))))


def gain(config: Config) -> float:
    """What a layer deep inside does to E[δ²]."""
    delta = chain_of(config).delta[:, 0]
    return math.exp(delta[4] - delta[5])


def stream_gain(config: Config) -> float:
    """E[g_0²]/E[g_L²], from the stream before the first block to the one after the last."""
    layers = trajectory(config, State(np.zeros(1), np.ones(1)))
    chain = Chain(config, layers)
    step = layers[0][0]
    gradient = step.op.backward(chain.stream_gradient[0], step.before)
    inside = chain.stream_gradient[0] + step.op.log_scale
    for inner in reversed(step.branch):
        inside = inner.op.backward(inside, inner.before)
    return math.exp(float(np.logaddexp(gradient, inside)[0] - chain.stream_gradient[-1, 0]))


def size(config: Config, start: float = 1.0) -> float:
    """E[x²] after the last block."""
    return math.exp(float(chain_of(config, start).streams[-1].log_sizes[0]))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("linear", 1.0), ("relu", 1.0), ("gelu", 1.072031598436292), ("sigmoid", 0.15282701171559374), ("tanh", 1.1778072323041795)],
)
@pytest.mark.parametrize("weight_variance", [0.3, 1.0, 7.0])
@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_a_norm_before_the_activation_leaves_its_own_gain(kind, weight_variance, activation, expected):
    """E[φ′²]/E[φ²] at variance 1, whatever σ_w² is."""
    config = replace(PLAIN, activation=activation, normalization=kind, weight_variance=weight_variance)
    assert gain(config) == pytest.approx(expected, rel=1e-10)
    of = moments(activation)
    assert expected == pytest.approx(float(of.slope(1.0) / of.second(1.0)), rel=1e-9)


@pytest.mark.parametrize(
    ("activation", "expected"), [("relu", math.pi / (math.pi - 1)), ("tanh", 1.1778072323041795), ("selu", 1.0715749924557993)]
)
def test_a_layer_norm_behind_the_activation_takes_the_mean_away(activation, expected):
    assert gain(replace(PLAIN, activation=activation, normalization="layer", norm_position="post")) == pytest.approx(expected, rel=1e-10)


def test_an_rms_norm_behind_it_does_not():
    assert gain(replace(PLAIN, activation="relu", normalization="rms", norm_position="post")) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("depth", [1, 10, 50])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_relu_branches_multiply_the_stream(scale, depth):
    """(1 + α² σ₁² σ₂²/2)^L, forward and backward: 2^L for branches of gain 1, at most e with α = 1/√L."""
    config = replace(RESIDUAL, activation="relu", weight_variance=math.sqrt(2), branch_scale=scale, depth=depth)
    assert size(config) == pytest.approx((1 + scale**2) ** depth, rel=1e-10)
    assert stream_gain(config) == pytest.approx((1 + scale**2) ** depth, rel=1e-10)
    assert size(replace(config, branch_rule="sqrt", branch_scale=1.0)) == pytest.approx((1 + 1 / depth) ** depth, rel=1e-10)


@pytest.mark.parametrize(("depth", "expected"), [(10, 2.643206352707246), (50, 7.216100331882103), (500, 24.198292769829482)])
def test_gradients_of_tanh_branches_grow_like_the_exponential_of_a_root(depth, expected):
    """Source: Yang & Schoenholz 2017."""
    assert math.log(stream_gain(replace(RESIDUAL, depth=depth))) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("activation", "depth"), [("relu", 12), ("gelu", 12), ("gelu", 100)])
def test_behind_a_norm_gradients_grow_like_a_power_of_depth(activation, depth):
    """With v = E[φ²] and ζ = E[φ′²]/v: Γ(L + a + ζ) Γ(a)/(Γ(L + a) Γ(a + ζ)), a = q₀/v. Source: Doshi et al. 2023."""
    config = replace(RESIDUAL, activation=activation, normalization="layer", depth=depth)
    of = moments(activation)
    v, zeta = float(of.second(1.0)), float(of.slope(1.0) / of.second(1.0))
    a = 1 / v
    expected = math.exp(math.lgamma(depth + a + zeta) + math.lgamma(a) - math.lgamma(depth + a) - math.lgamma(a + zeta))
    assert stream_gain(config) == pytest.approx(expected, rel=1e-10)
    assert size(config) == pytest.approx(1 + depth * v, rel=1e-10)
    if (activation, depth) == ("gelu", 100):
        assert expected == pytest.approx(56.27780434400556, rel=1e-10)


@pytest.mark.parametrize(
    ("activation", "weights", "expected"),
    [("relu", (2.0, 1.0), 1.0), ("gelu", (2.0, 1.0), 1.0296246349726148), ("tanh", (1.0, 1.0), 1.0502823560827688)],
)
def test_the_gain_of_a_block_with_a_norm_after_the_sum(activation, weights, expected):
    """(1 + χ)/(1 + v), of one column at q = 1."""
    of = moments(activation)
    v, chi = weights[1] * float(of.second(weights[0])), weights[0] * weights[1] * float(of.slope(weights[0]))
    assert (1 + chi) / (1 + v) == pytest.approx(expected, rel=1e-10)
    if weights[0] == weights[1]:
        chain = chain_of(replace(RESIDUAL, activation=activation, normalization="layer", norm_position="post"))
        assert math.exp(chain.stream_gradient[3, 0] - chain.stream_gradient[4, 0]) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("weight_variance", "scale", "depth", "expected"),
    [(2.0, 1.0, 20, 926615410.7112975), (2.0, 0.1, 20, 3.183832998638943), (1.0, 1.0, 5, 21.936180175515986)],
)
def test_the_mean_of_a_branch_of_one_map_adds_up(weight_variance, scale, depth, expected):
    """Without the cross term of the means the last of these would be 7.59."""
    config = replace(RESIDUAL, activation="relu", branch_layers=1, weight_variance=weight_variance, branch_scale=scale, depth=depth)
    assert size(config) == pytest.approx(expected, rel=1e-10)
    if scale == 0.1:
        last = chain_of(config).streams[-1]
        assert float(last.ratios[0] * np.exp(last.log_sizes[0] / 2)) == pytest.approx(1.402414715124849, rel=1e-10)


@pytest.mark.parametrize("rule", ["zero", "fixup"])
def test_a_block_that_begins_as_the_identity_is_one(rule):
    chain = chain_of(replace(RESIDUAL, activation="gelu", branch_rule=rule, bias_variance=0.1))
    np.testing.assert_array_equal([state.log_sizes for state in chain.streams], 0.0)
    np.testing.assert_array_equal(chain.stream_gradient, 0.0)
    assert np.all(np.isneginf(chain.weights["W1"])) and np.all(np.isneginf(chain.weights["W2"]) == (rule == "zero"))


@pytest.mark.parametrize("kind", ["layer", "rms"])
@pytest.mark.parametrize("block", ["plain", "residual"])
def test_one_minus_c_keeps_its_digits(block, kind):
    """Pairs that are almost alike go on by the slope: 1 − c of any two starts stays in proportion."""
    config = replace(PLAIN, architecture=block, activation="relu", normalization=kind, norm_position="post")
    both = np.zeros(2, dtype=int)
    start = State(np.zeros(1), np.ones(1), (both, both), np.array([1e-14, 1e-12]))
    eps = trajectory(config, start)[-1][-1].after.eps
    assert eps[1] / eps[0] == pytest.approx(100, rel=1e-3 if block == "plain" else 1e-2)
