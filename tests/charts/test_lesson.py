"""The chart of a lesson as data: what is relative to what, where a guess stands, and that waiting gives nothing away."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from propagation.charts.guess import GUESS, Guess, guess_specs, with_share_guess
from propagation.charts.lesson import (
    distance_rows,
    lesson_chart,
    rows_of,
    strength_rows,
    token_rows,
    variance_rows,
    waiting_chart,
    waiting_row,
    waiting_rows,
)
from propagation.charts.theme import PALETTES
from propagation.config import Config
from propagation.engine.trace import Trace
from propagation.labs.evidence import Evidence, Scatters
from tests.charts.traces import trace

APPEARANCES = pytest.mark.parametrize("appearance", list(PALETTES))


def evidence(slopes: dict[str, float], depth: int = 10) -> Evidence:
    """Signals that change by so many decades a layer, from 10 up; theory says that they stay where they are."""
    line = SimpleNamespace(log10_second_moment=np.full(depth, 2.0))
    prediction = SimpleNamespace(signal=lambda name: line, input_log10_second_moment=2.0)
    return Evidence(Config(depth=depth), prediction, trace(depth, slopes=slopes, input_log10_second_moment=0.0))


def named(figure, name: str) -> list[dict]:
    return [part for part in figure.to_plotly_json()["data"] if part.get("name") == name]


def windows(figure) -> list[tuple[float, float]]:
    layout = figure.to_plotly_json()["layout"]
    return [tuple(layout[key]["range"]) for key in sorted(layout) if key.startswith("yaxis")]


@APPEARANCES
def test_every_curve_sets_out_at_one(appearance):
    rows = rows_of([("", evidence({"z": -0.5, "delta": -0.3}))], ("z", "delta"))
    figure = lesson_chart(rows, 10, appearance=appearance)
    (z,), (delta,) = named(figure, "z"), named(figure, "delta")
    assert z["y"] == pytest.approx([-0.5 * layer for layer in range(10)])
    assert delta["y"][-1] == 0 and delta["y"][0] == pytest.approx(-0.3 * 9), "δ is measured in units of the last layer's"
    assert named(figure, "z  theory")[0]["y"] == named(figure, "delta  theory")[0]["y"] == [0] * 10
    assert [row.unit for row in rows] == ["the input = 1", "layer 10 = 1"]


def test_a_gap_is_measured_from_the_last_network():
    seen = [("old", evidence({"weight_gradient": -1.0})), ("new", evidence({"weight_gradient": 0.5}))]
    figure = lesson_chart(rows_of(seen, ("weight_gradient",), gap=True), 10)
    assert named(figure, "new")[0]["y"][0] == named(figure, "old")[0]["y"][0] == 0
    assert named(figure, "new")[0]["y"][-1] == pytest.approx(4.5)
    assert figure.layout.showlegend and {part.marker.symbol for part in figure.data if part.mode == "markers"} == {"circle", "square"}


@pytest.mark.parametrize(
    ("signal", "start", "end"), [("z", 0, 10), ("apart", 0, 10), ("tokens", 0, 10), ("delta", 10, 1), ("weight_gradient", 10, 1)]
)
def test_a_value_guessed_is_a_dashed_line_in_the_direction_of_travel(signal, start, end):
    rows = waiting_row(signal) if signal in ("apart", "tokens", "strength", "variances") else waiting_rows((signal,), 10)
    (line,) = named(lesson_chart(rows, 10, guess=Guess(signal, -7, -7), reach=(-10, 2)), "your guess")
    assert (line["x"], line["y"], line["line"]["dash"]) == ([start, end], [0, -7], "dash")
    (mark,) = named(lesson_chart(rows, 10, guess=Guess(signal, -7, -7, path=False), reach=(-10, 2)), "your guess")
    assert mark["y"] == [None, -7]


@pytest.mark.parametrize("signal", ["z", "delta"])
def test_a_frame_of_a_guess_is_what_the_chart_of_it_shows(signal):
    guesses = range(-8, 3)
    charts = [lesson_chart(waiting_rows(("z", "delta"), 10), 10, guess=Guess(signal, low, low), reach=(-8, 2)) for low in guesses]
    specs = guess_specs(charts[0], guesses)
    assert all(windows(chart) == windows(charts[0]) for chart in charts)
    for chart, spec in zip(charts, specs, strict=True):
        (drawn,), (frame,) = named(chart, GUESS), spec["data"]
        assert (frame["x"], frame["y"], frame["yaxis"], frame["line"]) == (drawn["x"], drawn["y"], drawn["yaxis"], drawn["line"])
    assert guess_specs(waiting_chart(300), guesses) == []


def test_a_range_guessed_is_a_bracket_that_ends_with_the_axis():
    (bracket,) = named(lesson_chart(waiting_rows(("z",), 10), 10, guess=Guess("z", -np.inf, -3), reach=(-4, 2)), "your guess")
    assert bracket["x"] == [10, 10] and bracket["y"] == [-4, -3]


@APPEARANCES
def test_waiting_shows_the_axes_and_the_guess_and_nothing_else(appearance):
    figure = lesson_chart(waiting_rows(("z", "delta"), 10), 10, guess=Guess("delta", -5, -5), reach=(-30, 5), appearance=appearance)
    assert [part.name for part in figure.data if part.y != (None,)] == ["your guess"]
    assert {part.yaxis for part in figure.data} == {"y", "y2"}, "without a trace an axis would not be drawn"
    assert sum(note.text == "?" for note in figure.layout.annotations) == 2
    assert sum(note.text == "?" for note in waiting_chart(500, appearance=appearance).layout.annotations) == 1
    (z, delta) = windows(figure)
    assert delta[0] <= -30 and delta[1] >= 5 and z[1] - z[0] == pytest.approx(delta[1] - delta[0])


def test_healthy_looks_flat():
    """Never less than two decades, the same in every row, and ticks at whole decades."""
    figure = lesson_chart(rows_of([("", evidence({"z": 0.001, "delta": 0.002}))], ("z", "delta")), 10)
    sizes = [high - low for low, high in windows(figure)]
    assert min(sizes) >= 2 and max(sizes) == pytest.approx(min(sizes))
    layout = figure.to_plotly_json()["layout"]
    assert all(value == int(value) for key in ("yaxis", "yaxis2") for value in layout[key]["tickvals"])


def test_what_is_gone_is_not_drawn():
    dying = evidence({})
    dying.trace.z.log10_second_moment[:, 4:] = -np.inf
    figure = lesson_chart(rows_of([("", dying)], ("z",)), 10)
    assert named(figure, "z")[0]["y"] == [0] * 4 + [None] * 6


def test_distances_are_logarithms_of_one_minus_cosine():
    scatter, expected = SimpleNamespace(cosine=np.array([0.0, 0.9, 0.99])), SimpleNamespace(cosine=np.array([0.0, 0.9, 1.0]))
    rows = distance_rows([("", Evidence(Config(depth=3), None, Scatters(scatter, expected)))])
    figure = lesson_chart(rows, 3)
    assert named(figure, "apart")[0]["y"] == pytest.approx([0, -1, -2])
    assert named(figure, "apart  theory")[0]["y"] == pytest.approx([0, -1, None])


def test_distances_of_tokens_end_where_rounding_begins():
    measured = SimpleNamespace(token_separation=np.array([[0.1, 1e-3, 1e-30], [0.1, 1e-3, 1e-30], [0.9, 0.9, 0.9]]))
    expected = SimpleNamespace(token_separation=np.array([0.1, 1e-4, 1e-30]))
    shown = Trace(**(vars(trace(3)) | vars(measured)))
    figure = lesson_chart(token_rows([("", Evidence(Config(depth=3), expected, shown))]), 3)
    assert named(figure, "tokens")[0]["y"] == pytest.approx([-1, -3, None])
    assert named(figure, "tokens  theory")[0]["y"] == pytest.approx([-1, -4, None])


def test_a_strength_is_drawn_as_the_root_of_a_size():
    figure = lesson_chart(strength_rows([("a", evidence({"z": -0.4})), ("b", evidence({"z": 0.2}))]), 10)
    sizes = lesson_chart(rows_of([("a", evidence({"z": -0.4})), ("b", evidence({"z": 0.2}))], ("z",)), 10)
    for label in ("a", "b"):
        assert named(figure, label)[0]["y"] == pytest.approx([y / 2 for y in named(sizes, label)[0]["y"]])


def test_two_variances_are_drawn_so_that_both_are_seen_where_they_coincide():
    both = np.log10([1.0, 0.5, 0.25])
    scatter = SimpleNamespace(log10_variance=lambda whose: both + {"neurons": 0.0, "draws": 0.01}[whose])
    rows = variance_rows([("", Evidence(Config(depth=3), None, Scatters(scatter, scatter)))])
    figure = lesson_chart(rows, 3)
    neurons, draws = (named(figure, curve.label)[0] for curve in rows[0].curves)
    assert neurons["y"] == pytest.approx(both, abs=1e-4) and draws["y"] == pytest.approx(both + 0.01, abs=1e-4)
    assert neurons["marker"]["size"] > 1.5 * draws["marker"]["size"] and neurons["marker"]["symbol"] != draws["marker"]["symbol"]


def test_a_share_guessed_is_a_bracket_within_the_bars():
    (bracket,) = named(with_share_guess(waiting_chart(300), 50, 0.8, np.inf), "your guess")
    assert list(bracket["x"]) == [50, 50] and list(bracket["y"]) == [0.8, 1.0]
