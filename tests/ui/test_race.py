"""The race as a visitor runs it: start, pause, continue, stop, another set of lanes, and what it says when something is amiss."""

from __future__ import annotations

import logging
import threading

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from propagation.labs import race as lab
from propagation.labs.training import Recipe
from propagation.ui.pages import race as page
from propagation.ui.session import experiment, race_session
from propagation.ui.widgets import race_setup
from tests.patience import PATIENCE
from ui.shown import charts

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import race\nrace.render(controls.draw())"
SMALL = {"depth": "4", "width": "16", "steps": "100", "rate": "0.1"}
TWO = "glorot.tanh.uniform~glorot_standard.sigmoid.uniform"


@pytest.fixture(autouse=True)
def one_round_at_a_time(monkeypatch):
    monkeypatch.setattr(page, "_TICK", 0.0)


def opened(**query: str) -> AppTest:
    """The page, opened at an address; small unless it says otherwise."""
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    for name, value in (SMALL | {"columns": TWO} | query).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def drawn(app: AppTest) -> list[list[float]]:
    """The accuracies of all lanes."""
    figure = charts(app)[0]
    return [trace["y"] for trace in figure["data"] if trace.get("meta") == "accuracy"]


def raced(app: AppTest) -> AppTest:
    """The race, run to its end."""
    app.button(key="race_start").click().run()
    for _ in range(60):
        if any(button.key == "race_again" for button in app.button):
            return app
        app.run()
        assert not app.exception and not app.error
    raise AssertionError("the race does not end")


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


def text(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.header, *app.markdown, *app.info, *app.warning))


def test_it_opens_at_the_start_with_empty_charts():
    app = opened()
    assert app.title[0].value.endswith("?") and "Press Start" in app.header[0].value
    assert len(charts(app)) == 2 and drawn(app) == [] and "race_start" in keys(app)


@pytest.mark.slow
def test_a_race_ends_with_a_winner_a_reason_and_a_table():
    app = raced(opened())
    assert "Glorot 2010 · tanh leads" in app.header[0].value and "slowest layer of standard · sigmoid" in text(app)
    outcomes = " ".join(app.table[0].value["outcome"]).replace("\u00a0", " ")
    assert "got to" in outcomes and "stands still at" in outcomes and "✓" in app.table[0].value["initialization"][0]
    assert "median of the last looks" in text(app)
    assert len(charts(app)) == 3 and [len(y) for y in drawn(app)] == [21, 21]
    assert drawn(raced(opened())) == drawn(app)  # another visitor, the same seed


def test_it_pauses_and_goes_on_where_it_stood():
    app = opened()
    app.button(key="race_start").click().run()
    app.run()
    app.button(key="race_pause").click().run()
    before = drawn(app)
    app.run()
    assert drawn(app) == before and "Paused at step" in " ".join(str(bar.proto.text) for bar in app.get("progress"))
    app.button(key="race_continue").click().run()
    after = drawn(app)
    assert [y[: len(b)] for y, b in zip(after, before, strict=True)] == before and len(after[0]) == len(before[0]) + 1


def test_stopping_leaves_a_page_that_can_be_used():
    app = opened()
    app.button(key="race_start").click().run()
    app.run()
    app.button(key="race_stop").click().run()
    assert "Stopped at step" in text(app) and keys(app) >= {"race_again"} and "race_pause" not in keys(app)
    app.button(key="race_again").click().run()
    assert len(drawn(app)[0]) == 1 and "race_pause" in keys(app)


def test_a_control_moved_in_the_middle_makes_another_race():
    app = opened()
    app.button(key="race_start").click().run()
    app.select_slider(key="depth").set_value(5).run()
    assert not app.exception and drawn(app) == [] and "race_start" in keys(app)
    app.select_slider(key="rate").set_value("1").run()
    assert app.query_params["rate"] in ("1", ["1"])


