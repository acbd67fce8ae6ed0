"""Drawing: the figure of a paper that is one chart of curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from propagation.charts.curves import Scale, curves_chart
from propagation.papers.paper import Drawn, Finding


def curves(name: str, across: Scale, up: Scale, words: Callable[[Finding], str]) -> Callable[[Finding, str], Sequence[Drawn]]:
    """Return the `draw` of a paper whose evidence is a tuple of Series; `words` describes them to those who cannot see them."""

    def draw(finding: Finding, appearance: str) -> Sequence[Drawn]:
        return [Drawn(name, curves_chart(finding.evidence, across, up, appearance=appearance), words(finding))]

    return draw


def depth_scale(deepest: int, *, title: str = "block", shallowest: int = 1) -> Scale:
    """Return a logarithmic axis of layers with round marks."""
    marks = [mark for mark in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if shallowest <= mark <= deepest]
    return Scale(title, 0.93 * shallowest, 1.07 * deepest, True, tuple(map(float, marks)))
