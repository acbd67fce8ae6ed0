"""The Angles page as a visitor uses it, without a browser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.theory.manifold import angle_path
from propagation.theory.phases import critical_weight_variance
from propagation.ui.pages import angles as page
from tests.patience import PATIENCE
from ui.shown import charts

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import angles\nangles.render(controls.draw())"
SMALL = {"depth": "8", "width": "32", "trials": "2"}


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


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_it_asks_a_question_and_draws_angles_curve_and_geometry():
    app = opened()
    assert app.title[0].value.endswith("?") and len(figures(app)) == 3
    angles, space, geometry = figures(app)
    assert space["data"][0]["type"] == "scatter3d"
    assert {"length", "curvature"} <= {trace.get("name") for trace in geometry["data"]}
    assert {"c = 0.9", "c = 0.9 theory"} <= {trace.get("name") for trace in angles["data"]}


def test_places_show_order_and_chaos():
    app = press(opened(), "Order")
    assert "drift together" in texts(app) and app.select_slider(key="weight_variance").value == 1.69
    app = press(app, "Chaos")
    assert "part**" in texts(app) and app.select_slider(key="depth").value == 12
    assert not app.exception and not app.error


def test_places_are_in_the_phases_that_they_name_and_the_edge_fades_like_one_over_depth():
    order, edge, chaos = (place.fields for place in page.PLACES)
    critical = critical_weight_variance("tanh", 0.09)
    assert order["weight_variance"] < critical < chaos["weight_variance"]
    assert edge["weight_variance"] == pytest.approx(critical, abs=1e-6)
    path = angle_path(Config(**{**edge, "depth": 2000}), np.array([0.1]))[:, 0]
    assert path[-1] / path[len(path) // 2] == pytest.approx(0.5, abs=0.05)


def test_the_layer_of_the_curve_is_part_of_the_address():
    app = opened(layer="2")
    assert figures(app)[2]["layout"]["shapes"][0]["x0"] == 2
    last = opened(layer="77")  # a layer of another network
    assert figures(last)[2]["layout"]["shapes"][0]["x0"] == 8
    inputs = opened(layer="0")
    assert "in the inputs it is **1** times" in texts(inputs)


def test_a_kink_and_a_dead_network_have_words():
    assert "turns around" not in texts(opened(activation="relu", scheme="he", bias_variance="0"))
    assert "no angle" in texts(opened(weight_variance="0", bias_variance="0"))


def test_merged_inputs_are_called_one():
    assert "one input" in texts(opened(weight_variance="0.3", depth="50"))


@pytest.mark.slow
def test_too_large_is_refused_and_the_circle_still_drawn():
    app = opened(width="1000000", depth="2000", trials="1", weight_law="uniform")
    assert "What would fit" in app.warning[0].value and len(figures(app)) == 2
    assert "400 neurons" in texts(app) and "the first 100 layers" in texts(app)


@pytest.mark.slow
def test_what_fails_leaves_a_sentence_and_the_rest(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(page, "ANGLES", replace(page.ANGLES, name="a lab that fails", measure=fail))
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    app.query_params["seed"] = "4321"
    app.run()
    assert not app.exception and len(figures(app)) == 2
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
