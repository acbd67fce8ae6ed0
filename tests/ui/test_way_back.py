"""A race or a link that puts another experiment in the place of the visitor's says so, and leads back."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from propagation.ui.widgets import race_setup
from tests.patience import PATIENCE
from tests.ui.shown import APP, opened

MINE = {"depth": "7", "width": "24", "weight_variance": "1.3", "trials": "3"}
BACK = "back_to_mine"


def offers(app: AppTest) -> bool:
    return any(button.key == BACK for button in app.button)


def address(app: AppTest) -> dict[str, str]:
    said = {name: texts if isinstance(texts, str) else texts[-1] for name, texts in app.query_params.items()}
    return {name: text for name, text in said.items() if name != "page"}


def test_a_race_says_that_it_replaces_the_experiment_and_leads_back():
    app = opened(page="race", rate="0.1", **MINE)
    before = address(app)
    assert not offers(app)
    app.button(key=f"start_{race_setup.STARTS[0].label}").click().run()
    assert offers(app) and address(app)["depth"] == "10" and address(app)["rate"] == "0.03"
    app.button(key=f"start_{race_setup.STARTS[2].label}").click().run()  # another one: the visitor's own is still kept
    assert offers(app) and "depth" not in address(app)
    app.button(key=BACK).click().run()
    assert address(app) == before and not offers(app)


def test_who_goes_on_from_it_has_made_it_ones_own():
    app = opened(page="race", **MINE)
    app.button(key=f"start_{race_setup.STARTS[0].label}").click().run()
    app.select_slider(key="depth").set_value(20).run()
    assert not offers(app)


def test_an_experiment_that_nobody_has_touched_is_not_missed():
    app = AppTest.from_file(APP, default_timeout=PATIENCE)
    app.query_params["page"] = "race"
    app.run()
    app.button(key=f"start_{race_setup.STARTS[0].label}").click().run()
    assert not app.exception and not offers(app)


@pytest.mark.parametrize(("query", "offered"), [({"depth": "30", "activation": "relu"}, True), ({}, False)])
def test_a_link_says_so_and_the_way_back_does_not(query, offered):
    """An address that this visit has not had is a link; one that it has had is where Back leads."""
    app = opened(page="explore", **MINE)
    mine = dict(address(app))
    lead(app, query)
    assert offers(app) == offered
    if offered:
        lead(app, mine)
        assert address(app) == mine and not offers(app)
        lead(app, query)  # forward again, as a browser does
        assert address(app)["depth"] == "30"


def lead(app: AppTest, query: dict) -> None:
    app.query_params.clear()
    for name, texts in query.items():
        app.query_params[name] = texts
    app.run()
    assert not app.exception
