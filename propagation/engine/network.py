"""The forward and the backward pass over the ops of an architecture: config → Trace."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from propagation.architecture import blocks, columns_together, head, linear_maps, signals_of, stem
from propagation.config import Config
from propagation.engine.cost import networks_at_once, remembers_layers, work
from propagation.engine.measure import Measurements, Observer, separation, token_separation
from propagation.engine.op import EngineOp, Place
from propagation.engine.ops import engine_op, maps_in
from propagation.engine.readout import output_gradient
from propagation.engine.signal import Put, Signal, scaled_moments
from propagation.engine.tape import KeptTape, ReplayedTape, See, Tape
from propagation.engine.trace import MOMENTS, Moments, Trace
from propagation.inputs import draw_inputs
from propagation.ops import Block
from propagation.runtime.blas import one_thread
from propagation.runtime.buffers import buffer
from propagation.runtime.memory import keep_freed_memory, large_arrays_reused
from propagation.runtime.scheduler import Pause, run_all, slot
from propagation.signals import FORWARD, STREAM

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Stack:
    """Networks that run as one array: these trials of the first config, then of the next, …, which share the noise of their trials.

    The configs differ in numbers alone, in none that changes a shape or what is drawn.
    """

    configs: Sequence[Config]
    trials: range

    @property
    def networks(self) -> int:
        """Return how many there are."""
        return len(self.configs) * len(self.trials)


def simulate(config: Config, progress: Progress | None = None) -> Trace:
    """Push a batch through `config.trials` random networks, pull gradients back, and measure every layer.

    `progress` is called from the calling thread, again and again, with the share of trials that are done; it may raise to end this.
    """
    return simulate_alike([config], progress)[0]


@one_thread()
def simulate_alike(configs: Sequence[Config], progress: Progress | None = None) -> list[Trace]:
    """Return what `simulate` does of each of these configs, which differ in numbers alone (see `Stack`), to the last digit."""
    inputs = {key: draw_inputs(config) for key, config in {_inputs_key(config): config for config in configs}.items()}
    groups = stacks(configs)
    keep = remembers_layers(configs[0], len(configs))
    measured: list[Measurements] = []

    def look() -> None:
        if progress:
            progress(sum(stack.networks for stack in groups[: len(measured)]) / (len(configs) * configs[0].trials))

    def run(stack: Stack, pause: Pause) -> Measurements:
        return _measured(stack, [inputs[_inputs_key(config)] for config in stack.configs], keep, pause)

    for result in run_all(run, groups, _seconds(configs[0], groups[0].networks), look):
        measured.append(result)
        look()
    parts: dict[Config, list[Measurements]] = {}
    for stack, result in zip(groups, measured, strict=True):
        for config, part in zip(stack.configs, result.split(len(stack.configs)), strict=True):
            parts.setdefault(config, []).append(part)
    return [_assemble(config, inputs[_inputs_key(config)], parts[config]) for config in configs]


def _inputs_key(config: Config) -> tuple[float, float]:
    """What of the numbers in which configs may differ changes their inputs."""
    return config.input_variance, config.input_mean


def stacks(configs: Sequence[Config], whole: bool = False) -> list[Stack]:
    """Return the stacks of all trials of these configs, of as many networks as fit: first of as many configs, which share their noise.

    `whole`: all trials of a config are in one stack, whether they fit or not.
    """
    config = configs[0]
    fitting = max(1, networks_at_once(config) // (config.trials if whole else 1))
    together = math.ceil(len(configs) / math.ceil(len(configs) / fitting))  # in parts that are about equal
    size = config.trials if whole else max(1, min(fitting // together, config.trials))
    return [
        Stack(configs[start : start + together], range(first, min(first + size, config.trials)))
        for first in range(0, config.trials, size)
        for start in range(0, len(configs), together)
    ]


def observe(stack: Stack, observer: Observer, x: Sequence[np.ndarray] = (), look: Pause | None = None) -> None:
    """Run a stack of networks and show every layer to the observer. Inputs are `x`, one (n_0, B) for each config, or the configs' own.

    `look` is called, about ten times a second, while this waits for its turn; it may raise to leave the line.
    """
    config = stack.configs[0]
    x = x or [draw_inputs(one) for one in stack.configs]
    keep = observer.looks_back and remembers_layers(config, len(stack.configs))
    with one_thread(), slot(_seconds(config, stack.networks), look or _nothing) as yield_slot:
        _run(stack, x, keep, yield_slot, observer.see, observer.looks_back)


def _seconds(config: Config, networks: int) -> float:
    """The seconds that a stack of so many networks is expected to take."""
    return networks * work(replace(config, trials=1)).seconds


def _nothing() -> None:
    """Nobody has to be told."""


def _measured(stack: Stack, x: Sequence[np.ndarray], keep: bool, pause: Pause) -> Measurements:
    """Run the networks of a stack on the inputs of each config, and measure every layer."""
    config = stack.configs[0]
    names = dict.fromkeys(op.name for op in linear_maps(config))
    measured = Measurements(stack.networks, config.depth, signals_of(config), names, columns_together(config), config.tokens)
    measured.loss = _run(stack, x, keep, pause, measured.see)
    return measured


def _run(stack: Stack, x: Sequence[np.ndarray], keep: bool, pause: Pause, see: See, back: bool = True) -> np.ndarray:
    """Run the networks of a stack: all layers forward, then all backward, with a pause after each. Return the losses.

    `back`: whether anybody looks at the way back; else there is none, and no loss.

    `keep`: whether the layers are kept for it, or else computed again from the noise.
    """
    keep_freed_memory()
    # a BLAS kernel may compute on what lies beyond the end of an array, in memory that was used before, and drop the result
    with np.errstate(invalid="ignore"), large_arrays_reused():
        if not keep:
            return _passes(stack, x, pause, see, back, None)
        with buffer() as kept:
            return _passes(stack, x, pause, see, back, kept.put)


def _passes(stack: Stack, x: Sequence[np.ndarray], pause: Pause, see: See, back: bool, put: Put | None) -> np.ndarray:
    """Both passes; `put` keeps signals of the forward one for the backward one, which without it computes them again from the noise."""
    config = stack.configs[0]
    has_stream = "stream" in signals_of(config)
    inputs = h = _stacked(x, len(stack.trials))
    ops: list[EngineOp] = []
    layers: list[tuple[int, list[EngineOp]]] = []
    tape = Tape(see) if not back else KeptTape(see, put) if put else ReplayedTape(see, inputs, ops)
    for layer, block in _placed(stack):
        if back:
            layers.append((layer, block))
        for op in block:
            ops.append(op)
            h = op.forward(h, tape)
        if 1 <= layer <= config.depth:
            see("stream" if has_stream else "h", layer, h)
        pause()
    if not back:
        return np.full(stack.networks, np.nan)

    gradient, losses = output_gradient(config, h, stack.trials)
    for layer, block in reversed(layers):
        if has_stream and 1 <= layer <= config.depth:
            see("stream_gradient", layer, gradient)
        for op in reversed(block):
            gradient = op.backward(gradient, tape)
        pause()
    return losses


@dataclass(frozen=True)
class Step:
    """One op of one network with its weights held: its input x and its output y, (1, n, B)."""

    op: EngineOp
    x: Signal
    y: Signal


def walk(config: Config, trial: int, x: np.ndarray) -> Iterator[tuple[Step, ...]]:
    """Yield the steps of layers 1 … L of the network that this seed draws in this trial, its weights held, shown `x`, (n_0, B).

    The weights are those of a dense simulation of the config. A stem is part of layer 1, a head of layer L.
    """
    signal, tape = _stacked([x], 1), Tape()
    steps: list[Step] = []
    for layer, block in _placed(Stack([replace(config, method="dense")], range(trial, trial + 1))):
        if 1 < layer <= config.depth:
            yield tuple(steps)
            steps = []
        for op in block:
            before, signal = signal, op.forward(signal, tape)
            steps.append(Step(op, before, signal))
    yield tuple(steps)


def _placed(stack: Stack) -> Iterator[tuple[int, list[EngineOp]]]:
    """The ops of the stem (0), of every layer (from 1) and of the head, made when they are asked for: a dense one draws its W."""
    config = stack.configs[0]
    maps, below = 0, None  # linear maps so far, and the op below
    above = iter([*chain.from_iterable(_everything(config)), None][1:])
    for layer, alike in enumerate(zip(*map(_everything, stack.configs), strict=True)):
        ops = []
        for versions in zip(*alike, strict=True):
            below = engine_op(versions[0], Place(config, stack.trials, layer, maps, below, versions, next(above)))
            maps += maps_in(versions[0])
            ops.append(below)
        if ops:
            yield layer, ops


def _everything(config: Config) -> tuple[Block, ...]:
    return (stem(config), *blocks(config), head(config))


def _stacked(x: Sequence[np.ndarray], trials: int) -> Signal:
    """The inputs of each config, (n_0, B), as every trial is shown them."""
    shown = np.broadcast_to(x[0], (trials, *x[0].shape)) if len(x) == 1 else np.stack([one for one in x for _ in range(trials)])
    return Signal(shown, np.zeros(len(shown), dtype=int))


def _assemble(config: Config, x: np.ndarray, groups: list[Measurements]) -> Trace:
    """The measurements of all groups as one Trace."""
    signals = {name: _moments(group.moments[name] for group in groups) for name in groups[0].moments}
    weights = {name: _moments(group.gradients[name] for group in groups) for name in groups[0].gradients}
    together, shown = np.concatenate([group.token_separation for group in groups]), _stacked([x], 1)
    signals["weight_gradient"] = _together(weights, {op.name: op.fan_in * op.fan_out for op in linear_maps(config)})
    return Trace(
        config=config,
        signals={name: signals[name] for name in signals_of(config)},
        weights=weights,
        input_log10_second_moment=math.log10(np.mean(x**2)),
        saturated=np.concatenate([group.saturated for group in groups]),
        dead=np.concatenate([group.dead for group in groups]),
        weight_variance=np.concatenate([group.weight_variance for group in groups]),
        lost=_lost({name: signals[name] for name in (STREAM if "stream" in signals else signals)}),
        separation=together[:, -1] if config.tokens > 1 else np.concatenate([group.separation for group in groups]),
        token_separation=together if config.tokens > 1 else None,
        loss=np.concatenate([group.loss for group in groups]),
        input_separation=float((token_separation(shown, config.tokens) if config.tokens > 1 else separation(shown))[0]),
    )


def _moments(parts: Iterable[np.ndarray]) -> Moments:
    """Moments and their powers of two, (4, networks, depth) of each group of networks, as logarithms."""
    mean, variance, second_moment, exponent = np.concatenate(list(parts), axis=1)
    return Moments(*scaled_moments(mean, variance, second_moment, exponent.astype(int)))


def _together(weights: dict[str, Moments], entries: dict[str, int]) -> Moments:
    """The moments of all weights of a block, of which each map has so many entries."""
    if len(weights) == 1:
        return next(iter(weights.values()))
    shares = np.array([entries[name] for name in weights], dtype=float)[:, None, None] / sum(entries.values())
    means, variances, seconds = (np.stack([getattr(one, part) for one in weights.values()]) for part in MOMENTS)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # around the mean of all: next to nothing beside the variances, since every map's own mean is
        mean, second = np.sum(shares * means, axis=0), _log10_sum(seconds + np.log10(shares))
        between = 2 * np.log10(np.abs(means - mean)) + np.log10(shares)
    return Moments(mean, _log10_sum(np.concatenate([variances + np.log10(shares), between])), second)


def _log10_sum(log10_terms: np.ndarray) -> np.ndarray:
    """log10 of the sum over the first axis."""
    largest = np.max(log10_terms, axis=0)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # nothing but zeros, or beyond all numbers
        return np.log10(np.sum(10 ** (log10_terms - largest), axis=0)) + largest


def _lost(signals: dict[str, Moments]) -> dict[str, int]:
    """For each signal that a trial lost, the layer (from 1) where it happened first in the signal's own direction."""
    lost = {}
    for name, moments in signals.items():
        layers = np.flatnonzero(~np.isfinite(moments.log10_second_moment).all(axis=0)) + 1
        if layers.size:
            lost[name] = int(layers.min() if name in FORWARD else layers.max())
    return lost
