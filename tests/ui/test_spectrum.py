"""The Spectrum page as a visitor uses it, without a browser."""

from __future__ import annotations

import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.labs.spectrum import SPECTRUM
from propagation.ui.pages import spectrum as page
from tests.patience import PATIENCE
from ui.shown import charts

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import spectrum\nspectrum.render(controls.draw())"
SMALL = {"depth": "8", "width": "32"}
LINEAR = {"activation": "linear", "weight_variance": "1", "bias_variance": "0"}


def opened(**query: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    for name, value in (SMALL | query).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def figures(app: AppTest) -> list[dict]:
    return charts(app)


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption])


def names(figure: dict) -> set:
    return {trace.get("name") for trace in figure["data"]}


def test_both_laws_are_drawn_on_one_scale():
    app = opened()
    gaussian, orthogonal = figures(app)
    assert app.title[0].value.endswith("?")
    assert gaussian["layout"]["yaxis"]["range"] == orthogonal["layout"]["yaxis"]["range"]
    assert {"largest", "largest theory", "histogram"} <= names(gaussian) & names(orthogonal)


def test_orthogonal_linear_networks_are_isometries_and_gaussian_ones_have_their_exact_density():
    app = opened(**LINEAR)
    gaussian, orthogonal = figures(app)
    assert "density theory" in names(gaussian) and "density theory" not in names(orthogonal)
    assert "condition number **1**" in texts(app) and "spread of s² **0** (theory 0)" in texts(app)
    assert "theory 8)" in texts(app)  # the Gaussian spread: 1 per layer


def test_the_depth_of_the_histogram_is_part_of_the_address():
    app = opened(at="3")
    assert {figure["layout"]["shapes"][0]["x0"] for figure in figures(app)} == {3}
    assert {figure["layout"]["shapes"][0]["x0"] for figure in figures(opened(at="77"))} == {8}


@pytest.mark.slow
def test_places_say_what_orthogonal_weights_do_there():
    """The middle half of all lengths stays within a fifth where tanh is almost straight; with ReLU more than half of them are lost."""
    linear, tanh, relu = (SPECTRUM(Config(weight_law="orthogonal", **place.fields)).log10_values[-1] for place in page.PLACES)
    assert np.abs(linear).max() < 1e-9
    assert np.abs(np.quantile(tanh, [0.25, 0.75])).max() < math.log10(1.2) < np.abs(tanh).max(), "most lengths, and not every"
    assert np.mean(np.isinf(relu)) > 0.5
    gaussian = SPECTRUM(Config(weight_law="gaussian", **page.PLACES[1].fields)).log10_values[-1]
    assert np.abs(np.quantile(gaussian, [0.25, 0.75])).max() > 1, "negative control"


@pytest.mark.slow
def test_places_are_networks_with_something_to_see():
    app = opened()
    for label in ("Linear", "Tanh, almost linear", "ReLU with He"):
        app = next(button for button in app.button if button.label == label).click().run()
        assert not app.exception and not app.error and len(figures(app)) == 2
        assert app.select_slider(key="depth").value == 30
    assert "above 10¹³" in texts(app)


@pytest.mark.slow
def test_what_is_measured_smaller_is_said_to_be():
    app = opened(width="1024", depth="150", width_profile="funnel")
    assert "400 neurons" in texts(app) and "first 100 layers" in texts(app) and "mean square only" in texts(app)


def test_a_dead_network_has_words():
    assert texts(opened(weight_variance="0", bias_variance="0")).count("every singular value is 0") == 2
