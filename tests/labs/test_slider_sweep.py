"""The sweep of a slider: which experiments it runs, and what it says of those in between."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from propagation import Config, predict, simulate
from propagation.config import NUMBERS
from propagation.labs.manifold import ANGLES, STARTS, angles_alike
from propagation.labs.slider_sweep import FINE, NEAR, NETWORKS, Kind, along, plans, run
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION, scatters_alike
from propagation.rules import moved
from propagation.theory.manifold import angle_paths
from propagation.theory.variance_decomposition import predict_scatters_of

SMALL = Config(depth=8, width=32, inputs=4, trials=3)
STEPS = NUMBERS["weight_variance"].steps
HERE = STEPS.index(1.5)
REACH = round(NEAR * len(STEPS))


def plans_of(config: Config, field: str) -> tuple:
    values = NUMBERS[field].steps
    return plans(NETWORKS, config, field, values, values.index(getattr(config, field)))


def test_a_long_scale_is_covered_near_the_thumb_first_then_whole():
    near, coarse, whole = plans_of(SMALL, "weight_variance")
    assert (coarse.values[0], coarse.values[-1], coarse.trials) == (STEPS[0], STEPS[-1], 1)
    assert (len(coarse.values), len(coarse.measured)) == (FINE[-1][0], FINE[-1][2])
    assert near.trials == 1 and near.values[0] == STEPS[HERE - REACH] and near.values[-1] == STEPS[HERE + REACH]
    assert (whole.values[0], whole.values[-1]) == (STEPS[0], STEPS[-1]) and whole.trials == SMALL.trials
    assert (len(whole.values), len(whole.measured)) == (FINE[0][0], FINE[0][2])
    for plan in (near, coarse, whole):
        assert 1.5 in plan.values and plan.values.index(1.5) in plan.measured
        assert {0, len(plan.values) - 1} <= {*plan.measured}
        assert list(plan.values) == sorted(plan.values)


def test_a_short_scale_is_measured_at_every_step():
    (plan,) = plans_of(SMALL, "width")
    assert list(plan.measured) == list(range(len(plan.values)))


def test_values_that_take_too_long_are_left_out():
    (plan,) = plans_of(Config(width=512, inputs=16, depth=20), "depth")
    assert 20 in plan.values and 2000 not in plan.values


def test_a_sweep_that_would_take_too_long_is_coarser():
    *_, whole = plans_of(Config(depth=500), "weight_variance")
    assert (whole.values[0], whole.values[-1]) == (STEPS[0], STEPS[-1]) and len(whole.values) < FINE[0][0]


#: 24 blocks of attention and MLP
DEEP = Config(
    architecture="transformer",
    normalization="layer",
    depth=24,
    width=256,
    heads=8,
    tokens=16,
    inputs=1,
    expansion=4,
    activation="relu",
    trials=2,
)


def test_a_deep_transformer_has_as_many_places_as_theory_has_time_for():
    """Networks at every one of them: 24 or more, 7 near the thumb; fewer where theory draws its patterns, as under a causal mask."""
    near, *_, whole = plans_of(replace(DEEP, weight_variance=1.5), "weight_variance")
    assert len(near.values) == 7 and len(whole.values) >= 24 and len(whole.measured) == len(whole.values)
    *_, causal = plans_of(replace(DEEP, weight_variance=1.5, causal=True), "weight_variance")
    assert 3 <= len(causal.values) < len(whole.values)


def test_between_two_places_of_a_deep_transformer_theory_is_nearly_a_straight_line():
    """Frames in between are interpolated: off by less than 0.06 of a decade from σ_w² = 0.5 on, where lines go over decades."""
    *_, whole = plans_of(replace(DEEP, weight_variance=1.5), "weight_variance")
    places = [value for value in whole.values if 0.5 < value < 4][::2]
    off, moved_by = [], []
    for low, high in pairwise(places):
        middle = STEPS[(STEPS.index(low) + STEPS.index(high)) // 2]
        first, between, last = (predict(replace(DEEP, weight_variance=value)) for value in (low, middle, high))
        for name in ("stream", "stream_gradient", "weight_gradient"):
            a, b, c = (np.asarray(one.signal(name).log10_second_moment) for one in (first, between, last))
            off.append(np.abs((a + c) / 2 - b).max())
            moved_by.append(np.abs(a - b).max())
    assert max(off) < 0.06 < max(moved_by)


def test_there_is_none_where_one_network_takes_too_long():
    assert plans_of(Config(width=2**19, depth=200, trials=1), "weight_variance") == ()


@pytest.mark.parametrize("field", ["weight_variance", "depth", "width"])
def test_what_is_measured_is_what_a_simulation_of_that_value_measures(field):
    *_, plan = plans_of(Config(depth=10, width=32, inputs=4, trials=2), field)
    sweep = run(plan)
    for place in plan.measured[:: len(plan.measured) // 4]:
        (config,) = plan.configs([place])
        trace, expected = sweep.at(place), simulate(config)
        assert trace.config == config
        for name in expected.signals:
            assert np.array_equal(trace.signal(name).log10_second_moment, expected.signal(name).log10_second_moment)
        line = predict(config).z.log10_second_moment
        assert sweep.predictions[place].z.log10_second_moment == pytest.approx(line, abs=1e-9)


def test_in_between_logarithms_are_interpolated():
    """To a tenth of a decade over 8 layers; what lies between two measured values is not the value of either."""
    *_, plan = plans_of(SMALL, "weight_variance")
    sweep = run(plan)
    places = [place for place in range(len(plan.values)) if 0.5 < plan.values[place] < 4 and place not in plan.measured]
    assert places
    off, of_neighbours = [], []
    for place in places:
        (config,) = plan.configs([place])
        before = max(one for one in plan.measured if one < place)
        trace, expected = sweep.at(place), simulate(config)
        assert trace.config == config
        for name in ("z", "delta", "weight_gradient"):
            middle = expected.signal(name).median()
            off.append(np.abs(trace.signal(name).median() - middle).max())
            of_neighbours.append(np.abs(sweep.at(before).signal(name).median() - middle).max())
    assert max(off) < 0.1 < max(of_neighbours)


def test_a_signal_that_is_gone_on_one_side_is_as_on_the_nearer():
    *_, plan = plans_of(Config(depth=8, width=32, inputs=4, trials=1, activation="relu", bias_variance=0.0), "weight_variance")
    sweep = run(plan)
    assert np.isneginf(sweep.at(0).z.median()).all()
    second = plan.measured[1]
    middles = [sweep.at(place).z.median() for place in range(second + 1)]
    assert [bool(np.isfinite(one).all()) for one in middles] == [place >= second / 2 for place in range(second + 1)]


#: labs as pages ask them along a slider
LABS: dict[str, Kind] = {
    "angles": Kind(ANGLES.uses, lambda configs, _: angle_paths(configs, np.array(STARTS)), angles_alike, FINE[1:]),
    "scatters": Kind(VARIANCE_DECOMPOSITION.uses, lambda configs, _: predict_scatters_of(configs), scatters_alike, FINE[1:], 4),
}


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("field", ["weight_variance", "depth", "width"])
def test_a_lab_is_asked_of_what_it_uses(lab, field):
    kind, values = LABS[lab], NUMBERS[field].steps
    *_, plan = plans(kind, SMALL, field, values, values.index(getattr(SMALL, field)))
    assert plan.trials >= kind.fewest and getattr(SMALL, field) in plan.values
    for place, config in zip(plan.measured, plan.configs(plan.measured), strict=True):
        (own,) = SMALL.variants(field, [plan.values[place]])
        assert config == replace(kind.uses(own), trials=plan.trials)


@pytest.mark.parametrize("lab", LABS)
def test_between_two_places_a_lab_has_numbers_between_theirs(lab):
    *_, plan = plans(LABS[lab], SMALL, "weight_variance", STEPS, HERE)
    sweep = run(plan)
    first, second = plan.measured[4:6]
    for low, high, middle in zip(*(numbers(sweep.at(place)) for place in (first, second, (first + second) // 2)), strict=True):
        known = np.isfinite(low) & np.isfinite(high)
        assert second > first + 1 and known.any()
        assert np.all((middle >= np.minimum(low, high) - 1e-12)[known] & (middle <= np.maximum(low, high) + 1e-12)[known])


def numbers(answer) -> list[np.ndarray]:
    """All arrays of an answer, one after the other."""
    if isinstance(answer, np.ndarray):
        return [answer]
    parts = answer.values() if isinstance(answer, dict) else vars(answer).values() if is_dataclass(answer) else ()
    return [] if isinstance(answer, Config) else [array for part in parts for array in numbers(part)]


def test_labs_that_need_several_networks_are_refused_sooner():
    config = Config(depth=400, width=16)
    several = replace(LABS["angles"], fewest=20)
    assert plans(LABS["angles"], config, "weight_variance", STEPS, HERE) and not plans(several, config, "weight_variance", STEPS, HERE)


@pytest.mark.parametrize(
    ("config", "field", "values"),
    [
        (Config(architecture="transformer", tokens=8, heads=12, width=96, inputs=2), "width", (2, 64, 96)),
        (Config(architecture="transformer", tokens=64, heads=4, inputs=2), "inputs", (1, 2, 1024)),
        (Config(normalization="batch"), "inputs", (1, 2, 16)),
        (Config(architecture="convolution", positions=64, inputs=2), "inputs", (1, 64)),
    ],
)
def test_what_does_not_go_with_a_value_of_the_slider_gives_way_as_it_does_on_release(config, field, values):
    found = along(config, field, values)
    assert [getattr(one, field) for one in found] == [*values]
    assert found == [moved(config, field, value)[0] for value in values]
