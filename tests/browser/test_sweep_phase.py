"""Order and chaos follows the hand: the point, both cobwebs and the words, and on release what the sliders say."""

from __future__ import annotations

import re

import pytest

from propagation.ui.components.streamlit_page import REMARK, VERDICT
from tests.browser.conftest import Visitor
from tests.browser.test_sweep import HEADLINES, hold, shown_value

WEIGHT_VARIANCE, BIAS_VARIANCE = "Weight variance σ_w²", "Bias variance σ_b²"
#: what is drawn over the plane and the two maps, one after the other
PICTURES = "() => [...document.querySelectorAll('.plot')].map(plot => plot.children[1].innerHTML)"
ARE_COVERED = f"() => ({PICTURES})().every(picture => picture)"
ARE_OPEN = f"() => ({PICTURES})().every(picture => !picture)"
#: of the plane the place of its cross, of the maps all numbers
DRAWN = """() => [...document.querySelectorAll('.js-plotly-plot')].map(plot =>
    plot.data.filter(trace => ['here', 'map', 'iterates', 'fixed point'].includes(trace.name))
        .map(trace => [trace.name, Array.from(trace.x), Array.from(trace.y)]))"""
#: boxes of the paths of this width in each chart, and their words with their boxes, from the chart's own corner
BOXES = """child => [...document.querySelectorAll('.plot')].map(plot => {
    const corner = plot.getBoundingClientRect();
    const box = element => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return [left - corner.left, top - corner.top, right - corner.left, bottom - corner.top];
    };
    const part = plot.children[child];
    const paths = [...part.querySelectorAll('path')].filter(path => /^(4|1\\.2)(px)?$/.test(getComputedStyle(path).strokeWidth));
    return {
        paths: paths.filter(path => !path.closest('[opacity]')).map(box),
        words: [...part.querySelectorAll('text')].map(text => [text.textContent, box(text)]).sort(),
    };
})"""
CROSSES = "() => [...document.querySelectorAll('.plot')[0].querySelectorAll('.scatterlayer > .trace')].at(-1).style.opacity"


def fresh(visitor: Visitor) -> tuple[list, list[str]]:
    """What the page at this address shows to somebody who opens it."""
    other = Visitor(visitor.page.context.new_page(), visitor.address)
    other.page.goto(visitor.page.url)
    other.page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .main-svg').length >= 3")
    other.settle()
    shown = other.page.evaluate(DRAWN), words(other)
    other.page.close()
    return shown


def words(visitor: Visitor) -> list[str]:
    """The headline and the line of numbers, and copies of them where there are some."""
    return visitor.page.locator(f"{VERDICT} h2, {VERDICT} p").all_inner_texts()


def remark(visitor: Visitor) -> list[str]:
    """What stands under the plane, and a copy of it where there is one."""
    return visitor.page.locator(f"{REMARK} p").all_inner_texts()


@pytest.mark.parametrize(("slider", "share"), [(WEIGHT_VARIANCE, 0.5), (BIAS_VARIANCE, 0.06)])
def test_frames_follow_the_hand_and_the_answer_is_that_of_the_value(visitor, slider, share):
    visitor.open("phase")
    before, address = visitor.page.evaluate(DRAWN), visitor.page.url
    thumb = hold(visitor, slider, share)
    visitor.page.wait_for_function(ARE_COVERED)
    first = visitor.page.evaluate(PICTURES)
    thumb.pull(0.03 * thumb.width, steps=4)
    visitor.page.wait_for_function(f"first => ({PICTURES})().every((picture, i) => picture !== first[i])", arg=first)
    assert visitor.page.evaluate(DRAWN) == before and visitor.page.url == address  # nothing is settled yet
    value, (_, headline, _, line) = shown_value(visitor, slider), words(visitor)
    thumb.let_go()
    visitor.page.wait_for_function(ARE_OPEN)
    assert shown_value(visitor, slider) == value and visitor.page.url != address
    assert (visitor.page.evaluate(DRAWN), words(visitor)) == fresh(visitor)
    assert visitor.page.evaluate(DRAWN) != before
    assert words(visitor)[0] == headline and len(line) > 20


