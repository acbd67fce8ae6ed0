"""The page of histograms as a visitor uses it, without a browser."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.labs.distributions import DISTRIBUTIONS, layers_of
from propagation.presets import PRESETS
from propagation.theory.prediction import predict
from propagation.ui.pages import distributions as page_module
from tests.patience import PATIENCE
from ui.shown import charts

SMALL = {"depth": 6, "width": 16, "inputs": 4, "trials": 2}


def page(config_fields: dict, page_parameters: dict) -> None:
    import streamlit as st

    from propagation.config import Config
    from propagation.ui.pages import distributions
    from propagation.ui.session import experiment

    for name, text in page_parameters.items():
        if "page" not in st.session_state:
            st.query_params[name] = text
    experiment.sync_from_url()
    distributions.render(Config(**config_fields))


def opened(config: dict | None = None, **parameters: str) -> AppTest:
    app = AppTest.from_function(
        page, kwargs={"config_fields": SMALL | (config or {}), "page_parameters": parameters}, default_timeout=PATIENCE
    )
    app.run()
    assert not app.exception
    return app


def figures(app: AppTest) -> list[dict]:
    return charts(app)


def strong(app: AppTest) -> list[str]:
    """The ridge that is drawn strong."""
    ridges = next(figure for figure in figures(app) if figure["layout"]["uirevision"] == "ridges")
    return [trace["name"] for trace in ridges["data"] if trace.get("fill") and trace["line"]["width"] == 2]


def table(app: AppTest) -> str:
    return next(element.value for element in app.markdown if element.value.startswith("| ") and " in layer " in element.value)


def test_the_page_asks_and_draws_ridges_and_one_layer():
    app = opened()
    assert app.title[0].value.endswith("?") and not app.error and not app.warning
    assert {figure["layout"]["uirevision"] for figure in figures(app)} == {"ridges", "one layer"}
    assert all(words in table(app) for words in ("root mean square", "theory", "exactly zero", "saturated", "excess kurtosis"))
    assert strong(app) == ["layer 1"]


def test_the_switches_are_read_from_the_address():
    app = opened(signal="delta", scale="own", place="last")
    assert table(app).startswith("| δ in layer 6") and strong(app) == ["layer 6"]
    assert "theory" not in table(app)


@pytest.mark.parametrize("parameters", [{"signal": "x"}, {"scale": "mine"}, {"place": "51"}])
def test_an_unknown_choice_is_the_first(parameters):
    assert strong(opened(**parameters)) == ["layer 1"]


def test_a_switch_moves_the_chart():
    app = opened()
    app.segmented_control(key="place").set_value("last").run()
    app.segmented_control(key="signal").set_value("weight_gradient").run()
    assert not app.exception and table(app).startswith("| ∂C/∂W in layer 6")


def test_too_large_is_refused_with_what_would_fit():
    app = opened({"depth": 2000, "width": 512, "weight_law": "orthogonal", "method": "dense", "trials": 8})
    assert "What would fit" in app.warning[0].value and not charts(app)


def test_a_dead_signal_has_a_sentence():
    app = opened({"weight_variance": 0.0, "bias_variance": 0.0})
    assert not app.error and "nothing to draw" in app.info[0].value


def test_a_failing_lab_leaves_a_sentence(monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(page_module, "DISTRIBUTIONS", replace(DISTRIBUTIONS, measure=fail))
    app = opened({"seed": 515151})
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert "secret detail" in caplog.text


def test_without_theory_the_measurement_stands(monkeypatch):
    def fail(*_):
        raise ArithmeticError

    monkeypatch.setattr(page_module, "prediction_of", fail)
    app = opened()
    assert not app.error and len(figures(app)) == 2 and "theory" not in table(app)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 7, 10, 50, 2000])
def test_places_keep_their_names_at_any_depth(depth):
    places, layers = page_module.places_of(depth), layers_of(depth)
    assert layers[places["first"]] == 1 and layers[list(places.values())[-1]] == depth
    assert list(places.values()) == sorted(set(places.values())) and len(places) == min(depth, 5)


@pytest.mark.parametrize("start", page_module.STARTS, ids=lambda start: start[0])
def test_every_start_is_one_the_experiment_understands(start):
    _, fields, _ = start
    replace(PRESETS[fields["preset"]].config, **{name: value for name, value in fields.items() if name != "preset"})


def test_the_normalized_start_says_what_is_left_of_a_gradients_width():
    left = {}
    for label, fields, _ in page_module.STARTS[:2]:
        delta = predict(replace(PRESETS[fields["preset"]].config, scheme=fields.get("scheme", "glorot_standard"))).delta
        left[label] = 100 * 10 ** (0.5 * float(delta.log10_second_moment[0] - delta.log10_second_moment[-1]))
    standard, normalized = left.values()
    assert f"after 10 layers {normalized:.0f} % of the gradient's width is left, in place of {standard:.1f} %" in page_module.STARTS[1][2]


def test_the_sentence_goes_the_way_the_signal_goes():
    standard = DISTRIBUTIONS(replace(PRESETS["glorot_2010"].config, width=64, inputs=8))
    assert page_module.in_words(standard, "h").startswith("**The activation h narrows**")
    backward = page_module.in_words(standard, "delta")
    assert "gradient δ = ∂C/∂z narrows" in backward and "in layer 10 to" in backward and backward.endswith("in layer 1.")
    assert "∂C/∂W keeps its width" in page_module.in_words(standard, "weight_gradient")


def test_numbers_are_in_words():
    one = DISTRIBUTIONS(Config(**SMALL)).histograms["z"][0]
    rows = page_module.numbers_of(replace(one, zeros=0.5, excess_kurtosis=math.nan, beyond=0.001), 0.25, math.log10(1.5))
    assert (rows["exactly zero"], rows["saturated slopes"], rows["excess kurtosis"], rows["theory"]) == ("50 %", "25 %", "—", "1.5")
    assert rows["beyond ± 5"] == "0.1 %" and np.isfinite(one.excess_kurtosis)
