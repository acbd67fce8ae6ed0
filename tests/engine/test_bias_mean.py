"""A mean of the biases: in every z, in no gradient's way, and at 0 not there at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.explicit import ExplicitNetwork, assert_moments
from propagation import Config, simulate
from propagation.engine.ops import Place, engine_op
from propagation.engine.signal import Signal
from propagation.engine.tape import Tape
from propagation.ops import Linear, Variance

SMALL = Config(depth=3, width=6, inputs=3, trials=2, method="dense", weight_variance=1.8, bias_variance=0.3, bias_mean=0.7)


@pytest.mark.parametrize(
    "fields", [{}, {"layer_sizes": "5-1-4-2"}, {"bias_variance": 0.0, "bias_mean": -2.0}, {"weight_law": "orthogonal"}]
)
def test_signals_and_gradients_are_those_of_the_explicit_network(fields):
    config = replace(SMALL, **fields)
    trace = simulate(config)
    for trial in range(config.trials):
        network = ExplicitNetwork(config, trial)
        zs, hs = network.forward()
        deltas, gradients = network.finite_differences()
        for moments, arrays, rtol in (
            (trace.z, zs, 1e-10),
            (trace.h, hs[1:], 1e-10),
            (trace.delta, deltas, 1e-6),
            (trace.weight_gradient, gradients, 1e-6),
        ):
            assert_moments(moments, trial, arrays, rtol)


def test_a_network_without_the_mean_is_seen():
    """Negative control."""
    zs, _ = ExplicitNetwork(replace(SMALL, bias_mean=0.0), 0).forward()
    with pytest.raises(AssertionError, match="layer 1"):
        assert_moments(simulate(SMALL).z, 0, zs, 1e-3)


@pytest.mark.parametrize("exponent", [-2000, -60, 0, 60, 2000])
def test_a_signal_of_any_size_gets_the_mean(exponent):
    op = engine_op(Linear(7, 5, Variance(1.0), 0.0, 0.5), Place(Config(method="dense"), range(2), 1, 0, None))
    x = Signal(np.random.default_rng(0).standard_normal((2, 7, 3)), np.full(2, exponent))
    z, centred = op.forward(x, Tape()), op.map.replay()
    expected = (
        np.ldexp(centred.array, np.clip(centred.exponent - z.exponent, -1100, 0)[:, None, None]) + np.ldexp(0.5, -z.exponent)[:, None, None]
    )
    np.testing.assert_allclose(z.array, expected, rtol=1e-14)
    assert np.all(z.exponent == 0) == (exponent <= 0)
    np.testing.assert_array_equal(op.replay().array, z.array)


def test_layers_that_are_computed_again_have_it_too(monkeypatch):
    config = Config(depth=4, width=40, inputs=3, trials=2, bias_mean=0.7)
    kept = simulate(config)
    monkeypatch.setattr("propagation.engine.network.remembers_layers", lambda *_: False)
    np.testing.assert_allclose(simulate(config).delta.log10_second_moment, kept.delta.log10_second_moment, rtol=1e-5)


def test_training_starts_with_it():
    op = engine_op(Linear(3, 4, Variance(1.0), 0.0, -0.5), Place(Config(method="dense"), range(1), 1, 0, None))
    op.forward(Signal(np.ones((1, 3, 2)), np.zeros(1, dtype=int)), Tape())
    np.testing.assert_array_equal(op.trainable().biases, np.full((4, 1), -0.5))
