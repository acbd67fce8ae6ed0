"""Convolutions: against one written out, in one law with and without its matrices, and what becomes of a signal along its positions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import assert_other_law, assert_same_law

from propagation import Config, predict, simulate
from propagation.engine import network
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.engine.patches import gathered, patches
from propagation.inputs import draw_inputs
from propagation.ops import Patches

SMALL = Config(architecture="convolution", positions=6, inputs=2, depth=3, width=10, activation="relu", weight_variance=2.0, trials=64)


def test_patches_are_those_of_a_circle():
    x = np.arange(2 * 10.0).reshape(2, 10)  # two channels, two inputs of five positions
    found = patches(x, Patches(3, 5))
    for column in range(10):
        start, place = column // 5 * 5, column % 5
        wanted = [x[:, start + (place + shift) % 5] for shift in (-1, 0, 1)]
        np.testing.assert_array_equal(found[:, column], np.concatenate(wanted))


def test_gathering_is_the_transpose_of_making_patches():
    rng, op = np.random.default_rng(0), Patches(5, 4)
    x, g = rng.standard_normal((3, 8)), rng.standard_normal((15, 8))
    assert np.vdot(patches(x, op), g) == pytest.approx(np.vdot(x, gathered(g, op)), rel=1e-12)


class _Streams(Observer):
    """Keeps h and δ of every layer."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], np.ndarray] = {}

    def see(self, name, layer, *values):
        if name in ("h", "delta"):
            self.seen[name, layer] = np.ldexp(values[0].array, values[0].exponent[:, None, None]).astype(float)


def test_a_signal_moved_around_the_circle_moves_with_it():
    """Weights are the same at every position; positions of another input are none of its own."""
    config = replace(SMALL, method="dense", trials=1)
    x = draw_inputs(config)
    moved = np.roll(x.reshape(len(x), 2, 6), 2, axis=-1).reshape(x.shape)
    found = []
    for inputs in (x, moved):
        observe(Stack([config], range(1)), seen := _Streams(), [inputs])
        found.append(seen.seen["h", 3])
    shifted = np.roll(found[0].reshape(1, -1, 2, 6), 2, axis=-1).reshape(found[0].shape)
    np.testing.assert_allclose(found[1], shifted, rtol=1e-12, atol=1e-12)
    other = x.copy()
    other[:, 6:] = 0.0
    observe(Stack([config], range(1)), seen := _Streams(), [other])
    np.testing.assert_allclose(seen.seen["h", 3][..., :6], found[0][..., :6], rtol=1e-12)


@pytest.mark.slow
def test_convolutions_without_their_matrices_have_the_law_of_those_with_them(monkeypatch):
    monkeypatch.setattr(network, "draw_inputs", lambda config: draw_inputs(replace(config, seed=0)))

    def measured(config: Config, first: int) -> dict[str, np.ndarray]:
        traces = [simulate(replace(config, seed=first + seed)) for seed in range(24)]
        h, delta, weights = (
            np.concatenate([trace.signal(name).log10_second_moment for trace in traces]) for name in ("h", "delta", "weight_gradient")
        )
        return {"h": h[:, -1], "delta": delta[:, 0], "weights": weights[:, 0], "both": h[:, -1] + delta[:, 0], "growth": h[:, -1] - h[:, 0]}

    dense = measured(replace(SMALL, method="dense"), 0)
    assert_same_law(measured(replace(SMALL, method="implicit"), 1000), dense)
    for other in ({"bias_variance": 0.6}, {"weight_variance": 2.7}):
        assert_other_law(measured(replace(SMALL, method="implicit", **other), 1000), dense)


def profile(config: Config, layers: int, trials: int) -> np.ndarray:
    """Mean square of z at every position, from an input that is nothing but at one of them, (trials, positions)."""
    x = np.zeros((config.widths[0], config.positions))
    x[:, 0] = draw_inputs(replace(config, positions=1, inputs=1))[:, 0] * math.sqrt(config.positions)

    class Seen(Observer):
        looks_back = False

        def see(self, name, layer, *values):
            if (name, layer) == ("z", layers):
                z = np.ldexp(values[0].array, values[0].exponent[:, None, None])
                self.squares = (z**2).mean(axis=1)

    observe(Stack([replace(config, inputs=1, depth=layers, trials=trials)], range(trials)), seen := Seen(), [x])
    return seen.squares


@pytest.mark.parametrize(("layers", "center"), [(10, 4.851834916764042), (3, None)])
def test_what_is_at_one_position_spreads_like_a_walk(layers, center):
    """ReLU and σ_w² = 2: of the profile, the Fourier mode f is multiplied by (1 + 2 cos(2πf/S))/3 a layer (k = 3)."""
    config = replace(SMALL, positions=32, width=128, weight_variance=2.0, bias_variance=0.0)
    squares = profile(config, layers, trials := 48)
    modes = (1 + 2 * np.cos(2 * np.pi * np.arange(32) / 32)) / 3
    inputs = np.full(32, 1.0) * 2.0  # σ_w² times the flat spectrum of a peak of size S, over S
    expected = np.fft.ifft(inputs * modes**layers).real * 32
    if center:
        assert expected[0] / 2 == pytest.approx(center, rel=1e-9)
    sizes = squares.mean(axis=0)
    errors = squares.std(axis=0, ddof=1) / math.sqrt(trials)
    near = expected > 0.02
    assert (np.abs(sizes - expected)[near] < 4.5 * errors[near] + 0.03 * expected[near]).all()


def test_orthogonal_weights_stand_on_the_middle_tap():
    """Then nothing moves along the circle: a peak stays where it is."""
    squares = profile(replace(SMALL, positions=8, width=64, weight_law="orthogonal", activation="linear", bias_variance=0.0), 5, 4)
    assert (squares[:, 1:] == 0).all() and (squares[:, 0] > 1).all()


def test_weights_learn_from_every_position():
    one, eight = (predict(replace(SMALL, positions=count, weight_variance=1.5)) for count in (1, 8))
    gained = eight.weight_gradient.log10_second_moment - one.weight_gradient.log10_second_moment
    np.testing.assert_allclose(gained, math.log10(8), atol=0.2)  # of other inputs


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"taps": 4}, "taps = 4 have no middle one"),
        ({"positions": 64, "inputs": 17}, "positions = 64 does not go with inputs = 17"),
        ({"architecture": "plain"}, "positions = 6 needs architecture = 'convolution'"),
        ({"input_law": "digits"}, "positions = 6 does not go with input_law = 'digits'"),
    ],
)
def test_parts_that_contradict_each_other_are_refused_in_words(fields, words):
    with pytest.raises(ValueError, match="^" + words):
        replace(SMALL, **fields)
