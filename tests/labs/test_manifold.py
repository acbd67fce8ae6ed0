"""Angles and circles in real networks: exact inputs, finite differences, and the theory within standard errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS, assert_mean, errors_off

from propagation.config import Config
from propagation.engine.network import walk
from propagation.labs.manifold import ANGLES, CIRCLE, FLOOR, POINTS, STARTS, WIDEST, angles_alike, circle
from propagation.theory.manifold import angle_path, predict_circle

CHAOTIC = Config(depth=4, width=2000, weight_variance=3.0, bias_variance=0.1, trials=24)
SMOOTH = Config(depth=5, width=60, weight_variance=2.5, bias_variance=0.1, trials=1)


@pytest.mark.parametrize("width", [2, 3, 400])
def test_inputs_have_exactly_the_angles_they_start_at(width):
    angles = ANGLES(Config(depth=1, width=width, trials=1))
    np.testing.assert_allclose(10 ** angles.log10_eps[0, 0], STARTS, rtol=1e-7)
    x = circle(Config(width=width, input_variance=2.5), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(np.mean(x**2, axis=0), 2.5)


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
def test_angles_follow_the_theory_and_no_other(law):
    config = replace(CHAOTIC, weight_law=law)
    measured = 10 ** ANGLES(config).log10_eps
    expected = angle_path(config, np.array(STARTS))
    other = angle_path(replace(config, weight_variance=2.6), np.array(STARTS))
    for pair in range(len(STARTS)):
        assert_mean(measured[:, 3, pair], expected[3, pair])
    assert max(errors_off(measured[:, 3, pair], other[3, pair]) for pair in range(len(STARTS))) > 2 * ERRORS


def test_the_way_there_is_reported_and_every_trial_is_measured():
    shares = []
    angles = ANGLES(replace(CHAOTIC, trials=3, width=50), shares.append)
    assert angles.log10_eps.shape == (3, 5, len(STARTS)) and np.isfinite(angles.log10_eps).all()
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == 1
    assert not np.array_equal(angles.log10_eps[0], angles.log10_eps[1])


@pytest.mark.parametrize(("field", "values"), [("weight_variance", (0.0, 0.9, 3.0)), ("input_variance", (0.5, 2.0))])
def test_networks_that_share_their_noise_are_those_of_each_by_itself(field, values):
    configs = Config(depth=5, width=3000, trials=5).variants(field, values)
    for config, found in zip(configs, angles_alike(configs), strict=True):
        alone = ANGLES(config)
        assert found.config == alone.config
        np.testing.assert_array_equal(found.log10_eps, alone.log10_eps)


def test_inputs_that_have_merged_are_not_drawn():
    merged = ANGLES(Config(depth=60, width=64, weight_variance=0.5, bias_variance=0.5, trials=2)).log10_eps
    assert np.isneginf(merged[:, -1]).all()
    assert merged[np.isfinite(merged)].min() >= np.log10(FLOOR)


def test_a_dead_network_has_no_angles():
    assert np.isnan(ANGLES(Config(depth=3, width=20, weight_variance=0, bias_variance=0, trials=1)).log10_eps[:, 1:]).all()


def test_length_and_curvature_are_those_of_the_curve_itself():
    """Against difference quotients of the same network's own z on three nearby circles."""
    step = 1e-3
    angles = 2 * np.pi * np.arange(POINTS) / POINTS
    moved = circle(SMOOTH, np.concatenate((angles - step, angles, angles + step)))
    followed = CIRCLE(SMOOTH)
    for layer, (linear, _) in enumerate(walk(SMOOTH, 0, moved), start=1):
        before, here, after = np.split(linear.y.array[0], 3, axis=1)
        v, a = (after - before) / (2 * step), (after - 2 * here + before) / step**2
        speed = np.sqrt(np.mean(v**2, axis=0))
        curvature = np.sqrt(speed**2 * np.mean(a**2, axis=0) - np.mean(v * a, axis=0) ** 2) / speed**3
        assert followed.log10_length[0, layer] == pytest.approx(np.log10(speed.mean()), abs=1e-4)
        assert followed.log10_curvature[0, layer] == pytest.approx(np.log10(curvature.mean()), abs=1e-4)


@pytest.mark.slow
def test_circles_follow_the_theory_and_no_other():
    config = Config(depth=4, width=WIDEST, weight_variance=3.0, bias_variance=0.1, trials=3)
    circles = [CIRCLE(replace(config, seed=seed)) for seed in range(6)]
    for name in ("log10_length", "log10_curvature"):
        measured = np.concatenate([getattr(circle, name) for circle in circles])
        expected = getattr(predict_circle(config), name)
        other = getattr(predict_circle(replace(config, weight_variance=2.2)), name)
        assert_mean(measured[:, 3], expected[3])
        assert errors_off(measured[:, 3], other[3]) > 2 * ERRORS


def test_the_picture_starts_as_a_circle_and_is_scaled_by_the_width():
    followed = CIRCLE(replace(SMOOTH, input_variance=4.0))
    np.testing.assert_allclose(np.linalg.norm(followed.points[0], axis=1), 2.0)
    np.testing.assert_allclose(followed.points[0][:, 2], 0, atol=1e-9)
    # a linear map of a circle lies in a plane
    assert followed.share[:2] == pytest.approx(1) and np.all(np.diff(followed.share[1:4]) < 0)


def test_a_kink_leaves_no_curvature_but_a_length():
    followed = CIRCLE(Config(depth=4, width=40, activation="relu", scheme="he", bias_variance=0, trials=1))
    assert np.isnan(followed.log10_curvature[:, 2:]).all() and np.isfinite(followed.log10_length).all()


def test_a_signal_out_of_range_ends_the_curve():
    followed = CIRCLE(Config(depth=80, width=20, activation="linear", weight_variance=100, bias_variance=0, trials=1))
    assert 5 < len(followed.points) < 40 and np.isfinite(followed.log10_length).all()
