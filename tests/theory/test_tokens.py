"""Attention in theory: moments of softmax against closed forms and draws, layers and whole transformers against values of other code."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS

from propagation import Config, predict
from propagation.architecture import blocks
from propagation.ops import Activate, Attend, Gate, Linear, Variance
from propagation.theory import patterns, softmax, tokens
from propagation.theory.op import NoLaw, State
from propagation.theory.ops import theory_op
from propagation.theory.softmax import LARGEST_VARIANCE, pattern_moments
from propagation.theory.tokens import Columns, Gradients, Lines

WIDE = Config(
    architecture="transformer", tokens=64, inputs=1, width=64, normalization="layer", depth=100, activation="relu", bias_variance=0
)


def linear(variance: float, name: str) -> Linear:
    return Linear(8, 8, Variance(variance), 0.0, name=name)


def attend(kappa: float, count: int) -> Attend:
    return Attend(linear(math.sqrt(kappa), "Wq"), linear(math.sqrt(kappa), "Wk"), linear(1.0, "Wv"), 1, count)


def drawn(variance: float, distance: float, count: int, draws: int = 40_000) -> dict[str, np.ndarray]:
    """The four moments of drawn patterns, (draws,) each."""
    rng = np.random.default_rng(0)
    a, own = (math.sqrt(variance) * rng.standard_normal((draws, count)) for _ in range(2))
    b = (1 - distance) * a + math.sqrt(distance * (2 - distance)) * own
    first, second = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) for logits in (a, b))
    squares, products = (first**2).sum(axis=1), (first * second).sum(axis=1)
    return {
        "s1": squares,
        "apart": ((first - second) ** 2).sum(axis=1) / 2,
        "j2": squares - 2 * (first**3).sum(axis=1) + squares**2,
        "jj": products - (first**2 * second).sum(axis=1) - (first * second**2).sum(axis=1) + products**2,
    }


@pytest.mark.parametrize(
    ("count", "deviation", "expected"),
    [
        (2, 1.0, 0.6368381539683695),
        (8, 2.0, 0.4296530728128989),
        (32, 1.0, 0.07281432833560443),
        (32, 2.0, 0.22837429772266493),
        (128, 1.0, 0.02019171573308349),
        (128, 2.0, 0.1098639741786832),
    ],
)
def test_the_participation_of_softmax(count, deviation, expected):
    assert pattern_moments(deviation**2, 1.0, count).s1 == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("count", "variance", "distance"), [(2, 1.0, 1.0), (8, 4.0, 0.3), (16, 0.2, 1.7), (5, 12.0, 0.5), (8, 1.0, 1e-7)])
def test_moments_of_patterns_are_those_of_drawn_ones(count, variance, distance):
    found, samples = pattern_moments(variance, distance, count), drawn(variance, distance, count)
    for name, sample in samples.items():
        error = sample.std(ddof=1) / math.sqrt(sample.size)
        assert abs(sample.mean() - getattr(found, name)) < ERRORS * error, name
    other = pattern_moments(1.1 * variance, distance, count)  # negative control
    assert any(
        abs(sample.mean() - getattr(other, name)) > ERRORS * sample.std() / math.sqrt(sample.size) for name, sample in samples.items()
    )


def test_a_pattern_without_logits_looks_at_all_tokens_alike():
    uniform, nearly = pattern_moments(0.0, 1.0, 8), pattern_moments(1e-9, 1.0, 8)
    for name in ("s1", "j2", "jj"):
        assert getattr(nearly, name) == pytest.approx(getattr(uniform, name), rel=1e-8)
    assert (uniform.s1, uniform.apart, uniform.j2) == (1 / 8, 0.0, 7 / 64)


def test_rows_that_are_nearly_alike_join_those_that_are_not():
    for variance in (0.01, 1.0, 9.0):
        below, above = (pattern_moments(variance, share * 1e-6 / variance, 16).apart / share for share in (0.999, 1.001))
        assert below == pytest.approx(above, rel=1e-3)


@pytest.mark.parametrize("tokens_", [2, 16])
@pytest.mark.parametrize("distance", [1e-4, 0.1, 0.9, 0.999, 1.2, 2.0])
@pytest.mark.parametrize("variance", [0.03, 1.0, 4.0, 16.0])
def test_means_of_the_second_row_read_off_one_grid_are_those_computed_one_by_one(variance, distance, tokens_, monkeypatch):
    """S₂ and JJ to 1e-9, and S₁ − S₂ to the 1e-6 that is said of it."""
    fast = softmax._two_rows(variance, distance, tokens_)
    monkeypatch.setattr(softmax, "_FINEST", 0)
    slow, (s1, _) = softmax._two_rows(variance, distance, tokens_), softmax._one_row(variance, tokens_)
    assert fast == pytest.approx(slow, rel=1e-9) and s1 - fast[0] == pytest.approx(s1 - slow[0], rel=1e-6)
    assert fast != pytest.approx(softmax._two_rows(1.01 * variance, distance, tokens_), rel=1e-6), "negative control"


def test_where_one_token_is_looked_at_there_is_no_law():
    with pytest.raises(NoLaw, match="one or two others"):
        pattern_moments(1.01 * LARGEST_VARIANCE, 1.0, 8)


def test_attention_alone_collapses_like_a_cube():
    state, seen = Columns(1.0, 1.0), []
    for _ in range(4):
        state = Columns(1.0, tokens.after(attend(1.0, 64), state).eps)
        seen.append(state.eps)
    assert seen == pytest.approx([0.597338, 0.0112196, 2.21960e-8, 1.68193e-25], rel=1e-4)
    small = Columns(1.0, 1e-4)
    assert tokens.after(attend(0.7, 16), small).eps == pytest.approx(0.7 * 1e-12 * 15 / 256, rel=1e-3)


#: c, ρ → what dense weights gave (width 512, 32 heads, 8 tokens, κ = 1), with the standard errors of 40 seeds
LAYERS = {
    (0.3, 0.5): {
        "Y_diag": (0.4413923, 0.0051484),
        "Y_off": (0.4017189, 0.0050883),
        "G_diag": (0.9417681, 0.0117663),
        "gWk": (0.9340614, 0.0184624),
        "gWv": (14.7792683, 0.1561743),
    },
    (0.9, 0.0): {
        "Y_diag": (0.9136050, 0.0098661),
        "Y_off": (0.9134916, 0.0098661),
        "G_diag": (0.1486383, 0.0018007),
        "G_off": (0.1217866, 0.0016464),
        "gWk": (0.0091559, 0.0001541),
        "gWo": (7.3088392, 0.0629606),
    },
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_layer_of_attention(case):
    (c, rho), op = case, attend(1.0, 8)
    x, lines, of_o = Columns(1.0, 1 - c), Lines(), Lines()
    y = tokens.after(op, x)
    below = tokens.through(op, x, Gradients(0.0, rho), tokens.Notes(lines, 8))
    tokens.Notes(of_o, 8).weights(linear(1.0, "Wo"), Gradients(0.0, rho), y)
    found = {"Y_diag": y.q, "Y_off": y.q - y.apart, "G_diag": math.exp(below.log_d), "G_off": below.ratio * math.exp(below.log_d)}
    found |= {f"g{name}": math.exp(logs[0]) for name, logs in (lines.logs | of_o.logs).items()}
    for name, (expected, _) in LAYERS[case].items():
        assert found[name] == pytest.approx(expected, rel=1e-3), name


@pytest.mark.parametrize(
    ("position", "mlp", "values", "separation", "ratio"),
    [
        ("pre", 1.0, 1.0, -1.0451178478394783, None),
        ("pre", 0.32, 0.5, -1.0242335317157347, 56.71698139692808),
        ("post", 1.0, 1.0, -29.525563899186807, 0.5899865472934649),
        ("post", 0.32, 0.5, -16.977425206053802, None),
    ],
)
def test_a_hundred_blocks_of_uniform_attention(position, mlp, values, separation, ratio, monkeypatch):
    """MLPs of this gain, W_o W_v of this one; T = 64 tokens that have nothing in common."""
    monkeypatch.setattr(tokens, "start", lambda config: Columns(1.0, 1.0))
    weight = math.sqrt(2 * mlp)
    own = {"weight_variance": weight, "query_key_variance": 0.0, "value_variance": values / weight}
    found = predict(replace(WIDE, norm_position=position, **own))
    assert math.log10(found.token_separation[-1]) == pytest.approx(separation, abs=1e-9)
    if ratio:
        of_w2 = found.weights["W2"].log10_second_moment
        assert 10 ** (of_w2[0] - of_w2[-1]) == pytest.approx(ratio, rel=1e-9)


@pytest.mark.parametrize(("position", "name", "expected"), [("pre", "W2", 1.817929408325017), ("post", "Wq", -0.3872470185313641)])
def test_twelve_blocks_with_softmax(position, name, expected, monkeypatch):
    monkeypatch.setattr(tokens, "start", lambda config: Columns(1.0, 1.0))
    config = replace(WIDE, depth=12, tokens=16, activation="gelu", weight_variance=1.0, norm_position=position)
    found = predict(config)
    assert math.log(10) * found.weights[name].log10_second_moment[0] == pytest.approx(expected, abs=5e-3)
    if position == "pre":
        assert 1 - found.token_separation[-1] == pytest.approx(0.6834739794243182, rel=5e-3)


def test_gradients_of_queries_fall_with_the_square_of_what_tells_tokens_apart():
    found = predict(replace(WIDE, depth=40, tokens=16, norm_position="post", weight_variance=1.0))
    of_queries, apart = found.weights["Wq"].log10_second_moment, np.log10(found.token_separation)
    slope = (of_queries[-1] - of_queries[20]) / (apart[-2] - apart[19])  # block l looks at what block l − 1 left
    assert slope == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize(
    ("activation", "variance", "second", "slope"),
    [
        ("silu", 1.0, 0.35577551981735217, 0.7352578714501815),
        ("silu", 1.6384, 1.038729996876026, 2.1489907411649085),
        ("gelu", 1.0, 0.4252214825702987, 0.8810723482195859),
        ("relu", 1.6384, 1.34217728, None),
        ("sigmoid", 1.6384, 0.5088182710073821, None),
        ("linear", 1.6384, 2.6843545600000005, None),
    ],
)
def test_gates(activation, variance, second, slope):
    """E[h²] of SwiGLU, GEGLU, ReGLU, GLU and the bilinear one, and what comes back to an input of size 1; W_g and W_u as many."""
    law = theory_op(Gate(activation, linear(variance, "Wg"), linear(variance, "Wu")))
    state = State(np.zeros(1), np.ones(1))
    assert math.exp(law.forward(state).log_sizes[0]) == pytest.approx(second, rel=1e-10)
    if slope:
        assert math.exp(law.backward(np.zeros(1), state)[0]) == pytest.approx(slope, rel=1e-10)
    alike = State(np.zeros(2), np.full(2, 0.5), (np.array([0]), np.array([1])), np.array([1e-20]))
    curve = theory_op(Activate(activation)).forward(theory_op(linear(variance, "Wg")).forward(alike)).eps[0]
    assert law.forward(alike).eps[0] == pytest.approx(curve + 1e-20, rel=1e-10)


def ln(found, name: str, layer: int) -> float:
    """ln of the mean square of ∂C/∂W in a block."""
    return math.log(10) * found.weights[name].log10_second_moment[layer]


def started(monkeypatch, size: float) -> None:
    """Tokens of this size that have nothing in common."""
    for module in (tokens, patterns):
        monkeypatch.setattr(module, "start", lambda config: Columns(size, 1.0))


@pytest.mark.parametrize(
    ("count", "depth", "last", "beside"),
    [(8, 1, 1.125, None), (8, 12, None, 0.8702434854621247), (32, 12, 6.67893575371091, 0.8500236336167408)],
)
def test_causal_attention_that_looks_at_all_alike_is_no_matter_of_chance(count, depth, last, beside, monkeypatch):
    """W_o W_v of gain 1 on an input of size 1: the last token's size, and its correlation with the one before."""
    started(monkeypatch, 1.0)
    config = replace(WIDE, depth=depth, tokens=count, causal=True, sublayers="attention", weight_variance=1.0, query_key_variance=0.0)
    _, kernel = patterns.forward([op for block in blocks(config) for op in block], np.eye(count), None)
    if last:
        assert kernel[-1, -1] == pytest.approx(last, rel=1e-12)
    if beside:
        assert kernel[-1, -2] / math.sqrt(kernel[-1, -1] * kernel[-2, -2]) == pytest.approx(beside, rel=1e-12)


