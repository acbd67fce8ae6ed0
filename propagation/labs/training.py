"""Training: a network taught to read the digits by plain stochastic gradient descent, starting from the weights that a config draws.

The layers are those of a dense simulation of the same config (first trial) shown the digits; a readout V (10 × n_L), V_ij ~ N(0, 1/n_L),
turns h^L into ten scores, and everything is trained: W^l, b^l, V and its bias, which starts at 0. With the cost C, the mean softmax
cross-entropy of a batch, and each parameter θ with a velocity v that starts at 0, one step is

    v ← momentum · v + ∂C/∂θ,    θ ← θ − learning_rate · v.

Which digits are held out is the same in every training; a config's seed decides its weights and the order of its batches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import count, pairwise
from numbers import Real

import numpy as np

from propagation.architecture import blocks, stem
from propagation.config import Config
from propagation.engine.network import walk
from propagation.engine.readout import LABELS
from propagation.engine.trainable import Trainable, TrainableLinear
from propagation.formatting import exact
from propagation.initializers import SCHEMES
from propagation.inputs import digit_labels, standardized_digits
from propagation.ops import Linear, ops_within
from propagation.runtime.blas import one_thread
from propagation.streams import stream

#: share of the digits that are right for one who knows nothing, and the loss of one who says so
CHANCE, IGNORANCE = 1 / LABELS, math.log(LABELS)
#: digits that no training sees
HELD_OUT = 360
#: the loss has exploded when it is this many times what it was at first (or what ignorance costs, if that is more)
EXPLODED = 1e3
#: digits by which LSUV scales its layers
LSUV_INPUTS = 256
#: smallest and largest allowed value of a recipe's fields
BOUNDS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-6, 100.0),
    "momentum": (0.0, 0.999),
    "steps": (1, 10_000),
    "batch": (1, 1024),
}

Array = np.ndarray


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. ValueError names the field, the value and the range."""

    learning_rate: float = 0.01
    momentum: float = 0.0
    steps: int = 300
    batch: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            (low, high), value = BOUNDS[field.name], getattr(self, field.name)
            whole = isinstance(low, int)
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not (is_number and low <= value <= high and (not whole or value == int(value))):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"{field.name} = {exact(value)} is out of range: {kind} from {exact(low)} to {exact(high)} is needed")
            object.__setattr__(self, field.name, int(value) if whole else float(value))


@dataclass(frozen=True)
class Snapshot:
    """A network after `step` steps. Nothing in it is NaN.

    `loss` is the mean cross-entropy of the batches since the last snapshot, the next one included, each with the weights of its own step;
    `accuracy` the share of held-out digits read right now. `update_ratio` ‖ΔW^l‖ / ‖W^l‖ and `gradient_log10_second_moment` of ∂C/∂W^l,
    (L,) each, are those of the next batch, of all weights of a block together; a gradient of exactly 0 (or below floating point) has −inf.

    `diverged` ends a training: the loss is no longer finite or has exploded. Such a snapshot repeats the last finite numbers; where even
    the first are beyond floating point, loss and ratios are the largest number there is, the gradients ∞, and the accuracy 0.
    """

    step: int
    loss: float
    accuracy: float
    update_ratio: Array
    gradient_log10_second_moment: Array
    diverged: bool = False


