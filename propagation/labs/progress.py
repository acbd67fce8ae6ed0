"""Progress: a piece of work that reports how far it is, as a part of a larger one."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]


def part_of(progress: Progress | None, start: float, end: float) -> Progress | None:
    """What a piece reports its own share to, if it takes the whole from the share `start` to `end`; None where nobody listens."""
    if progress is None:
        return None
    return lambda share: progress(start + share * (end - start))
