"""Charts move with the thumb: a slider that is held, let go, or moved by keys, and what a redraw leaves as it was."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.browser.conftest import Server, Thumb, Visitor, running_server

WEIGHT_VARIANCE = "Weight variance σ_w²"
THEORY = """() => document.querySelector('.js-plotly-plot').data.find(trace => trace.name === 'delta theory').y"""
NETWORKS = (
    """() => document.querySelector('.js-plotly-plot').layout.annotations.map(note => note.text).find(text => text.startsWith('●'))"""
)
#: where the chart stands and whether there is a headline, in every frame
LOOK = """() => {
    window.seen = new Set();
    const look = () => {
        const [chart, headline] = ['.js-plotly-plot', 'h2'].map(part => document.querySelector(part));
        window.seen.add(`${Math.round(chart?.getBoundingClientRect().top ?? -1)} ${Boolean(headline)}`);
        requestAnimationFrame(look);
    };
    look();
}"""
WINDOW = """() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range"""


def hold(visitor: Visitor, slider: str, share: float) -> Thumb:
    """Take a slider's thumb and pull it to this share of its way, without letting go."""
    thumb = visitor.take(slider)
    thumb.pull((share - thumb.share) * thumb.width, steps=8)
    return thumb


def shown_value(visitor, slider: str) -> str:
    return visitor.page.get_by_role("slider", name=slider).get_attribute("aria-valuetext")


@pytest.mark.parametrize("slider", [WEIGHT_VARIANCE, "Depth"])
def test_the_chart_shows_what_a_held_slider_says(visitor, slider):
    visitor.open("?width=64&trials=6")
    before, address = visitor.page.evaluate(THEORY), visitor.page.url
    thumb = hold(visitor, slider, 0.7)
    visitor.page.wait_for_function(f"before => JSON.stringify(({THEORY})()) !== JSON.stringify(before)", arg=before)
    visitor.page.wait_for_timeout(1500)
    value, held = shown_value(visitor, slider), visitor.page.evaluate(THEORY)
    assert visitor.page.url == address  # nothing is settled yet
    thumb.let_go()
    assert shown_value(visitor, slider) == value
    assert visitor.page.evaluate(THEORY) == held != before
    assert visitor.page.url != address
    assert visitor.console_errors == []


def test_every_network_is_drawn_where_the_hand_rests(visitor):
    visitor.open("?trials=10")
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.6)
    visitor.page.wait_for_function(f"() => !({NETWORKS})().includes('10')")
    visitor.page.wait_for_function(f"() => ({NETWORKS})().includes('10')")
    rested = visitor.drawn()
    thumb.let_go()
    assert visitor.drawn() == rested
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(f"() => !({NETWORKS})().includes('10')")  # where it moves on, one by one again
    thumb.let_go()
    assert "10 networks" in visitor.page.evaluate(NETWORKS)


def test_every_network_is_drawn_once_the_slider_is_let_go(visitor):
    visitor.open("?trials=16")  # too many to be drawn while the thumb rests: it could not go on for so long
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.6)
    visitor.page.wait_for_function(f"() => !({NETWORKS})().includes('16')")
    thumb.let_go()
    assert "16 networks" in visitor.page.evaluate(NETWORKS)


def test_a_network_that_takes_long_waits_for_the_hand(visitor):
    visitor.open("?width=65536&trials=1&depth=30")
    before = visitor.drawn()
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.6)
    visitor.page.get_by_text("Let go to simulate this").wait_for()
    assert visitor.drawn() == before
    thumb.let_go()
    visitor.page.get_by_text("Let go to simulate this").wait_for(state="detached", timeout=30_000)
    assert visitor.drawn() != before


