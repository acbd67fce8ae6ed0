"""Sweep: the answers over the range of the slider that a hand comes to, sent to the page, which draws every frame of a drag from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from propagation import rules
from propagation.advice import critical_here
from propagation.charts.frames import frames
from propagation.charts.signals import signals_spec
from propagation.charts.theme import Palette, palette
from propagation.config import NUMBERS, Config
from propagation.diagnosis import Verdict, diagnose
from propagation.engine.cost import work
from propagation.formatting import factor
from propagation.labs import slider_sweep
from propagation.slider_steps import labels, positions
from propagation.ui.components import sweep
from propagation.ui.results import sweep_of
from propagation.ui.session import experiment
from propagation.ui.widgets.answer import CHART, ForwardRow, icon_of, in_seconds
from propagation.ui.widgets.figures import on_paper
from propagation.ui.widgets.page_header import appearance

#: how far the play button goes, as shares of what is critical
_PLAYED = (0.6, 1.6)


@st.fragment
def under_the_hand(config: Config, row: ForwardRow) -> None:
    """Watch the sliders, and send the answers over the range of one when a hand comes to it. This part of the page runs alone then."""
    keys = {name: _key(config, name, row) for name in labels().values()}
    watched = {label: {"field": name, "key": keys[name]} for label, name in labels().items()}
    played = NUMBERS["weight_variance"]
    sweep.watch(watched, CHART, "" if experiment.fixed("weight_variance") else played.label, played.symbol)
    field = sweep.asked()
    if field in keys:
        for part, table in enumerate(_tables(config, field, row)):
            sweep.send({"key": keys[field]} | table, part)


def _key(config: Config, field: str, row: ForwardRow) -> str:
    """Return a name for what the table of a field depends on: all but that field itself."""
    places = positions(field, config)
    base = experiment.imagined(field, next(iter(places.values())))
    return hashlib.sha1(repr((base, field, tuple(places.values()), row, appearance())).encode()).hexdigest()[:16]


def _tables(config: Config, field: str, row: ForwardRow) -> Iterator[dict[str, Any]]:
    """Yield the table of a slider, or why there is none."""
    places = positions(field, config)
    values = list(places.values())
    here = values.index(min(values, key=lambda value: abs(value - rules.shown(config, field))))
    plans = () if row.whose else slider_sweep.plans(experiment.imagined(field, values[0]), field, values, here)
    if not plans:
        yield {"refused": f"Let go to simulate this, about {in_seconds(work(config).seconds)}"}
    of_value = {value: place for place, value in places.items()}
    for plan in plans:
        yield _table(sweep_of(plan), row) | {
            "positions": [of_value[value] for value in plan.values],
            "play": [of_value[value] for value in _to_and_fro(config, plan.values)],
            # a first table covers what is near alone: the next is on its way
            "beyond": "Let go to simulate this" if plan is plans[-1] else "",
        }


def _to_and_fro(config: Config, values: Sequence[float]) -> tuple[float, float]:
    """Return the ends between which a slider of σ_w² is played: on both sides of what is critical, or of where it stands."""
    middle = critical_here(config) or rules.shown_weight_variance(config)
    low, high = (min(values, key=lambda value: abs(value - share * middle)) for share in _PLAYED)
    return low, high


def _table(found: slider_sweep.Sweep, row: ForwardRow) -> dict[str, Any]:
    colours = palette(appearance())
    pairs = [(found.trace(place), prediction) for place, prediction in enumerate(found.predictions)]
    specs = [signals_spec(trace, prediction, forward=row.signal, appearance=appearance(), hover=False) for trace, prediction in pairs]
    specs = [on_paper(spec) for spec in specs]
    words = [_words(diagnose(trace, prediction), colours) for trace, prediction in pairs]
    return frames(found.plan.values, specs, found.plan.measured, lambda name: "theory" in name) | {"words": words}


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