class Network:
    """The ops of layers 1 … L and the readout after them, with their parameters in hand."""

    def __init__(self, layers: Sequence[Sequence[Trainable]], readout: Trainable) -> None:
        self.ops = (*(op for layer in layers for op in layer), readout)
        self.weights, self.biases = _by_kind([op.parameters for op in self.ops])
        ends = np.cumsum([0, *(sum(len(op.parameters) for op in layer) // 2 for layer in layers)])
        #: which of the weights are those of layer 1, 2, …
        self.layers = [slice(start, end) for start, end in pairwise(ends)]

    def scores(self, x: Array) -> Array:
        """Return the ten scores of each input, (10, B), for x (n_0, B)."""
        for op in self.ops:
            x = op.evaluate(x)
        return x

    def gradients(self, x: Array, labels: Array) -> tuple[float, list[Array], list[Array]]:
        """Return the mean cross-entropy of a batch, x (n_0, B) with labels (B,), and its gradients by all weights and all biases."""
        kept = []
        for op in self.ops:
            x, saved = op.forward(x)
            kept.append(saved)
        loss, gradient = cross_entropy(x, labels)
        found = []
        for op, saved in zip(reversed(self.ops), reversed(kept), strict=True):
            gradient, by_parameters = op.backward(gradient, saved, wanted=op is not self.ops[0])
            found.append(by_parameters)
        return loss, *_by_kind(found[::-1])


def _by_kind(of_ops: Sequence[tuple[Array, ...]]) -> tuple[list[Array], list[Array]]:
    """Return all weights and all biases, in the order of the ops that have some: a weight and a bias, or several of these pairs."""
    pairs = [one for several in of_ops for one in several]
    return pairs[::2], pairs[1::2]


def cross_entropy(scores: Array, labels: Array) -> tuple[float, Array]:
    """Return the mean of −log softmax(scores) at the labels and its derivative by the scores, (softmax − y)/B.

    Scores are (10, B), labels (B,).
    """
    batch = np.arange(labels.size)
    below = scores - scores.max(axis=0)
    p = np.exp(np.maximum(below, -700))
    total = p.sum(axis=0)
    loss = float(np.mean(np.log(total) - below[labels, batch]))
    p /= total
    p[labels, batch] -= 1
    return loss, p / labels.size


def uses(config: Config) -> Config:
    """Return what training takes from a config: shown the digits, one draw. Configs that differ in nothing else train alike.

    A digit is one vector, to which attention has nothing to say: of a transformer, the residual network of its MLPs is trained.
    """
    if config.architecture == "transformer":
        config = replace(config, architecture="residual", tokens=1)
    return replace(config, input_law="digits", positions=1, inputs=config.fewest_inputs, trials=1, cost="cross_entropy", method="auto")


def initial_network(config: Config) -> Network:
    """Return the network that a config draws in its first trial, in front of the readout that the simulation's cross-entropy has there."""
    config = uses(config)
    x = digits(config)[0][:, : LSUV_INPUTS if SCHEMES[config.scheme].from_data else config.fewest_inputs]
    layers = [[step.op.trainable() for step in steps] for steps in walk(config, 0, x)]
    readout = stream(config.seed, "cost", 0).standard_normal((LABELS, config.widths[-1])) / math.sqrt(config.widths[-1])
    return Network(layers, TrainableLinear(readout, np.zeros((LABELS, 1))))


def digits(config: Config) -> tuple[Array, Array, Array, Array]:
    """Return digits to train on, (64, 1437), and their labels; digits held out, (64, 360), and theirs, as its inputs."""
    train, test = split()
    x, labels = config.input_mean + math.sqrt(config.input_variance) * standardized_digits(), digit_labels()
    return np.ascontiguousarray(x[train].T), labels[train], np.ascontiguousarray(x[test].T), labels[test]


@cache
def split() -> tuple[Array, Array]:
    """Return the places of the digits to train on and of those held out: one shuffle, the same for all."""
    order = stream(0, "held_out").permutation(len(digit_labels()))
    return order[HELD_OUT:], order[:HELD_OUT]


def train(config: Config, recipe: Recipe, every: int = 10) -> Iterator[Snapshot]:
    """Yield snapshots before the first step, after every `every` steps and after the last: each is computed when it is asked for.

    Ends early, with `diverged`, where the loss stops being finite or explodes. Deterministic by the config's seed.
    """
    if every < 1:
        raise ValueError(f"every = {every} is out of range: a whole number from 1 on is needed")
    training = _Training(config, recipe)
    while not training.over:
        # What overflows is found in the loss. Both settings hold for these steps alone, since other visitors share the process
        with np.errstate(all="ignore"), one_thread():
            snapshot = training.next_snapshot(every)
        yield snapshot


def parameters(config: Config) -> int:
    """Return how many numbers such a network trains."""
    config = uses(config)
    maps = [op for block in (stem(config), *blocks(config)) for op in ops_within(block) if isinstance(op, Linear)]
    return sum(op.fan_out * (op.fan_in + 1) for op in maps) + LABELS * (config.widths[-1] + 1)


def seconds(config: Config, recipe: Recipe) -> float:
    """Return about how long such a training takes on one ordinary core: so much per layer and step, more for what is multiplied."""
    return recipe.steps * (config.depth * 3e-5 + parameters(config) * (1.2e-10 * recipe.batch + 9e-9))


class _Training:
    """A training that can stand still between two snapshots."""

    def __init__(self, config: Config, recipe: Recipe) -> None:
        self.recipe = recipe
        self.network = initial_network(config)
        self.x, self.labels, self.held_out, self.held_out_labels = digits(config)
        self.batches = _batches(config.seed, len(self.labels), recipe.batch)
        self.parameters = [*self.network.weights, *self.network.biases]
        self.velocities = [np.zeros_like(parameter) for parameter in self.parameters]
        self.step, self.over = 0, False
        self.losses: list[float] = []
        self.too_large = math.inf
        self.last: Snapshot | None = None

    def next_snapshot(self, every: int) -> Snapshot:
        """Look, at the next multiple of `every` or after the last step; on the way there, and after looking, take steps."""
        while True:
            gradients = self._gradients()
            if gradients is None:
                return self._diverged()
            self._accelerate(gradients)
            self.over = self.step == self.recipe.steps
            due = self.over or self.step % every == 0
            looked_at = self._look(gradients) if due else None
            if due and looked_at is None:
                return self._diverged()
            if not self.over:
                for parameter, velocity in zip(self.parameters, self.velocities, strict=True):
                    parameter -= self.recipe.learning_rate * velocity
                self.step += 1
            if looked_at is not None:
                return looked_at

    def _accelerate(self, gradients: list[Array]) -> None:
        """v ← momentum · v + gradient."""
        if not self.recipe.momentum:
            self.velocities = gradients
            return
        for velocity, gradient in zip(self.velocities, gradients, strict=True):
            velocity *= self.recipe.momentum
            velocity += gradient

    def _gradients(self) -> list[Array] | None:
        """Return those of the next batch; None once its loss is no number or has exploded."""
        chosen = next(self.batches)
        loss, by_weights, by_biases = self.network.gradients(self.x[:, chosen], self.labels[chosen])
        if not math.isfinite(loss) or loss > self.too_large:
            return None
        if self.step == 0:
            self.too_large = EXPLODED * max(loss, IGNORANCE)
        self.losses.append(loss)
        return [*by_weights, *by_biases]

    def _look(self, gradients: list[Array]) -> Snapshot | None:
        """Take a snapshot; None where a gradient is beyond floating point."""
        if not all(np.isfinite(gradient).all() for gradient in gradients):
            return None
        scores = self.network.scores(self.held_out)
        right = (scores.argmax(axis=0) == self.held_out_labels) & np.isfinite(scores).all(axis=0)
        rate, layers = self.recipe.learning_rate, self.network.layers
        ratios = [_ratio(rate * _size_of_all(self.velocities[own]), _size_of_all(self.network.weights[own])) for own in layers]
        sizes = [2 * _log10(_size_of_all(gradients[own])) - math.log10(sum(one.size for one in gradients[own])) for own in layers]
        loss = math.fsum(loss / len(self.losses) for loss in self.losses)
        self.losses = []
        self.last = Snapshot(self.step, loss, float(right.mean()), np.array(ratios), np.array(sizes))
        return self.last

    def _diverged(self) -> Snapshot:
        self.over = True
        if self.last is not None:
            return replace(self.last, step=self.step, diverged=True)
        depth, largest = len(self.network.layers), np.finfo(float).max
        return Snapshot(self.step, float(largest), 0.0, np.full(depth, largest), np.full(depth, np.inf), True)


def _batches(seed: int, inputs: int, batch: int) -> Iterator[Array]:
    """Yield the places of the inputs of one batch after the other: each pass over the data has its own order and leaves out the rest."""
    for epoch in count():
        order = stream(seed, "batches", epoch).permutation(inputs)
        for first in range(0, inputs - batch + 1, batch):
            yield order[first : first + batch]


def _size_of_all(arrays: Sequence[Array]) -> float:
    """Return the root of the sum of squares of all of them."""
    return _size(arrays[0]) if len(arrays) == 1 else math.hypot(*map(_size, arrays))


def _size(array: Array) -> float:
    """Return ‖array‖, the root of the sum of squares, for any numbers that floating point holds."""
    largest = float(np.abs(array).max())
    if largest == 0 or 1e-100 < largest < 1e100:
        return math.sqrt(float(np.vdot(array, array)))
    scaled = array / largest
    return largest * math.sqrt(float(np.vdot(scaled, scaled)))


def _ratio(moved: float, size: float) -> float:
    """moved / size; 0 where nothing moves, and at most the largest number there is."""
    largest = float(np.finfo(float).max)
    if moved == 0:
        return 0.0
    return min(moved / size, largest) if size > 0 and math.isfinite(moved) else largest


def _log10(value: float) -> float:
    return math.log10(value) if value > 0 else -math.inf
