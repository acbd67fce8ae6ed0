"""The comparison: columns of one law share their noise, and the healthiest is chosen for the reason that is given."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from charts.traces import trace

from propagation import Config, diagnose, simulate
from propagation.engine.network import walk
from propagation.inputs import draw_inputs
from propagation.labs.compare import (
    CLOSE,
    FIRST,
    GLOROT_2010,
    MOST_COLUMNS,
    Column,
    Summary,
    column_of,
    common,
    condition,
    decide,
    ranked,
    summarize,
    with_added,
)

BASE = Config(depth=6, width=24, inputs=4, trials=3, bias_variance=0, seed=5)
ALL = {column for columns in (FIRST, GLOROT_2010, common("tanh"), common("relu"), common("selu")) for column in columns}
LAYERS = np.arange(1, BASE.depth + 1)


def sizes(column: Column, name: str = "z", **changes) -> np.ndarray:
    config = column.uses(Config(**{**vars_of(BASE), **changes}))
    return simulate(config).signal(name).log10_second_moment


def vars_of(config: Config) -> dict:
    return {name: getattr(config, name) for name in Config.__dataclass_fields__}


@pytest.mark.parametrize("law", ["gaussian", "uniform", "truncated_gaussian", "orthogonal"])
def test_columns_of_one_law_share_their_noise(law):
    """A linear net's z is its unit noise times σ_w to the l: on the same noise two columns differ by exactly that."""
    one, four = (Column("custom", "linear", law, variance) for variance in (1.0, 4.0))
    shift = sizes(four) - sizes(one)
    np.testing.assert_allclose(shift, np.tile(LAYERS * math.log10(4), (BASE.trials, 1)), atol=1e-9)
    other = sizes(four, seed=6) - sizes(one)
    assert np.abs(other - LAYERS * math.log10(4)).max() > 1e-3  # negative control


def test_columns_of_different_schemes_share_their_noise_backward_too():
    """He is LeCun times √2 in every layer, which a ReLU net only scales: layer l is L − l factors of 2 from its start."""
    lecun, he = (Column(scheme, "relu", "gaussian") for scheme in ("lecun", "he"))
    expected = np.tile((BASE.depth - LAYERS) * math.log10(2), (BASE.trials, 1))
    np.testing.assert_allclose(sizes(he, "delta") - sizes(lecun, "delta"), expected, atol=1e-6)


def test_columns_of_different_activations_share_their_noise():
    """The first pre-activation has seen no activation yet."""
    first = [sizes(Column("he", activation, "gaussian"))[:, 0] for activation in ("relu", "tanh", "sigmoid")]
    assert (first[0] == first[1]).all() and (first[0] == first[2]).all()


def test_a_column_changes_nothing_but_the_initialization():
    config = Column("glorot", "softsign", "uniform").uses(BASE)
    assert (config.scheme, config.activation, config.weight_law) == ("glorot", "softsign", "uniform")
    own = {"scheme", "activation", "weight_law", "weight_variance"}
    assert {name: value for name, value in vars_of(config).items() if name not in own} == {
        name: value for name, value in vars_of(BASE).items() if name not in own
    }


def test_a_law_without_a_shortcut_is_simulated_densely():
    insisting = Config(method="implicit")
    assert Column("glorot", "tanh", "uniform").uses(insisting).method == "auto"
    assert Column("he", "tanh", "gaussian").uses(insisting).method == "implicit"


def test_a_scheme_that_does_not_apply_is_refused():
    with pytest.raises(ValueError, match="kumar"):
        Column("kumar", "selu", "gaussian").uses(BASE)


@pytest.mark.parametrize("column", sorted(ALL, key=str), ids=lambda column: column.label)
def test_sets_hold_columns_that_work_and_come_back_from_their_config(column):
    assert column_of(column.uses(BASE)) == column


