"""Ops in code: the lines that one op of an architecture adds to the loops over layers of a script. Each framework has a table of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from propagation.architecture import Op, blocks
from propagation.config import Config
from propagation.export.code.settings import fill


@dataclass(frozen=True)
class OpCode:
    """The lines of one op, in the names that the loops of its framework have.

    `forward` follows the lines of the op before it. `backward` does likewise on the way back, and is empty where gradients come from the
    framework. `before` stands before the loops. `constants` are the fields of the op that stand at the head of the script, in capitals.
    `pieces` are those of the script's template that the op fills.
    """

    forward: str
    backward: str = ""
    before: str = ""
    constants: tuple[str, ...] = ()
    pieces: Mapping[str, str] = field(default_factory=dict)


def forward_lines(config: Config, codes: Mapping[type, OpCode], **pieces: str) -> str:
    """Return the body of the loop from the first layer to the last; `pieces` as in `settings.fill`."""
    return _joined((codes[type(op)].forward for op in ops_of_layer(config)), pieces)


def backward_lines(config: Config, codes: Mapping[type, OpCode]) -> str:
    """Return the body of the loop from the last layer to the first."""
    return _joined((codes[type(op)].backward for op in reversed(ops_of_layer(config))), {})


def op_pieces(config: Config, codes: Mapping[type, OpCode], **defaults: str) -> dict[str, str]:
    """Return what else the ops bring to a template: `op_constants`, `before`, and the pieces that they fill in place of the defaults."""
    ops = ops_of_layer(config)
    constants = [f"{name.upper()} = {getattr(op, name)!r}" for op in ops for name in codes[type(op)].constants]
    pieces = dict(defaults) | {"op_constants": "\n".join(constants), "before": _joined((codes[type(op)].before for op in ops), {})}
    for op in ops:
        pieces |= codes[type(op)].pieces
    return pieces


def ops_of_layer(config: Config) -> tuple[Op, ...]:
    """Return the ops of a layer, alike in kind in every layer: a script has one loop."""
    first, *others = blocks(config)
    assert all([type(op) for op in other] == [type(op) for op in first] for other in others)
    return first


def _joined(texts: Iterator[str], pieces: Mapping[str, str]) -> str:
    return "\n".join(fill(text, **pieces).rstrip("\n") for text in texts if text)
