"""The table of frames: whatever a browser draws from it is, up to a third of a pixel, the figure that it was made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, predict, simulate
from propagation.charts.cobweb import Cobweb, cobweb_spec
from propagation.charts.frames import SHADE_UNIT, UNIT, decade_frames, frames
from propagation.charts.manifold import angles_spec
from propagation.charts.signals import signals_spec
from propagation.charts.variance_decomposition import decomposition_spec
from propagation.labs.manifold import angles_alike
from propagation.labs.variance_decomposition import scatters_alike

VALUES = (0.0, 0.5, 1.5, 3.0)
SPARSE = (0, 1, 3)


def spec(config: Config) -> dict:
    return signals_spec(simulate(config), predict(config), hover=False)


@pytest.fixture(scope="module")
def specs() -> list[dict]:
    config = Config(activation="relu", bias_variance=0.0, depth=6, width=16, inputs=4, trials=3)
    return [spec(replace(config, weight_variance=value)) for value in VALUES]


@pytest.fixture(scope="module")
def table(specs) -> dict:
    return decade_frames(specs, SPARSE, lambda name: "theory" in name)


def test_every_curve_is_that_of_its_figure(specs, table):
    compared = 0
    for curve in table["curves"]:
        style = table["figure"]["data"][curve["trace"]]
        assert curve["at"] == (list(range(4)) if "theory" in style.get("name", "") else list(SPARSE))
        for place, row in zip(curve["at"], curve["rows"], strict=True):
            same = [one for one in specs[place]["data"] if (one.get("name"), one["type"]) == (style.get("name"), style["type"])]
            if not same:
                assert row == []
                continue
            numbers = same[0][curve["attribute"]]
            if curve["attribute"] == "z":
                numbers = [None if value is None else value / same[0]["zmax"] for line in numbers for value in line]
            assert [value is None for value in row] == [value is None for value in numbers]
            there = [(value * curve["unit"], number) for value, number in zip(row, numbers, strict=True) if value is not None]
            unit = {"x": 0, "y": UNIT, "z": SHADE_UNIT}[curve["attribute"]]
            assert all(abs(drawn - number) <= unit / 2 + 1e-9 for drawn, number in there)
            compared += len(there)
    assert compared > 300


def test_rows_have_the_windows_of_their_figures(specs, table):
    assert set(table["windows"]) == {"yaxis", "yaxis2", "yaxis3"}
    for axis, ranges in table["windows"].items():
        assert ranges == [one["layout"][axis]["range"] for one in specs]
    assert table["axes"] is None


def test_words_that_only_some_figures_have_come_apart(table):
    common = [note["text"] for note in table["figure"]["layout"]["annotations"]]
    assert any("forward" in text for text in common) and not any("▼" in text for text in common)
    assert ["▼" in "".join(note["text"] for note in notes) for notes in table["notes"]] == [True, False, False, False]


def test_another_depth_has_other_layers():
    config = Config(depth=6, width=16, inputs=4, trials=2)
    figures = [spec(replace(config, depth=depth)) for depth in (4, 6)]
    found = decade_frames(figures, (0, 1), lambda name: False)
    lengths = {tuple(map(len, curve["rows"])) for curve in found["curves"] if curve["attribute"] == "x"}
    assert (4, 6) in lengths
    assert [axis["range"] for axis in found["axes"]] == [figure["layout"]["xaxis"]["range"] for figure in figures]


def test_the_table_is_small(table):
    numbers = [value for curve in table["curves"] for row in curve["rows"] for value in row if value is not None]
    assert all(isinstance(value, int) for value in numbers) and np.max(np.abs(numbers)) < 1e6


@pytest.fixture(scope="module")
def cobwebs() -> list[dict]:
    """Maps q → w q of two windows, and one place without a map."""
    x = np.linspace(0, 3, 7)
    some = [Cobweb(x, w * x, np.array([1.0, w, w**2]), 0.0, (0.0, 1.2 * w), "q", "after", "q*") for w in (0.5, 1.5)]
    none = Cobweb(x, np.full(7, np.nan), np.full(3, np.nan), None, (0.0, 1.2), "q", "after", "q*", "nothing is left")
    return [cobweb_spec(one) for one in (*some, none)]


def test_what_all_figures_have_in_common_is_sent_once_and_the_rest_for_each(cobwebs):
    table = frames(cobwebs)
    kinds = [trace["name"] for trace in table["figure"]["data"]]
    curves = {(kinds[curve["trace"]], curve["attribute"]): curve["rows"] for curve in table["curves"]}
    assert set(curves) == {("map", "y"), ("iterates", "x"), ("iterates", "y"), ("fixed point", "x"), ("fixed point", "y")}
    assert curves["map", "y"] == [spec["data"][1]["y"] for spec in cobwebs]
    assert curves["fixed point", "x"] == [[0.0], [0.0], []]


def test_axes_of_any_numbers_have_the_ranges_of_their_figures(cobwebs):
    table = frames(cobwebs)
    ranges = [[0.0, 0.6], pytest.approx([0.0, 1.8]), [0.0, 1.2]]
    assert table["windows"] == {"xaxis": ranges, "yaxis": ranges}
    assert frames(cobwebs[:1] * 2)["windows"] == {}
    assert [[note["text"] for note in notes] for notes in table["notes"]] == [[], [], ["nothing is left"]]


def test_numbers_of_a_frame_have_no_more_digits_than_can_be_seen():
    x = np.array([0.0, 1.0])
    spec, other = (cobweb_spec(Cobweb(x, w * x, np.array([1.0, w]), None, (0.0, 1.0), "q", "after", "q*")) for w in (1 / 3, 1 / 7))
    rows = next(curve["rows"] for curve in frames([spec, other])["curves"] if curve["trace"] == 1)
    assert rows == [[0.0, 0.3333], [0.0, 0.1429]]


@pytest.fixture(scope="module")
def angles() -> tuple[list[dict], dict]:
    """Pairs of inputs at four values, of which two are measured: c on a straight axis over 1 − c on one of decades."""
    configs = Config(depth=6, width=16, trials=3).variants("weight_variance", VALUES[1:])
    figures = [angles_spec(one, 10 ** one.log10_eps[0], hover=False) for one in angles_alike(configs)]
    return figures, decade_frames(figures, (0, 2), lambda name: "theory" in name)


def test_an_axis_that_is_not_of_decades_holds_still(angles):
    figures, table = angles
    assert [*table["windows"]] == ["yaxis2"]
    assert table["figure"]["layout"]["yaxis"] == figures[0]["layout"]["yaxis"]


def test_only_logarithms_are_left_to_be_interpolated(angles):
    _, table = angles
    for curve in table["curves"]:
        trace = table["figure"]["data"][curve["trace"]]
        assert curve["at"] == ([0, 1, 2] if trace["yaxis"] == "y" or "theory" in trace["name"] else [0, 2])


def test_rows_that_share_a_name_keep_their_numbers_apart(angles):
    figures, table = angles
    seen = 0
    for curve in table["curves"]:
        trace = table["figure"]["data"][curve["trace"]]
        for place, row in zip(curve["at"], curve["rows"], strict=True):
            (own,) = [one for one in figures[place]["data"] if (one["name"], one["yaxis"]) == (trace["name"], trace["yaxis"])]
            off = [abs(value * curve["unit"] - number) for value, number in zip(row, own["y"], strict=True) if value is not None]
            assert max(off) <= curve["unit"] / 2 + 1e-9
            seen += len(off)
    assert seen > 500


def test_bars_have_a_row_each():
    configs = Config(depth=5, width=8, inputs=4, trials=3).variants("weight_variance", (0.5, 3.0))
    figures = [decomposition_spec(one["z"], None, hover=False) for one in scatters_alike(configs)]
    table = decade_frames(figures, (0, 1), lambda name: False)
    bars = {trace["name"]: number for number, trace in enumerate(table["figure"]["data"]) if trace["type"] == "bar"}
    assert set(bars) == {"inputs", "neurons", "draws", "mean"} and [*table["windows"]] == ["yaxis2"]
    for place, figure in enumerate(figures):
        for trace in figure["data"]:
            if trace["type"] == "bar":
                (curve,) = [one for one in table["curves"] if one["trace"] == bars[trace["name"]]]
                assert [value * curve["unit"] for value in curve["rows"][place]] == pytest.approx(trace["y"], abs=1e-3)


def test_words_in_dots_are_those_of_their_figure_and_no_trace_is_left_out():
    def figure(*texts: str) -> dict:
        dot = {"type": "scatter", "mode": "markers+text", "x": [1.0], "y": [0.0]}
        dots = [dot | {"name": f"of {len(text)}", "text": [text]} for text in texts]
        axes = {"xaxis": {"range": [0, 1]}, "yaxis": {"range": [0, 1]}}
        return {"data": dots, "layout": axes | {"annotations": []}}

    table = frames([figure("1", "23"), figure("2", "345")])
    assert [trace["name"] for trace in table["figure"]["data"]] == ["of 1", "of 2", "of 3"]
    texts = {curve["trace"]: curve["rows"] for curve in table["curves"] if curve["attribute"] == "text"}
    assert texts == {0: [["1"], ["2"]], 1: [["23"], []], 2: [[], ["345"]]}
    assert all((curve["unit"] is None) == (curve["attribute"] == "text") for curve in table["curves"])
