"""Precision: where a network that is computed in float16, and not as here far outside its range, gives inf, nan or zero."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from propagation.engine.trace import Trace
from propagation.formats import FLOAT_FORMATS, FloatFormat, lost_share
from propagation.formatting import from_log10, percent, power_of_two
from propagation.signals import SIGNALS

#: of a layer's entries, the shares that may be lost without a word, and without harm
_NOTHING, _LITTLE = 0.0005, 0.01
#: root mean squares, in smallest numbers, of which the second share is lost: erf(1/(2√2 · 39.9)) = 0.01
_SAFE = 39.9


@dataclass(frozen=True)
class Precision:
    """How a network is computed: in the numbers of a format, its cost multiplied by a loss scale 2^k, k = `log2_loss_scale`.

    So are all gradients, on their way back; what comes out is divided by it in float32. Source: Micikevicius et al. 2018.
    """

    format: FloatFormat
    log2_loss_scale: int = 0

    def log10_scale(self, name: str) -> float:
        """Return log10 of what the signal of this name is multiplied by."""
        return 0.0 if SIGNALS[name].forward else self.log2_loss_scale * math.log10(2)

    def ends(self, trace: Trace, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return between which mean squares a signal is held by the format, (depth,) each, as log10.

        Below the lower one its root mean square is under the smallest number, and of Gaussian entries 38 % or more are rounded to 0.
        Above the upper one the largest of its N entries overflows: that is about √(2 ln N) times the root mean square, as for
        independent Gaussian ones, N the neurons times the inputs, or their tokens. Loss scaling moves both for gradients.
        """
        of, scale = self.format, self.log10_scale(name)
        upper = 2 * (math.log10(of.overflow) - scale) - _log10_largest_square(trace, name)
        return np.full_like(upper, 2 * (math.log10(of.smallest) - scale)), upper

    def lost(self, trace: Trace, name: str) -> np.ndarray:
        """Return the share of each layer's entries that are rounded to 0 in a typical network, (depth,), as for Gaussian ones."""
        return lost_share(trace.signal(name).median() + 2 * self.log10_scale(name), self.format.smallest)


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

    It compares the largest entry of each layer, see `Precision.ends`, with the format; sizes are medians over trials. An entry below half
    the smallest number is rounded to zero. What is exactly zero in exact arithmetic too does not count. The layer is right to about one.
    """
    precision = Precision(FLOAT_FORMATS[format])
    log10_half = 2 * math.log10(precision.format.smallest / 2)
    for name in _in_order(trace):
        _, upper = precision.ends(trace, name)
        sizes, tails = trace.signal(name).median(), _log10_largest_square(trace, name)
        for layer in _on_the_way(trace, name):
            size = sizes[layer - 1]
            if size > upper[layer - 1] or -math.inf < size < log10_half - tails[layer - 1]:
                return Exit(name, layer, bool(size > upper[layer - 1]))
    return None


def precision_sentence(trace: Trace) -> str:
    """Return in sentences where a typical network leaves float32 and float16, and what loss scale helps; empty where it leaves neither."""
    exits = [(name, first) for name in ("float32", "float16") if (first := first_exit(trace, name))]
    if not exits:
        return ""
    (name, first), *others = exits
    told = f"In {name} {_words(first, trace)}"
    for other, second in others:
        alike = (second.signal, second.overflows) == (first.signal, first.overflows)
        told += f"; in {other} {_where(second, trace) if alike else _words(second, trace)}"
    name, last = exits[-1]
    least, most = loss_scales(trace, FLOAT_FORMATS[name])
    too_small = not (last.overflows or SIGNALS[last.signal].forward)
    saved = f" A loss scale of {power_of_two(least)} saves all but 1 % of it." if too_small and least <= most else ""
    return f"{told}.{saved}"


def first_trouble(trace: Trace, precision: Precision) -> Exit | None:
    """Return where a typical network is first not held by this precision, in the order of its computation; None if nowhere.

    What is below its lower end is not yet all lost, as in `first_exit`; what is exactly zero in exact arithmetic too does not count.
    """
    for name in _in_order(trace):
        lower, upper = precision.ends(trace, name)
        sizes = trace.signal(name).median()
        for layer in _on_the_way(trace, name):
            size = sizes[layer - 1]
            if size > upper[layer - 1] or -math.inf < size < lower[layer - 1]:
                return Exit(name, layer, bool(size > upper[layer - 1]))
    return None


def format_words(trace: Trace, precision: Precision) -> str:
    """Return what this precision does to a typical network, in a few words."""
    trouble = first_trouble(trace, precision)
    if trouble is None:
        return "fits"
    return f"{_SUBJECTS[trouble.signal]} {'overflows' if trouble.overflows else 'is lost'} {_where(trouble, trace)}"


def format_sentences(trace: Trace, precision: Precision) -> str:
    """Return in sentences what this precision does to a typical network: what goes wrong first, and what would help."""
    label, unit = precision.format.label, _unit(trace)
    scale = f" with a loss scale of {power_of_two(precision.log2_loss_scale)}" if precision.log2_loss_scale else ""
    trouble = first_trouble(trace, precision)
    if trouble is None:
        shares = {name: float(precision.lost(trace, name).max()) for name in _in_order(trace)}
        worst = max(shares, key=shares.__getitem__)
        if shares[worst] > _LITTLE:
            after = "" if SIGNALS[worst].forward else f" {_loss_scale(trace, precision)}"
            return f"{label}{scale} holds every {unit}, but up to {percent(shares[worst])} of one is rounded to zero.{after}"
        lost = f"at most {percent(float(f'{shares[worst]:.1g}'))} of a {unit} is rounded to zero"
        return f"{label}{scale} is enough: nothing overflows, and {lost if shares[worst] > _NOTHING else 'nothing is lost'}."
    forward = SIGNALS[trouble.signal].forward
    begin = f"In {label}" if forward else f"In {label}{scale}"
    if trouble.overflows:
        after = "No loss scale helps: it moves gradients alone." if forward else _loss_scale(trace, precision)
        return f"{begin} {_words(trouble, trace)}. {after}"
    smallest = from_log10(float(precision.ends(trace, trouble.signal)[0][0]) / 2)
    share = percent(float(precision.lost(trace, trouble.signal).max()))
    below = f"{_SUBJECTS[trouble.signal]} falls below the smallest number, {smallest}, {_where(trouble, trace)}"
    after = "" if forward else f" {_loss_scale(trace, precision)}"
    return f"{begin} {below}: up to {share} of a {unit} is rounded to zero.{after}"


def loss_scales(trace: Trace, format: FloatFormat) -> tuple[int, int]:
    """Return the ends (k, k′) of the loss scales 2^k … 2^k′ with which no gradient overflows, and no layer loses more than 1 % of them.

    k > k′ where none does it.
    """
    plain = Precision(format)
    least, most = [-math.inf], [math.inf]
    for name in _in_order(trace):
        if not SIGNALS[name].forward:
            sizes = trace.signal(name).median()
            there = np.isfinite(sizes)
            lower, upper = ((end - sizes)[there] / (2 * math.log10(2)) for end in plain.ends(trace, name))
            least, most = [*least, *(lower + math.log2(_SAFE))], [*most, *upper]
    return (math.ceil(max(least)), math.floor(min(most))) if math.isfinite(max(least)) else (0, 0)


def _loss_scale(trace: Trace, precision: Precision) -> str:
    """Return in a sentence which loss scale would help where gradients are too small or too large."""
    least, most = loss_scales(trace, precision.format)
    if most < 0:
        return "Even without a loss scale some overflow."
    if least > most:
        largest = Precision(precision.format, most)
        share = max(float(largest.lost(trace, name).max()) for name in _in_order(trace) if not SIGNALS[name].forward)
        return f"The largest loss scale without overflow, {power_of_two(most)}, leaves up to {percent(share)} lost."
    if precision.log2_loss_scale < least:
        return f"With a loss scale of {power_of_two(least)} at most 1 % would be."
    return f"Up to a loss scale of {power_of_two(most)} none overflows." if most else "Without a loss scale none overflows."


_SUBJECTS = {
    "z": "the signal",
    "delta": "the gradient",
    "stream": "the stream",
    "stream_gradient": "the gradient",
    "weight_gradient": "the weight gradient",
}


def _in_order(trace: Trace) -> Iterator[str]:
    """Yield signals in the order of their computation; h is about as large as z, or smaller."""
    yield from (*trace.main, "weight_gradient")


def _on_the_way(trace: Trace, name: str) -> range:
    """Return the layers in the order in which a signal comes by."""
    depth = trace.config.depth
    return range(1, depth + 1) if SIGNALS[name].forward else range(depth, 0, -1)


def _words(of: Exit, trace: Trace) -> str:
    """Return what happens and where: "the signal overflows in layer 28 and gives nan"."""
    where = _where(of, trace)
    return f"{_SUBJECTS[of.signal]} " + (f"overflows {where} and gives nan" if of.overflows else f"is rounded to zero {where}")


def _where(of: Exit, trace: Trace) -> str:
    """Return the layer of an exit: overflow strikes in one, zeros stay."""
    if of.overflows:
        return f"in {_unit(trace)} {of.layer:,}"
    return f"from {_unit(trace)} {of.layer:,} {'on' if SIGNALS[of.signal].forward else 'down'}"


def _unit(trace: Trace) -> str:
    return "block" if "stream" in trace.signals else "layer"


def _log10_largest_square(trace: Trace, name: str) -> np.ndarray:
    """Return log10 of the largest square in each layer over the mean one, (depth,): of δ hᵀ, that of δ times that of h."""
    squares = 2 * np.log(np.maximum(trace.config.columns * np.array(trace.config.widths, dtype=float), 2))
    return np.log10(squares[1:] * squares[:-1] if name == "weight_gradient" else squares[1:])
