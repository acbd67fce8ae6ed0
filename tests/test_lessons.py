"""Lesson files: those that ship can all be read, and whatever is wrong in one is said with file and line while the others work."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation import lessons
from propagation.lessons import END, LessonError, Screen, load, parse, parse_card

GOOD = """---
topic: Before
claim: After
question: What is left?
chart: sizes
rows: z, delta
network: ReLU | depth=5&activation=relu&scheme=he
network: tanh | depth=5
measure: change delta
choice: all | -1 .. 1
choice: nothing | .. -3
answer: It is {measured}; theory says {theory}.
link: Compare | compare | columns=he.relu.gaussian&depth=5
---
Because $x$.
"""
FILES = sorted((lessons.FOLDER / "en").glob("[0-9]*.md"))


def test_a_file_becomes_a_screen():
    screen = parse(GOOD, "en/1.1.md")
    assert (screen.topic, screen.claim, screen.chart, screen.rows) == ("Before", "After", "sizes", ("z", "delta"))
    assert (screen.measure, screen.signal, screen.reach, screen.body) == ("change", "delta", None, "Because $x$.")
    assert [network.config.activation for network in screen.networks] == ["relu", "tanh"]
    assert [choice.holds(-7) for choice in screen.choices] == [False, True]
    assert screen.links[0].page == "compare" and screen.links[0].query == {"columns": "he.relu.gaussian", "depth": "5"}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("---\ntopic", "topic", 1, "opens with"),
        ("topic: Before\n", "", 13, "“topic:” is missing"),
        ("claim: After", "claim", 3, "key: value"),
        ("claim: After", "claim: a\nclaim: b", 4, "given twice"),
        ("claim: After", "colour: red", 3, "“colour” is unknown"),
        ("chart: sizes", "chart: pie", 5, "“pie” is unknown"),
        ("rows: z, delta", "rows: z", 6, "must show delta"),
        ("rows: z, delta", "rows: q", 6, "“q” is unknown"),
        ("rows: z, delta", "rows: stream, delta", 7, "has no stream"),
        ("chart: sizes", "chart: tokens", 9, "in the chart sizes, not in tokens"),
        ("depth=5\nmeasure", "depth=0\nmeasure", 8, "depth"),
        ("network: tanh | depth=5", "network: tanh", 8, "is needed"),
        ("network: tanh", "network: a | depth=5\n" * 4 + "network: tanh", 11, "at most 4"),
        ("change delta", "change", 9, "needs one signal"),
        ("change delta", "flat", 9, "in the chart histogram, not in sizes"),
        ("change delta", "guessing delta", 9, "“guessing” is unknown"),
        ("choice: all | -1 .. 1\n", "", 10, "no question"),
        ("-1 .. 1", "1 .. -1", 10, "smaller one"),
        ("-1 .. 1", "..", 10, "a range such as"),
        ("-1 .. 1", "a .. b", 10, "a range such as"),
        (".. -3", "0 .. 2", 11, "overlaps"),
        ("answer:", "guess: 0 .. 5\nanswer:", 15, "either"),
        ("choice: all | -1 .. 1\nchoice: nothing | .. -3", "guess: 0 .. 500", 10, "at most"),
        ("choice: all | -1 .. 1\nchoice: nothing | .. -3", "guess: 0.5 .. 3", 10, "whole numbers"),
        ("| compare |", "| http://evil |", 13, "as in its address"),
        ("Because $x$.\n", "", 14, "no explanation"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, line, words):
    assert old in GOOD
    with pytest.raises(LessonError) as refused:
        parse(GOOD.replace(old, new, 1), "de/2.3.md")
    assert str(refused.value).startswith(f"de/2.3.md, line {line}: ") and words in str(refused.value)


SLIDER = re.sub("choice.*\n", "", GOOD).replace("answer:", "guess: -3 .. 1\nanswer:")


@pytest.mark.parametrize(
    ("added", "line", "words"),
    [
        ("tempting: -3 .. -1", 11, "“tempting: low .. high | reason” is needed"),
        ("tempting: -3 .. -1 | no\ntempting: -2 .. 0 | no", 12, "overlaps"),
        ("tempting: low | no", 11, "a range such as"),
    ],
)
def test_what_is_wrong_about_a_tempting_guess_is_said_with_its_line(added, line, words):
    def with_(lines: str) -> str:
        return SLIDER.replace("guess: -3 .. 1", f"guess: -3 .. 1\n{lines}")

    assert parse(with_("tempting: -3 .. -0.5 | too small"), "x").reason(-2) == "too small"
    assert parse(SLIDER, "x").reason(-2) == "" and list(parse(SLIDER, "x").guesses) == [-3, -2, -1, 0, 1]
    with pytest.raises(LessonError) as refused:
        parse(with_(added), "de/2.3.md")
    assert str(refused.value).startswith(f"de/2.3.md, line {line}: ") and words in str(refused.value)


def test_a_choice_has_its_reason_in_its_own_line():
    with pytest.raises(LessonError, match=r"line 12: .*a choice says it in its line"):
        parse(GOOD.replace("answer:", "tempting: -3 .. -1 | no\nanswer:"), "x")


def test_a_reason_follows_the_range_and_a_text_may_hold_bars():
    screen = parse(GOOD.replace("choice: all | -1 .. 1", "choice: |z| stays | -1 .. 1 | because it is | so"), "en/1.1.md")
    assert [choice.text for choice in screen.choices] == ["|z| stays", "nothing"] and screen.reason(1) == ""
    assert screen.choices[0].why == "because it is | so" == screen.reason(0)


def test_what_follows_three_plus_signs_is_folded_away():
    screen = parse(GOOD + "\n+++\n\nMore of it: 1\n+++ 2.\n", "en/1.1.md")
    assert (screen.body, screen.more) == ("Because $x$.", "More of it: 1\n+++ 2.")


def test_the_card_at_the_end_needs_a_topic_and_a_text(folder):
    (folder / "en" / "end.md").write_text("---\ntopic: The answer\nlink: Gains | gains\n---\nThat is it.\n")
    lesson = load("de", folder)
    assert lesson.steps == ("1.1", "1.2", END) and lesson.card == parse_card((folder / "en" / "end.md").read_text(), "x")
    assert (lesson.card.topic, lesson.card.body, lesson.card.links[0].page) == ("The answer", "That is it.", "gains")
    for text, words in (
        ("---\n---\nx", "“topic:” is missing"),
        ("---\ntopic: a\n---\n", "no explanation"),
        ("---\nclaim: a\n---\nb", "unknown"),
    ):
        (folder / "en" / "end.md").write_text(text)
        assert words in load("de", folder).problems[END] and load("de", folder).steps[-1] == END


def test_tokens_are_shown_of_a_network_that_has_some():
    text = GOOD.replace("chart: sizes", "chart: tokens").replace("change delta", "tokens_apart")
    with pytest.raises(LessonError, match="line 7: this network has no tokens"):
        parse(text, "en/4.5.md")
    both = text.replace("depth=5&activation=relu&scheme=he", "architecture=transformer&tokens=4").replace("network: tanh | depth=5\n", "")
    assert parse(both, "en/4.5.md").networks[0].config.tokens == 4


@given(st.text(max_size=400))
def test_any_text_is_a_screen_or_refused_in_words(text):
    try:
        assert isinstance(parse(text, "en/1.1.md"), Screen)
    except LessonError as refused:
        assert "en/1.1.md, line " in str(refused)


@given(st.sampled_from(FILES), st.integers(0, 25), st.text(max_size=60), st.booleans())
def test_any_edited_file_is_a_screen_or_refused_in_words(path, line, text, insert):
    lines = path.read_text(encoding="utf-8").splitlines()
    line = min(line, len(lines) - 1)
    lines[line : line + (0 if insert else 1)] = [text]
    try:
        assert isinstance(parse("\n".join(lines), path.name), Screen)
    except LessonError as refused:
        assert str(refused).startswith(f"{path.name}, line ")


@pytest.fixture
def folder(tmp_path):
    """English with two screens and a chapter's title, German with one of them."""
    (tmp_path / "en").mkdir()
    (tmp_path / "de").mkdir()
    (tmp_path / "en" / "chapters.md").write_text("1: Why?\n")
    (tmp_path / "en" / "1.1.md").write_text(GOOD)
    (tmp_path / "en" / "1.2.md").write_text(GOOD)
    (tmp_path / "de" / "1.1.md").write_text(GOOD.replace("After", "Danach"), encoding="utf-8")
    return tmp_path


