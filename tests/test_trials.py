"""Medians over trials: the rules for what is zero, infinite or no number, and that they are taken in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from propagation.engine.trace import Moments
from propagation.trials import over_trials, sizes_over_trials

NAN, INF = np.nan, np.inf
PACKAGE = Path(__file__).parent.parent / "propagation"


@pytest.mark.parametrize("trials", range(1, 12))
def test_numbers_have_the_usual_median_and_the_nearest_trials_as_band(trials):
    values = np.random.default_rng(trials).standard_normal((trials, 4, 3))
    found = over_trials(values)
    np.testing.assert_array_equal(found.median, np.median(values, axis=0))
    np.testing.assert_array_equal(found.low, np.quantile(values, 0.1, axis=0, method="nearest"))
    np.testing.assert_array_equal(found.high, np.quantile(values, 0.9, axis=0, method="nearest"))


@pytest.mark.parametrize(
    ("column", "of_sizes", "of_others"),
    [
        ([1, 2, 3], 2, 2),
        ([1, 2, 3, 4], 2.5, 2.5),
        ([-INF, 2, 3], 2, 2),
        ([-INF, -INF, 3], -INF, -INF),
        ([-INF, -INF, 3, 4], -INF, -INF),  # between nothing and something
        ([-INF, -INF], -INF, -INF),
        ([NAN, 2, 3], 2, 2.5),  # gone, or not there
        ([NAN, NAN, 3], -INF, 3),
        ([NAN, NAN, 3, 4], -INF, 3.5),
        ([NAN, NAN], -INF, NAN),
        ([NAN], -INF, NAN),
        ([NAN, -INF, 3], -INF, -INF),
        ([1, 2, INF], 2, 2),
        ([INF, INF, 2], INF, INF),
    ],
)
def test_zeros_and_what_is_no_number(column, of_sizes, of_others):
    values = np.array(column, dtype=float)[:, None]
    np.testing.assert_array_equal(sizes_over_trials(values).median, [of_sizes])
    np.testing.assert_array_equal(over_trials(values).median, [of_others])


def test_each_column_leaves_out_its_own_trials():
    values = np.array([[1, NAN, NAN], [2, 5, NAN], [3, 6, NAN], [4, 7, 9]], dtype=float)
    found = over_trials(values)
    np.testing.assert_array_equal(found.median, [2.5, 6, 9])
    np.testing.assert_array_equal(found.low, [1, 5, 9])
    np.testing.assert_array_equal(found.high, [4, 7, 9])


def test_moments_have_the_median_of_their_second_moments_and_a_trial_that_died_counts_as_nothing():
    sizes = np.array([[0.0, -1.0, NAN], [1.0, -2.0, -3.0], [2.0, -INF, NAN]])
    measured = Moments(np.zeros((3, 3)), np.full((3, 3), 7.0), sizes)
    np.testing.assert_array_equal(measured.median(), [1.0, -2.0, -INF])


def test_medians_over_trials_are_taken_in_one_place():
    """Elsewhere NumPy's medians are of everything at once, along no axis."""
    names = {"median", "nanmedian", "quantile", "nanquantile", "percentile", "nanpercentile"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                assert not any(keyword.arg == "axis" for keyword in node.keywords), f"{path}:{node.lineno}"
