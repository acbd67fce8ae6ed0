"""Block words: what one layer of an experiment does, as a formula in a line of text, and the numbers in it."""

from __future__ import annotations

from collections.abc import Iterable

from propagation.architecture import blocks, head
from propagation.branches import BRANCH_RULES
from propagation.choices import NORMALIZATIONS
from propagation.config import Config
from propagation.ops import Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Patches, Residual, ops_within

#: those of W_q, W_k, W_v, W_o, W_g and W_u are missing in many fonts
_SUBSCRIPTS = {"W1": "W₁", "W2": "W₂"}


def block_formula(config: Config) -> str:
    """Return a formula such as x + α W₂ φ(W₁ norm(x)), "then" between two sums; empty for z = W x, h = φ(z) and nothing else."""
    layer = blocks(config)[0]
    if {type(op) for op in ops_within(layer)} == {Linear, Activate}:
        return ""
    starts = [place for place, op in enumerate(layer) if isinstance(op, Residual)] or [0]
    return ", then ".join(_formula(layer[start:end], "x") for start, end in zip(starts, [*starts[1:], None], strict=True))


def block_words(config: Config) -> str:
    """Return the formula with what its letters are; empty where there is none."""
    layer = blocks(config)[0]
    if not (formula := block_formula(config)):
        return ""
    words, ops = [formula], list(ops_within(layer))
    if config.architecture != "plain":
        rule = BRANCH_RULES[config.branch_rule]
        words += [rule.label] if rule.source else [f"α = {config.branch_scale:.7g}"] * (config.branch_scale != 1)
        words += [f"hidden layers {config.expansion} times as wide"] * (config.branch_layers == 2 and config.expansion > 1)
    for op in ops:
        if isinstance(op, Normalize):
            words.append(f"norm: {NORMALIZATIONS[op.kind]}")
        elif isinstance(op, Patches):
            words.append(f"patch: {op.taps} positions side by side, of {op.positions} in a circle")
        elif isinstance(op, Dropout):
            words.append(f"dropout keeps {op.keep:.7g}")
    words += ["one more norm after the last"] * bool(head(config))
    return ", ".join(dict.fromkeys(words))


def map_words(name: str) -> str:
    """Return the name of a linear map as it is written in a formula: W₁, W_q."""
    return _SUBSCRIPTS.get(name, f"{name[0]}_{name[1:]}" if len(name) > 1 else name)


def _formula(ops: Iterable[Op], text: str) -> str:
    for op in ops:
        text = _step(op, text)
    return text


def _step(op: Op, text: str) -> str:
    """What an op makes of what stands before it."""
    if isinstance(op, Linear):
        return f"{map_words(op.name)} {text}"
    if isinstance(op, Activate):
        return f"φ({text})"
    if isinstance(op, Normalize):
        return f"norm({text})"
    if isinstance(op, Dropout):
        return f"dropout({text})"
    if isinstance(op, Patches):
        return f"patch({text})"
    if isinstance(op, Gate):
        return f"(φ({_step(op.gate, text)}) ⊙ {_step(op.up, text)})"
    if isinstance(op, Attend):
        return f"attention({text})"
    past = f"{text} + " if op.skip_scale == 1 else f"s {text} + " if op.skip_scale else ""
    scale = "" if op.branch_scale == 1 else "α "
    return f"{past}{scale}{_formula(op.branch, text)}"
