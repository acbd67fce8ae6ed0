"""The race: who wins over several seeds, lanes in step, and a verdict that says what came out and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from propagation import Config
from propagation.labs import compare_networks
from propagation.labs.compare import GLOROT_2010
from propagation.labs.race import (
    GUESSING,
    LEARNED,
    LOOKS,
    MOST_DEPTH,
    Entry,
    Lane,
    decide,
    fitting_width,
    race,
    ranked,
    whole_percent,
)
from propagation.labs.training import Recipe, Snapshot, train

SEEDS = range(4)
FINAL = (1e-3, 1e-3)


def final_accuracies(recipe: Recipe, **fields) -> np.ndarray:
    """Held-out accuracy after the last step, one for each seed."""
    return np.array([list(train(Config(seed=seed, **fields), recipe, recipe.steps))[-1].accuracy for seed in SEEDS])


def clearly_less(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the means differ by more than four standard errors of their difference."""
    error = np.sqrt((low.var(ddof=1) + high.var(ddof=1)) / len(low))
    return float(high.mean() - low.mean()) > 4 * error


def lane(place: int, *accuracies: float, paces: tuple[float, ...] = FINAL, diverged: bool = False) -> Lane:
    """A lane with these accuracies, seen every 10 steps, whose layers always move by `paces`."""
    snapshots = [Snapshot(10 * k, 2.0, a, np.array(paces), np.full(len(paces), -6.0)) for k, a in enumerate(accuracies)]
    if diverged:
        snapshots.append(Snapshot(10 * len(accuracies) - 3, 2.0, accuracies[-1], np.array(paces), np.full(len(paces), -6.0), True))
    return Lane(place, "ABCDEF"[place], tuple(snapshots))


def steady(place: int, accuracy: float, **kwargs) -> Lane:
    return lane(place, 0.1, *[accuracy] * LOOKS, **kwargs)


@pytest.mark.slow
def test_at_ten_layers_sigmoid_and_the_old_standard_lose():
    """As Glorot & Bengio 2010 found: tanh with normalized weights far ahead, standard ones behind, sigmoid not moving at all."""
    base = {"depth": 10, "width": 50, "weight_law": "uniform", "bias_variance": 0.0}
    recipe = Recipe(0.03, steps=150)
    normalized = final_accuracies(recipe, activation="tanh", scheme="glorot", **base)
    standard = final_accuracies(recipe, activation="tanh", scheme="glorot_standard", **base)
    sigmoid = final_accuracies(recipe, activation="sigmoid", scheme="glorot", **base)
    assert normalized.min() > 0.85 and standard.max() < 0.5 and sigmoid.max() < GUESSING
    assert clearly_less(standard, normalized) and clearly_less(sigmoid, normalized)
    # negative control: two seeds of one initialization are not told apart
    assert not clearly_less(normalized[:2], normalized[2:])


@pytest.mark.slow
def test_at_fifty_layers_only_the_critical_one_learns():
    base = {"depth": 50, "width": 50, "activation": "tanh", "scheme": "custom", "bias_variance": 0.05}
    recipe = Recipe(0.01, steps=150)
    ordered, critical, chaotic = (final_accuracies(recipe, weight_variance=value, **base) for value in (0.9, 1.76, 4.0))
    assert ordered.max() < GUESSING and clearly_less(ordered, critical) and clearly_less(chaotic, critical)
    assert critical.min() > max(ordered.max(), chaotic.max())


@pytest.mark.slow
def test_at_fifty_layers_skips_help_where_their_branches_are_scaled_or_normalized():
    """Of one initialization: plain layers and batch norm hardly move, unscaled blocks diverge, those with 1/√L and pre-norm learn."""
    base = {"depth": 50, "width": 32, "activation": "relu", "scheme": "he", "bias_variance": 0.0}
    recipe = Recipe(0.01, steps=150)
    found = {network.name: final_accuracies(recipe, **(base | network.blocks)) for network in compare_networks.FIRST}
    assert list(found) == ["plain", "batch_norm", "residual", "residual_sqrt", "pre_norm"]
    for name in ("plain", "batch_norm"):
        assert found[name].max() < 0.5
        assert all(clearly_less(found[name], found[other]) for other in ("residual_sqrt", "pre_norm"))
    assert found["residual_sqrt"].min() > 0.75 and found["pre_norm"].min() > 0.6
    unscaled = base | {"architecture": "residual"}
    assert all(list(train(Config(seed=seed, **unscaled), recipe))[-1].diverged for seed in SEEDS)


def test_lanes_advance_together_and_each_is_its_own_training():
    recipe = Recipe(0.05, steps=100)
    configs = [column.uses(Config(depth=3, width=12)) for column in GLOROT_2010[:3]]
    states = list(race([Entry(place, f"{place}", config) for place, config in enumerate(configs)], recipe))
    assert len(states) == 21 and states[0][0].latest.step == 0 and states[-1][0].latest.step == 100
    for state in states:
        assert len({one.latest.step for one in state}) == 1
    for one, config in zip(states[-1], configs, strict=True):
        assert [s.loss for s in one.snapshots] == [s.loss for s in train(config, recipe, 5)]


