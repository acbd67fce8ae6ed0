"""Traces made by hand, so that a figure can be compared with numbers that are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from propagation import Config
from propagation.engine.trace import SIGNALS, Moments, Trace
from propagation.theory.prediction import SignalPrediction


def moments(log10_sizes: np.ndarray) -> Moments:
    return Moments(np.zeros_like(log10_sizes), log10_sizes, log10_sizes)


def trace(depth: int = 10, trials: int = 5, slopes: dict[str, float] | None = None, scatter: float = 0.0, **changes) -> Trace:
    """A trace whose signals change by `slopes` decades a layer, the way they travel; all trials are alike but for `scatter`."""
    slopes = {"z": 0.0, "h": 0.0, "delta": 0.0, "weight_gradient": 0.0} | (slopes or {})
    offsets = scatter * np.linspace(-1, 1, trials)[:, None] if trials > 1 else np.zeros((1, 1))
    signals = {}
    for name in SIGNALS:
        steps = np.arange(depth)[::-1] if name == "delta" else np.arange(depth)
        signals[name] = moments(slopes[name] * steps + offsets)
    values = {
        "config": Config(depth=depth, trials=trials, activation="tanh"),
        **signals,
        "input_log10_second_moment": 0.0,
        "saturated": np.zeros((trials, depth)),
        "dead": np.zeros((trials, depth)),
        "weight_variance": np.full((trials, depth), 1.5),
        "lost": {},
    }
    return Trace(**(values | changes))


def prediction(depth: int = 10, level: float = -1.0, **facts) -> SimpleNamespace:
    """What theory would say: every signal at one level."""
    line = np.full(depth, level)
    return SimpleNamespace(
        **{name: SignalPrediction(np.zeros(depth), line, line) for name in SIGNALS}, **({"phase": "ordered", "xi_c": 5.0} | facts)
    )
