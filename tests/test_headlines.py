"""Headlines: what a verdict says of slow changes, of deaths, of one input, and beside which phase and factors."""

from __future__ import annotations

import numpy as np
import pytest
from charts.traces import moments, trace

from propagation import Config, predict, simulate
from propagation.diagnosis import diagnose


def verdict_of(**fields):
    config = Config(**({"width": 256, "trials": 4, "bias_variance": 0} | fields))
    return diagnose(simulate(config), predict(config))


@pytest.mark.parametrize(("fields", "story"), [({"width": 8, "depth": 30}, "vanish"), ({"width": 7, "depth": 8}, "")])
def test_a_few_dead_networks_are_not_the_story(fields, story):
    """The story, its numbers and the reach are those of the others; how many died is said, with theory's share."""
    config = Config(**({"activation": "relu", "scheme": "he", "bias_variance": 0, "inputs": 1, "trials": 64} | fields))
    trace = simulate(config)
    alive = np.isfinite(trace.z.log10_second_moment).all(axis=1) & np.isfinite(trace.delta.log10_second_moment).all(axis=1)
    assert 0 < (~alive).sum() < 16
    verdict = diagnose(trace, predict(config))
    assert verdict.kind != "dead" and story in verdict.headline
    share = f"The signal dies in {(~alive).sum()} of 64 networks (theory: "
    assert share in verdict.headline and verdict.headline.endswith(" %).")
    middle = np.median(trace.z.log10_second_moment[alive], axis=0)
    assert verdict.forward_factor == pytest.approx(10 ** ((middle[-1] - middle[0]) / (config.depth - 1)), rel=0.02)
    assert "sizes survive" in verdict.reach


def test_where_half_of_the_networks_die_that_is_the_story():
    config = Config(depth=10, trials=6)
    gone = trace(trials=6).z.log10_second_moment.copy()
    gone[:3, 6:] = -np.inf
    assert diagnose(trace(trials=6, config=config, z=moments(gone), lost={"z": 7})).kind == "dead"
    gone[2] = 0
    few = diagnose(trace(trials=6, config=config, z=moments(gone), lost={"z": 7}))
    assert few.kind == "healthy" and few.headline.endswith("in 2 of 6 networks.")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"activation": "relu", "weight_variance": 1.6, "depth": 9}, "signal and gradients fade slowly: 11 layers leave a tenth of them."),
        ({"activation": "relu", "weight_variance": 2.2, "depth": 9}, "gradients grow slowly: 25 layers make them ten times as large."),
        ({"weight_variance": 1.5, "bias_variance": 0.05, "depth": 9}, "gradients fade slowly: 37 layers leave a tenth of them."),
        ({"weight_variance": 1, "depth": 5}, "sizes never settle: 5 layers change the signal by"),
    ],
)
def test_a_slow_change_is_no_clean_bill_of_health(fields, words):
    verdict = verdict_of(**fields, trials=16, width=512)
    assert verdict.kind == "healthy" and verdict.headline.startswith("Healthy at this depth, but ") and words in verdict.headline


def test_a_factor_has_no_more_digits_than_can_be_seen():
    for depth, rate, shown in ((50, -2.8e-4, 1), (50, -1e-3, 10**-1e-3), (500, -2.8e-4, 10**-2.8e-4), (5, 2e-3, 1)):
        verdict = diagnose(trace(depth=depth, slopes={"z": rate, "delta": rate}))
        assert verdict.forward_factor == pytest.approx(shown, rel=1e-9) == verdict.backward_factor
    level = verdict_of(activation="tanh", scheme="lsuv", depth=5)
    assert level.forward_factor == 1 and "1.0000" not in level.headline


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"activation": "elu", "scheme": "he", "depth": 50}, "deeper layers change sizes less and less"),
        ({"scheme": "glorot", "depth": 50}, "deeper layers change sizes less and less"),
        ({"activation": "relu", "scheme": "he", "width": 16, "depth": 100, "trials": 32}, "in very wide networks sizes stay level"),
        ({"weight_variance": 1.760955, "bias_variance": 0.05, "input_variance": 30, "depth": 50}, "once sizes have settled"),
    ],
)
def test_the_phase_beside_a_headline_does_not_contradict_it(fields, said):
    verdict = verdict_of(**fields)
    assert verdict.kind in ("vanishing", "exploding") and verdict.phase is None
    assert "Theory calls it critical: " in verdict.settling and said in verdict.settling
    assert verdict_of(activation="relu", scheme="he", depth=20).phase == "critical"
    assert verdict_of(weight_variance=4, depth=20).phase == "chaotic"


def test_the_rule_of_a_first_layer_is_no_fading():
    siren = {"activation": "sin(30*x)", "weight_variance": 0.00222, "weight_law": "uniform", "first_weight_variance": 1 / 6}
    verdict = verdict_of(**siren, layer_sizes="2-256-256-256-256-256")
    assert (
        verdict.kind == "healthy" and "The first layer has a σ_w² of its own, 0.167: right after it the signal changes" in verdict.settling
    )
    same = verdict_of(**{**siren, "first_weight_variance": None}, layer_sizes="2-256-256-256-256-256")
    assert "of its own" not in same.settling


@pytest.mark.parametrize("depth", [50, 300])
def test_one_input_does_not_hide_that_two_would_merge(depth):
    """The verdict on one input is that on several."""
    one, several = (verdict_of(activation="relu", scheme="he", depth=depth, width=1024, inputs=inputs) for inputs in (1, 4))
    assert one.kind == several.kind == ("merged" if depth == 300 else "healthy")
    assert ("Two inputs would merge" in one.headline) == (depth == 300)
    assert verdict_of(activation="linear", weight_variance=1, weight_law="orthogonal", depth=300, width=64, inputs=1).kind == "healthy"


