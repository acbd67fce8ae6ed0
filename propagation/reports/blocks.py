"""Blocks: what of a network is repeated, by the names of its modules (`blocks.17.mlp.fc1`), and the places of a chart over its modules."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from propagation.reports.report import WITH_MATRIX, Module, Moments, Report, Spread

#: of the modules of one block, the share that another of the same list must have, and of those in blocks at any level, the share at one
_ALIKE, _MOST = 0.5, 0.6


@dataclass(frozen=True)
class Place:
    """A place on the axis of a chart: one call, or all calls of one block together.

    `first` is the number of its first call in order of execution, from 1. `block` is the block's name, empty outside of blocks.
    """

    label: str
    first: int
    modules: tuple[Module, ...]
    block: str = ""

    @property
    def folded(self) -> bool:
        """Return whether it stands for a block."""
        return self.label == self.block

    @property
    def output(self) -> Module:
        """Return the call whose output is that of all together: the last sum, or where there is none, the last one."""
        return self.modules[self._last]

    @property
    def output_call(self) -> int:
        """Return the index of that call in the report, from 0."""
        return self.first - 1 + self._last

    @property
    def _last(self) -> int:
        return max((at for at, module in enumerate(self.modules) if module.kind == "sum"), default=len(self.modules) - 1)

    def sizes(self, quantity: str) -> Spread | None:
        """Return log10 of the second moment of the output, its gradient, or all gradients of matrices together; None where unmeasured."""
        if quantity != "weight_gradient":
            of = self.output.moments.get(quantity)
            return None if of is None else of.log10_second_moment
        measured = [module for module in self.modules if quantity in module.moments]
        matrices = [module for module in measured if module.kind in (*WITH_MATRIX, "attention")]
        parts = [(entries(module), module.moments[quantity]) for module in matrices or measured]
        return _together(parts) if parts else None


def entries(module: Module) -> int:
    """Return how many weights a module has, as far as the report tells; at least 1."""
    if module.weight_shape:
        return max(1, math.prod(module.weight_shape))
    return max(1, (module.fan_in or 1) * (module.fan_out or 1)) if module.kind in ("linear", "attention") else max(1, module.fan_in or 1)


def _together(parts: Sequence[tuple[int, Moments]]) -> Spread:
    """The mean square over the entries of all, and of the ends of their bands."""
    total = sum(count for count, _ in parts)
    return Spread(*(_log10_mean([(count / total, of.log10_second_moment[end]) for count, of in parts]) for end in range(3)))


def _log10_mean(parts: Sequence[tuple[float, float]]) -> float:
    largest = max(size for _, size in parts)
    if not math.isfinite(largest):
        return largest
    return largest + math.log10(sum(share * 10 ** (size - largest) for share, size in parts))


def places(report: Report, folded: bool) -> tuple[Place, ...]:
    """Return the places of a chart in order of execution; `folded` puts each block into one, where its first call stands."""
    of = blocks(report)
    if not folded:
        return tuple(Place(_label(module), place, (module,), of.get(module.name, "")) for place, module in enumerate(report.called, 1))
    runs: list[tuple[str, int, list[Module]]] = []
    for place, module in enumerate(report.called, 1):
        block = of.get(module.name, "")
        goes_on = block and runs and runs[-1][0] == block and runs[-1][2][0].name != module.name  # a block may be called again
        if goes_on:
            runs[-1][2].append(module)
        else:
            runs.append((block, place, [module]))
    return tuple(Place(block or _label(inside[0]), first, tuple(inside), block) for block, first, inside in runs)


def _label(module: Module) -> str:
    return f"{module.name} ({module.call})" if module.call > 1 else module.name


def blocks(report: Report) -> dict[str, str]:
    """Return name of a module → name of its block, for modules in blocks; empty where nothing repeats.

    A block is all that begins with the same words up to a number, `transformer.h.3`, where another number has modules of the same names.
    Where blocks stand in stages that are numbered, too, they are the inner ones.
    """
    names = list(dict.fromkeys(module.name for module in report.called))
    levels: list[dict[str, str]] = []
    for level in range(max((_numbers(name) for name in names), default=0)):
        found = {name: prefix for name in names if (prefix := _prefix(name, level))}
        alike = _repeated(found)
        levels.append({name: prefix for name, prefix in found.items() if prefix in alike})
    most = max((len(found) for found in levels), default=0)
    chosen: dict[str, str] = {}
    for found in levels:
        if most and len(found) >= _MOST * most:
            inner = {prefix[: end + 1] for prefix in found.values() for end in range(len(prefix)) if prefix[end + 1 :].startswith(".")}
            chosen = {name: prefix for name, prefix in chosen.items() if prefix not in inner} | found
    return chosen


def _numbers(name: str) -> int:
    return sum(part.isdigit() for part in name.split("."))


def _prefix(name: str, level: int) -> str:
    """The name up to its `level`-th number, empty where it has no such number, or nothing behind it."""
    parts = name.split(".")
    ends = [place for place, part in enumerate(parts) if part.isdigit()]
    if level >= len(ends) or ends[level] == len(parts) - 1:
        return ""
    return ".".join(parts[: ends[level] + 1])


def _repeated(prefixes: Mapping[str, str]) -> set[str]:
    """The prefixes that are blocks: of two modules or more, with another of the same list that has mostly the same ones."""
    suffixes: dict[str, set[str]] = defaultdict(set)
    for name, prefix in prefixes.items():
        suffixes[prefix].add(name.removeprefix(f"{prefix}."))
    lists: dict[str, list[str]] = defaultdict(list)
    for prefix, inside in suffixes.items():
        if len(inside) > 1:
            lists[prefix.rpartition(".")[0]].append(prefix)
    return {
        one
        for together in lists.values()
        for place, one in enumerate(together)
        # the neighbours are enough: of thousands of blocks not every pair is compared
        if any(_share(suffixes[one], suffixes[other]) >= _ALIKE for other in together[max(0, place - 2) : place + 3] if other != one)
    }


def _share(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)
