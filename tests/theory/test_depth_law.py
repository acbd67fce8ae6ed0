"""How gradients go with depth behind norms: exponents and factors against values found elsewhere, and against simulation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.theory.depth_law import DepthLaw, depth_law

BASE = Config(depth=50, width=64, weight_variance=1.0, bias_variance=0)
PRE = replace(BASE, architecture="residual", normalization="layer")
POST = replace(PRE, norm_position="post")
PLAIN = replace(BASE, normalization="layer")


@pytest.mark.parametrize(
    ("activation", "weight_variance", "exponent"),
    [
        ("relu", 1.0, 1.0),
        ("relu", 2.0, 1.0),
        ("gelu", 1.0, 1.072031598436292),
        ("gelu", 2.0, 1.0617525877506815),
        ("silu", 1.0, 1.066634241241915),
        ("tanh", 1.0, 1.1778072323041795),
        ("tanh", 2.0, 1.3443253869478906),
    ],
)
def test_a_norm_before_the_branch_makes_a_power_of_depth(activation, weight_variance, exponent):
    """ζ = χ_F/v by quadrature elsewhere. Neither α, nor the depth, nor the kind of norm, nor dropout changes it."""
    config = replace(PRE, activation=activation, weight_variance=weight_variance)
    for fields in ({}, {"branch_rule": "sqrt"}, {"branch_scale": 0.3}, {"depth": 7}, {"normalization": "rms"}, {"keep": 0.8}):
        assert depth_law(replace(config, **fields)).exponent == pytest.approx(exponent, rel=1e-10)


@pytest.mark.parametrize(
    ("config", "factor"),
    [
        (replace(POST, activation="relu"), 1.0),
        (replace(POST, activation="tanh"), 1.0502823560827688),
        (replace(PLAIN, activation="linear"), 1.0),
        (replace(PLAIN, activation="relu"), 1.0),
        (replace(PLAIN, activation="gelu"), 1.072031598436292),
        (replace(PLAIN, activation="sigmoid", weight_variance=7.0), 0.15282701171559374),
        (replace(PLAIN, activation="relu", norm_position="post"), math.pi / (math.pi - 1)),
        (replace(PLAIN, activation="tanh", norm_position="post"), 1.1778072323041795),
        (replace(PLAIN, activation="selu", norm_position="post"), 1.0715749924557993),
    ],
)
def test_other_norms_make_one_factor(config, factor):
    law = depth_law(config)
    assert law.exponent is None and law.factor == pytest.approx(factor, rel=1e-10)


def test_gradients_of_simulated_networks_grow_by_this_power():
    """From block 100 to block 10 E[(∂C/∂x)²] grows by 10^ζ, in networks 512 wide: within four standard errors over 12 of them."""
    config = replace(PRE, activation="tanh", weight_variance=2.0, depth=120, width=512, inputs=2, trials=12)
    law = depth_law(config)
    sizes = simulate(config).stream_gradient.log10_second_moment
    grown = sizes[:, 9] - sizes[:, 99]
    error = grown.std(ddof=1) / math.sqrt(len(grown))
    # q_l is not l v but q_0 + l v, which a hundred blocks do not see: 0.04 of a decade
    assert abs(grown.mean() - law.exponent) < 4 * error + 0.04
    assert abs(grown.mean() - 1.0) > 4 * error + 0.04  # negative control: ReLU's


@pytest.mark.parametrize(
    "config",
    [
        BASE,
        replace(BASE, architecture="residual"),
        replace(PRE, branch_rule="zero"),
        replace(PRE, normalization="batch"),
        replace(PRE, depth=2),
        replace(PRE, architecture="transformer", tokens=4),
        replace(POST, architecture="transformer", tokens=4),
        replace(PLAIN, normalization="batch", norm_position="post"),
    ],
)
def test_where_there_is_no_such_law(config):
    assert depth_law(config) is None


def test_batch_norm_has_its_factor():
    """π/(π − 1) in the limit of large batches, 1.5220 for 32 inputs. Source: Yang et al. 2019."""
    law = depth_law(replace(BASE, activation="relu", normalization="batch", inputs=32))
    assert isinstance(law, DepthLaw) and law.factor == pytest.approx(1.52195283, rel=1e-6)
    assert np.isfinite(law.factor)
