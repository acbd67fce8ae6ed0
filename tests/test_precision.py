"""Where float32 and float16 end, against networks that NumPy computes in these very formats."""

from __future__ import annotations

import numpy as np
import pytest
from charts.traces import moments, trace

from propagation import Config, simulate
from propagation.formats import FLOAT_FORMATS
from propagation.precision import (
    Exit,
    Precision,
    first_exit,
    first_trouble,
    format_sentences,
    format_words,
    loss_scales,
    precision_sentence,
)

NETWORKS = 12


def left_at(config: Config, dtype: type, seed: int) -> int | None:
    """The first layer in which a network in this format has an entry that is inf, or nothing but zeros."""
    rng = np.random.default_rng(seed)
    deviation = np.sqrt(config.weight_variance / config.width)
    h = rng.standard_normal((config.width, config.inputs)).astype(dtype)
    for layer in range(1, config.depth + 1):
        W = rng.normal(0, deviation, (config.width, config.width))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            # sums are taken in float64, as tensor cores take those of float16 in float32
            z = (W.astype(dtype).astype(float) @ h.astype(float)).astype(dtype)
        if not np.isfinite(z).all() or not z.any():
            return layer
        h = np.maximum(z, 0) if config.activation == "relu" else z
    return None


@pytest.mark.parametrize(("name", "dtype"), [("float32", np.float32), ("float16", np.float16)])
@pytest.mark.parametrize(
    ("activation", "weight_variance", "inputs"), [("linear", 512.0, 1), ("linear", 512.0, 16), ("relu", 30.0, 4), ("relu", 0.02, 4)]
)
def test_the_layer_is_that_of_a_network_in_this_format(name, dtype, activation, weight_variance, inputs):
    config = Config(
        depth=130, width=512, activation=activation, weight_variance=weight_variance, bias_variance=0.0, inputs=inputs, trials=4
    )
    exit = first_exit(simulate(config), name)
    layers = [left_at(config, dtype, seed) for seed in range(NETWORKS)]
    assert None not in layers
    assert exit.signal == "z" and exit.overflows is (weight_variance > 2)
    assert abs(exit.layer - np.median(layers)) <= 1


def test_weights_of_variance_one_give_nan_in_layer_28():
    """What a course shows first: 512 neurons, N(0, 1) weights, no activation."""
    assert first_exit(simulate(Config(depth=100, activation="linear", weight_variance=512.0, bias_variance=0.0))) == Exit("z", 28, True)


@pytest.mark.parametrize("name", FLOAT_FORMATS)
def test_the_ends_of_a_format(name):
    """One layer, two neurons, one input: the largest entry is √(2 ln 2) times the root mean square."""
    of, tail = FLOAT_FORMATS[name], np.sqrt(2 * np.log(2))
    for largest, expected in (
        (1.001 * of.overflow, Exit("z", 1, True)),
        (0.999 * of.overflow, None),
        (1.001 * of.smallest / 2, None),
        (0.999 * of.smallest / 2, Exit("z", 1, False)),
    ):
        size = np.full((1, 1), 2 * np.log10(largest / tail))
        config = Config(depth=1, width=2, inputs=1, trials=1)
        made = trace(1, 1, config=config, z=moments(size))
        assert first_exit(made, name) == expected


def test_gradients_leave_on_their_way_back():
    forward = np.zeros((3, 20))
    back = -10.0 * np.arange(20)[::-1] * np.ones((3, 1))  # δ² falls by 10 decades a layer, from layer 20 down
    made = trace(20, 3, config=Config(depth=20, trials=3), z=moments(forward), delta=moments(back), weight_gradient=moments(forward))
    exit = first_exit(made)
    assert exit.signal == "delta" and not exit.overflows
    assert exit.layer == 20 - 10  # 10^−45.15 is half of the smallest: δ of 10^−45 times 4 is above it, 10^−50 times 4 is below
    assert precision_sentence(made) == "In float32 the gradient is rounded to zero from layer 10 down; in float16 from layer 18 down."


def test_a_loss_scale_that_saves_gradients_is_named_unasked():
    """Nothing is left from E[δ²] = (2⁻²⁵)²/(2 ln 128) = 10⁻¹⁶·⁰⁴ down, which is 17.8 layers of 0.9 decades below the last, 20."""
    assert precision_sentence(leaving(0.84)) == ""
    told = precision_sentence(leaving(0.9))
    assert told == "In float16 the gradient is rounded to zero from layer 2 down. A loss scale of 2¹⁰ saves all but 1 % of it."
    assert "loss scale" not in precision_sentence(leaving(5.0))


def test_what_is_exactly_zero_is_not_a_matter_of_precision():
    size = np.zeros((2, 10))
    size[:, 5:] = -np.inf
    assert first_exit(trace(10, 2, z=moments(size))) is None


def test_a_healthy_network_says_nothing():
    config = Config(activation="relu", scheme="he", bias_variance=0.0, trials=2)
    assert precision_sentence(simulate(config)) == ""


