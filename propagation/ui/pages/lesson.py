"""Lesson: why the variance should stay constant, in chapters of short screens: predict, see, understand."""

from __future__ import annotations

import re

import streamlit as st

from propagation import lessons
from propagation.budget import refusal
from propagation.config import Config
from propagation.formatting import plain, power_of_ten
from propagation.labs.measures import MEASURES
from propagation.lessons import END, Lesson, Link, Screen, chapter_of
from propagation.lessons.judging import answered, judged, score
from propagation.ui.components.turn_pages import turn_pages
from propagation.ui.session import experiment, guesses, room
from propagation.ui.widgets import controls
from propagation.ui.widgets.lesson_charts import Seen, draw_chart
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import opening
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.room_counts import draw_counts

TITLE = "Why constant variance?"
STEP, LANGUAGE = "step", "language"
_SLIDER = "Your guess: drag it, and watch the chart"
#: keys of the containers that hold the buttons which keys press
_BACK, _NEXT, _SHOW = "lesson_back", "lesson_next", "lesson_show"
_KEYS = "The keys ← and → turn the screens. Page Down, which a presenter's clicker sends, shows the answer first."
#: what is asked is the last that stands in bold in a question
_ASKED = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


def render(config: Config) -> None:
    """Draw the page: one screen with its question, the way on, the chapters. The visitor's own experiment is left as it is."""
    language = experiment.page_parameter(LANGUAGE, lessons.ENGLISH)
    lesson = lessons.load(language, lessons.FOLDER)
    if not lesson.steps:
        opening(TITLE, "There are no screens in `assets/lessons`: put the files back, or ask whoever runs this app.")
        return
    asked = experiment.page_parameter(STEP, lesson.steps[0])
    step = asked if asked in lesson.steps else lesson.steps[0]
    with st.container(gap="xsmall"):
        opening(TITLE)
        if asked != step:
            st.info(f"There is no screen {plain(asked)[:40]}: this is the first one.", icon=":material/link_off:")
        if step in lesson.problems:
            st.error(f"This screen could not be read. {plain(lesson.problems[step])}.", icon=":material/edit_off:")
        elif step == END:
            _card(lesson)
        else:
            _screen(step, lesson.screens[step])
        _way_on(lesson, step)
        turn_pages(step, back=_BACK, following=_NEXT, show=_SHOW)
        guesses.keep_in_browser()


def _way_on(lesson: Lesson, step: str) -> None:
    """Draw Back and Next, which lead through all chapters, where one is, and one button a chapter; the one that is open stands out."""
    steps, place = lesson.steps, lesson.steps.index(step)
    before, after = (steps[place - 1] if place else None), (steps[place + 1] if place + 1 < len(steps) else None)
    on = "Next" if after else "Start again"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key=_BACK, width="content"):
            st.button("Back", "back", icon=":material/arrow_back:", disabled=before is None, on_click=_go, args=(lesson, before or step))
        with st.container(key=_NEXT if after else "lesson_again", width="content"):
            st.button(
                f":blue[**{on}**]" if guesses.of(step).revealed else on,
                "next",
                icon=":material/arrow_forward:" if after else ":material/replay:",
                icon_position="right",
                on_click=_go,
                args=(lesson, after or steps[0]),
                help=_KEYS,
            )
        st.caption(f"Screen {place + 1} of {len(steps)}", width="content")
        for number, title in _chapters(lesson).items():
            here = chapter_of(step) == number
            label = plain(title)
            label = f":blue[**{label}**]" if here else label
            st.button(
                label, f"chapter_{number}", type="secondary" if here else "tertiary", on_click=_go, args=(lesson, lesson.first_of(number))
            )
        _language()


def _chapters(lesson: Lesson) -> dict[str, str]:
    """Return what the buttons of the chapters say."""
    titles = {number: f"{number} {title}" for number, title in lesson.chapters.items()}
    return titles | ({END: lesson.card.topic} if lesson.card else {})


def _language() -> None:
    """Draw a switch between the languages, where there is more than one."""
    names = lessons.languages(lessons.FOLDER)
    if len(names) > 1:
        controls.page_choice("Language", LANGUAGE, {name: name for name in names}, "What a language lacks is shown in English.")


