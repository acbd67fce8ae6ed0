"""What each paper's experiment is here: one file a paper, from the engine and the theory, and one registry of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from propagation.config import Config
from propagation.labs.papers import glorot, hanin, he, kumar, luther, poole, saxe, schoenholz
from propagation.labs.papers.finding import Finding


@dataclass(frozen=True)
class Experiment:
    """The network of a paper as it is run here, and what measures it: `lab(config, progress)`, of which only the seed is free."""

    config: Config
    lab: Callable[..., Finding]


#: by the names that the data file gives the papers, in the order of their years
EXPERIMENTS = {
    "glorot": Experiment(glorot.CONFIG, glorot.glorot),
    "saxe": Experiment(saxe.CONFIG, saxe.saxe),
    "he": Experiment(he.CONFIG, he.he),
    "poole": Experiment(poole.CONFIG, poole.poole),
    "schoenholz": Experiment(schoenholz.CONFIG, schoenholz.schoenholz),
    "kumar": Experiment(kumar.CONFIG, kumar.kumar),
    "hanin": Experiment(hanin.CONFIG, hanin.hanin),
    "luther": Experiment(luther.CONFIG, luther.luther),
}
