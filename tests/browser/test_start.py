"""The Start page in a browser: what moves under the slider is drawn by the page alone, and the doors follow it."""

from __future__ import annotations

import re

import pytest

#: of each network's picture a number that another picture does not have
SEEN = """() => {
    const root = [...document.querySelectorAll('*')].map(one => one.shadowRoot).find(one => one?.querySelector('.net canvas'));
    return [...root.querySelectorAll('.net canvas')].map(canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0;
        for (let i = 0; i < data.length; i++) sum += data[i] * (1 + i % 997);
        return sum;
    });
}"""
DOOR = "a:has-text('Try it')"


def nets(visitor):
    return visitor.page.locator(".net")


def pressed(visitor, key: str, times: int) -> None:
    for _ in range(times):
        visitor.page.keyboard.press(key)


@pytest.fixture
def start(visitor):
    visitor.page.emulate_media(reduced_motion="reduce")  # nothing moves by itself
    visitor.open("")
    return visitor


def test_the_page_draws_under_the_hand_and_the_server_hears_on_release(start):
    page = start.page
    left, right = start.page.evaluate(SEEN)
    assert "The gradient vanishes" in nets(start).nth(1).inner_text() and "comes back" in nets(start).nth(0).inner_text()
    slider = page.get_by_role("slider")
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 6 / 32, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, middle, steps=8)
    assert "turns into noise" in nets(start).nth(1).inner_text()
    same, other = page.evaluate(SEEN)
    assert same == left and other != right
    door = page.locator(DOOR).get_attribute("href")
    assert "weight_variance=0.503" in door, "the server has not heard of it"
    page.mouse.up()
    page.wait_for_function("() => [...document.querySelectorAll('a')].some(one => /weight_variance=3(&|$)/.test(one.href))")
    assert "turns into noise" in nets(start).nth(1).inner_text() and page.evaluate(SEEN) == [same, other], "it stays where it was let go"


def test_keys_move_it_and_in_the_middle_both_are_the_same(start):
    page = start.page
    page.get_by_role("slider").focus()
    pressed(start, "ArrowRight", 10)
    assert re.search(r"1\.00", nets(start).nth(1).inner_text())
    left, right = page.evaluate(SEEN)
    assert left == right
    assert "comes back" in page.get_by_role("slider").get_attribute("aria-valuetext")
    page.get_by_role("button", name="Another digit").click()
    again = page.evaluate(SEEN)
    assert again[0] == again[1] != left


def test_a_door_leads_to_the_network_that_is_seen_and_back_again(start):
    page = start.page
    page.locator(DOOR).click()
    page.wait_for_selector(".js-plotly-plot .main-svg")
    start.settle()
    assert "/explore?" in page.url and "activation=tanh" not in page.url and "weight_variance=0.503" in page.url
    page.go_back()
    page.wait_for_selector(".net canvas")
    assert start.console_errors == []


def test_it_moves_by_itself_and_can_be_stopped(visitor):
    visitor.open("")
    first = visitor.page.evaluate(SEEN)
    visitor.pause(300)
    assert visitor.page.evaluate(SEEN) != first
    visitor.page.get_by_role("button", name="Stop").click()
    still = visitor.page.evaluate(SEEN)
    visitor.pause(300)
    assert visitor.page.evaluate(SEEN) == still
    assert visitor.page.get_by_role("button", name="Run again").count() == 1


def test_an_old_link_without_a_path_still_opens_explore(visitor):
    visitor.open("?depth=20&width=64")
    assert visitor.page.get_by_role("heading", name="Does the signal survive?").count() == 1
    assert visitor.page.url.endswith("/explore?depth=20&width=64")


def test_a_link_with_a_path_opens_what_it_names(visitor):
    visitor.open("phase?depth=20&width=64")
    assert visitor.page.get_by_role("heading", name="Order or chaos?").count() == 1
    assert visitor.page.url.endswith("/phase?depth=20&width=64")
