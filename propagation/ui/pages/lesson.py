"""Lesson: why the variance should stay constant, in chapters of short screens: predict, see, understand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from propagation import lessons
from propagation.budget import refusal
from propagation.charts.distributions import RIDGES_HEIGHT, ridges_chart
from propagation.charts.guess import GUESS, Guess, guess_specs, with_share_guess
from propagation.charts.lesson import (
    distance_rows,
    lesson_chart,
    rows_of,
    token_rows,
    waiting_chart,
    waiting_distance_rows,
    waiting_rows,
)
from propagation.charts.variance_decomposition import HEIGHT as PARTS_HEIGHT
from propagation.charts.variance_decomposition import decomposition_chart
from propagation.config import Config
from propagation.formatting import factor, from_log10, percent, plain, power_of_ten
from propagation.labs.evidence import EVIDENCE, MEASURES, Answer, Evidence
from propagation.lessons import Choice, Lesson, Screen
from propagation.ui.longwork import remembered
from propagation.ui.session import experiment, guesses
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Shown, known_beforehand

TITLE = "Why constant variance?"
LOOK_FOR = "**Predict first, then look**: on every screen the networks are drawn and measured the moment you ask."
STEP, LANGUAGE = "step", "language"
_SLIDER = "Your guess: drag it, and watch the chart"
#: a guess within so many decades is right, or close
_RIGHT, _CLOSE = 0.6, 2.5


def render(config: Config) -> None:
    """Draw the page: chapters, one screen with its question, and the way on. The visitor's own experiment is left as it is."""
    language = experiment.page_parameter(LANGUAGE, lessons.ENGLISH)
    lesson = lessons.load(language, lessons.FOLDER)
    if not lesson.steps:
        opening(TITLE, "There are no screens in `assets/lessons`: put the files back, or ask whoever runs this app.")
        return
    asked = experiment.page_parameter(STEP, lesson.steps[0])
    step = asked if asked in lesson.steps else lesson.steps[0]
    with st.container(gap="xsmall"):
        opening(TITLE, LOOK_FOR)
        _chapters(lesson, step)
        _language()
    if asked != step:
        st.info(f"There is no screen {plain(asked)[:40]}: this is the first one.", icon=":material/link_off:")
    if step in lesson.problems:
        st.error(f"This screen could not be read. {plain(lesson.problems[step])}.", icon=":material/edit_off:")
    else:
        _screen(step, lesson.screens[step])
    _way_on(lesson, step)


def _chapters(lesson: Lesson, step: str) -> None:
    """Draw one button a chapter; the one that is open stands out."""
    with st.container(horizontal=True, gap="small"):
        for number, title in lesson.chapters.items():
            first = next(other for other in lesson.steps if other.startswith(f"{number}."))
            here = step.startswith(f"{number}.")
            label = f":blue[**{number} {plain(title)}**]" if here else f"{number} {plain(title)}"
            st.button(label, f"chapter_{number}", type="secondary" if here else "tertiary", on_click=_go, args=(lesson, first))


def _language() -> None:
    """Draw a switch between the languages, where there is more than one."""
    names = lessons.languages(lessons.FOLDER)
    if len(names) > 1:
        controls.page_choice("Language", LANGUAGE, {name: name for name in names}, "What a language lacks is shown in English.")


def _go(lesson: Lesson, step: str) -> None:
    experiment.order_page_parameter(STEP, "" if step == lesson.steps[0] else step)


def _way_on(lesson: Lesson, step: str) -> None:
    """Draw Back and Next, which lead through all chapters."""
    steps, place = lesson.steps, lesson.steps.index(step)
    before, after = (steps[place - 1] if place else None), (steps[place + 1] if place + 1 < len(steps) else None)
    on = "Next" if after else "Start again"
    within = [other for other in steps if other.split(".")[0] == step.split(".")[0]]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Back", "back", icon=":material/arrow_back:", disabled=before is None, on_click=_go, args=(lesson, before or step))
        st.button(
            f":blue[**{on}**]" if guesses.of(step).revealed else on,
            "next",
            icon=":material/arrow_forward:" if after else ":material/replay:",
            icon_position="right",
            on_click=_go,
            args=(lesson, after or steps[0]),
        )
        st.caption(f"Screen {step}, {within.index(step) + 1} of {len(within)} in this chapter", width="content")


