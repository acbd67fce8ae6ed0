"""The seam between pages and what computes: the cache, and the visitor's place in line."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page(what: str, seed: int) -> None:
    """A visitor who left the line a while ago asks for something, and then for the same again, which the cache has."""
    import streamlit as st

    from propagation.config import Config
    from propagation.ui import results

    config = Config(depth=3, width=8, inputs=2, trials=2, seed=seed)
    for when in ("now", "again"):
        st.session_state.waiting_since = 1.0
        getattr(results, what)(config)
        st.session_state[when] = "waiting_since" in st.session_state


@pytest.mark.parametrize("what", ["trace_of", "first_trace_of", "first_scatters_of"])
def test_who_is_served_has_no_place_in_line_any_more(what):
    app = AppTest.from_function(page, kwargs={"what": what, "seed": 616161}, default_timeout=30).run()
    assert not app.exception and not app.session_state["now"], "simulated"
    assert not app.session_state["again"], "from the cache"


def test_a_value_that_no_slider_has_changes_nothing():
    def crafted() -> None:
        import math

        import streamlit as st

        from propagation.ui import experiment

        experiment.arrive()
        for value in (math.inf, math.nan, "x", None, [], 10**400):
            for field in ("depth", "weight_variance"):
                assert experiment.imagined(field, value) == experiment.present()
        st.write("unmoved")

    app = AppTest.from_function(crafted, default_timeout=30).run()
    assert not app.exception and app.markdown[0].value == "unmoved"
