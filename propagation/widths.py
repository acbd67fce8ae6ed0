"""Widths: how the size of layers changes with depth."""

from __future__ import annotations

from dataclasses import dataclass

#: no layer of a profile is narrower
_NARROWEST = 2


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
