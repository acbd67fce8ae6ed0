"""Sweeps of the theory: every prediction of a sweep is the one that `predict` makes by itself."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from propagation import Config, predict, predict_sweep
from propagation.architecture import blocks
from propagation.inputs import draw_inputs
from propagation.theory import trajectory
from propagation.theory.manifold import angle_path, angle_paths
from propagation.theory.prediction import Prediction, SignalPrediction
from propagation.theory.variance_decomposition import predict_scatters, predict_scatters_of

NOTIONS = ("input_log10_second_moment", "q_star", "chi_1", "c_star", "xi_q", "xi_c", "weight_variance", "bias_variance")
VARIANCES = (1e-9, 0.3, 0.999, 1.0, 1.001, 1.7, 2.0, 50.0, 0.0)
CONFIGS = {
    "tanh": Config(),
    "ReLU with bands": Config(activation="relu", bias_variance=0, width=100),
    "funnel": Config(activation="gelu", width_profile="funnel", depth=30),
    "many inputs of many sizes": Config(layer_sizes="2-9-9-5", inputs=200, activation="softplus", cost="cross_entropy"),
    "a first layer of its own": Config(activation="sin", first_weight_variance=30.0),
    "std": Config(scheme="std", width=64),
    "data decide": Config(scheme="lsuv", activation="elu"),
    "deep and slow": Config(depth=300, activation="hard_tanh", bias_variance=0),
}


CONFIGS |= {
    "transformer": Config(architecture="transformer", normalization="layer", tokens=4, heads=4, inputs=2, depth=3, expansion=2),
    "one token": Config(architecture="transformer", normalization="rms", depth=3, causal=True),
    "convolution": Config(architecture="convolution", positions=4, inputs=2, depth=5),
    "gates": Config(architecture="residual", gated=True, normalization="rms", depth=5),
}


def assert_same(swept: Prediction, single: Prediction) -> None:
    assert swept.config == single.config
    assert swept.phase == single.phase
    for name, signal in swept.signals.items():
        for field in fields(SignalPrediction):
            one, other = getattr(signal, field.name), getattr(single.signals[name], field.name)
            if field.name != "band":
                np.testing.assert_array_equal(one, other, err_msg=f"{name} {field.name}")
            elif other is None:
                assert one is None
            else:
                np.testing.assert_array_equal(one.log10_mean, other.log10_mean)
                np.testing.assert_array_equal(one.log10_variance, other.log10_variance)
    for notion in NOTIONS:
        np.testing.assert_allclose(getattr(swept, notion), getattr(single, notion), rtol=1e-12, atol=1e-12, err_msg=notion)


def assert_sweep_is_predictions(config: Config, field: str, values: tuple) -> None:
    for swept, value in zip(predict_sweep(config, field, values), values, strict=True):
        assert_same(swept, predict(replace(config, **{field: value})))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_sweep_of_the_weights_equals_its_predictions(name):
    assert_sweep_is_predictions(CONFIGS[name], "weight_variance", VARIANCES)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("bias_variance", (0.0, 0.05, 30.0)),
        ("bias_mean", (-2.0, 0.0, 0.5)),
        ("weight_std", (0.001, 0.05, 0.0)),
        ("first_weight_variance", (None, 0.0, 9.0)),
        ("depth", (7, 1, 50, 7)),
        ("input_variance", (1e-6, 1.0, 1e6)),
        ("input_mean", (-3.0, 0.0)),
        ("width", (2, 300)),
        ("activation", ("relu", "tanh")),
        ("scheme", ("he", "lsuv", "custom")),
        ("layer_sizes", ("", "5-3-8")),
        ("cost", ("gaussian", "squared_error")),
    ],
)
@pytest.mark.parametrize("name", ["tanh", "funnel", "std", "a first layer of its own"])
def test_a_sweep_of_any_field_equals_its_predictions(name, field, values):
    assert_sweep_is_predictions(CONFIGS[name], field, values)


def test_other_values_have_other_predictions():
    first, second = predict_sweep(Config(), "weight_variance", (1.5, 1.5 + 1e-9))
    assert not np.array_equal(first.z.log10_variance, second.z.log10_variance)


@pytest.mark.parametrize(("field", "values"), [("weight_variance", (1.5, 2.0, 2.5)), ("depth", (10, 20, 50))])
def test_values_of_a_sweep_share_the_moments_of_their_layers(field, values, monkeypatch):
    """φ is asked once a layer, whatever the number of values; one by one it is asked for each."""
    asked = 0
    law = type(trajectory.theory_op(blocks(Config())[0][1]))
    forward_all = law.forward_all

    def counted(self, states):
        nonlocal asked
        asked += 1
        return forward_all(self, states)

    monkeypatch.setattr(law, "forward_all", counted)
    predict_sweep(Config(), field, values)
    together, asked = asked, 0
    singles = []
    for one in Config().variants(field, values):
        asked = 0
        predict(one)
        singles.append(asked)
    assert together == max(singles) < sum(singles)


def test_no_values_no_predictions():
    assert predict_sweep(Config(), "weight_variance", ()) == []


PAIRS = {
    "tanh": Config(depth=12, width=32, inputs=4),
    "a mean of its own": Config(depth=5, width=32, inputs=4, bias_mean=0.5),
    "beyond all numbers": Config(depth=300, width=8, inputs=3, activation="relu"),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("field", "values"), [("weight_variance", VARIANCES), ("depth", (1, 3, 9)), ("width", (2, 8))])
def test_pairs_of_a_sweep_are_those_of_each_experiment(name, field, values):
    configs, starts = PAIRS[name].variants(field, values), np.array([1e-6, 0.5, 1.9])
    for config, path in zip(configs, angle_paths(configs, starts), strict=True):
        np.testing.assert_allclose(path, angle_path(config, starts), rtol=1e-9, atol=1e-12)
    for config, scatters in zip(configs, predict_scatters_of(configs), strict=True):
        alone = predict_scatters(config)
        for signal, scatter in scatters.items():
            for one, other in zip(vars(scatter).values(), vars(alone[signal]).values(), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_experiments_with_other_inputs_have_pairs_of_their_own():
    configs = PAIRS["tanh"].variants("input_variance", (0.5, 2.0))
    assert not np.array_equal(*map(draw_inputs, configs))
    first, second = predict_scatters_of(configs)
    np.testing.assert_array_equal(first["z"].parts, predict_scatters(configs[0])["z"].parts)
    assert not np.allclose(first["z"].parts, second["z"].parts)


@pytest.mark.parametrize("name", PAIRS)
def test_the_second_moment_of_scatters_is_that_of_the_prediction(name):
    scatters, line = predict_scatters(PAIRS[name]), predict(PAIRS[name])
    for signal, scatter in scatters.items():
        np.testing.assert_allclose(scatter.log10_second_moment, line.signal(signal).log10_second_moment, atol=1e-6)
