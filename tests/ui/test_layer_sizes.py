"""Layers of one's own sizes, and the std of a weight, as a visitor types them."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from propagation.ui.pages import PAGES
from tests.patience import PATIENCE
from ui.shown import APP, opened


def address(app: AppTest) -> dict[str, str]:
    names = ("layer_sizes", "depth", "width", "width_profile", "scheme", "weight_std", "seed")
    said = {name: app.query_params[name] for name in names if name in app.query_params}
    return {name: text if isinstance(text, str) else text[-1] for name, text in said.items()}


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption).replace("\\", "")


def test_sizes_are_typed_and_take_the_place_of_depth_and_width():
    app = opened()
    app.text_input(key="layer_sizes").set_value("784, 300, 100, 10").run()
    assert not app.exception and address(app) == {"layer_sizes": "784-300-100-10"}
    assert app.text_input(key="layer_sizes").value == "784-300-100-10"
    assert [app.select_slider(key=key).disabled for key in ("depth", "width")] == [True, True]
    assert app.selectbox(key="width_profile").disabled
    assert "Not used: your own layer sizes count, sizes 784-300-100-10." in captions(app)
    app.text_input(key="layer_sizes").set_value("").run()
    assert address(app) == {"depth": "3", "width": "784"} and not app.select_slider(key="depth").disabled


def test_sizes_that_cannot_be_read_stay_with_a_sentence_and_lose_nothing():
    app = opened(layer_sizes="20-30-10", depth="3")
    app.text_input(key="layer_sizes").set_value("20-30-ten").run()
    assert not app.exception and address(app)["layer_sizes"] == "20-30-10"
    assert app.text_input(key="layer_sizes").value == "20-30-ten"
    assert any("'ten' as the size of layer 2" in warning.value.replace("\\", "") for warning in app.warning)
    app.number_input(key="seed").set_value(3).run()
    assert app.text_input(key="layer_sizes").value == "20-30-ten", "what else is moved leaves it there"
    assert address(app)["seed"] == "3" and address(app)["layer_sizes"] == "20-30-10"
    app.text_input(key="layer_sizes").set_value("20-30-12").run()
    assert address(app)["layer_sizes"] == "20-30-12" and not app.warning


def test_an_address_with_sizes_that_cannot_be_read_says_so():
    app = opened(layer_sizes="20-30-ten")
    assert "'ten' as the size of layer 2" in app.warning[0].value.replace("\\", "") and app.select_slider(key="depth").value == 6


def test_digits_keep_their_pixels_and_say_so():
    app = opened(layer_sizes="784-30-10", input_law="digits")
    assert "64 pixels" in captions(app) and not app.warning[1:]


def test_the_std_of_a_weight_has_an_entry_where_the_scheme_asks_for_it():
    app = opened()
    assert "weight_std" not in [entry.key for entry in app.number_input]
    app.selectbox(key="scheme").set_value("std").run()
    app.number_input(key="weight_std").set_value(1.0).run()
    assert address(app) | {"depth": "", "width": ""} == {"scheme": "std", "weight_std": "1", "depth": "", "width": ""}
    assert app.select_slider(key="weight_variance").value == 16, "at width 16"
    app.select_slider(key="weight_variance").set_value(2.0).run()
    assert app.selectbox(key="scheme").value == "custom" and "weight_std" not in address(app)


def test_the_first_layer_has_an_entry_that_may_stay_empty():
    app = opened()
    assert app.number_input(key="first_weight_variance").value is None
    app.number_input(key="first_weight_variance").set_value(0.25).run()
    assert not app.exception and app.query_params["first_weight_variance"] in ("0.25", ["0.25"])
    app.number_input(key="first_weight_variance").set_value(None).run()
    assert not app.exception and "first_weight_variance" not in app.query_params


@pytest.mark.slow
@pytest.mark.parametrize("sizes", ["1-1", "1-30-2-7"])
@pytest.mark.parametrize("page", [page.slug for page in PAGES if not page.own_networks])
def test_every_page_takes_layers_of_any_sizes(page, sizes, monkeypatch):
    monkeypatch.setattr("propagation.ui.pages.width.widths_of", lambda config: (16, 64))  # the wide ones take seconds
    app = AppTest.from_file(APP, default_timeout=PATIENCE)
    for name, value in {"page": page, "layer_sizes": sizes, "inputs": "2", "trials": "2"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