def test_the_sets_are_what_they_say():
    assert {(c.scheme, c.activation) for c in GLOROT_2010} == {
        (scheme, activation) for scheme in ("glorot_standard", "glorot") for activation in ("tanh", "softsign", "sigmoid")
    }
    assert "kumar" in {c.scheme for c in common("tanh")} and "kumar" not in {c.scheme for c in common("selu")}
    for columns in (FIRST, GLOROT_2010, common("tanh")):
        assert len(columns) <= MOST_COLUMNS and len({c.label for c in columns}) == len(columns)


def test_labels_tell_columns_apart_and_stay_short():
    assert Column("he", "relu", "gaussian").label == "He 2015 · ReLU"
    assert Column("glorot", "tanh", "gaussian").label == "Glorot 2010 · tanh · Gaussian"
    assert Column("custom", "tanh", "gaussian", 1.760955).label == "σ_w² 1.76 · tanh"
    assert Column("custom", "tanh", "gaussian", 1.73).in_short == "yours, σ_w² 1.73"
    assert Column("std", "tanh", "gaussian", None, 0.02).in_short == "yours, std 0.02"
    assert Column("glorot_standard", "relu", "uniform").in_short == "yours, standard"
    assert len(Column("he", "+".join(["tanh(x)"] * 12), "gaussian").label) < 40


def test_adding_keeps_six_and_the_oldest_make_room():
    assert with_added(FIRST, (FIRST[0],)) == (*FIRST[1:], FIRST[0])
    assert with_added(FIRST, GLOROT_2010) == GLOROT_2010
    new = Column("he", "gelu", "gaussian")
    assert with_added(GLOROT_2010, (new,)) == (*GLOROT_2010[1:], new)
    assert with_added((), (new,)) == (new,)


def test_a_summary_measures_what_the_chart_shows():
    measured = trace(depth=11, slopes={"z": 0.01, "delta": -0.2, "weight_gradient": 0.05}, scatter=0.3)
    summary = summarize(2, FIRST[0].label, measured, diagnose(measured), 3.0)
    assert summary.log10_condition == 3.0
    assert summary.drift == pytest.approx({"signal": 0.1, "gradients": 2.0, "weight gradients": 0.5})
    assert (summary.place, summary.widest, summary.kind, summary.depth) == (2, "gradients", "vanishing", 11)
    assert summary.backward_factor == pytest.approx(10**-0.2)


def test_the_spread_of_weight_gradients_is_that_of_the_simulation():
    measured = simulate(Column("lecun", "tanh", "gaussian").uses(BASE))
    gradients = np.median(measured.weight_gradient.log10_second_moment, axis=0)
    spread = summarize(0, FIRST[2].label, measured, diagnose(measured), 0.0).drift["weight gradients"]
    assert 10**spread == pytest.approx(10 ** (gradients.max() - gradients.min()))


def test_shares_are_those_of_the_last_layer():
    shares = np.linspace(0, 0.9, 50).reshape(5, 10)
    summary = summarize(
        0,
        FIRST[0].label,
        trace(saturated=shares, dead=shares / 3),
        SimpleNamespace(kind="healthy", forward_factor=1, backward_factor=1),
        0.0,
    )
    assert summary.saturated == np.median(shares[:, -1]) and summary.dead == np.median(shares[:, -1]) / 3


def test_a_lost_signal_drifts_without_bound():
    gone = trace()
    gone.z.log10_second_moment[:, 4:] = -np.inf
    assert summarize(0, FIRST[0].label, gone, diagnose(gone), 0.0).drift["signal"] == math.inf


def summary(label: str, worst: float, kind: str = "healthy", place: int = 0, depth: int = 50, lost: str = "gradients") -> Summary:
    drift = {"signal": 0.0, "gradients": 0.0, "weight gradients": 0.0} | {lost: worst}
    return Summary(place, label, depth, kind, 1.0, 1.0, drift, 0.0, 0.0, 0.0)


def test_the_flattest_healthy_column_wins():
    decision = decide([summary("A", 0.9, place=0), summary("B", 0.3, place=1), summary("C", 9, "vanishing", place=2)])
    assert (decision.winner, decision.rank) == (1, "healthiest")
    assert decision.headline == "B is healthiest: nothing drifts by more than a factor of 2 over 50 layers."
    assert decision.reason == "Next is A: its gradients drift by a factor of 7.9."


