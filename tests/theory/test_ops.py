"""Laws of single ops: dropout against its definition, states that share what they can, ops without a law."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from architectures import KEEP

from propagation import Config, predict
from propagation.ops import Activate, Linear, Variance
from propagation.theory.manifold import angle_path, predict_circle
from propagation.theory.op import NoLaw, State
from propagation.theory.ops import theory_op
from propagation.theory.spectrum import predict_spectrum
from propagation.theory.trajectory import trajectory

RELU = Config(depth=200, width=64, activation="relu", weight_variance=2 * KEEP, bias_variance=0.0, inputs=1, keep=KEEP)


def test_relu_keeps_its_size_under_dropout_at_twice_the_share_that_is_kept():
    """σ_w² = 2 p. Source: Pretorius et al. 2018."""
    for signal in (predict(RELU).z, predict(RELU).delta):
        np.testing.assert_allclose(signal.log10_second_moment, signal.log10_second_moment[0], atol=1e-12)


@pytest.mark.parametrize(("keep", "expected"), [(0.5, 0.21723), (0.8, 0.47280), (0.9, 0.62715), (0.99, 0.90293)])
def test_two_inputs_of_a_relu_network_settle_below_one(keep, expected):
    """c* = p J₁(c*), of z: with dropout two inputs never merge."""
    path = angle_path(Config(depth=400, activation="relu", weight_variance=2 * keep, bias_variance=0.0, keep=keep), np.array([1e-6, 1.0]))
    np.testing.assert_allclose(1 - path[-1], expected, atol=1e-5)


def test_the_mean_of_h_is_left_as_it_is_and_its_variance_grows():
    config = Config(depth=3, activation="sigmoid", weight_variance=1.5, bias_variance=0.1, inputs=1)
    plain = predict(config)
    dropped = predict(replace(config, keep=KEEP))
    assert dropped.h.mean[0] == pytest.approx(plain.h.mean[0], rel=1e-12)
    second = 10 ** plain.h.log10_second_moment[0]
    assert 10 ** dropped.h.log10_second_moment[0] == pytest.approx(second / KEEP, rel=1e-12)
    assert 10 ** dropped.h.log10_variance[0] == pytest.approx(second / KEEP - plain.h.mean[0] ** 2, rel=1e-12)


def test_the_fixed_point_of_plain_layers_is_not_given_for_others():
    prediction = predict(RELU)
    assert np.isnan([prediction.q_star, prediction.chi_1, prediction.c_star, prediction.xi_q, prediction.xi_c]).all()
    assert prediction.phase == ""


def test_linear_layers_with_dropout_spread_their_singular_values():
    """E s² is 1/p a layer, and dropout adds 1/p − 1 to the spread of each."""
    config = Config(depth=4, width=16, activation="linear", weight_variance=1.0, bias_variance=0.0, inputs=1, keep=KEEP)
    prediction = predict_spectrum(config, "orthogonal", 4)
    np.testing.assert_allclose(prediction.log10_mean_square, -np.arange(1, 5) * np.log10(KEEP), atol=1e-12)
    np.testing.assert_allclose(prediction.spread, np.arange(1, 5) * (1 / KEEP - 1), rtol=1e-12)


def test_an_op_without_a_law_says_so():
    """Coins of each input's own tear a curve of inputs apart."""
    with pytest.raises(NoLaw, match="curves"):
        predict_circle(Config(depth=2, keep=KEEP))


def test_where_a_signal_has_arrived_layers_share_their_states():
    layers = trajectory(Config(depth=1000, width=32), State(np.zeros(1), np.ones(1)))
    assert layers[-1] is layers[-2] and layers[0] is not layers[1]
    funnel = trajectory(Config(depth=1000, width=64, width_profile="funnel"), State(np.zeros(1), np.ones(1)))
    assert funnel[-1][0].after is funnel[300][0].after and funnel[-1][0].op is not funnel[300][0].op


def test_the_same_op_has_one_law():
    assert theory_op(Linear(3, 4, Variance(1.0), 0.0)) is theory_op(Linear(3, 4, Variance(1.0), 0.0))
    assert theory_op(Activate("tanh")) is not theory_op(Activate("relu"))
