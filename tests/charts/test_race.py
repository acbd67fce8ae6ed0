"""The charts of a race as data: what is drawn is what was measured, on axes that neither hide nor exaggerate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.charts.race import gradient_map, pace_chart, race_chart
from propagation.charts.theme import PALETTES
from propagation.labs.race import Lane
from propagation.labs.training import Snapshot

STEPS = 40


def snapshot(step: int, loss: float, accuracy: float, paces, sizes, diverged: bool = False) -> Snapshot:
    return Snapshot(step, loss, accuracy, np.array(paces, dtype=float), np.array(sizes, dtype=float), diverged)


def lane(place: int = 1, diverged: bool = False, paces=(1e-3, 2e-4, 5e-4), sizes=(-6.0, -7.0, -5.5)) -> Lane:
    looks = [snapshot(10 * k, 2.3 / (k + 1), 0.1 + 0.2 * k, paces, sizes) for k in range(4)]
    if diverged:
        looks.append(snapshot(33, 2.3 / 4, 0.7, paces, sizes, True))
    return Lane(place, f"lane {place}", tuple(looks))


def drawn(figure, meta: str) -> list:
    return [trace for trace in figure.data if trace.meta == meta]


def words(figure) -> str:
    return " ".join(note.text for note in figure.layout.annotations)


def test_accuracy_and_loss_are_drawn_as_measured():
    figure = race_chart([lane(0), lane(4)], STEPS)
    for trace in drawn(figure, "accuracy"):
        assert list(trace.x) == [0, 10, 20, 30] and trace.yaxis in (None, "y")
        np.testing.assert_allclose(trace.y, [10, 30, 50, 70])
    for trace in drawn(figure, "loss"):
        np.testing.assert_allclose(trace.y, np.log10(2.3 / np.arange(1, 5)), atol=1e-4)
    assert "30 %, loss 1.15" in drawn(figure, "accuracy")[0].text[1]
    guesses = [trace for trace in figure.data if trace.name == "guessing"]
    assert [trace.y[0] for trace in guesses] == [10, pytest.approx(math.log10(math.log(10)))]


def test_the_axes_are_those_of_the_whole_race_and_of_whole_decades():
    figure = race_chart([lane()], STEPS)
    low, high = figure.layout.xaxis.range
    assert low <= 0 and high >= STEPS
    assert list(figure.layout.yaxis.ticktext)[-1] == "100 %"
    bottom, top = figure.layout.yaxis2.range
    assert top - bottom >= 2 and all(value == int(value) for value in figure.layout.yaxis2.tickvals)


@pytest.mark.parametrize("loss", [0.0, 1e-12, 1e200, 1.7e308])
def test_any_loss_stays_on_the_chart(loss):
    figure = race_chart([Lane(0, "a", (snapshot(0, loss, 0.1, [1e-3], [-6.0]),))], STEPS)
    bottom, top = figure.layout.yaxis2.range
    assert bottom <= drawn(figure, "loss")[0].y[0] <= top and top - bottom < 8


def test_who_diverged_moves_no_axis_that_others_need():
    wild, calm = lane(0, diverged=True, paces=(1e9, 1e10, 1e11), sizes=(30.0, 31.0, 32.0)), lane(2)
    both, alone = pace_chart([wild, calm], 3), pace_chart([calm], 3)
    assert both.layout.yaxis.range == alone.layout.yaxis.range and list(both.data[0].y) == [None] * 3
    assert pace_chart([wild], 3).layout.yaxis.range[1] > 9, "where nobody else needs it, it has the axis"
    own, shared = gradient_map(calm, [calm], STEPS), gradient_map(calm, [wild, calm], STEPS)
    assert (own.data[0].zmin, own.data[0].zmax) == (shared.data[0].zmin, shared.data[0].zmax)


def test_who_diverged_ends_with_a_cross_and_the_word():
    figure = race_chart([lane(0, diverged=True), lane(2)], STEPS)
    gone, going = drawn(figure, "accuracy")
    assert gone.marker.symbol[-1] == "x" and going.marker.symbol[-1] == "diamond" and gone.x[-1] == 33
    assert words(figure).count("● diverged") == 1
    both = race_chart([lane(0, diverged=True), lane(1, diverged=True)], STEPS)
    notes = [note for note in both.layout.annotations if "diverged" in note.text]
    assert notes[0].yshift != notes[1].yshift


def test_paces_are_drawn_for_every_layer():
    figure = pace_chart([lane(0), lane(3)], 3)
    for trace in figure.data:
        assert list(trace.x) == [1, 2, 3]
        np.testing.assert_allclose(trace.y, np.log10([1e-3, 2e-4, 5e-4]), atol=1e-4)
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    bottom, top = figure.layout.yaxis.range
    assert top - bottom >= 2 and bottom < -3.7 and all(value == int(value) for value in figure.layout.yaxis.tickvals)


@pytest.mark.parametrize("pace", [0.0, 1e-280])
def test_a_layer_that_stands_still_is_drawn_at_the_edge_which_says_so(pace):
    figure = pace_chart([lane(0), lane(1, paces=(pace, 1e-4, 1e-4))], 3)
    bottom, top = figure.layout.yaxis.range
    assert bottom <= figure.data[1].y[0] <= top and top - bottom < 14
    assert figure.layout.yaxis.ticktext[0].startswith("≤") and "lost in rounding" in figure.data[1].text[0]
    assert not pace_chart([lane(0)], 3).layout.yaxis.ticktext[0].startswith("≤")


def test_many_layers_are_thinned_and_the_ends_stay():
    depth = 200
    figure = pace_chart([lane(0, paces=np.full(depth, 1e-3), sizes=np.zeros(depth))], depth)
    assert len(figure.data[0].x) == 100 and figure.data[0].x[0] == 1 and figure.data[0].x[-1] == depth


def test_gradients_are_a_colour_for_every_layer_and_look():
    one, other = lane(0), lane(1, sizes=(-9.0, -9.0, -9.0))
    figure = gradient_map(one, [one, other], STEPS)
    heat = figure.data[0]
    np.testing.assert_allclose(heat.z, np.repeat([[-6.0], [-7.0], [-5.5]], 4, axis=1))
    assert list(heat.x) == [0, 10, 20, 30] and list(heat.y) == [1, 2, 3]
    same = gradient_map(other, [one, other], STEPS).data[0]
    assert (same.zmin, same.zmax) == (heat.zmin, heat.zmax) and heat.zmin <= -9 and heat.zmax >= -5.5


@pytest.mark.parametrize("size", [-np.inf, -565.0, np.inf])
def test_no_gradient_breaks_the_map(size):
    one = lane(0, sizes=(size, -7.0, -5.5), diverged=True)
    heat = gradient_map(one, [one], STEPS).data[0]
    assert np.isfinite(heat.z).all() and heat.zmin <= np.min(heat.z) and np.max(heat.z) <= heat.zmax and heat.zmax - heat.zmin <= 12
    assert len(heat.x) == 4  # the diverged end repeats what was there before


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_an_empty_race_has_its_axes(depth):
    assert len(race_chart([], STEPS).data) == 2 and pace_chart([], depth).layout.yaxis.range[0] <= -5
    one = lane(0, paces=np.full(depth, 1e-3), sizes=np.full(depth, -3.0))
    for figure in (pace_chart([one], depth), gradient_map(one, [one], STEPS)):
        axis = figure.layout.yaxis if figure.data[0].type == "heatmap" else figure.layout.xaxis
        assert len(axis.tickvals) == len(axis.ticktext) and axis.tickvals[0] == 1 and axis.tickvals[-1] == depth


def test_the_winner_is_drawn_boldly_in_the_colours_of_the_appearance():
    for appearance, colours in PALETTES.items():
        first, second = drawn(race_chart([lane(0), lane(1)], STEPS, winner=1, appearance=appearance), "accuracy")
        assert second.line.width > first.line.width and second.line.color == colours.compare[1]
