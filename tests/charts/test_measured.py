"""A measured network in the comparison chart: its curve as data, its level, what is lost, and names that are markup."""

from __future__ import annotations

import numpy as np
import pytest

from charts.traces import prediction, trace
from propagation.charts.compare import Curves, compare_chart
from propagation.charts.measured import GLYPH, Measured

COLUMNS = [Curves(place, f"column {place}", trace(slopes={"delta": -0.3}), prediction()) for place in range(2)]
BAD = "<img src=x onerror=alert(1)>"


def measured(out=(0.0, -1.0, -2.0), back=(5.0, 6.0, 7.0), weights=(1.0, 2.0, 3.0), name="Net") -> Measured:
    return Measured(name, [f"fc{n}" for n in range(len(out))], tuple(np.array(row, dtype=float) for row in (out, back, weights)))


def curve(figure) -> list:
    return [one for one in figure.data if one.meta == "measured"]


def words(figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_it_is_one_curve_a_row_unlike_all_columns_and_one_entry_of_the_legend():
    figure = compare_chart(COLUMNS, measured=measured())
    rows = curve(figure)
    assert [one.yaxis for one in rows] == ["y", "y2", "y3"] and [one.showlegend for one in rows] == [True, False, False]
    assert {one.marker.symbol for one in rows}.isdisjoint(one.marker.symbol for one in figure.data if one.meta != "measured")
    assert {one.name for one in rows} == {"Net"} and rows[0].line.dash and list(rows[0].x) == [1, 2, 3]
    assert len(compare_chart(COLUMNS).data) + 3 == len(figure.data)


def test_the_signal_is_as_measured_and_gradients_begin_at_the_level_of_the_columns():
    signal, back, weights = curve(compare_chart(COLUMNS, measured=measured()))
    assert list(signal.y) == [0, -1, -2]
    last = COLUMNS[0].trace.signal("delta").median()[-1], COLUMNS[0].trace.weight_gradient.median()[-1]
    assert list(back.y) == pytest.approx([last[0] - 2, last[0] - 1, last[0]])
    assert list(weights.y) == pytest.approx([last[1] - 2, last[1] - 1, last[1]])
    assert "10⁵" in back.text[0] and "measured" in back.text[0], "the hover box has what was measured"


def test_axes_make_room_for_it():
    deep = measured(*[np.linspace(0, 30, 40)] * 3)
    figure = compare_chart(COLUMNS, measured=deep)
    assert figure.layout.xaxis.range[1] > 40 > compare_chart(COLUMNS).layout.xaxis.range[1]
    assert figure.layout.yaxis.range[1] >= 30


def test_what_has_no_place_on_the_axis_is_said():
    figure = compare_chart(COLUMNS, measured=measured(out=(0, -np.inf, -np.inf), back=(np.inf, 0, 0), weights=(np.nan, 0, np.nan)))
    signal, back, weights = curve(figure)
    assert list(signal.y) == [0, None, None] and list(back.x) == [1, 2, 3] and list(weights.x) == [2]
    assert f"▼ {GLYPH} 0 in layers 2 – 3" in words(figure) and f"▲ {GLYPH} not finite" in words(figure)


def test_nothing_of_it_is_measured():
    curves = curve(compare_chart(COLUMNS, measured=measured(back=[np.nan] * 3, weights=[np.nan] * 3)))
    assert [len(one.x) for one in curves] == [3, 0, 0]


def test_names_are_no_markup():
    figure = compare_chart(COLUMNS, measured=Measured(BAD * 4, [BAD] * 3, measured().rows))
    shown = figure.to_json()
    assert "<img" not in shown and "\\u003cimg" not in shown and "&lt;img" in shown.replace("\\u0026", "&")


def test_of_thousands_of_layers_some_are_drawn():
    many = measured(*[np.zeros(10_000)] * 3)
    assert 500 <= len(curve(compare_chart(COLUMNS, measured=many))[0].x) <= 1_000
