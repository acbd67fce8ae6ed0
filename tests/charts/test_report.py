"""The chart of a report: a row a quantity, a shape a kind, theory or a level to compare with, and no markup in names."""

from __future__ import annotations

import json
import math

import numpy as np

from propagation.charts.report import MOST_PLACES, SHAPES, Reference, report_chart
from propagation.charts.report_history import history_chart
from propagation.formats import FLOAT_FORMATS
from propagation.reports.blocks import places
from propagation.reports.read import read
from propagation.reports.report import History
from tests.reports.samples import linear, moments, other, residual, text


def drawn(calls: list[dict], folded: bool = False, references: dict | None = None, **settings):
    report = read(text(calls, draws=3))
    return report_chart(report, places(report, folded), references or {}, **settings)


def trace(figure, name: str):
    return next(one for one in figure.data if one.name == name)


def test_every_row_shows_what_was_measured_where_it_was():
    calls = [
        linear("a", 8, 8, out=moments([-1, 0, 1])),
        other("b", "ReLU", "activation", -2),
        linear("c", 8, 8, weight_gradient=moments(5)),
    ]
    figure = drawn(calls)
    assert list(trace(figure, "out").x) == [1, 2, 3] and list(trace(figure, "out").y) == [0, -2, 0]
    assert list(trace(figure, "weight_gradient").y) == [0, None, 5]
    assert list(trace(figure, "out").marker.symbol) == [SHAPES[kind][0] for kind in ("linear", "activation", "linear")]
    band = trace(figure, "out band")
    assert max(band.y) == 1 and min(band.y) == -2
    assert "<b>a</b> Linear: out² 1 (0.1 – 10)" in trace(figure, "out").text[0]


def test_all_rows_have_the_same_decades():
    figure = drawn([linear("a", 8, 8, out=moments(-30)), linear("b", 8, 8)])
    windows = [figure.layout[axis].range for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert len({round(high - low, 6) for low, high in windows}) == 1 and windows[0][1] - windows[0][0] > 30


def test_a_row_that_was_not_measured_is_left_out():
    calls = [{name: value for name, value in linear(letter, 8, 8).items() if "gradient" not in name} for letter in "ab"]
    figure = drawn(calls)
    assert {one.name.split()[0] for one in figure.data} == {"out"}


def test_zero_and_what_is_not_finite_have_words():
    gone = {"mean": [None], "log10_variance": [None], "log10_second_moment": [None]}
    figure = drawn([linear("a", 8, 8), linear("b", 8, 8, out=moments(-math.inf)), linear("c", 8, 8, out_gradient=gone)])
    words = [note.text for note in figure.layout.annotations]
    assert "▼ 0" in words and "▲ not finite" in words
    assert list(trace(figure, "out").y) == [0, None, 0]


def test_theory_is_a_line_and_a_level_is_dashed():
    calls = [linear(letter, 8, 8) for letter in "abc"]
    line = {"out": Reference(np.array([1.0, math.nan, 3.0]), True), "out_gradient": Reference(np.zeros(3), False)}
    figure = drawn(calls, references=line)
    assert list(trace(figure, "out theory").x) == [1, 3] and trace(figure, "out theory").line.dash is None
    assert trace(figure, "out_gradient level").line.dash == "dash"
    assert "theory 1,000" in trace(figure, "out").text[2] and "theory" not in trace(figure, "out").text[1]


def test_blocks_have_one_place_or_a_ground_of_their_own():
    assert len(trace(drawn(residual(4), folded=True), "out").x) == 4
    unfolded = drawn(residual(4))
    assert len(trace(unfolded, "out").x) == 20 and len(unfolded.layout.shapes) == 2
    assert list(unfolded.layout.xaxis.ticktext) == ["blocks.0", "blocks.1", "blocks.2", "blocks.3"]


def test_the_module_of_the_verdict_is_named_in_its_row():
    figure = drawn([linear(letter, 8, 8) for letter in "abc"], marked={"out": 1})
    (arrow,) = [note for note in figure.layout.annotations if note.showarrow]
    assert (arrow.text, arrow.x, arrow.yref) == ("b", 2, "y")


def test_the_ends_of_a_format_are_drawn_and_the_loss_scale_moves_those_of_gradients():
    calls = [linear(letter, 8, 8) for letter in "ab"]
    plain = drawn(calls, precision=(FLOAT_FORMATS["float16"], 0))
    scaled = drawn(calls, precision=(FLOAT_FORMATS["float16"], 10))
    assert trace(plain, "out zero").y[0] == trace(scaled, "out zero").y[0] == round(-48 * math.log10(2), 4)
    assert abs(trace(plain, "out_gradient zero").y[0] - trace(scaled, "out_gradient zero").y[0] - 20 * math.log10(2)) < 1e-3


def test_names_are_text():
    bad = "<a href='javascript:alert(1)'>x</a>"
    figure = drawn([linear(f"{bad}.{n}.{part}", 8, 8, type=bad) for n in range(3) for part in "ab"], marked={"out": 0})
    assert "<a href" not in json.dumps(figure.to_plotly_json(), default=list)
    history = History((1, 2), {bad: (0.1, 0.2), "b": (0.01, math.nan)})
    assert "<a href" not in json.dumps(history_chart(history).to_plotly_json(), default=list)


def test_thousands_of_modules_are_thinned_first_and_last_included():
    figure = drawn([other(f"m{n}", "A", "other") for n in range(MOST_PLACES + 500)])
    x = trace(figure, "out").x
    assert len(x) == MOST_PLACES and (x[0], x[-1]) == (1, MOST_PLACES + 500)


def test_steps_of_training_are_shares_of_the_weights():
    figure = history_chart(History((0, 10, 20), {"a": (0.1, 0.01, 0.001), "b": (1e-4, 0.0, math.nan)}))
    assert list(trace(figure, "a").y) == [-1, -2, -3] and list(trace(figure, "b").y) == [-4, None, None]
    assert list(trace(figure, "usual").y) == [-3, -3]
