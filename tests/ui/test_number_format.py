"""The switch for number formats on Explore: what it draws and says, and that the address keeps it."""

from __future__ import annotations

import re

from propagation import Config, simulate
from propagation.formats import FLOAT_FORMATS
from propagation.precision import Precision, format_sentences
from ui.shown import charts, opened

STREAM = {"architecture": "residual", "activation": "relu", "scheme": "he", "bias_variance": "0", "depth": "50", "width": "64"}
VANISHING = {"activation": "sigmoid", "weight_variance": "1", "bias_variance": "0", "depth": "13", "width": "64"}


def captions(app) -> str:
    return " ".join(caption.value for caption in app.caption)


def ends(app) -> list[str]:
    return [trace["name"] for trace in charts(app)[0]["data"] if trace.get("name", "").endswith((" overflow", " zero"))]


def test_by_default_nothing_is_drawn_and_the_sentence_is_that_of_the_verdict():
    app = opened(**STREAM)
    assert ends(app) == [] and "In float16 the stream overflows in block" in captions(app) and app.selectbox(key="format").value == ""
    assert not [slider for slider in app.select_slider if slider.key == "loss_scale"]


def test_a_format_is_drawn_over_all_rows_and_told():
    app = opened(**STREAM)
    app.selectbox(key="format").set_value("float8_e5m2").run()
    assert "".join(app.query_params["format"]) == "float8_e5m2"
    assert len(ends(app)) == 6
    told = captions(app)
    assert "In float8 e5m2 the stream overflows in block" in told and "No loss scale helps" in told and "float16" not in told


def test_a_loss_scale_lifts_gradients_and_the_link_keeps_both():
    app = opened(**VANISHING, format="float16")
    assert ":orange[In float16 the gradient falls below the smallest number" in captions(app)
    trace = simulate(Config(activation="sigmoid", weight_variance=1, bias_variance=0, depth=13, width=64, inputs=4, trials=2))
    sentence = format_sentences(trace, Precision(FLOAT_FORMATS["float16"]))
    needed = re.search("loss scale of 2([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", sentence)[1].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    app.select_slider(key="loss_scale").set_value(needed).run()
    assert "".join(app.query_params["loss_scale"]) == needed and "is enough" in captions(app)
    again = opened(**{name: "".join(text) for name, text in app.query_params.items()})
    assert charts(again) == charts(app)


def test_what_an_address_cannot_say_is_none():
    app = opened(**STREAM, format="float12", loss_scale="-3")
    assert ends(app) == [] and app.selectbox(key="format").value == ""
    assert opened(**STREAM, format="bfloat16", loss_scale="-3").select_slider(key="loss_scale").value == "0"