def test_the_sentence_names_both_formats():
    config = Config(depth=100, activation="linear", weight_variance=512.0, bias_variance=0.0)
    assert precision_sentence(simulate(config)) == "In float32 the signal overflows in layer 28 and gives nan; in float16 in layer 4."


def leaving(gradients: float, forward: float = 0.0, depth: int = 20):
    """A trace whose gradient falls by so many decades of E[δ²] a layer on its way back, and whose signal grows by so many."""
    back = -gradients * np.arange(depth)[::-1] * np.ones((3, 1))
    there = forward * np.arange(depth) * np.ones((3, 1))
    config = Config(depth=depth, trials=3, width=64, inputs=2)
    return trace(depth, 3, config=config, z=moments(there), delta=moments(back), weight_gradient=moments(0 * back))


def test_the_ends_of_gradients_move_with_the_loss_scale_and_those_of_signals_do_not():
    made, of = leaving(1.0), FLOAT_FORMATS["float16"]
    for name, moved in (("z", 0), ("delta", 2), ("weight_gradient", 2)):
        for before, after in zip(Precision(of).ends(made, name), Precision(of, 10).ends(made, name), strict=True):
            np.testing.assert_allclose(before - after, moved * 10 * np.log10(2), atol=1e-12)


def test_the_layer_from_which_gradients_are_too_small():
    """E[δ²] < 2⁻⁴⁸ = 10⁻¹⁴·⁴⁵ from 17 layers below the last on, at 0.9 decades each."""
    made, of = leaving(0.9), FLOAT_FORMATS["float16"]
    assert format_sentences(made, Precision(of)) == (
        "In float16 the gradient falls below the smallest number, 6 × 10⁻⁸, from layer 3 down: up to 100 % of a layer is rounded to zero. "
        "With a loss scale of 2¹⁰ at most 1 % would be."
    )
    assert format_words(made, Precision(of)) == "the gradient is lost from layer 3 down"
    assert first_trouble(made, Precision(of, 4)) == Exit("delta", 1, False)
    assert format_words(made, Precision(of, 5)) == "fits"
    assert format_sentences(made, Precision(of, 5)).startswith("float16 with a loss scale of 2⁵ holds every layer, but up to 26 % of one")
    assert "is enough: nothing overflows, and at most 0.8 % of a" in format_sentences(made, Precision(of, 10))


@pytest.mark.parametrize("format", FLOAT_FORMATS)
@pytest.mark.parametrize("gradients", [0.0, 0.3, 1.0, 5.0, -0.5])
def test_a_loss_scale_that_is_named_is_the_least_that_does_it(format, gradients):
    made, of = leaving(gradients), FLOAT_FORMATS[format]
    least, most = loss_scales(made, of)

    def good(k: int) -> bool:
        precision = Precision(of, k)
        lost = max(precision.lost(made, name).max() for name in ("delta", "weight_gradient"))
        return lost < 0.01005 and first_trouble(made, precision) is None

    assert [good(k) for k in (least - 1, least, most, most + 1)] == [False, least <= most, least <= most, False]


def test_an_overflow_is_told_with_what_helps():
    of = FLOAT_FORMATS["float16"]
    told = format_sentences(leaving(0.0, forward=0.7), Precision(of))
    assert told == "In float16 the signal overflows in layer 14 and gives nan. No loss scale helps: it moves gradients alone."
    told = format_sentences(leaving(0.0), Precision(of, 20))
    assert told.startswith("In float16 with a loss scale of 2²⁰ the gradient overflows in layer 20 and gives nan. Up to a loss")
    assert "The largest loss scale without overflow, 2¹², leaves up to 100 % lost." in format_sentences(leaving(5.0), Precision(of))


def test_what_is_enough_is_called_so():
    for format, told in (("float16", "nothing is lost"), ("float8_e5m2", "nothing is lost"), ("float8_e4m3", "at most 0.08 % of a layer")):
        sentence = format_sentences(leaving(0.0), Precision(FLOAT_FORMATS[format]))
        assert sentence.startswith(FLOAT_FORMATS[format].label) and told in sentence


def test_sigmoid_layers_until_gradients_are_too_small():
    """48 ln 2 / (−ln χ) layers from a standard deviation of 1 to 2⁻²⁴, χ = 1/16 and a little less: 11.5 layers of a sigmoid, σ_w² = 1."""
    config = Config(depth=30, width=2048, activation="sigmoid", weight_variance=1.0, bias_variance=0.0, trials=4)
    made = simulate(config)
    lower, _ = Precision(FLOAT_FORMATS["float16"]).ends(made, "delta")
    sizes = made.delta.median()
    survive = (sizes - sizes[-1] > lower).sum()  # counted from a gradient of size 1
    assert survive == 12  # of the layers at 0, 1 … 11 steps from the last, 11.5 of which bring it to the end
