"""Watch: networks that an observer looks at while they run, with the share that is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.labs.protocol import Progress


def watch(stack: Stack, observer: Observer, progress: Progress | None, x: Sequence[np.ndarray] = ()) -> None:
    """Run a stack of networks and show every layer to the observer. Inputs are `x`, one batch for each config, or the configs' own.

    `progress` hears the share that is done, and while this waits for its turn the last share again; it may raise to leave.
    """
    reporting = _Reporting(observer, stack.configs[0].depth, progress)
    observe(stack, reporting, x, reporting.repeat)


class _Reporting(Observer):
    """Shows everything to an observer, and reports how far it is: where that looks back, the way back takes as long as the way there."""

    def __init__(self, observer: Observer, depth: int, progress: Progress | None) -> None:
        self.observer, self.depth, self.progress = observer, depth, progress
        self.looks_back = observer.looks_back
        self.share = 0.0

    def see(self, name: str, layer: int, *values: Any) -> None:
        self.observer.see(name, layer, *values)
        if name == "h":
            self.share = (0.5 if self.looks_back else 1.0) * layer / self.depth
            self.repeat()
        elif name == "weight_gradient":
            self.share = 1 - 0.5 * (layer - 1) / self.depth
            self.repeat()

    def repeat(self) -> None:
        """Report the last share, at first 0."""
        if self.progress:
            self.progress(self.share)
