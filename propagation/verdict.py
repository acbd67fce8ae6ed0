"""Verdict: what happens in a network, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from propagation.formatting import factor, number
from propagation.reach import ANY_DEPTH


@dataclass(frozen=True)
class Verdict:
    """What happens in a network, in words, and the numbers behind them.

    `kind` is "healthy", "vanishing", "exploding", "uneven" (weight gradients differ between layers), "saturated", "dead" or "merged" (sizes
    are level, inputs have grown alike); `slow` says that it is healthy at this depth, and would not be in a deeper net. The factors are
    what one layer does to a second moment once sizes have settled: `forward_factor` to that of z, `backward_factor` to that of ∂C/∂z. The
    layers before that, 1 … `settled_from`, multiply them by `forward_transient` and `backward_transient` in all; `settled_from` is None
    where nothing settles. `layers_survived` is a property of the network, whatever its depth: six depth scales, ∞ where a layer deep inside
    loses no share of anything; `survivor` says what survives so many, and is empty where changes are slower than any factor; `unit` is what
    a layer is called. The suggested variances are critical, where that would help, and `suggested_input_variance` is that of inputs which
    have the settled size at once. `phase` is the theory's, None without one and where it is at odds with the headline, as `remark` then
    says. Where fewer than half of the networks die, all this is about the others.
    `suggested_block` is a field of the architecture with the value it should have.
    `precision` says where the network leaves float32 and float16, empty where it leaves neither; `loss` what a cross-entropy is before
    training, beside that of a guess.
    """

    kind: str
    headline: str
    advice: str
    forward_factor: float
    backward_factor: float
    layers_survived: float
    suggested_weight_variance: float | None
    phase: str | None
    suggested_bias_variance: float | None = None
    settled_from: int | None = None
    forward_transient: float = 1.0
    backward_transient: float = 1.0
    survivor: str = "sizes survive"
    unit: str = "layer"
    precision: str = ""
    loss: str = ""
    suggested_input_variance: float | None = None
    remark: str = ""
    slow: bool = False
    suggested_first_weight_variance: float | None = None
    suggested_bias_mean: float | None = None
    suggested_block: tuple[str, str | float | bool] | None = None

    @property
    def suggested(self) -> dict[str, Any]:
        """Return the fields that are advised to be set, with their values."""
        named: dict[str, Any] = {
            "weight_variance": self.suggested_weight_variance,
            "bias_variance": self.suggested_bias_variance,
            "input_variance": self.suggested_input_variance,
            "first_weight_variance": self.suggested_first_weight_variance,
            "bias_mean": self.suggested_bias_mean,
        }
        named |= dict([self.suggested_block]) if self.suggested_block else {}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def reach(self) -> str:
        """Return what survives how many layers, in words; two digits are all that this estimate is worth."""
        if self.layers_survived > ANY_DEPTH:
            return f"{self.survivor} any depth" if self.survivor else "changes slow down with depth"
        if self.layers_survived < 0.95:
            return f"{self.survivor} less than 1 {self.unit}"
        layers = f"1 {self.unit}" if self.layers_survived < 1.05 else f"{number(float(f'{self.layers_survived:.2g}'))} {self.unit}s"
        return f"{self.survivor} ≈ {layers}"

    @property
    def settling(self) -> str:
        """Return what the first layers do, of which the factors do not tell, and the remark, in sentences; empty where that is little."""
        shares = self.forward_transient, self.backward_transient
        if self.settled_from is None or all(0.5 < share < 2 for share in shares):
            return self.remark
        signal, gradients = map(factor, shares)
        which = (
            "The first layer differs: it changes"
            if self.settled_from == 1
            else f"The first {self.settled_from:,} layers differ: they change"
        )
        return f"{which} the signal by {signal} and gradients by {gradients} in all. {self.remark}".rstrip()
