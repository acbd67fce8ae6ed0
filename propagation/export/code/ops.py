"""Ops in code: the lines that the ops of an architecture add to the loops over layers of a script. Each framework has a table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from propagation.architecture import blocks, head, stem
from propagation.config import Config
from propagation.export.code.branches import residual_pieces
from propagation.export.code.settings import fill
from propagation.ops import Activate, Block, Dropout, Normalize, Op, Residual, h_place, ops_within

#: what a script calls its lists, by signal; `ins` are what the first maps of the layers are given, `ys` what the second ones make
_LISTS = {"z": "zs", "h": "hs", "stream": "streams"}


def _no_pieces(config: Config, op: Any) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class OpCode:
    """The lines of one op, templates in the sense of `settings.fill`: on the way forward they turn `x` from its input into its output.

    `backward` turns `gradient` from that of the output into that of the input; it is empty where gradients come from the framework.
    `pieces` are what the templates leave open. A residual op has a line `@branch` for the ops within it, each way.
    """

    forward: str
    backward: str = ""
    pieces: Callable[[Config, Any], Mapping[str, str]] = _no_pieces


Codes = Mapping[type, OpCode]

#: ops that read alike in every framework: where a script writes both passes out, and where gradients come from the framework
WRITTEN_OUT: dict[type, OpCode] = {
    Activate: OpCode(
        forward="""
saved.append(x)
x = phi(x)
""",
        backward="gradient = dphi(saved.pop()) * gradient",
    ),
    Normalize: OpCode(
        forward="""
x, size = norm(x)
saved.append((x, size))
""",
        backward="gradient = norm_backward(gradient, *saved.pop())",
    ),
    Residual: OpCode(
        forward="""
skip = x
@branch
x = $past + ALPHA * x
""",
        backward="""
skip = gradient
gradient = ALPHA * gradient
@branch
gradient = $past + gradient
""",
        pieces=residual_pieces,
    ),
}
FROM_FRAMEWORK: dict[type, OpCode] = {
    Activate: OpCode(forward="x = phi(x)"),
    Normalize: OpCode(forward="x = norm(x)"),
    Residual: OpCode(WRITTEN_OUT[Residual].forward, pieces=residual_pieces),
}


def loops(config: Config, codes: Codes, stream: str = "") -> dict[str, str]:
    """Return the pieces `stem`, `forward` and `head`, what stands before, in and after the loop over layers, and the way back of two.

    `stream` is a line for the stream after a block, before it is kept.
    """
    layer = layer_ops(config)
    is_residual = has(config, Residual)
    seen_back = "stream_gradients.insert(0, gradient)" if is_residual else ""
    return {
        "stem": _forward(config, stem(config), codes),
        "forward": _joined((_forward(config, layer, codes), *((stream, see("stream")) if is_residual else (see("h"),)))),
        "head": _forward(config, head(config), codes),
        "head_backward": _backward(config, head(config), codes),
        "backward": _joined((seen_back, _backward(config, layer, codes))),
    }


def layer_ops(config: Config) -> Block:
    """Return the ops of a layer, alike in kind in every layer: a script has one loop."""
    first, *others = blocks(config)
    assert all([type(op) for op in other] == [type(op) for op in first] for other in others)
    return first


def everything(config: Config) -> list[Op]:
    """Return all ops that occur in a script, those of branches among them."""
    return [*stem(config), *ops_within(layer_ops(config)), *head(config)]


def has(config: Config, kind: type[Op]) -> bool:
    """Return whether such an op occurs."""
    return any(isinstance(op, kind) for op in everything(config))


def op_constants(config: Config) -> str:
    """Return the numbers of the ops that stand at the head of a script."""
    return "\n".join(dict.fromkeys(f"KEEP = {op.keep!r}" for op in everything(config) if isinstance(op, Dropout)))


def norm_kind(config: Config) -> str:
    """Return the kind of norm that a script defines, or an empty text."""
    return next((op.kind for op in everything(config) if isinstance(op, Normalize)), "")


def see(signal: str) -> str:
    """Return the line that keeps a signal as it passes."""
    return f"{_LISTS[signal]}.append(x)"


def _forward(config: Config, ops: Block, codes: Codes, h_after: int = 0) -> str:
    lines = []
    for place, op in enumerate(ops, 1):
        inner = {"branch": _forward(config, op.branch, codes, h_place(op.branch))} if isinstance(op, Residual) else {}
        lines += [fill(codes[type(op)].forward, **codes[type(op)].pieces(config, op), **inner), see("h") if place == h_after else ""]
    return _joined(lines)


def _backward(config: Config, ops: Block, codes: Codes) -> str:
    lines = []
    for op in reversed(ops):
        inner = {"branch": _backward(config, op.branch, codes)} if isinstance(op, Residual) else {}
        lines.append(fill(codes[type(op)].backward, **codes[type(op)].pieces(config, op), **inner))
    return _joined(lines)


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text.rstrip("\n") for text in texts if text.strip())