def _go(lesson: Lesson, step: str) -> None:
    experiment.order_page_parameter(STEP, "" if step == lesson.steps[0] else step)


def _screen(step: str, screen: Screen) -> None:
    """Draw question and explanation beside the chart."""
    refused = next(filter(None, (refusal(network.config) for network in screen.networks)), "")
    if refused:
        st.warning(refused, icon=":material/scale:")
        return
    shown = guesses.of(step).revealed
    st.header(screen.claim if shown else screen.topic, anchor=False)
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        value = _guessed(step, screen) if shown else _question(step, screen)
        words = st.container(gap="xsmall")
    seen: Seen = []
    # without gaps: what is drawn again and again while networks learn takes a place each time
    with right, st.container(gap=None), panel("The chart"):
        seen = draw_chart(step, screen, shown, value, _SLIDER)
    if not seen:
        return
    with words, panel("The answer"):
        _answer(step, screen, seen, value)
    _links(step, screen)


def _question(step: str, screen: Screen) -> int | None:
    """Draw the question, the widget of a guess and the button that shows the truth; return what the visitor expects, None for nothing."""
    st.markdown(screen.question)
    value: int | None
    options, choices = screen.guesses, screen.choices
    if screen.reach:
        kept = guesses.widget(step, min(max(0, options[0]), options[-1]), options)
        value = st.select_slider(_SLIDER, options, format_func=power_of_ten, **kept)
    else:
        kept = guesses.widget(step, None, options)
        value = st.radio("Your guess", options, format_func=lambda place: choices[place].text, **kept)
    with st.container(key=_SHOW):
        label = ":blue[**Show me**]" if value is not None else "Show me without a guess"
        st.button(label, f"show_{step}", icon=":material/visibility:", on_click=guesses.reveal, args=(step, value))
    if room.name():
        said = guesses.of(step).value  # a slider stands somewhere before it is moved, which is no guess
        names = [power_of_ten(guess) if screen.reach else choices[guess].text for guess in options]
        draw_counts(("lesson", step), names, options.index(said) if said is not None and said in options else None)
    return value


def _guessed(step: str, screen: Screen) -> int | None:
    """Return what the visitor expected, if the question still offers it: a browser may have kept it from another version."""
    value = guesses.of(step).value
    return value if value in screen.guesses else None


def _answer(step: str, screen: Screen, seen: Seen, value: int | None) -> None:
    """Say what was asked, how the guess did, the numbers, and what they mean."""
    *_, asked = _ASKED.findall(screen.question) or [screen.question]
    st.caption(asked)
    answer = MEASURES[screen.measure].of([evidence for _, evidence in seen], screen.signal)
    verdict = [answered(screen, answer)]
    if value is not None:
        judgement = judged(screen, answer, value)
        guesses.judge(step, judgement.right)
        verdict = [judgement.words, *verdict, judgement.reason]
    st.markdown(" ".join(filter(None, verdict)))
    st.markdown(screen.body)
    if screen.more:
        with st.expander("More"):
            st.markdown(screen.more)


def _card(lesson: Lesson) -> None:
    """Draw the card at the end: the answer, the visitor's score, and where the idea fails."""
    assert lesson.card is not None
    st.header(lesson.card.topic, anchor=False)
    st.markdown(lesson.card.body)
    screens = [step for step in lesson.steps if step in lesson.screens]
    st.markdown(score([guesses.of(step).right for step in screens], len(screens)))
    with st.container(horizontal=True, gap="small"):
        _draw_links(END, lesson.card.links)


def _links(step: str, screen: Screen) -> None:
    """Draw the ways on: the screen's network in Explore, and whatever else it names. The menu leads back to this screen."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Ask me again", f"ask_{step}", icon=":material/replay:", type="tertiary", on_click=guesses.forget, args=(step,))
        _draw_links(step, (Link("Open this in Explore", "explore", screen.networks[0].config.to_query()), *screen.links))


def _draw_links(step: str, links: tuple[Link, ...]) -> None:
    here = {STEP: step} | ({LANGUAGE: language} if (language := experiment.page_parameter(LANGUAGE, "")) else {})
    for link in links:
        draw_link(link.text, link.page, {**link.query, **here})