def test_who_diverges_stays_behind_and_the_others_go_on():
    calm = Config(depth=3, width=12, activation="tanh", scheme="glorot")
    wild = Config(depth=6, width=20, activation="relu", scheme="custom", weight_variance=30.0)
    *_, (first, second) = race([Entry(0, "calm", calm), Entry(3, "wild", wild)], Recipe(1.0, steps=50))
    assert first.latest.step == 50 and second.latest.diverged and second.latest.step < 50 and second.place == 3
    assert second.story == f"diverged at step {second.latest.step}"
    assert [one.label for one in ranked([second, first])] == ["calm", "wild"]


@pytest.mark.parametrize(
    ("accuracy", "kind", "story"),
    [
        (0.93, "learned", "learned: 93 %"),
        (LEARNED, "learned", "learned: 80 %"),
        (0.5, "learning", "got to 50 %"),
        (0.1, "guessing", "stands still at 10 % (chance)"),
        (0.0944, "guessing", "stands still at 9 % (chance)"),
    ],
)
def test_a_story_ends_in_words(accuracy, kind, story):
    one = steady(0, accuracy)
    assert (one.kind, one.story) == (kind, story)


def test_one_unlucky_batch_does_not_decide():
    assert lane(0, 0.1, 0.9, 0.9, 0.9, 0.9, 0.6).accuracy == 0.9
    assert lane(0, 0.1, 0.9, 0.6, 0.6, 0.6, 0.6).accuracy == 0.6


def test_a_clear_winner_is_named_with_the_pace_of_who_stood_still():
    decision = decide([steady(0, 0.1, paces=(2e-11, 1e-3)), steady(1, 0.96), steady(2, 0.88), steady(3, 0.11, paces=(1e-5, 1e-5))])
    assert decision.winner == 1 and decision.headline == "B wins: it reads 96 % of the held-out digits."
    assert "Next is C, at 88 %." in decision.reason
    assert "every layer of B moves by at least 0.001" in decision.reason and "slowest layer of A moves by 2 × 10⁻¹¹" in decision.reason


def test_a_tie_goes_to_the_faster_one_and_says_so():
    slow = lane(0, 0.1, 0.2, 0.5, 0.8, *[0.96] * LOOKS)
    fast = lane(1, 0.1, 0.8, 0.9, 0.9, *[0.95] * LOOKS)
    decision = decide([slow, fast])
    assert decision.winner == 1 and decision.headline == "B is fastest: 70 % of the held-out digits at step 10."
    assert "too close to call: A (96 %), B (95 %)" in decision.reason
    assert decide([fast, lane(0, *[s.accuracy for s in fast.snapshots])]).winner is None


@pytest.mark.parametrize(
    ("lanes", "winner", "headline", "reason"),
    [
        ([steady(0, 0.1), steady(1, 0.11)], None, "Nobody learns", "slowest layer moves by 0.001"),
        (
            [lane(0, 0.1, diverged=True), lane(1, 0.1, 0.2, diverged=True)],
            None,
            "Nobody learns: every lane diverges",
            "smaller learning rate",
        ),
        ([steady(0, 0.9)], None, "A learns: 90 %", "add another"),
        ([steady(0, 0.5), steady(1, 0.1)], 0, "A leads: it reads 50 %", "similar paces"),
        ([steady(0, 0.5), steady(1, 0.52)], None, "Too close to call", "B (52 %), A (50 %)"),
        ([steady(0, 0.9), steady(1, 0.3, paces=(1e-3, 0.2))], 0, "A wins", "unevenly: its fastest layer by 0.2"),
        (
            [steady(0, 0.9), lane(1, 0.1, 0.2, paces=(0.1, 0.7), diverged=True)],
            0,
            "A wins",
            "B diverged: in the end one step moved a layer by 0.7 of its weights",
        ),
    ],
)
def test_the_verdict_says_what_came_out(lanes, winner, headline, reason):
    decision = decide(lanes)
    assert decision.winner == winner and headline in decision.headline and reason in decision.reason


def test_shares_that_differ_by_chance_alone_are_a_tie():
    """Two standard errors at 360 digits: 5 points around 80 %, 2 around 98 %."""
    assert decide([steady(0, 0.85), steady(1, 0.80)]).headline.startswith("Too close")
    assert decide([steady(0, 0.99), steady(1, 0.96)]).winner == 0
    assert whole_percent(0.945) == "94 %"


def test_a_race_is_as_wide_as_there_is_time_for():
    def configs(width: int) -> list[Config]:
        return [Config(depth=50, width=width, seed=seed) for seed in range(6)]

    widths = [fitting_width(configs, 512, Recipe(steps=steps)) for steps in (10, 300, 2000)]
    assert widths == [128, 128, 32] and widths == sorted(widths, reverse=True) and widths[-1] < 128
    assert fitting_width(configs, 100, Recipe(steps=300)) == 100
    assert fitting_width(lambda width: [Config(depth=MOST_DEPTH + 1, width=width)], 16, Recipe(steps=1)) is None
