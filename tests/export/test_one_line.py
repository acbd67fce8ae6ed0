"""The lines to copy: Python, with the variances that were asked for."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import numpy as np
import pytest

from propagation.export.code import FRAMEWORKS
from propagation.export.code.one_line import init_lines
from propagation.theory.recommendation import recommend

CASES = [("tanh", 1.760955, 0.05), ("relu", 2.0, 0.0), ("max(x,0.2*x)", 2 / 1.04, 0.0), ("linear", 1.0, 0.0), ("relu", 1.5, 0.3)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("activation", "weight", "bias"), CASES)
def test_every_framework_has_lines_that_are_python(framework, activation, weight, bias):
    text = init_lines(framework, activation, weight, bias)
    ast.parse(text)
    assert max(len(line) for line in text.splitlines()) < 90
    if framework != "pytorch":
        assert f"{weight:.7g}" in text


@pytest.mark.parametrize(("activation", "weight", "bias"), CASES)
def test_numpy_draws_these_variances(activation, weight, bias):
    names = {"np": np, "rng": np.random.default_rng(1), "fan_in": 400, "fan_out": 2000}
    exec(init_lines("numpy", activation, weight, bias), names)
    assert names["W"].shape == (2000, 400)
    assert 400 * names["W"].var() == pytest.approx(weight, rel=0.01)  # 4 standard errors are 0.6 %
    assert names["b"].var() == pytest.approx(bias, rel=0.15) and names["b"].shape == (2000,)


@pytest.mark.parametrize(
    ("activation", "call"),
    [
        ("relu", 'kaiming_normal_(layer.weight, nonlinearity="relu")'),
        ("np.maximum(x, 0)", 'kaiming_normal_(layer.weight, nonlinearity="relu")'),
        ("max(x,0.2*x)", "kaiming_normal_(layer.weight, a=0.2)"),
        ("prelu", "kaiming_normal_(layer.weight, a=0.25)"),
        ("linear", 'kaiming_normal_(layer.weight, nonlinearity="linear")'),
        ("tanh", "normal_(layer.weight, std=(1.760955 / layer.in_features) ** 0.5)"),
    ],
)
def test_pytorch_uses_its_own_rule_where_that_is_the_same(activation, call):
    answer = recommend(activation, 0.05)
    assert call in init_lines("pytorch", activation, answer.weight_variance, answer.bias_variance)


def test_pytorch_lines_run_and_draw_these_variances():
    torch = pytest.importorskip("torch")
    for activation, weight, bias in CASES:
        layer = torch.nn.Linear(400, 2000)
        exec(init_lines("pytorch", activation, weight, bias), {"nn": torch.nn, "layer": layer})
        assert 400 * float(layer.weight.detach().var()) == pytest.approx(weight, rel=0.01)
        assert float(layer.bias.detach().var()) == pytest.approx(bias, rel=0.15)


@pytest.mark.parametrize(("activation", "weight", "bias"), CASES)
def test_pytorch_lines_ask_for_these_deviations(activation, weight, bias):
    """Without PyTorch: what its functions are called with."""
    asked: dict = {}

    def kaiming_normal_(tensor, a=0.0, nonlinearity="leaky_relu"):
        gain = {"relu": 2.0, "linear": 1.0, "leaky_relu": 2 / (1 + a**2)}[nonlinearity]
        asked[tensor] = gain / 400

    init = SimpleNamespace(
        kaiming_normal_=kaiming_normal_,
        normal_=lambda tensor, std: asked.update({tensor: std**2}),
        zeros_=lambda tensor: asked.update({tensor: 0.0}),
    )
    layer = SimpleNamespace(weight="weight", bias="bias", in_features=400)
    exec(init_lines("pytorch", activation, weight, bias), {"nn": SimpleNamespace(init=init), "layer": layer})
    assert asked["weight"] * 400 == pytest.approx(weight, rel=1e-6) and asked["bias"] == pytest.approx(bias, rel=1e-6)


@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_lines_with_a_mean_draw_it(bias):
    for framework in FRAMEWORKS:
        text = init_lines(framework, "relu", 1.5, bias, -0.7)
        ast.parse(text)
        assert "-0.7" in text and max(map(len, text.splitlines())) < 100
    names = {"np": np, "rng": np.random.default_rng(1), "fan_in": 400, "fan_out": 2000}
    exec(init_lines("numpy", "relu", 1.5, bias, -0.7), names)
    assert names["b"].mean() == pytest.approx(-0.7, abs=0.05) and names["b"].var() == pytest.approx(bias, rel=0.15)
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(400, 2000)
    exec(init_lines("pytorch", "relu", 1.5, bias, -0.7), {"nn": torch.nn, "layer": layer})
    assert float(layer.bias.detach().mean()) == pytest.approx(-0.7, abs=0.05)
