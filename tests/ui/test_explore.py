"""The Explore page as a visitor uses it: controls, address, verdict; without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

import propagation
from propagation import predict, simulate
from propagation.config import Config
from propagation.diagnosis import diagnose
from propagation.labs import variance_decomposition
from propagation.ui import results
from propagation.ui.widgets.answer import ICONS, icon_of
from tests.patience import PATIENCE
from ui.shown import APP, SMALL, charts, opened


def parameters(app: AppTest) -> dict[str, str]:
    """All that the address says, as text."""
    return {name: text if isinstance(text, str) else text[-1] for name, text in app.query_params.items()}


def address(app: AppTest) -> dict[str, str]:
    """What the address says beyond the small experiment the tests begin with."""
    return {name: text for name, text in parameters(app).items() if name not in SMALL}


def figure(app: AppTest) -> dict:
    return charts(app)[0]


def test_the_page_answers_and_draws():
    app = opened()
    assert app.title[0].value.endswith("?") and "layers" in app.header[0].value
    names = {trace.get("name") for trace in figure(app)["data"]}
    assert {"z", "delta", "weight_gradient"} <= names


def test_it_opens_at_the_default_experiment():
    app = AppTest.from_file(APP, default_timeout=PATIENCE)
    app.query_params["page"] = "explore"
    app.run()
    default = Config()
    assert not app.exception and not app.warning
    assert app.select_slider(key="weight_variance").value == default.weight_variance
    assert app.select_slider(key="depth").value == default.depth
    assert app.selectbox(key="activation").value == default.activation


def test_an_address_sets_every_control():
    app = opened(activation="relu", scheme="he", weight_law="orthogonal", seed="7", width="300", depth="33", cost="cross_entropy")
    assert [app.selectbox(key=key).value for key in ("activation", "scheme", "weight_law", "cost")] == [
        "relu",
        "he",
        "orthogonal",
        "cross_entropy",
    ]
    assert app.number_input(key="seed").value == 7
    assert [app.select_slider(key=key).value for key in ("width", "depth")] == [300, 33]
    assert not app.warning


def test_a_scheme_moves_the_slider_and_the_address():
    app = opened(activation="relu")
    app.selectbox(key="scheme").set_value("he").run()
    assert app.select_slider(key="weight_variance").value == 2
    assert address(app) == {"activation": "relu", "scheme": "he"}


def test_the_slider_turns_the_scheme_into_custom():
    app = opened(scheme="he")
    app.select_slider(key="weight_variance").set_value(1.7).run()
    assert app.selectbox(key="scheme").value == "custom"
    assert address(app) == {"weight_variance": "1.7"}


def test_the_address_is_the_experiment():
    app = opened()
    app.selectbox(key="activation").set_value("gelu").run()
    app.select_slider(key="weight_variance").set_value(2.35).run()
    app.selectbox(key="weight_law").set_value("orthogonal").run()
    app.number_input(key="seed").set_value(11).run()
    again = opened(**parameters(app))
    assert figure(again) == figure(app)


def test_another_seed_draws_another_network():
    healthy = {"activation": "relu", "scheme": "he", "bias_variance": "0"}
    app = opened(**healthy)
    before = figure(app)
    next(button for button in app.button if button.label == "Draw again").click().run()
    assert address(app) == healthy | {"seed": "1"} and figure(app) != before


def test_one_click_sets_all_that_the_advice_names():
    app = opened(activation="gelu", scheme="he", bias_variance="0", depth="20", input_mean="0.5")
    label = "Set $σ_w²$ to the critical 1.98, $σ_b²$ to 0.173, the input variance to 1.7"
    next(button for button in app.button if label in button.label).click().run()
    assert {"weight_variance": "1.983013", "bias_variance": "0.173", "input_variance": "1.7"}.items() <= address(app).items()
    assert "input_mean" not in address(app)


def test_a_preset_sets_everything_and_is_left_by_the_next_move():
    app = opened()
    app.selectbox(key="preset").set_value("sigmoid_vanishing").run()
    assert (app.selectbox(key="activation").value, app.select_slider(key="depth").value) == ("sigmoid", 20)
    assert "Gradients vanish" in app.header[0].value
    app.select_slider(key="depth").set_value(10).run()
    assert app.selectbox(key="preset").value is None
    assert app.selectbox(key="activation").value == "sigmoid"


def test_what_cannot_be_read_is_named_and_the_rest_stands():
    app = opened(activation="nope", weight_variance="NaN", depth="1e9", scheme="he", unheard_of="<script>alert(1)</script>")
    text = app.warning[0].value
    assert all(name in text for name in ("activation", "weight\\_variance", "depth", "unheard\\_of"))
    assert (app.selectbox(key="activation").value, app.select_slider(key="depth").value) == ("tanh", Config().depth)
    assert app.selectbox(key="scheme").value == "he"
    app.selectbox(key="scheme").set_value("lecun").run()
    assert not app.warning


def test_parameters_of_pages_and_of_streamlit_are_no_problem():
    app = opened(view="h", embed="true")
    assert not app.warning
    assert any(trace.get("name") == "h" for trace in figure(app)["data"])


def test_an_unknown_view_is_the_first():
    assert any(trace.get("name") == "z" for trace in figure(opened(view="sideways"))["data"])


def test_values_between_the_steps_survive():
    app = opened(weight_variance="12.345", bias_variance="0.1234")
    app.number_input(key="seed").set_value(3).run()
    assert address(app) == {"weight_variance": "12.345", "bias_variance": "0.1234", "seed": "3"}
    assert app.select_slider(key="weight_variance").value == 12.345


def test_exact_entry_reaches_the_whole_range():
    app = opened()
    app.number_input(key="weight_variance_exactly").set_value(1e7).run()
    assert app.select_slider(key="weight_variance").value == 1e7
    assert not app.exception


def test_kumar_falls_back_with_a_sentence():
    app = opened(activation="selu", weight_variance="0.9")
    app.selectbox(key="scheme").set_value("kumar").run()
    assert "Kumar" in app.info[0].value
    assert (app.selectbox(key="scheme").value, app.select_slider(key="weight_variance").value) == ("custom", 0.9)


def test_a_scheme_with_its_own_biases_says_so():
    app = opened(scheme="pytorch")
    assert app.slider(key="bias_variance").disabled
    assert any("biases" in caption.value for caption in app.caption)


def test_a_report_that_repeats_what_was_there_before_is_no_move():
    """While a key is held down on the slider, the browser still believes in what the first step moved elsewhere."""
    app = opened(scheme="he")
    app.select_slider(key="weight_variance").set_value(2.01).run()
    app.selectbox(key="scheme").set_value("he")
    app.number_input(key="weight_variance_exactly").set_value(2.0)
    app.select_slider(key="weight_variance").set_value(2.02).run()
    assert (app.selectbox(key="scheme").value, app.select_slider(key="weight_variance").value) == ("custom", 2.02)
    app.selectbox(key="scheme").set_value("he").run()  # alone, it is meant
    assert (app.selectbox(key="scheme").value, app.select_slider(key="weight_variance").value) == ("he", 2)


def test_a_preset_that_was_left_does_not_come_back_by_itself():
    app = opened()
    app.selectbox(key="preset").set_value("sigmoid_vanishing").run()
    app.select_slider(key="depth").set_value(10).run()
    app.selectbox(key="preset").set_value("sigmoid_vanishing")
    app.select_slider(key="width").set_value(128).run()
    assert (app.select_slider(key="depth").value, app.select_slider(key="width").value) == (10, 128)


def test_too_large_is_refused_before_anything_is_allocated(monkeypatch):
    monkeypatch.setattr(propagation, "simulate", lambda *_: pytest.fail("it was simulated"))
    app = opened(width="1000000", depth="2000")
    assert "What would fit" in app.warning[0].value
    assert not charts(app)


def test_a_failing_simulation_leaves_a_sentence_and_the_controls(monkeypatch):
    def fail(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(propagation, "simulate", fail)
    app = AppTest.from_file(APP, default_timeout=PATIENCE)
    app.query_params["seed"] = "98765"  # nothing else has cached it
    app.run()
    assert not app.exception
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert app.select_slider(key="weight_variance").value == 1.5


@pytest.mark.slow
def test_the_first_row_switches_to_the_variance_over_inputs():
    app = opened(over="inputs")
    dots = next(trace for trace in figure(app)["data"] if trace.get("name") == "z")
    scatter = variance_decomposition.VARIANCE_DECOMPOSITION(Config(depth=6, width=16, inputs=4, trials=2))["z"]
    assert dots["y"] == pytest.approx(list(scatter.log10_variance("inputs")), abs=1e-3)
    app.selectbox(key="over").set_value("neurons").run()
    assert "over" in address(app) and any("over neurons" in note["text"] for note in figure(app)["layout"]["annotations"])
    app.selectbox(key="over").set_value("").run()
    assert "over" not in address(app)


def test_the_answer_has_every_draw_of_the_network():
    """Also where a first answer with fewer of them stood there for a moment."""
    app = opened(trials="40", width="600")
    assert any("40 networks" in note["text"] for note in figure(app)["layout"]["annotations"])


@pytest.mark.parametrize(
    ("config", "networks"), [(Config(trials=8), 1), (Config(width=64, trials=8), 8), (Config(width=200_000, trials=2), None)]
)
def test_a_first_answer_takes_as_many_draws_as_are_quick(config, networks):
    first = results.first_trace_of(replace(config, seed=4711))
    assert (first and first.config.trials) == networks


@pytest.mark.slow
@pytest.mark.parametrize(("query", "drawn"), [({"trials": "8"}, [8]), ({"trials": "8", "inputs": "64"}, [1, 8])])
def test_a_first_answer_is_left_out_where_the_whole_one_is_soon_had(query, drawn, monkeypatch):
    asked, simulate = [], propagation.simulate
    monkeypatch.setattr(propagation, "simulate", lambda config, *rest: asked.append(config.trials) or simulate(config, *rest))
    app = AppTest.from_file(APP, default_timeout=PATIENCE)
    app.query_params.update(query | {"seed": "31415"})  # nothing else has cached it
    app.run()
    assert asked == drawn and not app.exception


def test_what_is_folded_away_keeps_its_values():
    app = opened(trials="3", seed="5")
    app.slider(key="trials").set_value(4).run()
    app.session_state["more"] = False
    app.run()
    assert "trials" not in [slider.key for slider in app.slider]
    app.select_slider(key="depth").set_value(5).run()
    assert (parameters(app)["trials"], parameters(app)["seed"]) == ("4", "5")
    app.session_state["more"] = True
    app.run()
    assert (app.slider(key="trials").value, app.number_input(key="seed").value) == (4, 5)


def test_a_network_that_changes_slowly_has_no_green_check():
    config = Config(activation="relu", weight_variance=1.9, bias_variance=0, depth=10, width=64, trials=2)
    slow, level = (diagnose(simulate(one), predict(one)) for one in (config, replace(config, weight_variance=2)))
    assert slow.kind == level.kind == "healthy"
    assert icon_of(level) == ICONS["healthy"] != icon_of(slow) and icon_of(slow)[1] == "orange"


def test_all_that_is_advised_is_set_by_the_button():
    app = opened(activation="tanh", weight_variance="1.760955", first_weight_variance="100", depth="20", width="64", trials="2")
    button = next(button for button in app.button if "$σ_w²$ of the first layer to 0.52" in button.label)
    button.click().run()
    assert not app.exception and parameters(app)["first_weight_variance"] == "0.52"
