"""The page of myths as a visitor sees it: a card for each, with numbers, a chart and a link; without a browser."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from propagation.myths import MYTHS
from propagation.ui.pages import myths
from tests.patience import PATIENCE
from ui.shown import charts

PAGE = """
from propagation.ui.session import experiment
from propagation.ui.pages import myths
experiment.sync_from_url()
myths.render(experiment.sync_to_url())
"""


def opened() -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE).run()
    assert not app.exception
    return app


@pytest.mark.slow
def test_every_myth_has_its_card():
    app = opened()
    assert app.title[0].value.endswith("?") and not app.error
    assert [header.value for header in app.header] == [f"“{myth.claim}.”" for myth in MYTHS.values()]
    assert len(charts(app)) == len(MYTHS)
    happens = [element.value for element in app.markdown if element.value.startswith("**What happens.**")]
    assert len(happens) == len(MYTHS) and all("not a number" not in words for words in happens)
    links = app.get("page_link")
    assert [link.proto.page for link in links] == [myth.link.page for myth in MYTHS.values()]
    assert parse_qs(links[0].proto.query_string)["columns"] == [MYTHS["randn"].link.query["columns"]]


def test_a_card_that_fails_leaves_a_sentence_and_the_others(monkeypatch):
    rows_of = myths.rows_of

    def fail_with_two_rows(seen, rows):
        if len(rows) == 2:
            raise RuntimeError("secret detail")
        return rows_of(seen, rows)

    monkeypatch.setattr(myths, "rows_of", fail_with_two_rows)
    app = opened()
    assert len(app.error) == 1 and "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert len(charts(app)) == len(MYTHS) - 1
