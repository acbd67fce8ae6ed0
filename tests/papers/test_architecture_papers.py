"""What is computed for the papers on skips, norms, dropout and number formats: against closed forms, with a control that fails."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from propagation.charts.curves import Series
from propagation.engine.network import simulate
from propagation.labs.training import digits, initial_network
from propagation.papers import PAPERS, bachlechner, brock, cowsik, dong, doshi, micikevicius, pretorius, wang, xiao
from propagation.papers.paper import Finding
from propagation.theory.moments import moments

pytestmark = pytest.mark.slow
NEW = ("yang2017", "micikevicius", "pretorius", "zhang", "yang2019", "de", "bachlechner", "xiong", "hayou", "brock")
OF_ATTENTION = ("dong", "noci", "wang", "cowsik")


@cache
def found(name: str, seed: int = 0) -> Finding:
    paper = PAPERS[name]
    return paper.measure(replace(paper.config, seed=seed))


def line(name: str, place: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Theory's line of one series."""
    of = found(name).evidence[place]
    return np.asarray(of.line_x, dtype=float), np.asarray(of.line_y, dtype=float)


def on_line(of: Series, x) -> np.ndarray:
    """Theory at x, by its line."""
    order = [place for place in np.argsort(of.line_x) if np.isfinite(of.line_y[place])]
    return np.exp(np.interp(np.log(x), np.log(np.asarray(of.line_x)[order]), np.log(np.asarray(of.line_y)[order])))


@pytest.mark.parametrize("name", (*NEW, "doshi", "xiao", *OF_ATTENTION))
@pytest.mark.parametrize("seed", [1, 2])
def test_it_agrees_for_other_draws_too(name, seed):
    numbers = PAPERS[name].publication.numbers
    assert [number.name for number in numbers if number.holds(found(name, seed).numbers[number.name]) != number.agrees] == []


@pytest.mark.parametrize("name", ["hayou", "yang2019", "de", "xiong", "brock", "doshi", "yang2017", "dong", "noci", "xiao"])
def test_dots_stand_on_the_lines(name):
    """Medians of a few finite networks are within about 15 % of infinite ones, and not on the line of another series."""
    series = found(name).evidence
    for of in series:
        expected = np.log(on_line(of, of.x))
        off = np.log(of.y) - expected
        if name == "hayou":  # where α = 1 each of so many blocks may be off
            off /= np.maximum(1, 0.3 * np.abs(expected))
        assert np.sqrt(np.mean(off**2)) < (0.25 if name in ("dong", "noci") else 0.15), of.label
    if len(series) > 1:
        first, last, middle = series[0], series[-1], len(series[-1].x) // 2
        assert abs(math.log(last.y[middle] / on_line(first, last.x[middle]))) > 0.15, "negative control"


def test_tanh_grows_like_the_root_of_depth_with_the_constant_of_theory():
    blocks, growth = line("yang2017", 0)
    assert growth[-1] == pytest.approx(8 / 3 * math.sqrt(blocks[-1] / (2 * math.pi)), rel=0.03)
    assert "0.51" in PAPERS["yang2017"].publication.differs
    assert math.log(growth[-1] / growth[39]) / math.log(blocks[-1] / blocks[39]) == pytest.approx(0.51, abs=0.01) and blocks[39] == 197
    blocks, growth = line("yang2017", 1)
    np.testing.assert_allclose(growth, blocks * math.log(1.5), rtol=1e-9)


def test_streams_grow_by_the_closed_forms():
    for place, alpha in enumerate((lambda L: 1.0, lambda L: L**-0.5, lambda L: 1 / L)):
        depths, growth = line("hayou", place)
        np.testing.assert_allclose(growth, [(1 + alpha(L) ** 2) ** L for L in depths], rtol=1e-9)
    blocks, shares = line("de", 0)
    np.testing.assert_allclose(shares, 1 / (blocks + 1), rtol=0.02)  # the inputs' own mean square is not exactly 1
    np.testing.assert_allclose(line("de", 1)[1], 0.5, rtol=1e-9)
    stage = line("brock")[1][: brock.STAGES[0]]
    np.testing.assert_allclose(stage, 1 + 0.04 * np.arange(1, 4), atol=0.001)
    assert np.isnan(line("brock")[1][brock.STAGES[0]]), "a line is broken at a transition"


def test_batch_norms_factors_are_those_of_the_reference():
    batches, relu = line("yang2019", 0)
    _, linear = line("yang2019", 1)
    of = dict(zip(batches.tolist(), relu, strict=True))
    assert [of[batch] for batch in (4, 8, 32, 128)] == pytest.approx([3.0841, 1.7882, 1.5220, 1.4797], abs=2e-4)
    np.testing.assert_allclose(linear, (batches - 2) / (batches - 3), rtol=1e-6)


def test_a_step_moves_a_fixup_network_alike_at_any_depth():
    he, fixup = found("zhang").evidence
    assert max(fixup.y) < 1.2 * min(fixup.y)
    assert np.all(np.diff(np.log(he.y)) > 1), "negative control: He's weights"
    # that the branch triples, as is said: 1 + σ_w² σ_w²/2
    assert "gain 2, so the stream triples" in PAPERS["zhang"].publication.differs
    assert found("zhang").numbers["he_stream"] == pytest.approx(3, rel=0.05)


def test_only_alpha_has_a_gradient_in_rezero():
    network = initial_network(replace(bachlechner.CONFIG, depth=3, width=16))
    x, labels, _, _ = digits(bachlechner.CONFIG)
    _, by_weights, _ = network.gradients(x[:, :32], labels[:32])
    moved = [np.any(gradient != 0) for gradient in by_weights]
    sizes = [gradient.size for gradient in by_weights]
    assert any(moved) and not all(moved)
    assert all(size == 1 for size, one in zip(sizes[1:-1], moved[1:-1], strict=True) if one), "of a block's parameters, α alone"
    plain, rezero = found("bachlechner").evidence
    assert np.all(np.abs(rezero.log10_values[-1]) < 1e-9) and np.isneginf(plain.log10_values[-1]).any()


