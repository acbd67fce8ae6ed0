"""Myths: what each card says of its networks is so, within 4 standard errors, and its link leads to them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.expressions import lookup
from propagation.labs.compare_text import read
from propagation.labs.evidence import EVIDENCE
from propagation.myths import MYTHS
from propagation.theory.prediction import predict
from propagation.ui.session import url

#: E ln R of a ReLU layer of width n under He's rule, to first order in 1/n: −5/(2n)
SAG = -2.5


def changes(config: Config, signal: str) -> np.ndarray:
    """ln of the change of a second moment over the whole network in its own direction, one value a trial."""
    sizes = simulate(config).signal(signal).log10_second_moment
    change = sizes[:, -1] - sizes[:, 0] if signal == "z" else sizes[:, 0] - sizes[:, -1]
    return math.log(10) * change


def agrees(values: np.ndarray, expected: float) -> bool:
    """Whether the mean is the expected one within 4 standard errors."""
    return abs(values.mean() - expected) < 4 * values.std(ddof=1) / math.sqrt(len(values))


def networks(name: str, **changed) -> list[Config]:
    return [replace(network.config, **changed) for network in MYTHS[name].networks]


def test_randn_and_rand_differ_by_their_variance_alone():
    normal, unit, matched = (changes(config, "z") for config in networks("randn", trials=24, inputs=4, width=128))
    sag = 29 * SAG / 128
    assert agrees(normal, sag) and agrees(matched, sag) and agrees(unit, sag - 29 * math.log(3))
    assert not agrees(unit, sag), "negative control: unmatched, the gap is there"


@pytest.mark.slow
def test_xavier_with_tanh_fades_like_a_power():
    (config,) = networks("xavier")
    q = 10 ** predict(config).z.log10_second_moment
    assert q[-1] * 2 * config.depth == pytest.approx(1, abs=0.1), "E[z²] ≈ 1/(2l)"
    sizes = math.log(10) * simulate(config).z.log10_second_moment[:, -1]
    assert abs(sizes.mean() - math.log(q[-1])) < 4 * sizes.std(ddof=1) / math.sqrt(len(sizes)) + config.depth / config.width
    assert not agrees(sizes, 0.0), "negative control: it does not hold std 1"
    assert "0.07" in MYTHS["xavier"].happens([EVIDENCE["sizes"](config)]) and "std is near 0.07" in MYTHS["xavier"].truth


def test_he_with_relu_loses_nothing_and_without_the_2_it_loses_half():
    he, without = (changes(config, "delta") for config in networks("halved", width=256, trials=24, inputs=4))
    sag = 49 * SAG / 256
    assert agrees(he, sag) and agrees(without, sag - 49 * math.log(2))
    assert not agrees(he, sag - 49 * math.log(2)), "negative control"


@pytest.mark.slow
def test_a_level_variance_hides_that_inputs_become_one():
    relu, linear = (EVIDENCE["cosines"](config) for config in networks("stable"))
    for found in (relu, linear):
        assert abs(found.scatter.log10_second_moment[-1] - found.scatter.log10_second_moment[0]) < 0.2
    assert relu.scatter.parts[3, -1] < 0.1 < 0.8 < linear.scatter.parts[3, -1]
    assert relu.expected.parts[3, -1] < 0.1 < 0.8 < linear.expected.parts[3, -1]


def test_a_sigmoid_passes_the_signal_and_not_the_gradient():
    (config,) = networks("signal")
    theory = predict(config)
    assert agrees(changes(config, "z"), math.log(10) * (theory.z.log10_second_moment[-1] - theory.z.log10_second_moment[0]))
    q = 10**theory.z.log10_second_moment
    assert q[4] == pytest.approx(q[-1], rel=0.01) and q[-1] < 0.3 * q[0], "settled in layer 5, as is said, and not before"
    back = changes(config, "delta")
    assert back.max() < -20 * math.log(10)
    expected = math.log(10) * (theory.delta.log10_second_moment[0] - theory.delta.log10_second_moment[-1])
    assert abs(back.mean() - expected) < 4 * back.std(ddof=1) / math.sqrt(len(back)) + 0.1


def test_a_layer_norm_takes_the_weights_out_of_the_factor_and_not_the_factor_out():
    before, louder, after = networks("layer_norm")
    factors = []
    for config in (before, louder, after):
        # the first and the last layer meet the input and the cost
        sizes = predict(config).delta.log10_second_moment
        factors.append(10 ** float(np.mean(-np.diff(sizes[1:-1]))))
    assert factors == pytest.approx([1, 1, math.pi / (math.pi - 1)], rel=1e-6)
    small, large = (predict(config).weight_gradient.log10_second_moment for config in (before, louder))
    np.testing.assert_allclose(large - small, -2, atol=1e-9)
    # the same noise: to the last digits that single precision has
    small, large = (simulate(replace(config, width=64, depth=5)).weight_gradient.log10_second_moment for config in (before, louder))
    np.testing.assert_allclose(large - small, -2, atol=1e-4)


@pytest.mark.slow
def test_batch_norm_is_what_explodes():
    batch, without, skips = networks("batch_norm", width=256, trials=12)
    theory = predict(batch).delta.log10_second_moment
    expected = math.log(10) * (theory[0] - theory[-1])
    values = changes(batch, "delta")
    assert abs(values.mean() - expected) < 4 * values.std(ddof=1) / math.sqrt(len(values)) + 3 * batch.depth / batch.width
    assert values.min() > 8 * math.log(10) > 4 > abs(changes(without, "delta")).max(), "negative control: without the norm"
    theory = predict(skips).delta.log10_second_moment
    assert agrees(changes(skips, "delta"), math.log(10) * (theory[0] - theory[-1])) and theory[0] - theory[-1] < 2.5


def test_post_norm_gradients_do_not_vanish_in_mlp_blocks():
    relu, gelu, pre = (predict(config).stream_gradient.log10_second_moment for config in networks("post_norm"))
    np.testing.assert_allclose(relu, 0, atol=1e-9)
    assert np.all(np.diff(gelu) < 0) and 1 < 10 ** float((gelu[0] - gelu[-1]) / 99) < 1.05, "a little above 1"
    (tanh,) = (predict(replace(networks("post_norm")[0], activation="tanh")).stream_gradient.log10_second_moment,)
    assert 1 < 10 ** float((tanh[0] - tanh[-1]) / 99) < 1.1
    assert pre[-1] == pytest.approx(-2, abs=0.01), "the last blocks get 1/(L + 1)"


def test_gpt2s_scale_is_a_ratio():
    own, ratio, unscaled, level = (predict(config) for config in networks("gpt2"))

    def grown(theory) -> np.ndarray:
        return theory.stream.log10_second_moment - theory.input_log10_second_moment

    np.testing.assert_allclose(grown(own), grown(ratio), atol=1e-9)
    assert 10 ** grown(own)[-1] == pytest.approx(82, rel=0.02) and grown(unscaled)[-1] > 3 and 10 ** grown(level)[-1] < 1.1
    q = 10 ** np.concatenate([[own.input_log10_second_moment], own.stream.log10_second_moment])
    np.testing.assert_allclose(np.diff(q), q[1] - q[0], rtol=1e-3)
    assert q[1] > 2 * q[0], "the first branch outweighs the embeddings"
    for config in networks("gpt2"):
        trace, theory = simulate(replace(config, width=256, weight_std=0.02 * math.sqrt(3), trials=8)), predict(config)
        values = math.log(10) * (trace.stream.log10_second_moment[:, -1] - trace.input_log10_second_moment)
        assert abs(values.mean() - math.log(10) * grown(theory)[-1]) < 4 * values.std(ddof=1) / math.sqrt(8) + 0.05


@pytest.mark.parametrize("name", MYTHS)
def test_every_link_says_what_it_opens(name):
    link = MYTHS[name].link
    config, problems = url.parsed({key: [text] for key, text in link.query.items()})
    assert problems == []
    shown = [network.config for network in MYTHS[name].networks]
    if link.page == "compare":
        columns, problems = read(link.query["columns"])
        assert problems == [] and [column.uses(config).weight_law for column in columns] == [own.weight_law for own in shown]
        variances = [(column.uses(config).scheme, column.weight_variance) for column in columns]
        assert variances == [("he", None), ("custom", 0.666667), ("he", None)]
        assert (config.depth, config.width, config.bias_variance) == (shown[0].depth, shown[0].width, 0)
    else:
        assert config == shown[0]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_the_two_factors_are_those_of_a_layer(activation):
    """σ_w² E[φ²]/q forward, σ_w² E[φ′²] backward; σ_w² E[φ²] is a size and no factor (negative control)."""
    assert "σ_w² E[φ²]/q" in MYTHS["signal"].truth and "σ_w² E[φ′²]" in MYTHS["signal"].truth
    theory = predict(Config(depth=3, activation=activation, weight_variance=1.5, bias_variance=0))
    x = np.linspace(-9, 9, 20_001)
    density = np.exp(-0.5 * x**2) / np.exp(-0.5 * x**2).sum()
    q = 10 ** float(theory.z.log10_second_moment[1])
    values, _ = lookup(activation).evaluate(math.sqrt(q) * x)
    after = 1.5 * float(np.sum(density * values**2))
    assert 10 ** float(theory.z.log10_second_moment[2] - theory.z.log10_second_moment[1]) == pytest.approx(after / q, rel=1e-3)
    assert after != pytest.approx(after / q, rel=0.01)
    backward = 10 ** float(theory.delta.log10_second_moment[1] - theory.delta.log10_second_moment[2])
    # the last layer's δ is φ′ times unit noise, that before it has passed one layer
    slope_squares = [
        float(np.sum(density * lookup(activation).evaluate(math.sqrt(10 ** float(size)) * x)[1] ** 2))
        for size in theory.z.log10_second_moment
    ]
    assert backward == pytest.approx(1.5 * slope_squares[1], rel=1e-3)
