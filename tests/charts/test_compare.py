"""The comparison chart as data: every column in its own colour and shape, measured and predicted, to one scale, under one legend."""

from __future__ import annotations

import numpy as np
import pytest

from charts.traces import moments, prediction, trace
from propagation import Config, simulate
from propagation.charts.compare import HEIGHT, MOST_LAYERS, YOURS, Curves, Yours, compare_chart, yours_spec
from propagation.charts.marks import GLYPHS, SYMBOLS
from propagation.charts.theme import PALETTES

ROWS = ("z", "delta", "weight_gradient")
AXES = dict(zip(ROWS, ("y", "y2", "y3"), strict=True))


def curves(count: int = 2, theory=True, **changes) -> list[Curves]:
    return [
        Curves(
            place,
            f"column {place}",
            trace(slopes={"delta": -0.3 * place}, **changes),
            prediction(changes.get("depth", 10)) if theory else None,
        )
        for place in range(count)
    ]


def dots(figure, place: int, name: str = "z"):
    return next(t for t in figure.data if t.legendgroup == str(place) and t.meta == name)


def lines(figure):
    return [t for t in figure.data if t.mode == "lines"]


def size_axes(figure):
    return [figure.layout.yaxis, figure.layout.yaxis2, figure.layout.yaxis3]


@pytest.mark.parametrize("name", ROWS)
def test_dots_are_the_medians_of_each_column(name):
    traces = [simulate(Config(depth=6, width=16, trials=5, inputs=4, weight_variance=variance)) for variance in (1.0, 2.0)]
    figure = compare_chart([Curves(place, str(place), measured, None) for place, measured in enumerate(traces)])
    for place, measured in enumerate(traces):
        drawn = dots(figure, place, name)
        np.testing.assert_allclose(drawn.y, np.median(measured.signal(name).log10_second_moment, axis=0), atol=1e-4)
        assert drawn.yaxis == AXES[name] and list(drawn.x) == [1, 2, 3, 4, 5, 6]


def test_every_column_has_its_own_colour_and_shape_in_all_rows():
    for appearance, colours in PALETTES.items():
        figure = compare_chart(curves(6), appearance=appearance)
        for place in range(6):
            for name in ROWS:
                marker = dots(figure, place, name).marker
                assert (marker.color, marker.symbol) == (colours.compare[place], SYMBOLS[place])
    assert len(set(SYMBOLS)) == len(set(GLYPHS)) == len(colours.compare) == 6


def test_a_place_keeps_its_colour_when_another_is_left_out():
    figure = compare_chart(curves(3)[1:])
    assert dots(figure, 2).marker.color == PALETTES["light"].compare[2]


def test_theory_is_a_thin_line_in_the_colour_of_its_column():
    figure = compare_chart(curves(2))
    assert len(lines(figure)) == 6
    for line in lines(figure):
        assert line.line.color == PALETTES["light"].compare[int(line.legendgroup)] and line.line.width < 2 and set(line.y) == {-1.0}
    assert not lines(compare_chart(curves(2, theory=False)))


def test_one_legend_has_each_column_once_and_switches_all_its_rows():
    figure = compare_chart(curves(3), winner=1)
    entries = [t.name for t in figure.data if t.showlegend]
    assert sorted(entries) == ["<b>✓ column 1</b>", "column 0", "column 2"]
    for place in range(3):
        assert len([t for t in figure.data if t.legendgroup == str(place)]) == 6
        assert dots(figure, place).legendrank == place


def test_the_winner_is_drawn_on_top():
    figure = compare_chart(curves(4), winner=1)
    assert [t.legendgroup for t in figure.data][-6:] == ["1"] * 6


@pytest.mark.parametrize("slope", [0.0, -0.02, -0.7, 3.0])
def test_rows_share_one_scale_of_at_least_two_decades_in_whole_decades(slope):
    figure = compare_chart([Curves(0, "level", trace(), None), Curves(1, "steep", trace(slopes={"delta": slope}), prediction(level=1.0))])
    scales = [(axis.range[1] - axis.range[0]) / (axis.domain[1] - axis.domain[0]) for axis in size_axes(figure)]
    assert scales == pytest.approx([scales[0]] * 3)
    for axis in size_axes(figure):
        assert axis.range[1] - axis.range[0] >= 2 and all(value == int(value) for value in axis.tickvals)
    for t in figure.data:
        axis = figure.layout["yaxis" + t.yaxis[1:]]
        assert axis.range[0] <= min(t.y) and max(t.y) <= axis.range[1]