def _screen(step: str, screen: Screen) -> None:
    """Draw claim and question beside the chart, the explanation below both."""
    refused = next(filter(None, (refusal(network.config) for network in screen.networks)), "")
    if refused:
        st.warning(refused, icon=":material/scale:")
        return
    shown = guesses.of(step).revealed
    st.header(screen.claim if shown else screen.topic, anchor=False)
    left, right = st.columns([1, 1.45], gap="large")
    with left:
        st.markdown(screen.question)
        value = _guess(step, screen)
        words = st.empty()
        _ask(step, value)
    seen: list[tuple[str, Evidence]] = []
    with right, panel("The chart"):
        seen = _seen(screen) if shown else []
        _draw(step, screen, seen, value)
    if not seen:
        return
    with panel("The answer"):
        answer = MEASURES[screen.measure].of([evidence for _, evidence in seen], screen.signal)
        with words:
            _verdict(screen, answer, value)
    left, right = st.columns([1.45, 1], gap="large")
    with left:
        st.markdown(screen.body)
    with right:
        _links(step, screen)


def _guess(step: str, screen: Screen) -> int | None:
    """Draw the widget of the question; return what the visitor expects: a choice's place, or a power of ten."""
    if screen.reach:
        low, high = screen.reach
        level = min(max(0, low), high)
        options = list(range(low, high + 1))
        return st.select_slider(_SLIDER, options, format_func=power_of_ten, **guesses.widget(step, level))
    places = range(len(screen.choices))
    return st.radio("Your guess", places, format_func=lambda place: screen.choices[place].text, **guesses.widget(step, None))


def _ask(step: str, value: int | None) -> None:
    """Draw the button that shows the truth, or hides it again."""
    if guesses.of(step).revealed:
        st.button("Ask me again", f"ask_{step}", icon=":material/replay:", type="tertiary", on_click=guesses.forget, args=(step,))
    else:
        label = ":blue[**Show me**]" if value is not None else "Show me without a guess"
        st.button(label, f"show_{step}", icon=":material/visibility:", on_click=guesses.reveal, args=(step, value))


def _seen(screen: Screen) -> list[tuple[str, Evidence]]:
    """Return the networks of a screen, drawn now or remembered, each with its label."""
    return [(network.label, remembered(EVIDENCE[screen.chart], network.config, words="Drawing networks")) for network in screen.networks]


def _draw(step: str, screen: Screen, seen: Sequence[tuple[str, Evidence]], value: int | None) -> None:
    """Draw the chart of the screen; before the truth is shown, the guess alone."""
    figure = CHARTS[screen.chart](screen, seen, value)
    alt = f"{screen.claim} {_in_words(screen, seen)}" if seen else f"{screen.topic}: the answer is not shown yet."
    key = f"lesson_{step}_{'shown' if seen else 'waiting'}"
    draw_figure(figure, key=key, alt=alt)
    if screen.reach:
        low, high = screen.reach
        guessed = [Shown({key: spec}, {}) for spec in guess_specs(figure, range(low, high + 1))]
        if guessed:
            known_beforehand(_SLIDER, guessed, {key: (GUESS,)}, (key, screen))


def _in_words(screen: Screen, seen: Sequence[tuple[str, Evidence]]) -> str:
    answer = MEASURES[screen.measure].of([evidence for _, evidence in seen], screen.signal)
    return _answered(screen, answer)


def _curves(screen: Screen, seen: Sequence[tuple[str, Evidence]], value: int | None):
    """Draw sizes or distances over the layers, with the guess drawn in."""
    depth, gap = screen.networks[0].config.depth, screen.measure == "gap"
    if screen.chart == "cosines":
        rows = distance_rows(seen) if seen else waiting_distance_rows()
    elif screen.chart == "tokens":
        rows = token_rows(seen) if seen else waiting_distance_rows("tokens")
    elif seen:
        rows = rows_of(seen, screen.rows, gap=gap)
    else:
        rows = waiting_rows(screen.rows, depth, gap=screen.networks[-1].label if gap else "")
    reach: tuple[float, float] | None = screen.reach or _finite(screen.choices)
    expected = None
    if value is not None:
        low, high = (value, value) if screen.reach else (screen.choices[value].low, screen.choices[value].high)
        expected = Guess(screen.signal or rows[0].signal, low, high, path=not gap)
    if seen and not screen.reach:  # the other choices need no room any more
        reach = _finite([screen.choices[value]]) if value is not None else None
    return lesson_chart(rows, depth, guess=expected, reach=reach, appearance=appearance())


