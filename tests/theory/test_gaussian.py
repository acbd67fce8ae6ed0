"""Means over one and two Gaussians against closed forms, against other integrators, and against the trap they avoid."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from propagation.activations import ACTIVATIONS
from propagation.expressions import lookup
from propagation.theory.gaussian import gaussian_mean, gaussian_pair_mean
from propagation.theory.kernel import Kernel
from propagation.theory.moments import Moments, moments
from theory.reference import label, rows

SIZES = np.logspace(-12, 6, 91)
NAMES = tuple(ACTIVATIONS)
#: a sine oscillates too fast for the panels at large q, and has its closed form
BY_QUADRATURE = tuple(name for name in NAMES if name != "sin")


def squared(f):
    return lambda z: f(z) ** 2


@pytest.mark.parametrize("row", rows("moment"), ids=label)
def test_reference_moments(row):
    phi, q = lookup(row["act"]), row["q"]
    of = moments(row["act"])
    by_table = {"E_phi": of.mean, "E_phi2": of.second, "E_d2": of.slope, "Var_phi": of.variance}[row["name"]](q)
    mean, second, slope = (gaussian_mean(f, q, phi.kinks) for f in (phi.phi, squared(phi.phi), squared(phi.dphi)))
    by_quadrature = {"E_phi": mean, "E_phi2": second, "E_d2": slope, "Var_phi": second - mean**2}[row["name"]]
    assert by_table == pytest.approx(row["value"], rel=1e-12, abs=1e-13)
    assert by_quadrature == pytest.approx(row["value"], rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("name", BY_QUADRATURE)
def test_table_or_closed_form_is_the_quadrature(name):
    """Both at once: where an activation has a closed form, `moments` uses it; elsewhere it interpolates."""
    phi, of = lookup(name), moments(name)
    centred = lambda z: phi.phi(z) - phi.phi_zero  # noqa: E731
    size = gaussian_mean(squared(centred), SIZES, phi.kinks)
    shift = gaussian_mean(centred, SIZES, phi.kinks)
    second = gaussian_mean(squared(phi.phi), SIZES, phi.kinks)
    growth = gaussian_mean(lambda z: z * phi.phi(z) * phi.dphi(z), SIZES, phi.kinks)
    odd = gaussian_mean(lambda z: (phi.phi(z) - phi.phi(-z)) ** 2 / 4, SIZES, phi.kinks)
    np.testing.assert_allclose(of.second(SIZES), second, rtol=1e-11)
    np.testing.assert_allclose(of.slope(SIZES), gaussian_mean(squared(phi.dphi), SIZES, phi.kinks), rtol=1e-11)
    np.testing.assert_allclose((of.mean(SIZES) - phi.phi_zero) / np.sqrt(size), shift / np.sqrt(size), atol=1e-10)
    np.testing.assert_allclose(of.variance(SIZES) / size, 1 - shift**2 / size, atol=1e-10)
    np.testing.assert_allclose(of.growth(SIZES) * SIZES / second, growth / second, atol=1e-11)
    np.testing.assert_allclose(of.odd(SIZES) / second, odd / second, atol=1e-11)


def test_sine():
    q = np.append(np.logspace(-12, 1, 40), 40.0)
    sine = lookup("sin")
    of = moments("sin")
    np.testing.assert_allclose(of.second(q), gaussian_mean(squared(sine.phi), q), rtol=1e-10)
    np.testing.assert_allclose(of.slope(q), gaussian_mean(squared(sine.dphi), q), rtol=1e-10)
    np.testing.assert_allclose(of.slope(SIZES) + of.second(SIZES), 1, rtol=1e-14)  # cos² + sin²


@pytest.mark.parametrize("name", ["gelu", "mish", "selu", "hard_swish", "softsign", "sigmoid"])
@pytest.mark.parametrize("q", [1e-3, 0.7, 250.0])
def test_another_integrator_agrees(name, q):
    phi = lookup(name)
    reach = 12 * np.sqrt(q)
    density = lambda z: np.exp(-z * z / (2 * q)) / np.sqrt(2 * np.pi * q)  # noqa: E731
    cuts = sorted({0.0, *(k for k in phi.kinks if abs(k) < reach), *(c for c in (-20.0, -2.0, 2.0, 20.0) if abs(c) < reach)})
    edges = [-reach, *cuts, reach]
    for f, answer in ((squared(phi.phi), moments(name).second(q)), (squared(phi.dphi), moments(name).slope(q))):
        pieces = pairwise(edges)
        expected = sum(integrate.quad(lambda z: float(f(np.array(z)) * density(z)), a, b, epsabs=1e-14)[0] for a, b in pieces)  # noqa: B023
        assert answer == pytest.approx(expected, rel=1e-10)


def test_kinks_and_large_sizes_where_gauss_hermite_fails():
    """E[φ′²] of hard tanh is erf(1/√(2 q)); of tanh at q = 100 it is 97 % too low with 64 Gauss–Hermite nodes."""
    q = np.array([0.1, 1.0, 30.0, 1e5])
    np.testing.assert_allclose(moments("hard_tanh").slope(q), special.erf(1 / np.sqrt(2 * q)), rtol=1e-12)
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    for name, size, error in (("hard_tanh", 1.0, 0.03), ("tanh", 100.0, 0.5)):
        naive = weights @ lookup(name).dphi(np.sqrt(size) * nodes) ** 2 / weights.sum()
        assert abs(naive / moments(name).slope(size) - 1) > error


@pytest.mark.parametrize("name", NAMES)
def test_limits_at_zero_and_infinity(name):
    phi, of = lookup(name), moments(name)
    assert of.second(0.0) == pytest.approx(phi.phi_zero**2, rel=1e-11)
    assert of.slope(0.0) == np.mean(np.square(phi.slopes_at_zero))
    assert of.variance(0.0) == 0
    if not phi.bounded:
        assert of.second(np.inf) == np.inf
        assert of.slope(np.inf) == np.mean(np.square(phi.slopes_at_infinity))


@pytest.mark.parametrize("name", NAMES)
def test_logarithms_reach_beyond_floating_point(name):
    of, phi = moments(name), lookup(name)
    t = np.array([-np.inf, -5000.0, -2.0, 3.0, 5000.0])
    logs = of.logs(t)
    np.testing.assert_allclose(logs.second[2:4], np.log(of.second(np.exp(t[2:4]))), rtol=1e-12)
    np.testing.assert_allclose(of.log_second(t), logs.second, rtol=1e-14, atol=1e-14)
    slope_at_zero = np.log(np.mean(np.square(phi.slopes_at_zero)))
    assert logs.centred[0] == -np.inf
    assert logs.centred[1] == pytest.approx(-5000 + slope_at_zero, abs=1e-10)
    assert logs.slope[1] == pytest.approx(slope_at_zero, abs=1e-10)
    if not phi.bounded:
        assert logs.second[4] == pytest.approx(5000 + np.log(np.mean(np.square(phi.slopes_at_infinity))), abs=1e-10)


def test_a_grid_of_any_shape_and_its_errors():
    q = np.logspace(-3, 3, 12).reshape(3, 4)
    assert gaussian_mean(np.tanh, q).shape == (3, 4)
    assert gaussian_mean(lambda z: (z > 0).astype(float), 0.0) == 0.5  # between the limits from both sides
    for bad in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="q must be finite"):
            gaussian_mean(np.tanh, bad)


@pytest.mark.parametrize("row", rows("kernel"), ids=label)
def test_reference_kernel(row):
    phi, q, c = lookup(row["act"]), row["q"], row["c"]
    d, m = Kernel(phi)(q, 1 - c)
    assert moments(row["act"]).second(q) - d == pytest.approx(row["E"], abs=1e-12)
    assert m == pytest.approx(row["E_dd"], abs=1e-12)
    assert gaussian_pair_mean(phi.phi, phi.phi, q, c, phi.kinks) == pytest.approx(row["E"], abs=1e-12)
    assert gaussian_pair_mean(phi.dphi, phi.dphi, q, c, phi.kinks) == pytest.approx(row["E_dd"], abs=1e-12)


@pytest.mark.slow
@given(
    name=st.sampled_from(BY_QUADRATURE),
    log_q=st.floats(-12, 8),
    c=st.one_of(st.floats(-1, 1), st.floats(1e-9, 1e-2).map(lambda eps: 1 - eps)),
)
def test_kernel_is_the_quadrature(name, log_q, c):
    phi, q = lookup(name), float(np.exp(log_q))
    d, m = Kernel(phi)(q, 1 - c) if name in ("relu", "erf") else _kernels(name)(q, 1 - c)
    scale = moments(name).second(q)
    assert (scale - d - gaussian_pair_mean(phi.phi, phi.phi, q, c, phi.kinks)) / scale == pytest.approx(0, abs=1e-11)
    if abs(c) < 1:
        scale = moments(name).slope(q)
        assert (m - gaussian_pair_mean(phi.dphi, phi.dphi, q, c, phi.kinks)) / scale == pytest.approx(0, abs=1e-10)


def test_two_dimensional_gauss_hermite_agrees_where_it_may_be_trusted():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    q, c = 0.3, np.array([-0.9, -0.2, 0.0, 0.5, 0.95])
    first = np.sqrt(q) * nodes[:, None]
    for name in ("tanh", "gelu", "sigmoid"):
        phi = lookup(name).phi
        expected = [weights @ (phi(first) * phi(r * first + np.sqrt(q * (1 - r * r)) * nodes)) @ weights for r in c]
        d, _ = _kernels(name)(q, 1 - c)
        np.testing.assert_allclose(moments(name).second(q) - d, expected, atol=1e-10)


def test_tabulated_erf_keeps_the_digits_of_its_closed_form(monkeypatch):
    """The same function by another name has no closed form: the table must give the same, relative to D itself where ε is small."""
    twin = dataclasses.replace(lookup("erf"), name="erf by table")
    monkeypatch.setitem(ACTIVATIONS, twin.name, twin)
    eps = np.concatenate((np.logspace(-12, 0, 25), [1.3, 1.99, 2.0]))
    for q in (1e-4, 0.8, 300.0):
        (d, m), (expected_d, expected_m) = Kernel(twin)(q, eps), Kernel(lookup("erf"))(q, eps)
        np.testing.assert_allclose(d, expected_d, rtol=2e-10)
        np.testing.assert_allclose(m[:-1], expected_m[:-1], rtol=1e-9)
    np.testing.assert_allclose(Moments(twin).second(SIZES), moments("erf").second(SIZES), rtol=1e-12)


def _kernels(name, known={}):  # noqa: B006  one table for the whole module
    return known.setdefault(name, Kernel(lookup(name)))