@pytest.mark.parametrize("start", race_setup.STARTS, ids=lambda start: start.label)
def test_a_button_sets_everything_and_starts(start):
    app = opened()
    app.button(key=f"start_{start.label}").click().run()
    assert not app.exception and len(drawn(app)) == len(start.columns or start.networks) and "race_pause" in keys(app)
    assert f"{len(start.columns or start.networks)} networks of {start.fields['depth']} × {start.fields['width']}" in text(app)
    assert app.title[0].value == ("Which architecture learns?" if start.networks else "Which initialization learns?")
    assert app.select_slider(key="rate").value == start.rate and app.select_slider(key="steps").value == "300"


def test_architectures_are_raced_taken_away_and_left_by_another_race():
    app = raced(opened(compared="architectures", networks="plain~rezero", depth="3"))
    assert [cell.split(" ", 1)[1] for cell in app.table[0].value["architecture"]] and len(drawn(app)) == 2
    app.button(key="race_network_plain").click().run()
    assert app.query_params["networks"] in ("rezero", ["rezero"]) and "one network of 3" in text(app)
    app.button(key="race_network_fixup").click().run()
    assert app.query_params["networks"] in ("rezero~fixup", ["rezero~fixup"])
    app.button(key=f"start_{race_setup.STARTS[0].label}").click().run()
    assert "compared" not in app.query_params and "networks" not in app.query_params and len(drawn(app)) == 6


def test_a_network_that_is_none_is_said_and_the_others_race():
    app = opened(compared="architectures", networks="plain~nonsense~pre_norm")
    assert "nonsense" in app.warning[0].value and "2 networks" in text(app)
    app = opened(compared="architectures", networks="none")
    assert "Nobody is at the start yet" in text(app)


def test_a_rate_that_diverges_ends_in_words():
    app = raced(opened(rate="100", columns="he.relu.gaussian~custom.linear.gaussian.20"))
    assert "every lane diverges" in app.header[0].value and "diverged\u00a0at\u00a0step" in app.table[0].value["outcome"][0]


def test_lanes_are_added_and_removed():
    app = opened()
    app.button(key="race_add").click().run()
    assert "3 networks" in text(app)
    for _ in range(3):
        app.button(key="race_remove_0").click().run()
    assert "Nobody is at the start yet" in text(app) and not app.exception
    app.button(key="race_add").click().run()
    assert "one network of 4" in text(app)


@pytest.mark.slow
def test_the_gradients_of_another_lane_are_a_choice_in_the_link():
    app = raced(opened(lane="1"))
    figure = charts(app)[2]
    assert figure["layout"]["uirevision"].endswith("standard · sigmoid")


def test_what_cannot_be_raced_is_said():
    app = opened(columns=f"kumar.leaky_relu.gaussian~nonsense~{TWO}")
    assert "nonsense" in app.warning[0].value and "Kumar" in app.warning[0].value and "2 networks" in text(app)
    app = opened(rate="banana", momentum="2", steps="1e9")
    assert all(name in app.warning[0].value for name in ("rate", "momentum", "steps"))
    assert app.select_slider(key="rate").value == "0.01"


def test_what_is_too_large_is_made_narrower_or_refused_with_a_way_out():
    assert "not your 1,000,000" in text(opened(width="1000000"))
    app = opened(depth="2000")
    assert "at most 200 layers" in app.warning[0].value and "fewer layers than 2,000" in app.warning[0].value
    assert not charts(app)


def test_a_link_may_give_values_between_those_of_the_scale():
    app = opened(rate="0.02", steps="150")
    assert app.select_slider(key="rate").value == "0.02" and not app.warning


def test_a_failure_ends_the_race_and_not_the_page(monkeypatch):
    def broken(entries, recipe):
        raise MemoryError
        yield

    monkeypatch.setattr(race_session, "race", broken)
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    for name, value in SMALL.items():
        app.query_params[name] = value
    app.run().button(key="race_start").click().run()
    assert not app.exception and "race_start" in keys(app.run())


