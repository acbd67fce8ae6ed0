"""Residual: the Config most like a measured network of residual blocks of linear maps, by what stands between its sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.reports.initialization import rule_of, same_variance, short
from propagation.reports.report import Module, Report
from propagation.reports.structure import Call, Closest, Unlike, activation_of, inputs_of, normalization_of

#: what stands in a branch, a letter a call (norm, linear, activation), and how a Config says it
_BRANCHES: dict[str, dict[str, Any]] = {
    "lal": {"branch_layers": 2},
    "la": {"branch_layers": 1},
    "alal": {"branch_layers": 2, "block_order": "pre_activation"},
    "al": {"branch_layers": 1, "block_order": "pre_activation"},
}
_LETTERS = {"norm": "n", "linear": "l", "activation": "a"}
_MOST_EXPANSION = 8


class Parts(NamedTuple):
    """A network taken apart at its sums: what comes before the first branch, the branches, the sums, what follows the last.

    `after` is what each sum is given to before the next branch begins (a norm after the sum, or an activation), by its letters.
    """

    before: list[Call]
    branches: list[list[Call]]
    sums: list[int]
    after: str


def parts_of(calls: Sequence[Call]) -> Parts:
    """Return the branches between the sums. What stands first in all but the first, and at the end, belongs to the sums."""
    sums = [place for place, module in calls if module.kind == "sum"]
    segments: list[list[Call]] = [[]]
    for place, module in calls:
        if module.kind == "sum":
            segments.append([])
        else:
            segments[-1].append((place, module))
    *segments, end = segments
    common = letters(segments[-1])
    first, after = letters(segments[0]), ""
    if not first.endswith(common):
        after = common[:1]
        common = common[1:]
        if not (first.endswith(common) and letters(end).startswith(after)):
            raise Unlike("Its residual blocks are not alike.")
    branches = [segments[0][len(first) - len(common) :], *(segment[len(after) :] for segment in segments[1:])]
    if any(letters(branch) != common for branch in branches):
        raise Unlike("Its residual blocks are not alike.")
    return Parts(segments[0][: len(first) - len(common)], branches, sums, after)


def letters(calls: Sequence[Call]) -> str:
    """Return the kinds of these calls, a letter each."""
    return "".join(_LETTERS.get(module.kind, "?") for _, module in calls)


def closest(report: Report, calls: Sequence[Call]) -> Closest:
    """Return the residual Config most like this network."""
    parts = parts_of(calls)
    branch = letters(parts.branches[0])
    order = _BRANCHES.get(branch.replace("n", ""))
    if order is None or parts.after not in ("", "n", "a"):
        raise Unlike("Its branches are not one or two linear maps with an activation.")
    maps = [[module for _, module in each if module.kind == "linear"] for each in parts.branches]
    width = maps[0][0].fan_in or 1
    if any(one[-1].fan_out != width or one[0].fan_in != width for one in maps):
        raise Unlike("Its branches do not give out what they take in.")
    fields = dict(order)
    if parts.after == "a":
        fields["block_order"] = "post_activation"
    fields |= normalization_of([module for each in parts.branches for _, module in each if module.kind == "norm"], report)
    if parts.after == "n":
        fields |= normalization_of([module for _, module in calls if module.kind == "norm"], report) | {"norm_position": "post"}
    fields |= expansion(maps[0][0], width) if len(maps[0]) == 2 else {}
    own, remarks = branch_rule([one[:-1] for one in maps], [one[-1] for one in maps], activation_of(_activations(parts)))
    config = Config(
        architecture="residual", depth=len(maps), width=width, activation=activation_of(_activations(parts)), **fields, **own,
        **inputs_of(report, calls, parts.branches[0][0][0], fields["normalization"]),
    )  # fmt: skip
    if parts.before:
        remarks.append(f"What stands before the first block (“{parts.before[-1][1].name}”) is not in it: the stream begins behind that.")
    names = ["W"] if len(maps[0]) == 1 else ["W1", "W2"]
    weights = {
        place: (name, block)
        for block, each in enumerate(parts.branches, 1)
        for name, (place, _) in zip(names, [call for call in each if call[1].kind == "linear"], strict=True)
    }
    return Closest(config, "", tuple(remarks), stream_of(calls, parts.sums, bool(parts.after)), weights)


def stream_of(calls: Sequence[Call], sums: Sequence[int], after: bool) -> dict[int, tuple[str, int]]:
    """Return which calls give out the stream after each block: its sum, or what comes `after` that."""
    order = [place for place, _ in calls]
    ends = [order[order.index(place) + 1] if after else place for place in sums]
    return {place: ("stream", block) for block, place in enumerate(ends, 1)}


def expansion(hidden: Module, width: int, gated: bool = False) -> dict[str, int]:
    """Return how many times as wide the hidden layer of a branch is; a gated one is two thirds of that."""
    times = round((hidden.fan_out or 1) / width * (1.5 if gated else 1))
    off = abs((hidden.fan_out or 1) * (1.5 if gated else 1) / width - times)
    if not 1 <= times <= _MOST_EXPANSION or off > (0.25 if gated else 0):
        raise Unlike("The hidden layer of its branches is no whole number of times as wide as the stream.")
    return {"expansion": times}


def branch_rule(others: Sequence[Sequence[Module]], lasts: Sequence[Module], activation: str, branches: int = 0) -> tuple[dict, list[str]]:
    """Return the fields that draw these maps, all but the last of every branch and the last, and remarks.

    `branches` is K, by default as many as there are blocks.
    """
    inner = [module for one in others for module in one]
    count = branches or len(lasts)
    if all(module.weight_variance == 0 for module in lasts):
        fields, remark = rule_of(inner or lasts, activation)
        said = "The last map of each branch starts at 0; here α = 0 stands for that."
        return fields | {"branch_scale": 0.0}, [*filter(None, (said, remark))]
    fields, remark = rule_of([*inner, *lasts], activation)
    if not inner or (fields["scheme"] != "custom" and not remark):
        return fields, [*filter(None, (remark,))]
    fields, remark = rule_of(inner, activation)
    if fields["scheme"] == "custom" and not remark:  # one standard deviation for all, and the last map divided by √K
        one, others_std = inner[0], math.sqrt(inner[0].variance("weight"))
        if any(all(same_variance(module.variance("weight") * times, others_std**2, one) for module in lasts) for times in (1, count)):
            fields = {"scheme": "std", "weight_std": short(others_std), "bias_variance": fields["bias_variance"]}
    expected = fields["weight_std"] ** 2 if fields["scheme"] == "std" else None
    ratios = [module.variance("weight") / (expected or _like(fields, inner[0], activation, module)) for module in lasts if module.fan_in]
    ratio = sorted(ratios)[len(ratios) // 2]
    if same_variance(ratio, 1.0, lasts[0]):
        return fields, [*filter(None, (remark,))]
    if same_variance(ratio * count, 1.0, lasts[0]):
        return fields | {"branch_rule": "gpt2"}, [*filter(None, (remark,))]
    return fields | {"branch_scale": short(math.sqrt(ratio))}, [
        *filter(None, (f"The last map of each branch has other weights: here α = {short(math.sqrt(ratio))} stands for that.", remark))
    ]


def _like(fields: dict[str, Any], inner: Module, activation: str, module: Module) -> float:
    """The variance that a weight of the last map would have by the rule of the others."""
    scheme = SCHEMES[fields["scheme"]]
    value = scheme.weight_variance(activation, module.fan_in, module.fan_out) if scheme.has_rule else fields["weight_variance"]
    return float(value) / (module.fan_in or 1)


def _activations(parts: Parts) -> list[Module]:
    return [module for each in parts.branches for _, module in each if module.kind == "activation"]
