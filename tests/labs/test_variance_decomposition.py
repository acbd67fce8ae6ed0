"""The law of total variance adds up, on the engine's own numbers and far outside floating point, and theory predicts each part."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.signal import Signal
from propagation.inputs import draw_inputs
from propagation.labs.variance_decomposition import DRAWS, INPUTS, at_one_scale, measure, scatters_alike, split, uses
from propagation.theory.maps import correlation_map, length_map
from propagation.theory.moments import moments
from propagation.theory.variance_decomposition import PARTS, WHOSE, predict_scatters

SMALL = {"depth": 12, "width": 32, "inputs": 5, "trials": 6}
HE = {"activation": "relu", "scheme": "he", "bias_variance": 0}


def part(scatter, name):
    return scatter.parts[PARTS.index(name)]


def variance(scatter, whose):
    return scatter.variances[WHOSE.index(whose)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        HE,
        {"activation": "sigmoid", "scheme": "pytorch", "weight_law": "uniform"},
        {"weight_variance": 0.3, "bias_variance": 0.2},
        {"activation": "relu", "weight_variance": 100.0, "depth": 250},
        {"activation": "linear", "weight_variance": 1e-4, "bias_variance": 0, "depth": 100},
        {"width_profile": "bottleneck", "input_law": "digits", "weight_law": "orthogonal"},
        {"inputs": 1},
        {"trials": 1},
    ],
    ids=str,
)
def test_the_parts_add_up(changes):
    for found in measure(Config(**(SMALL | changes))).values():
        assert np.isfinite(found.log10_second_moment).all()
        np.testing.assert_allclose(found.parts.sum(axis=0), 1, rtol=0, atol=1e-12)
        assert (found.parts >= 0).all()


@pytest.mark.parametrize("together", [1, 3])
def test_networks_that_share_their_noise_are_those_of_each_by_itself(together, monkeypatch):
    configs = Config(**SMALL).variants("weight_variance", (0.0, 0.5, 3.0))
    monkeypatch.setattr("propagation.engine.network.networks_at_once", lambda config: together * config.trials)
    for config, found in zip(configs, scatters_alike(configs), strict=True):
        alone = measure(config)
        for name, scatter in found.items():
            for one, other in zip(vars(scatter).values(), vars(alone[name]).values(), strict=True):
                np.testing.assert_array_equal(one, other)


def test_one_part_left_out_is_seen():
    """Negative control."""
    found = measure(Config(**SMALL, **HE))["h"]
    for missing in range(4):
        assert np.abs(np.delete(found.parts, missing, axis=0).sum(axis=0) - 1).max() > 1e-6


def test_parts_are_those_of_their_definition():
    rng = np.random.default_rng(0)
    values = 0.7 + rng.normal(size=(4, 1, 1)) + 2 * rng.normal(size=(4, 7, 1)) + 3 * rng.normal(size=(4, 7, 5))
    networks = [values[t].mean() for t in range(4)]
    neurons = [np.var([values[t, i].mean() for i in range(7)]) for t in range(4)]
    inputs = [np.var(values[t, i]) for t in range(4) for i in range(7)]
    assert split(values) == pytest.approx((np.mean(values) ** 2, np.var(networks), np.mean(neurons), np.mean(inputs)), rel=1e-12)


def test_trials_of_different_exponents_are_brought_to_one_scale():
    array = np.random.default_rng(1).normal(size=(3, 4, 2))
    values, exponent = at_one_scale(Signal(array, np.array([-700, -702, -5000])))
    assert exponent == -700
    np.testing.assert_array_equal(values, array * np.array([1.0, 0.25, 0.0])[:, None, None])


def test_each_variance_holds_everything_else_still():
    """In a linear layer the variance over two inputs is half of their mean squared distance, whatever their lengths."""
    config = Config(depth=1, width=64, inputs=2, trials=20, activation="linear", weight_variance=1.0, bias_variance=0, seed=3)
    found = measure(config)["z"]
    x = draw_inputs(config)
    q = np.mean(x**2)
    assert found.log10_second_moment[0] == pytest.approx(math.log10(q), abs=0.05)
    apart = np.mean((x[:, 0] - x[:, 1]) ** 2) / 2 / q
    assert variance(found, "inputs")[0] == pytest.approx(apart, rel=4 * math.sqrt(2 / (64 * 20)))
    assert variance(found, "inputs")[0] != pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_theory_is_q_less_qc_over_inputs(activation, monkeypatch):
    """With inputs of one length and one angle the recursion is the length map and the correlation map."""
    x = np.zeros((64, 3))
    x[0] = 6.0
    x[[1, 2, 3], [0, 1, 2]] = 8.0  # |x|² = 100, cosine 0.36
    monkeypatch.setattr("propagation.theory.variance_decomposition.draw_inputs", lambda _: x)
    theory = predict_scatters(Config(depth=9, width=64, inputs=3, activation=activation, weight_variance=1.9, bias_variance=0.1))
    q = 1.9 * 100 / 64 + 0.1
    c = (1.9 * 36 / 64 + 0.1) / q
    for layer in range(9):
        assert variance(theory["z"], "inputs")[layer] == pytest.approx(1 - c, rel=1e-9)
        assert part(theory["z"], "inputs")[layer] == pytest.approx((1 - 1 / 3) * (1 - c), rel=1e-9)
        assert theory["z"].cosine[layer] == pytest.approx(c, rel=1e-9)
        assert variance(theory["z"], "neurons")[layer] == variance(theory["z"], "draws")[layer] == 1
        size = moments(activation).second(q)
        c, q = correlation_map(c, q, activation, 1.9, 0.1), length_map(q, activation, 1.9, 0.1)
        assert variance(theory["h"], "inputs")[layer] == pytest.approx(q * (1 - c) / 1.9 / size, rel=1e-9)


@pytest.mark.parametrize("signal", ["z", "h"])
def test_the_parts_of_theory_add_up(signal):
    theory = predict_scatters(Config(**SMALL, activation="sigmoid"))[signal]
    np.testing.assert_allclose(theory.parts.sum(axis=0), 1, rtol=0, atol=1e-12)


def deviations(config: Config, theory: dict, seeds: range) -> dict:
    """(measured − theory) / standard error over seeds, of the parts and variances in the last layer as absolute sizes."""
    answers = {}
    runs = [measure(replace(config, seed=seed)) for seed in seeds]
    for signal in ("z", "h"):
        own = theory[signal]
        for kind, names in (("parts", PARTS[2:]), ("variances", WHOSE)):
            for name in names:
                row = (PARTS if kind == "parts" else WHOSE).index(name)
                values = np.array([10 ** r[signal].log10_second_moment[-1] * getattr(r[signal], kind)[row, -1] for r in runs])
                expected = 10 ** own.log10_second_moment[-1] * getattr(own, kind)[row, -1]
                answers[signal, kind, name] = (values.mean() - expected) / (values.std(ddof=1) / math.sqrt(len(values)))
    return answers


@pytest.mark.parametrize("changes", [HE, {"activation": "tanh", "weight_variance": 2.5}], ids=["relu", "tanh"])
def test_measured_meets_theory(changes, monkeypatch):
    """Within 4 standard errors; all seeds see the same inputs."""
    config = Config(depth=4, width=512, inputs=8, trials=8, **changes)
    x = draw_inputs(config)
    monkeypatch.setattr("propagation.engine.network.draw_inputs", lambda _: x)
    found = deviations(config, predict_scatters(config), range(1, 9))
    assert max(map(abs, found.values())) < 4
    wrong = deviations(config, predict_scatters(replace(config, scheme="custom", weight_variance=1.7)), range(1, 4))
    assert all(abs(wrong[signal, "parts", "inputs"]) > 8 for signal in ("z", "h"))  # negative control


@pytest.mark.slow
def test_he_relu_keeps_the_size_and_loses_the_inputs():
    config = uses(Config(**HE, depth=50, width=256))
    found, theory = measure(config)["z"], predict_scatters(config)["z"]
    assert abs(found.log10_second_moment[-1] - found.log10_second_moment[0]) < math.log10(1.5)
    assert part(found, "inputs")[0] > 0.9 and part(found, "inputs")[-1] < 0.08
    np.testing.assert_allclose(found.cosine[9::10], theory.cosine[9::10], atol=0.01)
    assert found.cosine[-1] > 0.98


@pytest.mark.slow
def test_in_the_ordered_phase_the_inputs_die_exponentially_and_theory_keeps_its_digits():
    config = uses(Config(depth=60, weight_variance=0.5, bias_variance=0.1, width=64))
    found, theory = measure(config)["z"], predict_scatters(config)["z"]
    slopes = [np.diff(s.log10_variance("inputs")[[8, 24]])[0] / 16 for s in (found, theory)]
    assert slopes[0] == pytest.approx(slopes[1], rel=0.03) and slopes[1] < -0.3
    assert variance(theory, "inputs")[-1] < 1e-18  # 1 − c itself would have been rounded to 0 long before


def test_chaotic_inputs_stay_apart():
    theory = predict_scatters(uses(Config(depth=100, weight_variance=4.0)))["z"]
    assert variance(theory, "inputs")[-1] > 0.7


def test_a_signal_that_dies_is_not_a_number_and_no_error():
    config = Config(**(SMALL | {"weight_variance": 0.0, "bias_variance": 0.0}))
    for scatters in (measure(config), predict_scatters(config)):
        assert np.isneginf(scatters["z"].log10_second_moment).all() and np.isnan(scatters["z"].parts).all()


def test_theory_stops_where_sizes_leave_floating_point():
    theory = predict_scatters(Config(**(SMALL | {"activation": "relu", "weight_variance": 100.0, "depth": 300})))["z"]
    assert np.isfinite(theory.log10_second_moment).all() and theory.log10_second_moment[-1] > 500
    assert np.isfinite(theory.parts[:, 0]).all() and np.isnan(theory.parts[:, -1]).all()


def test_what_the_lab_sees_is_modest():
    own = uses(Config(width=1_000_000, inputs=1024, trials=1))
    assert (own.trials, own.inputs, own.width) == (DRAWS, INPUTS, 256)
    assert uses(Config(width=20)).width == 20


def test_progress_goes_from_nothing_to_all_and_can_stop_the_work():
    shares = []
    measure(Config(**SMALL), shares.append)
    assert shares == sorted(shares) and shares[-1] == 1

    class Stop(Exception):
        pass

    def stop(share):
        raise Stop

    with pytest.raises(Stop):
        measure(Config(**SMALL), stop)
