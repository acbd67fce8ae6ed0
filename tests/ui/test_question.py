"""A teacher's own question and a room's guesses: how they are asked, counted and put into a link; without a browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from streamlit.testing.v1 import AppTest

from propagation.locks import Terms
from propagation.questions import Question
from propagation.rooms import Rooms
from propagation.ui.session import room
from tests.ui.test_share import handed_out, panel_of, told
from ui.shown import opened


def test_a_teachers_own_question_is_asked_as_text_with_its_options():
    app = opened(ask="1", question="Is *this* <b>next</b>?", options="yes|no $x$")
    (radio,) = (one for one in app.radio if one.key == "expectation")
    assert radio.label == r"Is \*this\* \<b\>next\</b\>?" and radio.options == ["yes", r"no \$x\$"]
    radio.set_value(1).run()
    app.button(key="reveal").click().run()
    assert any(r"You expected: **no \$x\$**" in caption.value for caption in app.caption)
    assert (told(app, "question"), told(app, "options")) == ("Is *this* <b>next</b>?", "yes|no $x$")


def test_a_question_without_options_waits_too():
    app = opened(question="What do you see?")
    assert app.title[0].value == "What do you expect?" and "expectation" not in {one.key for one in app.radio}
    app.button(key="reveal").click().run()
    assert app.header and not any("expected" in caption.value for caption in app.caption)


def test_two_visitors_of_a_room_see_each_other_and_a_third_elsewhere_does_not(monkeypatch):
    monkeypatch.setattr(room, "_rooms", Rooms())
    first, second, other = (opened(ask="1", room=name) for name in ("bio-101", "bio-101", "bio-102"))
    assert "Room **bio-101**: 0 guesses" in markdown(first)
    for app, option in ((first, 0), (second, 2), (second, 0), (other, 1)):
        app.radio(key="expectation").set_value(option).run()
    first.run()
    assert bars(first) == ["fade away ↘ :gray[2]", "keep their size → :gray[0]", "grow ↗ :gray[0]"] == bars(second)
    assert "Room **bio-101**: 2 guesses" in markdown(first)
    assert bars(other) == ["fade away ↘ :gray[0]", "keep their size → :gray[1]", "grow ↗ :gray[0]"]


def test_who_has_not_guessed_sees_how_many_have_and_the_rest_on_demand(monkeypatch):
    monkeypatch.setattr(room, "_rooms", Rooms())
    student, teacher = (opened(ask="1", room="bio-101") for _ in range(2))
    student.radio(key="expectation").set_value(1).run()
    teacher.run()
    assert "Room **bio-101**: 1 guess so far" in markdown(teacher) and not bars(teacher)
    teacher.toggle(key="room_shown").set_value(True).run()
    assert bars(teacher)[1] == "keep their size → :gray[1]" and any("for an hour" in caption.value for caption in teacher.caption)


def test_a_room_that_is_full_says_so(monkeypatch):
    monkeypatch.setattr(room, "_rooms", Rooms(guesses=1))
    first, second = (opened(ask="1", room="bio-101") for _ in range(2))
    first.radio(key="expectation").set_value(0).run()
    second.radio(key="expectation").set_value(0).run()
    assert any("not counted" in caption.value for caption in second.caption)
    assert not any("not counted" in caption.value for caption in first.caption)


def markdown(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def bars(app: AppTest) -> list[str]:
    return [element.proto.text for element in app.get("progress")]


def test_a_teacher_writes_a_question_and_names_a_room():
    panel = panel_of(opened(seed="3"))
    panel.toggle(key="teach_ask").set_value(True).run()
    panel.text_input(key="teach_question").set_value("What is next?").run()
    panel.text_area(key="teach_options").set_value("the signal dies\nit lives\n")
    panel.text_input(key="teach_room").set_value("Bio-101 ").run()
    said = parse_qs(urlsplit(handed_out(panel)[-1]).query)
    terms, problems = Terms.from_query(said)
    assert not problems and terms == Terms(asks=True, question=Question("What is next?", ("the signal dies", "it lives")), room="bio-101")
    assert any("for an hour" in caption.value for caption in panel.caption)
    panel.text_input(key="teach_room").set_value("a room").run()
    assert "room" not in parse_qs(urlsplit(handed_out(panel)[-1]).query) and any(
        "No room yet" in caption.value for caption in panel.caption
    )
