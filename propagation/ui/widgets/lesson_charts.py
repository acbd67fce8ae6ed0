"""The charts of a lesson's screens: what is measured for each kind, and how it is drawn, before and after the truth is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from propagation.charts.distributions import RIDGES_HEIGHT, ridges_chart
from propagation.charts.guess import GUESS, Guess, guess_specs, with_share_guess
from propagation.charts.lesson import (
    Row,
    distance_rows,
    lesson_chart,
    rows_of,
    strength_rows,
    token_rows,
    variance_rows,
    waiting_chart,
    waiting_row,
    waiting_rows,
)
from propagation.charts.marks import GLYPHS
from propagation.charts.race import race_chart
from propagation.charts.theme import palette
from propagation.charts.trainability import trainability_chart
from propagation.charts.variance_decomposition import HEIGHT as PARTS_HEIGHT
from propagation.charts.variance_decomposition import decomposition_chart
from propagation.formatting import plain
from propagation.labs.evidence import EVIDENCE, TRAINING, Evidence
from propagation.labs.measures import MEASURES
from propagation.labs.race import Lane, whole_percent
from propagation.labs.trainability import assembled
from propagation.lessons import Choice, Screen
from propagation.lessons.judging import answered
from propagation.theory.phases import critical_weight_variance
from propagation.ui.longwork import remembered
from propagation.ui.widgets.figures import draw_figure, redraw_figure
from propagation.ui.widgets.lesson_training import trained
from propagation.ui.widgets.page_header import appearance
from propagation.ui.widgets.sweep import Shown, known_beforehand

Seen = Sequence[tuple[str, Evidence]]
#: the highest chart that leaves room for the rest of a screen in a window of 720 pixels
HIGHEST = 384
#: how each row of a chart with a single row is made
_SINGLE = {"cosines": ("apart", distance_rows), "tokens": ("tokens", token_rows), "strength": ("strength", strength_rows)}
_SINGLE |= {"variances": ("variances", variance_rows)}


def draw_chart(step: str, screen: Screen, shown: bool, value: int | None, slider: str) -> Seen:
    """Draw the chart of a screen: before the truth is `shown`, the guess alone. Return the networks seen, each with its label.

    `slider` is the label of the slider of a guess, which moves the guess in the chart.
    """
    key = f"lesson_{step}_{'shown' if shown else 'waiting'}"
    if shown and screen.chart == "training":
        return _draw_training(key, screen)
    seen = _seen(screen) if shown else []
    figure = CHARTS[screen.chart](screen, seen, value)
    if (figure.layout.height or 0) > HIGHEST:
        figure.update_layout(height=HIGHEST)
    draw_figure(figure, key, alt=_in_words(screen, seen))
    if screen.reach and not shown:
        low, high = screen.reach
        guessed = [Shown({key: spec}, {}) for spec in guess_specs(figure, range(low, high + 1))]
        if guessed:
            known_beforehand(slider, guessed, {key: (GUESS,)}, (key, screen))
    return seen


def _seen(screen: Screen) -> Seen:
    """Return the networks of a screen, drawn now or remembered, each with its label."""
    return [(network.label, remembered(EVIDENCE[screen.chart], network.config, words="Drawing networks")) for network in screen.networks]


def _in_words(screen: Screen, seen: Seen) -> str:
    if not seen:
        return f"{screen.topic}: the answer is not shown yet."
    answer = MEASURES[screen.measure].of([evidence for _, evidence in seen], screen.signal)
    return f"{screen.claim} {answered(screen, answer)}"


def _draw_training(key: str, screen: Screen) -> Seen:
    """Draw networks that learn, while they do, or as they were trained before."""
    labels = [network.label for network in screen.networks]
    draw_figure(_training(screen, [], None), key, alt="The networks are being trained.")
    legend = st.empty()

    def show(evidence: Sequence[Evidence], step: int) -> None:
        seen = list(zip(labels, evidence, strict=True))
        redraw_figure(_training(screen, seen, None), key, "The networks are being trained.", step)
        legend.markdown(_legend(_lanes(seen)))

    evidence = trained([network.config for network in screen.networks], show)
    seen = list(zip(labels, evidence, strict=True))
    redraw_figure(_training(screen, seen, None), key, _in_words(screen, seen))
    legend.markdown(_legend(_lanes(seen)))
    return seen


def _lanes(seen: Seen) -> list[Lane]:
    return [Lane(place, label, evidence.snapshots) for place, (label, evidence) in enumerate(seen)]


def _legend(lanes: Sequence[Lane]) -> str:
    """Say whose line is whose, and what each reads by now."""
    colours = palette(appearance()).compare
    names = (
        f':color[{GLYPHS[lane.place]}]{{foreground="{colours[lane.place]}"}} {plain(lane.label)} :gray[{whole_percent(lane.accuracy)}]'
        for lane in lanes
    )
    return " \u2003".join(name.replace(" ", "\u00a0") for name in names)


def _curves(screen: Screen, seen: Seen, value: int | None) -> go.Figure:
    """Draw one or more rows of curves over the layers, with the guess drawn in."""
    depth, gap = screen.networks[0].config.depth, screen.measure == "gap"
    rows = _rows(screen, seen, depth, gap)
    reach: tuple[float, float] | None = screen.reach or _finite(screen.choices)
    expected = None
    if value is not None:
        low, high = (value, value) if screen.reach else (screen.choices[value].low, screen.choices[value].high)
        expected = Guess(screen.signal or rows[0].signal, low, high, path=not gap)
    if seen and not screen.reach:  # the other choices need no room any more
        reach = _finite([screen.choices[value]]) if value is not None else None
    if MEASURES[screen.measure].unit not in ("size",):  # what is guessed is no height in this chart
        expected, reach = None, None
    return lesson_chart(rows, depth, guess=expected, reach=reach, appearance=appearance())


def _rows(screen: Screen, seen: Seen, depth: int, gap: bool) -> tuple[Row, ...]:
    if screen.chart in _SINGLE:
        name, rows = _SINGLE[screen.chart]
        return rows(seen) if seen else waiting_row(name)
    if seen:
        return rows_of(seen, screen.rows, gap=gap)
    return waiting_rows(screen.rows, depth, gap=screen.networks[-1].label if gap else "")


def _parts(screen: Screen, seen: Seen, value: int | None) -> go.Figure:
    """Draw what E[z²] is made of."""
    if not seen:
        return waiting_chart(min(PARTS_HEIGHT, HIGHEST), appearance=appearance())
    evidence = seen[0][1]
    figure = decomposition_chart(evidence.scatter, evidence.expected, whose="inputs", appearance=appearance())
    figure.update_layout(margin_t=16)  # made lower, its key comes nearer to its title
    if value is None:
        return figure
    choice = screen.choices[value]
    return with_share_guess(figure, evidence.config.depth, choice.low, choice.high, appearance=appearance())


def _histogram(screen: Screen, seen: Seen, value: int | None) -> go.Figure:
    """Draw the numbers of every layer as ridges."""
    if not seen:
        return waiting_chart(min(RIDGES_HEIGHT, HIGHEST), appearance=appearance())
    found = seen[0][1].histograms
    return ridges_chart(found, screen.rows[0], common=True, chosen=found.layers[-1], appearance=appearance())


def _training(screen: Screen, seen: Seen, value: int | None) -> go.Figure:
    """Draw how much the networks read of digits they have not seen, and their loss, step by step."""
    return race_chart(_lanes(seen), TRAINING.steps, appearance=appearance())


def _map(screen: Screen, seen: Seen, value: int | None) -> go.Figure:
    """Draw the map of networks trained beforehand under the line of theory; before the truth is shown, the line alone."""
    own = screen.networks[0].config
    known = (seen[0][1] if seen else EVIDENCE["map"](own)).trainability
    grid = known.grid
    critical = critical_weight_variance(grid.base.shifted_activation, grid.base.bias_variance)
    return trainability_chart(known if seen else assembled(grid, {}), critical, own.weight_variance, own.depth, appearance=appearance())


CHARTS = dict.fromkeys(("sizes", *_SINGLE), _curves) | {"parts": _parts, "histogram": _histogram, "training": _training, "map": _map}


def _finite(choices: Sequence[Choice]) -> tuple[float, float]:
    """Return all that the choices speak of, with room for those that are open."""
    ends = [end for choice in choices for end in (choice.low, choice.high) if math.isfinite(end)]
    spare = 1 if any(math.isinf(end) for choice in choices for end in (choice.low, choice.high)) else 0
    return min(ends) - spare, max(ends) + spare
