"""Training: gradients against finite differences, steps against their definition, the same numbers every time, and ends that are no NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation import Config
from propagation.architecture import bias_variances
from propagation.engine.network import walk
from propagation.engine.trainable import TrainableActivate
from propagation.expressions import lookup
from propagation.inputs import digit_labels, standardized_digits
from propagation.labs.training import (
    CHANCE,
    HELD_OUT,
    IGNORANCE,
    Network,
    Recipe,
    cross_entropy,
    digits,
    initial_network,
    parameters,
    split,
    train,
    uses,
)
from propagation.streams import stream

SMALL = {"depth": 4, "width": 12, "bias_variance": 0.05}


def batch_of(seed: int, size: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((64, size)), rng.integers(10, size=size)


@pytest.mark.parametrize(
    "activation", ["tanh", "relu", "sigmoid", "gelu", "selu", "softsign", "hard_swish", "linear", "x * sigmoid(1.7 * x)"]
)
def test_the_gradient_of_every_parameter_is_that_of_the_loss(activation):
    network = initial_network(Config(activation=activation, scheme="lecun", width_profile="funnel", seed=3, **SMALL))
    x, labels = batch_of(1)
    _, by_weights, by_biases = network.gradients(x, labels)
    step = 1e-6
    for parameter, gradient in zip([*network.weights, *network.biases], [*by_weights, *by_biases], strict=True):
        assert gradient.shape == parameter.shape
        differences = np.empty_like(parameter)
        for place in np.ndindex(parameter.shape):
            kept = parameter[place]
            losses = []
            for moved in (kept + step, kept - step):
                parameter[place] = moved
                losses.append(cross_entropy(network.scores(x), labels)[0])
            parameter[place] = kept
            differences[place] = (losses[0] - losses[1]) / (2 * step)
        np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=2e-9)


def test_a_wrong_gradient_would_be_seen():
    """Negative control: without φ′ in the last layer the difference is far above the tolerance."""
    network = initial_network(Config(activation="tanh", scheme="lecun", **SMALL))
    x, labels = batch_of(1)
    _, by_weights, _ = network.gradients(x, labels)
    *below, last, readout = network.ops
    linear = Network([[*below, TrainableActivate(lookup("linear"))]], readout)
    assert isinstance(last, TrainableActivate)
    assert np.abs(linear.gradients(x, labels)[1][0] - by_weights[0]).max() > 1e-3


def test_the_loss_is_the_cross_entropy_and_ignorance_costs_ln_10():
    scores = np.array([[1.0, -2.0], *[[0.0, 0.0]] * 9])
    p = np.exp(scores) / np.exp(scores).sum(axis=0)
    loss, slope = cross_entropy(scores, np.array([0, 3]))
    assert loss == pytest.approx(-np.mean(np.log([p[0, 0], p[3, 1]])), rel=1e-14)
    np.testing.assert_allclose(slope.sum(axis=0), 0, atol=1e-16)
    assert cross_entropy(np.full((10, 4), 700.0), np.arange(4))[0] == pytest.approx(math.log(10)) == IGNORANCE
    with np.errstate(all="raise"):
        assert cross_entropy(np.array([[1e200], *[[0.0]] * 9]), np.array([1]))[0] == pytest.approx(1e200)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_steps_are_those_of_the_definition(momentum):
    """The same training by a plain loop: v ← μ v + g, θ ← θ − η v."""
    config, recipe = Config(activation="tanh", scheme="glorot", seed=5, **SMALL), Recipe(0.1, momentum, steps=4, batch=32)
    *_, last = train(config, recipe, every=4)
    network = initial_network(config)
    x, labels, held_out, held_out_labels = digits(config)
    order = stream(5, "batches", 0).permutation(len(labels))
    velocities = [np.zeros_like(p) for p in (*network.weights, *network.biases)]
    losses = []
    for step in range(5):
        chosen = order[32 * step : 32 * step + 32]
        loss, by_weights, by_biases = network.gradients(x[:, chosen], labels[chosen])
        losses.append(loss)
        gradients = [*by_weights, *by_biases]
        velocities = [momentum * v + g for v, g in zip(velocities, gradients, strict=True)]
        if step < 4:
            for parameter, velocity in zip([*network.weights, *network.biases], velocities, strict=True):
                parameter -= 0.1 * velocity
    assert last.step == 4 and last.loss == pytest.approx(np.mean(losses[1:]), rel=1e-12)
    assert last.accuracy == np.mean(network.scores(held_out).argmax(axis=0) == held_out_labels)
    for layer in range(4):
        weights = network.weights[layer]
        assert last.update_ratio[layer] == pytest.approx(0.1 * np.linalg.norm(velocities[layer]) / np.linalg.norm(weights), rel=1e-10)
        assert 10 ** last.gradient_log10_second_moment[layer] == pytest.approx(np.mean(gradients[layer] ** 2), rel=1e-10)


@pytest.mark.parametrize("scheme", ["custom", "pytorch", "he_fan_out", "lsuv"])
@pytest.mark.parametrize("law", ["gaussian", "uniform", "orthogonal"])
def test_it_starts_from_the_weights_of_the_simulation(scheme, law):
    config = uses(Config(scheme=scheme, weight_law=law, width_profile="widening", seed=2, **SMALL))
    network = initial_network(config)
    x = digits(config)[0][:, :256]
    h = x
    for (linear, activate), weights, bias in zip(walk(config, 0, x), network.weights, network.biases, strict=False):
        np.testing.assert_array_equal(weights, linear.op.weights[0])
        np.testing.assert_allclose(weights @ h + bias, np.ldexp(linear.y.array[0], linear.y.exponent[0]), rtol=1e-9, atol=1e-9)
        h = np.ldexp(activate.y.array[0], activate.y.exponent[0])
    assert [w.shape for w in network.weights] == [*zip(config.widths[1:], config.widths[:-1], strict=True), (10, config.widths[-1])]
    assert parameters(config) == sum(p.size for p in (*network.weights, *network.biases))
    if scheme == "lsuv":
        assert np.std(network.weights[0] @ x) == pytest.approx(1, rel=1e-10)


def test_biases_and_readout_have_their_variance():
    config = Config(depth=1, width=20_000, activation="tanh", scheme="custom", weight_variance=0.0, bias_variance=0.3)
    network = initial_network(config)
    (bias,), (variance,) = network.biases[:-1], bias_variances(config)
    assert variance == 0.3 and abs(np.mean(bias**2) / 0.3 - 1) < 4 * math.sqrt(2 / bias.size)
    readout = network.weights[-1]
    assert abs(np.mean(readout**2) * 20_000 - 1) < 4 * math.sqrt(2 / readout.size) and not network.biases[-1].any()


def test_digits_held_out_are_the_same_for_all_and_never_trained_on():
    trained, held_out = split()
    assert len(held_out) == HELD_OUT and sorted([*trained, *held_out]) == list(range(1797))
    x, labels, _, held_out_labels = digits(Config(seed=1, input_variance=4.0))
    np.testing.assert_array_equal(x, 2 * standardized_digits()[trained].T)
    np.testing.assert_array_equal(labels, digit_labels()[trained])
    shares = np.bincount(held_out_labels, minlength=10) / HELD_OUT
    assert np.abs(shares - CHANCE).max() < 4 * math.sqrt(CHANCE * (1 - CHANCE) / HELD_OUT)


def test_the_same_seed_trains_alike_and_another_one_does_not():
    def numbers(seed: int) -> list[float]:
        config = Config(activation="relu", scheme="he", seed=seed, **SMALL)
        return [value for s in train(config, Recipe(0.05, steps=20), 10) for value in (s.loss, s.accuracy, *s.update_ratio)]

    assert numbers(1) == numbers(1) and numbers(1) != numbers(2)


def test_snapshots_come_when_they_are_asked_for():
    taken = train(Config(**SMALL), Recipe(steps=25), every=10)
    assert next(taken).step == 0
    assert [snapshot.step for snapshot in taken] == [10, 20, 25]
    assert [s.step for s in train(Config(**SMALL), Recipe(steps=7), every=100)] == [0, 7]
    with pytest.raises(ValueError, match="every = 0"):
        next(train(Config(**SMALL), Recipe(), every=0))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"learning_rate": 0}, "learning_rate = 0 is out of range: a number from 10⁻⁶ to 100"),
        ({"learning_rate": math.nan}, "learning_rate = nan"),
        ({"momentum": 1.0}, r"momentum = 1 is out of range: a number from 0 to 0\.999"),
        ({"steps": 2.5}, r"steps = 2\.5 is out of range: a whole number from 1 to 10,000"),
        ({"batch": 0}, "batch = 0"),
        ({"steps": True}, "steps = True"),
        ({"batch": "64"}, "batch = '64'"),
    ],
)
def test_a_bad_recipe_is_refused_with_what_is_allowed(fields, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**fields)


@pytest.mark.parametrize(
    ("config", "rate", "step"),
    [
        (Config(depth=6, width=20, activation="relu", scheme="he"), 100.0, range(1, 20)),
        (Config(depth=20, width=20, activation="linear", scheme="custom", weight_variance=30.0), 1.0, range(1, 5)),
        (Config(depth=200, width=8, activation="linear", scheme="custom", weight_variance=100.0), 0.01, range(1, 2)),
        (Config(depth=700, width=8, activation="linear", scheme="custom", weight_variance=100.0), 0.01, range(0, 1)),
    ],
)
def test_what_diverges_ends_with_finite_numbers(config, rate, step):
    snapshots = list(train(config, Recipe(rate, steps=20), every=2))
    last = snapshots[-1]
    assert last.diverged and last.step in step and not any(s.diverged for s in snapshots[:-1])
    for s in snapshots:
        assert math.isfinite(s.loss) and 0 <= s.accuracy <= 1 and np.isfinite(s.update_ratio).all()
        assert not np.isnan(s.gradient_log10_second_moment).any()


@pytest.mark.parametrize(
    "config",
    [
        Config(depth=200, width=8, activation="tanh", scheme="custom", weight_variance=0.0, bias_variance=0.0),
        Config(depth=200, width=16, activation="relu", scheme="small_constant", bias_variance=0.0),
    ],
)
def test_where_no_gradient_arrives_nothing_moves(config):
    *_, last = train(config, Recipe(steps=10))
    assert not last.diverged and last.update_ratio[0] < 1e-200 and last.gradient_log10_second_moment[0] < -400
    assert abs(last.loss - IGNORANCE) < 0.01


BLOCKS = [
    {"branch_rule": "sqrt"},
    {"normalization": "layer"},
    {"branch_rule": "zero"},
    {"branch_rule": "fixup"},
    {"branch_layers": 1, "branch_rule": "sqrt"},
]


@pytest.mark.parametrize("fields", BLOCKS)
def test_residual_networks_learn_and_are_looked_at_block_by_block(fields):
    config = Config(depth=12, width=32, activation="relu", scheme="he", bias_variance=0, architecture="residual", **fields)
    *_, last = train(config, Recipe(steps=120), every=60)
    assert last.update_ratio.shape == last.gradient_log10_second_moment.shape == (12,)
    assert not last.diverged and last.accuracy > 0.6 and np.all(last.update_ratio > 0)


def test_an_unscaled_stream_diverges():
    """Negative control."""
    config = Config(depth=30, width=32, activation="relu", scheme="he", bias_variance=0, architecture="residual")
    assert [*train(config, Recipe(steps=60), every=30)][-1].diverged
