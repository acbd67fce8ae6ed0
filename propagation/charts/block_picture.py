"""Block picture: one layer of a network as a small drawing, from its ops: where the skip leaves and joins, where norms and scales sit.

SVG in the colour of the text around it (`currentColor`), so that it suits every theme. Several residual ops have a row each, and a long
branch goes on below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from propagation.choices import NORMALIZATIONS
from propagation.export.code.block_words import map_words
from propagation.formatting import number, percent
from propagation.ops import Activate, Attend, Block, Dropout, Gate, Linear, Normalize, Op, Patches, Residual

#: pixels: a box and the way to the next; the height of a line of boxes, and above it of what a skip takes; the skip's own line in that
_BOX, _GAP, _LINE, _ABOVE, _SKIP = 26, 9, 38, 42, 20
_CORNER, _SUM = 10, 9
#: a branch longer than this goes on in another line
_LONGEST = 190
_SUBSCRIPT = r'<tspan dy="0.3em" font-size="9">\1</tspan>'
#: a picture is not drawn larger than it is, so that narrow ones are as large as wide ones
LEAST_WIDTH = 230


@dataclass(frozen=True)
class _Label:
    """What stands in the box of an op, what it is called in a sentence, and how round its box is."""

    text: str
    words: str
    round: int = 3


def _linear(op: Linear) -> _Label:
    name = map_words(op.name or "W")
    return _Label(name, f"linear map {name}")


_NORMS = {"layer": "LN", "rms": "RMS", "batch": "BN"}
#: how each kind of op is drawn; one that is not here is drawn by its name
LABELS: dict[type, Callable[..., _Label]] = {
    Linear: _linear,
    Activate: lambda op: _Label("φ", "activation φ", _BOX // 2),
    Normalize: lambda op: _Label(_NORMS[op.kind], NORMALIZATIONS[op.kind]),
    Dropout: lambda op: _Label("drop", f"dropout that keeps {percent(op.keep)}"),
    Patches: lambda op: _Label("patch", f"a patch of {_several(op.taps, 'position')}"),
    Gate: lambda op: _Label("gate", f"a gate φ({map_words(op.gate.name)} x) ⊙ {map_words(op.up.name)} x"),
    Attend: lambda op: _Label("attention", f"{'causal ' * op.causal}attention of {_several(op.heads, 'head')}"),
}


def _several(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def block_svg(block: Block) -> str:
    """Return the drawing of a block as the text of an SVG, which says in words what is drawn."""
    rows = _rows(block)
    marks: list[str] = []
    top, width = 0, LEAST_WIDTH
    for place, row in enumerate(rows):
        drawn, right, top = _row(row, top, "x" if place == 0 else "", "x′" if place == len(rows) - 1 else "")
        marks += drawn
        width = max(width, right)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}" role="img" '
        f'aria-label="{escape(block_in_words(block))}" font-size="13" fill="none" stroke="currentColor" stroke-width="1.2">'
        f"{''.join(marks)}</svg>"
    )


def block_in_words(block: Block) -> str:
    """Return in sentences what the drawing shows."""
    told = []
    for op in block:
        if isinstance(op, Residual):
            branch = _list(op.branch) + (f", times α = {number(op.branch_scale)}" if _is_scaled(op) else "")
            skip = "a skip" if op.skip_scale == 1 else f"a skip, times s = {number(op.skip_scale)},"
            what = f"through {branch}. There is no skip" if op.skip_scale == 0 else f"over {skip} and through {branch}. Both are added"
            told.append(f"The signal goes {what}")
        elif told:
            told[-1] += f", then {_label(op).words}"
        else:
            told.append(f"The signal goes through {_label(op).words}")
    return f"One layer. {'. '.join(told)}."


def _rows(block: Block) -> list[Block]:
    """Return the ops of each row: a residual op begins one, where there is one before it."""
    rows: list[list[Op]] = [[]]
    for op in block:
        if isinstance(op, Residual) and any(isinstance(one, Residual) for one in rows[-1]):
            rows.append([])
        rows[-1].append(op)
    return [tuple(row) for row in rows]


def _row(row: Sequence[Op], top: int, before: str, after: str) -> tuple[list[str], int, int]:
    """Return the marks of a row, where it ends, and its bottom; the signal comes in from the left."""
    y = top + (_ABOVE if any(isinstance(op, Residual) and op.skip_scale for op in row) else 0) + _LINE // 2
    marks, x = [_text(before, 6, y)] if before else [], 14 if before else 4
    for op in row:
        if isinstance(op, Residual):
            new, x, y = _residual(op, x, y, top + _SKIP)
        else:
            new, x = _box(_label(op), x, y, isinstance(op, Linear))
        marks += new
    end = x + _GAP + 4
    marks.append(_arrow(x, y, end))
    return [*marks, *([_text(after, end + 9, y)] if after else [])], end + 18, y + _LINE // 2


def _residual(op: Residual, x: int, y: int, skip: int) -> tuple[list[str], int, int]:
    """Return the marks of a branch, of the skip past it, and of their sum, from x on; where the sum ends, and the height of its line."""
    fork = x + 8
    marks, at, right = [_line(x, y, fork)], fork, fork
    for number_of, ops in enumerate(_lines(op.branch)):
        if number_of:
            below = y + _LINE
            marks.append(f'<path d="M{at} {y}h5V{y + _LINE // 2}H{fork}V{below}"/>')
            right, at, y = max(right, at + 5), fork, below
        for one in ops:
            new, at = _box(_label(one), at, y, isinstance(one, Linear))
            marks += new
    if _is_scaled(op):
        value = number(op.branch_scale)
        new, at = _box(_Label("α", f"times α = {value}", _BOX // 2), at, y)
        marks += [*new, _text(value, at - _BOX // 2, y - _BOX // 2 - 8, 11, "scale")]
    if op.skip_scale == 0:
        return marks, at, y
    middle = max(at, right) + _GAP + 4 + _SUM
    start = skip - _SKIP + _ABOVE + _LINE // 2  # the height of the first line
    marks.append(_arrow(at, y, middle - _SUM))
    marks.append(f'<circle cx="{fork}" cy="{start}" r="2.5" fill="currentColor" stroke="none"/>')
    marks.append(
        f'<path class="skip" d="M{fork} {start}V{skip + _CORNER}q0 -{_CORNER} {_CORNER} -{_CORNER}H{middle - _CORNER}'
        f'q{_CORNER} 0 {_CORNER} {_CORNER}V{y - _SUM}"/>{_head(middle, y - _SUM, down=True)}'
    )
    words = "skip" if op.skip_scale == 1 else f"skip × s = {number(op.skip_scale)}"
    marks.append(_text(words, (fork + middle) // 2, skip - 9, 12, "scale"))
    cross = f'<path d="M{middle - 5} {y}h10M{middle} {y - 5}v10"/>'
    marks.append(f'<g class="sum"><title>sum</title><circle cx="{middle}" cy="{y}" r="{_SUM}"/>{cross}</g>')
    return marks, middle + _SUM, y


def _lines(branch: Sequence[Op]) -> list[list[Op]]:
    """Return the ops of a branch line by line: a long one is broken behind linear maps."""
    lines: list[list[Op]] = [[]]
    for place, op in enumerate(branch):
        lines[-1].append(op)
        rest = branch[place + 1 :]
        if isinstance(op, Linear) and rest and _width(lines[-1]) + _width(rest) > _LONGEST:
            lines.append([])
    return lines


def _width(ops: Iterable[Op]) -> int:
    return sum(_GAP + _box_width(_label(op)) for op in ops)


def _box_width(label: _Label) -> int:
    return max(_BOX, 10 + 8 * len(label.text))


def _box(label: _Label, x: int, y: int, filled: bool = False) -> tuple[list[str], int]:
    """Return a box behind a short line, and where it ends."""
    width, left = _box_width(label), x + _GAP
    fill = ' fill="currentColor" fill-opacity="0.12"' if filled else ""
    box = f'<rect x="{left}" y="{y - _BOX // 2}" width="{width}" height="{_BOX}" rx="{label.round}"{fill}/>'
    group = f'<g class="op"><title>{escape(label.words)}</title>{box}{_text(label.text, left + width // 2, y)}</g>'
    return [_line(x, y, left), group], left + width


def _label(op: Op) -> _Label:
    name = type(op).__name__.lower()
    return LABELS.get(type(op), lambda _: _Label(name, name))(op)


def _list(ops: Iterable[Op]) -> str:
    return ", ".join(_label(op).words for op in ops)


def _is_scaled(op: Residual) -> bool:
    return op.branch_scale != 1 or op.learned


def _text(text: str, x: int, y: int, size: int = 13, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return (
        f'<text{of_kind} x="{x}" y="{y}" dy="0.35em" text-anchor="middle" font-size="{size}" fill="currentColor" stroke="none">'
        f"{re.sub('_(.)', _SUBSCRIPT, escape(text))}</text>"
    )


def _line(x: int, y: int, end: int) -> str:
    return f'<path d="M{x} {y}H{end}"/>'


def _arrow(x: int, y: int, end: int) -> str:
    return _line(x, y, end) + _head(end, y)


def _head(x: int, y: int, down: bool = False) -> str:
    """Return the head of an arrow whose tip is here."""
    return f'<path d="M{x} {y}{"l-3.5 -6h7z" if down else "l-6 -3.5v7z"}" fill="currentColor" stroke="none"/>'
