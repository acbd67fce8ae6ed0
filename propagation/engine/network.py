"""The forward and the backward pass, once, for every kind of map: config → Trace."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from propagation.activations import Activation
from propagation.config import Config, layer_variances
from propagation.engine.cost import layer_is_implicit, remembers_layers, trials_at_once, work
from propagation.engine.dense import DenseMap
from propagation.engine.implicit import GaussianMap, HaarMap
from propagation.engine.maps import RandomMap
from propagation.engine.noise import Noise
from propagation.engine.readout import output_gradient
from propagation.engine.signal import PLAIN_RANGE, Put, Signal, converted, scaled_moments
from propagation.engine.trace import Moments, Trace
from propagation.expressions import lookup
from propagation.inputs import draw_inputs
from propagation.runtime.blas import one_thread
from propagation.runtime.buffers import buffer
from propagation.runtime.scheduler import Pause, run_all, slot
from propagation.signals import FORWARD, SIGNALS

#: a slope below this share of the activation's steepest counts as flat
FLAT = 0.05

Progress = Callable[[float], None]


def simulate(config: Config, progress: Progress | None = None) -> Trace:
    """Push a batch through `config.trials` random networks, pull gradients back, and measure every layer.

    `progress` is called from the calling thread, again and again, with the share of trials that are done; it may raise to end this.
    """
    x = draw_inputs(config)
    size = trials_at_once(config)
    groups = [range(first, min(first + size, config.trials)) for first in range(0, config.trials, size)]
    measured: list[_Measurements] = []

    def look() -> None:
        if progress:
            progress(sum(len(group) for group in groups[: len(measured)]) / config.trials)

    def run(group: range, pause: Pause) -> _Measurements:
        return _run(config, x, group, pause)

    with one_thread():
        for result in run_all(run, groups, _seconds(config, size), look):
            measured.append(result)
            look()
    return _assemble(config, x, measured)


class Observer:
    """Looks at whole layers as they pass, where moments are not enough: distributions, angles. Signals are (T, n, B); layers count from 1.

    What it is shown is used again for other runs: it copies what it keeps.

    `forward` is called for layers 1 … L, then `backward` for L … 1.
    """

    def forward(self, layer: int, z: Signal, h: Signal, slopes: np.ndarray) -> None:
        """z, h = φ(z) and φ′(z) of a layer."""

    def backward(self, layer: int, delta: Signal, h_below: Signal) -> None:
        """δ = ∂C/∂z of a layer, and the h it multiplied (for layer 1 the input)."""


def repeating(progress: Progress | None) -> tuple[Progress, Pause]:
    """`progress`, and what tells it again the share it heard last (at first 0), for `observe` to call where nothing goes on."""
    last = 0.0

    def show(share: float) -> None:
        nonlocal last
        last = share
        if progress:
            progress(share)

    return show, lambda: show(last)


def observe(config: Config, observer: Observer, trials: range, x: np.ndarray | None = None, look: Pause | None = None) -> None:
    """Run these trials in one stack and show every layer to the observer. Inputs are `x`, (n_0, B), or the config's own.

    `look` is called, about ten times a second, while this waits for its turn; it may raise to leave the line.
    """
    x = draw_inputs(config) if x is None else x
    with one_thread(), slot(_seconds(config, len(trials)), look or _nothing) as yield_slot:
        _run(config, x, trials, yield_slot, observer)


def _seconds(config: Config, trials: int) -> float:
    """The seconds that a stack of so many trials is expected to take."""
    return work(replace(config, trials=trials)).seconds


def _nothing() -> None:
    """Nobody has to be told."""


class _Measurements:
    """What was measured in a group of trials, filled in layer by layer; `moments` without and with the powers of two beside them."""

    def __init__(self, trials: int, depth: int) -> None:
        self.moments = {name: np.empty((4, trials, depth)) for name in SIGNALS}
        self.saturated = np.empty((trials, depth))
        self.dead = np.empty((trials, depth))
        self.weight_variance = np.empty((trials, depth))

    def record_slopes(self, layer: int, slopes: np.ndarray, steepest: float) -> np.ndarray:
        """The shares of flat slopes, and of neurons with nothing else. Returns the trials, (k,), that have no other neurons."""
        _, neurons, batch = slopes.shape
        flat = (np.abs(slopes) < FLAT * steepest).astype(np.float32) @ np.ones(batch, np.float32)
        self.saturated[:, layer] = flat.sum(axis=1) / (neurons * batch)
        self.dead[:, layer] = (flat == batch).sum(axis=1) / neurons
        return np.flatnonzero(self.dead[:, layer] == 1)


def _run(config: Config, x: np.ndarray, group: range, pause: Pause, observer: Observer | None = None) -> _Measurements:
    """One draw of the network in each trial of the group: all layers forward, then all layers backward, with a pause after each."""
    if not remembers_layers(config):
        return _passes(config, x, group, pause, observer, None)
    with buffer() as kept:
        return _passes(config, x, group, pause, observer, kept.put)


def _passes(config: Config, x: np.ndarray, group: range, pause: Pause, observer: Observer | None, put: Put | None) -> _Measurements:
    """Both passes; `put` keeps layers of the forward one for the backward one, which without it computes them again from the noise."""
    phi = lookup(config.activation)
    weight_variance, bias_variance = layer_variances(config)
    measured = _Measurements(len(group), config.depth)
    maps: list[RandomMap] = []
    inputs_kept: dict[int, Signal] = {}
    slopes_kept: dict[int, Signal] = {}

    inputs = h = Signal(np.broadcast_to(x, (len(group), *x.shape)), np.zeros(len(group), dtype=int))
    for layer in range(config.depth):
        random_map = _random_map(config, group, layer)
        z = _pushed(random_map, h, weight_variance[layer], bias_variance[layer])
        if put:
            inputs_kept[layer] = h.stored(random_map.gradient_type, put)
        h, plain_slopes = activate(phi, z)
        slopes = Signal((put or converted)(plain_slopes, random_map.gradient_type), np.zeros(len(group), dtype=int))
        flat_trials = measured.record_slopes(layer, slopes.array, phi.steepest)
        if flat_trials.size:
            slopes = _small_slopes(plain_slopes, flat_trials, random_map.gradient_type)
        if put:
            slopes_kept[layer] = slopes
        measured.moments["z"][:, :, layer] = z.moments()
        measured.moments["h"][:, :, layer] = h.moments()
        measured.weight_variance[:, layer] = (random_map.gain[:, 0, 0] * random_map.weight_deviation) ** 2
        maps.append(random_map)
        if observer:
            observer.forward(layer + 1, z, h, plain_slopes)
        pause()

    gradient = output_gradient(config, h, group.start)
    for layer in reversed(range(config.depth)):
        if put:
            h, slopes = inputs_kept.pop(layer), slopes_kept.pop(layer)
        elif layer:
            h, slopes_below = activate(phi, maps[layer - 1].replay())
            h = h.stored(maps[layer].gradient_type)
        else:
            h = inputs
        delta = Signal(gradient.array * slopes.array, gradient.exponent + slopes.exponent).settled()
        if layer:
            gradient = maps[layer].pull(delta, h)
        measured.moments["delta"][:, :, layer] = delta.moments()
        measured.moments["weight_gradient"][:, :, layer] = _weight_gradient_moments(delta, h)
        if observer:
            observer.backward(layer + 1, delta, h)
        if not put and layer:
            flat_trials = np.flatnonzero(measured.dead[:, layer - 1] == 1)
            slopes = _small_slopes(slopes_below, flat_trials, maps[layer - 1].gradient_type)
        pause()
    return measured


def _pushed(random_map: RandomMap, h: Signal, weight_variance: float, bias_variance: float) -> Signal:
    """z = W h + b for the given σ_w² and σ_b²; σ_w² = NaN asks for the W whose z has variance 1 (LSUV)."""
    if not math.isnan(weight_variance):
        return random_map.push(h, math.sqrt(weight_variance), math.sqrt(bias_variance))
    _, log10_variance, _ = scaled_moments(*random_map.push(h, 1.0, math.sqrt(bias_variance)).moments())
    random_map.gain = np.where(np.isfinite(log10_variance), 10 ** (-0.5 * log10_variance), 1.0)[:, None, None]
    return random_map.replay()


def activate(phi: Activation, z: Signal) -> tuple[Signal, np.ndarray]:
    """(φ(z), φ′(z)). Beyond 2^±40 an activation is what its slopes at zero or at infinity make of it."""
    if not z.exponent.any():
        values, slopes = phi.evaluate(z.array)
        return Signal(values, z.exponent).settled(), slopes
    values, slopes, exponent = np.empty_like(z.array), np.empty_like(z.array), z.exponent.copy()
    for trial, array in enumerate(z.array):
        if exponent[trial] == 0:
            values[trial], slopes[trial] = phi.evaluate(array)
            continue
        below, above = phi.slopes_at_zero if exponent[trial] < 0 else phi.slopes_at_infinity
        slopes[trial] = np.where(array > 0, above, below)
        values[trial] = array * slopes[trial]
        if exponent[trial] > 0:
            values[trial] += np.ldexp(np.where(array > 0, *_offsets_at_infinity(phi)), -exponent[trial])
        elif phi.phi_zero != 0:
            values[trial], exponent[trial] = phi.phi_zero, 0
    return Signal(values, exponent).settled(), slopes


def _small_slopes(slopes: np.ndarray, flat_trials: np.ndarray, dtype: type) -> Signal:
    """φ′(z) in the precision of gradients. In the trials where all slopes are flat they may be too small for it: they get an exponent."""
    exponent = np.zeros(len(slopes), dtype=int)
    for trial in flat_trials:
        largest = np.abs(slopes[trial]).max()
        if 0 < largest < 2.0**-PLAIN_RANGE:
            exponent[trial] = np.frexp(largest)[1]
    if exponent.any():
        slopes = np.ldexp(slopes, -exponent[:, None, None])
    return Signal(slopes.astype(dtype, copy=False), exponent)


def _offsets_at_infinity(phi: Activation) -> tuple[float, float]:
    """φ(z) − slope · z far above and far below zero: −1 for ELU below, which is all that a layer without positive neurons says."""
    far = 2.0**PLAIN_RANGE
    below, above = phi.phi(np.array([-far, far])) - np.array(phi.slopes_at_infinity) * [-far, far]
    return above, below


def _weight_gradient_moments(delta: Signal, h: Signal) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, variance, second moment and exponent, each (T,), of ∂C_b/∂W = δ_b h_bᵀ over entries and inputs, the matrix never formed.

    Second moment: mean_b ‖δ_b‖² ‖h_b‖² / (n_out n_in). Mean: mean_b (Σ δ_b)(Σ h_b) / (n_out n_in).
    """
    (_, fan_out, batch), fan_in = delta.array.shape, h.array.shape[1]
    second = np.einsum("tb,tb->t", delta.column_squares, h.column_squares) / (fan_out * fan_in * batch)
    mean = np.einsum("tb,tb->t", delta.column_sums, h.column_sums) / (fan_out * fan_in * batch)
    return mean, second - mean**2, second, delta.exponent + h.exponent