def _parts(screen: Screen, seen: Sequence[tuple[str, Evidence]], value: int | None):
    """Draw what E[z²] is made of."""
    if not seen:
        return waiting_chart(PARTS_HEIGHT, appearance=appearance())
    evidence = seen[0][1]
    whose = "neurons" if screen.measure == "neurons_over_draws" else "inputs"
    figure = decomposition_chart(evidence.scatter, evidence.expected, whose=whose, appearance=appearance())
    if value is None or MEASURES[screen.measure].unit != "share":
        return figure
    choice = screen.choices[value]
    return with_share_guess(figure, evidence.config.depth, choice.low, choice.high, appearance=appearance())


def _histogram(screen: Screen, seen: Sequence[tuple[str, Evidence]], value: int | None):
    """Draw the numbers of every layer as ridges."""
    if not seen:
        return waiting_chart(RIDGES_HEIGHT, appearance=appearance())
    found = seen[0][1].histograms
    return ridges_chart(found, screen.rows[0], common=True, chosen=found.layers[-1], appearance=appearance())


CHARTS = {"sizes": _curves, "cosines": _curves, "tokens": _curves, "parts": _parts, "histogram": _histogram}


def _finite(choices: Sequence[Choice]) -> tuple[float, float]:
    """Return all that the choices speak of, with room for those that are open."""
    ends = [end for choice in choices for end in (choice.low, choice.high) if math.isfinite(end)]
    spare = 1 if any(math.isinf(end) for choice in choices for end in (choice.low, choice.high)) else 0
    return min(ends) - spare, max(ends) + spare


def _verdict(screen: Screen, answer: Answer, value: int | None) -> None:
    """Say how the guess did, and the numbers."""
    said = judged(screen, answer, value)
    st.markdown(f"{said} {_answered(screen, answer)}".strip())


def judged(screen: Screen, answer: Answer, value: int | None) -> str:
    """Say how the guess did, in a few words; empty without a guess."""
    if value is None:
        return ""
    if screen.reach is None:
        if screen.choices[value].holds(answer.measured):
            return ":green[:material/check_circle:] **Right.**"
        right = next((choice.text for choice in screen.choices if choice.holds(answer.measured)), None)
        return ":orange[:material/cancel:] **Not so.**" + (f" *{right}*" if right else "")
    if not math.isfinite(answer.measured):
        return f":orange[:material/cancel:] You said {power_of_ten(value)}, and nothing is left at all."
    off = abs(value - answer.measured)
    if off <= _RIGHT:
        return f":green[:material/check_circle:] **Right**: you said {power_of_ten(value)}."
    word = "**Close**" if off <= _CLOSE else "**Off**"
    icon = ":green[:material/check_circle:]" if off <= _CLOSE else ":orange[:material/cancel:]"
    side, times = ("large" if value > answer.measured else "small"), (power_of_ten(round(off)) if off >= 1 else round(10**off))
    return f"{icon} {word}: you said {power_of_ten(value)}, which is too {side} by a factor of about {times}."


def _answered(screen: Screen, answer: Answer) -> str:
    """Return the screen's own sentence with the numbers in it."""
    write = {"size": from_log10, "share": percent, "ratio": factor}[MEASURES[screen.measure].unit]
    return screen.answer.replace("{measured}", write(answer.measured)).replace("{theory}", write(answer.theory))


def _links(step: str, screen: Screen) -> None:
    """Draw the ways on: the screen's network in Explore, and whatever else it names. The menu leads back to this screen."""
    here = {STEP: step} | ({LANGUAGE: language} if (language := experiment.page_parameter(LANGUAGE, "")) else {})
    st.markdown("**Go on from here**")
    draw_link("Open this in Explore", "explore", screen.networks[0].config.to_query() | here)
    for link in screen.links:
        draw_link(link.text, link.page, {**link.query, **here})
