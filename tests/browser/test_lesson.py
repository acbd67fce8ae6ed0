"""The lesson and the myths as a person uses them: predict, show, follow a link and come back; in a browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from propagation.lessons import END, chapter_of, load
from propagation.myths import MYTHS
from propagation.ui.components.streamlit_page import MAIN
from tests.browser.streamlit_page import ALERT, EXCEPTION
from tests.browser.test_sweep import FAINT, IS_COVERED, IS_OPEN, TABLES

LESSON = load()
GUESS = "Your guess"
#: the box of the dashed line of a guess, of Plotly or over it
DASHED = """child => [...document.querySelector('.plot').children[child].querySelectorAll('path')]
    .filter(path => !path.closest('[opacity]') && getComputedStyle(path).strokeDasharray !== 'none')
    .map(path => path.getBoundingClientRect()).map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
RINGS = """child => [...document.querySelector('.plot').children[child].querySelectorAll('path')]
    .filter(path => !path.closest('[opacity]') && getComputedStyle(path).strokeWidth === '2.5px' && /[aA]/.test(path.getAttribute('d')))
    .map(path => path.getBoundingClientRect()).map(({ left, top, right, bottom }) => [(left + right) / 2, (top + bottom) / 2])"""


def heading(visitor) -> str:
    return visitor.page.locator("h2").first.inner_text()