def test_gpt_2_as_it_is_initialized(monkeypatch):
    """Values of a recursion by other code, which samples softmax; its own accuracy is 1e-2."""
    started(monkeypatch, 8e-4)
    own = {"causal": True, "activation": "gelu", "scheme": "std", "branch_rule": "gpt2", "expansion": 4}
    found = predict(replace(WIDE, depth=12, width=768, heads=12, tokens=16, **own))
    assert 10 ** found.stream.log10_second_moment[-1] == pytest.approx(0.0968, rel=5e-3)
    assert 1 - found.token_separation[-1] == pytest.approx(0.6580477537960782, rel=1e-2)
    for name, layer, expected in (("Wq", 0, -0.08737448), ("W2", 0, 5.47680407), ("W2", -1, 2.87151455)):
        assert ln(found, name, layer) == pytest.approx(expected, abs=1e-2)


def test_a_llama_block(monkeypatch):
    started(monkeypatch, 4e-4)
    own = {"causal": True, "activation": "silu", "gated": True, "scheme": "std", "expansion": 4, "normalization": "rms"}
    found = predict(replace(WIDE, depth=4, width=4096, heads=32, tokens=8, **own))
    assert 10 ** found.stream.log10_second_moment[-1] == pytest.approx(25.010688, rel=1e-2)
    for layer, expected in ((0, 2.60997404), (-1, -2.00138973)):
        assert ln(found, "Wq", layer) == pytest.approx(expected, abs=5e-2)


