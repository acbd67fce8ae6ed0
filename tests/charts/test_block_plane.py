"""The plane of a network of blocks, as data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import Config
from propagation.charts.block_plane import block_plane_chart, level_line, scale_of
from propagation.charts.theme import PALETTES
from propagation.labs.block_plane_text import headline, meaning, place
from propagation.theory.block_plane import BlockPlane, block_plane

ACROSS, UP = np.linspace(0, 5, 11), np.linspace(0, 0.5, 6)
POST = Config(architecture="residual", normalization="layer", norm_position="post", depth=10)
TOKENS = replace(POST, architecture="transformer", tokens=4, heads=8)
LAWS = {
    "mean": replace(POST, normalization="none"),
    "whole": replace(POST, normalization="none", branch_rule="sqrt"),
    "power": replace(POST, norm_position="pre"),
    "settled": POST,
}


def drawn(config: Config, **options):
    plane = block_plane(config, *np.meshgrid(ACROSS, UP))
    texts = [place(config, plane, weight, bias, (k, m)) for k, bias in enumerate(UP) for m, weight in enumerate(ACROSS)]
    figure = block_plane_chart(plane, ACROSS, UP, (1.5, 0.05), texts, **options)
    return plane, {trace.name or trace.type: trace for trace in figure.data}


@pytest.mark.parametrize("appearance", PALETTES)
@pytest.mark.parametrize("shown", ["gradients", "apart"])
@pytest.mark.parametrize("law", LAWS)
def test_colour_is_what_is_shown_within_its_scale(law, shown, appearance):
    plane, traces = drawn(LAWS[law], shown=shown, appearance=appearance)
    assert plane.law == law
    values, heat = getattr(plane, shown), traces["heatmap"]
    np.testing.assert_allclose(heat.z[2, 4], np.clip(values[2, 4], heat.zmin, heat.zmax), rtol=1e-6)
    assert np.abs(heat.z - heat.z[2, 4]).max() > 0.01, "a plane of one colour says nothing"
    assert heat.zmin <= heat.z.min() and heat.z.max() <= heat.zmax
    assert all(heat.zmin - 1e-9 <= tick <= heat.zmax + 1e-9 for tick in heat.colorbar.tickvals)
    assert (traces["here"].x, traces["here"].y) == ((1.5,), (0.05,))


def test_every_point_can_be_clicked_and_says_its_own_numbers():
    plane, traces = drawn(POST)
    targets = traces["targets"]
    assert len(targets.text) == len(targets.x) == plane.gradients.size
    number = 2 * len(ACROSS) + 4
    assert (targets.x[number], targets.y[number]) == (2.0, 0.2) and targets.text[number].startswith("σ_w² 2, σ_b² 0.2<br>gradients ×")


def test_the_line_is_where_a_block_keeps_gradients():
    """Between the places on both sides of it, at most a step of the plane apart, gradients shrink on the left and grow on the right."""
    _, traces = drawn(POST)
    line = traces["critical line"]
    for x, y in zip(line.x, line.y, strict=True):
        if np.isfinite(x):
            left, right = (block_plane(POST, np.array([x + off]), np.array([y])).gradients[0] for off in (-0.3, 0.3))
            assert left < 0 < right
    assert np.isfinite(line.x).sum() >= 4
    level = level_line(block_plane(replace(POST, architecture="plain", norm_position="pre"), *np.meshgrid(ACROSS, UP)), ACROSS, UP)
    assert np.isnan(level.weight_variances[0]), "without biases weights cancel, and none is on a line"
    assert np.isnan(level_line(block_plane(LAWS["power"], *np.meshgrid(ACROSS, UP)), ACROSS, UP).weight_variances).all()


def test_tokens_have_scales_and_words_of_their_own():
    for position, law in (("post", "settled"), ("pre", "power")):
        config = replace(TOKENS, norm_position=position)
        plane, traces = drawn(config, shown="apart", tokens=True)
        assert plane.law == law and traces["heatmap"].colorbar.title.text == scale_of(law, "apart", True).title
        assert "tokens" in meaning(config, law, "apart") and "okens" in meaning(config, law, "gradients")
    nowhere = BlockPlane("settled", np.array([np.nan]), np.array([0.2]))
    assert "stay apart" in headline(TOKENS, nowhere, 0)


@pytest.mark.parametrize("law", LAWS)
def test_numbers_far_outside_floating_point_are_words(law):
    for size in (-400.0, 0.0, 400.0):
        said = headline(LAWS[law], BlockPlane(law, np.array([size if law != "power" else 1.0]), np.array([-300.0])), 0)
        assert "inf" not in said and "nan" not in said
