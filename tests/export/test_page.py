"""The stand-alone page: whole, safe, and without any address but the experiment's own."""

from __future__ import annotations

import re

import pytest

from propagation.charts.signals import signals_chart
from propagation.charts.theme import palette
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.export.page import ONLINE, page

TRACE = simulate(Config(depth=3, width=8, inputs=2, trials=2))


def made(appearance: str = "light", **changes: str) -> str:
    texts = {"title": "Healthy", "settings": "3 layers", "link": "http://localhost/?depth=3", "name": "signals"} | changes
    return page(signals_chart(TRACE, appearance=appearance), colours=palette(appearance), **texts)


def test_it_holds_the_chart_and_all_it_needs():
    text = made()
    assert text.startswith("<!doctype html>") and "Plotly.newPlot" in text
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", text)
    assert len(text) > 1e6


def test_in_a_browser_plotly_comes_from_its_own_address():
    text = page(signals_chart(TRACE), title="t", settings="s", link="", name="n", colours=palette("light"), plotly_js=ONLINE)
    assert len(text) < 1e5 and "<script" in text and "Move it" not in text


@pytest.mark.parametrize("field", ["title", "settings", "link", "name"])
def test_texts_are_escaped(field):
    text = made(**{field: '"><script>alert(1)</script>'})
    assert "<script>alert" not in text and "&lt;script&gt;" in text


def test_it_stands_on_its_appearances_ground_and_leaves_the_figure_alone():
    figure = signals_chart(TRACE, appearance="dark")
    before = figure.to_plotly_json()["layout"]["paper_bgcolor"]
    text = page(figure, title="t", settings="s", link="", name="n", colours=palette("dark"), plotly_js=ONLINE)
    assert text.count(palette("dark").background) >= 2
    assert figure.to_plotly_json()["layout"]["paper_bgcolor"] == before