def _random_map(config: Config, group: range, layer: int) -> RandomMap:
    """The map of a layer, of the kind that costs least unless the config insists."""
    fan_in, fan_out = config.widths[layer : layer + 2]
    noise = Noise(config.seed, layer, group.start, len(group))
    if not layer_is_implicit(config, fan_in, fan_out):
        return DenseMap(noise, fan_in, fan_out, config.weight_law)
    return (HaarMap if config.weight_law == "orthogonal" else GaussianMap)(noise, fan_in, fan_out)


def _assemble(config: Config, x: np.ndarray, groups: list[_Measurements]) -> Trace:
    """The measurements of all groups as one Trace."""
    signals = {}
    for name in SIGNALS:
        mean, variance, second_moment, exponent = np.concatenate([group.moments[name] for group in groups], axis=1)
        signals[name] = Moments(*scaled_moments(mean, variance, second_moment, exponent.astype(int)))
    return Trace(
        config=config,
        signals=signals,
        input_log10_second_moment=math.log10(np.mean(x**2)),
        saturated=np.concatenate([group.saturated for group in groups]),
        dead=np.concatenate([group.dead for group in groups]),
        weight_variance=np.concatenate([group.weight_variance for group in groups]),
        lost=_lost(signals),
    )


def _lost(signals: dict[str, Moments]) -> dict[str, int]:
    """For each signal that a trial lost, the layer (from 1) where it happened first in the signal's own direction."""
    lost = {}
    for name, moments in signals.items():
        layers = np.flatnonzero(~np.isfinite(moments.log10_second_moment).all(axis=0)) + 1
        if layers.size:
            lost[name] = int(layers.min() if name in FORWARD else layers.max())
    return lost
