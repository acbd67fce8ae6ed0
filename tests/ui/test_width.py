"""The width page as a visitor uses it: a sentence with numbers, marks that stay, what it says where there is little to say; no browser."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from propagation.ui.pages import width as page
from tests.patience import PATIENCE
from ui.shown import charts, opened_alone

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import width\nwidth.render(controls.draw())"
FEW = (16, 64, 256, 1024)


@pytest.fixture(autouse=True)
def few_widths(monkeypatch):
    """The wide networks take seconds, and do nothing that the narrow ones do not."""
    monkeypatch.setattr(page, "widths_of", lambda config: FEW)
    page._known.clear()


#: the page, opened at an address
opened = partial(opened_alone, PAGE)


def marks(app: AppTest, name: str = "z") -> dict:
    figure = charts(app)[0]
    return next(trace for trace in figure["data"] if trace["name"] == name)


def sentence(app: AppTest) -> str:
    return app.markdown[1].value


def test_the_page_answers_and_draws():
    app = opened(depth="4")
    assert app.title[0].value.endswith("?")
    assert "At width **512**, after 4 layers" in sentence(app) and "off" in sentence(app)
    np.testing.assert_allclose(marks(app)["x"], np.log10(FEW))
    assert len(charts(app)) == 1 and not app.get("progress")


def test_it_says_how_many_layers_it_measures():
    assert "after 10 layers (you have 50)" in sentence(opened())
    assert "after one layer" in sentence(opened(depth="1"))


def test_moving_the_width_measures_nothing_again(monkeypatch):
    app = opened(depth="4")
    before = marks(app)["y"]
    measured = []
    measure = page.deviations
    monkeypatch.setattr(page, "deviations", lambda config, widths, show: measured.extend(widths) or measure(config, widths, show))
    app.select_slider(key="width").set_value(1024).run()
    assert "At width **1,024**" in sentence(app) and marks(app)["y"] == before
    assert measured == []
    app.select_slider(key="depth").set_value(3).run()  # another experiment
    assert measured == list(FEW)


def test_what_was_measured_before_a_visitor_left_is_kept(monkeypatch):
    def leave_early(config, widths, show):
        yield next(measure(config, widths, show))
        raise RuntimeError("gone")

    measure = page.deviations
    monkeypatch.setattr(page, "deviations", leave_early)
    AppTest.from_string(PAGE, default_timeout=PATIENCE).run()
    widths_left = []
    monkeypatch.setattr(page, "deviations", lambda config, widths, show: widths_left.extend(widths) or measure(config, widths, show))
    assert len(marks(opened())["x"]) == len(FEW)
    assert widths_left == list(FEW[1:])


def test_another_seed_draws_other_networks():
    assert marks(opened(depth="3"))["y"] != marks(opened(depth="3", seed="1"))["y"]


def test_theory_is_drawn_for_relu_and_not_for_tanh():
    assert marks(opened(activation="relu", scheme="he", bias_variance="0"), "z theory")
    with pytest.raises(StopIteration):
        marks(opened(), "z theory")


def test_weights_that_keep_lengths_leave_nothing_to_chance():
    app = opened(activation="linear", scheme="lecun", bias_variance="0", weight_law="orthogonal")
    assert "exact" in sentence(app) and "neurons a layer" in sentence(app)


@pytest.mark.slow
def test_nothing_but_zero_is_no_crash():
    assert "nothing to compare" in sentence(opened(weight_variance="0", bias_variance="0"))


def test_far_off_is_said_without_a_number():
    assert "more than 50" in sentence(opened(activation="relu", weight_variance="2", bias_variance="0", width="2"))


def test_it_says_where_matrices_end_it():
    app = opened(weight_law="uniform", depth="2")
    assert any("Uniform weights" in caption.value and "1,024" in caption.value for caption in app.caption)


def test_a_failure_leaves_a_sentence_and_the_rest(monkeypatch):
    def fail(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(page, "deviations", fail)
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE).run()
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert app.expander and not app.exception
