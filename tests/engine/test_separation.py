"""How far apart a network keeps its inputs, beside the angle map of theory and where there is nothing to tell apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.engine.measure import separation
from propagation.engine.signal import Signal


def test_separation_is_one_less_the_mean_correlation():
    h = np.random.default_rng(0).standard_normal((2, 50, 4))
    for trial, array in enumerate(h):
        unit = array / np.linalg.norm(array, axis=0)
        pairs = [unit[:, a] @ unit[:, b] for a in range(4) for b in range(a)]
        assert separation(Signal(h, np.zeros(2, dtype=int)))[trial] == pytest.approx(1 - np.mean(pairs), rel=1e-12)


def test_he_relu_draws_orthogonal_inputs_together_as_the_arc_cosine_kernel_says():
    """Cho & Saul 2009: cos θ′ = (sin θ + (π − θ) cos θ)/π."""
    depth = 20
    trace = simulate(Config(activation="relu", scheme="he", bias_variance=0, width=4096, depth=depth, inputs=2, trials=8))
    theta = math.acos(1 - trace.input_separation)
    for _ in range(depth):
        theta = math.acos((math.sin(theta) + (math.pi - theta) * math.cos(theta)) / math.pi)
    assert np.median(trace.separation) == pytest.approx(1 - math.cos(theta), rel=0.1)


def test_one_input_has_no_other_and_a_dead_one_no_direction():
    assert np.isnan(simulate(Config(inputs=1, depth=2, width=8)).separation).all()
    assert np.isnan(simulate(Config(weight_variance=0, bias_variance=0, depth=2, width=8)).separation).all()