def test_a_column_that_is_zero_is_named_at_the_edge_of_its_row():
    gone = trace().z.log10_second_moment.copy()
    gone[:, 6:] = -np.inf
    figure = compare_chart([*curves(2), Curves(2, "gone", trace(z=moments(gone)), None), Curves(3, "too", trace(z=moments(gone)), None)])
    notes = [a for a in figure.layout.annotations if "▼" in a.text]
    assert [a.text for a in notes] == ["▼ ◆ 0 in layers 7 – 10", "▼ ▲ 0 in layers 7 – 10"]
    assert {a.yref for a in notes} == {"y"} and notes[0].yshift != notes[1].yshift
    assert dots(figure, 2).y[6:] == (None,) * 4


def test_columns_of_which_nothing_is_left_still_give_a_figure():
    nothing = moments(np.full((5, 10), -np.inf))
    figure = compare_chart([Curves(0, "gone", trace(z=nothing, delta=nothing, weight_gradient=nothing), None)])
    assert len([a for a in figure.layout.annotations if "▼" in a.text]) == 3


def test_deep_networks_are_thinned_from_first_to_last_layer():
    drawn = dots(compare_chart(curves(1, depth=2000)), 0)
    assert len(drawn.x) == MOST_LAYERS and (drawn.x[0], drawn.x[-1]) == (1, 2000)


def test_depth_one_is_drawn():
    assert len(dots(compare_chart(curves(2, depth=1)), 1).y) == 1


def test_hover_names_the_column_in_human_notation():
    text = dots(compare_chart(curves(2)), 1, "delta").text[0]
    assert text.startswith("column 1: 0.002") and "theory 0.1" in text and "e-" not in text


def test_hidden_columns_stay_hidden_until_the_columns_change():
    first, same, other = (compare_chart(c).layout.uirevision for c in (curves(2), curves(2, scatter=0.1), curves(3)))
    assert first == same != other


def test_titles_say_direction_and_signal_and_the_height_is_fixed():
    layout = compare_chart(curves(2)).layout
    texts = " ".join(a.text for a in layout.annotations)
    assert all(word in texts for word in ("forward →", "backward ←", "weight gradient", "layer", "median of 5", "theory"))
    assert layout.height == HEIGHT


def test_a_setting_of_ones_own_is_dashed_and_moves_no_axis_and_no_legend():
    columns = curves(3)
    plain, figure = compare_chart(columns), compare_chart(columns, winner=1, yours=Yours("yours, σ_w² 9", prediction(level=40.0)))
    own = [t for t in figure.data if t.name in YOURS]
    assert [t.name for t in figure.data][-3:] == list(YOURS) and [t.yaxis for t in own] == list(AXES.values())
    assert {t.line.dash for t in own} == {"dash"} and {t.line.color for t in own} == {PALETTES["light"].text}
    others = [t.line for t in figure.data if t.mode == "lines" and t not in own]
    assert len(others) == 9 and all(line.dash != "dash" and line.width < 2 < own[0].line.width for line in others)
    assert not any(t.showlegend for t in own) and all("yours, σ_w² 9: theory 10⁴⁰" in t.text for t in own)
    assert [axis.range for axis in size_axes(figure)] == [axis.range for axis in size_axes(plain)]
    assert [note.text for note in figure.layout.annotations if note.name] == ["╌ yours, σ_w² 9"]


@pytest.mark.parametrize("appearance", list(PALETTES))
def test_a_frame_of_it_lies_where_the_chart_has_it(appearance):
    yours = Yours("yours, σ_w² 2", prediction())
    figure = compare_chart(curves(2), yours=yours, appearance=appearance)
    frame = yours_spec(figure.layout.to_plotly_json(), yours, appearance=appearance)
    drawn = [t.to_plotly_json() for t in figure.data if t.name in YOURS]
    assert frame["data"] == drawn
    for key in ("xaxis", "yaxis", "yaxis2", "yaxis3"):
        axis = figure.layout[key]
        assert (frame["layout"][key]["range"], frame["layout"][key]["domain"]) == (list(axis.range), list(axis.domain))
    assert [note["text"] for note in frame["layout"]["annotations"]] == ["╌ yours, σ_w² 2"]
    assert frame["layout"]["paper_bgcolor"] == "none" and not frame["layout"].get("showlegend")


def test_six_columns_differ_by_colour_shape_and_stroke():
    """Also for those who see two of the colours alike."""
    figure = compare_chart(curves(6))
    first = [t for t in figure.data if t.yaxis == "y"]
    strokes = [t.line.dash for t in first if t.mode == "lines"]
    shapes = [t.marker.symbol for t in first if t.mode == "markers"]
    assert len(strokes) == len(set(strokes)) == len(shapes) == len(set(shapes)) == 6
