"""Questions of a teacher: any text is one, within bounds, or refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.questions import BETWEEN, FEWEST_OPTIONS, LONGEST_OPTION, LONGEST_QUESTION, MOST_OPTIONS, STANDARD, Question, asked


def test_a_question_is_taken_as_it_is():
    assert asked("  What   grows? ", ["the signal", "", "the gradient", "the signal"]) == (
        Question("What grows?", ("the signal", "the gradient")),
        [],
    )
    assert asked("Why?", []) == (Question("Why?"), []) and asked(" ", []) == (None, [])


@pytest.mark.parametrize(
    ("text", "options", "question", "words"),
    [
        ("x" * 300, [], Question("x" * LONGEST_QUESTION), "300 characters"),
        ("Why?", [str(n) for n in range(9)], Question("Why?", tuple("012345")), "9 options"),
        ("Why?", ["a" * 99, "b"], Question("Why?", ("a" * LONGEST_OPTION, "b")), "cut after"),
        ("Why?", ["a"], Question("Why?"), "single option"),
        ("Why?", ["a" * 70 + "b", "a" * 70 + "c"], Question("Why?"), "cut after"),
        ("", ["a", "b"], None, "no question"),
    ],
)
def test_what_is_too_much_is_cut_and_said(text, options, question, words):
    found, problems = asked(text, options)
    assert found == question and any(words in problem for problem in problems)


@given(st.text(max_size=500), st.lists(st.text(max_size=120), max_size=12))
def test_any_texts_are_bounded_and_survive_the_address(text, options):
    question, problems = asked(text, options)
    assert all(len(problem) < 200 for problem in problems) and len(problems) <= 4
    if question is not None:
        assert 0 < len(question.text) <= LONGEST_QUESTION and question.text.isprintable()
        assert len(question.options) == 0 or FEWEST_OPTIONS <= len(question.options) <= MOST_OPTIONS
        assert all(0 < len(option) <= LONGEST_OPTION and option.isprintable() for option in question.options)
        query = question.to_query()
        assert asked(query["question"], query.get("options", "").split(BETWEEN)) == (question, [])


def test_what_is_asked_otherwise_can_be_answered():
    assert asked(STANDARD.text, STANDARD.options) == (STANDARD, [])
