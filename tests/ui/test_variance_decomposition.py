"""The page of variances as a visitor uses it, without a browser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.presets import PRESETS
from propagation.theory.maps import depth_scales
from propagation.theory.variance_decomposition import Scatter, predict_scatters
from propagation.ui import results
from propagation.ui.pages import variance_decomposition
from tests.patience import PATIENCE
from ui.shown import charts

SMALL = {"depth": 5, "width": 16}


def page(config_fields: dict, page_parameters: dict) -> None:
    import streamlit as st

    from propagation.config import Config
    from propagation.ui.pages import variance_decomposition
    from propagation.ui.session import experiment

    for name, text in page_parameters.items():
        if "page" not in st.session_state:
            st.query_params[name] = text
    experiment.sync_from_url()
    variance_decomposition.render(Config(**config_fields))


def opened(config: dict | None = None, **parameters: str) -> AppTest:
    app = AppTest.from_function(
        page, kwargs={"config_fields": SMALL | (config or {}), "page_parameters": parameters}, default_timeout=PATIENCE
    )
    app.run()
    assert not app.exception
    return app


def figure(app: AppTest) -> dict:
    return charts(app)[0]


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def title_of_variance(app: AppTest) -> str:
    return next(note["text"] for note in figure(app)["layout"]["annotations"] if "Variance of" in note["text"])


def test_the_page_asks_draws_and_gives_every_variance_as_a_number():
    app = opened()
    assert app.title[0].value == "Variance of what?" and not app.error and not app.warning
    table = next(element.value for element in app.markdown if element.value.startswith("| Variance"))
    assert all(words in table for words in ("inputs", "neurons", "weight draws", "all of them together", "second moment", "theory"))
    assert {"inputs", "neurons", "draws", "mean", "variance", "variance theory"} <= {trace["name"] for trace in figure(app)["data"]}


def test_the_starts_show_what_they_say():
    """Almost all is the same for every input, soon, and apart at any depth."""
    he, ordered, chaotic = (variance_decomposition.STARTS[place][1] for place in range(3))
    relu = predict_scatters(PRESETS[he["preset"]].config)["z"]
    assert relu.parts[3, -1] < 0.05 and abs(relu.log10_second_moment[-1] - relu.log10_second_moment[0]) < 1e-3
    config = Config(bias_variance=0.05, depth=50)
    assert predict_scatters(replace(config, weight_variance=ordered["weight_variance"]))["z"].parts[3, 14] < 0.05
    assert depth_scales("tanh", chaotic["weight_variance"], 0.05).c_star < 0.5


def test_the_switches_are_read_from_the_address():
    assert "Variance of h over neurons" in title_of_variance(opened(signal="h", whose="neurons"))


def test_a_choice_of_another_page_or_none_is_the_first():
    assert "Variance of z over inputs" in title_of_variance(opened(signal="delta", whose="<b>"))


def test_a_switch_moves_the_chart():
    app = opened()
    app.segmented_control(key="whose").set_value("draws").run()
    assert not app.exception and "weight draws" in title_of_variance(app)


def test_too_large_is_refused_with_what_would_fit():
    app = opened({"depth": 2000, "width": 512, "weight_law": "uniform"})
    assert "What would fit" in app.warning[0].value and not charts(app)


def test_a_dead_signal_has_a_sentence():
    app = opened({"weight_variance": 0.0, "bias_variance": 0.0})
    assert "The signal dies" in texts(app) and not app.error


def test_a_failing_lab_leaves_a_sentence(monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("secret detail")

    lab = replace(variance_decomposition.VARIANCE_DECOMPOSITION, measure=fail)
    monkeypatch.setattr(variance_decomposition, "VARIANCE_DECOMPOSITION", lab)
    app = opened({"seed": 424242})
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert "secret detail" in caplog.text


def test_without_theory_the_measurement_stands(monkeypatch):
    def fail(*_):
        raise ArithmeticError

    monkeypatch.setattr(results, "predict_scatters", fail)
    app = opened({"seed": 434343})
    assert not app.error and "variance theory" not in {trace["name"] for trace in figure(app)["data"]}
    assert "—" in next(element.value for element in app.markdown if element.value.startswith("| Variance"))


@pytest.mark.parametrize("start", variance_decomposition.STARTS, ids=lambda start: start[0])
def test_every_start_is_one_the_experiment_understands(start):
    """What a button orders is a preset or fields of a config."""
    _, fields, _ = start
    rest = {name: value for name, value in fields.items() if name != "preset"}
    Config(**rest)


@pytest.mark.parametrize(
    ("share", "cosine", "opening"),
    [(0.9, 0.1, "**Inputs stay apart**"), (0.2, 0.8, "**Inputs grow alike**"), (0.01, 0.9999, "**Every input looks the same**")],
)
def test_the_sentence_follows_the_share(share, cosine, opening):
    parts = np.tile([[0.0], [0.0], [1 - share], [share]], 4)
    words = variance_decomposition.in_words(Scatter(np.zeros(4), parts, parts, np.full(4, cosine)), "z")
    assert words.startswith(opening) and "stays level" in words
    assert ("1 − 10⁻⁴" in words) == (cosine == 0.9999)


def test_nothing_left_is_said_in_words():
    parts = np.tile([[0.0], [0.0], [1.0], [1e-30]], 3)
    words = variance_decomposition.in_words(Scatter(np.array([0.0, -1.0, -2.0]), parts, parts, np.ones(3)), "h")
    assert "nothing is left" in words and "multiplied by 0.01" in words and "cosine of two inputs is 1)" in words
