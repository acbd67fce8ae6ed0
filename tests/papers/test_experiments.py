"""What is computed for the papers: against exact laws, against the numbers they report, with wrong numbers refused."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from propagation.config import Config
from propagation.initializers import kumar_scale
from propagation.labs.spectrum import SPECTRUM
from propagation.papers import PAPERS, glorot, hanin, he, poole, saxe, schoenholz
from propagation.papers.correlations import correlations_with_first, inputs_of, orthogonal_directions
from propagation.papers.paper import Finding
from propagation.papers.publications import Published
from propagation.theory.finite_width import layer_spread
from propagation.theory.maps import depth_scales
from propagation.theory.phases import critical_weight_variance
from propagation.theory.prediction import predict

pytestmark = pytest.mark.slow


@cache
def heard_and_found(name: str, seed: int = 0) -> tuple[list[float], Finding]:
    heard: list[float] = []
    lab = PAPERS[name].lab
    return heard, lab.measure(lab.uses(Config(seed=seed)), heard.append)


def found(name: str, seed: int = 0) -> Finding:
    return heard_and_found(name, seed)[1]


def numbers_of(name: str) -> tuple[Published, ...]:
    return PAPERS[name].publication.numbers


def published(paper: str, name: str) -> Published:
    return next(number for number in numbers_of(paper) if number.name == name)


@pytest.mark.parametrize("name", PAPERS)
def test_ours_agrees_with_the_paper_where_the_file_says_so_and_nowhere_else(name):
    numbers = found(name).numbers
    assert set(numbers) == {number.name for number in numbers_of(name)}
    outcome = {number.name: number.holds(numbers[number.name]) for number in numbers_of(name)}
    assert outcome == {number.name: number.agrees for number in numbers_of(name)}


@pytest.mark.parametrize("name", ["he", "saxe", "poole", "luther"])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_agrees_for_other_draws_too(name, seed):
    assert all(number.holds(found(name, seed).numbers[number.name]) == number.agrees for number in numbers_of(name))


@pytest.mark.parametrize("name", PAPERS)
def test_progress_rises_and_ends_at_one(name):
    heard, _ = heard_and_found(name)
    assert heard == sorted(heard) and heard[-1] == pytest.approx(1)


@pytest.mark.parametrize("name", ["he", "saxe", "poole"])
def test_equal_seeds_give_equal_numbers(name):
    paper = PAPERS[name]
    assert paper.measure(paper.config).numbers == found(name).numbers != found(name, 1).numbers


@pytest.mark.parametrize(("scheme", "scale"), [("glorot_standard", 3**-0.5), ("glorot", 1.0)])
def test_small_signals_have_the_jacobian_of_a_random_matrix(scheme, scale):
    """The mean singular value of a square random matrix of variance s²/n is 8 s/(3π) (quarter circle law)."""
    config = replace(glorot.CONFIG, scheme=scheme, input_variance=1e-6, width=256)
    ours = glorot.mean_singular_value(config)
    assert ours == pytest.approx(8 * scale / (3 * math.pi), rel=0.01)
    assert ours != pytest.approx(scale, rel=0.1)  # the root mean square is another number


def test_gradients_shrink_and_weight_gradients_do_not():
    standard, normalized = (found("glorot").evidence[name] for name in glorot.SCHEMES)
    rms = {name: [one.log10_rms for one in standard.histograms[name]] for name in ("delta", "weight_gradient")}
    assert rms["delta"][4] - rms["delta"][0] > 0.9  # more than 8 times as large at the top
    assert abs(rms["weight_gradient"][4] - rms["weight_gradient"][0]) < 0.05
    assert standard.histograms["h"][4].log10_rms < normalized.histograms["h"][4].log10_rms - 0.7


def test_the_shares_said_to_be_left_are_those_of_theory_and_of_the_figure():
    text = PAPERS["glorot"].publication.differs
    for name, scheme in glorot.SCHEMES.items():
        theory, histograms = predict(replace(glorot.CONFIG, scheme=scheme)), found("glorot").evidence[name].histograms
        for signal, start, end in (("delta", 4, 0), ("h", 0, 4)):
            sizes = theory.signal(signal).log10_second_moment
            left = 10 ** float(sizes[end] - sizes[start])
            rms = [one.log10_rms for one in histograms[signal]]
            assert 10 ** (2 * (rms[end] - rms[start])) == pytest.approx(left, rel=0.1)
            assert f"{float(f'{100 * left:.{2 if left > 0.1 else 1}g}'):g} %" in text


def test_half_the_variance_is_lost_per_layer_exactly():
    numbers = found("he").numbers
    assert numbers["signal_22"] == pytest.approx(2**-11, rel=1e-6) and numbers["signal_30"] == pytest.approx(2**-15, rel=1e-6)
    # the paper's own rounded factors
    assert he.fixed_std_ratio() == pytest.approx(5.9 * 4.2**2 * 2.9**2 * 2.1**4, rel=0.03)


def test_gaussian_products_keep_the_mean_square_and_not_the_median():
    squares = [10 ** SPECTRUM(replace(saxe.CONFIG, seed=seed)).log10_mean_square[-1] for seed in range(3, 11)]
    error = np.std(squares, ddof=1) / math.sqrt(len(squares))
    assert abs(np.mean(squares) - 1) < 4 * error
    assert abs(np.mean(squares) - 1.05**30) > 4 * error  # weights 5 % too variable


def test_inputs_have_the_correlations_asked_for():
    wanted = np.array([-0.3, 0.0, 0.5, 0.99])
    x = inputs_of(orthogonal_directions(poole.CONFIG, 5), 2.5, wanted)
    products = x.T @ x / poole.CONFIG.width
    np.testing.assert_allclose(np.diag(products), 2.5)
    np.testing.assert_allclose(correlations_with_first(products[None])[0], wanted, atol=1e-12)


@pytest.mark.parametrize("place", range(3))
def test_networks_step_along_the_maps(place):
    """A size measured over n neurons has a relative standard error of at most √(2/n)."""
    maps = found("poole").evidence[place]
    expected = np.interp(maps.q_steps[0], maps.q, maps.q_after)
    inside = maps.q_steps[0] < maps.q[-1]
    off = (maps.q_steps[1] / expected - 1)[inside]
    assert np.sqrt(np.mean(off**2)) < 4 * math.sqrt(2 / poole.CONFIG.width)
    other = found("poole").evidence[(place + 1) % 3]
    wrong = maps.q_steps[1] / np.interp(maps.q_steps[0], other.q, other.q_after) - 1
    assert np.sqrt(np.mean(wrong[inside] ** 2)) > 4 * math.sqrt(2 / poole.CONFIG.width)
    assert np.max(np.abs(maps.c_steps[1] - np.interp(maps.c_steps[0], maps.c, maps.c_after))) < 0.15


def test_the_fixed_points_are_those_of_the_reference():
    scales = [maps.scales for maps in found("poole").evidence]
    np.testing.assert_allclose([of.q_star for of in scales], [0.60704679, 4.07912388, 12.6041495], rtol=1e-7)
    np.testing.assert_allclose([of.c_star for of in scales], [1, 0.12210375, 0.02969592], rtol=1e-6)


def test_the_formula_gives_the_depth_scales_quoted():
    ordered, chaotic = (depth_scales("tanh", weight, 0.05) for weight in (1.3, 3.0))
    assert published("schoenholz", "xi_c_ordered").value == pytest.approx(ordered.xi_c, abs=1e-5)
    assert published("schoenholz", "xi_q_ordered").value == pytest.approx(ordered.xi_q, abs=1e-5)
    assert published("schoenholz", "xi_c_chaotic").value == pytest.approx(chaotic.xi_c, abs=1e-5)


def test_measured_depth_scales_follow_the_formula_on_both_sides():
    for decay in found("schoenholz").evidence.decays:
        tolerance = 0.08 if decay.scales.c_star == 1 else 0.3
        assert decay.xi_c == pytest.approx(decay.scales.xi_c, rel=tolerance)
        assert decay.xi_q == pytest.approx(decay.scales.xi_q, rel=0.1)
        assert decay.xi_c != pytest.approx(2 * decay.scales.xi_c, rel=tolerance)
    scales = found("schoenholz").evidence
    assert scales.critical == pytest.approx(1.76095464, rel=1e-7)
    assert np.argmax(scales.xi_c) == np.argmin(np.abs(scales.scan - scales.critical))


def test_the_chance_said_to_be_in_the_chaotic_scale_is_its_standard_deviation():
    config = replace(schoenholz.CONFIG, weight_variance=3.0)
    decays = [schoenholz.measured_decay(replace(config, seed=seed)) for seed in range(20)]
    spread = float(np.std([decay.xi_c for decay in decays], ddof=1)) / decays[0].scales.xi_c
    assert "uncertain by about 15 %" in PAPERS["schoenholz"].publication.differs
    assert abs(spread - 0.15) < 4 * spread / math.sqrt(2 * 19)


def test_kumar_holds_where_the_line_is_the_function_or_the_signal_dies():
    rules = {rule.label: rule for rule in found("kumar").evidence}
    assert {rules[name].fate for name in ("linear", "ReLU")} == {"holds"}
    assert {rules[name].fate for name in ("tanh", "erf", "sin", "softsign", "ELU")} == {"fades"}
    assert rules["sigmoid"].fate == "vanishes" and rules["sigmoid"].chi_1 == pytest.approx(0.353810, abs=1e-6)
    assert "about two thirds" in published("kumar", "sigmoid_critical").note and abs(1 - rules["sigmoid"].chi_1 - 2 / 3) < 0.03
    assert {rules[name].fate for name in ("GELU", "SiLU (swish)", "Mish", "softplus")} == {"explodes"}
    assert {rules[name].fate for name in ("SELU", "leaky ReLU (0.01)")} == {"none"}
    for rule in rules.values():
        agree = math.isfinite(rule.kumar) and math.isfinite(rule.critical) and abs(rule.kumar / rule.critical - 1) < 1e-6
        assert agree == (rule.fate in ("holds", "fades"))


def test_the_numbers_quoted_of_kumar_are_those_of_his_formula():
    assert published("kumar", "sigmoid_critical").value == kumar_scale("sigmoid") == 12.8
    assert published("kumar", "sigmoid_std").holds(math.sqrt(12.8))
    assert found("kumar").numbers["sigmoid_critical"] == critical_weight_variance("sigmoid", 0.0)


def test_lengths_scatter_as_the_exact_law_says():
    shapes = found("hanin").evidence
    for shape in shapes:
        assert abs(shape.measured - shape.exact) < 4 * shape.error
    wrong = [abs(shape.measured - 2 * shape.exact) > 4 * shape.error for shape in shapes]
    assert np.mean(wrong) > 0.7
    constant = next(shape for shape in shapes if shape.profile == "constant")
    assert constant.reciprocals == pytest.approx(constant.depth / constant.width)
    assert constant.exact == pytest.approx(constant.depth * layer_spread("relu", "gaussian", constant.width).log_variance)


def test_the_spread_quoted_for_the_mean_length_is_the_exact_one():
    relative_variance = (1 + 5 / 64) ** 20 - 1
    assert math.sqrt(relative_variance / (hanin.SEEDS * hanin.CONFIG.trials)) == pytest.approx(0.17, abs=0.01)
    narrow, wide = (layer_spread("relu", "gaussian", n).log_variance for n in (16, 64))
    assert 40 * wide / (10 * narrow) == pytest.approx(0.79, abs=0.005)


def test_samples_grow_alike_while_the_total_is_level():
    measured, theory = found("luther").evidence
    np.testing.assert_allclose(measured.parts.sum(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(measured.parts[3, :5], theory.parts[3, :5], atol=0.05)
    assert np.all(np.abs(measured.log10_second_moment - measured.log10_second_moment[0]) < 0.15)


def test_chance_is_small_enough_for_the_differences_followed():
    assert 4 / math.sqrt(schoenholz.CONFIG.width) < schoenholz._FLOOR