def test_drawn_patterns_give_what_integrals_give(monkeypatch):
    """The same networks both ways, without a mask, to what so few patterns are worth."""
    config = replace(WIDE, depth=6, tokens=6, activation="gelu", weight_variance=1.2, bias_variance=0.1, gated=True, keep=0.8)
    exact, by_draws = tokens.token_lines(config), patterns.drawn_lines(config)
    assert exact.logs.keys() == by_draws.logs.keys()
    for name, logs in exact.logs.items():
        np.testing.assert_allclose(by_draws.logs[name], logs, atol=0.03, err_msg=name)
    np.testing.assert_allclose(by_draws.separation, exact.separation, rtol=0.02)
    wrong = patterns.drawn_lines(replace(config, query_key_variance=1.6))  # negative control
    assert abs(wrong.logs["Wq"][0] - exact.logs["Wq"][0]) > 0.1


def test_attention_that_is_too_sharp_for_integrals_is_drawn():
    found = predict(replace(WIDE, depth=2, tokens=8, weight_variance=1.0, query_key_variance=6.0))
    assert np.isfinite(found.token_separation).all()
    with pytest.raises(NoLaw, match="one or two others"):
        predict(replace(WIDE, depth=2, tokens=8, weight_variance=1.0, query_key_variance=6.0, normalization="none"))
