"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest

from propagation.formatting import factor, from_log10, magnitude, multiple, number, percent, power_of_ten


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.62, "0.62"), (0.61999, "0.62"), (1, "1"), (1234.5, "1,230"), (0.00123, "0.00123"), (1e-10, "10⁻¹⁰"), (3.21e-7, "3.2 × 10⁻⁷"),
     (9.99e-8, "10⁻⁷"), (0, "0"), (-2.5, "−2.5"), (1e6, "10⁶"),
         (0.9996, "1"), (99_400, "99,400"), (math.inf, "∞"), (math.nan, "not a number")],
)  # fmt: skip
def test_number(value, text):
    assert number(value) == text


def test_logarithms_far_outside_floating_point():
    assert from_log10(-2600.3) == "5 × 10⁻²⁶⁰¹"
    assert magnitude(-2600.3) == "10⁻²⁶⁰⁰"
    assert from_log10(-math.inf) == "0"


def test_powers_of_ten_have_no_zero_and_no_one():
    assert [power_of_ten(k) for k in (-12, -1, 0, 1, 2)] == ["10⁻¹²", "10⁻¹", "1", "10", "10²"]


def test_shares_and_factors():
    assert (percent(0.6187), percent(0.998), percent(0.00312), percent(0.123)) == ("62 %", "99.8 %", "0.312 %", "12 %")
    assert factor(0.62) == "× 0.62"


@pytest.mark.parametrize(
    ("value", "text"), [(1.004, "1.004"), (0.99962, "0.99962"), (1.0000213, "1.000021"), (1, "1"), (1.006, "1.01"), (0.5, "0.5")]
)
def test_a_factor_close_to_one_keeps_the_digits_that_a_power_of_it_shows(value, text):
    assert multiple(value) == text


def test_a_share_close_to_all_is_not_all():
    assert [percent(share) for share in (0.992, 0.9962, 0.99995, 1.0)] == ["99.2 %", "99.62 %", "99.995 %", "100 %"]
