"""Words: an experiment as text for a terminal: what it is, its table, its verdict."""

from __future__ import annotations

import numpy as np

from propagation.choices import INPUT_LAWS
from propagation.config import Config
from propagation.diagnosis import Verdict
from propagation.export.code.block_words import block_words
from propagation.export.code.settings import scheme_words, size_words
from propagation.export.numbers import Table
from propagation.expressions import lookup
from propagation.formatting import factor
from propagation.signals import PLAIN, SIGNALS, STREAM
from propagation.widths import WIDTH_PROFILES

#: rows of a table that is not asked for whole
_ROWS = 12


def settings(config: Config) -> str:
    """Return the experiment in one line."""
    profile = "" if config.width_profile == "constant" else f" ({WIDTH_PROFILES[config.width_profile].label})"
    things = {"plain": "layer", "residual": "residual block", "transformer": "transformer block", "convolution": "convolution"}
    of = (
        f" of {counted(config.tokens, 'token')}"
        if config.tokens > 1
        else f" of {counted(config.positions, 'position')}" * (config.positions > 1)
    )
    layer = f"; each {words}" if (words := block_words(config)) else ""
    return (
        f"{counted(config.depth, things[config.architecture])} of {size_words(config)}{profile}, "
        f"{lookup(config.activation).label}, {scheme_words(config)}{layer}; "
        f"{counted(config.inputs, 'input')}{of} ({INPUT_LAWS[config.input_law]}), {counted(config.trials, 'draw')}, seed {config.seed}"
    )


def counted(count: int, thing: str) -> str:
    """Return a number of things in words: 1 layer, 2,000 layers."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def layers_shown(depth: int, every: bool = False) -> list[int]:
    """Return the layers of a table, from 1: all of up to 20, else every k-th, k = 1, 2 or 5 times a power of ten, and both ends."""
    if every or depth <= 20:
        return list(range(1, depth + 1))
    step = next(step for power in range(4) for step in (10**power, 2 * 10**power, 5 * 10**power) if depth / step <= _ROWS)
    return sorted({1, *range(step, depth + 1, step), depth})


def table_text(numbers: Table, every: bool = False) -> str:
    """Return log10 of the mean squares, medians over draws, with theory beside each: aligned columns, less than 80 wide.

    The signals of a residual stream have a table of their own, before that of its branches.
    """
    columns = numbers.columns
    tables = [(STREAM, numbers.config.widths[1:])] * (numbers.config.has_stream) + [(PLAIN, columns["fan_out"])]
    wide = max(6, len(str(max(columns["fan_out"]))))
    lines = [f"log10 of mean squares, median of {counted(numbers.config.trials, 'draw')} | theory of infinite width"]
    for names, widths in tables:
        signals = [SIGNALS[name] for name in names if f"{name}_second_moment_median" in columns]
        lines += ["", f"{'layer':>5}  {'width':>{wide}}  " + "  ".join(f"{info.formula:^14}" for info in signals).rstrip()]
        for layer in layers_shown(numbers.config.depth, every):
            rows = [[columns[f"{info.name}_second_moment_{of}"][layer - 1] for of in ("median", "predicted")] for info in signals]
            pairs = (f"{_log(median)} |{_log(predicted)}" for median, predicted in rows)
            lines.append(f"{layer:>5}  {widths[layer - 1]:>{wide}}  " + "  ".join(pairs))
    return "\n".join(lines)


def verdict_text(verdict: Verdict) -> str:
    """Return the headline, the factors, and what to change."""
    phase = f"{verdict.phase}; " if verdict.phase else ""
    per_layer = f"forward {factor(verdict.forward_factor)}, backward {factor(verdict.backward_factor)} per layer"
    lines = [verdict.headline, f"{phase}{per_layer}; {verdict.reach}."]
    return "\n".join(filter(None, (*lines, verdict.settling, verdict.advice, verdict.precision, verdict.loss)))


def _log(value: float) -> str:
    """Return six characters: as many decimals, up to two, as fit."""
    if not np.isfinite(value):
        return f"{'–' if np.isnan(value) else 'zero' if value < 0 else 'inf':>6}"
    return next(text for decimals in (2, 1, 0) if len(text := f"{round(value, decimals) + 0.0:6.{decimals}f}") <= 6 or decimals == 0)
