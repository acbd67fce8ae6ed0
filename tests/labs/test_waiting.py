"""Labs that wait in line: whoever has moved on leaves it at once, without having had a turn."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.labs import watch as module
from propagation.labs.distributions import DISTRIBUTIONS
from propagation.labs.evidence import EVIDENCE
from propagation.labs.manifold import ANGLES
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION
from propagation.labs.watch import watch
from propagation.runtime import scheduler
from propagation.runtime.scheduler import PriorityLimiter
from tests.patience import PATIENCE

SMALL = Config(depth=3, width=8, inputs=2, trials=2)
BOTH = Stack([SMALL], range(2))


class Gone(Exception):
    """A visitor has moved on."""


@pytest.mark.parametrize(
    "lab",
    [VARIANCE_DECOMPOSITION, DISTRIBUTIONS, ANGLES, *(EVIDENCE[chart] for chart in EVIDENCE if chart != "map")],
    ids=lambda lab: lab.name,
)
def test_whoever_has_moved_on_leaves_the_line(lab, monkeypatch):
    turns, shares = PriorityLimiter(1), []
    for name in ("_short", "_long"):
        monkeypatch.setattr(scheduler, name, turns)

    def gone(share: float) -> None:
        shares.append(share)
        raise Gone

    def visit() -> None:
        with pytest.raises(Gone):
            lab(SMALL, gone)

    visitor = threading.Thread(target=visit)
    with turns.slot(1.0, lambda: None):
        visitor.start()
        visitor.join(PATIENCE)
        assert not visitor.is_alive() and turns.waiting() == 0 and shares == [0.0]


class Watcher(Observer):
    """Counts what it is shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def see(self, name, layer, *values) -> None:
        self.seen.append((name, layer))


def test_what_is_watched_is_seen_whole_and_reported_both_ways():
    shares, watcher, alone = [], Watcher(), Watcher()
    watch(BOTH, watcher, shares.append)
    observe(BOTH, alone)
    assert watcher.seen == alone.seen
    np.testing.assert_allclose([share for share in shares if share], np.arange(1, 7) / 6)


def test_who_looks_forward_alone_is_shown_that_and_the_same():
    shares, watcher, both = [], Watcher(), Watcher()
    watcher.looks_back = False
    watch(BOTH, watcher, shares.append)
    observe(BOTH, both)
    assert watcher.seen == both.seen[: len(watcher.seen)] and watcher.seen[-1] == ("h", 3)
    assert not {"delta", "weight_gradient"} & {name for name, _ in watcher.seen}
    np.testing.assert_allclose([share for share in shares if share], np.arange(1, 4) / 3)


def test_who_waits_hears_the_last_share_again(monkeypatch):
    shares = []

    def waiting(stack, observer, x, look):
        look()
        observer.see("h", 1)
        look()

    monkeypatch.setattr(module, "observe", waiting)
    watch(BOTH, Watcher(), shares.append)
    np.testing.assert_allclose(shares, [0, 1 / 6, 1 / 6])
