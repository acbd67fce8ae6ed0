"""Where float32 and float16 end, against networks that NumPy computes in these very formats."""

from __future__ import annotations

import numpy as np
import pytest
from charts.traces import moments, trace

from propagation import Config, simulate
from propagation.precision import FLOAT_FORMATS, Exit, first_exit, precision_sentence

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
        (1.001 * of.largest, Exit("z", 1, True)),
        (0.999 * of.largest, None),
        (1.001 * of.smallest / 2, None),
        (0.999 * of.smallest / 2, Exit("z", 1, False)),
    ):
        size = np.full((1, 1), 2 * np.log10(largest / tail))
        config = Config(depth=1, width=2, inputs=1, trials=1)
        made = trace(1, 1, config=config, z=moments(size))
        assert first_exit(made, name) == expected


def test_the_formats_are_those_of_numpy():
    for name in ("float32", "float16"):
        of, info = FLOAT_FORMATS[name], np.finfo(name)
        assert (of.largest, of.smallest) == (float(info.max), float(info.smallest_subnormal))
    of = FLOAT_FORMATS["bfloat16"]
    # its bit patterns are the upper halves of those of float32
    assert np.array([0x7F7F0000, 0x00010000], dtype=np.uint32).view(np.float32).tolist() == [of.largest, of.smallest]


def test_gradients_leave_on_their_way_back():
    forward = np.zeros((3, 20))
    back = -10.0 * np.arange(20)[::-1] * np.ones((3, 1))  # δ² falls by 10 decades a layer, from layer 20 down
    made = trace(20, 3, config=Config(depth=20, trials=3), z=moments(forward), delta=moments(back), weight_gradient=moments(forward))
    exit = first_exit(made)
    assert exit.signal == "delta" and not exit.overflows
    assert exit.layer == 20 - 10  # 10^−45.15 is half of the smallest: δ of 10^−45 times 4 is above it, 10^−50 times 4 is below
    assert precision_sentence(made) == "In float32 the gradient is rounded to zero from layer 10 down; in float16 from layer 18 down."


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