def test_zoom_and_the_chart_itself_survive_a_redraw(visitor):
    visitor.open()
    box = visitor.page.locator(".js-plotly-plot").bounding_box()
    y = box["y"] + 160
    visitor.page.mouse.move(box["x"] + 200, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 500, y, steps=5)
    visitor.page.mouse.up()
    visitor.page.wait_for_timeout(300)
    zoomed = visitor.page.evaluate(WINDOW)
    assert zoomed[0] > 2
    visitor.page.evaluate("document.querySelector('.js-plotly-plot').mark = 'the same'")
    before = visitor.drawn()
    visitor.press(WEIGHT_VARIANCE, "ArrowRight", times=3)
    assert visitor.drawn() != before
    assert visitor.page.evaluate(WINDOW) == zoomed
    assert visitor.page.evaluate("document.querySelector('.js-plotly-plot').mark") == "the same"


@pytest.mark.parametrize("query", ["?width=128", "?depth=200&width=1024&trials=8"])  # answered at once, and after a while
def test_nothing_jumps_while_a_slider_moves(visitor, query):
    visitor.open(query)
    visitor.page.evaluate(LOOK)
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.4)
    thumb.pull(-0.2 * thumb.width, steps=20)
    thumb.let_go()
    visitor.press("Depth", "ArrowLeft")
    places = visitor.page.evaluate("[...window.seen]")
    assert len(places) == 1 and places[0].endswith("true"), places


def test_without_the_script_the_chart_moves_on_release(visitor):
    visitor.page.add_init_script(
        """const listen = EventTarget.prototype.addEventListener;
        EventTarget.prototype.addEventListener = function (event, ...rest) {
            if (event === 'propagation-answer') throw new Error('this browser does not have it');
            return listen.call(this, event, ...rest);
        };"""
    )
    visitor.open()
    before = visitor.drawn()
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.7)
    visitor.page.wait_for_timeout(1000)
    assert visitor.drawn() == before
    thumb.let_go()
    assert visitor.drawn() != before


def test_a_chart_without_its_library_says_so(visitor):
    visitor.page.route("**/plotly.min.js", lambda route: route.abort())
    visitor.page.goto(visitor.address)
    visitor.page.get_by_text("This chart could not be drawn").wait_for(timeout=30_000)
    visitor.page.get_by_role("slider", name=WEIGHT_VARIANCE).wait_for()


@contextmanager
def silenced(server: Server) -> Iterator[None]:
    """Within: the server says nothing, as if it were busy."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@pytest.fixture
def stepping(browser) -> Iterator[tuple[Server, Visitor]]:
    """A server, and a visitor who has moved σ_w² by keys, from 1.5 to 1.51."""
    with running_server() as server:
        visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), server.address)
        visitor.open("?width=64&trials=6")
        visitor.press(WEIGHT_VARIANCE, "ArrowRight")
        yield server, visitor
        visitor.page.context.close()


def test_the_next_step_by_keys_is_drawn_before_the_server_answers(stepping):
    server, visitor = stepping
    before = visitor.page.evaluate(THEORY)
    with silenced(server):
        visitor.page.keyboard.press("ArrowRight")
        visitor.page.wait_for_function(f"before => JSON.stringify(({THEORY})()) !== JSON.stringify(before)", arg=before, timeout=5000)
        assert shown_value(visitor, WEIGHT_VARIANCE) == "1.52"
        foreseen = visitor.drawn()
    visitor.settle()
    assert visitor.drawn() == foreseen
    assert visitor.console_errors == []


@pytest.mark.parametrize("elsewhere", ["a click", "another slider"])
def test_nothing_is_foreseen_once_something_else_may_have_moved(stepping, elsewhere):
    server, visitor = stepping
    before = visitor.drawn()
    with silenced(server):
        if elsewhere == "a click":
            visitor.page.get_by_role("heading", name="Does the signal survive?").click()
        else:
            visitor.page.get_by_role("slider", name="Depth").press("ArrowRight")
        visitor.page.get_by_role("slider", name=WEIGHT_VARIANCE).focus()
        visitor.page.keyboard.press("ArrowRight")
        visitor.page.wait_for_timeout(500)
        assert visitor.drawn() == before
    visitor.settle()
    assert visitor.drawn() != before
