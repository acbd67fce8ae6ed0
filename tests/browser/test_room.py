"""A room: two visitors with one teacher's link see what the other guesses, before the answer."""

from __future__ import annotations

from tests.browser.conftest import Visitor

LINK = "?depth=5&width=16&trials=2&question=Is+*this*+next%3F&options=yes%7Cno&room=bio-101"


def chosen(visitor: Visitor, option: str) -> None:
    visitor.page.locator("[role=radiogroup] label").filter(has_text=option).click()
    visitor.settle()


def test_two_visitors_see_what_the_room_guesses_before_the_answer(visitor, phone):
    for one in (visitor, phone):
        one.page.goto(f"{one.address}/{LINK}")
        one.page.get_by_text("Is *this* next?").wait_for()
        one.page.get_by_text("0 guesses so far").or_(one.page.get_by_text("1 guess so far")).wait_for()
        if one is visitor:
            chosen(visitor, "yes")
    assert phone.page.get_by_role("progressbar").count() == 0, "who has not guessed sees no more than how many have"
    chosen(phone, "no")
    for one in (visitor, phone):  # the first one's page looks by itself
        one.page.get_by_text("2 guesses so far").wait_for()
        one.page.get_by_role("progressbar").nth(1).wait_for()
    visitor.page.get_by_role("button", name="Reveal").click()
    visitor.page.get_by_text("You expected").wait_for()
    visitor.page.get_by_text("guesses so far").wait_for(state="hidden")
