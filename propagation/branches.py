"""Branches: the published rules of residual blocks x' = s x + α·branch(x): what they make of α, of s and of the branch's weights.

L is the number of blocks, m that of linear maps in a branch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class BranchRule:
    """One rule, by functions of L: α (None where the experiment says it) and s.

    α is `learned` where training has to move it from 0.
    `weights(L, m)` are the factors on the variances of the branch's linear maps: of all but the last, and of the last.
    """

    name: str
    label: str
    source: str
    branch_scale: Callable[[int], float] | None
    skip_scale: Callable[[int], float] = lambda blocks: 1.0
    weights: Callable[[int, int], tuple[float, float]] = lambda blocks, maps: (1.0, 1.0)
    learned: bool = False

    @property
    def changes_weights(self) -> bool:
        """Return whether the rule has a say in the variances of weights."""
        return self.weights(7, 2) != (1.0, 1.0)


def _fixup(blocks: int, maps: int) -> tuple[float, float]:
    """Standard deviations × L^(−1/(2m − 2)), and the last map is zero."""
    return (blocks ** (-1 / (maps - 1)) if maps > 1 else 1.0), 0.0


def _deepnorm(blocks: int, maps: int) -> tuple[float, float]:
    """A gain β = (8 N)^(−1/4), N the number of layers: here every block is a branch of its own, so N = L/2."""
    squared = (4 * blocks) ** -0.5
    return squared, squared


BRANCH_RULES: dict[str, BranchRule] = {
    rule.name: rule
    for rule in (
        BranchRule("custom", "custom α", "", None),
        BranchRule("sqrt", "α = 1/√L", "Hayou et al. 2021", lambda blocks: blocks**-0.5),
        BranchRule("sqrt_2", "α = 1/√(2L)", "Radford et al. 2019", lambda blocks: (2 * blocks) ** -0.5),
        BranchRule("inverse", "α = 1/L", "Arpit et al. 2019", lambda blocks: 1 / blocks),
        BranchRule("zero", "α = 0: ReZero, SkipInit", "Bachlechner et al. 2020, De & Smith 2020", lambda blocks: 0.0, learned=True),
        BranchRule("fixup", "Fixup: last weights 0", "Zhang et al. 2019", lambda blocks: 1.0, weights=_fixup),
        BranchRule(
            "deepnorm",
            "DeepNorm: skip × ⁴√L",
            "Wang et al. 2022",
            lambda blocks: 1.0,
            skip_scale=lambda blocks: math.sqrt(math.sqrt(blocks)),
            weights=_deepnorm,
        ),
    )
}