def test_post_norm_is_level_and_pre_norm_falls_like_the_root():
    depths, pre = line("xiong", 0)
    _, post = line("xiong", 1)
    np.testing.assert_allclose(post, post[0], rtol=1e-6)
    streams = 1 + depths / 2
    # the norm at the end divides by the stream it meets
    np.testing.assert_allclose(pre * np.sqrt(streams), (pre * np.sqrt(streams))[-1], rtol=0.05)


def test_the_power_of_a_pre_norm_network_is_zeta():
    for place, zeta in ((1, 1.0), (3, 1.1778)):
        _, sizes = line("doshi", place)
        assert doshi.exponent(np.log10(sizes)) == pytest.approx(zeta, abs=0.02)
        assert doshi.exponent(np.log10(sizes)) != pytest.approx(2.1778 - zeta, abs=0.1)


def test_dropouts_correlations_are_those_of_the_reference():
    keep = (0.5, 0.8, 0.9, 0.99)
    assert [pretorius.settled_correlation(p) for p in keep] == pytest.approx([0.21723, 0.47280, 0.62715, 0.90293], abs=2e-5)
    (correlations,), (level, he) = found("pretorius").evidence
    errors = [y - pretorius.settled_correlation(p) for p, y in zip(correlations.x, correlations.y, strict=True)]
    assert np.max(np.abs(errors)) < 0.03
    steps = np.diff(np.log(level.line_y))
    np.testing.assert_allclose(steps, 0, atol=1e-9)
    np.testing.assert_allclose(np.diff(np.log(he.line_y)), math.log(1.25), atol=1e-9)


def test_the_share_lost_is_that_of_a_gaussian():
    for of in found("micikevicius").evidence:
        assert np.max(np.abs(np.asarray(of.y) - of.line_y)) < 0.15
    bare, scaled, _ = found("micikevicius").evidence
    assert np.max(np.abs(np.asarray(bare.y) - scaled.line_y)) > 0.3, "negative control: another scale"


def test_a_gradient_in_the_middle_is_not_lost_by_the_engine():
    """Zeros are float16's: in the engine's own numbers there are none."""
    assert np.isfinite(simulate(micikevicius.CONFIG).delta.log10_second_moment).all()


@pytest.mark.parametrize("law", xiao.MODES)
def test_waves_are_eigenvectors_of_averaging_over_the_taps(law):
    """The mean square of z at a position is 2/k times the sum over the taps of E[φ²] = E[z²]/2 there."""
    config = replace(xiao.CONFIG, weight_law=law)
    taps = {"gaussian": (-1, 0, 1), "orthogonal": (0,)}[law]
    averaging = sum(np.roll(np.eye(config.positions), tap, axis=0) for tap in taps) / len(taps)
    for mode in range(config.positions):
        wave = np.cos(2 * np.pi * mode * np.arange(config.positions) / config.positions)
        np.testing.assert_allclose(averaging @ wave, xiao.mode_factor(config, mode) * wave, atol=1e-12)


def test_attention_cubes_what_tells_tokens_apart():
    """ε′ = κ ε³ (T − 1)/T² where tokens are nearly alike, κ = σ_q² σ_k² = 1."""
    apart, after = line("dong", 0)
    tokens = dong.CONFIG.tokens
    assert after[-1] / apart[-1] ** 3 == pytest.approx((tokens - 1) / tokens**2, rel=0.15)  # 1 − c is that of the inputs drawn
    assert line("dong", 1)[1][-1] > 1e4 * after[-1], "negative control: with a skip"


def test_values_go_on_learning_where_queries_do_not():
    queries, keys, values = found("noci").evidence
    assert queries.y[-1] < 1e-3 * queries.y[0] and keys.y[-1] < 1e-3 * keys.y[0] and values.y[-1] > 0.5 * values.y[0]


def test_deepnorm_is_flat_and_what_is_drawn_of_post_norm_is_no_rounding():
    deepnorm, post = found("wang").evidence
    assert len(deepnorm.x) == wang.CONFIG.depth and max(deepnorm.line_y[1:]) < 1.2 * min(deepnorm.line_y)
    assert 10 < len(post.x) < wang.CONFIG.depth
    off = np.log10(post.y) - np.log10(np.asarray(post.line_y)[: len(post.x)])
    assert np.abs(off).max() < 2, "of twenty decades"


def test_exponents_of_tokens_stand_on_their_lines():
    """To 0.06 a block, networks being 256 wide; λ_a in closed form: the MLP's factor over 1 + σ_v² σ_o²."""
    angles, gradients = found("cowsik").evidence
    for of in (angles, gradients):
        assert np.abs(np.asarray(of.y) - np.interp(np.log(of.x), np.log(of.line_x), of.line_y)).max() < 0.06, of.label
    assert abs(gradients.y[-1] - angles.line_y[-1]) > 0.06, "negative control: the other line"
    of, variances = moments("tanh"), np.asarray(angles.line_x)
    added, slopes = variances * of.second(variances), variances**2 * of.slope(variances)
    attention = cowsik.CONFIG.value_variance * variances
    np.testing.assert_allclose(angles.line_y, np.log((1 + slopes) / (1 + added) / (1 + attention)), atol=1e-6)
    settled = np.asarray([law.settled for law in map(cowsik.law_of, cowsik.CONFIG.variants("weight_variance", (0.5, 8.0)))])
    assert settled[0] == 0 < settled[1]
