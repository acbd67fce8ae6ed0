"""Sweep: the answers over the range of the slider that a hand comes to, sent to the page, which draws every frame of a drag from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from propagation import rules
from propagation.advice import critical_here
from propagation.charts.frames import decade_frames, frames
from propagation.charts.signals import signals_spec
from propagation.charts.theme import Palette, palette
from propagation.config import NUMBERS, Config
from propagation.diagnosis import diagnose
from propagation.engine.cost import work
from propagation.engine.sweep import SHARING
from propagation.engine.trace import Trace
from propagation.formatting import factor
from propagation.labs import slider_sweep
from propagation.labs.slider_sweep import NETWORKS, Found, Kind, Theory
from propagation.notation import tagged
from propagation.signals import SIGNALS
from propagation.slider_steps import labels, positions
from propagation.theory.prediction import Prediction
from propagation.ui.components import sweep
from propagation.ui.results import sweep_of, tables_of
from propagation.ui.session import experiment
from propagation.ui.widgets.answer import CHART, ForwardRow, icon_of, in_seconds
from propagation.ui.widgets.figures import on_paper
from propagation.ui.widgets.page_header import appearance
from propagation.verdict import Verdict

#: how far the play button goes, as shares of what is critical
_PLAYED = (0.6, 1.6)
#: what is said where a slider goes beyond its whole table
_BEYOND = "Let go to see this"


@dataclass(frozen=True)
class Shown:
    """What a page shows of one experiment: figures as plain data, by the keys of their charts, and what the words of its verdict become."""

    charts: dict[str, dict]
    words: dict[str, str]


@dataclass(frozen=True)
class Answers:
    """What a page shows at each of these values of a slider, and whether that is all there will be.

    Where networks are `measured`, at those places alone, charts have axes of decades.
    """

    values: Sequence[float]
    shown: Sequence[Shown]
    is_last: bool = True
    measured: Sequence[int] = ()


@dataclass(frozen=True)
class Followed:
    """A page that follows the hand.

    fields: those whose sliders it follows. ghosts: its charts, by key the traces that stay in faint colour meanwhile. find: from the
    experiment, a field, the values of its slider and at which of them it stands, to the answers: a first part, a whole, or none where they
    would take too long. told: what else they depend on. refusal: what is said where there are no answers, if not how long they would take.
    plays: whether a button moves σ_w², and another shows the signal on its way.
    """

    fields: Sequence[str]
    ghosts: Mapping[str, Sequence[str]]
    find: Callable[[Config, str, Sequence[float], int], Iterator[Answers]]
    told: Any = None
    refusal: str = ""
    plays: bool = False


@st.fragment
def under_the_hand(config: Config, page: Followed) -> None:
    """Watch the sliders, and send the answers over the range of one when a hand comes to it. This part of the page runs alone then."""
    keys = {name: _key(config, name, page) for name in page.fields}
    watched = {label: {"field": name, "key": keys[name]} for label, name in labels().items() if name in keys}
    played = NUMBERS["weight_variance"]
    plays = page.plays and not experiment.fixed("weight_variance")
    sweep.watch(watched, page.ghosts, played.label if plays else "", played.symbol, page.plays)
    field = sweep.asked()
    if field in keys:
        # closed at once where the visitor moves on: others may wait for the same tables
        with closing(tables_of(keys[field], partial(_tables, config, field, page, keys[field]))) as tables:
            for part, table in enumerate(tables):
                sweep.send(table, part)


def known_beforehand(label: str, shown: Sequence[Shown], ghosts: Mapping[str, Sequence[str]], told: Any) -> None:
    """Send, with the page, what it shows at each step of a slider that is no field's; `told`: what that depends on."""
    key = _name((label, told, appearance()))
    sweep.watch({label: {"field": "", "key": key}}, ghosts)
    steps = range(len(shown))
    sweep.send(sweep.packed(_table(Answers(steps, shown)) | {"key": key, "positions": [*steps], "play": [], "beyond": _BEYOND}), 0)


def networks(row: ForwardRow) -> Followed:
    """Return what follows the hand on Explore: the chart of measured networks, headline and numbers."""
    ghosts = {CHART: tuple(SIGNALS)}
    return Followed([*labels().values()], ghosts, partial(_measured, row), row, plays=not row.whose)


