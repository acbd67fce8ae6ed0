"""The lesson as a visitor goes through it: predict, show, next; links, languages and broken files; without a browser."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from propagation import lessons
from propagation.labs.measures import Answer
from propagation.lessons import END, load
from propagation.lessons.judging import judged, score
from propagation.ui.pages import PAGES
from propagation.ui.session import guesses, url
from propagation.ui.widgets import lesson_charts
from tests.patience import PATIENCE
from tests.test_lessons import GOOD
from ui.shown import charts

PAGE = """
from propagation.ui.session import experiment
from propagation.ui.pages import lesson
experiment.sync_from_url()
lesson.render(experiment.sync_to_url())
"""
LESSON = load()
#: what a chart shows before the truth does, beside the guess: axes' marks, the line of theory
NO_ANSWER = {"training": ("guessing",), "map": ("accuracy", "untrained", "failed", "halo", "theory", "here", "targets")}


def opened(**query: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    for name, text in query.items():
        app.query_params[name] = text
    app.run()
    assert not app.exception
    return app


def button(app: AppTest, label: str):
    """The only button whose label says this."""
    (found,) = [one for one in app.button if label in one.label]
    return found


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def captions(app: AppTest) -> list[str]:
    return [element.value for element in app.caption]


def step_of(app: AppTest) -> str:
    return "".join(app.query_params.get("step", ""))


def figure(app: AppTest) -> dict:
    return charts(app)[0]


@pytest.mark.slow
@pytest.mark.parametrize("step", LESSON.screens)
def test_a_screen_asks_and_then_shows(step):
    screen = LESSON.screens[step]
    app = opened(step=step)
    assert app.header[0].value == screen.topic and screen.question in texts(app)
    assert screen.body not in texts(app) and not app.error and not app.get("page_link")
    waiting = (None, "your guess", *NO_ANSWER.get(screen.chart, ()))
    assert all(part.get("name") in waiting for part in figure(app)["data"]), "nothing is shown before it is guessed"
    if screen.choices:
        app.radio(key=f"guess_{step}").set_value(0).run()
    button(app, "Show me").click().run()
    assert not app.exception and not app.error and app.header[0].value == screen.claim and screen.body in texts(app)
    assert screen.question not in texts(app) and not app.radio and screen.more in texts(app)
    assert len([part for part in figure(app)["data"] if part.get("name") != "your guess"]) >= 2
    if screen.choices and "**Right.**" not in texts(app):
        assert screen.choices[0].why in texts(app)
        (right,) = [place for place, choice in enumerate(screen.choices) if f"**Not so.** *{choice.text}*" in texts(app)]
        button(app, "Ask me again").click().run()
        app.radio(key=f"guess_{step}").set_value(right).run()
        button(app, "Show me").click().run()
        assert "**Right.**" in texts(app) and screen.choices[0].why not in texts(app)
    first, *others = app.get("page_link")
    assert parse_qs(first.proto.query_string) == {
        name: [text] for name, text in (screen.networks[0].config.to_query() | {"step": step}).items()
    }
    assert [link.proto.page for link in others] == [link.page for link in screen.links]


@pytest.mark.parametrize("step", LESSON.steps)
def test_every_link_is_one_the_app_can_read(step):
    for link in (LESSON.screens.get(step) or LESSON.card).links:
        _, problems = url.parsed({name: [text] for name, text in link.query.items() if name not in url.PAGE_PARAMETERS})
        assert problems == [] and link.page in {page.slug for page in PAGES}


def test_a_guess_drawn_is_drawn_and_judged():
    app = opened(step="2.3")
    app.select_slider(key="guess_2.3").set_value(-10).run()
    (guess,) = [part for part in figure(app)["data"] if part.get("name") == "your guess"]
    assert guess["y"] == [0, -10]
    button(app, "Show me").click().run()
    assert "**Off**: you said 10⁻¹⁰, which is too large by a factor of about 10¹⁴" in texts(app)
    assert LESSON.screens["2.3"].reason(-10) in texts(app)
    button(app, "Ask me again").click().run()
    assert app.header[0].value == LESSON.screens["2.3"].topic and app.select_slider(key="guess_2.3").value == 0
    app.select_slider(key="guess_2.3").set_value(-24).run()
    button(app, "Show me").click().run()
    assert "**Right**: you said 10⁻²⁴" in texts(app)


def test_a_wrong_choice_is_told_the_right_one():
    app = opened(step="2.2")
    app.radio(key="guess_2.2").set_value(0).run()
    button(app, "Show me").click().run()
    assert "**Not so.** *It stays level.*" in texts(app) and LESSON.screens["2.2"].choices[0].why in texts(app)


def test_all_screens_of_all_chapters_are_counted():
    assert f"Screen 1 of {len(LESSON.steps)}" in captions(opened())
    assert f"Screen {LESSON.steps.index('2.2') + 1} of {len(LESSON.steps)}" in captions(opened(step="2.2"))


def test_the_card_at_the_end_has_the_score_of_first_guesses():
    app = opened(step="2.2")
    app.radio(key="guess_2.2").set_value(0).run()
    button(app, "Show me").click().run()
    button(app, "Ask me again").click().run()
    app.radio(key="guess_2.2").set_value(2).run()
    button(app, "Show me").click().run()
    assert "**Right.**" in texts(app)
    button(app, LESSON.card.topic).click().run()
    assert step_of(app) == END and app.header[0].value == LESSON.card.topic and LESSON.card.body in texts(app)
    assert "**0 of your 1 first guesses were right or close.**" in texts(app), "the first guess counts"
    assert f"{len(LESSON.screens) - 1} of the {len(LESSON.screens)} screens you left without a guess" in texts(app)


def test_what_the_browser_kept_is_taken_over_but_for_what_is_known_better():
    app = opened(step="2.2")
    assert "guesses_read" not in app.session_state

    def script() -> None:
        import streamlit as st

        from propagation.ui.session import guesses

        st.session_state.setdefault("guesses", {})["1.2"] = guesses.Guessed(1, False)
        guesses._found(st.session_state.text)
        st.text(guesses.written(st.session_state.guesses))

    kept = AppTest.from_function(script)
    kept.session_state["text"] = '{"1.2": [3, true, false], "2.3": [-5, true, true], "x": [1, true, null], "2.4": [1e9, true, null]}'
    kept.run()
    assert kept.text[0].value == '{"1.2": [1, false, null], "2.3": [-5, true, true]}'


@pytest.mark.parametrize("text", [None, 7, "", "{", "[]", '{"1.1": 3}', '{"1.1": [true, true, null]}', '{"1.1": [1, 1, null]}', "[" * 9999])
def test_what_is_no_guess_is_not_taken_from_a_browser(text):
    assert guesses.read(text) == {}


@given(st.dictionaries(st.from_regex(r"[0-9]\.[1-9]", fullmatch=True), st.builds(guesses.Guessed, st.integers(-60, 60), st.booleans())))
def test_guesses_survive_the_browser(kept):
    assert guesses.read(guesses.written(kept)) == kept


def test_a_kept_guess_that_the_question_no_longer_offers_is_none():
    app = opened(step="2.2")
    app.session_state["guesses"] = {"2.2": guesses.Guessed(9, True)}
    app.run()
    assert not app.exception and "**Right.**" not in texts(app) and "**Not so.**" not in texts(app)


def test_next_and_back_lead_through_the_chapters_and_a_guess_is_kept():
    app = opened(step="1.4")
    app.radio(key="guess_1.4").set_value(1).run()
    button(app, "Next").click().run()
    assert step_of(app) == "2.1" and app.header[0].value == LESSON.screens["2.1"].topic
    button(app, "Back").click().run()
    assert step_of(app) == "1.4" and app.radio(key="guess_1.4").value == 1
    button(app, "3 What is").click().run()
    assert step_of(app) == "3.1"
    for _ in LESSON.steps[LESSON.steps.index("3.1") :]:
        app.button(key="next").click().run()
    assert step_of(app) == "" and app.header[0].value == LESSON.screens["0.1"].topic and app.button(key="back").disabled


def test_the_visitors_own_experiment_stays_as_it_is():
    app = opened(step="2.2", activation="gelu", depth="7")
    button(app, "Show me").click().run()
    app.button(key="next").click().run()
    assert {name: "".join(text) for name, text in app.query_params.items()} == {"activation": "gelu", "depth": "7", "step": "2.3"}


@pytest.mark.parametrize("step", ["9.9", "", "<b>x</b>", "1.1.1"])
def test_a_step_there_is_not_is_the_first_one(step):
    app = opened(step=step)
    assert app.header[0].value == LESSON.screens["0.1"].topic and "no screen" in app.info[0].value


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """English with two screens, of which the second is broken, and German with the first."""
    for language, text in (("en", GOOD), ("de", GOOD.replace("Before", "Vorher"))):
        (tmp_path / language).mkdir()
        (tmp_path / language / "1.1.md").write_text(text, encoding="utf-8")
    (tmp_path / "en" / "1.2.md").write_text(GOOD.replace("measure: change delta", "measure: <b> delta"))
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    return tmp_path


def test_a_broken_file_says_so_and_the_others_work(folder):
    app = opened(step="1.2")
    assert "en/1\\.2\\.md, line 9" in app.error[0].value and "<b>" not in app.error[0].value.replace("\\<b\\>", "")
    app.button(key="back").click().run()
    assert not app.error and app.header[0].value == "Before"


def test_another_language_is_one_click_away_and_in_the_links(folder):
    app = opened()
    app.segmented_control(key="language").set_value("de").run()
    assert app.header[0].value == "Vorher" and "".join(app.query_params["language"]) == "de"
    app.radio(key="guess_1.1").set_value(0).run()
    button(app, "Show me").click().run()
    assert not app.error and all("language=de" in link.proto.query_string for link in app.get("page_link"))


def test_no_screens_at_all_is_said(tmp_path, monkeypatch):
    (tmp_path / "en").mkdir()
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    assert "no screens" in texts(opened())
    monkeypatch.setattr(lessons, "FOLDER", tmp_path / "nowhere")
    assert "no screens" in texts(opened())


def test_a_teachers_network_that_is_too_large_is_refused(folder):
    (folder / "en" / "1.1.md").write_text(GOOD.replace("depth=5\nmeasure", "depth=2000&width=1000000\nmeasure"))
    app = opened()
    assert "What would fit" in app.warning[0].value and not charts(app)


def test_a_failing_network_leaves_a_sentence(monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("secret detail")

    for chart, lab in lesson_charts.EVIDENCE.items():
        monkeypatch.setitem(lesson_charts.EVIDENCE, chart, replace(lab, name="a lab that fails", measure=fail))
    app = opened(step="2.2")
    button(app, "Show me").click().run()
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value and step_of(app) == "2.2"
    assert "secret detail" in caplog.text


def test_what_is_gone_is_judged_in_words():
    screen = LESSON.screens["2.3"]
    gone = judged(screen, Answer(float("-inf"), float("-inf")), -3)
    assert "nothing is left" in gone.words and not gone.right
    close = judged(screen, Answer(-5.0, -5.0), -4)
    assert "**Close**" in close.words and close.right and not close.reason


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ([None, None], "not guessed"),
        ([True, None, False], "**1 of your 2 first guesses was"),
        ([True, True], "**2 of your 2 first guesses were"),
    ],
)
def test_a_score_counts_first_guesses(rights, words):
    assert words in score(rights, len(rights)) and ("without a guess" in score(rights, len(rights))) == (words[2:3] == "1")