def test_a_frame_lies_where_the_answer_will(visitor):
    visitor.open("phase")
    visitor.page.set_viewport_size({"width": 1440, "height": 1400})
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.34)  # a little more than 1.5
    visitor.page.wait_for_function(ARE_COVERED)
    visitor.pause(500)
    held = visitor.page.evaluate(BOXES, 1)
    thumb.let_go()
    visitor.page.wait_for_function(ARE_OPEN)
    answer = visitor.page.evaluate(BOXES, 0)
    for picture, chart in zip(held, answer, strict=True):
        assert len(picture["paths"]) == len(chart["paths"]) == 1
        assert picture["paths"][0] == pytest.approx(chart["paths"][0], abs=2)
    for picture, chart in zip(held[1:], answer[1:], strict=True):
        assert len(chart["words"]) >= 10
        assert [[text, pytest.approx(box, abs=2)] for text, box in chart["words"]] == picture["words"]


def test_what_is_said_of_the_critical_line_follows_the_hand(visitor):
    visitor.open("phase")
    (before,) = remark(visitor)
    assert re.match(r"At .* = 0\.05, tanh is critical at", before, re.DOTALL)
    thumb = hold(visitor, BIAS_VARIANCE, 0.1)
    visitor.page.wait_for_function(f"() => document.querySelectorAll('{REMARK} p').length === 2")
    visitor.pause(300)
    value, (_, held) = shown_value(visitor, BIAS_VARIANCE), remark(visitor)
    assert held.startswith(f"At σb² = {float(value):g}, tanh is critical at") and held != before
    thumb.let_go()
    visitor.page.wait_for_function(ARE_OPEN)
    (after,) = remark(visitor)
    assert re.findall("= [0-9.]+", after) == re.findall("= [0-9.]+", held)


def test_the_cross_is_drawn_once(visitor):
    visitor.open("phase")
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(ARE_COVERED)
    assert visitor.page.evaluate(CROSSES) == "0"
    thumb.let_go()
    visitor.page.wait_for_function(ARE_OPEN)
    assert visitor.page.evaluate(CROSSES) == "1"


def test_beyond_the_plane_nothing_is_drawn_until_release(visitor):
    visitor.open("phase")
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(ARE_COVERED)
    thumb.pull((0.97 - thumb.share) * thumb.width, steps=4)
    visitor.page.wait_for_function(f"() => ({HEADLINES})().some(words => words.includes('Let go to see this'))")
    assert words(visitor)[3] == "…"
    thumb.let_go()
    visitor.page.wait_for_function(ARE_OPEN)
    assert (visitor.page.evaluate(DRAWN), words(visitor)) == fresh(visitor)


def test_where_no_signal_is_left_the_map_says_so_in_the_frame_too(visitor):
    visitor.open("phase?activation=relu&bias_variance=0")
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.7)
    visitor.page.wait_for_function(
        "() => document.querySelectorAll('.plot')[2].children[1].textContent.includes('no signal of finite size')"
    )
    thumb.let_go()
    visitor.page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot')[2].textContent.includes('no signal of finite size')")


@pytest.mark.parametrize("network", ["normalization=layer", "architecture=residual&bias_variance=0.1"])
def test_the_plane_of_a_network_of_blocks_follows_the_hand(visitor, network):
    visitor.open(f"phase?{network}")
    before = words(visitor)
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.page.wait_for_function(ARE_COVERED)
    visitor.pause(300)
    value, (_, headline, _, line) = shown_value(visitor, WEIGHT_VARIANCE), words(visitor)
    assert headline != before[0] and line != before[1]
    thumb.let_go()
    visitor.page.wait_for_function(ARE_OPEN)
    # words are those of the nearest place of the table while a slider is held
    assert shown_value(visitor, WEIGHT_VARIANCE) == value and words(visitor)[0].split("×")[0] == headline.split("×")[0]
    (((name, across, _),),) = visitor.page.evaluate(DRAWN)
    assert name == "here" and across == [float(value)]
