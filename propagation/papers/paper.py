"""Paper: one paper as a single object, from its words in the data file to its figures as they are drawn here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import plotly.graph_objects as go

from propagation.config import Config
from propagation.labs.protocol import Lab, Measurement
from propagation.lessons import Link
from propagation.papers.publications import Publication, publications


@dataclass(frozen=True)
class Finding:
    """`numbers`, by the names that the data file of published numbers has for them, and `evidence`, from which the figure is drawn."""

    numbers: dict[str, float]
    evidence: Any


class Drawn(NamedTuple):
    """A chart of a figure: a name that no other has, the chart, and a sentence for those who cannot see it."""

    name: str
    figure: go.Figure
    alt: str


@dataclass(frozen=True)
class Paper:
    """A paper, by its name in the data file, and how it is repeated here.

    `config` is the network of the experiment, `measure(config, progress)` the experiment, of which only the seed is free, and
    `draw(finding, appearance)` returns the charts of the paper's figure, which stand side by side. Where a visitor can choose between
    figures, `choices` maps their names in an address to their labels, and `draw` takes a name as well. `link` leads to the page on which
    one can go on with this network.
    """

    name: str
    config: Config
    measure: Measurement[Finding]
    draw: Callable[..., Sequence[Drawn]]
    link: Link
    choices: dict[str, str] = field(default_factory=dict)

    @property
    def publication(self) -> Publication:
        """Return its reference, its words and its numbers; ValueError where the data file cannot be read."""
        return publications()[self.name]

    @property
    def lab(self) -> Lab[Finding]:
        """Return its experiment, which uses nothing of a config but the seed."""
        return Lab(f"paper {self.name}", lambda config: replace(self.config, seed=config.seed), self.measure)