def test_a_failure_in_the_middle_is_logged_and_the_page_says_where_it_ended(monkeypatch, caplog):
    def breaking(entries, recipe):
        rounds = lab.race(entries, recipe)
        yield from (next(rounds), next(rounds))
        raise MemoryError("no room")

    monkeypatch.setattr(race_session, "race", breaking)
    with caplog.at_level(logging.ERROR):
        app = raced(opened())
    assert "Stopped at step 5 of 100" in text(app) and not app.exception
    assert any(record.exc_info and "no room" in str(record.exc_info[1]) for record in caplog.records)


class Held:
    """A race whose rounds take until they are let go, and someone who has begun to race it on."""

    def __init__(self, monkeypatch, last=("first", "second")) -> None:
        self.last = last
        self._begun, self._free = threading.Event(), threading.Event()
        monkeypatch.setattr(race_session, "race", self._rounds)
        self.racing = race_session.Race("key", (), Recipe())
        self.racing.start()
        self._errors: list[BaseException] = []
        self._other = threading.Thread(target=self._advance)
        self._other.start()
        assert self._begun.wait(10)

    def _rounds(self, entries, recipe):
        for lanes in self.last:
            self._begun.set()
            assert self._free.wait(10)
            yield (lanes,)

    def _advance(self) -> None:
        try:
            self.racing.advance(0.0)
        except BaseException as error:
            self._errors.append(error)

    def let_go(self) -> None:
        """Let the other one come to its end, which must be a good one."""
        self._free.set()
        self._other.join(10)
        assert not self._other.is_alive() and self._errors == []


def test_two_runs_of_the_page_do_not_race_one_race_on(monkeypatch):
    """What a slider moved in the middle of a round sets off: the second run leaves the race alone, and it goes on."""
    held = Held(monkeypatch)
    held.racing.advance(0.0)
    assert held.racing.status == "running" and held.racing.lanes == ()
    held.let_go()
    assert held.racing.status == "running" and held.racing.lanes == ("first",)
    held.racing.advance(0.0)
    assert held.racing.lanes == ("second",)
    held.racing.advance(0.0)
    assert held.racing.status == "over" and not held.racing.stopped


def test_a_pause_in_the_middle_of_a_round_holds(monkeypatch):
    held = Held(monkeypatch)
    held.racing.pause()
    held.let_go()
    assert held.racing.status == "paused" and held.racing.lanes == ("first",)
    held.racing.advance(0.0)
    assert held.racing.lanes == ("first",)


def test_a_round_that_was_stopped_in_the_middle_no_longer_counts(monkeypatch):
    held = Held(monkeypatch)
    held.racing.stop()
    held.let_go()
    assert held.racing.status == "ready" and held.racing.stopped and held.racing.lanes == ()


def test_a_race_started_anew_is_not_mixed_with_the_round_before(monkeypatch):
    held = Held(monkeypatch)
    held.racing.stop()
    held.last = ("another",)
    held.racing.start()
    held.let_go()
    assert held.racing.status == "running" and held.racing.lanes == ()
    held.racing.advance(0.0)
    assert held.racing.lanes == ("another",)


def test_the_page_follows_when_another_run_has_brought_the_race_to_its_end(monkeypatch):
    """Else its buttons would speak of a race that is over."""
    app = opened()
    app.button(key="race_start").click().run()

    draw_lanes = page.draw_lanes

    def meanwhile(config, columns):
        st.session_state["race"].stop()
        draw_lanes(config, columns)

    monkeypatch.setattr(page, "draw_lanes", meanwhile)
    assert "race_again" in keys(app.run())


def test_a_widget_that_is_no_longer_drawn_touches_nothing(monkeypatch):
    """A browser reports the choice of a lane once more after its race is gone: the Back button must not take that for a move."""
    state = _ByKey(page={"rate": "0.3"}, pending={}, lane="0")
    monkeypatch.setattr(experiment.st, "session_state", state)
    experiment.set_page_parameter("lane", "0")
    assert state.pending == {} and state.page == {"rate": "0.3"}
    state.lane = "1"
    experiment.set_page_parameter("lane", "0")
    assert state.pending == {"lane": "1"} and state.page == {"rate": "0.3", "lane": "1"}


class _ByKey(dict):
    """A session state: the same by key and by attribute."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__
