"""Charts move with the hand: every frame of a drag from one table, and on release what the slider says."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from propagation.ui.components.streamlit_page import VERDICT
from tests.browser.conftest import Server, Thumb, Visitor, running_server
from tests.browser.streamlit_page import IS_CONNECTED

WEIGHT_VARIANCE = "Weight variance σ_w²"
SMALL = "?width=64&trials=6"
NETWORKS = (
    """() => document.querySelector('.js-plotly-plot').layout.annotations.map(note => note.text).find(text => text.startsWith('●'))"""
)
TABLES = "() => window.propagationTables?.size ?? 0"
#: what is drawn over the chart: paths and words, as text; empty where nothing is
PICTURE = "() => document.querySelector('.plot').children[1].innerHTML"
IS_COVERED = f"() => ({PICTURE})() !== ''"
IS_OPEN = f"() => ({PICTURE})() === ''"
#: the ranges of the three rows, as the labels of their ticks
TICKS = """() => {
    const labels = document.querySelectorAll('.plot > :nth-child(2) text[text-anchor=end]');
    return [...labels].map(text => text.textContent);
}"""
#: opacities of what is drawn: the curves from before are faint
FAINT = "() => document.querySelector('.plot').children[1].querySelectorAll('g[opacity]').length"
#: of the headline, its copy, the line of numbers and its copy: height, top and right edge
ROOMS = f"""() => [...document.querySelector('{VERDICT}').children].slice(0, 4).map(element => {{
    const {{ height, top, right }} = element.getBoundingClientRect();
    return [height, top, right];
}})"""
HEADLINES = "() => [...document.querySelectorAll('h2')].map(heading => heading.innerText)"


def hold(visitor: Visitor, slider: str, share: float) -> Thumb:
    """Take a slider's thumb and, once its table is there, pull it to this share of its way, without letting go."""
    known = visitor.page.evaluate(TABLES)
    thumb = visitor.take(slider)
    visitor.page.wait_for_function(f"known => ({TABLES})() > known", arg=known)
    thumb.pull((share - thumb.share) * thumb.width, steps=8)
    return thumb


def shown_value(visitor, slider: str) -> str:
    return visitor.page.get_by_role("slider", name=slider).get_attribute("aria-valuetext")


def answer_at(visitor: Visitor, address: str) -> list:
    """What the chart of this address shows to somebody who opens it."""
    other = Visitor(visitor.page.context.new_page(), address)
    other.page.goto(address)
    other.page.wait_for_selector(".js-plotly-plot .main-svg")
    other.settle()
    drawn = other.drawn()
    other.page.close()
    return drawn


@pytest.mark.parametrize("slider", [WEIGHT_VARIANCE, "Bias variance σ_b²", "Depth", "Width"])
def test_frames_follow_the_hand_and_the_answer_is_that_of_the_value(visitor, slider):
    visitor.open(SMALL)
    before, address = visitor.drawn(), visitor.page.url
    thumb = hold(visitor, slider, 0.4)
    visitor.page.wait_for_function(IS_COVERED)
    first = visitor.page.evaluate(PICTURE)
    thumb.pull(0.1 * thumb.width, steps=4)
    visitor.page.wait_for_function(f"first => ({PICTURE})() !== first", arg=first)
    assert visitor.drawn() == before and visitor.page.url == address  # nothing is settled yet
    value = shown_value(visitor, slider)
    thumb.let_go()
    visitor.page.wait_for_function(IS_OPEN)
    assert shown_value(visitor, slider) == value
    assert visitor.page.url != address
    assert visitor.drawn() == answer_at(visitor, visitor.page.url) != before
    assert visitor.console_errors == []


