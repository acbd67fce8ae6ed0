"""The figures of the papers as data: marks where they were measured, theory where it stands, both appearances."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.charts.theme import PALETTES
from propagation.papers.hanin import Shape, shapes_chart
from propagation.papers.kumar import fate, rule_of, rules_chart
from propagation.papers.poole import Maps, maps_chart
from propagation.papers.schoenholz import Decay, Scales, decay_chart, scales_chart
from propagation.theory.maps import depth_scales

LAYERS = np.arange(20)


def one_map(weight: float) -> Maps:
    grid = np.linspace(0, 15, 11)
    steps = np.array([[1.0, 2.0], [2.0, 3.0]])
    return Maps(weight**0.5, grid, grid / 2, grid / 15, grid / 30, steps, steps / 10, depth_scales("tanh", weight, 0.09), steps, steps)


def decay(weight: float, xi: float) -> Decay:
    gap = 0.1 * np.exp(-LAYERS / xi)
    return Decay(weight, gap, gap, 10, 5, xi, 1.5, depth_scales("tanh", weight, 0.05))


MAPS = [one_map(1.69), one_map(6.25)]
SCALES = Scales((decay(1.3, 7.8), decay(3.0, 9.0)), np.array([1.0, 1.76, 3.0]), np.array([3.6, math.inf, 9.05]), np.ones(3), 1.76)
RULES = [rule_of(name) for name in ("linear", "tanh", "sigmoid", "gelu", "selu")]
SHAPES = [
    Shape("constant", 16, 10, 0.625, 4.0, 0.5, 4.2, 1.0, 128),
    Shape("constant", 32, 20, 0.625, 3.5, 0.4, 3.55, 1.0, 128),
    Shape("funnel", 128, 20, 0.55, 3.2, 0.3, 3.25, 1.0, 128),
]
FIGURES = {
    "q": lambda **kw: maps_chart(MAPS, "q", **kw),
    "c": lambda **kw: maps_chart(MAPS, "c", **kw),
    "decay": lambda **kw: decay_chart(SCALES, **kw),
    "scales": lambda **kw: scales_chart(SCALES, **kw),
    "rules": lambda **kw: rules_chart(RULES, **kw),
    "shapes": lambda **kw: shapes_chart(SHAPES, **kw),
}


def drawn(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


@pytest.mark.parametrize("appearance", PALETTES)
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_keeps_its_height_its_view_and_its_colours(name, appearance):
    figure = FIGURES[name](appearance=appearance)
    assert figure.layout.height and figure.layout.uirevision and figure.layout.font.color == PALETTES[appearance].text
    for trace in figure.data:
        assert all(value is None or math.isfinite(value) for value in trace.y)
    assert "nan" not in figure.to_json().lower()


def test_steps_and_rings_stand_on_the_map():
    figure = maps_chart(MAPS, "q")
    assert list(drawn(figure, "1.3 measured").x) == [1, 2] and list(drawn(figure, "1.3 measured").y) == [2, 3]
    assert drawn(figure, "1.3 fixed point").x[0] == drawn(figure, "1.3 fixed point").y[0] == pytest.approx(0.60704679)
    assert drawn(maps_chart(MAPS, "c"), "2.5 fixed point").x[0] == pytest.approx(0.12210375, abs=1e-6)


def test_a_decay_is_drawn_as_far_as_it_was_fitted_with_the_slope_of_theory():
    figure = decay_chart(SCALES)
    marks, line = drawn(figure, "1.3"), drawn(figure, "1.3 theory")
    assert len(marks.x) == 10
    np.testing.assert_allclose(marks.y, np.log10(SCALES.decays[0].c_gap[:10]), atol=1e-4)
    slope = (line.y[-1] - line.y[0]) / (line.x[-1] - line.x[0])
    assert -1 / (slope * math.log(10)) == pytest.approx(SCALES.decays[0].scales.xi_c, rel=1e-3)


def test_an_infinite_scale_is_a_gap_with_a_word():
    figure = scales_chart(SCALES)
    assert drawn(figure, "ξ_c, theory").y[1] is None
    assert "∞" in figure.layout.annotations[0].text and figure.layout.shapes[0].x0 == 1.76
    assert drawn(figure, "xi_c measured").y[0] == pytest.approx(math.log10(7.8), abs=1e-4)


@pytest.mark.parametrize("figure", [decay_chart(SCALES), scales_chart(SCALES)])
def test_sizes_have_whole_decades_and_at_least_two(figure):
    axis = figure.layout.yaxis
    assert all(value == int(value) for value in axis.tickvals) and axis.range[1] - axis.range[0] >= 2


def test_the_two_answers_for_an_activation_share_its_row():
    figure = rules_chart(RULES)
    exact, kumar = drawn(figure, "exact"), drawn(figure, "Kumar 2017")
    row = figure.layout.yaxis.ticktext.index("sigmoid")
    place = figure.layout.yaxis.tickvals[row]
    assert exact.x[list(exact.y).index(place)] == pytest.approx(math.log10(103.00755), abs=1e-4)
    assert kumar.x[list(kumar.y).index(place)] == pytest.approx(math.log10(12.8), abs=1e-4)
    assert len(kumar.x) == 4 and len(exact.x) == 4  # SELU has no rule, GELU no critical point
    assert all(figure.layout.xaxis.range[0] < x < figure.layout.xaxis.range[1] for x in (*exact.x, *kumar.x))


def test_what_a_rule_leads_to_is_said_in_words():
    assert [fate(rule) for rule in RULES] == ["✓ holds", "✓ fades slowly", "↓ × 0.354", "↑ × 2", "two slopes"]


def test_shapes_of_one_sum_stand_side_by_side_with_their_errors():
    figure = shapes_chart(SHAPES)
    narrow, wide = drawn(figure, "width 16"), drawn(figure, "width 32")
    assert 0 < wide.x[0] - narrow.x[0] < 0.02 and wide.x[0] == 0.625
    assert narrow.y[0] == 4.0 and narrow.error_y.array[0] == 0.5
    assert drawn(figure, "width 16 exact").y[0] == 4.2 and drawn(figure, "funnel").x[0] == 0.55
    assert "128 networks" in narrow.text[0]
    line = drawn(figure, "5 Σ 1/n (wide layers)")
    assert line.y[1] / line.x[1] == pytest.approx(5)
