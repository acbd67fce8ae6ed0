"""Names of tables: two pages that would draw other frames ask for other tables, and two that would draw the same share one."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from propagation.ui.components import sweep
from tests.patience import PATIENCE

PAGE = """
from propagation.ui.pages import {page}
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
experiment.sync_from_url()
if "{page}" != "explore":
    controls.draw()
{page}.render(experiment.sync_to_url())
"""


@pytest.fixture
def keys(monkeypatch):
    """The names that a page gives to the tables of its sliders, by field."""
    watched: dict[str, str] = {}

    def watch(sliders, *_, **__):
        watched.update({slider["field"]: slider["key"] for slider in sliders.values()})

    monkeypatch.setattr(sweep, "watch", watch)

    def of(page: str, **query: str) -> dict[str, str]:
        watched.clear()
        app = AppTest.from_string(PAGE.format(page=page), default_timeout=PATIENCE)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception and not app.error and watched
        return dict(watched)

    return of


def test_where_the_plane_ends_is_part_of_a_name(keys):
    first, near, far = (keys("phase", weight_variance=value)["weight_variance"] for value in ("0.4", "0.3", "6"))
    assert first == near != far


SMALL = {"width": "16", "inputs": "4", "trials": "1"}


@pytest.mark.parametrize(("field", "values", "reaches"), [("depth", ("10", "20"), True), ("weight_variance", ("1.5", "3"), False)])
def test_where_a_slider_of_shapes_stands_is_part_of_a_name_for_its_table_reaches_as_far(keys, field, values, reaches):
    first, second = (keys("explore", **(SMALL | {field: value}))[field] for value in values)
    assert (first != second) == reaches


def test_the_columns_of_a_comparison_are_part_of_a_name(keys):
    small = SMALL | {"depth": "5"}
    one, same, other = (
        keys("compare", **small, columns=columns, weight_variance=value)["weight_variance"]
        for columns, value in (("he.relu.gaussian", "2"), ("he.relu.gaussian", "3"), ("lecun.relu.gaussian", "2"))
    )
    assert one == same != other
