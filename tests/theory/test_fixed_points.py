"""Length map, fixed points, correlations and depth scales: reference values, finite differences, and what happens at the edges."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.activations import ACTIVATIONS
from propagation.expressions import lookup
from propagation.theory.fixed_points import limits_from
from propagation.theory.maps import (
    chi_1,
    correlation_map,
    depth_scales,
    depth_scales_at,
    fixed_point,
    fixed_points,
    length_map,
    length_slope,
)
from propagation.theory.phases import critical_weight_variance
from theory.reference import label, rows

NAMES = tuple(ACTIVATIONS)


@pytest.mark.parametrize("row", rows("limit_from_q0=1") + [r for r in rows("homogeneous") if r["q_star"] is not None], ids=label)
def test_reference_limits(row):
    expected = float(row.get("value", row.get("q_star")))
    assert fixed_point(row["act"], row["sigma_w2"], row["sigma_b2"]) == pytest.approx(expected, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("row", rows("fixed_point"), ids=label)
def test_reference_fixed_points(row):
    weight, bias = row["sigma_w2"], row["sigma_b2"]
    found = fixed_points(row["act"], weight, bias)
    alike = [r for r in rows("fixed_point") if (r["act"], r["sigma_w2"], r["sigma_b2"]) == (row["act"], weight, bias)]
    assert [point.q for point in found] == pytest.approx([r["q"] for r in alike], rel=1e-10, abs=1e-13)
    point = min(found, key=lambda point: abs(point.q - row["q"]))
    assert point.slope == pytest.approx(row["V_slope"], rel=1e-10)
    assert chi_1(point.q, row["act"], weight) == pytest.approx(row["chi1"], rel=1e-10)
    kind, _, marginal = row["stability"].partition(": ")
    assert point.stability == kind
    assert point.attracting == (marginal.startswith("attracting") or kind == "stable")
    if "c_star" in row:
        scales = depth_scales_at(point.q, row["act"], weight)
        assert scales.c_star == pytest.approx(row["c_star"], abs=1e-9)
        assert scales.chi_c == pytest.approx(row["chi_cstar"], rel=1e-10)
        for ours, theirs in ((scales.xi_q, "xi_q"), (scales.xi_c, "xi_c"), (scales.xi_gradient, "xi_grad")):
            assert ours == pytest.approx(row[theirs], rel=1e-8)


@pytest.mark.parametrize(
    ("weight", "q", "c", "chi"),
    [(1.3**2, 0.60704679, 1, 0.93980743), (2.5**2, 4.07912388, 0.12210375, 1.58522477), (4.0**2, 12.6041495, 0.02969592, 2.36726104)],
)
def test_poole_2016(weight, q, c, chi):
    scales = depth_scales("tanh", weight, 0.3**2)
    assert (scales.q_star, scales.c_star, scales.chi_1) == pytest.approx((q, c, chi), rel=1e-7)


@pytest.mark.parametrize(
    ("name", "weight", "q", "chi"),
    [("tanh", (5 / 3) ** 2, 1.178480, 1.209831), ("selu", 1.0, 1.0, 1.0716), ("sigmoid", 12.8, 4.534976, 0.353810)],
)
def test_well_known_points(name, weight, q, chi):
    scales = depth_scales(name, weight, 0.0)
    assert (scales.q_star, scales.chi_1) == pytest.approx((q, chi), rel=3e-5)


@pytest.mark.parametrize(
    ("name", "weight", "bias", "start", "limit"),
    [
        ("tanh", 0.0, 0.0, 1.0, 0.0),
        ("tanh", 0.0, 0.3, 1.0, 0.3),
        ("sigmoid", 0.0, 0.0, 1.0, 0.0),
        ("relu", 2.0, 0.0, 0.7, 0.7),  # every q is fixed
        ("linear", 1.0, 0.0, 3.0, 3.0),
        ("relu", 2.0, 1e-9, 1.0, np.inf),
        ("tanh", 1.0, 0.0, 1.0, 0.0),  # like 1/(2 l)
        ("sin", 1.0, 0.0, 1.0, 0.0),
        ("erf", np.pi / 4, 0.0, 1.0, 0.0),
        ("hard_tanh", 1.0, 0.0, 1.0, 0.0),  # like 1/(2 ln l)
        ("hard_tanh", 1.0, 0.0, 1e-3, 0.0),  # moves by e^−500 a layer
        ("softsign", 1.0, 0.0, 1e6, 0.0),
        ("gelu", 4.0, 0.0, 1e-5, np.inf),  # marginal at 0, but repelling
        ("gelu", 2.5, 0.0, 0.67, 0.0),  # on either side of an unstable fixed point
        ("gelu", 2.5, 0.0, 0.69, np.inf),
        ("gelu", 2.0, 0.05, 53.0, 0.12449562465017735),
        ("gelu", 2.0, 0.05, 54.0, np.inf),
        ("gelu", 2.0, 1e-6, 1e12, np.inf),  # the bias wins over a marginal decay from 1.4e11 on
        ("elu", 2.0, 0.0, 1.0, np.inf),
        ("softplus", 2.0, 0.0, 1.0, np.inf),
        ("selu", 1.8117, 0.0, 1.0, np.inf),
        ("tanh", 1.5, 0.0, 0.0, 0.0),  # 0 is a fixed point, though unstable
        ("tanh", 1.5, 0.0, 1e-200, 0.2868942293799910),
        ("tanh", 0.5, 1e-30, 1.0, 2e-30),
        ("elu", 3.0, 0.0, np.inf, np.inf),
        ("tanh", 0.5, 0.0, np.inf, 0.0),
    ],
)
def test_limits_at_the_edges(name, weight, bias, start, limit):
    assert fixed_point(name, weight, bias, start) == pytest.approx(limit, rel=1e-12, abs=0)


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "linear", "x*sigmoid(1.7*x)"])
def test_limits_of_many_are_those_of_each(name):
    weights, biases, starts = (
        part.ravel() for part in np.meshgrid([0.0, 0.5, 1.0, 1.7, 2.0, 3.0, 500.0], [0.0, 0.05, 2.0], [0.0, 1.0, 30.0])
    )
    each = [fixed_point(name, *place) for place in zip(weights.tolist(), biases.tolist(), starts.tolist(), strict=True)]
    assert limits_from(name, weights, biases, starts) == pytest.approx(each, rel=1e-13)
    assert len({*each}) > 3


def test_a_negative_start_is_refused():
    with pytest.raises(ValueError, match="start"):
        fixed_point("tanh", 1.0, 0.0, -1.0)
    with pytest.raises(ValueError, match="unknown"):
        fixed_point("tanhh", 1.0, 0.0)


def test_selu_diverges_where_its_upper_branch_does():
    edge = 2 / 1.0507009873554805**2
    assert 1e4 < fixed_point("selu", edge * (1 - 1e-6), 0.0) < np.inf
    assert fixed_point("selu", edge * (1 + 1e-6), 0.0) == np.inf


@pytest.mark.slow
@given(name=st.sampled_from(NAMES), weight=st.floats(0, 6), bias=st.floats(0, 2), start=st.floats(0.01, 20))
def test_the_limit_is_where_iterating_leads(name, weight, bias, start):
    limit = fixed_point(name, weight, bias, start)
    q = start
    for _ in range(150):
        q = float(length_map(q, name, weight, bias))
    if np.isinf(limit):
        assert q > start
    elif (slope := float(length_slope(limit, name, weight))) < 0.9:
        assert q == pytest.approx(limit, rel=1e-9, abs=1e-9 + 100 * slope**150)
    else:  # still on its way, and not past it
        assert min(start, limit) * (1 - 1e-9) <= q <= max(start, limit) * (1 + 1e-9)


@given(name=st.sampled_from(NAMES), weight=st.floats(0.1, 6), bias=st.floats(0, 2))
def test_every_fixed_point_is_fixed_and_they_alternate(name, weight, bias):
    found = fixed_points(name, weight, bias)
    for point in found:
        assert length_map(point.q, name, weight, bias) == pytest.approx(point.q, rel=1e-11, abs=1e-13)
    attracting = [point.attracting for point in found]
    assert all(a != b for a, b in pairwise(attracting))


@pytest.mark.parametrize("name", NAMES)
def test_slope_of_the_length_map_by_finite_differences(name):
    q = np.array([1e-3, 0.2, 1.0, 7.0, 60.0])
    step = 1e-5 * q
    ahead, behind = (length_map(q + sign * step, name, 1.7, 0.2) for sign in (1, -1))
    np.testing.assert_allclose((ahead - behind) / (2 * step), length_slope(q, name, 1.7), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_slope_of_the_correlation_map_at_one_is_chi_1(name):
    """(1 − C(1 − ε))/ε → χ₁ q/V(q), with a correction in √ε where φ has kinks."""
    weight, bias = 1.7, 0.2
    for q in (0.1, 1.0, 5.0):
        eps = np.array([1e-10, 4e-10])
        chord = (1 - correlation_map(1 - eps, q, name, weight, bias)) / eps
        limit = 2 * chord[0] - chord[1]
        expected = chi_1(q, name, weight) * q / length_map(q, name, weight, bias)
        assert limit == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_correlation_map(name):
    c = np.linspace(-1, 1, 21)
    image = correlation_map(c, 0.9, name, 1.4, 0.0)
    assert image[-1] == 1
    assert np.all(np.abs(image) <= 1)
    if np.array_equal(lookup(name).phi(-c), -lookup(name).phi(c)):
        np.testing.assert_allclose(image, -image[::-1], atol=1e-12)
    positive = image[10:]
    assert np.all(np.diff(positive) > 0)
    assert np.all(np.diff(positive, 2) > -1e-12)  # convex: its power series has no negative coefficient


def test_relu_correlations_move_alike_for_every_weight_variance():
    c = np.linspace(-1, 1, 11)
    expected = (np.sqrt(1 - c**2) + (np.pi - np.arccos(c)) * c) / np.pi
    for weight in (0.3, 2.0, 9.0):
        np.testing.assert_allclose(correlation_map(c, 2.5, "relu", weight, 0.0), expected, atol=1e-13)


@pytest.mark.slow
def test_relu_at_criticality_creeps_to_one_like_9_pi_squared_over_2_l_squared():
    c = 0.0
    for _ in range(4000):
        c = float(correlation_map(c, 1.0, "relu", 2.0, 0.0))
    assert (1 - c) * 4000**2 == pytest.approx(9 * np.pi**2 / 2, rel=0.01)


def test_correlation_map_where_it_is_undefined_or_refused():
    assert np.isnan(correlation_map(0.5, 0.0, "tanh", 1.0, 0.0))
    assert correlation_map(0.5, 0.0, "tanh", 1.0, 0.1) == 1
    for c, q in ((1.1, 1.0), (0.5, -1.0), (0.5, np.inf)):
        with pytest.raises(ValueError, match="correlation map"):
            correlation_map(c, q, "tanh", 1.0, 0.0)


def test_shapes():
    c, q = np.linspace(0, 1, 5), np.array([[0.5], [1.0], [2.0]])
    assert correlation_map(c, q, "gelu", 1.5, 0.1).shape == (3, 5)
    assert length_map(q, "gelu", 1.5, 0.1).shape == (3, 1)
    assert chi_1(1.0, "gelu", 1.5).shape == ()


def test_depth_scales_at_the_edges():
    dying = depth_scales("tanh", 0.5, 0.0)
    assert dying.q_star == 0
    assert np.isnan(dying.c_star)
    assert np.isnan(dying.xi_c)
    assert dying.xi_gradient == pytest.approx(-1 / np.log(0.5))
    assert depth_scales("relu", 2.0, 0.0).xi_c == np.inf
    assert depth_scales("tanh", 0.0, 0.3).xi_c == 0
    exploding = depth_scales("relu", 3.0, 0.1)
    assert (exploding.q_star, exploding.chi_1, exploding.c_star) == (np.inf, 1.5, 1.0)
    assert exploding.xi_q == pytest.approx(-1 / np.log(1.5))
    assert np.isnan(depth_scales("linear", 1.0, 0.0).c_star)  # a linear net keeps every correlation
    assert depth_scales("linear", 0.8, 0.1).c_star == 1


@pytest.mark.parametrize("name", ["hard_tanh", "selu", "tanh"])
def test_correlation_fixed_point_close_to_criticality(name):
    """Just inside the chaotic phase c* is 1 − ε with tiny ε: it must solve C(c*) = c*, with slope below 1."""
    weight = critical_weight_variance(name, 0.2) * (1 + 1e-4)
    scales = depth_scales(name, weight, 0.2)
    assert 0 < 1 - scales.c_star < 1e-2
    assert scales.chi_c < 1 < scales.chi_1
    lost = 1 - correlation_map(scales.c_star, scales.q_star, name, weight, 0.2)
    assert lost == pytest.approx(1 - scales.c_star, rel=1e-7)
