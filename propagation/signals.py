"""Signals: what is measured in every layer of a network, one record each. Whatever shows or stores a signal reads its names here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class SignalInfo:
    """What one signal is called, where it travels, and in which colour it is drawn.

    `name` is its key in a Trace, a Prediction, a table and an address; `noun` and `formula` make its label in words; `symbol` and `square`
    stand where there is room for a letter; `meaning` explains its columns in a file. It is `forward` where it travels from layer 1 to
    layer L. `way` is its direction as readers see it, empty for what no layer passes on. `role` is a colour of the palette.
    """

    name: str
    noun: str
    formula: str
    symbol: str
    square: str
    meaning: str
    forward: bool
    way: str
    role: str

    @property
    def label(self) -> str:
        """Return what it is called in a sentence or a choice: "gradient δ = ∂C/∂z"."""
        return f"{self.noun} {self.formula}"

    @property
    def title(self) -> str:
        """Return the title of its row in a chart: "backward ← gradient δ = ∂C/∂z"."""
        return f"{self.way} {self.label}".strip()

    @property
    def mean_square_title(self) -> str:
        """Return the title of a row of its mean squares: "backward ← E[δ²]"."""
        return f"{self.way or self.noun} E[{self.square}]"


SIGNALS: dict[str, SignalInfo] = {
    info.name: info
    for info in (
        SignalInfo("z", "pre-activation", "z", "z", "z²", "pre-activation z = W h + b", True, "forward →", "forward"),
        SignalInfo("h", "activation", "h", "h", "h²", "activation h = φ(z)", True, "forward →", "forward"),
        SignalInfo("delta", "gradient", "δ = ∂C/∂z", "δ", "δ²", "∂C/∂z", False, "backward ←", "backward"),
        SignalInfo("weight_gradient", "weight gradient", "∂C/∂W", "∂C/∂W", "(∂C/∂W)²", "∂C/∂W", False, "", "weight_gradient"),
        SignalInfo("stream", "residual stream", "x", "x", "x²", "residual stream x after a block", True, "forward →", "forward"),
        SignalInfo("stream_gradient", "gradient", "∂C/∂x", "∂C/∂x", "(∂C/∂x)²", "∂C/∂x after a block", False, "backward ←", "backward"),
    )
}
#: what every network has, and what one with a residual stream has beside it
PLAIN, STREAM = ("z", "h", "delta", "weight_gradient"), ("stream", "stream_gradient")
FORWARD = tuple(name for name, info in SIGNALS.items() if info.forward)
BACKWARD = tuple(name for name, info in SIGNALS.items() if not info.forward)


class BySignal(Generic[T]):
    """What has one answer for each signal: a Trace has measured moments, a Prediction expected ones.

    `signals` maps the names of those that the network has, in the order of SIGNALS, to their answers.
    """

    signals: Mapping[str, T]

    def signal(self, name: str) -> T:
        """Return the answer for the signal called `name`; ValueError where the network has none of that name."""
        if name not in self.signals:
            raise ValueError(f"signal = {name!r} is unknown; choose one of {', '.join(self.signals)}")
        return self.signals[name]

    @property
    def main(self) -> tuple[str, str]:
        """Return the names of what layers pass on, forward and backward: the stream and its gradient where there is one, else z and δ."""
        return STREAM if "stream" in self.signals else ("z", "delta")

    @property
    def forward(self) -> T:
        """Return the answer for what layers pass on forward."""
        return self.signals[self.main[0]]

    @property
    def backward(self) -> T:
        """Return the answer for what layers pass on backward."""
        return self.signals[self.main[1]]

    @property
    def z(self) -> T:
        """Return that for the pre-activation z = W h + b."""
        return self.signals["z"]

    @property
    def h(self) -> T:
        """Return that for the activation h = φ(z)."""
        return self.signals["h"]

    @property
    def delta(self) -> T:
        """Return that for the gradient δ = ∂C/∂z."""
        return self.signals["delta"]

    @property
    def stream(self) -> T:
        """Return that for the residual stream x after a block; KeyError in a network that has none."""
        return self.signals["stream"]

    @property
    def stream_gradient(self) -> T:
        """Return that for ∂C/∂x after a block; KeyError in a network that has none."""
        return self.signals["stream_gradient"]

    @property
    def weight_gradient(self) -> T:
        """Return that for the weight gradient ∂C/∂W."""
        return self.signals["weight_gradient"]