def query(url: str) -> dict[str, str]:
    return {name: texts[0] for name, texts in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("chapter", LESSON.chapters)
def test_every_screen_renders_and_its_link_opens_the_state_it_names(visitor, chapter):
    steps = [step for step in LESSON.screens if chapter_of(step) == chapter]
    visitor.open(f"lesson?step={steps[0]}")
    for step in steps:
        screen = LESSON.screens[step]
        visitor.page.get_by_role("heading", name=screen.topic, exact=True).wait_for()
        visitor.page.get_by_role("button", name="Show me").click()
        visitor.page.get_by_role("heading", name=screen.claim, exact=True).wait_for()
        link = visitor.page.get_by_role("link", name="Open this in Explore")
        link.wait_for()
        visitor.settle()
        assert visitor.page.locator(".js-plotly-plot").count() == 1 and visitor.page.locator(ALERT).count() == 0
        names = screen.networks[0].config.to_query()
        assert query(link.get_attribute("href")) == names | {"step": step}
        link.click()
        visitor.page.get_by_role("heading", name="Does the signal survive?").wait_for()
        visitor.settle()
        assert query(visitor.page.url) == names | {"step": step}
        visitor.page.go_back()
        visitor.page.get_by_role("heading", name=screen.claim, exact=True).wait_for()
        visitor.settle()
        visitor.page.get_by_role("button", name="Next").click()
        visitor.settle()


def test_a_guess_is_drawn_before_the_truth_and_the_browsers_back_undoes_a_screen(visitor):
    visitor.open("lesson?step=2.3")
    visitor.press("Your guess", "ArrowLeft", 5)
    assert [trace["y"] for trace in visitor.figure()["traces"] if trace["name"] == "your guess"] == [[0, -5]]
    visitor.page.get_by_role("button", name="Show me").click()
    visitor.page.get_by_text("too large by a factor of about").wait_for()
    visitor.settle()
    assert {"z", "delta", "your guess"} <= {trace["name"] for trace in visitor.figure()["traces"]}
    visitor.page.get_by_role("button", name="Next").click()
    visitor.settle()
    assert heading(visitor) == LESSON.screens["2.4"].topic and "step=2.4" in visitor.page.url
    visitor.page.go_back()
    visitor.settle()
    assert heading(visitor) == LESSON.screens["2.3"].claim and visitor.page.get_by_text("you said 10⁻⁵").count() == 1


@pytest.mark.parametrize("step", ["2.3", "3.1"])
def test_a_guess_is_drawn_under_the_finger_and_nothing_is_asked_meanwhile(visitor, step):
    sent = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    visitor.open(f"lesson?step={step}")
    visitor.page.wait_for_function(f"() => ({TABLES})() > 0")
    before, asked = visitor.drawn(), len(sent)
    thumb = visitor.take(GUESS)
    thumb.pull((0.3 - thumb.share) * thumb.width, steps=8)
    visitor.page.wait_for_function(IS_COVERED)
    visitor.pause(700)
    dashed, rings, faint = visitor.page.evaluate(DASHED, 1), visitor.page.evaluate(RINGS, 1), visitor.page.evaluate(FAINT)
    assert (len(rings), faint) == (1, 1) and visitor.drawn() == before and len(sent) == asked > 0
    thumb.let_go()
    visitor.page.wait_for_function(IS_OPEN)
    assert len(sent) > asked and visitor.drawn() != before
    assert visitor.page.evaluate(RINGS, 0)[-1] == pytest.approx(rings[0], abs=2)  # the first has no size
    if step == "2.3":  # the guess of a gap has no path
        assert visitor.page.evaluate(DASHED, 0) == [pytest.approx(dashed[0], abs=2)]
    assert visitor.console_errors == []


def test_keys_and_a_clicker_turn_the_screens_but_not_while_a_slider_has_the_focus(visitor):
    visitor.open("lesson?step=2.3")
    keys = visitor.page.keyboard

    def stands_at(step: str, shown: bool = False) -> None:
        screen = LESSON.screens[step]
        visitor.page.get_by_role("heading", name=screen.claim if shown else screen.topic, exact=True).wait_for()
        visitor.settle()

    keys.press("ArrowRight")
    stands_at("2.4")
    keys.press("ArrowLeft")
    stands_at("2.3")
    keys.press("PageDown")
    stands_at("2.3", shown=True)
    keys.press("PageDown")
    stands_at("2.4")
    keys.press("PageUp")
    stands_at("2.3", shown=True)
    visitor.page.get_by_role("button", name="Ask me again").click()
    stands_at("2.3")
    slider = visitor.page.get_by_role("slider")
    slider.focus()
    before = slider.get_attribute("aria-valuetext")
    keys.press("ArrowLeft")
    visitor.page.wait_for_function("before => document.activeElement.getAttribute('aria-valuetext') !== before", arg=before)
    visitor.settle()
    keys.press("PageDown")
    visitor.settle()
    stands_at("2.3")


def test_answers_outlive_a_reload_and_are_not_in_the_link(visitor):
    visitor.open("lesson?step=2.2")
    visitor.page.get_by_text("It grows.").click()
    visitor.settle()
    visitor.page.get_by_role("button", name="Show me").click()
    visitor.page.get_by_text("Not so.").wait_for()
    visitor.settle()
    assert query(visitor.page.url) == {"step": "2.2"}
    visitor.page.reload()
    visitor.page.get_by_role("heading", name=LESSON.screens["2.2"].claim).wait_for()
    visitor.page.get_by_text("Not so.").wait_for()
    visitor.page.get_by_role("button", name=LESSON.card.topic).click()
    visitor.page.get_by_text("0 of your 1 first guesses").wait_for()
    assert query(visitor.page.url) == {"step": END}


def test_a_class_trains_two_networks_once(visitor, phone):
    """The second visitor finds them trained; whoever comes first sees them learn."""
    screen = LESSON.screens["3.4"]
    for one in (visitor, phone):
        one.open("lesson?step=3.4")
        one.page.get_by_role("button", name="Show me").click()
        one.page.get_by_role("link", name="Open this in Explore").wait_for()
        one.settle()
        names = {trace["name"] for trace in one.figure()["traces"]}
        assert names >= {network.label for network in screen.networks}
    assert visitor.page.get_by_text(re.compile(r"The second network reads \d+ %")).count() == 1


def test_the_menu_comes_back_to_the_screen_that_was_left(visitor):
    visitor.open("lesson?step=2.2")
    visitor.page.get_by_role("button", name="Show me").click()
    visitor.page.get_by_role("link", name="Open this in Explore").click()
    visitor.page.get_by_role("heading", name="Does the signal survive?").wait_for()
    visitor.settle()
    visitor.page.get_by_text("Learn", exact=True).click()
    visitor.page.get_by_role("menuitem", name="Lesson").click()
    visitor.page.get_by_role("heading", name=LESSON.screens["2.2"].claim).wait_for()


def test_every_myth_has_a_chart_and_the_first_opens_its_comparison(visitor):
    visitor.open("myths")
    visitor.page.wait_for_function(f"document.querySelectorAll('.js-plotly-plot').length == {len(MYTHS)}")
    visitor.settle()
    assert visitor.page.get_by_text("What happens.").count() == len(MYTHS)
    visitor.page.get_by_role("link", name="Compare the three").click()
    visitor.page.get_by_role("heading", name="Which initialization wins?").wait_for()
    visitor.settle()
    assert query(visitor.page.url) == dict(MYTHS["randn"].link.query) and visitor.page.locator(ALERT).count() == 0


@pytest.mark.parametrize("page", ["lesson?step=3.1", "myths"])
def test_on_a_phone_nothing_runs_off_the_side(phone, page):
    phone.open(page)
    if "lesson" in page:
        phone.page.get_by_role("button", name="Show me").click()
        phone.page.get_by_role("link", name="Open this in Explore").wait_for()
    phone.settle()
    assert phone.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert phone.page.locator(EXCEPTION).count() == 0


@pytest.mark.parametrize("step", ["2.1", "3.2", "4.3"])  # those with most to read
def test_an_answer_fits_a_small_window_without_scrolling(visitor, step):
    visitor.page.set_viewport_size({"width": 1280, "height": 720})
    visitor.open(f"lesson?step={step}")
    visitor.page.get_by_role("button", name="Show me", exact=True).click()
    visitor.page.get_by_role("link", name="Open this in Explore").wait_for()
    visitor.settle()
    assert visitor.page.locator(MAIN).evaluate("main => main.scrollHeight - main.clientHeight") == 0
