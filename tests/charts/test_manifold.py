"""Charts of angles and circles as data: what is drawn is what was measured, and what cannot be drawn is named."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.charts.manifold import angles_chart, geometry_chart, space_chart
from propagation.charts.theme import PALETTES
from propagation.config import Config
from propagation.labs.manifold import STARTS, Angles, Circle
from propagation.theory.manifold import CirclePrediction

DEPTH = 6
CONFIG = Config(depth=DEPTH, trials=5)
STRAIGHT = np.log10(STARTS) - 0.5 * np.arange(DEPTH + 1)[:, None] * np.ones(len(STARTS))


def angles(log10_eps: np.ndarray = STRAIGHT, scatter: float = 0.2) -> Angles:
    return Angles(CONFIG, log10_eps + scatter * np.linspace(-1, 1, 5)[:, None, None])


def a_circle(curvature: float = 0.1) -> Circle:
    angle = 2 * np.pi * np.arange(8) / 8
    points = np.stack([0.5**layer * np.stack((np.cos(angle), np.sin(angle), 0 * angle), axis=1) for layer in range(DEPTH + 1)])
    length = -0.3 * np.arange(DEPTH + 1) + np.array([[0.0], [0.1], [0.2]])
    return Circle(CONFIG, points, np.linspace(1, 0.4, DEPTH + 1), length, curvature * np.arange(DEPTH + 1) + np.zeros((3, 1)))


def drawn(figure, name, axis="y"):
    return next(t for t in figure.data if t.name == name and t.yaxis == axis)


def test_dots_are_the_median_of_both_c_and_its_distance_from_one():
    figure = angles_chart(angles(), None)
    for start, column in zip(("0.999", "0.5", "−0.9"), (1, 3, 5), strict=True):
        np.testing.assert_allclose(drawn(figure, f"c = {start}").y, 1 - 10 ** STRAIGHT[:, column], atol=1e-4)
        np.testing.assert_allclose(drawn(figure, f"c = {start}", "y2").y, STRAIGHT[:, column], atol=1e-4)
    assert list(drawn(figure, "c = 0").x) == list(range(DEPTH + 1))


def test_band_encloses_the_draws_and_one_draw_has_none():
    bands = [t for t in angles_chart(angles(scatter=0.2), None).data if t.fill == "toself" and t.yaxis == "y2"]
    assert max(max(band.y) for band in bands) == pytest.approx(STRAIGHT.max() + 0.2, abs=1e-3)
    single = Angles(CONFIG, STRAIGHT[None])
    assert not [t for t in angles_chart(single, None).data if t.fill == "toself"]


def test_theory_is_a_line_for_every_pair_in_both_rows():
    figure = angles_chart(angles(), 10**STRAIGHT)
    lines = [t for t in figure.data if t.name.endswith("theory")]
    assert len(lines) == 2 * len(STARTS) and {t.line.color for t in lines} == {PALETTES["light"].text}
    assert {t.yaxis for t in lines} == {"y", "y2"}
    assert not [t for t in angles_chart(angles(), None).data if t.name.endswith("theory")]


def test_pairs_that_merged_leave_a_word_at_the_edge():
    merged = STRAIGHT.copy()
    merged[4:, 0] = -np.inf
    figure = angles_chart(angles(merged), 10**STRAIGHT)
    assert drawn(figure, "c = 0.999999", "y2").y[4:] == (None,) * 3
    assert drawn(figure, "c = 0.999999").y[-1] == 1
    assert any("▼" in note.text for note in figure.layout.annotations)
    assert not any("▼" in note.text for note in angles_chart(angles(), None).layout.annotations)


def test_a_dead_network_still_gives_a_figure():
    nothing = np.full_like(STRAIGHT, np.nan)
    assert drawn(angles_chart(Angles(CONFIG, nothing[None]), None), "c = 0").y == (None,) * (DEPTH + 1)


def test_a_network_that_died_has_no_angles_and_takes_no_part_in_those_of_the_others():
    log10_eps = angles(scatter=0.2).log10_eps.copy()
    log10_eps[3:, 4:] = np.nan  # the largest two of five trials, from layer 4 on
    figure = angles_chart(Angles(CONFIG, log10_eps), None)
    dots = drawn(figure, "c = 0.5", "y2")
    np.testing.assert_allclose(dots.y[:4], STRAIGHT[:4, 3], atol=1e-4)
    np.testing.assert_allclose(dots.y[4:], STRAIGHT[4:, 3] - 0.1, atol=1e-4)  # of −0.2, −0.1, 0 around it
    bands = [t for t in figure.data if t.fill == "toself" and t.yaxis == "y2"]
    assert all(len(band.x) == 2 * (DEPTH + 1) for band in bands), "the band goes on with those that are left"
    assert not any("▼" in note.text for note in figure.layout.annotations), "and nothing merged"


def test_pairs_differ_in_shape_and_not_in_colour_alone():
    dots = [t for t in angles_chart(angles(), None).data if t.mode == "markers" and t.yaxis == "y"]
    assert len({t.marker.symbol for t in dots}) == len({t.marker.color for t in dots}) == len(STARTS)


@pytest.mark.parametrize("slope", [0.0, 0.6, 3.0])
def test_distances_stand_in_whole_decades(slope):
    figure = angles_chart(angles(STRAIGHT - slope), 10**STRAIGHT)
    bottom, top = figure.layout.yaxis2.range
    ticks = figure.layout.yaxis2.tickvals
    assert all(tick == int(tick) for tick in ticks) and top - bottom >= 2 and len(ticks) <= 7
    assert bottom <= min(min(t.y) for t in figure.data if t.mode == "markers" and t.yaxis == "y2")


def test_the_curve_is_closed_fills_its_box_and_keeps_still():
    figure = space_chart(a_circle(), 3)
    curve = figure.data[0]
    assert curve.x[0] == curve.x[-1] and len(curve.x) == 9 and max(curve.x) == 1
    assert figure.layout.scene.aspectmode == "cube" and figure.layout.uirevision == space_chart(a_circle(), 4).layout.uirevision
    first, last = figure.frames[0].layout.scene.camera.eye, figure.frames[-1].layout.scene.camera.eye
    assert first.x != last.x and last.x == pytest.approx(figure.layout.scene.camera.eye.x, abs=1e-3)
    assert figure.layout.updatemenus[0].buttons[0].method == "animate"


def test_length_and_curvature_share_one_scale_and_mark_the_layer():
    line = np.linspace(0, 1, 101)
    figure = geometry_chart(a_circle(), CirclePrediction(line, line), 4)
    np.testing.assert_allclose(drawn(figure, "length").y, 0.1 - 0.3 * np.arange(DEPTH + 1), atol=1e-4)
    np.testing.assert_allclose(drawn(figure, "curvature", "y2").y, 0.1 * np.arange(DEPTH + 1), atol=1e-4)
    heights = {axis.range[1] - axis.range[0] for axis in (figure.layout.yaxis, figure.layout.yaxis2)}
    assert len(heights) == 1 and heights.pop() >= 2
    assert figure.layout.shapes[0].x0 == 4
    assert len(drawn(figure, "length theory").y) == DEPTH + 1


def test_a_curvature_that_is_infinite_is_said_to_be_so():
    assert any("kink" in note.text for note in geometry_chart(a_circle(np.nan), None, 1).layout.annotations)
    assert not any("kink" in note.text for note in geometry_chart(a_circle(), None, 1).layout.annotations)


def test_colours_follow_the_appearance():
    for appearance, colours in PALETTES.items():
        assert angles_chart(angles(), None, appearance=appearance).layout.font.color == colours.text
        assert drawn(geometry_chart(a_circle(), None, 1, appearance=appearance), "length").marker.color == colours.forward
        assert space_chart(a_circle(), 1, appearance=appearance).layout.scene.xaxis.gridcolor == colours.grid
