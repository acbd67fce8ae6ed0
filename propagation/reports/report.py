"""Report: what was measured of one network, module by module, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

#: what a report calls itself, and the newest version of its form that is read here
FORMAT, VERSION = "signal-propagation-report", 1
#: what modules are, in the words of a report
KINDS = ("linear", "convolution", "embedding", "norm", "activation", "attention", "sum", "other")
#: modules whose weights are a matrix
WITH_MATRIX = ("linear", "convolution", "embedding")
#: what is watched of a module in training, beside the steps themselves
WATCHED = ("update_ratio", "out", "out_gradient", "weight_gradient")
#: what is measured of a module, and the shares of its numbers
QUANTITIES = ("in", "out", "out_gradient", "weight", "weight_gradient", "bias")
SHARES = ("saturated", "dead", "zero", "below_float16", "above_float16", "gradient_below_float16", "gradient_above_float16")


class Spread(NamedTuple):
    """What several draws of a network agree on: the median, and the ends of the band that holds 10 to 90 % of them."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Moments:
    """Moments of the entries of one tensor over draws.

    Logarithms are −∞ where it is exactly zero and ∞ where it holds an infinite number or one that is none. `mean` and `log10_variance` are
    None where the report leaves them out.
    """

    log10_second_moment: Spread
    log10_variance: Spread | None = None
    mean: Spread | None = None


@dataclass(frozen=True)
class Module:
    """One call of a module in the forward pass.

    `call` is 1, and 2, 3 … where a shared module is called again. `moments` has what was measured of QUANTITIES, `shares` of SHARES.
    It is `functional` where it is the call of a function, or a sum, and no module. `activation` is what it computes where the report can
    tell, as the app's formulas call it. `same_weights_as` names an earlier module whose weights start equal to these, `tied_to` one that
    has the very same weights.
    """

    name: str
    type: str
    kind: str
    call: int = 1
    frozen: bool = False
    never_called: bool = False
    functional: bool = False
    fan_in: int | None = None
    fan_out: int | None = None
    weight_shape: tuple[int, ...] = ()
    out_shape: tuple[int, ...] = ()
    activation: str = ""
    heads: int | None = None
    causal: bool | None = None
    same_weights_as: str = ""
    tied_to: str = ""
    moments: Mapping[str, Moments] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    def size(self, quantity: str) -> float:
        """Return log10 of the second moment of one of QUANTITIES, the median over draws; NaN where it was not measured."""
        return self.moments[quantity].log10_second_moment.median if quantity in self.moments else math.nan

    def variance(self, quantity: str) -> float:
        """Return the variance of one of QUANTITIES, its second moment where the report has no other; NaN where it was not measured."""
        if quantity not in self.moments:
            return math.nan
        of = self.moments[quantity]
        return 10.0 ** min((of.log10_variance or of.log10_second_moment).median, 300.0)

    @property
    def weight_variance(self) -> float:
        """Return σ_w² = fan_in · Var[W] as found; NaN where there is no matrix, or its fan is not known."""
        if self.kind not in WITH_MATRIX or not self.fan_in:
            return math.nan
        return self.fan_in * self.variance("weight")

    @property
    def bias_variance(self) -> float:
        """Return E[b²]; 0 where there is no bias, or none that the report tells of."""
        return 10.0 ** min(self.size("bias"), 300.0) if "bias" in self.moments else 0.0


@dataclass(frozen=True)
class NotFinite:
    """Where the first value arose that is infinite or no number: in which module, `what` ("nan" or "infinite"), in which pass.

    Where `after` is not empty, that module was given it, and it arose in code between the module of this name and that one.
    """

    module: str
    what: str
    during: str
    after: str = ""


@dataclass(frozen=True)
class History:
    """What was watched in training at some steps: by module, NaN where nothing was measured.

    `update_ratio` is the root mean square of a step of the weights over that of the weights; `out`, `out_gradient` and
    `weight_gradient` are log10 of second moments.
    """

    steps: tuple[int, ...]
    update_ratio: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    out: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    out_gradient: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weight_gradient: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A network as measured: its modules in order of execution, of `draws` networks with weights of their own.

    `inputs` is how many inputs the cost is summed over, `batch` the shapes of what the model was given.
    """

    model: str
    modules: tuple[Module, ...]
    framework: str = ""
    mode: str = ""
    dtype: str = ""
    loss: str = ""
    batch: tuple[tuple[int, ...], ...] = ()
    inputs: int = 1
    draws: int = 1
    parameters: int | None = None
    notes: tuple[str, ...] = ()
    first_not_finite: NotFinite | None = None
    history: History | None = None

    @cached_property
    def called(self) -> tuple[Module, ...]:
        """Return the calls, in order of execution."""
        return tuple(module for module in self.modules if not module.never_called)
