"""The trainability map: the line of theory, how its quality is counted, its text, and the map that ships, made again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from propagation.config import Config
from propagation.labs.trainability import (
    LEARNED,
    STANDARD,
    Grid,
    Outcome,
    agreement,
    assembled,
    coarse_grid,
    deepest,
    from_json,
    reach,
    to_json,
    train_cell,
)
from propagation.labs.training import HELD_OUT, Recipe
from propagation.theory.maps import depth_scales

SHIPPED = Path(__file__).parents[2] / "assets" / "trainability.json"
GRID = Grid(Config(width=16, bias_variance=0.05), Recipe(steps=20), (1, 4, 16, 64), (0.5, 1.0, 3.0))


@pytest.fixture(scope="module")
def shipped():
    return from_json(SHIPPED.read_text(encoding="utf-8"))


def of_rule(learns) -> dict:
    """A map on which a network learned where this rule of its depth and reach says so."""
    limits = reach(GRID.base, np.array(GRID.weight_variances))
    return {(row, column): Outcome(0.9 if learns(GRID.depths[row], limits[column]) else 0.1) for row, column in GRID.places}


def test_the_line_is_six_depth_scales():
    weights = np.array([0.5, 1.0, 4.0])
    np.testing.assert_allclose(reach(GRID.base, weights), [6 * depth_scales("tanh", w, 0.05).xi_c for w in weights])
    slopes = np.exp(-6 / reach(GRID.base, weights[:2]))  # in the ordered phase c* = 1, and C′(1) = χ₁
    np.testing.assert_allclose(slopes, [depth_scales("tanh", w, 0.05).chi_1 for w in weights[:2]])


@pytest.mark.parametrize(
    ("activation", "bias_variance", "weight_variance", "expected"),
    [
        ("relu", 0.0, 2.0, math.inf),
        ("relu", 0.0, 3.0, math.inf),
        ("relu", 0.0, 1.0, 6 / math.log(2)),
        ("relu", 0.5, 1.0, 6 / math.log(2)),
        ("linear", 0.0, 1.0, math.inf),
        ("linear", 0.0, 4.0, math.inf),
        ("linear", 0.1, 0.5, 6 / math.log(2)),
        ("tanh", 0.0, 0.5, 6 / math.log(2)),
        ("tanh", 0.0, 0.0, 0.0),
    ],
)
def test_the_line_where_a_signal_dies_or_is_never_forgotten(activation, bias_variance, weight_variance, expected):
    limit = reach(Config(activation=activation, bias_variance=bias_variance), np.array([weight_variance]))[0]
    assert limit == pytest.approx(expected)


def test_without_a_bias_the_line_is_the_limit_of_a_vanishing_one():
    weights = np.array([0.3, 0.6, 0.9])
    small = reach(Config(bias_variance=1e-9), weights)
    np.testing.assert_allclose(reach(Config(bias_variance=0), weights), small, rtol=1e-5)


def test_a_map_that_follows_the_line_agrees_with_it_everywhere():
    found = agreement(assembled(GRID, of_rule(lambda depth, limit: depth <= limit)))
    assert (found.right, found.beyond, found.short, found.cells) == (12, 0, 0, 12)
    assert found.one_depth == 11  # reaches 7, 22, 54: one greatest depth of 16 is wrong about (0.5, 16) alone
    assert -1 < found.rank_correlation < -0.8


def test_a_map_that_contradicts_the_line_is_found_out():
    """Negative control."""
    found = agreement(assembled(GRID, of_rule(lambda depth, limit: depth > limit)))
    assert found.right == 0 and found.beyond + found.short == 12 and found.rank_correlation > 0.8


def test_cells_that_are_not_trained_do_not_count():
    outcomes = of_rule(lambda depth, limit: depth <= limit)
    half = {place: outcome for place, outcome in outcomes.items() if place[0] < 2} | {(3, 0): Outcome(failure="no")}
    found = assembled(GRID, half)
    assert agreement(found).cells == 6 and not found.trained[3, 0] and found.failures == {(3, 0): "no"}
    assert found.outcome((2, 0)) is None and np.isfinite(found.accuracy).all()
    assert agreement(assembled(GRID, {})) is None


def test_the_rank_correlation_is_spearmans_with_ties_sharing_their_rank():
    grid = Grid(GRID.base, GRID.recipe, (1, 2, 3, 4), (1.0,))
    found = agreement(assembled(grid, {(0, 0): Outcome(0.9), (1, 0): Outcome(0.5), (2, 0): Outcome(0.5), (3, 0): Outcome(0.1)}))
    assert found.rank_correlation == pytest.approx(-4.5 / math.sqrt(5 * 4.5))  # ranks 0 1 2 3 against 3 1.5 1.5 0
    same = agreement(assembled(grid, {place: Outcome(0.3) for place in grid.places}))
    assert math.isnan(same.rank_correlation)


def test_the_deepest_that_learned_ends_at_the_first_that_did_not():
    outcomes = of_rule(lambda depth, limit: depth <= 4) | {(3, 0): Outcome(0.9), (0, 2): Outcome(0.2)}
    assert deepest(assembled(GRID, outcomes)).tolist() == [4, 4, 0]


def test_a_map_reads_back_as_it_was_written():
    outcomes = {(0, 0): Outcome(0.9361), (1, 2): Outcome(0.25, diverged=True)}
    read = from_json(to_json(assembled(GRID, outcomes), {"date": "2025-01-01"}))
    assert read.grid == GRID and read.trained.sum() == 2
    assert {place: read.outcome(place) for place in outcomes} == outcomes


@pytest.mark.parametrize(
    "change",
    [
        ("]", ""),
        ('"depths"', '"depth"'),
        ('"width": 16', '"width": -1'),
        ("[1, 4, 16, 64]", "[4, 1, 16, 64]"),
        ("0.9", "9.9"),
        ("0.9", '"x"'),
    ],
)
def test_what_is_no_map_is_refused_with_a_reason(change):
    text = to_json(assembled(GRID, {(0, 0): Outcome(0.9)}), {})
    with pytest.raises(ValueError, match="no trainability map"):
        from_json(text.replace(*change))


@pytest.mark.parametrize(("depths", "weights"), [((), (1.0,)), ((4, 2), (1.0,)), (tuple(range(1, 60)), tuple(np.arange(1.0, 60)))])
def test_a_grid_that_is_empty_or_unordered_or_too_large_is_refused(depths, weights):
    with pytest.raises(ValueError, match=r"no axis|too large"):
        Grid(GRID.base, GRID.recipe, depths, weights)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "softplus", "x*sigmoid(1.7*x)"])
def test_every_activation_has_a_coarse_grid_around_its_critical_point(activation):
    grid = coarse_grid(activation, 0.05, "gaussian", 3)
    assert grid.shape == (6, 6) and grid.cell((5, 5)).depth == 80 and grid.cell((0, 0)).seed == 3
    assert grid.weight_variances[-1] <= 100


def test_the_map_that_ships_is_whole_and_is_that_of_the_command(shipped):
    assert shipped.grid == STANDARD and shipped.trained.all() and not shipped.failures
    np.testing.assert_allclose(shipped.accuracy * HELD_OUT, np.rint(shipped.accuracy * HELD_OUT), atol=0.05)


def test_the_line_predicts_the_map_that_ships(shipped):
    """What the page says of it, with room to spare; a line at twice or half the depth does worse."""
    found = agreement(shipped)
    assert found.right > 0.9 * found.cells and found.right > found.one_depth + 0.1 * found.cells
    assert found.rank_correlation < -0.7
    depths = np.array(STANDARD.depths)[:, None]
    limits = reach(STANDARD.base, np.array(STANDARD.weight_variances))
    for factor in (0.5, 2):
        right = np.sum((shipped.accuracy >= LEARNED) == (depths <= factor * limits))
        assert right < found.right


@pytest.mark.slow
@pytest.mark.parametrize("draw", range(2))
def test_random_cells_of_the_map_that_ships_are_made_again(shipped, draw):
    """Up to 16 layers: deeper, chaotic networks magnify how another processor rounds its sums."""
    rng = np.random.default_rng((20, draw))
    place = int(rng.integers(7)), int(rng.integers(20))
    again = train_cell(STANDARD.cell(place), STANDARD.recipe)
    assert abs(again.accuracy - shipped.accuracy[place]) <= 0.02
    assert again.diverged == shipped.diverged[place]


@pytest.mark.slow
def test_another_seed_makes_another_network(shipped):
    """Negative control: in the chaotic phase networks of two seeds differ by more than is allowed above."""
    place = (5, 19)
    other = Grid(Config(**{**vars(STANDARD.base), "seed": 1}), STANDARD.recipe, STANDARD.depths, STANDARD.weight_variances)
    assert abs(train_cell(other.cell(place), other.recipe).accuracy - shipped.accuracy[place]) > 0.02


def test_a_training_reports_how_far_it_is():
    shares = []
    outcome = train_cell(GRID.cell((0, 0)), GRID.recipe, shares.append)
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares)
    assert outcome == train_cell(GRID.cell((0, 0)), GRID.recipe)
