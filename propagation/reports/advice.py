"""Advice: why the signals of a measured network do not stay level, and the lines of PyTorch that mend it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from propagation.export.code.one_line import init_lines
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.reports.initialization import same_variance
from propagation.reports.report import Module, Report
from propagation.reports.structure import Unlike, activation_of
from propagation.theory.recommendation import recommend

#: σ_w² of what PyTorch's nn.Linear and nn.Conv2d draw by themselves, U(±1/√fan_in)
_DEFAULT = 1 / 3
#: of the weights, the share that must have it
_MOSTLY = 0.6

FRESH = """\
for parameter in model.parameters():  # draw every layer anew
    if parameter.dim() > 1:
        nn.init.xavier_uniform_(parameter)"""


class Cause(NamedTuple):
    """Why, in a sentence; what to do, in another; and the lines that do it (either may be empty)."""

    why: str
    remedy: str
    code: str


def weights_cause(report: Report, maps: Sequence[Module], grows: bool) -> Cause:
    """Return what the weights of a chain of maps without skips and norms have to do with a signal that fades, or `grows`."""
    maps = [module for module in maps if module.call == 1]  # one that is called again is one layer
    variances = [module.weight_variance for module in maps if module.weight_variance > 0]
    if not variances:
        return Cause("", "", "")
    middle = sorted(variances)[len(variances) // 2]
    types = Counter(module.type for module in maps)
    kind = types.most_common(1)[0][0]
    default = sum(same_variance(module.weight_variance, _DEFAULT, module) for module in maps)
    which = f"{len(maps):,} {kind} layers have" if len(types) == 1 else f"{len(maps):,} layers with weights have"
    which = f"1 {kind} layer has" if len(maps) == 1 else which
    if not grows and default >= _MOSTLY * len(maps):
        why = f"Its {which} σ_w² = 1/3, PyTorch's default" + ("." if default == len(maps) else f", {default:,} of them.")
    else:
        why = f"Its {which} σ_w² = {number(middle)}" + (" (median)." if max(variances) > 1.1 * min(variances) else ".")
    activation = common_activation(report)
    if not activation:
        return Cause(why, "", "")
    best = recommend(activation, 0.0)
    if best.kind == "none":
        return Cause(why, "", "")
    label = lookup(activation).label
    keeps = "keeps signal and gradient level" if best.kind == "critical" else "loses least in a layer"
    bias = f" with σ_b² = {number(best.bias_variance)}" if best.bias_variance else " and biases 0"
    remedy = f"With {label}, σ_w² = {number(best.weight_variance)}{bias} {keeps}:"
    return Cause(why, remedy, in_a_loop(activation, best.weight_variance, best.bias_variance, [*types]))


def common_activation(report: Report) -> str:
    """Return the activation that most modules compute, as the app calls it; empty where it is not known."""
    found = [module for module in report.called if module.kind == "activation"]
    if not found:
        return ""
    said = Counter((module.activation, module.type) for module in found).most_common(1)[0][0]
    try:
        return activation_of([module for module in found if (module.activation, module.type) == said][:1])
    except Unlike:
        return ""


def in_a_loop(activation: str, weight_variance: float, bias_variance: float, types: Sequence[str]) -> str:
    """Return the lines that draw all layers of these types anew."""
    known = [f"nn.{name}" for name in types if name in ("Linear", "Conv1d", "Conv2d", "Conv3d")] or ["nn.Linear"]
    which = known[0] if len(known) == 1 else f"({', '.join(known)})"
    lines = [line for line in init_lines("pytorch", activation, weight_variance, bias_variance).splitlines() if not line.startswith("#")]
    weight, *biases = [line.replace("layer.in_features", "layer.weight[0].numel()") for line in lines]
    within = [weight, "if layer.bias is not None:", *(f"    {line}" for line in biases)]
    head = ["for layer in model.modules():", f"    if isinstance(layer, {which}):"]
    return "\n".join([*head, *(f"        {line}" for line in within)])


def zero_last(last: Module) -> str:
    """Return the lines by which every branch begins at 0: the last map of each has no weights yet."""
    ending = last.name.rpartition(".")[2]
    return "\n".join(
        (
            "for name, module in model.named_modules():",
            f"    if name.endswith({'.' + ending!r}):  # the last map of each branch",
            "        nn.init.zeros_(module.weight)",
        )
    )


def loss_scale(smallest_rms: float, largest_rms: float, smallest: float, overflow: float) -> int | None:
    """Return the least k so that 2^k times gradients of these sizes stay between the ends of a format; None where none does.

    Of Gaussian gradients 1 % is lost where their root mean square is 39.9 smallest numbers.
    """
    least, most = math.ceil(math.log2(39.9 * smallest / smallest_rms)), math.floor(math.log2(overflow / (6 * largest_rms)))
    return least if least <= most else None