def test_a_frame_lies_where_the_answer_will(visitor):
    """The line of theory, in pixels: the picture's, then Plotly's."""
    visitor.open("?width=64&trials=6&depth=20")
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.33)  # near 1.5, so that the window is the same
    visitor.pause(500)
    last = """path => {
        const box = path.getBoundingClientRect();
        return [box.left, box.right].map(Math.round);
    }"""
    line = ".plot > :nth-child(2) path[stroke-width='1.25']"
    held = visitor.page.locator(line).first.evaluate(last)
    ends = visitor.page.locator(line).first.evaluate("path => path.getAttribute('d').split('L').map(point => Number(point.split(',')[1]))")
    ticks = visitor.page.evaluate(TICKS)
    thumb.let_go()
    visitor.page.wait_for_function(IS_OPEN)
    plotly = visitor.page.evaluate(
        """() => {
            const plot = document.querySelector('.js-plotly-plot'), { yaxis } = plot._fullLayout;
            const y = plot.data.find(trace => trace.name === 'z theory').y;
            return Array.from(y, value => yaxis._offset + yaxis.d2p(value));
        }"""
    )
    labels = visitor.page.evaluate("() => [...document.querySelectorAll('.yaxislayer-above text')].map(text => text.textContent)")
    assert visitor.page.locator(".js-plotly-plot .js-line").first.evaluate(last) == pytest.approx(held, abs=2)
    assert ticks[: len(labels)] == labels
    assert plotly == pytest.approx(ends, abs=1.5)


def test_words_move_along_and_are_those_of_the_answer(visitor):
    visitor.open(SMALL)
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.15)
    visitor.page.wait_for_function("() => document.querySelectorAll('h2').length === 2")
    copy = visitor.page.evaluate(HEADLINES)[1]
    assert "vanish" in copy and "explode" not in copy
    thumb.pull(0.5 * thumb.width, steps=6)
    visitor.page.wait_for_function("() => document.querySelectorAll('h2')[1]?.innerText.includes('explode')")
    thumb.let_go()
    visitor.page.wait_for_function("() => document.querySelectorAll('h2').length === 1")
    assert "explode" in visitor.page.evaluate(HEADLINES)[0]


def test_the_window_only_grows_while_a_slider_is_held(visitor):
    visitor.open(SMALL)
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.1)
    visitor.page.wait_for_function("() => [...window.propagationTables.values()].some(table => table.beyond)")  # that of the whole range
    visitor.pause(700)
    wide = visitor.page.evaluate(TICKS)
    thumb.pull((0.33 - thumb.share) * thumb.width, steps=6)  # where curves are level
    visitor.pause(700)
    assert visitor.page.evaluate(TICKS) == wide
    thumb.pull((0.95 - thumb.share) * thumb.width, steps=6)
    visitor.pause(700)
    assert visitor.page.evaluate(TICKS) != wide
    thumb.let_go()


def test_curves_from_before_stay_a_second_after_release(visitor):
    visitor.open(SMALL)
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(f"() => ({FAINT})() === 3")
    visitor.page.mouse.up()
    visitor.page.wait_for_function(f"() => ({FAINT})() === 3 && document.querySelectorAll('h2').length === 1")
    visitor.page.wait_for_function(IS_OPEN)
    assert thumb


def test_back_where_it_was_nothing_is_asked_and_nothing_stays(visitor):
    visitor.open(SMALL)
    before, address = visitor.drawn(), visitor.page.url
    start = 199 / 615  # of 1.5 on its way
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(IS_COVERED)
    thumb.pull((start - thumb.share) * thumb.width, steps=4)
    assert shown_value(visitor, WEIGHT_VARIANCE) == "1.5"
    thumb.let_go()
    visitor.page.wait_for_function(IS_OPEN)
    assert (visitor.drawn(), visitor.page.url) == (before, address)
    assert len(visitor.page.evaluate(HEADLINES)) == 1


def test_two_sliders_in_quick_succession(visitor):
    visitor.open(SMALL)
    first = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.mouse.up()
    second = hold(visitor, "Depth", 0.3)
    visitor.page.wait_for_function(IS_COVERED)
    second.let_go()
    visitor.page.wait_for_function(IS_OPEN)
    assert visitor.drawn() == answer_at(visitor, visitor.page.url)
    assert "weight_variance" in visitor.page.url and "depth" in visitor.page.url and first


def test_a_network_that_takes_long_waits_for_the_hand(visitor):
    visitor.open("?width=65536&trials=1&depth=30")
    before = visitor.drawn()
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.6)
    visitor.page.wait_for_function(f"() => ({HEADLINES})().some(words => words.includes('Let go to simulate this'))")
    assert visitor.drawn() == before
    thumb.let_go()
    visitor.page.wait_for_function("() => document.querySelectorAll('h2').length === 1")
    assert visitor.drawn() != before


