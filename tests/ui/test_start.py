"""The Start page without a browser: what is sent to it, where its doors lead, and that the visitor's experiment waits."""

from __future__ import annotations

import base64
import json
import zlib
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.labs.reading import load
from propagation.ui.components import two_networks
from propagation.ui.pages import start
from tests.patience import PATIENCE
from ui.shown import APP


@pytest.fixture
def app() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    assert not app.exception and not app.error
    return app


def table(app: AppTest) -> dict:
    [sent] = [element.proto.bytes for element in app.get("bidi_component") if element.proto.component_name == "two_networks"]
    assert len(sent) < 120_000, "it is there before anybody has read the headline"
    return json.loads(zlib.decompress(sent))


def doors(app: AppTest) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Where the links lead, by label: the page and its parameters."""
    return {link.proto.label: (link.proto.page, parse_qs(link.proto.query_string)) for link in app.get("page_link")}


def test_what_is_sent_is_what_was_found(app):
    sent, found = table(app), load()
    pictures = np.frombuffer(base64.b64decode(sent["pictures"]), np.uint8).reshape(found.pictures.shape) / sent["steps"]
    neurons = np.frombuffer(base64.b64decode(sent["neurons"]), np.uint8).reshape(found.neurons.shape) / (sent["steps"] / 2) - 1
    assert np.abs(pictures - found.pictures).max() < 0.003 and np.abs(neurons - found.neurons).max() < 0.005
    assert not neurons[found.neurons == 0].any(), "nothing is grey, and has no colour"
    assert np.abs(np.array(sent["gradient"]) - found.log10_gradient).max() <= 0.005 + 1e-9
    assert sent["values"][sent["fixed"]] == 1 and sent["values"][sent["first"]] == pytest.approx(0.5, abs=0.01)
    assert len(sent["words"]) == len(sent["values"]) == len(found.values)


def test_there_are_three_doors_and_one_leads_to_the_network_that_is_seen(app):
    led = doors(app)
    assert [label.strip("*") for label in led] == ["Understand it", "Try it", "Choose an init"]
    assert [page for page, _ in led.values()] == ["lesson", "explore", "gains"]
    config, problems = Config.from_query(led["**Try it**"][1])
    assert not problems and (config.depth, config.width, config.activation, config.bias_variance) == (50, 256, "tanh", 0)
    assert config.weight_variance == pytest.approx(0.503, abs=1e-3) and config.input_law == "digits"


@pytest.mark.parametrize(("said", "place"), [(None, 6), (3, 3), (0, 0), (33, 6), (-1, 6), ("x", 6), (float("nan"), 6)])
def test_the_place_of_the_slider_is_one_there_is(monkeypatch, said, place):
    class State:
        place = said

    monkeypatch.setattr(two_networks.st, "session_state", {"two_networks": State})
    assert two_networks.place_chosen(6, 33) == place


def test_no_symbol_stands_before_it_is_explained(app):
    first = " ".join([app.title[0].value, app.header[0].value, *(text.value for text in app.markdown[:1]), *start._LABELS.values()])
    assert not [letter for letter in "σχδ∂φ²" if letter in first] and len(first.split()) < 150
