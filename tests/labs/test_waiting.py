"""Labs that wait in line: whoever has moved on leaves it at once, without having had a turn."""

from __future__ import annotations

import threading

import pytest

from propagation.config import Config
from propagation.labs.distributions import DISTRIBUTIONS
from propagation.labs.evidence import EVIDENCE
from propagation.labs.manifold import ANGLES
from propagation.labs.protocol import repeating
from propagation.labs.variance_decomposition import VARIANCE_DECOMPOSITION
from propagation.runtime import scheduler
from propagation.runtime.scheduler import PriorityLimiter

SMALL = Config(depth=3, width=8, inputs=2, trials=2)
PATIENCE = 20


class Gone(Exception):
    """A visitor has moved on."""


@pytest.mark.parametrize("lab", [VARIANCE_DECOMPOSITION, DISTRIBUTIONS, ANGLES, *EVIDENCE.values()], ids=lambda lab: lab.name)
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


def test_what_is_repeated_is_the_share_heard_last():
    shares = []
    show, look = repeating(shares.append)
    look()
    show(0.25)
    look()
    assert shares == [0.0, 0.25, 0.25]
