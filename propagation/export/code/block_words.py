"""Block words: what one layer of an experiment does, as a formula in a line of text, and the numbers in it."""

from __future__ import annotations

from collections.abc import Iterable

from propagation.architecture import blocks, head
from propagation.branches import BRANCH_RULES
from propagation.choices import NORMALIZATIONS
from propagation.config import Config
from propagation.ops import Activate, Dropout, Linear, Normalize, Op, ops_within

_SUBSCRIPTS = str.maketrans("12", "₁₂")


def block_words(config: Config) -> str:
    """Return a formula such as x + α W₂ φ(W₁ norm(x)), with what its letters are; empty for z = W x, h = φ(z) and nothing else."""
    layer = blocks(config)[0]
    ops = list(ops_within(layer))
    if {type(op) for op in ops} == {Linear, Activate}:
        return ""
    words = [_formula(layer, "x")]
    if config.architecture == "residual":
        rule = BRANCH_RULES[config.branch_rule]
        words += [rule.label] if rule.source else [f"α = {config.branch_scale:.7g}"] * (config.branch_scale != 1)
        words += [f"hidden layers {config.expansion} times as wide"] * (config.branch_layers == 2 and config.expansion > 1)
    for op in ops:
        if isinstance(op, Normalize):
            words.append(f"norm: {NORMALIZATIONS[op.kind]}")
        elif isinstance(op, Dropout):
            words.append(f"dropout keeps {op.keep:.7g}")
    words += ["one more norm after the last"] * bool(head(config))
    return ", ".join(dict.fromkeys(words))


def _formula(ops: Iterable[Op], text: str) -> str:
    for op in ops:
        text = _step(op, text)
    return text


def _step(op: Op, text: str) -> str:
    """What an op makes of what stands before it."""
    if isinstance(op, Linear):
        return f"{op.name.translate(_SUBSCRIPTS)} {text}"
    if isinstance(op, Activate):
        return f"φ({text})"
    if isinstance(op, Normalize):
        return f"norm({text})"
    if isinstance(op, Dropout):
        return f"dropout({text})"
    past = text if op.skip_scale == 1 else f"s {text}"
    scale = "" if op.branch_scale == 1 else "α "
    return f"{past} + {scale}{_formula(op.branch, text)}"
