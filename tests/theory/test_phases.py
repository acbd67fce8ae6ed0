"""The critical line and the plane."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.activations import ACTIVATIONS
from propagation.expressions import typed_activation
from propagation.theory.fixed_points import all_fixed_points
from propagation.theory.maps import chi_1, depth_scales
from propagation.theory.phases import critical_line, critical_pair, critical_weight_variance, phase, phase_grid
from theory.reference import label, rows

NAMES = tuple(ACTIVATIONS)
#: φ′(0) = 0, and nothing but rounding for some way around it
LEVEL = typed_activation("x-tanh(x)").name


@pytest.mark.parametrize("row", rows("critical_line"), ids=label)
def test_reference_critical_line(row):
    critical = critical_weight_variance(row["act"], row["sigma_b2"])
    if row["q_stable"]:
        assert critical == pytest.approx(row["sigma_w2"], rel=1e-11)
    else:
        assert np.isnan(critical)


@pytest.mark.parametrize(
    ("name", "bias", "critical"),
    [
        ("relu", 0.0, 2.0),
        ("linear", 0.0, 1.0),
        ("leaky_relu", 0.0, 2 / 1.0001),
        ("tanh", 0.0, 1.0),
        ("erf", 0.0, np.pi / 4),
        ("elu", 0.0, 1.0),
        ("relu", 0.01, np.nan),  # χ₁ = 1 at σ_w² = 2, where no fixed point is left
        ("gelu", 0.0, np.nan),  # at 4 the fixed point 0 repels
        ("softplus", 0.0, np.nan),
        ("softplus", 0.5, np.nan),
        ("sigmoid", 0.0, 103.0075),
        ("tanh", 0.01, 1.42420529),
        ("tanh", 0.05, 1.76095464),
        (LEVEL, 0.0, np.nan),
        (LEVEL, 0.05, np.nan),  # χ₁ = 1 at q = 0.12 alone, where the fixed point repels
    ],
)
def test_well_known_critical_points(name, bias, critical):
    assert critical_weight_variance(name, bias) == pytest.approx(critical, rel=1e-6, nan_ok=True)


@pytest.mark.slow
@given(name=st.sampled_from([name for name in NAMES if name not in ("linear", "relu", "leaky_relu", "softplus")]), bias=st.floats(1e-6, 5))
def test_gradients_keep_their_size_on_the_critical_line(name, bias):
    weight = critical_weight_variance(name, bias)
    if np.isnan(weight):
        return
    chis = [(abs(float(chi_1(point.q, name, weight)) - 1), point.stability) for point in all_fixed_points(name, weight, bias)]
    distance, stability = min(chis)
    assert distance < 1e-9
    assert stability == "stable"


def test_a_line_is_its_points():
    biases = np.linspace(0, 1, 7)
    for name in ("tanh", "gelu", "sigmoid", "relu"):
        expected = [critical_weight_variance(name, float(bias)) for bias in biases]
        np.testing.assert_allclose(critical_line(name, biases), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "weight", "bias", "expected"),
    [
        ("tanh", 1.5, 0.05, "ordered"),
        ("tanh", 2.5, 0.05, "chaotic"),
        ("tanh", 1.0, 0.0, "critical"),  # though the signal dies, slowly
        ("relu", 2.0, 0.0, "critical"),
        ("relu", 2.0, 0.1, "critical"),  # though the signal diverges, slowly
        ("relu", 2.1, 0.1, "chaotic"),
        ("relu", 1.0, 0.0, "ordered"),
        ("softplus", 3.0, 0.0, "chaotic"),
        ("sigmoid", 50.0, 0.0, "ordered"),
        ("tanh", 0.0, 0.0, "ordered"),
        (LEVEL, 1.5, 0.05, "ordered"),
    ],
)
def test_phase(name, weight, bias, expected):
    assert phase(name, weight, bias) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_plane_is_its_points(name):
    weights, biases = np.array([0.0, 0.7, 1.0, 1.9, 2.0, 3.1]), np.array([0.0, 0.04, 0.9])
    grid = phase_grid(name, weights, biases)
    assert grid.q_star.shape == (3, 6)
    for row, bias in enumerate(biases):
        for column, weight in enumerate(weights):
            scales = depth_scales(name, weight, bias)
            found = [values[row, column] for values in (grid.q_star, grid.chi_1, grid.c_star, grid.xi_c)]
            expected = [scales.q_star, scales.chi_1, scales.c_star, scales.xi_c]
            assert found == pytest.approx(expected, rel=1e-8, abs=1e-10, nan_ok=True)
    np.testing.assert_array_equal(grid.critical, critical_line(name, biases))


def test_critical_line_separates_the_phases_of_the_plane():
    grid = phase_grid("tanh", np.linspace(0.5, 4, 36), np.linspace(0, 0.5, 11))
    chaotic = grid.weight_variances > grid.critical[:, None]
    decided = np.abs(grid.weight_variances - grid.critical[:, None]) > 1e-6
    np.testing.assert_array_equal((grid.chi_1 > 1)[decided], chaotic[decided])
    assert np.all(grid.c_star[(grid.chi_1 < 1) & (grid.q_star > 0)] == 1)
    assert np.all(grid.c_star[(grid.chi_1 > 1) & decided] < 1)


@pytest.mark.parametrize(
    ("activation", "weight", "least"),
    [("gelu", 1.98305, 0.17292), ("silu", 1.988, 0.55514), ("mish", 2.0135, 0.09452), ("hard_swish", 1.9733, 0.50714)],
)
def test_the_least_bias_with_a_critical_point(activation, weight, least):
    """At the edge the critical point is half-stable: V′ = χ₁ = 1."""
    found, bias = critical_pair(activation)
    assert least <= bias < 1.01 * least and found == pytest.approx(weight, rel=5e-3)
    assert np.isnan(critical_weight_variance(activation, 0.99 * least))
    scales = depth_scales(activation, found, bias)
    assert scales.chi_1 == pytest.approx(1, abs=1e-9) and 0.999 < scales.q_slope < 1


@pytest.mark.parametrize("digits", range(4, 12))
def test_the_edge_does_not_hang_on_the_digits_of_its_bias(digits):
    edge = 0.17292239
    assert critical_weight_variance("gelu", round(edge, digits)) == pytest.approx(1.98305, abs=1e-4)


def test_other_activations_need_no_pair():
    for activation in ("relu", "linear", "tanh", "softplus", "elu"):
        assert critical_pair(activation) is None
