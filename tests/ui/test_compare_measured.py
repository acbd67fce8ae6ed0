"""A measured network beside the columns of Compare: examples, one's own report, links, and what cannot be shown."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from propagation.charts.measured import GLYPH
from propagation.config import Config
from propagation.reports import gallery
from propagation.reports.link import encode, taken
from propagation.ui.session import own_report
from tests.patience import PATIENCE
from tests.reports.samples import of_config
from ui.shown import charts

COMPARE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import compare\ncompare.render(controls.draw())"
#: the page of one's own network, and below it the comparison, in one visit
BOTH = (
    "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import compare, network\n"
    "config = controls.draw()\nimport streamlit as st\nif st.toggle('compared', key='second'):\n    compare.render(config)\n"
    "else:\n    network.render(config)"
)
SMALL = {"depth": "5", "width": "32", "inputs": "4", "trials": "2"}
BAD = "<img src=x onerror=alert(1)>**bold**"


def opened(page: str = COMPARE, **query: str) -> AppTest:
    app = AppTest.from_string(page, default_timeout=PATIENCE)
    for name, value in (SMALL | query).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def text(name: str = "Mine") -> str:
    config = Config(depth=5, width=32, activation="relu", scheme="pytorch", bias_variance=0.0, inputs=4, trials=2)
    return json.dumps(of_config(config) | {"model": name})


def measured(app: AppTest) -> list[dict]:
    return [trace for trace in charts(app)[0]["data"] if trace.get("meta") == "measured"]


def told(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.caption, *app.warning)).replace("\\", "")


def choose(app: AppTest):
    return app.selectbox(key="measured")


def test_an_example_is_one_more_column_and_stands_in_the_link():
    app = opened()
    before = app.header[0].value
    assert not measured(app) and "none" in choose(app).options and "measured" not in app.query_params
    choose(app).set_value("mlp").run()
    assert app.query_params["measured"] in ("mlp", ["mlp"]) and len(measured(app)) == 3
    assert {trace["name"] for trace in measured(app)} == {"MLP, 30 layers, default nn.…"}
    last = app.table[0].value.to_numpy().tolist()[-1]
    assert last[0].startswith(GLYPH) and "vanishing" in last[-1] and last[2] == "×\u00a00.168"
    assert app.header[0].value == before, "it does not compete"
    assert "30 layers measured. The signal vanishes" in told(app)
    again = opened(measured="mlp")
    assert measured(again) == measured(app)
    choose(app).set_value("").run()
    assert not measured(app) and "measured" not in app.query_params


def test_the_link_to_its_own_page_has_the_experiment_and_the_example():
    (link,) = opened(measured="siren").get("page_link")
    assert link.proto.page == "network" and {"example=siren", "depth=5"} <= {*link.proto.query_string.split("&")}


def test_beside_architectures():
    app = opened(measured="gpt2", compared="architectures", networks="plain~pre_norm")
    assert len(measured(app)) == 3 and len(measured(app)[0]["x"]) == 12 and len(app.table[0].value) == 3


def test_a_report_pasted_in_this_visit_is_offered_by_its_name():
    app = opened(BOTH)
    app.text_input(key="pasted_report").set_value(text()).run()
    app.toggle(key="second").set_value(True).run()
    assert "yours: Mine" in choose(app).options and not measured(app)
    choose(app).set_value(own_name(app)).run()
    assert {trace["name"] for trace in measured(app)} == {"Mine"}
    assert "".join(app.query_params["measured"]) == own_name(app)


def own_name(app: AppTest) -> str:
    return "".join(app.query_params["report"])


def test_a_report_in_a_link_is_drawn_for_whoever_opens_it():
    code = encode(taken(text("Theirs")))
    app = opened(measured=code)
    assert {trace["name"] for trace in measured(app)} == {"Theirs"} and choose(app).value == code
    (link,) = app.get("page_link")
    assert f"report={code}" in link.proto.query_string
    assert len(measured(app)[0]["y"]) == 5


def test_one_too_long_for_a_link_is_kept_for_the_visit(monkeypatch):
    monkeypatch.setattr(own_report, "LONGEST", 50)
    app = opened(BOTH)
    app.text_input(key="pasted_report").set_value(text()).run()
    app.toggle(key="second").set_value(True).run()
    choose(app).set_value("own").run()
    assert {trace["name"] for trace in measured(app)} == {"Mine"}
    elsewhere = opened(measured="own")
    assert not measured(elsewhere) and "too long for an address" in told(elsewhere) and len(charts(elsewhere)) == 1


@pytest.mark.parametrize("name", ["nonsense", "<script>", "abc" * 50])
def test_what_is_no_report_leaves_a_sentence_and_the_columns(name):
    app = opened(measured=name)
    assert not measured(app) and "holds no report" in told(app) and len(charts(app)) == 1
    assert name not in told(app)


def test_names_are_no_markup():
    app = opened(measured=encode(taken(text(BAD))))
    shown = "\n".join([*(caption.value for caption in app.caption), *app.table[0].value.iloc[:, 0]])
    assert "\\<img" in shown and "<img" not in shown.replace("\\<img", "")
    figure = json.dumps(charts(app)[0], ensure_ascii=False)
    assert "<img" not in figure and "&lt;img" in figure


def test_with_a_number_format_its_line_has_a_dash_there():
    app = opened(measured="mlp", format="float16")
    lines = app.table[0].value.to_numpy().tolist()
    assert lines[-1][-1] == "—" and len({len(line) for line in lines}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.examples())
def test_every_example_can_be_compared(name):
    assert len(measured(opened(measured=name))) == 3
