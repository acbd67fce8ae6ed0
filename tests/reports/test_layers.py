"""A measured network as layers: which calls they are, their sizes, and what a layer does on average."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.reports import gallery
from propagation.reports.diagnosis import diagnose
from propagation.reports.layers import ROWS, layers, outline, sizes
from propagation.reports.read import read
from tests.reports.samples import linear, moments, of_config, other, residual, text


def measured(modules: list[dict], **fields):
    return read(text(modules, **fields))


def outlined(modules: list[dict], **fields):
    found = measured(modules, **fields)
    return outline(found, diagnose(found)[0])


def chain(forward: float, backward: float, depth: int = 6) -> list[dict]:
    """A chain whose signals change by so many decades a layer, the way they travel."""
    calls = []
    for n in range(depth):
        back = moments(backward * (depth - 1 - n))
        calls += [linear(f"fc{n}", 8, 8, out=moments(forward * n), out_gradient=back, weight_gradient=moments(0.1 * n))]
        calls += [other(f"act{n}", "ReLU", "activation", forward * n, activation="relu") | {"out_gradient": back, "saturated": 0.25}]
    return calls


def test_a_plain_network_has_the_layers_and_the_sizes_that_the_app_has():
    config = Config(depth=6, width=32, activation="relu", scheme="he", bias_variance=0.0, inputs=4, trials=3)
    trace, found = simulate(config), layers(read_of(config))
    assert [layer.label for layer in found] == [str(2 * n) for n in range(6)]
    for row, signal in zip(ROWS, ("z", "delta", "weight_gradient"), strict=True):
        shift = math.log10(config.inputs) if row == "weight_gradient" else 0.0
        np.testing.assert_allclose(sizes(found, row) - shift, trace.signal(signal).median(), atol=1e-3)


def read_of(config: Config):
    return read(json.dumps(of_config(config)))


def test_a_last_map_without_an_activation_is_no_layer():
    assert len(layers(measured([*chain(0, 0), linear("head", 8, 2)]))) == 6
    assert len(layers(measured([linear("a", 8, 8), linear("b", 8, 8)]))) == 2  # of a linear network each is one


def test_blocks_of_a_stream_are_layers_and_have_all_of_their_weights():
    found = layers(measured(residual(5, growth=0.2)))
    assert [layer.label for layer in found] == [f"blocks.{n}" for n in range(5)]
    np.testing.assert_allclose(sizes(found, "out"), 0.2 * np.arange(5))
    nameless = residual(5, growth=0.2)
    for n, call in enumerate(nameless):
        call["name"] = f"part{n}"
    found = layers(measured(nameless))
    np.testing.assert_allclose(sizes(found, "out"), 0.2 * np.arange(5))
    assert [len(layer.calls.modules) for layer in found] == [5] * 5


def test_where_entries_change_the_gradient_is_that_of_all_together():
    calls = [linear(f"fc{n}", 8, width, out_shape=[4, width]) for n, width in enumerate((1000, 100, 10))]
    np.testing.assert_allclose(sizes(layers(measured(calls)), "out_gradient"), [2, 1, 0])


@pytest.mark.parametrize(
    ("forward", "backward", "kind"),
    [(0, 0, "healthy"), (-0.5, 0, "vanishing"), (0.5, 0, "exploding"), (0, -0.5, "vanishing"), (0, 0.5, "exploding")],
)
def test_a_layers_factors_and_a_word_for_the_verdict(forward, backward, kind):
    found = outlined(chain(forward, backward))
    assert (found.forward_factor, found.backward_factor) == pytest.approx((10.0**forward, 10.0**backward))
    assert found.kind == kind and found.weight_spread == pytest.approx(0.5) and found.saturated == 0.25 and found.dead is None


def test_the_factor_of_a_stream_is_one_of_a_block():
    assert outlined(residual(8, growth=0.1)).forward_factor == pytest.approx(10**0.1)


def test_what_is_lost_or_not_finite_has_words():
    dead = chain(0, 0)
    dead[6:] = [call | {"out": moments(-math.inf)} for call in dead[6:]]
    found = outlined(dead)
    assert found.kind == "vanishing" and found.forward_factor == 0
    broken = outlined(chain(0, 0), first_not_finite={"module": "fc2", "what": "nan", "pass": "forward"})
    assert broken.kind == "not finite"
    copies = chain(0, 0)
    for call in copies[2::2]:
        call["same_weights_as"] = "fc0"
    assert outlined(copies).kind == "unusual"


def test_without_gradients_there_are_no_factors_back():
    calls = chain(0, 0)
    for call in calls:
        call.pop("out_gradient"), call.pop("weight_gradient", None)
    found = outlined(calls)
    assert math.isnan(found.backward_factor) and math.isnan(found.weight_spread)


@pytest.mark.parametrize("name", gallery.examples())
def test_every_example_has_layers(name):
    found = layers(gallery.example(name))
    assert len(found) >= 4 and np.isfinite([sizes(found, row) for row in ROWS[:2]]).all()


def test_a_network_of_one_module_is_one_layer():
    assert len(layers(read(text([linear("only", 8, 8)])))) == 1
