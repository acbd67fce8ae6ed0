"""The Compare page as a visitor uses it: buttons, address, verdict, and what is left out; without a browser."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

import propagation
from propagation.charts.compare import Curves
from propagation.config import Config
from propagation.diagnosis import diagnose
from propagation.labs.compare import FIRST, GLOROT_2010, decide, summarize
from propagation.labs.compare_networks import NETWORKS
from propagation.labs.compare_text import NONE, written
from propagation.ui.pages.compare import _same
from propagation.ui.widgets import comparison
from tests.patience import PATIENCE
from ui.shown import charts

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import compare\ncompare.render(controls.draw())"
SMALL = {"depth": "20", "width": "32", "inputs": "4", "trials": "2"}
TWO = "lecun.relu.gaussian~he.relu.gaussian"


def opened(**query: str) -> AppTest:
    """The page, opened at an address; small unless it says otherwise."""
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    for name, value in (SMALL | query).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def columns(app: AppTest) -> str:
    """What the address says of the comparison; empty where it says nothing."""
    return "".join(app.query_params.get("columns", ""))


def legend(app: AppTest) -> list[str]:
    """The columns that are drawn, in their order."""
    shown = [trace for trace in figure(app)["data"] if trace.get("showlegend")]
    return [trace["name"] for trace in sorted(shown, key=lambda trace: trace["legendrank"])]


def figure(app: AppTest) -> dict:
    return charts(app)[0]


def table(app: AppTest) -> list[list[str]]:
    """The cells of the table, line by line, without its head."""
    return app.table[0].value.to_numpy().tolist()


def test_it_opens_with_a_comparison_whose_winner_is_marked():
    app = opened()
    assert app.title[0].value.endswith("?") and "healthiest" in app.header[0].value and not app.warning and not app.error
    assert len(legend(app)) == len(FIRST) and columns(app) == ""
    first, *others = table(app)
    assert "healthiest" in first[-1] and not any("healthiest" in line[-1] for line in others)
    assert any(first[0].split("} ")[1].strip("*") in name for name in legend(app) if "✓" in name)


def test_where_none_is_healthy_the_table_does_not_call_one_so():
    app = opened(columns="lecun.relu.gaussian~custom.relu.gaussian.1.5", depth="50")
    assert "None of these is healthy" in app.header[0].value
    first, *others = table(app)
    assert "**✓\u00a0least\u00a0harm**" in first[-1] and "healthiest" not in first[-1] and not any("✓" in line[-1] for line in others)


def test_a_link_holds_the_whole_comparison():
    app = opened(columns="glorot.tanh.uniform~he.relu.gaussian~custom.tanh.gaussian.1.76", seed="3")
    assert [name.strip("</b>✓ ") for name in legend(app)] == ["Glorot 2010 · tanh", "He 2015 · ReLU", "σ<sub>w</sub>² 1.76 · tanh"]
    again = opened(**{name: "".join(text) for name, text in app.query_params.items()})
    assert figure(again) == figure(app) and table(again) == table(app)


def test_one_click_adds_the_setting_of_the_sidebar():
    app = opened(columns=TWO, activation="gelu", weight_variance="2.2")
    app.button(key="add_current").click().run()
    assert columns(app) == f"{TWO}~custom.gelu.gaussian.2.2" and len(legend(app)) == 3
    assert app.button(key="add_current").disabled


def test_one_click_compares_glorot_and_bengio_and_another_the_common_rules():
    app = opened(columns=TWO)
    app.button(key="add_glorot").click().run()
    assert columns(app) == written(GLOROT_2010) and len(legend(app)) == 6
    app.button(key="add_common").click().run()
    assert "pytorch.tanh.uniform" in columns(app) and "kumar.tanh.gaussian" in columns(app)
    assert not app.warning


def own(app: AppTest) -> list[str]:
    """What the dashed curve is called; empty where there is none."""
    return [note["text"] for note in figure(app)["layout"]["annotations"] if note.get("name")]


def test_the_sidebars_own_setting_is_dashed_while_it_is_no_column_and_does_not_compete():
    app = opened(columns=TWO, weight_variance="2.2")
    assert own(app) == ["╌ yours, σ<sub>w</sub>² 2.2"] and len(table(app)) == len(legend(app)) == 2
    winner = app.header[0].value
    app.select_slider(key="weight_variance").set_value(100.0).run()
    assert own(app) == ["╌ yours, σ<sub>w</sub>² 100"] and app.header[0].value == winner
    app.button(key="add_current").click().run()
    assert own(app) == [] and len(legend(app)) == 3


def test_columns_can_be_removed_one_by_one_and_all_at_once():
    app = opened(columns=TWO)
    app.button(key="remove_0").click().run()
    assert columns(app) == "he.relu.gaussian" and "add another" in " ".join(markdown.value for markdown in app.markdown)
    app.button(key="remove_all").click().run()
    assert columns(app) == NONE and "Nothing is compared" in app.header[0].value and not charts(app)
    app.button(key="add_current").click().run()
    assert columns(app) == "custom.tanh.gaussian.1.5" and charts(app)


def test_the_sidebar_moves_all_columns():
    app = opened(columns=TWO)
    before = table(app)
    app.select_slider(key="depth").set_value(10).run()
    assert columns(app) == TWO and table(app) != before and "10 layers" in app.header[0].value


def test_a_refused_column_says_why_and_the_others_are_drawn():
    app = opened(columns=f"{TWO}~kumar.selu.gaussian")
    assert "Kumar 2017" in app.warning[0].value and "selu" in app.warning[0].value
    assert len(legend(app)) == len(table(app)) == 2


def test_fifty_columns_are_six_and_a_sentence():
    app = opened(columns="~".join(f"custom.tanh.gaussian.{i}" for i in range(50)))
    assert "50 columns" in app.warning[0].value and len(legend(app)) == 6


@pytest.mark.parametrize("text", ["nonsense", "he.nope.gaussian~~", "<script>alert(1)</script>", "he.relu.gaussian.NaN"])
def test_nothing_readable_leaves_a_sentence_and_the_buttons(text):
    app = opened(columns=text)
    assert "is no column" in app.warning[0].value and not charts(app)
    app.button(key="add_glorot").click().run()
    assert not app.warning and len(legend(app)) == 6


def test_too_large_is_said_once_and_nothing_is_simulated(monkeypatch):
    monkeypatch.setattr(propagation, "simulate", lambda *_: pytest.fail("it was simulated"))
    app = opened(width="1000000", depth="2000")
    assert app.warning[0].value.count("What would fit") == 1 and not charts(app)
    assert "None of these" in app.header[0].value


def test_columns_beyond_the_time_of_a_page_are_left_out(monkeypatch):
    monkeypatch.setattr("propagation.ui.pages.compare.MOST_SECONDS", 0.0)
    app = opened(columns=TWO)
    assert "columns before" in app.warning[0].value


def test_one_failing_column_leaves_a_sentence_and_the_others(monkeypatch):
    simulate = propagation.simulate

    def fail_with_he(config, progress=None):
        if config.scheme == "he":
            raise RuntimeError("secret detail")
        return simulate(config, progress)

    monkeypatch.setattr(propagation, "simulate", fail_with_he)
    app = opened(columns=TWO, seed="98765")  # nothing else has cached it
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert len(legend(app)) == 1


def test_a_formula_can_be_compared():
    app = opened(activation="x*sigmoid(1.7*x)", columns=TWO)
    app.button(key="add_current").click().run()
    assert columns(app).endswith("custom.x*sigmoid(1.7*x).gaussian.1.5") and len(legend(app)) == 3 and not app.warning


def networks(app: AppTest) -> str:
    return "".join(app.query_params.get("networks", ""))


def test_architectures_are_compared_with_the_initialization_of_the_sidebar():
    app = opened(compared="architectures", activation="relu", scheme="he", bias_variance="0")
    assert app.title[0].value.startswith("Which architecture") and not app.warning and not app.error
    assert legend(app) == ["plain", "batch norm", "residual", "residual 1/√L", "pre-norm"]
    assert app.header[0].value.startswith(":green") and "Healthy after 20 layers" in app.header[0].value
    titles = [note["text"] for note in figure(app)["layout"]["annotations"]]
    assert "<b>forward → z or x</b>" in titles and "<b>backward ← δ = ∂C/∂z or ∂C/∂x</b>" in titles
    assert not any("✓" in line[-1] for line in table(app)), "nobody wins"


def test_chips_choose_architectures_and_the_link_keeps_the_choice():
    app = opened(compared="architectures", networks="plain~rezero")
    assert legend(app) == ["plain", "ReZero"]
    app.pills(key="networks").set_value(["plain", "rezero", "residual"]).run()
    assert networks(app) == "plain~residual~rezero" and legend(app) == ["plain", "residual", "ReZero"]
    again = opened(**{name: "".join(text) for name, text in app.query_params.items()})
    assert figure(again) == figure(app) and table(again) == table(app)
    app.pills(key="networks").set_value([]).run()
    assert networks(app) == NONE and "Nothing is compared" in app.header[0].value


def test_a_seventh_architecture_is_not_taken():
    six = "plain~layer_norm~batch_norm~residual~residual_sqrt~pre_norm"
    app = opened(compared="architectures", networks=six)
    app.pills(key="networks").set_value([*six.split("~"), "fixup"]).run()
    assert networks(app) == six and app.pills(key="networks").value == six.split("~") and len(legend(app)) == 6


def test_the_sidebars_own_architecture_is_dashed_while_it_is_none_of_them():
    app = opened(compared="architectures", networks="plain~residual_sqrt", architecture="residual", branch_scale="0.1")
    assert own(app) == ["╌ yours"]
    assert own(opened(compared="architectures", networks="plain~residual_sqrt")) == []


def test_a_slider_along_which_a_column_ends_has_no_table():
    """A batch norm needs four inputs, of a slider that begins at one."""
    column, config = NETWORKS["batch_norm"], Config(width=32, depth=20)
    assert _same(column, config, column.uses(config)) and not _same(column, replace(config, inputs=1), column.uses(config))


def test_where_theory_has_no_line_it_says_why():
    app = opened(compared="architectures", networks="residual~resnet")
    assert [caption.value for caption in app.caption if caption.value.startswith("ResNet 2015: ")]
    assert len([t for t in figure(app)["data"] if t["name"].endswith("theory")]) == 3


def test_a_network_that_does_not_apply_says_why_and_the_others_are_drawn():
    app = opened(compared="architectures", width_profile="funnel")
    assert "layers of one width" in app.warning[0].value and legend(app) == ["plain", "batch norm"]


def test_a_number_format_has_its_ends_in_the_chart_and_a_column_in_the_table():
    query = {"compared": "architectures", "networks": "residual~residual_sqrt", "activation": "relu", "scheme": "he", "bias_variance": "0"}
    app = opened(**query, depth="50", format="float16")
    assert [t for t in figure(app)["data"] if t["name"] == "stream overflow"]
    cells = {line[0].split("} ")[1]: line[-1].replace("\u00a0", " ") for line in table(app)}
    assert cells["residual 1/√L"] == "fits" and cells["residual"].startswith("the stream overflows in block")
    assert not [t for t in figure(opened(**query))["data"] if t["name"] == "stream overflow"]


@pytest.mark.parametrize(("conditions", "is_there"), [((math.inf, math.nan), False), ((math.inf, 3.0), True)])
def test_a_condition_that_is_lost_in_every_row_has_no_column(conditions, is_there, monkeypatch):
    monkeypatch.setattr(comparison.number_format, "chosen", lambda: None)
    monkeypatch.setattr(comparison, "appearance", lambda: "light")
    trace = propagation.simulate(Config(depth=4, width=16, trials=1))
    summaries = [summarize(place, str(place), trace, diagnose(trace), each) for place, each in enumerate(conditions)]
    curves = [Curves(place, str(place), trace, None) for place in range(len(conditions))]
    rows = comparison.table(curves, summaries, decide(summaries), "initialization")
    assert ["condition" in row for row in rows] == [is_there] * len(conditions)
