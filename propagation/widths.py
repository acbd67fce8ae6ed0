"""Widths: how the size of layers changes with depth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from propagation.formatting import quoted

#: no layer of a profile is narrower
_NARROWEST = 2
#: the largest layer, and the most of them
WIDEST, DEEPEST = 1_000_000, 2000
#: what may stand between two sizes, pasted dashes and arrows too, and around all of them; × counts only where nothing else stands between
_BETWEEN, _TIMES, _AROUND = re.compile(r"\s*(?:[-–−]>|[-–−,;→])\s*|\s+"), re.compile(r"\s*[x×]\s*"), " []()"


@dataclass(frozen=True)
class WidthProfile:
    """A path of layer sizes. Its turning points are evenly spaced in depth; there the width is divided by `divisors`."""

    name: str
    label: str
    divisors: tuple[int, ...]

    def sizes(self, width: int, depth: int) -> tuple[int, ...]:
        """Return depth + 1 layer sizes n_0 … n_L, geometric between the turning points."""
        turning_points = tuple(max(_NARROWEST, width // divisor) for divisor in self.divisors)
        return tuple(_size_at(layer / depth, turning_points) for layer in range(depth + 1))


WIDTH_PROFILES: dict[str, WidthProfile] = {
    profile.name: profile
    for profile in (
        WidthProfile("constant", "constant", (1, 1)),
        WidthProfile("funnel", "funnel: wide to an eighth", (1, 8)),
        WidthProfile("widening", "widening: an eighth to wide", (8, 1)),
        WidthProfile("bottleneck", "bottleneck: an eighth in the middle", (1, 8, 1)),
    )
}


def _size_at(position: float, turning_points: tuple[int, ...]) -> int:
    """Return the size at `position` ∈ [0, 1] on a path of equal pieces between the turning points, each piece geometric."""
    pieces = len(turning_points) - 1
    piece = min(int(position * pieces), pieces - 1)
    start, end = turning_points[piece : piece + 2]
    return round(start * (end / start) ** (position * pieces - piece))


def read_sizes(text: str) -> tuple[int, ...]:
    """Return the sizes n_0 … n_L that a text lists, such as 784-300-100-10 or [784, 300, 100, 10]; none for an empty text.

    ValueError, in words that go on after the text, names the place that cannot be read.
    """
    listed = text.strip(_AROUND)
    if not listed:
        return ()
    pieces = _TIMES.split(listed) if re.fullmatch(r"[0-9x×\s]*", listed) and _TIMES.search(listed) else _BETWEEN.split(listed)
    if len(pieces) > 1 and not pieces[-1]:  # one separator at the end
        del pieces[-1]
    if len(pieces) == 1 and pieces[0].isdecimal():
        raise ValueError("has one size, and at least two are needed: the input and one layer")
    if len(pieces) > 1 + DEEPEST:
        raise ValueError(f"has {len(pieces):,} sizes, and at most {1 + DEEPEST:,} are possible: the input and {DEEPEST:,} layers")
    return tuple(_size(piece, f"layer {layer}" if layer else "the input") for layer, piece in enumerate(pieces))


def written_sizes(sizes: Sequence[int]) -> str:
    """Return the text of these sizes: 784-300-100-10."""
    return "-".join(map(str, sizes))


def _size(piece: str, whose: str) -> int:
    if not piece:
        raise ValueError(f"has no size for {whose}")
    if re.fullmatch(r"[0-9]*[x×][0-9]*", piece):
        raise ValueError(f"has {quoted(piece)} as the size of {whose}: write the size of every layer, as in 300-300-300")
    if not (piece.isascii() and piece.isdigit()):
        raise ValueError(f"has {quoted(piece)} as the size of {whose}: a whole number is needed")
    if len(piece) > 9 or not 1 <= int(piece) <= WIDEST:
        raise ValueError(f"has {quoted(piece)} as the size of {whose}: a whole number from 1 to {WIDEST:,} is needed")
    return int(piece)
