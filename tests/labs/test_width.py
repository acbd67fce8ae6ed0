"""How wide is infinite: the right experiment, the right deviations, the right slope."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS

from propagation import Config
from propagation.labs.width import (
    DEPTH,
    FEWEST_NETWORKS,
    MOST_DRAWN,
    MOST_NETWORKS,
    SMALL,
    WIDTHS,
    Deviation,
    WidthResult,
    deviations,
    fitted,
    uses,
    widths_of,
)

NARROW = WIDTHS[:6]
HE = Config(activation="relu", scheme="he", bias_variance=0.0, depth=4)


def results_like(measured, networks: int = 64) -> list[WidthResult]:
    """Results whose deviations are known numbers."""
    deviation = [Deviation(value, value / 10, None) for value in measured]
    return [WidthResult(width, networks, d, d) for width, d in zip(WIDTHS, deviation, strict=False)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        HE,
        replace(HE, activation="linear", scheme="lecun"),
        replace(HE, weight_law="orthogonal"),
        replace(HE, width_profile="funnel", depth=3),
        replace(HE, depth=1),
    ],
    ids=["relu", "linear", "orthogonal", "funnel", "one layer"],
)
def test_what_is_measured_is_what_theory_expects(config):
    """Where the law is exact, the root mean square over 64 networks is the expected one; wide enough for nearly Gaussian ratios."""
    for result in deviations(config, WIDTHS[3:6]):
        for deviation in (result.z, result.delta):
            error = max(deviation.error, deviation.theory / (2 * result.networks) ** 0.5)
            assert abs(deviation.measured - deviation.theory) < ERRORS * error


@pytest.mark.slow
def test_another_theory_is_told_apart():
    """Negative control: twice the depth is √2 times the deviation."""
    results = list(deviations(HE, WIDTHS[3:6]))
    deeper = list(deviations(replace(HE, depth=8), WIDTHS[3:6]))
    off = [(deep.delta.theory - here.delta.measured) / here.delta.error for here, deep in zip(results, deeper, strict=True)]
    assert np.mean(off) > ERRORS


@pytest.mark.slow
@pytest.mark.parametrize("config", [HE, Config(depth=4), Config(depth=4, activation="gelu", weight_law="orthogonal")])
def test_the_slope_is_one_half(config):
    results = list(deviations(config, WIDTHS[2:7]))
    for signal in ("z", "delta"):
        law = fitted(results, signal)
        assert abs(law.slope + 0.5) < ERRORS * law.error
        assert law.error < 0.06


def test_exact_values_for_one_and_for_many_layers():
    """√((1 + 5/n)^(L−1) (1 + 2/n) − 1) forward, √((1 + 5/n)^L − 1) backward."""
    for depth in (1, 4):
        (result,) = deviations(replace(HE, depth=depth), [64])
        assert result.z.theory == pytest.approx(np.sqrt((1 + 5 / 64) ** (depth - 1) * (1 + 2 / 64) - 1))
        assert result.delta.theory == pytest.approx(np.sqrt((1 + 5 / 64) ** depth - 1))


def test_theory_is_silent_where_no_law_is_known():
    for config in (Config(), replace(HE, bias_variance=0.1), replace(HE, scheme="lsuv")):
        (result,) = deviations(config, [16])
        assert result.z.theory is None and result.delta.theory is None


def test_orthogonal_linear_networks_leave_nothing_to_chance():
    (result,) = deviations(Config(activation="linear", scheme="lecun", bias_variance=0, weight_law="orthogonal"), [64])
    assert result.z.measured == 0 and result.z.theory == pytest.approx(0, abs=1e-7)
    assert result.delta.measured > 0.01
    assert fitted([result] * 3, "z") is None


def test_where_nothing_comes_through_there_is_nothing_to_compare():
    (result,) = deviations(Config(weight_variance=0, bias_variance=0), [16])
    assert np.isnan(result.z.measured) and np.isnan(result.delta.measured)


def test_the_widths_go_from_16_to_a_million_in_powers_of_four():
    assert (WIDTHS[0], WIDTHS[-1]) == (16, 1_000_000)
    assert all(3 < wide / narrow <= 4 for narrow, wide in itertools.pairwise(WIDTHS))


@pytest.mark.parametrize("law", ["gaussian", "orthogonal", "uniform", "truncated_gaussian"])
def test_the_budget_holds_for_every_law(law):
    """Nothing is drawn here: what would be is counted."""
    config = Config(weight_law=law)
    assert widths_of(config) == (WIDTHS if law in ("gaussian", "orthogonal") else WIDTHS[:4])
    matrices = law in ("uniform", "truncated_gaussian")
    for result in deviations(replace(config, depth=1), [64]):
        assert FEWEST_NETWORKS <= result.networks <= MOST_NETWORKS
        assert result.networks * (64**2 if matrices else 64) <= MOST_DRAWN


def test_the_experiment_is_what_the_numbers_depend_on():
    assert uses(Config(width=64, inputs=100, trials=3, cost="cross_entropy")) == uses(Config())
    assert uses(Config(depth=3)).depth == 3 and uses(Config(depth=300)).depth == DEPTH
    assert uses(Config(seed=1)) != uses(Config())
    assert uses(Config(method="dense")).method == "auto"


@pytest.mark.slow
def test_a_width_does_not_depend_on_the_others():
    assert list(deviations(HE, [])) == []
    assert list(deviations(HE, NARROW))[2] == next(deviations(HE, NARROW[2:]))


def test_progress_rises_to_one_and_names_the_width():
    told = []
    assert [result.width for result in deviations(HE, NARROW, lambda width, share: told.append((width, share)))] == list(NARROW)
    assert {width for width, _ in told} == set(NARROW)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)


def test_it_is_left_at_once():
    """A visitor moves on: nothing beyond the width at hand is begun."""

    class MovedOn(Exception):
        pass

    def leave(width, share):
        if width == 64:
            raise MovedOn

    running = deviations(HE, WIDTHS, leave)
    assert next(running).width == 16
    with pytest.raises(MovedOn):
        next(running)


@pytest.mark.parametrize("slope", [-0.5, -1.0, -0.37])
def test_a_power_law_is_found_exactly(slope):
    law = fitted(results_like([0.9 * width**slope for width in WIDTHS]), "z")
    assert law.slope == pytest.approx(slope)
    assert law.deviation_at(400) == pytest.approx(0.9 * 400**slope)
    assert law.width_at(law.deviation_at(5000)) == pytest.approx(5000)


def test_the_standard_error_of_the_slope_is_honest():
    """Fits to deviations with a known scatter, 1/√(2w) of their logarithm, scatter as their own error says."""
    rng = np.random.default_rng(5)
    fits = [fitted(results_like([0.4 * (w / 16) ** -0.5 * np.exp(rng.normal() / 128**0.5) for w in WIDTHS]), "z") for _ in range(400)]
    found = np.std([law.slope for law in fits])
    assert found == pytest.approx(np.mean([law.error for law in fits]), rel=0.2)


def test_large_deviations_are_not_fitted():
    sizes = [10 * SMALL, 3 * SMALL, 0.4, 0.2, 0.1]
    assert fitted(results_like(sizes), "z").slope == pytest.approx(-0.5)
    assert fitted(results_like(sizes[:3]), "z") is None
