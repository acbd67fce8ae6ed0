"""The ends of a number format over the rows of the charts: where they stand, what is said beyond them, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from charts.traces import moments, trace
from propagation import Config
from propagation.charts.compare import Curves, compare_chart
from propagation.charts.frames import decade_frames
from propagation.charts.rulers import ruler_of
from propagation.charts.signals import signals_chart, signals_spec
from propagation.charts.theme import PALETTES
from propagation.formats import FLOAT_FORMATS
from propagation.precision import Precision

HALF = Precision(FLOAT_FORMATS["float16"])
CONFIG = Config(depth=20, trials=3, width=64, inputs=2, activation="tanh")


def growing(decades: float = 1.0, depth: int = 20):
    """A trace whose signal grows, and whose gradient shrinks on its way back, by so many decades a layer."""
    sizes = decades * np.arange(depth) * np.ones((3, 1))
    return trace(depth, 3, config=CONFIG, z=moments(sizes), delta=moments(sizes - sizes.max()))


def lines(figure, name):
    return next(t for t in figure["data"] if t["name"] == name)


def test_the_lines_stand_at_the_ends_of_the_format():
    figure = signals_spec(growing(), precision=HALF)
    for name, axis in (("z", "y"), ("delta", "y2"), ("weight_gradient", "y3")):
        for end, height in zip(("zero", "overflow"), HALF.ends(growing(), name), strict=True):
            drawn = lines(figure, f"{name} {end}")
            assert drawn["yaxis"] == axis
            np.testing.assert_allclose(drawn["y"], height, atol=1e-4)


def test_no_axis_moves_and_without_a_precision_nothing_is_drawn():
    plain, ruled = signals_spec(growing(0.01)), signals_spec(growing(0.01), precision=HALF)
    assert [plain["layout"][axis]["range"] for axis in ("yaxis", "yaxis2", "yaxis3")] == [
        ruled["layout"][axis]["range"] for axis in ("yaxis", "yaxis2", "yaxis3")
    ]
    assert len(ruled["data"]) == len(plain["data"]) + 3 * 4
    assert not [note for note in ruled["layout"]["annotations"] if "float16" in note["text"]]  # both ends are outside the window


def test_an_end_within_the_window_has_a_word():
    notes = [note for note in signals_spec(growing(), precision=HALF)["layout"]["annotations"] if "float16" in note["text"]]
    of_z = next(note for note in notes if note["yref"] == "y")
    assert (of_z["text"], of_z["y"]) == ("float16 ↑ inf", pytest.approx(HALF.ends(growing(), "z")[1][-1]))
    assert [note["yref"] for note in notes if note["text"] == "float16 ↓ 0"] == ["y2"]


def test_the_pointer_is_told_what_is_lost():
    texts = lines(signals_spec(growing(), precision=HALF), "delta")["text"]
    assert texts[0].endswith("float16: 100 % → 0") and "float16" not in texts[-1]
    assert lines(signals_spec(growing(), precision=HALF), "z")["text"][-1].endswith("float16 overflows")
    scaled = Precision(FLOAT_FORMATS["float16"], 12)
    # std 10⁻⁹·⁵ · 2¹² = 21.7 times the smallest number: erf(1/(2√2 · 21.7))
    assert lines(signals_spec(growing(), precision=scaled), "delta")["text"][0].endswith("float16: 1.84 % → 0")


def test_what_is_exactly_zero_is_not_lost():
    size = np.zeros((3, 20))
    size[:, 5:] = -np.inf
    gone = trace(20, 3, config=CONFIG, z=moments(size))
    assert ruler_of(HALF, gone, "z", np.arange(1, 21)).words(gone.z.median()) == [""] * 20


def test_the_ends_stand_still_while_a_hand_moves_a_slider():
    table = decade_frames(
        [signals_spec(growing(d), precision=HALF, hover=False) for d in (0.5, 1.0)], [0, 1], lambda name: "theory" in name
    )
    index = next(i for i, t in enumerate(table["figure"]["data"]) if t["name"] == "z overflow")
    first, second = next(c["rows"] for c in table["curves"] if c["trace"] == index and c["attribute"] == "y")
    assert first == second


def test_the_comparison_has_the_same_ends():
    columns = [Curves(place, f"column {place}", growing(decades), None) for place, decades in enumerate((0.1, 1.0))]
    figure = compare_chart(columns, precision=HALF)
    np.testing.assert_allclose(next(t for t in figure.data if t.name == "z overflow").y, HALF.ends(growing(), "z")[1], atol=1e-4)
    assert not [t.name for t in figure.data if t.showlegend and "float16" in t.name]
    assert PALETTES["light"].warning == next(t for t in figure.data if t.name == "z overflow").line.color


def test_a_figure_to_take_away_has_them():
    assert [t for t in signals_chart(growing(), precision=HALF).data if t.name == "delta zero zone"]
