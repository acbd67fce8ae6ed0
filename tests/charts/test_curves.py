"""Curves as data: what has no place is a gap, marks stand where they are named, one entry a series in the legend."""

from __future__ import annotations

import math

import pytest

from propagation.charts.curves import Scale, Series, curves_chart
from propagation.charts.theme import PALETTES

ACROSS = Scale("blocks", 1, 100, True, (1, 10, 100))
UP = Scale("size", 0.01, 100, True)
SERIES = [Series("a", (1, 10, 100), (1.0, 0.0, 10.0), (1, 10, 100), (1.0, math.nan, 10.0)), Series("b", line_x=(1, 100), line_y=(2.0, 2.0))]


@pytest.mark.parametrize("appearance", PALETTES)
def test_what_has_no_place_on_a_logarithmic_axis_is_a_gap(appearance):
    figure = curves_chart(SERIES, ACROSS, UP, appearance=appearance)
    line, dots, alone = figure.data
    assert list(dots.x) == [0, 1, 2] and list(dots.y) == [0, None, 1] and list(line.y) == [0, None, 1]
    assert dots.text[1] == "a<br>10: 0" and "nan" not in figure.to_json().lower()
    assert [trace.showlegend for trace in (line, alone)] == [False, True] and alone.name == "b"
    assert figure.layout.font.color == PALETTES[appearance].text


def test_axes_name_the_marks_asked_for_and_else_decades_or_round_numbers():
    layout = curves_chart(SERIES, ACROSS, UP).layout
    assert list(layout.xaxis.tickvals) == [0, 1, 2] and list(layout.xaxis.ticktext) == ["1", "10", "100"]
    assert list(layout.yaxis.range) == [-2, 2] and layout.yaxis.ticktext[0] == "10⁻²"
    straight = curves_chart(SERIES, Scale("p", 0.4, 1), Scale("c", 0, 1)).layout
    assert list(straight.xaxis.range) == [0.4, 1] and list(straight.yaxis.range) == [0, 1]
