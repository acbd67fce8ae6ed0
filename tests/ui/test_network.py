"""The page of one's own network as a visitor uses it, without a browser: examples, paste, what is refused, theory and the way on."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.reports import gallery
from propagation.reports.link import decode, encode, taken
from propagation.ui.session import own_report
from tests.reports.samples import linear, moments, of_config, other, residual, text
from ui.shown import charts, messages, opened_alone

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import network\nnetwork.render(controls.draw())"
BAD = "<img src=x onerror=alert(1)>**bold**$x$[link](http://evil.example)"


#: the page, opened at an address
opened = partial(opened_alone, PAGE)


def pasted(words: str) -> AppTest:
    app = opened()
    app.text_input(key="pasted_report").set_value(words).run()
    assert not app.exception and not app.error
    return app


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.header, *app.warning))


def decaying(name: str = "{}") -> list[dict]:
    """A chain whose signal loses a decade a layer."""
    calls = []
    for n in range(6):
        calls.append(linear(name.format(f"fc{n}"), 8, 8, 1 / 3, out=moments(-n), out_gradient=moments(n - 6.0)))
        calls.append(other(name.format(f"act{n}"), "ReLU", "activation", -n - 0.3, activation="relu"))
    return calls


def test_it_opens_with_an_example_and_the_lines_to_copy():
    app = opened()
    assert app.title[0].value.endswith("?") and len(charts(app)) == 1
    assert app.selectbox(key="example").options[0] == gallery.examples()[gallery.FIRST]
    assert any("from probe import probe" in code.value for code in app.code)
    assert "PyTorch's default" in words(app) and any("kaiming_normal_" in code.value for code in app.code)
    assert "report" not in app.query_params


def test_the_file_to_take_away_is_the_probe():
    (button,) = opened().get("download_button")
    assert button.proto.label == "probe.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.examples())
def test_every_example_is_shown(name, monkeypatch):
    monkeypatch.setattr("propagation.ui.pages.network.prediction_of", lambda config: None)  # theory of a transformer takes its time
    monkeypatch.setattr("propagation.ui.pages.network.why_no_line", lambda config: "")
    app = opened(example=name)
    assert len(charts(app)) == 1 and app.header[0].value


def test_what_is_pasted_is_shown_and_stands_in_the_address():
    report = of_config(Config(depth=5, width=64, activation="relu", scheme="he", bias_variance=0.0, inputs=4, trials=2))
    app = pasted(json.dumps(report | {"model": "MyOwnNet"}))
    assert "MyOwnNet" in words(app) and app.text_input(key="pasted_report").value == ""
    code = "".join(app.query_params["report"])
    assert decode(code).model == "MyOwnNet"
    names = {trace["name"] for trace in charts(app)[0]["data"]}
    assert {"out theory", "out_gradient theory", "weight_gradient theory"} <= names
    again = opened(report=code)
    assert "MyOwnNet" in words(again) and len(charts(again)) == 1
    assert encode(decode(code)) == code


def test_a_link_can_be_pasted():
    code = encode(taken(text(decaying(), model="Linked")))
    assert "Linked" in words(pasted(f"https://example.org/network?report={code}"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nonsense", "no JSON"),
        ('{"a": 1}', "no report of"),
        (text([linear("a", 8, 8)], version=3), "newer"),
        (text([linear(BAD, 8, 8) | {"fan_in": "many"}]), "no whole number"),
    ],
)
def test_what_is_no_report_leaves_text_and_example(given, said):
    app = pasted(given)
    assert said in words(app).replace("\\", "") and app.text_input(key="pasted_report").value == given
    assert len(charts(app)) == 1 and "report" not in app.query_params


def test_a_broken_link_leaves_a_sentence_and_the_example():
    app = opened(report="abc")
    assert "link holds no report" in words(app) and len(charts(app)) == 1


def test_names_are_shown_as_they_are_and_are_no_markup():
    app = pasted(text(decaying(BAD + "{}"), model=BAD, notes=[BAD], loss=BAD, framework=BAD))
    shown = words(app)
    assert "\\<img" in shown and not re.search(r"(?<!\\)<img", shown)
    (message,) = messages(app)
    texts = json.dumps(message["figure"], ensure_ascii=False)
    assert "<img" not in texts and "&lt;img" in texts


def test_without_a_network_of_the_app_there_are_levels_and_the_reason():
    app = pasted(text([other("conv", "Conv2d", "convolution"), *decaying()]))
    names = {trace["name"] for trace in charts(app)[0]["data"]}
    assert "out level" in names and "out theory" not in names
    (compare,) = app.get("page_link")
    assert "no convolutions" in words(app) and compare.proto.page == "compare"
    assert {"depth=7", "compared=architectures"} <= {*compare.proto.query_string.split("&")}


def test_the_closest_network_opens_in_explore():
    config = Config(depth=5, width=64, activation="tanh", weight_variance=1.7, bias_variance=0.0, inputs=4, trials=2)
    link, compare = pasted(json.dumps(of_config(config))).get("page_link")
    assert link.proto.page == "explore" and compare.proto.page == "compare"
    experiment, _, report = compare.proto.query_string.partition("&measured=")
    assert experiment == link.proto.query_string and len(decode(report).modules) == 10
    found, problems = Config.from_query(dict(part.split("=") for part in link.proto.query_string.split("&")))
    assert problems == [] and (found.depth, found.width, found.activation) == (5, 64, "tanh")


def test_blocks_are_folded_and_opened():
    app = pasted(text(residual(12)))
    folded = next(trace for trace in charts(app)[0]["data"] if trace["name"] == "out")
    assert len(folded["x"]) == 12
    app.segmented_control(key="blocks").set_value("open").run()
    every = next(trace for trace in charts(app)[0]["data"] if trace["name"] == "out")
    assert len(every["x"]) == 60 and app.query_params["blocks"] in ("open", ["open"])


def test_the_history_is_drawn():
    app = pasted(text(decaying(), history={"steps": [0, 10, 20], "update_ratio": {"fc0": [0.001, 0.002, 0.003], "fc1": [1e-4, 0, None]}}))
    assert len(charts(app)) == 2 and "fc0" in words(app)
    gradients = {"fc0": [-3.0, -2.0, "zero"], "fc1": [-4.0, None, -5.0]}
    app = pasted(text(decaying(), history={"steps": [0, 10, 20], "update_ratio": {"fc0": [0.1, 0, 0]}, "weight_gradient": gradients}))
    assert len(charts(app)) == 3
    drawn = {trace["name"]: trace["y"] for trace in charts(app)[2]["data"]}
    assert drawn == {"fc0": [-3, -2, None], "fc1": [-4, None, -5]}


def test_a_report_too_long_for_an_address_is_kept_for_the_visit(monkeypatch):
    monkeypatch.setattr(own_report, "LONGEST", 50)
    app = pasted(text(decaying(), model="Enormous"))
    assert "Enormous" in words(app) and "too large for an address" in words(app) and "report" not in app.query_params
    app.run()
    assert "Enormous" in words(app)
    next(button for button in app.button if button.label == "Show the examples").click().run()
    assert "Enormous" not in words(app)


def test_back_to_the_examples():
    app = pasted(text(decaying(), model="Mine"))
    next(button for button in app.button if button.label == "Show the examples").click().run()
    assert "report" not in app.query_params and "Mine" not in words(app) and app.selectbox(key="example")


def test_the_formats_ends_are_drawn():
    app = opened()
    app.selectbox(key="format").set_value("float16").run()
    names = {trace["name"] for trace in charts(app)[0]["data"]}
    assert {"out overflow", "out_gradient zero", "weight_gradient zero"} <= names