def test_a_verdict_counts_more_than_flatness():
    decision = decide([summary("A", 0.2, "saturated", place=0), summary("B", 0.8, place=1)])
    assert decision.winner == 1 and decision.reason == "A drifts less, by a factor of 1.6, but its neurons saturate."


def test_no_winner_is_called_within_chance():
    decision = decide([summary("A", 0.3), summary("B", 0.3 + CLOSE / 2, place=1), summary("C", 0.3 + 2 * CLOSE, place=2)])
    assert (decision.winner, decision.rank) == (0, "leads")
    assert decision.headline.startswith("A leads") and "against B (2.2):" in decision.reason
    assert "Next is B" in decide([summary("A", 0.3), summary("B", 0.3 + 1.1 * CLOSE, place=1)]).reason


def test_the_least_harm_where_none_is_healthy():
    decision = decide([summary("A", 12, "vanishing"), summary("B", 4, "exploding", place=1)])
    assert decision.winner == 1
    assert decision.headline == "None of these is healthy. B does least harm: its gradients drift by a factor of 10,000 over 50 layers."
    assert decision.reason == "Next is A: its gradients drift by a factor of 10¹²."
    one = decide([summary("A", 12, "vanishing", lost="signal"), summary("B", 2, "exploding", place=1, lost="signal")])
    assert one.headline == "None of these is healthy. B does least harm: its signal drifts by a factor of 100 over 50 layers."


def test_nothing_is_decided_where_there_is_nothing_to_decide():
    assert decide([summary("A", math.inf, "dead"), summary("B", math.inf, "dead", place=1)]).winner is None
    assert decide([summary("A", 0.0, depth=1), summary("B", 0.0, place=1, depth=1)]).winner is None
    alone = decide([summary("A", math.inf, "dead", lost="signal")])
    assert alone.winner is None and alone.headline == "A: its signal is lost altogether."


def test_ranking_puts_the_winner_first_and_the_lost_last():
    columns = [summary("A", math.inf, "dead"), summary("B", 3, "vanishing"), summary("C", 0.5), summary("D", 0.1, "saturated")]
    assert [s.label for s in ranked(columns)] == ["C", "D", "B", "A"]


def test_he_wins_with_relu_and_loses_with_tanh():
    """What the page shows with its defaults, from the engine: 50 layers, five columns."""
    base = Config(width=128, trials=4)
    summaries = []
    for place, column in enumerate(FIRST):
        measured = simulate(column.uses(base))
        summaries.append(summarize(place, column.label, measured, diagnose(measured), 0.0))
    assert {s.label for s in summaries if s.kind == "healthy"} == {"He 2015 · ReLU", "σ_w² 1.76 · tanh"}
    assert ranked(summaries)[0].place == decide(summaries).winner
    assert {s.kind for s in summaries} == {"healthy", "vanishing", "exploding"}


def test_the_condition_number_is_that_of_the_explicit_product():
    config = replace(Column("custom", "tanh", "gaussian", 1.8).uses(BASE), depth=4, width=30)
    one = replace(config, inputs=1, trials=1)
    product = np.eye(30)
    for linear, _ in walk(one, 0, draw_inputs(one)):
        product = np.diag(1 - np.tanh(linear.y.array[0, :, 0]) ** 2) @ linear.op.weights[0] @ product
    assert 10 ** condition(config) == pytest.approx(np.linalg.cond(product))


def test_orthogonal_weights_are_well_conditioned_and_relu_never_is():
    assert condition(Column("custom", "linear", "orthogonal", 1.0).uses(BASE)) == pytest.approx(0, abs=1e-9)
    assert condition(Column("lecun", "linear", "gaussian").uses(BASE)) > 3
    assert condition(Column("he", "relu", "gaussian").uses(BASE)) == math.inf
    assert condition(Column("lsuv", "tanh", "gaussian").uses(BASE)) < math.inf
