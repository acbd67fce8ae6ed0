"""The race: several networks learn to read the same digits, in step with each other, and what came out decides who won and why.

All lanes see the same digits in the same batches, take steps by the same recipe, and differ in their initialization alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from propagation.config import Config
from propagation.formatting import number
from propagation.labs.training import CHANCE, HELD_OUT, Recipe, Snapshot, parameters, seconds, train

#: snapshots of a whole race, and the fewest steps between two of them: one look costs as much as two steps
SNAPSHOTS, FEWEST_STEPS = 50, 5
#: the last of them, which say how a lane ended
LOOKS = 5
#: from this share of held-out digits on a network has learned
LEARNED = 0.8
#: up to this share it may as well have guessed: four standard errors above chance
GUESSING = CHANCE + 4 * math.sqrt(CHANCE * (1 - CHANCE) / HELD_OUT)
#: paces of two networks that differ by less than this factor explain nothing
TELLING = 3.0
#: what one race may take: seconds of one core, trained numbers in memory, layers
MOST_SECONDS, MOST_PARAMETERS, MOST_DEPTH = 45.0, 6_000_000, 200
#: widths that are tried where the one asked for takes too long
_WIDTHS = (512, 256, 128, 64, 32, 16)


@dataclass(frozen=True)
class Entry:
    """Who takes part: a place (colour and shape), a name, and the network."""

    place: int
    label: str
    config: Config


@dataclass(frozen=True)
class Lane:
    """How far one of them has come: its snapshots up to now, at least one."""

    place: int
    label: str
    snapshots: tuple[Snapshot, ...]

    @property
    def latest(self) -> Snapshot:
        """Return where it is, or where it ended."""
        return self.snapshots[-1]

    @property
    def accuracy(self) -> float:
        """Return the share of held-out digits it reads: median of the last looks, since one unlucky batch can throw a network back."""
        return float(np.median([snapshot.accuracy for snapshot in self.snapshots[-LOOKS:]]))

    @property
    def kind(self) -> str:
        """Return what has become of it: "diverged", "learned", "learning", or "guessing"."""
        if self.latest.diverged:
            return "diverged"
        return "learned" if self.accuracy >= LEARNED else "learning" if self.accuracy > GUESSING else "guessing"

    @property
    def story(self) -> str:
        """Return its end in a few words with the number."""
        share = whole_percent(self.accuracy)
        if self.kind == "diverged":
            return f"diverged at step {self.latest.step:,}"
        return {"learned": f"learned: {share}", "learning": f"got to {share}", "guessing": f"stands still at {share} (chance)"}[self.kind]

    @property
    def slowest(self) -> float:
        """Return the update ratio of its slowest layer, median over the race."""
        return float(np.median([snapshot.update_ratio.min() for snapshot in self.snapshots]))

    @property
    def fastest(self) -> float:
        """Return that of its fastest layer."""
        return float(np.median([snapshot.update_ratio.max() for snapshot in self.snapshots]))

    def reached(self, accuracy: float) -> int | None:
        """Return the first step at which it was seen to read this share; None if it was not."""
        return next((snapshot.step for snapshot in self.snapshots if snapshot.accuracy >= accuracy), None)


def whole_percent(accuracy: float) -> str:
    """Return a share of the held-out digits, 93 %: of 360, no digit after the point means anything."""
    return f"{100 * accuracy:.0f} %"


def race(entries: Sequence[Entry], recipe: Recipe) -> Iterator[tuple[Lane, ...]]:
    """Yield all lanes, in the order of their entries, each time all have come one snapshot further. Who diverged stays behind."""
    every = max(FEWEST_STEPS, recipe.steps // SNAPSHOTS)
    trainings = [train(entry.config, recipe, every) for entry in entries]
    snapshots: list[tuple[Snapshot, ...]] = [() for _ in entries]
    while True:
        latest = [next(training, None) for training in trainings]
        if not any(latest):
            return
        snapshots = [seen if snapshot is None else (*seen, snapshot) for seen, snapshot in zip(snapshots, latest, strict=True)]
        yield tuple(Lane(entry.place, entry.label, seen) for entry, seen in zip(entries, snapshots, strict=True))


def fitting_width(configs: Callable[[int], Sequence[Config]], width: int, recipe: Recipe) -> int | None:
    """Return the largest width up to `width` at which `configs(width)` can be raced within the limits; None if there is none."""
    return next((n for n in (width, *(n for n in _WIDTHS if n < width)) if _fits(configs(n), recipe)), None)


def _fits(configs: Sequence[Config], recipe: Recipe) -> bool:
    return (
        all(config.depth <= MOST_DEPTH for config in configs)
        and sum(map(parameters, configs)) <= MOST_PARAMETERS
        and sum(seconds(config, recipe) for config in configs) <= MOST_SECONDS
    )


@dataclass(frozen=True)
class Decision:
    """Who won, by place (None where nobody did, or nobody alone), in a headline, and why, as far as the race shows it."""

    winner: int | None
    headline: str
    reason: str


def ranked(lanes: Sequence[Lane]) -> list[Lane]:
    """Return the one that reads most first; who diverged comes last."""
    return sorted(lanes, key=lambda lane: (lane.kind == "diverged", -lane.accuracy))


def decide(lanes: Sequence[Lane]) -> Decision:
    """Return the verdict on a race that is over, of at least one lane."""
    best, *others = ranked(lanes)
    if best.kind == "diverged":
        return Decision(None, "Nobody learns: every lane diverges.", "Try a smaller learning rate.")
    if best.kind == "guessing":
        return Decision(
            None, f"Nobody learns: after {best.latest.step:,} steps nobody reads more digits than guessing would.", _pace_alone(best)
        )
    share = f"{whole_percent(best.accuracy)} of the held-out digits"
    if not others:
        verb = "learns" if best.kind == "learned" else "has begun to learn"
        return Decision(None, f"{best.label} {verb}: {share}.", "One lane alone cannot win: add another.")
    ties = [lane for lane in others if lane.kind != "diverged" and _close(best.accuracy, lane.accuracy)]
    losers = [lane for lane in others if all(lane is not tie for tie in ties)]
    why = _why(best, _telling(losers)) if losers else ""
    if not ties:
        verb = "wins: it reads" if best.kind == "learned" else "leads: it reads"
        return Decision(best.place, f"{best.label} {verb} {share}.", f"{_next(others[0])} {why}".strip())
    first, second, *_ = sorted([best, *ties], key=lambda lane: _first(lane, best))
    names = ", ".join(f"{lane.label} ({whole_percent(lane.accuracy)})" for lane in [best, *ties])
    if best.kind != "learned" or _first(first, best) == _first(second, best):
        return Decision(None, "Too close to call.", f"In front: {names}. {why}".strip())
    return Decision(
        first.place,
        f"{first.label} is fastest: {whole_percent(_mark(best))} of the held-out digits at step {_first(first, best):,}.",
        f"The end is too close to call: {names}. {why}".strip(),
    )


def _close(p: float, q: float) -> bool:
    """Return whether two shares of the held-out digits differ by less than two standard errors of their difference."""
    return abs(p - q) <= 2 * math.sqrt((p * (1 - p) + q * (1 - q)) / HELD_OUT)


def _mark(best: Lane) -> float:
    """Return the share of digits that decides among those who end alike: four fifths of the best, in whole tenths."""
    return math.floor(8 * best.accuracy) / 10


def _first(lane: Lane, best: Lane) -> int:
    """Return when a lane came to that mark; never is later than any step."""
    step = lane.reached(_mark(best))
    return step if step is not None else 10**9


def _next(lane: Lane) -> str:
    return f"Next is {lane.label}, {lane.story if lane.kind == 'diverged' else 'at ' + whole_percent(lane.accuracy)}."


def _telling(losers: Sequence[Lane]) -> Lane:
    """Return who says most: of those that still guess the one with the slowest layer, else the last that did not diverge, or the last."""
    guessing = [lane for lane in losers if lane.kind == "guessing"]
    finished = [lane for lane in losers if lane.kind != "diverged"]
    return min(guessing, key=lambda lane: lane.slowest) if guessing else (finished or losers)[-1]


def _why(winner: Lane, loser: Lane) -> str:
    """Return what the paces of the layers say about the winner and one who lost: only what was measured."""
    if loser.kind == "diverged" and loser.latest.step == 0:
        return f"{loser.label} never began: its first signals are too large for floating-point numbers."
    if loser.kind == "diverged":
        return f"{loser.label} diverged: in the end one step moved a layer by {of_weights(loser.latest.update_ratio.max())} of its weights."
    if loser.slowest * TELLING < winner.slowest:
        return (
            f"In a typical step every layer of {winner.label} moves by at least {of_weights(winner.slowest)} of its weights; "
            f"the slowest layer of {loser.label} moves by {of_weights(loser.slowest)}."
        )
    if loser.fastest > TELLING * winner.fastest:
        return (
            f"{loser.label} moves too, but unevenly: its fastest layer by {of_weights(loser.fastest)} of its weights in a typical step, "
            f"its slowest by {of_weights(loser.slowest)}; the winner's by {of_weights(winner.fastest)} and {of_weights(winner.slowest)}."
        )
    return f"How far weights move does not tell {winner.label} and {loser.label} apart: their layers have similar paces."


def _pace_alone(lane: Lane) -> str:
    return f"In the best of them, {lane.label}, the slowest layer moves by {of_weights(lane.slowest)} of its weights in a typical step."


def of_weights(ratio: float) -> str:
    """Return a pace, with the two digits that mean anything."""
    return number(float(f"{ratio:.2g}"))
