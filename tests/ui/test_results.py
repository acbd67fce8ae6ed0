"""The seam between pages and what computes: the cache, and the visitor's place in line."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from propagation.engine.network import simulate
from propagation.runtime.lru import LRU
from propagation.ui import results
from tests.patience import PATIENCE


@pytest.mark.parametrize("what", ["trace_of", "first_trace_of", "first_scatters_of"])
def test_who_gets_networks_has_no_place_in_line_any_more(what, monkeypatch):
    def page(what: str) -> None:
        import time

        import streamlit as st

        from propagation.config import Config
        from propagation.ui import results

        st.session_state.waiting_since = time.monotonic() - 5
        getattr(results, what)(Config(depth=3, width=8, inputs=2, trials=2, seed=616161))

    # each simulates: none asks for a config that another has left in the cache
    monkeypatch.setattr(results, "_small", LRU(1))
    st.cache_data.clear()
    app = AppTest.from_function(page, kwargs={"what": what}, default_timeout=PATIENCE).run()
    assert not app.exception and "waiting_since" not in app.session_state


@pytest.mark.parametrize(("seconds_ago", "kept"), [(5, True), (600, False)])
def test_a_place_in_line_is_kept_for_a_while(seconds_ago, kept):
    def page(seconds_ago: float) -> None:
        import time

        import streamlit as st

        from propagation.ui.session import experiment

        since = st.session_state.waiting_since = time.monotonic() - seconds_ago
        st.session_state.kept = experiment.waiting_since() == since

    app = AppTest.from_function(page, kwargs={"seconds_ago": seconds_ago}, default_timeout=PATIENCE).run()
    assert app.session_state["kept"] == kept


def test_a_value_that_no_slider_has_changes_nothing():
    def crafted() -> None:
        import math

        import streamlit as st

        from propagation.ui.session import experiment

        experiment.sync_from_url()
        for value in (math.inf, math.nan, "x", None, [], 10**400):
            for field in ("depth", "weight_variance"):
                assert experiment.imagined(field, value) == experiment.present()
        st.write("unmoved")

    app = AppTest.from_function(crafted, default_timeout=PATIENCE).run()
    assert not app.exception and app.markdown[0].value == "unmoved"


def test_a_trace_is_simulated_once_for_all_and_nobody_can_change_it(monkeypatch):
    def page() -> None:
        from propagation.config import Config
        from propagation.ui import results

        trace = results.trace_of(Config(depth=3, width=8, inputs=2, trials=2, seed=717171))
        if trace.z.mean.flags.writeable:
            trace.z.mean[:] = 7.0

    simulated = []
    monkeypatch.setattr("propagation.simulate", lambda *arguments: simulated.append(arguments) or simulate(*arguments))
    first, second = (AppTest.from_function(page, default_timeout=PATIENCE).run() for _ in range(2))
    assert not first.exception and not second.exception and len(simulated) == 1
    kept = results._small.get(simulated[0][0])
    assert kept is not None and not kept.z.mean.flags.writeable and (kept.z.mean != 7.0).all()


def test_who_waits_for_long_is_told_about_how_long_and_once(monkeypatch):
    def page() -> None:
        from propagation.config import Config
        from propagation.ui import results

        results.trace_of(Config(depth=3, width=8, inputs=2, trials=2, seed=616162))

    monkeypatch.setattr(results, "_small", LRU(1))
    monkeypatch.setattr(results, "expected_wait", lambda: 1.0)
    app = AppTest.from_function(page, default_timeout=PATIENCE).run()
    assert not app.exception and not app.toast
    monkeypatch.setattr(results, "_small", LRU(1))
    monkeypatch.setattr(results, "expected_wait", lambda: 6.4)
    app = AppTest.from_function(page, default_timeout=PATIENCE).run()
    assert [toast.value for toast in app.toast] == ["Many are asking at once: the server is busy, about 6 s."]
    monkeypatch.setattr(results, "_small", LRU(1))
    assert not app.run().toast and not app.exception
