"""Ops of the engine: what each op of an architecture does to the signals of T random networks at once, and to their gradients.

`forward` takes h and returns what the op makes of it; `backward` takes ∂C/∂(output), a signal for each input's own cost C_b, and returns
∂C/∂(input). What a layer measures it names with `tape.see`: z, δ, ∂C/∂W, σ_w², flat slopes. The other two are for networks whose weights
are held (`method = "dense"`): `jvp` takes derivatives along a curve of inputs through the op, `trainable` hands out its parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from propagation.engine.activate import ActivateOp
from propagation.engine.attend import AttendOp
from propagation.engine.gate import GateOp
from propagation.engine.linear import LinearOp
from propagation.engine.maps import of_networks
from propagation.engine.noise import Noise, unit_interval
from propagation.engine.normalize import NormalizeOp
from propagation.engine.op import EngineOp, Place, Tangents
from propagation.engine.patches import PatchesOp
from propagation.engine.residual import ResidualOp
from propagation.engine.signal import Signal
from propagation.engine.tape import Tape
from propagation.engine.trainable import Trainable, TrainableDropout
from propagation.ops import Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Patches, Residual, parts
from propagation.streams import stream


class DropoutOp(EngineOp):
    """h̃ = h m/p. The coins m are noise: the way back tosses them again."""

    def __init__(self, op: Dropout, place: Place) -> None:
        self.keep, self.place = op.keep, place
        self.gradient_type = place.below.gradient_type if place.below else np.float64
        self._shape = (0, 0)

    def forward(self, x: Signal, tape: Tape) -> Signal:
        self._shape = x.array.shape[1:]
        return self._masked(x).settled()

    def backward(self, gradient: Signal, tape: Tape) -> Signal:
        return self._masked(gradient).settled()

    def jvp(self, x: Signal, tangents: Tangents) -> Tangents:
        return tuple(map(self._masked, tangents))

    def trainable(self) -> Trainable:
        trial = self.place.trials.start
        return TrainableDropout(self.keep, stream(self.place.config.seed, "dropout_in_training", trial, self.place.maps_before))

    def _masked(self, signal: Signal) -> Signal:
        noise = Noise(self.place.config.seed, self.place.maps_before, self.place.trials.start, len(self.place.trials))
        kept = of_networks(noise.draw("dropout", *self._shape, unit_interval), len(signal.array)) < self.keep
        return Signal(np.where(kept, signal.array / self.keep, 0), signal.exponent)


def residual_op(op: Residual, place: Place) -> ResidualOp:
    """Return what stands for a residual block, with what stands for its branch."""
    branch: list[EngineOp] = []
    inside = place
    for number, inner in enumerate(op.branch):
        versions = tuple(version.branch[number] for version in place.versions)
        above = op.branch[number + 1] if number + 1 < len(op.branch) else None
        branch.append(engine_op(inner, replace(inside, versions=versions, above=above)))
        inside = replace(inside, below=branch[-1], maps_before=inside.maps_before + maps_in(inner))
    return ResidualOp(op, place, branch)


#: what stands for each op of an architecture
ENGINE_OPS: dict[type, Callable[..., EngineOp]] = {
    Linear: LinearOp,
    Activate: ActivateOp,
    Normalize: NormalizeOp,
    Dropout: DropoutOp,
    Patches: PatchesOp,
    Gate: GateOp,
    Attend: AttendOp,
    Residual: residual_op,
}


def engine_op(op: Op, place: Place) -> EngineOp:
    """Return what stands for this op at this place."""
    return ENGINE_OPS[type(op)](op, place)


def maps_in(op: Op) -> int:
    """Return the number of linear maps in an op."""
    return 1 if isinstance(op, Linear) else sum(map(maps_in, parts(op)))
