"""Branches: the published rules of residual blocks x' = s x + α·branch(x): what they make of α, of s and of the branch's weights.

L is the number of blocks, K that of branches (a transformer's block has two), m that of linear maps in a branch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class BranchRule:
    """One rule: α by L (None where the experiment says α and s) and s by K.

    α is `learned` where training has to move it from 0.
    `weights(K, m)` are the factors on the variances of the branch's linear maps: of all but the last, and of the last; those of queries
    and keys stay.
    """

    name: str
    label: str
    source: str
    branch_scale: Callable[[int], float] | None
    skip_scale: Callable[[int], float] = lambda branches: 1.0
    weights: Callable[[int, int], tuple[float, float]] = lambda branches, maps: (1.0, 1.0)
    learned: bool = False

    @property
    def changes_weights(self) -> bool:
        """Return whether the rule has a say in the variances of weights."""
        return self.weights(7, 2) != (1.0, 1.0)


def _fixup(branches: int, maps: int) -> tuple[float, float]:
    """Standard deviations × K^(−1/(2m − 2)), and the last map is zero."""
    return (branches ** (-1 / (maps - 1)) if maps > 1 else 1.0), 0.0


def _deepnorm(branches: int, maps: int) -> tuple[float, float]:
    """A gain β = (8 N)^(−1/4), N = K/2 the number of layers of two branches."""
    squared = (4 * branches) ** -0.5
    return squared, squared


def _t_fixup(branches: int, maps: int) -> tuple[float, float]:
    """Standard deviations × 0.67 N^(−1/4), N = K/2."""
    squared = 0.67**2 * (branches / 2) ** -0.5
    return squared, squared


def _gpt2(branches: int, maps: int) -> tuple[float, float]:
    """The standard deviation of the last map × 1/√K."""
    return 1.0, 1 / branches


BRANCH_RULES: dict[str, BranchRule] = {
    rule.name: rule
    for rule in (
        BranchRule("custom", "custom α", "", None),
        BranchRule("sqrt", "α = 1/√L", "Hayou et al. 2021", lambda blocks: blocks**-0.5),
        BranchRule("sqrt_2", "α = 1/√(2L)", "Radford et al. 2019", lambda blocks: (2 * blocks) ** -0.5),
        BranchRule("inverse", "α = 1/L", "Arpit et al. 2019", lambda blocks: 1 / blocks),
        BranchRule("zero", "α = 0: ReZero, SkipInit", "Bachlechner et al. 2020, De & Smith 2020", lambda blocks: 0.0, learned=True),
        BranchRule("gpt2", "GPT-2: last weights ÷ √K", "Radford et al. 2019", lambda blocks: 1.0, weights=_gpt2),
        BranchRule("fixup", "Fixup: last weights 0", "Zhang et al. 2019", lambda blocks: 1.0, weights=_fixup),
        BranchRule("t_fixup", "T-Fixup: weights × 0.67 ÷ ⁴√(K/2)", "Huang et al. 2020", lambda blocks: 1.0, weights=_t_fixup),
        BranchRule(
            "deepnorm",
            "DeepNorm: skip × ⁴√K",
            "Wang et al. 2022",
            lambda blocks: 1.0,
            skip_scale=lambda branches: math.sqrt(math.sqrt(branches)),
            weights=_deepnorm,
        ),
    )
}