def _key(config: Config, field: str, page: Followed) -> str:
    """Return a name for what the table of a field depends on: all but, where possible, that field itself."""
    places = positions(field, config)
    base = experiment.imagined(field, next(iter(places.values())))
    # how far a table of networks of different shapes reaches is a matter of where the slider stands
    reach = None if field in SHARING else rules.shown(config, field)
    told = (base, field, tuple(places.values()), reach, *page.ghosts, page.told, appearance())
    return _name(told)


def _name(told: Any) -> str:
    return hashlib.sha1(repr(told).encode()).hexdigest()[:16]


def _tables(config: Config, field: str, page: Followed, key: str) -> Iterator[bytes]:
    """Yield the tables of a slider, or why there is none."""
    places, stands_at = positions(field, config), rules.shown(config, field)
    values = list(places.values())
    here = values.index(min(values, key=lambda value: abs(value - stands_at)))
    of_value = {value: place for place, value in places.items()}
    answers = None
    for answers in page.find(config, field, values, here):
        at = {
            "key": key,
            "positions": [of_value[value] for value in answers.values],
            "play": [of_value[value] for value in _to_and_fro(config, answers.values)] if page.plays else [],
            # a first table covers what is near alone: the next is on its way
            "beyond": _BEYOND if answers.is_last else "",
        }
        yield sweep.packed(_table(answers) | at)
    if answers is None:
        yield sweep.packed({"key": key, "refused": page.refusal or let_go(config)})


def _to_and_fro(config: Config, values: Sequence[float]) -> tuple[float, float]:
    """Return the ends between which a slider of σ_w² is played: on both sides of what is critical, or of where it stands."""
    middle = critical_here(config) or rules.shown_weight_variance(config)
    low, high = (min(values, key=lambda value: abs(value - share * middle)) for share in _PLAYED)
    return low, high


def _table(answers: Answers) -> dict[str, Any]:
    charts = {}
    for key in answers.shown[0].charts:
        specs = [tagged(shown.charts[key]) for shown in answers.shown]
        charts[key] = decade_frames(specs, answers.measured, lambda name: "theory" in name) if answers.measured else frames(specs)
    return {"values": list(answers.values), "charts": charts, "words": [shown.words for shown in answers.shown]}


def _measured(row: ForwardRow, config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield what Explore shows along a slider."""
    colours = palette(appearance())

    def shown(trace: Trace, prediction: Prediction) -> Shown:
        rows: dict[str, Any] = {"forward": row.signal, "weights": row.weights, "precision": row.precision}
        spec = signals_spec(trace, prediction, **rows, appearance=appearance(), hover=False, guide=True)
        return Shown({CHART: on_paper(spec)}, _words(diagnose(trace, prediction), colours))

    if not row.whose:
        yield from swept(NETWORKS, field, values, here, shown)


def swept(
    kind: Kind[Theory, Found], field: str, values: Sequence[float], here: int, shown: Callable[[Found, Theory], Shown]
) -> Iterator[Answers]:
    """Yield what is `shown` of what networks do and theory says, from a first sweep near the slider and one of the whole range."""
    plans = slider_sweep.plans(kind, experiment.imagined(field, values[0]), field, values, here)
    for plan in plans:
        found = sweep_of(plan)
        at_places = []
        for place, prediction in enumerate(found.predictions):
            experiment.waiting_since()  # which ends a run whose visitor has moved on
            at_places.append(shown(found.at(place), prediction))
        yield Answers(plan.values, at_places, plan is plans[-1], plan.measured)


def let_go(config: Config) -> str:
    """Return what is said while a slider is held where this experiment takes too long."""
    return f"Let go to simulate this, about {in_seconds(work(config).seconds)}"


def _words(verdict: Verdict, colours: Palette) -> dict[str, str]:
    """Return the headline and the numbers of a verdict."""
    icon, colour = icon_of(verdict)
    return {
        "icon": icon,
        "colour": colours.weight_gradient_text if colour == "green" else colours.backward_text,
        "headline": verdict.headline,
        "phase": verdict.phase or "",
        "forward": factor(verdict.forward_factor),
        "backward": factor(verdict.backward_factor),
        "reach": verdict.reach,
    }
