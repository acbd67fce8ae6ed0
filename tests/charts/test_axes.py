"""Axes: windows in whole decades, round ticks."""

from __future__ import annotations

import pytest

from propagation.charts.axes import decade_ticks, decade_windows, layer_ticks, linear_ticks


def test_windows_hold_their_data_and_are_equally_high():
    extremes = [(-0.2, 0.3), (-11.7, -0.1), (4.0, 4.0)]
    windows = decade_windows(extremes)
    assert {top - bottom for bottom, top in windows} == {12}
    assert all(bottom <= low and high <= top for (bottom, top), (low, high) in zip(windows, extremes, strict=True))


def test_level_data_stands_in_the_middle():
    assert decade_windows([(0.0, 0.0), (-10.0, 0.0)])[0] == (-5, 5)


@pytest.mark.parametrize("depth", [1, 2, 7, 10, 33, 50, 99, 100, 101, 640, 1999, 2000])
def test_layer_ticks_run_from_the_input_to_the_last_layer(depth):
    values, texts = layer_ticks(depth)
    assert values[0] == 0 and values[-1] == depth and len(set(values)) == len(values) == len(texts) <= 14
    assert texts[0] == "input"


def test_ticks_of_a_tall_window_are_few_and_round():
    values, texts = decade_ticks(-2600, 3)
    assert len(values) <= 6 and all(value % 1000 == 0 for value in values) and texts[-1] == "1"


@pytest.mark.parametrize(
    ("ends", "texts"),
    [
        ((0, 5), ["0", "1", "2", "3", "4", "5"]),
        ((-0.2, 1), ["−0.2", "0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ((0, 1.725), ["0", "0.5", "1", "1.5"]),
        ((0, 1e7), ["0", "2 × 10⁶", "4 × 10⁶", "6 × 10⁶", "8 × 10⁶", "10⁷"]),
    ],
)
def test_linear_ticks_are_round_numbers_with_both_ends_where_they_are_round(ends, texts):
    values, said = linear_ticks(*ends)
    assert said == texts
    assert ends[0] - 1e-9 <= values[0] and values[-1] <= ends[1] + 1e-9