def test_the_share_of_dead_networks_is_said_with_that_of_theory():
    verdict = verdict_of(activation="relu", scheme="he", depth=200, width=6, inputs=1, trials=64)
    assert verdict.kind == "dead" and "62 of 64 networks (theory: 96 %)" in verdict.headline
    several = verdict_of(activation="relu", scheme="he", depth=200, width=6, inputs=16, trials=64)
    assert "of 64 networks (theory: at most 96 %): nothing but zero is left, in the first" in several.headline


def test_unsettled_layers_and_chance_are_not_called_slow_change():
    """What theory says of settled layers is not said of those that are seen, where they do otherwise."""
    unsettled = verdict_of(weight_variance=2.5, depth=5)
    assert (
        unsettled.backward_factor <= 1 and "once sizes have settled, 15 layers make the gradients ten times as large" in unsettled.headline
    )
    settling = verdict_of(weight_variance=1.760955, bias_variance=0.05, depth=5)
    assert settling.kind == "healthy" and "while sizes settle, 5 layers change the signal by" in settling.headline
    narrow = verdict_of(activation="relu", scheme="he", depth=50, inputs=1)
    assert narrow.kind == "healthy" and "chance changes the signal by" in narrow.headline


def test_a_network_of_unequal_layers_has_no_reach_of_its_middle_layer():
    fades = verdict_of(scheme="glorot", width_profile="funnel", depth=20)
    assert fades.kind == "vanishing" and fades.layers_survived < 100


@pytest.mark.parametrize(
    ("activation", "scheme", "words"),
    [
        ("relu", "he_fan_out", "the signal keeps its length; the widths alone change a neuron's share of it, by × 30."),
        ("gelu", "he_fan_out", "the signal keeps its length"),
        ("selu", "he_fan_out", "The signal grows on its way forward: each layer multiplies its size by"),
        ("relu", "he", "gradients keep their length; the widths alone change a neuron's share of it, by × 0.0333."),
        ("tanh", "lecun", "Widths alone change gradients by × 0.0333."),
        ("relu", "glorot", "Widths alone change gradients by × 0.0333."),
    ],
)
def test_of_layers_of_different_widths_the_larger_change_is_named_and_what_widths_do(activation, scheme, words):
    verdict = verdict_of(activation=activation, scheme=scheme, layer_sizes="784-300-100-10", trials=16)
    assert words in verdict.headline, verdict.headline
    if verdict.headline.startswith("Healthy: "):
        assert verdict.phase is None or scheme == "he"
        assert verdict.reach == "sizes survive any depth" or activation != "relu"


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "tanh", "selu"])
@pytest.mark.parametrize("scheme", ["he", "pytorch", "lsuv"])
def test_one_layer_neither_grows_nor_fades(activation, scheme):
    assert verdict_of(activation=activation, scheme=scheme, depth=1).headline.startswith("One layer: ")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"activation": "softsign", "scheme": "he", "depth": 10}, "The signal shrinks while sizes settle: "),
        ({"weight_variance": 1.1, "depth": 10}, "The signal shrinks while sizes settle: "),
        ({"weight_variance": 0.95, "depth": 10}, "Settled layers change them by × 0.95 each."),
        ({"activation": "silu", "scheme": "he", "depth": 10}, "Settled layers change them by × 0.5 each."),
        ({"activation": "relu", "scheme": "pytorch", "depth": 4}, "Gradients vanish: each layer keeps 17 %"),
    ],
)
def test_a_few_layers_that_have_not_settled_are_not_called_each_layer(fields, words):
    assert words in verdict_of(**fields, width=512).headline


def test_widths_are_not_blamed_where_theory_expects_the_change():
    short = verdict_of(weight_variance=1.760955, bias_variance=0.05, input_variance=30, depth=5)
    assert short.reach == "once settled, sizes survive any depth"
    assert verdict_of(activation="relu", scheme="he", width=16, depth=100, trials=32).reach.startswith("in wide networks ")
    biased = verdict_of(activation="leaky_relu", scheme="he", bias_mean=1.0, depth=20)
    assert biased.reach == "changes slow down with depth" == verdict_of(activation="relu", scheme="he", bias_mean=1.0, depth=20).reach


def test_less_than_a_layer_has_no_digits():
    assert verdict_of(activation="sin", weight_variance=1e7, depth=4).reach == "similar inputs look similar for less than 1 layer"
    silent = verdict_of(activation="relu", weight_variance=0, depth=5)
    assert silent.reach == "a signal survives less than 1 layer" and "(theory: 100 %)" in silent.headline


def test_slow_is_said_beside_the_kind():
    assert verdict_of(activation="relu", weight_variance=1.9, depth=10).slow
    assert (
        not verdict_of(activation="relu", scheme="he", depth=10).slow and not verdict_of(activation="relu", weight_variance=1, depth=5).slow
    )


def test_a_rule_by_fan_in_is_not_taken_for_one_by_fan_out():
    """Where the first and the last layer are equally wide, both keep the same."""
    fades = verdict_of(activation="linear", weight_variance=0.9, layer_sizes="10-10-20-10-10", trials=16)
    assert 50 < fades.layers_survived < 65 and fades.phase == "ordered"
