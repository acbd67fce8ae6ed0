"""Precision: where a network that is computed in float32 or float16, and not as here far outside their range, gives inf, nan or zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.engine.trace import Trace
from propagation.signals import SIGNALS


@dataclass(frozen=True)
class FloatFormat:
    """A format of floating-point numbers: `largest` is the largest it holds, `smallest` the smallest above 0. Source: IEEE 754."""

    name: str
    largest: float
    smallest: float


FLOAT_FORMATS: dict[str, FloatFormat] = {
    of.name: of
    for of in (
        FloatFormat("float32", (2 - 2.0**-23) * 2.0**127, 2.0**-149),
        FloatFormat("float16", 65504.0, 2.0**-24),
        FloatFormat("bfloat16", (2 - 2.0**-7) * 2.0**127, 2.0**-133),  # from Intel 2018, BFLOAT16: float32 with a shorter fraction
    )
}


@dataclass(frozen=True)
class Exit:
    """Where a signal leaves the numbers of a format: the first such layer in its direction of travel.

    `overflows`: its largest entry becomes inf, and what is computed from it nan. Otherwise all of it is rounded to zero.
    """

    signal: str
    layer: int
    overflows: bool


def first_exit(trace: Trace, format: str = "float32") -> Exit | None:
    """Return where a typical network first leaves this format, in the order of its computation (forward, then back); None if nowhere.

    It compares the largest entry of each layer with the format. Of N entries with mean square m that is about √(2 ln N · m), as for
    independent Gaussian ones; m is the median over trials, N the neurons times the inputs. An entry below half the smallest
    number is rounded to zero. What is exactly zero in exact arithmetic too does not count. The layer is right to about one.
    """
    of = FLOAT_FORMATS[format]
    log10_largest, log10_half = math.log10(of.largest), math.log10(of.smallest / 2)
    for name in (*trace.main, "weight_gradient"):  # in the order of their computation; h is about as large as z, or smaller
        layers = range(1, trace.config.depth + 1)
        sizes = _log10_largest_entries(trace, name)
        for layer in layers if SIGNALS[name].forward else reversed(layers):
            size = sizes[layer - 1]
            if size > log10_largest or -math.inf < size < log10_half:
                return Exit(name, layer, bool(size > log10_largest))
    return None


def precision_sentence(trace: Trace) -> str:
    """Return in a sentence where a typical network leaves float32 and float16; empty where it leaves neither."""
    exits = [(name, first) for name in ("float32", "float16") if (first := first_exit(trace, name))]
    if not exits:
        return ""
    (name, first), *others = exits
    told = f"In {name} {_words(first)}"
    for other, second in others:
        alike = (second.signal, second.overflows) == (first.signal, first.overflows)
        told += f"; in {other} {_where(second) if alike else _words(second)}"
    return told + "."


_SUBJECTS = {
    "z": "the signal",
    "delta": "the gradient",
    "stream": "the stream",
    "stream_gradient": "the gradient",
    "weight_gradient": "the weight gradient",
}


def _words(of: Exit) -> str:
    """Return what happens and where: "the signal overflows in layer 28 and gives nan"."""
    return f"{_SUBJECTS[of.signal]} " + (f"overflows {_where(of)} and gives nan" if of.overflows else f"is rounded to zero {_where(of)}")


def _where(of: Exit) -> str:
    """Return the layer of an exit: overflow strikes in one, zeros stay."""
    if of.overflows:
        return f"in layer {of.layer:,}"
    return f"from layer {of.layer:,} {'on' if SIGNALS[of.signal].forward else 'down'}"


def _log10_largest_entries(trace: Trace, name: str) -> np.ndarray:
    """Return log10 of the largest entry to be expected in each layer, (depth,): of δ hᵀ, the largest of δ times the largest of h."""
    squares = 2 * np.log(np.maximum(trace.config.inputs * np.array(trace.config.widths, dtype=float), 2))
    over_mean = squares[1:] * squares[:-1] if name == "weight_gradient" else squares[1:]
    return 0.5 * (trace.signal(name).median() + np.log10(over_mean))
