"""Evidence: what decides about a guess is measured rightly, and engine and theory give each screen the same right answer."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.labs import evidence as module
from propagation.labs.evidence import EVERY, EVIDENCE, TRAINING, Evidence, flat_share, log10_apart, per_layer
from propagation.labs.measures import MEASURES
from propagation.labs.race import GUESSING, LEARNED, LOOKS
from propagation.labs.training import uses
from propagation.lessons import load
from propagation.lessons.judging import judged
from propagation.theory.prediction import predict
from tests.charts.traces import trace

LESSON = load()
STEPS = pytest.mark.parametrize("step", LESSON.screens)
#: decades by which a measured size may miss theory's: chance and finite width, far less than the choices are apart
NEAR = 0.25


@pytest.fixture(scope="module")
def answers():
    """Step → the answer to its question, of the networks that ship."""
    found = {}
    for step, screen in LESSON.screens.items():
        seen = [EVIDENCE[screen.chart](network.config) for network in screen.networks]
        found[step] = MEASURES[screen.measure].of(seen, screen.signal)
    return found


@pytest.mark.slow
@STEPS
def test_engine_and_theory_give_the_same_right_answer(step, answers):
    screen, answer = LESSON.screens[step], answers[step]
    if screen.reach:
        low, high = screen.reach
        assert low + 1 < answer.measured < high - 1, "the truth must be well inside what can be guessed"
        assert min(max(0, low), high) != round(answer.measured), "the slider must not open at the truth"
        for guess in screen.guesses:
            judgement = judged(screen, answer, guess)
            assert judgement.right or judgement.reason, f"nothing is said of a guess of 10^{guess}"
            assert not screen.reason(guess) or not judgement.right, f"10^{guess} is called tempting and wrong, and is neither"
    else:
        right = [choice for choice in screen.choices if choice.holds(answer.measured)]
        assert len(right) == 1 and right[0].holds(answer.theory) and not right[0].why
    near = {"size": NEAR, "strength": NEAR, "layers": 0.25 * answer.theory}
    assert abs(answer.measured - answer.theory) < near.get(MEASURES[screen.measure].unit, 0.05)


@pytest.mark.slow
def test_what_3_4_says_of_both_networks_is_so():
    first, second = (EVIDENCE["training"](network.config).snapshots for network in LESSON.screens["3.4"].networks)
    assert [one.step for one in first] == list(range(0, TRAINING.steps + 1, EVERY)) and len(first) == len(second)
    assert np.median([one.accuracy for one in first[-LOOKS:]]) >= LEARNED, "one learns"
    assert np.median([one.accuracy for one in second[-LOOKS:]]) <= GUESSING, "and the other stands still"
    smaller = 10 ** (0.5 * (first[0].gradient_log10_second_moment - second[0].gradient_log10_second_moment))
    assert np.all((smaller > 1000) & (smaller < 5000)), "more than a thousand times too small, in every layer"


def test_networks_that_learn_side_by_side_learn_as_they_do_alone(monkeypatch):
    monkeypatch.setattr(module, "TRAINING", replace(TRAINING, steps=20))
    configs = [uses(Config(depth=2, width=8, activation="relu", weight_variance=variance)) for variance in (2.0, 0.5)]
    *earlier, together = module.learning(configs)
    assert [len(one.snapshots) for seen in earlier for one in seen] == [1, 1, 2, 2] and len(together[0].snapshots) == 3
    for config, evidence in zip(configs, together, strict=True):
        for alone, beside in zip(EVIDENCE["training"](config).snapshots, evidence.snapshots, strict=True):
            assert (alone.step, alone.loss, alone.accuracy) == (beside.step, beside.loss, beside.accuracy)
    assert together[0].snapshots[-1].loss != together[1].snapshots[-1].loss


def test_a_strength_is_the_root_of_a_size():
    config = Config(depth=6, width=64, activation="relu", bias_variance=0, trials=2)
    seen = [EVIDENCE["strength"](replace(config, weight_variance=variance)) for variance in (2.0, 0.98)]
    answer = MEASURES["weaker"].of(seen, "")
    assert answer.measured == pytest.approx(-6 * math.log10(0.7)) == pytest.approx(answer.theory), "of ReLU, exactly 0.7 in each layer"


@pytest.mark.parametrize(("step", "wrong"), [("1.2", {"weight_variance": 2.0}), ("2.2", {"activation": "sigmoid"})])
def test_another_network_has_another_right_answer(step, wrong):
    """Negative control."""
    screen = LESSON.screens[step]
    seen = [EVIDENCE[screen.chart](replace(screen.networks[0].config, **wrong))]
    answer = MEASURES[screen.measure].of(seen, screen.signal)
    right = {step: next(choice for choice in LESSON.screens[step].choices if choice.holds(value)) for step, value in TRUE.items()}[step]
    assert not right.holds(answer.measured) and not right.holds(answer.theory)


#: what the texts of these screens say of themselves: (2.934/2)^50 · 2, and flat
TRUE = {"1.2": 50 * math.log10(2.934 / 2) + math.log10(2), "2.2": 0.0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "exact"),
    [
        ("1.1", 10 * math.log10(64)),
        ("1.2", TRUE["1.2"]),
        ("2.2", 0.0),
        ("2.5", math.log10(4096 / 512) * -23 / 24),
    ],
)
def test_the_numbers_in_the_texts_are_theirs(step, exact, answers):
    """Closed forms of what the texts claim, against theory. (Widths of the funnel are rounded to whole neurons.)"""
    assert answers[step].theory == pytest.approx(exact, abs=2e-3)


def test_what_2_2_says_of_delta_is_so():
    screen = LESSON.screens["2.2"]
    theory = predict(screen.networks[0].config).delta.log10_second_moment
    assert theory[0] - theory[-1] == pytest.approx(-29 * math.log10(2), abs=1e-9)
    measured = simulate(screen.networks[0].config).delta.log10_second_moment
    changes = measured[:, 0] - measured[:, -1]
    assert abs(changes.mean() - (theory[0] - theory[-1])) < 4 * changes.std(ddof=1) / math.sqrt(len(changes)) + 29 * 5 / 2048 / math.log(10)


def test_the_products_of_2_1_add_up():
    """log ∂C/∂W = log δ + log h of the layer before, for each trial, but for what inputs of unlike size add."""
    found = simulate(LESSON.screens["2.1"].networks[0].config)
    product = found.delta.log10_second_moment[:, 1:] + found.h.log10_second_moment[:, :-1]
    assert np.abs(found.weight_gradient.log10_second_moment[:, 1:] - product).max() < 0.02


def test_saturated_neurons_are_those_in_the_tails():
    config = Config(activation="tanh", depth=1, weight_variance=25, bias_variance=0, width=64)
    prediction = predict(config)
    tail = math.atanh(math.sqrt(0.95)) / 10 ** (0.5 * prediction.z.log10_second_moment[-1])
    assert flat_share(config, prediction) == pytest.approx(math.erfc(tail / math.sqrt(2)), abs=1e-3)


def evidence(slopes: dict[str, float], theory: float = 0.0) -> Evidence:
    """Signals that change by so many decades a layer over ten layers; theory stands at one level."""
    line = SimpleNamespace(log10_second_moment=np.full(10, theory))
    prediction = SimpleNamespace(signal=lambda name: line, input_log10_second_moment=theory)
    return Evidence(Config(depth=10), prediction, trace(10, slopes=slopes))


def test_changes_are_counted_in_the_direction_of_travel():
    seen = [evidence({"z": -0.5, "delta": -0.25, "weight_gradient": 0.1})]
    change = MEASURES["change"].of
    assert change(seen, "z").measured == pytest.approx(-4.5)
    assert change(seen, "delta").measured == pytest.approx(-0.25 * 9)
    assert change(seen, "weight_gradient").measured == pytest.approx(-0.9), "weight gradients are those of layer 1 over layer 10"
    assert change(seen, "z").theory == 0
    assert per_layer(seen[0], "z") == pytest.approx(10**-0.5) and per_layer(seen[0], "delta") == pytest.approx(10**-0.25)


def test_a_gap_is_the_first_network_against_the_last():
    seen = [evidence({"z": -0.5}, -3.0), evidence({"z": 9.0}), evidence({"z": 0.5}, 1.0)]
    answer = MEASURES["gap"].of(seen, "z")
    assert (answer.measured, answer.theory) == (pytest.approx(-9.0), pytest.approx(-4.0))


def test_a_signal_that_is_gone_is_gone():
    found = EVIDENCE["sizes"](Config(depth=4, width=16, inputs=2, weight_variance=0, bias_variance=0, trials=2))
    assert MEASURES["change"].of([found], "z").measured == -math.inf


def test_inputs_that_are_one_have_no_distance():
    assert log10_apart(np.array([1.0, 1 + 1e-16, 0.9, np.nan])).tolist() == pytest.approx([-math.inf, -math.inf, -1.0, -math.inf])
