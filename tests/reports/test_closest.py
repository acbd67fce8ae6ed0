"""The closest Config: networks of the app itself are recognized from a report of them, and theory's lines lie on what was measured."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, predict, simulate
from propagation.reports.closest import closest_config
from propagation.reports.expected import agreement, expected
from propagation.reports.link import decode, encode
from propagation.reports.read import read, report_of
from tests.reports.samples import linear, moments, of_config, other, residual, text, transformer

PLAIN = [
    Config(depth=12, width=256, activation="relu", scheme="he", bias_variance=0.0, inputs=8, trials=6),
    Config(depth=12, width=256, activation="tanh", weight_variance=1.7, bias_variance=0.05, inputs=8, trials=6),
    Config(depth=8, width=300, activation="gelu", scheme="pytorch", weight_law="uniform", inputs=8, trials=6),
    Config(layer_sizes="64-256-192-128", activation="relu", scheme="glorot", bias_variance=0.0, inputs=8, trials=6),
    Config(layer_sizes="64-256-192-128", activation="tanh", scheme="he_fan_out", bias_variance=0.0, inputs=8, trials=6),
    Config(layer_sizes="64-256-192-128", activation="relu", scheme="std", weight_std=0.05, bias_variance=0.0, inputs=8, trials=6),
    Config(depth=6, width=200, activation="tanh", weight_variance=1.3, first_weight_variance=4.0, bias_variance=0.0, inputs=8, trials=6),
]


@pytest.mark.parametrize("config", PLAIN, ids=lambda config: f"{config.activation}-{config.scheme}-{config.layer_sizes or config.width}")
def test_a_plain_network_is_recognized_from_its_report(config):
    found = closest_config(report_of(of_config(config))).config
    names = ("architecture", "depth", "widths", "activation", "scheme", "inputs", "first_weight_variance")
    for name in names:
        assert (
            getattr(found, name) == pytest.approx(getattr(config, name))
            if isinstance(getattr(config, name), float)
            else getattr(found, name) == getattr(config, name)
        ), name
    if config.scheme == "custom":
        assert found.weight_variance == pytest.approx(config.weight_variance, rel=0.01)
    if config.scheme == "std":
        assert found.weight_std == pytest.approx(config.weight_std, rel=0.01)
    if config.scheme != "pytorch":
        assert found.bias_variance == pytest.approx(config.bias_variance, rel=0.01)
    assert found.input_variance == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("config", PLAIN[:3], ids=lambda config: config.activation)
def test_theorys_lines_lie_on_what_was_measured(config):
    """Medians over six nets of some width, so within what chance does; and not on those of another network."""
    found = report_of(of_config(config))
    closest = closest_config(found)
    lines = expected(found, closest, predict(closest.config))
    for quantity in ("out", "out_gradient", "weight_gradient"):
        assert agreement(found, lines, quantity) < 0.25, quantity
    wrong = expected(found, closest, predict(replace(closest.config, scheme="custom", weight_variance=4.0)))
    assert max(agreement(found, wrong, quantity) for quantity in wrong) > 1.0


def test_a_link_of_it_says_the_same():
    found = report_of(of_config(PLAIN[0]))
    there, back = closest_config(found), closest_config(decode(encode(found)))
    assert back.signals == there.signals and back.weights == there.weights
    assert back.config == replace(there.config, input_variance=back.config.input_variance)
    assert back.config.input_variance == pytest.approx(there.config.input_variance, rel=0.1)


def test_the_weight_gradient_is_of_all_inputs_together_and_of_known_costs_alone():
    found = report_of(of_config(PLAIN[1]))
    closest = closest_config(found)
    prediction = predict(closest.config)
    line = expected(found, closest, prediction)["weight_gradient"]
    shift = found.called[-2].size("out_gradient") - prediction.delta.log10_second_moment[-1]
    assert line[0] == pytest.approx(prediction.weight_gradient.log10_second_moment[0] + shift + math.log10(8))
    assert np.isnan(expected(replace(found, loss="cross_entropy"), closest, prediction)["weight_gradient"]).all()


def test_a_head_without_an_activation_is_left_out_and_told():
    calls = [module for n in range(3) for module in (linear(f"{2 * n}", 8, 8), other(f"{2 * n + 1}", "ReLU", "activation"))]
    found = closest_config(read(text([*calls, linear("head", 8, 3)])))
    assert found.config.depth == 3 and found.config.scheme == "he" and "“head”" in found.remarks[0]
    assert found.signals[0] == ("z", 1) and found.signals[5] == ("h", 3) and 6 not in found.signals


def test_a_residual_network_is_recognized():
    found = closest_config(read(text([linear("stem", 4, 8), *residual(6, 8)])))
    config = found.config
    assert (config.architecture, config.depth, config.width, config.expansion) == ("residual", 6, 8, 4)
    assert (config.normalization, config.norm_position, config.activation, config.scheme) == ("layer", "pre", "gelu", "he")
    assert [found.signals[place] for place in sorted(found.signals)] == [("stream", block) for block in range(1, 7)]
    assert {name for name, _ in found.weights.values()} == {"W1", "W2"}
    assert "stem" in found.remarks[0]


def test_branches_that_begin_at_zero_have_no_scale():
    found = closest_config(read(text(residual(6, 8, last=0.0))))
    assert found.config.branch_scale == 0.0 and "starts at 0" in found.remarks[0]


def test_a_norm_after_the_sum_is_seen():
    calls = residual(4, 8, norm=False)
    after = []
    for module in calls:
        after += [module] + [other(module["name"] + "_norm", "LayerNorm", "norm")] * (module["kind"] == "sum")
    found = closest_config(read(text(after)))
    assert (found.config.normalization, found.config.norm_position) == ("layer", "post")
    assert read(text(after)).called[min(found.signals)].kind == "norm"


def test_a_transformer_is_recognized():
    embeddings = [other("wte", "Embedding", "embedding"), other("wpe", "Embedding", "embedding"), other("sum", "sum", "sum", -3)]
    std = {"weight": moments(2 * math.log10(0.02))}
    calls = [*embeddings, *transformer(4, 16, 5, **std), other("ln_f", "LayerNorm", "norm"), linear("head", 16, 50)]
    config = closest_config(read(text(calls))).config
    assert (config.architecture, config.depth, config.width, config.heads, config.tokens) == ("transformer", 4, 16, 4, 5)
    assert (config.causal, config.normalization, config.norm_position, config.activation) == (True, "layer", "pre", "gelu_tanh")
    assert (config.scheme, config.weight_std, config.expansion, config.shared_blocks) == ("std", 0.02, 4, False)
    assert config.input_variance == pytest.approx(1e-3)


def test_gpt2s_rule_and_copies_are_told():
    calls = transformer(4, 16, 5, weight=moments(2 * math.log10(0.02)))
    for module in calls:
        if module["name"].endswith(("fc2", "proj")):
            module["weight"] = moments(2 * math.log10(0.02) - math.log10(8))
    assert closest_config(read(text(calls))).config.branch_rule == "gpt2"
    copies = transformer(4, 16, 5)
    for module in copies:
        if module["kind"] == "linear" and not module["name"].startswith("h.0"):
            module["same_weights_as"] = module["name"].replace(module["name"][:3], "h.0")
    assert closest_config(read(text(copies))).config.shared_blocks


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([other("conv", "Conv2d", "convolution"), linear("fc", 8, 8)], "convolutions"),
        ([other("act", "ReLU", "activation")], "no linear layers"),
        ([linear("a", 8, 8), linear("a", 8, 8, call=2)], "called more than once"),
        ([linear("a", 8, 8), other("r", "ReLU", "activation"), linear("b", 4, 4), other("s", "ReLU", "activation")], "no chain"),
        ([linear("a", 8, 8), other("r", "ReLU", "activation"), linear("b", 8, 8), other("t", "Tanh", "activation")], "several activations"),
        ([linear("a", 8, 8), other("m", "MyOwn", "activation")], "not known here"),
        ([other("n", "LayerNorm", "norm"), linear("a", 8, 8)], "begins with n"),
        ([linear("a", 8, 8), other("n", "GroupNorm", "norm"), other("r", "ReLU", "activation")], "GroupNorm"),
        ([*residual(2), linear("x", 8, 8), linear("y", 8, 8), other("s", "sum", "sum")], "not alike"),
    ],
)
def test_what_is_like_no_network_of_the_app_says_why(calls, reason):
    found = closest_config(read(text(calls)))
    assert found.config is None and reason in found.why_not and found.why_not.endswith(".")


def with_batch_norm(config: Config) -> str:
    """The report that probing this simulated network with a norm before each activation would give."""
    trace = simulate(config)
    calls = []
    for layer in range(config.depth):
        sizes = {"out": trace.z, "out_gradient": trace.delta, "weight_gradient": trace.weight_gradient}
        measured = {name: moments(found.log10_second_moment[:, layer]) for name, found in sizes.items()}
        calls += [linear(f"{3 * layer}", config.width, config.width, 2.0, **{"in": moments(0)}, **measured)]
        calls += [other(f"{3 * layer + 1}", "BatchNorm1d", "norm"), other(f"{3 * layer + 2}", "ReLU", "activation", activation="relu")]
    return text(calls, inputs=config.inputs, draws=config.trials)


@pytest.mark.parametrize("inputs", [8, 32, 64])
def test_behind_batch_norms_theory_has_the_batch_and_its_weight_gradient(inputs):
    sizes = {"depth": 12, "width": 128, "inputs": inputs, "trials": 6}
    found = read(with_batch_norm(Config(activation="relu", scheme="he", bias_variance=0.0, normalization="batch", **sizes)))
    closest = closest_config(found)
    assert closest.config.normalization == "batch" and closest.config.inputs == inputs
    lines = expected(found, closest, predict(closest.config))
    for quantity in ("out", "out_gradient", "weight_gradient"):
        assert agreement(found, lines, quantity) < 0.2, quantity
