"""What every lab has in common: which config it runs, how that is measured, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from propagation.architecture import is_coupled
from propagation.config import Config

Item = TypeVar("Item")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

Progress = Callable[[float], None]


class Measurement(Protocol[Result_co]):
    """Runs a config and returns what was found; `progress` hears the share that is done, up to 1, and may stop it by raising."""

    def __call__(self, config: Config, progress: Progress | None = None) -> Result_co: ...


def _nothing(config: Config) -> str:
    return ""


def coupled(what: str) -> Callable[[Config], str]:
    """Return a `why_not` of labs that look at inputs by themselves: a batch norm couples them, attention the tokens of each."""

    def why_not(config: Config) -> str:
        if is_coupled(config):
            return f"Batch norm makes an output depend on all inputs of the batch: {what}."
        return f"Attention makes an output depend on all tokens of a sequence: {what}." if config.tokens > 1 else ""

    return why_not


@dataclass(frozen=True)
class Lab(Generic[Result]):
    """An experiment that can be made with any network.

    `name` is no other lab's: caches know it by that. `uses(config)` is what the lab runs when it is given a config: smaller where the
    experiment would take too long, and one value for all configs between which it sees no difference; it accepts every config, and
    `uses(uses(config)) == uses(config)`. `measure(config, progress)` runs a config as `uses` returns it; equal configs give equal results.
    `why_not(config)` is a sentence where what it would find says nothing of such a network, else empty.
    """

    name: str
    uses: Callable[[Config], Config]
    measure: Measurement[Result]
    why_not: Callable[[Config], str] = _nothing

    def __call__(self, config: Config, progress: Progress | None = None) -> Result:
        """Run the experiment with any config."""
        return self.measure(self.uses(config), progress)


def part_of(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Return what a piece of work reports its own share to, if it is the part from `start` to `end` of the whole."""
    if progress is None:
        return None
    return lambda share: progress(start + share * (end - start))


def reported(items: Sequence[Item], progress: Progress | None) -> Iterator[Item]:
    """Yield the items of equal pieces of work, and report the share that is done after each."""
    for done, item in enumerate(items, 1):
        yield item
        if progress:
            progress(done / len(items))