def test_without_the_script_the_chart_moves_on_release(visitor):
    visitor.page.add_init_script("delete window.DecompressionStream")
    visitor.open()
    before = visitor.drawn()
    thumb = visitor.take(WEIGHT_VARIANCE)
    thumb.pull(0.3 * thumb.width, steps=8)
    visitor.pause(1500)
    assert visitor.drawn() == before and visitor.page.evaluate(IS_OPEN)
    thumb.let_go()
    assert visitor.drawn() != before


def test_a_finger_draws_frames_too(phone):
    phone.open(SMALL)
    rail = phone.page.get_by_role("slider", name=WEIGHT_VARIANCE).evaluate(
        """input => {
            const thumb = input.matches('input') ? input.parentElement.parentElement : input;
            const box = thumb.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }"""
    )
    touch = phone.page.context.new_cdp_session(phone.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", (rail[0], rail[1]))
    phone.page.wait_for_function(f"() => ({TABLES})() > 0")
    for step in range(1, 9):
        send("touchMove", (rail[0] + 6 * step, rail[1]))
        phone.pause(30)
    phone.page.wait_for_function(IS_COVERED)
    send("touchEnd")
    phone.page.wait_for_function(IS_OPEN)
    phone.settle()
    assert phone.drawn() == answer_at(phone, phone.page.url)


@pytest.mark.parametrize(
    ("query", "width"), [("?", 390), ("?activation=relu&bias_variance=0&depth=200", 390), ("?weight_variance=1.76", 320)]
)
def test_on_a_phone_words_keep_their_room_while_a_slider_is_held(phone, query, width):
    phone.page.set_viewport_size({"width": width, "height": 844})
    phone.open(f"{query}&width=64&trials=6")
    chart = phone.page.locator(".plot").bounding_box()
    thumb = hold(phone, WEIGHT_VARIANCE, 0.02)
    phone.page.wait_for_function("() => [...window.propagationTables.values()].some(table => table.beyond)")
    said = set()
    for _ in range(12):
        thumb.pull(0.08 * thumb.width, steps=2)
        phone.pause(150)
        heading, other, own, copy = phone.page.evaluate(ROOMS)
        assert copy[0] <= own[0] + 2 and other[0] <= heading[0] + 2 and (copy[1], other[1]) == pytest.approx((own[1], heading[1]), abs=1)
        assert copy[2] <= width and other[2] <= width
        said.add(phone.page.evaluate(f"() => document.querySelector('{VERDICT}').children[3].innerText"))
        assert phone.page.locator(".plot").bounding_box() == chart
    assert len(said) > 5
    thumb.let_go()


@contextmanager
def silenced(server: Server) -> Iterator[None]:
    """Within: the server says nothing, as if it were busy."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@pytest.fixture
def own_server(browser) -> Iterator[tuple[Server, Visitor]]:
    """A server, and a visitor of it."""
    with running_server() as server:
        visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), server.address)
        visitor.open(SMALL)
        yield server, visitor
        visitor.page.context.close()


def test_steps_by_keys_are_drawn_before_the_server_answers(own_server):
    server, visitor = own_server
    thumb = visitor.page.get_by_role("slider", name=WEIGHT_VARIANCE)
    thumb.focus()
    visitor.page.wait_for_function(f"() => ({TABLES})() > 0")
    visitor.settle()
    before = visitor.drawn()
    with silenced(server):
        seen = [""]
        for _ in range(3):
            thumb.press("ArrowRight")
            visitor.page.wait_for_function(f"seen => !seen.includes(({PICTURE})())", arg=seen)
            seen.append(visitor.page.evaluate(PICTURE))
        assert shown_value(visitor, WEIGHT_VARIANCE) == "1.53"
    visitor.settle()
    visitor.page.wait_for_function(IS_OPEN)
    assert visitor.drawn() != before and "weight_variance=1.53" in visitor.page.url
    assert visitor.console_errors == []


def test_a_server_that_is_gone_leaves_the_last_frame_until_it_is_back(own_server):
    server, visitor = own_server
    hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(IS_COVERED)
    server.kill()
    visitor.pause(1000)
    assert visitor.page.evaluate(IS_COVERED)
    visitor.page.mouse.up()
    server.start()
    visitor.page.wait_for_function(IS_CONNECTED)
    visitor.page.wait_for_function(IS_OPEN)
    visitor.settle()
    assert visitor.drawn() == answer_at(visitor, visitor.page.url)