def test_what_a_language_lacks_is_english(folder):
    lesson = load("de", folder)
    assert [lesson.screens[step].claim for step in lesson.steps] == ["Danach", "After"] and lesson.chapters == {"1": "Why?"}
    (folder / "de" / "chapters.md").write_text("1: Warum?\n")
    assert load("de", folder).chapters == {"1": "Warum?"} and lessons.languages(folder) == ("en", "de")


@pytest.mark.parametrize("language", ["fr", "", "..", "../..", "/etc", "de/.."])
def test_a_language_that_does_not_exist_is_english(folder, language):
    assert [screen.claim for screen in load(language, folder).screens.values()] == ["After", "After"]


def test_a_broken_file_leaves_a_sentence_and_the_others(folder):
    (folder / "de" / "1.1.md").write_bytes(b"\xff\xfe broken")
    (folder / "en" / "2.1.md").write_text(GOOD.replace("chart: sizes", "chart: pie"))
    (folder / "en" / "3.1.md").write_text("x" * 30_000)
    lesson = load("de", folder)
    assert set(lesson.screens) == {"1.2"} and lesson.steps == ("1.1", "1.2", "2.1", "3.1")
    assert lesson.problems["1.1"].startswith("de/1.1.md, line 1:") and "UTF-8" in lesson.problems["1.1"]
    assert lesson.problems["2.1"].startswith("en/2.1.md, line 5:") and "longer than" in lesson.problems["3.1"]
    assert lesson.chapters["2"] == "Chapter 2"


def test_what_is_no_screen_is_not_read(folder):
    (folder / "en" / "notes.md").write_text("nothing")
    (folder / "en" / "1.x.md").write_text("nothing")
    assert load("en", folder).steps == ("1.1", "1.2")


def test_steps_are_in_the_order_of_numbers(folder):
    (folder / "en" / "1.10.md").write_text(GOOD)
    assert load("en", folder).steps == ("1.1", "1.2", "1.10")
