"""Traces made by hand, so that a figure can be compared with numbers that are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from propagation import Config
from propagation.engine.trace import Moments, Trace
from propagation.signals import PLAIN, BySignal
from propagation.theory.prediction import SignalPrediction


def moments(log10_sizes: np.ndarray) -> Moments:
    return Moments(np.zeros_like(log10_sizes), log10_sizes, log10_sizes)


def trace(depth: int = 10, trials: int = 5, slopes: dict[str, float] | None = None, scatter: float = 0.0, **changes) -> Trace:
    """A trace whose signals change by `slopes` decades a layer, the way they travel; all trials are alike but for `scatter`.

    `changes` are other values for its fields, or other moments for a signal.
    """
    slopes = dict.fromkeys(PLAIN, 0.0) | (slopes or {})
    offsets = scatter * np.linspace(-1, 1, trials)[:, None] if trials > 1 else np.zeros((1, 1))
    signals = {}
    for name in PLAIN:
        steps = np.arange(depth)[::-1] if name == "delta" else np.arange(depth)
        signals[name] = changes.pop(name, None) or moments(slopes[name] * steps + offsets)
    values = {
        "config": Config(depth=depth, trials=trials, activation="tanh"),
        "signals": signals,
        "input_log10_second_moment": 0.0,
        "saturated": np.zeros((trials, depth)),
        "dead": np.zeros((trials, depth)),
        "weight_variance": np.full((trials, depth), 1.5),
        "lost": {},
        "separation": np.full(trials, 0.5),
        "input_separation": 1.0,
        "loss": np.full(trials, np.nan),
    }
    return Trace(**(values | changes))


@dataclass(frozen=True)
class Expected(BySignal[SignalPrediction]):
    """As much of a Prediction as charts and diagnosis look at."""

    signals: dict[str, SignalPrediction]
    phase: str = "ordered"
    xi_c: float = 5.0


def prediction(depth: int = 10, level: float = -1.0, **facts) -> Expected:
    """What theory would say: every signal at one level."""
    line = np.full(depth, level)
    return Expected({name: SignalPrediction(np.zeros(depth), line, line) for name in PLAIN}, **facts)
