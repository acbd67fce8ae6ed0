"""Structure: what recognizing a measured network needs, whatever its kind: its activation, its norms, its inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from propagation.config import Config
from propagation.expressions import lookup
from propagation.reports.initialization import short, within
from propagation.reports.report import Module, Report

#: activations of libraries by the names of their classes, where the app calls them otherwise
_TYPES = {"GELUActivation": "gelu", "NewGELUActivation": "gelu_tanh", "GELUTanh": "gelu_tanh", "SiLUActivation": "silu"}
#: one call by its index
Call = tuple[int, Module]
#: kinds that a network is told by; the others (dropout, pooling, reshapes) change no size of a Config
STRUCTURE = ("linear", "norm", "activation", "attention", "sum", "embedding", "convolution")
_MOST_INPUTS = 16
#: the same where a batch norm couples them: how a network fares depends on their number, by less than 1 % from here on
_MOST_COUPLED = 64
#: of the mean square of inputs, the share that their mean must have to be told of
_SHIFTED = 0.05


@dataclass(frozen=True)
class Closest:
    """The Config most like a network, None with the reason in `why_not`; `remarks` are sentences on what of it is otherwise.

    `signals` says which of SIGNALS in which layer the output of a call is, `weights` which linear map of which layer it is ("" where a
    layer has one), by the index of the call.
    """

    config: Config | None
    why_not: str = ""
    remarks: tuple[str, ...] = ()
    signals: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    weights: Mapping[int, tuple[str, int]] = field(default_factory=dict)


class Unlike(Exception):
    """Why a network is like none that the app knows, in a sentence."""


def activation_of(modules: Sequence[Module]) -> str:
    """Return the activation that all of these compute, as the app calls it; linear for none."""
    if not modules:
        return "linear"
    said = {module.activation or _TYPES.get(module.type, module.type) for module in modules}
    if len(said) > 1:
        raise Unlike(f"It has several activations: {', '.join(sorted(said)[:4])}.")
    try:
        return lookup(said.pop()).name
    except ValueError:  # of a formula, too
        raise Unlike(f"What {modules[0].name} computes is not known here.") from None


def normalization_of(norms: Sequence[Module], report: Report) -> dict[str, Any]:
    """Return the normalization that all of these are, as fields of a Config."""
    kinds = {_norm(module) for module in norms}
    if len(kinds) > 1:
        raise Unlike("It has several kinds of norms.")
    kind = kinds.pop() if kinds else "none"
    if kind == "batch" and report.mode == "eval":
        kind = "none"  # it divides by running averages, which are 1 before training
    return {"normalization": kind}


def _norm(module: Module) -> str:
    name = module.type.lower()
    found = next((kind for part, kind in (("rms", "rms"), ("layer", "layer"), ("batch", "batch")) if part in name), "")
    if not found:
        raise Unlike(f"The app has no {module.type}.")
    return found


def inputs_of(report: Report, calls: Sequence[Call], start: int, norm: str = "none", most: int = _MOST_INPUTS) -> dict[str, Any]:
    """Return the fields of the inputs: how many, and of which size, as the call at the index `start` was given them.

    At most `most`, and more where `norm`, the network's normalization, is one of a batch.
    Where the report leaves that out, as a link does: as the call before gave them out, or as they must have been for the first output.
    """
    module, shift = report.called[start], 0.0
    earlier = [one for place, one in calls if place < start and "out" in one.moments]
    if "in" in module.moments:
        second, mean = 10.0 ** module.size("in"), module.moments["in"].mean
        shift = mean.median if mean is not None and mean.median**2 > _SHIFTED * second else 0.0
    elif earlier:
        second = 10.0 ** earlier[-1].size("out")
    else:
        second = (10.0 ** module.size("out") - module.bias_variance) / module.weight_variance
    fields: dict[str, Any] = {"inputs": max(1, min(report.inputs, _MOST_COUPLED if norm == "batch" else most))}
    if math.isfinite(second) and second > 0:
        fields["input_variance"] = short(within("input_variance", second - shift**2))
        fields |= {"input_mean": short(within("input_mean", shift))} if shift else {}
    return fields
