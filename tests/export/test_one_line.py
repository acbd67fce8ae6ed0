"""The lines to copy: Python, with the variances that were asked for."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import numpy as np
import pytest
from architectures import NETWORKS, WITHOUT_LINE

from propagation.config import Config
from propagation.export.code import FRAMEWORKS
from propagation.export.code.one_line import block_lines, init_lines
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


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("network", [*NETWORKS, *WITHOUT_LINE])
def test_what_a_layer_has_beside_its_weights_stands_in_lines(framework, network):
    config = Config(depth=9, **(NETWORKS | WITHOUT_LINE)[network])
    text = block_lines(framework, config)
    ast.parse(text)
    assert max(map(len, text.splitlines() or [""])) < 110
    assert ("norm = " in text) == (config.normalization != "none") and ("drop = " in text) == (config.keep != 1)
    assert ("alpha = " in text) == config.has_stream and (text == "") == (network == "plain")


def test_numpy_lines_are_the_block():
    rng = np.random.default_rng(1)
    x, W1, W2 = rng.normal(size=(5, 7)), rng.normal(size=(10, 5)), rng.normal(size=(5, 10))
    names = {"np": np, "rng": rng, "phi": np.tanh, "W1": W1, "W2": W2, "W": rng.normal(size=(5, 5))}

    def after(**settings) -> np.ndarray:
        own = dict(names, x=x)
        exec(block_lines("numpy", Config(depth=16, **settings)), own)
        return own["x"]

    def layer_norm(h):
        return (h - h.mean(axis=0)) / h.std(axis=0)

    block = {"architecture": "residual", "expansion": 2}
    sqrt = after(**block, branch_rule="sqrt", normalization="layer")
    np.testing.assert_allclose(sqrt, x + 0.25 * W2 @ np.tanh(W1 @ layer_norm(x)))
    deepnorm = after(**block, branch_rule="deepnorm", normalization="layer", norm_position="post")
    np.testing.assert_allclose(deepnorm, layer_norm(2 * x + W2 @ np.tanh(W1 @ x)))
    batch = after(**block, normalization="batch", block_order="pre_activation", branch_layers=1)
    np.testing.assert_allclose(batch, x + names["W"] @ np.tanh((x - x.mean(1)[:, None]) / x.std(1)[:, None]))
    np.testing.assert_allclose(np.mean(after(normalization="rms", norm_position="post") ** 2, axis=0), 1)
    assert 0.1 < np.mean(after(keep=0.7) == 0) < 0.6


def test_rules_say_what_they_make_of_weights():
    fixup = block_lines("pytorch", Config(depth=16, architecture="residual", branch_rule="fixup"))
    assert "the weights of W1, once drawn, times 16**-0.5" in fixup and "W2 starts with all weights and biases 0" in fixup
    assert "times" not in block_lines("pytorch", Config(architecture="residual", branch_rule="sqrt"))
