"""Pages by name: `?page=phase` opens a page on any host, and a host of files is told of no path."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.ui.pages import PAGES, start
from propagation.ui.session import url
from tests.patience import PATIENCE

APP = Path(__file__).parents[2] / "app.py"
SMALL = {"depth": "4", "width": "8", "inputs": "4", "trials": "2"}


def opened(**query: str) -> AppTest:
    return arrived(SMALL | query)


def arrived(query: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def told(app: AppTest) -> dict[str, str]:
    return {name: text if isinstance(text, str) else text[-1] for name, text in app.query_params.items()}


def test_a_page_is_found_by_its_name_and_brings_the_experiment():
    app = opened(page="phase", activation="erf")
    assert app.title[0].value == "Order or chaos?"
    assert told(app) == SMALL | {"activation": "erf"}
    assert app.selectbox(key="activation").value == "erf"


@pytest.mark.parametrize("query", [{}, {"page": "explore"}, {"page": ""}])
def test_an_address_without_a_path_that_describes_an_experiment_is_of_explore(query):
    app = opened(**query)
    assert app.title[0].value == "Does the signal survive?" and not app.warning
    assert told(app) == SMALL


@pytest.mark.parametrize("name", ["view", "lock", "depth"])
def test_so_is_one_with_any_parameter_of_pages_or_terms(name):
    assert arrived({name: "7"}).title[0].value == "Does the signal survive?"


@pytest.mark.parametrize("query", [{}, {"page": "start"}, {"page": ""}, {"from": "elsewhere"}])
def test_an_address_that_describes_none_opens_start_and_stays_as_it_is(query):
    app = arrived(query)
    assert app.title[0].value == start.TITLE and told(app) == query


@pytest.mark.parametrize("name", ["nowhere", "<b>x</b>", "../phase", "[x](y)"])
def test_a_page_that_is_not_there_is_told_of_and_not_repeated(name):
    app = opened(page=name)
    assert app.title[0].value == start.TITLE
    [warning] = app.warning
    assert "not here" in warning.value and name not in warning.value


def test_only_an_arrival_is_led_on():
    """Back may pass the address with the name again: leading on from there would be a trap."""
    app = opened(page="nowhere")
    app.query_params["page"] = "phase"
    app.run()
    assert app.title[0].value == start.TITLE and not app.warning


@pytest.mark.parametrize(
    ("home", "path", "expected"),
    [
        ("", "/phase", ("/phase", {})),
        ("", "", ("/", {})),
        ("/", "/phase", ("/", {"page": "phase"})),
        ("/", "/", ("/", {})),
        ("/course/", "/course/phase", ("/course/", {"page": "phase"})),
        ("/course/", "/course", ("/course/", {})),
        ("/course/", "/course/", ("/course/", {})),
    ],
)
def test_a_link_names_the_page_as_the_host_can_find_it(monkeypatch, home, path, expected):
    monkeypatch.setattr(url, "HOME", home)
    assert url.place(path) == expected


def test_page_names_are_such_that_the_page_for_missing_pages_knows_them():
    """404.html turns one lower-case word behind the site's address into the parameter."""
    names = [page.slug for page in PAGES]
    assert len(names) > 5 and all(name.isascii() and name.isalpha() and name.islower() for name in names)


def test_the_shared_link_is_made_for_the_host(monkeypatch):
    monkeypatch.setattr(url, "HOME", "/course/")
    link = url.link_from("https://example.org/course/phase?old=1", Config(depth=7), {"view": "h"})
    assert link == "https://example.org/course/?page=phase&depth=7&view=h"


def test_where_streamlit_does_not_tell_of_back_the_address_counts_until_another_is_written(monkeypatch):
    sent = QueryParams(weight_variance=["1.53"])
    monkeypatch.setattr(url.st, "query_params", sent)
    monkeypatch.setattr(url.st, "session_state", {})
    assert url.read() == {"weight_variance": ["1.53"]} and not url.led_here()
    url.gone_to("?weight_variance=1.52&embed=true&page=phase&activation=")
    assert url.read() == {"weight_variance": ["1.52"], "activation": [""]}
    assert url.led_here() and not url.led_here()
    url.gone_to("?")
    assert url.read() == {}
    sent["depth"] = ["7"]
    assert url.read() == {"weight_variance": ["1.53"], "depth": ["7"]}
    del sent["depth"]
    assert url.write(Config(weight_variance=1.53), {}) == {"weight_variance": ["1.53"]}, "the same as before is written anew"


class QueryParams(dict):
    """Streamlit's, as far as they are used."""

    def get_all(self, name: str) -> list[str]:
        return self[name]

    def from_dict(self, parameters: dict[str, str]) -> None:
        self.clear()
        self.update({name: [text] for name, text in parameters.items()})
