"""The network strip: colours centred where each signal starts."""

from __future__ import annotations

import numpy as np
import pytest

from charts.traces import moments, trace
from propagation.charts.strip import LEAST_DECADES, deviations, strip_cells
from propagation.charts.theme import PALETTES

COLOURS = PALETTES["light"]


def cells(measured, depth=10):
    return strip_cells(measured, COLOURS, np.arange(depth + 1))


def test_forward_starts_at_the_input_and_backward_at_the_last_layer():
    delta = moments(3.0 - 0.25 * np.arange(10)[::-1] * np.ones((5, 1)))
    forward, backward = deviations(trace(slopes={"z": 0.5}, delta=delta, input_log10_second_moment=2.0))
    assert forward[0] == 0 and forward[1] == -2.0 and forward[-1] == pytest.approx(9 * 0.5 - 2)
    assert np.isnan(backward[0]) and backward[-1] == 0 and backward[1] == pytest.approx(9 * -0.25)


def test_the_centre_of_the_scale_is_no_change():
    heat = cells(trace(slopes={"z": -1.0}))
    assert heat["zmin"] == -heat["zmax"] == -9.0
    assert heat["colorscale"][1] == [0.5, COLOURS.neutral]


def test_a_wobble_does_not_fill_the_scale():
    assert cells(trace(slopes={"z": 0.01}))["zmax"] == LEAST_DECADES


def test_what_is_gone_is_as_small_as_the_scale_goes():
    gone = trace().z.log10_second_moment.copy()
    gone[:, 5:] = -np.inf
    heat = cells(trace(z=moments(gone), slopes={"delta": -1.0}))
    assert heat["z"][0][-1] == heat["zmin"]
    assert heat["z"][1][0] is None


def test_a_network_in_which_the_signal_is_no_number_counts_as_one_in_which_it_is_gone():
    """As in the row below: one such network of five moves the middle and does not empty the cell."""
    sizes = np.arange(5.0)[:, None] * np.ones((5, 10))
    sizes[4] = np.nan
    forward, _ = deviations(trace(z=moments(sizes)))
    assert forward[1:] == pytest.approx([1.0] * 10)


def test_dark_strip_is_not_white_in_the_middle():
    assert PALETTES["dark"].neutral not in ("#FFFFFF", "white")
