"""Papers: one file for each says how it is repeated and drawn, one table of assets/papers.toml what it says."""

from __future__ import annotations

from propagation.papers import glorot, hanin, he, kumar, luther, poole, saxe, schoenholz

#: by their names in the data file, in the order of their years
PAPERS = {
    paper.name: paper
    for paper in (glorot.PAPER, saxe.PAPER, he.PAPER, poole.PAPER, schoenholz.PAPER, kumar.PAPER, hanin.PAPER, luther.PAPER)
}
