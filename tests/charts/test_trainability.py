"""The trainability chart as data: colours, the line, what is marked, what a click finds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.charts.theme import PALETTES
from propagation.charts.trainability import edges, layers, trainability_chart
from propagation.config import Config
from propagation.labs.trainability import Grid, Outcome, assembled
from propagation.labs.training import Recipe
from propagation.theory.maps import depth_scales
from propagation.theory.phases import critical_weight_variance

GRID = Grid(Config(bias_variance=0.05), Recipe(), (2, 8, 32, 128), (1.0, 2.0, 3.0))
OUTCOMES = {(0, 0): Outcome(0.9), (1, 1): Outcome(0.4, diverged=True), (3, 2): Outcome(failure="out of luck")}
CRITICAL = critical_weight_variance("tanh", 0.05)


def drawn(weight_variance=1.5, depth=50, grid=GRID, outcomes=OUTCOMES, critical=CRITICAL, **kwargs):
    figure = trainability_chart(assembled(grid, outcomes), critical, weight_variance, depth, **kwargs)
    return {trace.name: trace for trace in figure.data}, figure


def test_colour_is_accuracy_and_only_where_something_was_trained():
    heat = drawn()[0]["accuracy"]
    assert heat.z[0, 0] == np.float32(0.9) and heat.z[1, 1] == np.float32(0.4)
    assert np.isnan(heat.z).sum() == 10 and heat.x == GRID.weight_variances and heat.y == GRID.depths
    assert heat.zmin == 0.1 and heat.zmax == 1


def test_the_scale_of_colours_is_that_of_the_cells_and_there_before_any_is_trained():
    traces, _ = drawn(outcomes={})
    marker, heat = traces["targets"].marker, traces["accuracy"]
    assert marker.showscale and marker.colorscale == heat.colorscale
    assert (marker.cmin, marker.cmax) == (heat.zmin, heat.zmax) and len(marker.color) == 12


def test_the_line_is_theory_at_every_point():
    line = drawn()[0]["theory"]
    for at in (0, 150, 399):
        expected = 6 * depth_scales("tanh", line.x[at], 0.05).xi_c
        assert line.y[at] == pytest.approx(min(expected, 1e6))
    assert line.y[0] < 20 < max(line.y) and len(line.x) == 400


def test_the_critical_point_is_marked_if_it_is_in_sight():
    _, figure = drawn()
    assert figure.layout.shapes[0].x0 == CRITICAL
    assert any("critical 1.76" in note.text for note in figure.layout.annotations)
    for unseen in (math.nan, 30.0):
        _, figure = drawn(critical=unseen)
        assert not figure.layout.shapes and all("critical" not in note.text for note in figure.layout.annotations)


def test_the_label_of_the_line_lies_on_it():
    _, figure = drawn()
    note = next(note for note in figure.layout.annotations if "theory" in note.text)
    assert 10**note.y == pytest.approx(6 * depth_scales("tanh", note.x, 0.05).xi_c)


@pytest.mark.parametrize(
    ("weight_variance", "depth", "place", "words"),
    [
        (1.5, 50, (1.5, 50), ""),
        (1.5, 2000, (1.5, 256), "2,000 layers"),
        (9.0, 2, (3.5, 2), "σ_w² 9"),
        (0.1, 50, (0.5, 50), "σ_w² 0.1"),
    ],
)
def test_the_cross_stands_at_the_visitors_place_or_at_the_edge_with_a_word(weight_variance, depth, place, words):
    here = drawn(weight_variance, depth)[0]["here"]
    assert (here.x[0], here.y[0]) == pytest.approx(place)
    assert words in here.text[0] and bool(here.text[0]) == bool(words)


def test_every_cell_can_be_clicked_and_says_what_is_there():
    targets = drawn()[0]["targets"]
    said = {(x, y): text for x, y, text in zip(targets.x, targets.y, targets.text, strict=True)}
    assert len(said) == 12
    assert "<b>90 %</b>" in said[1.0, 2] and "22 layers deep" in said[1.0, 2]
    assert "then it diverged" in said[2.0, 8] and "could not be trained" in said[3.0, 128] and "not trained yet" in said[3.0, 2]


def test_cells_without_a_result_are_marked():
    traces, _ = drawn()
    assert len(traces["untrained"].x) == 9
    assert set(zip(traces["failed"].x, traces["failed"].y, strict=True)) == {(2.0, 8), (3.0, 128)}


def test_depths_are_logarithmic_and_every_cell_is_in_sight():
    _, figure = drawn()
    bottom, top = figure.layout.yaxis.range
    assert figure.layout.yaxis.type == "log" and 10**bottom == pytest.approx(1) and 10**top == pytest.approx(256)
    assert figure.layout.xaxis.range == (0.5, 3.5)
    assert edges([3.0]) == (2.5, 3.5)


@pytest.mark.parametrize("appearance", PALETTES)
def test_colours_are_those_of_the_appearance(appearance):
    traces, figure = drawn(appearance=appearance)
    assert traces["theory"].line.color == PALETTES[appearance].text
    assert traces["accuracy"].colorscale[1][1] == PALETTES[appearance].forward
    assert figure.layout.uirevision and figure.layout.height


def test_a_signal_that_never_ends_has_its_words():
    assert [layers(value) for value in (math.inf, 21.76, 0.0)] == ["to any depth", "22 layers deep", "0 layers deep"]
