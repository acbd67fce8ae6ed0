"""The race, as a person runs it: one click, curves that grow, a pause that holds, a control moved in the middle, Back."""

from __future__ import annotations

import re

from tests.browser.streamlit_page import MAIN

SMALL = "race?depth=4&width=16&rate=0.1&columns=glorot.tanh.uniform~glorot_standard.sigmoid.uniform"
#: how many accuracies a curve of the first chart has so far; none while it is being drawn anew
LOOKS = """() => {
    const traces = document.querySelector('.js-plotly-plot')?.data ?? [];
    return Math.max(0, ...traces.filter(trace => trace.meta === 'accuracy').map(trace => trace.y.length));
}"""
HAS_ENDED = "() => [...document.querySelectorAll('button')].some(button => button.innerText.endsWith('Start again'))"


def button(visitor, name: str):
    """The button of that name, which older versions of Streamlit put behind the name of its icon."""
    return visitor.page.get_by_role("button", name=re.compile(rf"(^|\s){name}$"))


def press(visitor, name: str) -> None:
    button(visitor, name).click()


def test_a_race_runs_pauses_goes_on_and_ends(visitor):
    visitor.open(f"{SMALL}&steps=2000")
    assert visitor.page.evaluate(LOOKS) == 0
    press(visitor, "Start")
    visitor.page.wait_for_function(f"({LOOKS})() >= 4")
    press(visitor, "Pause")
    visitor.page.get_by_text("Paused at step").wait_for()
    visitor.settle()  # the words come before the chart
    before = visitor.page.evaluate(LOOKS)
    visitor.pause(1500)
    assert visitor.page.evaluate(LOOKS) == before
    press(visitor, "Continue")
    visitor.page.wait_for_function(f"({LOOKS})() > {before}")
    button(visitor, "Start again").wait_for()
    visitor.settle()  # the button comes before the table
    assert visitor.page.get_by_role("heading", name="Glorot 2010 · tanh").count() == 1
    assert visitor.page.locator("tr", has_text="stands still").count() == 1
    assert visitor.page.locator(".js-plotly-plot").count() == 3
    assert visitor.console_errors == []


def test_moving_a_control_in_the_middle_stops_the_race_and_back_brings_the_setting_back(visitor):
    visitor.open(f"{SMALL}&steps=2000")
    press(visitor, "Start")
    visitor.page.wait_for_function(f"({LOOKS})() >= 2")
    visitor.page.get_by_text("Learning rate, momentum, steps").click()
    visitor.press("Learning rate", "ArrowRight")
    assert "rate=0.3" in visitor.page.url and visitor.page.evaluate(LOOKS) == 0
    assert button(visitor, "Start").count() == 1
    visitor.page.go_back()
    visitor.settle()
    visitor.page.wait_for_url("**rate=0.1**")
    assert visitor.page.evaluate(LOOKS) == 0


def test_on_a_phone_nothing_runs_off_the_side(phone):
    phone.open(f"{SMALL}&steps=100")
    press(phone, "Start")
    button(phone, "Start again").wait_for()
    phone.settle()
    assert phone.page.locator("tbody tr").count() == 2
    assert phone.page.locator(MAIN).evaluate("main => main.scrollWidth - main.clientWidth") <= 0


def test_a_slider_moved_again_and_again_does_not_end_a_race(visitor):
    """Whose gradients are shown is no part of the race: each change runs the page, while a round is under way or not."""
    visitor.open(f"{SMALL}&steps=2000")
    press(visitor, "Start")
    visitor.page.wait_for_function(f"({LOOKS})() >= 2")
    for _ in range(6):
        for name in ("standard · sigmoid", "Glorot 2010 · tanh"):
            visitor.page.get_by_role("radio", name=name).or_(visitor.page.get_by_role("button", name=name)).first.click()
            visitor.pause(120)
    assert visitor.page.get_by_text("Stopped at step").count() == 0
    seen = visitor.page.wait_for_function(LOOKS).json_value()
    visitor.page.wait_for_function(f"({LOOKS})() > {seen} || ({HAS_ENDED})()")
