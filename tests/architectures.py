"""The kinds of networks that an architecture can say, also those that no Config asks for yet: tests let every walk see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from propagation.architecture import Block, Dropout, blocks
from propagation.config import Config

#: everything that walks a network
WALKS = (
    "propagation.engine.network",
    "propagation.engine.cost",
    "propagation.theory.trajectory",
    "propagation.theory.prediction",
    "propagation.theory.spread",
    "propagation.export.code.ops",
    "propagation.labs.training",
)
KEEP = 0.7

Network = Callable[[Config], tuple[Block, ...]]


def with_dropout(config: Config) -> tuple[Block, ...]:
    """A plain network with dropout after every φ."""
    longer: dict[Block, Block] = {}
    return tuple(longer.setdefault(block, (*block, Dropout(KEEP))) for block in blocks(config))


NETWORKS: dict[str, Network] = {"plain": blocks, "dropout": with_dropout}


def walk_instead(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let engine, theory, training and scripts walk this network in place of the config's own."""
    for module in WALKS:
        monkeypatch.setattr(f"{module}.blocks", network)
