"""The signal on its way: a button that plays it, drawn from the chart alone, and that gives way to whatever a visitor does."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Profiles, Visitor
from tests.browser.streamlit_page import MAIN
from tests.browser.test_sweep import IS_COVERED, IS_OPEN, PICTURE, SMALL, WEIGHT_VARIANCE

BUTTON = ".play-signal"
PLAY = "Play: the signal goes forward, its gradient back"
#: where the dots are that travel, in pixels from the left edge of the chart
TRAVELLERS = """() => {
    const picture = document.querySelector('.plot').children[1];
    const halos = [...picture.querySelectorAll('g[opacity="0.25"] path')].map(path => path.getBoundingClientRect());
    return halos.map(({ left, right }) => (left + right) / 2 - picture.getBoundingClientRect().left);
}"""
BOXES = """() => ['h1', 'h2', '.plot', '[role=slider], input[type=range]'].map(selector => {
    const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
    return [left, top, width, height];
})"""


#: counts the frames that are drawn over the chart after somebody has touched something
COUNT = f"""() => {{
    for (const touched of ['pointerdown', 'click', 'keydown']) addEventListener(touched, () => (window.framesSince = 0), true);
    const look = () => {{
        if (({IS_COVERED})()) window.framesSince += 1;
        requestAnimationFrame(look);
    }};
    look();
}}"""


def play(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name=PLAY).click()
    visitor.page.wait_for_function(IS_COVERED)


def stops_at_once(visitor: Visitor) -> None:
    stands_as_before(visitor)
    assert visitor.page.evaluate("() => window.framesSince") <= 2


def stands_as_before(visitor: Visitor) -> None:
    visitor.page.wait_for_function(IS_OPEN)
    assert visitor.page.locator(BUTTON).get_attribute("aria-label") == PLAY
    visitor.pause(300)
    assert visitor.page.evaluate(IS_OPEN)


def test_the_signal_goes_there_and_its_gradients_back_and_nothing_is_asked(visitor):
    sent = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    visitor.open(SMALL)
    before, boxes, asked = visitor.drawn(), visitor.page.evaluate(BOXES), len(sent)
    visitor.page.evaluate(
        f"""() => {{
            window.seen = [];
            const look = () => (window.seen.push(({TRAVELLERS})()), requestAnimationFrame(look));
            look();
        }}"""
    )
    play(visitor)
    assert visitor.page.evaluate(BOXES) == boxes
    visitor.page.wait_for_function(IS_OPEN)
    seen = [places for places in visitor.page.evaluate("() => window.seen") if places]
    there, back = [places[0] for places in seen if len(places) == 1], [places for places in seen if len(places) == 2]
    assert there == sorted(there) and len(there) > 10 and there[-1] - there[0] > 0.8 * boxes[2][2]
    assert back == sorted(back, reverse=True) and len(back) > 10 and back[0][0] - back[-1][0] > 0.8 * boxes[2][2]
    assert all(first == second for first, second in back)
    stands_as_before(visitor)
    assert visitor.drawn() == before and visitor.page.evaluate(BOXES) == boxes and len(sent) == asked > 0
    assert visitor.console_errors == []


def test_a_touch_a_key_and_the_button_itself_stop_it(visitor):
    visitor.open(SMALL)
    visitor.page.evaluate(COUNT)
    play(visitor)
    visitor.page.mouse.click(700, 60)
    stops_at_once(visitor)
    play(visitor)
    visitor.page.keyboard.press("Escape")
    stops_at_once(visitor)
    play(visitor)
    visitor.page.locator(BUTTON).click()
    stops_at_once(visitor)
    visitor.page.locator(BUTTON).press("Enter")
    visitor.page.wait_for_function(IS_COVERED)
    visitor.page.locator(BUTTON).press("Enter")
    stops_at_once(visitor)


def test_a_new_answer_stops_it(visitor):
    visitor.open(SMALL)
    before = visitor.drawn()
    visitor.page.get_by_role("button", name="to the critical").click()
    visitor.page.evaluate(f"() => document.querySelector('{BUTTON}').click()")
    visitor.settle()
    stands_as_before(visitor)
    assert visitor.drawn() != before


def test_a_slider_takes_over(visitor):
    visitor.open(SMALL)
    play(visitor)
    thumb = visitor.take(WEIGHT_VARIANCE)
    thumb.pull(0.2 * thumb.width, steps=8)
    visitor.page.wait_for_function(f"() => ({PICTURE})() && !({TRAVELLERS})().length")
    visitor.pause(300)
    assert visitor.page.evaluate(TRAVELLERS) == [] and visitor.page.locator(BUTTON).get_attribute("aria-label") == PLAY
    thumb.let_go()


@pytest.mark.parametrize("query", ["?activation=relu&bias_variance=0&weight_variance=0", "?depth=1", "?depth=700&width=16", "?view=h"])
def test_any_chart_can_be_played(visitor, query):
    visitor.open(f"{query}&trials=2")
    play(visitor)
    visitor.page.wait_for_function(IS_OPEN)
    assert visitor.console_errors == []


def test_on_a_phone_the_button_covers_no_words(phone):
    phone.open(SMALL)
    covered = phone.page.evaluate(
        """button => {
            const own = document.querySelector(button).getBoundingClientRect();
            return [...document.querySelectorAll('.js-plotly-plot text, .play-sweep')].filter(text => {
                const { left, right, top, bottom } = text.getBoundingClientRect();
                return left < own.right && right > own.left && top < own.bottom && bottom > own.top;
            }).map(text => text.textContent);
        }""",
        BUTTON,
    )
    assert covered == [] and phone.page.locator(MAIN).evaluate("main => main.scrollWidth - main.clientWidth") <= 0
    phone.page.locator(BUTTON).tap()
    phone.page.wait_for_function(IS_COVERED)
    phone.page.evaluate(COUNT)
    phone.page.touchscreen.tap(200, 100)
    stops_at_once(phone)


def test_who_wants_no_motion_is_offered_none(profiles: Profiles):
    with profiles.visit("still", viewport={"width": 1440, "height": 1000}, reduced_motion="reduce") as visitor:
        visitor.open(SMALL)
        visitor.pause(500)
        assert visitor.page.locator(f"{BUTTON}, .play-sweep").count() == 0


@pytest.mark.parametrize(("query", "signals"), [("?over=inputs", 0), ("?lock=weight_variance", 1)])
def test_what_cannot_be_moved_is_not_played(visitor, query, signals):
    visitor.open(query)
    visitor.pause(500)
    assert visitor.page.locator(".play-sweep").count() == 0
    assert visitor.page.locator(BUTTON).count() == signals
