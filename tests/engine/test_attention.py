"""Attention and stacked maps in the engine: one law with and without their matrices, and what couples the tokens of a sequence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import Samples, assert_other_law, assert_same_law

from propagation import Config, simulate
from propagation.engine import network
from propagation.engine.implicit import WELL_CONDITIONED
from propagation.engine.measure import Observer, token_separation, weight_gradient_moments
from propagation.engine.network import Stack, observe
from propagation.engine.op import Place
from propagation.engine.readout import output_gradient
from propagation.engine.signal import Signal
from propagation.engine.stacked import StackedMaps
from propagation.inputs import draw_inputs
from propagation.ops import Gate, Linear, Variance

SEEDS = 24  # of 64 trials each
SMALL = Config(
    architecture="transformer", depth=2, width=12, heads=3, tokens=4, inputs=2, trials=64, normalization="layer", activation="relu"
)
WITH_ALL = replace(SMALL, weight_variance=2.0, bias_variance=0.2, expansion=2)


@pytest.fixture
def one_batch(monkeypatch):
    """All seeds look at the inputs of one, so that every trial of every seed is an independent draw."""
    monkeypatch.setattr(network, "draw_inputs", lambda config: draw_inputs(replace(config, seed=0)))


def measured(config: Config, first_seed: int) -> Samples:
    traces = [simulate(replace(config, seed=first_seed + seed)) for seed in range(SEEDS)]

    def log(found) -> np.ndarray:
        return np.concatenate([found(trace) for trace in traces])

    samples = {name: log(lambda trace, name=name: trace.weights[name].log10_second_moment[:, 0]) for name in traces[0].weights}
    samples |= {
        "stream": log(lambda trace: trace.stream.log10_second_moment[:, -1]),
        "gradient": log(lambda trace: trace.stream_gradient.log10_second_moment[:, 0]),
        "mean of the stream": log(lambda trace: trace.stream.mean[:, -1]),
        "tokens": log(lambda trace: np.log10(trace.token_separation[:, -1])),
    }
    samples["both"] = samples["stream"] + samples["gradient"]
    samples["queries and keys"] = samples["Wq"] - samples["Wk"]
    samples["queries and tokens"] = samples["Wq"] - samples["tokens"]
    return samples


@pytest.mark.slow
@pytest.mark.parametrize("change", [{}, {"causal": True, "gated": True}, {"weight_law": "orthogonal", "normalization": "rms"}])
def test_transformers_without_their_matrices_have_the_law_of_those_with_them(change, one_batch):
    config = replace(WITH_ALL, **change)
    dense = measured(replace(config, method="dense"), 0)
    assert_same_law(measured(replace(config, method="implicit"), 1000), dense)
    if not change:
        for other in ({"query_key_variance": 8.0}, {"weight_variance": 2.3}, {"token_correlation": 0.3}, {"causal": True}):
            assert_other_law(measured(replace(config, method="implicit", **other), 1000), dense)


@pytest.mark.parametrize(("law", "close"), [("gaussian", 2e-6), ("orthogonal", 1e-12)])
def test_what_is_pulled_is_the_transpose_of_what_was_pushed(law, close):
    """Xᵀ (Wᵀ D) = (W X)ᵀ D, which norms of gradients do not see."""
    config = Config(weight_law=law, method="implicit", inputs=5)
    op = Gate("tanh", *(Linear(40, 30, Variance(variance), 0.0) for variance in (1.3, 0.4)))
    maps = StackedMaps(("gate", "up"), Place(config, range(3), 1, 0, None), op)
    rng = np.random.default_rng(0)
    x = Signal(rng.standard_normal((3, 40, 5)), np.zeros(3, dtype=int))
    pushed = maps.push(x)
    deltas = [Signal(rng.standard_normal((3, 30, 5)), np.zeros(3, dtype=int)) for _ in pushed]
    pulled = maps.pull(deltas, x)
    wanted = sum(np.ldexp(z.array, z.exponent[:, None, None]).swapaxes(1, 2) @ delta.array for z, delta in zip(pushed, deltas, strict=True))
    found = x.array.swapaxes(1, 2) @ np.ldexp(pulled.array, pulled.exponent[:, None, None])
    assert np.abs(found - wanted).max() < close * np.abs(wanted).max()
    crossed = sum(
        np.ldexp(z.array, z.exponent[:, None, None]).swapaxes(1, 2) @ delta.array for z, delta in zip(pushed, deltas[::-1], strict=True)
    )
    assert np.abs(found - crossed).max() > 0.1 * np.abs(wanted).max()  # negative control


def deviation(eps: float, seed: int) -> tuple[float, float]:
    """Of Xᵀ (Wᵀ D) from (W X)ᵀ D, as a share of its largest number, where 16 inputs are `eps` apart; and κ of these (see GaussianMap)."""
    config = Config(method="implicit", inputs=16, seed=seed)
    maps = StackedMaps(("gate", "up"), Place(config, range(3), 1, 0, None), Gate("tanh", *(Linear(256, 256, Variance(1.0), 0.0),) * 2))
    rng, at = np.random.default_rng(seed), np.zeros(3, dtype=int)
    x = Signal(math.sqrt(1 - eps) * rng.standard_normal((3, 256, 1)) + math.sqrt(eps) * rng.standard_normal((3, 256, 16)), at)
    pushed = maps.push(x)
    deltas = [Signal(rng.standard_normal((3, 256, 16)), at) for _ in pushed]
    pulled = maps.pull(deltas, x)
    wanted = sum(z.array.swapaxes(1, 2) @ delta.array for z, delta in zip(pushed, deltas, strict=True))
    found = x.array.swapaxes(1, 2) @ np.ldexp(pulled.array.astype(float), pulled.exponent[:, None, None])
    squares, inverse = np.einsum("tnb,tnb->tb", x.array, x.array) / 256, maps.map.frame.inverse
    condition = np.sqrt(np.einsum("tb,tbr,tbr->t", squares, inverse, inverse))
    return float(np.abs(found - wanted).max() / np.abs(wanted).max()), float(condition.max())


def test_what_is_pulled_deviates_by_single_precision_times_how_alike_inputs_are():
    """Wᵀ D is in single precision, and that of nearly equal inputs has κ times its rounding of 6e-8, up to κ = 200; beyond, in double.

    So attention without a skip, whose tokens are 1 − c = 0.01 apart before its third layer, is 2e-6 off there, and 1e-6 elsewhere.
    """
    rounding, seen = 6e-8, []
    for eps in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-6, 1e-9):
        off, kappa = max(deviation(eps, seed) for seed in range(3))
        assert off < rounding * (25 + (1.5 * kappa if kappa < WELL_CONDITIONED else 0)), (eps, off, kappa)
        seen.append((off, kappa))
    third, most = seen[2], seen[3]
    assert third[0] < 3e-6 and 20 < third[1] < 60
    assert most[0] > 40 * rounding and most[1] < WELL_CONDITIONED, "it grows with κ, and the bound is no empty one"
    assert max(off for off, kappa in seen if kappa > WELL_CONDITIONED) < most[0] / 2


def test_parts_of_stacked_maps_have_their_own_variances():
    config = Config(method="implicit", trials=64, inputs=2)
    op = Gate("tanh", Linear(50, 200, Variance(3.0), 0.0), Linear(50, 200, Variance(0.5), 2.0, 1.5))
    x = Signal(np.ones((64, 50, 2)), np.zeros(64, dtype=int))
    gate, up = StackedMaps(("gate", "up"), Place(config, range(64), 1, 0, None), op).push(x)
    for z, mean, variance in ((gate, 0.0, 3.0), (up, 1.5, 2.5)):
        values = np.ldexp(z.array, z.exponent[:, None, None])
        error = math.sqrt(variance / (64 * 200))
        assert abs(values[:, :, 0].mean() - mean) < 4 * error
        assert abs(values[:, :, 0].var() / variance - 1) < 4 * math.sqrt(2 / (64 * 200))
        np.testing.assert_allclose(values[:, :, 0], values[:, :, 1], rtol=1e-9)  # biases are those of the map, not of the input


def test_gradients_of_weights_are_sums_over_the_tokens():
    rng = np.random.default_rng(1)
    delta, h = (Signal(rng.standard_normal((2, rows, 6)), np.zeros(2, dtype=int)) for rows in (5, 4))
    for together in (1, 3, 6):
        groups = [slice(first, first + together) for first in range(0, 6, together)]
        whole = np.stack([delta.array[:, :, group] @ h.array[:, :, group].swapaxes(1, 2) for group in groups])
        mean, variance, second, _ = weight_gradient_moments(delta, h, together)
        np.testing.assert_allclose(mean, whole.mean(axis=(0, 2, 3)), atol=1e-7)
        np.testing.assert_allclose(second, (whole**2).mean(axis=(0, 2, 3)), rtol=1e-6)
        np.testing.assert_allclose(variance, second - mean**2, rtol=1e-12)


def test_tokens_are_told_apart_to_the_last_digit():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 50, 8))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = [(sequence + a, sequence + b) for sequence in (0, 4) for a in range(4) for b in range(a)]
    wanted = np.mean([1 - (unit[:, :, a] * unit[:, :, b]).sum(axis=1) for a, b in pairs], axis=0)
    np.testing.assert_allclose(token_separation(Signal(x, np.zeros(3, dtype=int)), 4), wanted, rtol=1e-12)
    close = rng.standard_normal((1, 50, 1)) + 1e-9 * rng.standard_normal((1, 50, 4))
    assert token_separation(Signal(close, np.zeros(1, dtype=int)), 4)[0] == pytest.approx(1e-18, rel=0.5)


class _Last(Observer):
    """Keeps the stream after the last block."""

    looks_back = False

    def see(self, name, layer, *values):
        if name == "stream":
            self.stream = np.ldexp(values[0].array, values[0].exponent[:, None, None])


def stream_of(config: Config, x: np.ndarray) -> np.ndarray:
    observe(Stack([config], range(2)), last := _Last(), [x])
    return last.stream


@pytest.mark.parametrize("causal", [True, False])
def test_a_causal_token_does_not_see_those_behind_it(causal):
    config = replace(WITH_ALL, causal=causal, method="dense")
    x = draw_inputs(config)
    moved = x.copy()
    moved[:, 2] += np.random.default_rng(4).standard_normal(len(x))  # the third token of the first sequence
    changed = np.abs(stream_of(config, moved) - stream_of(config, x)).max(axis=(0, 1))
    assert (changed[4:] == 0).all(), "sequences do not see each other"
    assert (changed[2:4] > 1e-3).all() and ((changed[:2] == 0).all() if causal else (changed[:2] > 1e-3).all())


def test_copies_of_one_block_add_up_in_step():
    """The stream of identical blocks grows like the square of their number, that of independent ones like their number."""
    config = replace(SMALL, depth=32, width=48, trials=8, bias_variance=0.0, weight_variance=0.5)
    together, apart = (simulate(replace(config, shared_blocks=shared, method="dense")).stream.median()[-1] for shared in (True, False))
    assert together - apart > 0.8
    with pytest.raises(ValueError, match=r"^method = 'implicit' does not go with shared_blocks"):
        replace(config, shared_blocks=True, method="implicit")


@pytest.mark.parametrize("cost", ["gaussian", "squared_error", "cross_entropy"])
def test_a_pooled_readout_has_one_gradient_for_all_tokens(cost):
    config = replace(SMALL, readout="pooled", cost=cost)
    h = Signal(np.random.default_rng(3).standard_normal((2, 12, 8)), np.zeros(2, dtype=int))
    gradient, losses = output_gradient(config, h, range(2))
    parts = gradient.array.reshape(2, 12, 2, 4)
    np.testing.assert_array_equal(parts, np.repeat(parts[..., :1], 4, axis=-1))
    if cost == "cross_entropy":  # by differences
        step = 1e-6
        moved = [Signal(h.array + sign * step * (np.arange(8) == 1) * (np.arange(12) == 5)[:, None], h.exponent) for sign in (1, -1)]
        up, down = (output_gradient(config, one, range(2))[1] for one in moved)
        np.testing.assert_allclose((up - down) / (2 * step) * config.inputs, gradient.array[:, 5, 1], atol=1e-8)
        assert losses.shape == (2,)


def test_tokens_have_the_correlation_that_is_asked_for():
    config = replace(SMALL, width=4096, heads=1, token_correlation=0.6, inputs=4)
    x = draw_inputs(config)
    c = x.T @ x / len(x)
    same = np.kron(np.eye(4), np.ones((4, 4))) - np.eye(16) > 0
    assert abs(c[same].mean() - 0.6) < 4 * 1 / math.sqrt(4096 * 4)
    assert abs(c[(same + np.eye(16)) == 0].mean()) < 4 / math.sqrt(4096 * 4) and abs(np.diag(c).mean() - 1) < 4 * math.sqrt(2 / 4096 / 4)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"heads": 5}, "heads = 5 do not divide the width of 12"),
        ({"tokens": 64, "inputs": 17}, "tokens = 64 does not go with inputs = 17: at most 1,024"),
        ({"normalization": "batch"}, "normalization = 'batch' is not for a transformer"),
        ({"scheme": "lsuv"}, "architecture = 'transformer' does not go with scheme = 'lsuv'"),
        ({"architecture": "residual"}, "tokens = 4 needs architecture = 'transformer'"),
        ({"input_law": "digits"}, "tokens = 4 does not go with input_law = 'digits'"),
        ({"branch_layers": 1}, "branch_layers = 1 is for residual networks"),
        ({"block_order": "pre_activation"}, "block_order = 'pre_activation' is for residual networks"),
        ({"architecture": "plain", "tokens": 1, "gated": True}, "gated = True needs architecture"),
        ({"architecture": "residual", "tokens": 1, "gated": True, "branch_layers": 1}, "gated = True needs branch_layers = 2"),
        ({"architecture": "plain", "tokens": 1, "shared_blocks": True}, "shared_blocks = True needs architecture"),
        ({"architecture": "residual", "tokens": 1, "shared_blocks": True, "scheme": "lsuv"}, "shared_blocks = True does not go"),
    ],
)
def test_parts_that_contradict_each_other_are_refused_in_words(fields, words):
    with pytest.raises(ValueError, match="^" + words.replace("(", r"\(")):
        replace(SMALL, **fields)
