"""Where the backward pass starts: ∂C/∂h^L for each kind of cost."""

from __future__ import annotations

import math

import numpy as np

from propagation.config import Config
from propagation.engine.maps import of_networks
from propagation.engine.signal import PLAIN_RANGE, Signal
from propagation.streams import stream

LABELS = 10


def output_gradient(config: Config, h: Signal, trials: range) -> tuple[Signal, np.ndarray]:
    """Return ∂C/∂h^L of every column, (T, n_L, B), in T networks, of these trials again and again, and the mean loss in nats, (T,).

    Every column has a cost of its own, or, where the readout is "pooled", every input has one that sees the mean of its tokens or
    positions; the Gaussian gradient then is the same for all of them.
    """
    if config.readout == "token" or config.places == 1:
        return _of_columns(config, h, trials)
    networks, rows, _ = h.array.shape
    mean = h.array.reshape(networks, rows, -1, config.places).mean(axis=-1)
    gradient, losses = _of_columns(config, Signal(mean, h.exponent), trials)
    share = 1.0 if config.cost == "gaussian" else 1 / config.places
    return Signal(np.repeat(gradient.array * share, config.places, axis=2), gradient.exponent), losses


def _of_columns(config: Config, h: Signal, trials: range) -> tuple[Signal, np.ndarray]:
    """∂C_b/∂h of every column b, each with a cost C_b of its own, and the mean loss.

    The loss is that of the cross-entropy, NaN for other costs.

    "gaussian": independent N(0, 1). Otherwise through a readout V (10 × n_L), V_ij ~ N(0, 1/n_L), and labels y drawn uniformly:
    "cross_entropy": Vᵀ (softmax(V h) − y). "squared_error": C = ½ ‖V h − y‖², so Vᵀ (V h − y).
    """
    networks, rows, batch = h.array.shape
    no_loss = np.full(networks, np.nan)
    streams = [stream(config.seed, "cost", trial) for trial in trials]
    if config.cost == "gaussian":
        drawn = np.stack([rng.standard_normal((rows, batch)) for rng in streams])
        return Signal(of_networks(drawn, networks), np.zeros(networks, dtype=int)), no_loss
    readout = of_networks(np.stack([rng.standard_normal((LABELS, rows)) / math.sqrt(rows) for rng in streams]), networks)
    labels = of_networks(np.stack([np.eye(LABELS)[:, rng.integers(LABELS, size=batch)] for rng in streams]), networks)
    outputs, exponent = readout @ h.array, h.exponent[:, None, None]
    if config.cost == "squared_error":
        common = np.maximum(exponent, 0)
        errors = np.ldexp(outputs, exponent - common) - np.ldexp(labels, -common)
        return Signal(readout.swapaxes(1, 2) @ errors, common[:, 0, 0]).settled(), no_loss
    below_largest = np.ldexp(outputs - outputs.max(axis=1, keepdims=True), np.minimum(exponent, 900))
    log_p = below_largest - np.log(np.exp(np.maximum(below_largest, -700)).sum(axis=1, keepdims=True))
    # softmax − y: p_k for the wrong labels and minus their sum for the right one, which p_y − 1 would round to 0. A trial whose answers
    # are all right and sure has errors far below floating point, hence the power of two.
    log2_p = np.where(labels == 0, log_p, -np.inf) / math.log(2)
    largest = log2_p.max(axis=(1, 2))
    common = np.where(largest < -PLAIN_RANGE, np.clip(largest, -(2.0**40), 0), 0).astype(int)
    wrong = np.exp2(np.maximum(log2_p - common[:, None, None], -1000)) * (labels == 0)
    gradient = Signal(readout.swapaxes(1, 2) @ (wrong - labels * wrong.sum(axis=1, keepdims=True)), common)
    return gradient, -np.where(labels == 1, log_p, 0.0).sum(axis=1).mean(axis=1)
