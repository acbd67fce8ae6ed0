"""Implicit maps against explicit matrices: the same law, forward and backward together, at every shape and for degenerate batches.

Both maps see the same batch h; δ is a nonlinear function of z = W h + b, so that what is pulled depends on what was pushed. Many draws give
samples of scalar statistics, and one oracle compares their laws. The negative controls are mistakes one could make: a fresh W for the
gradient, a wrong scale, a bias for each input, a bias forgotten in the conditioning. The same oracle rejects every one.
"""

from __future__ import annotations

import numpy as np
import pytest
from oracle import assert_other_law, assert_same_law
from scipy import stats

from propagation.engine.dense import DenseMap
from propagation.engine.implicit import GaussianMap, HaarMap
from propagation.engine.noise import Noise
from propagation.engine.signal import Signal

DRAWS = 1500
WEIGHT_DEVIATION = 1.3
IMPLICIT = {"gaussian": GaussianMap, "orthogonal": HaarMap}
#: (fan_in, fan_out, B): square, tall, wide, and batches larger than one or both sides
SHAPES = [(14, 14, 4), (9, 20, 4), (20, 9, 4), (6, 6, 9), (8, 5, 6), (5, 8, 6), (3, 3, 2), (7, 12, 1)]


def signal(array: np.ndarray) -> Signal:
    return Signal(array, np.zeros(len(array), dtype=int))


def batch(fan_in: int, inputs: int, kind: str = "generic") -> np.ndarray:
    """One fixed batch (fan_in, B), generic or degenerate."""
    h = np.random.default_rng([fan_in, inputs]).standard_normal((fan_in, inputs)) + 0.3
    if kind == "duplicates":
        h[:, 1], h[:, 2] = h[:, 0], -2 * h[:, 0]
    elif kind == "dead":
        h[:, 1] = 0
    elif kind != "generic":  # inputs that have almost collapsed onto each other
        h[:, 1:] = h[:, :1] + float(kind) * h[:, 1:]
    return h


def error_of(z: np.ndarray) -> np.ndarray:
    """δ, a nonlinear function of z and of something of its own."""
    own = np.random.default_rng(z.shape[1]).standard_normal(z.shape[1:])
    return np.tanh(z) + (z > 0) * own


def haar(rng: np.random.Generator, draws: int, fan_in: int, fan_out: int) -> np.ndarray:
    """Corners of Haar matrices, times √N: QR of square Gaussian matrices with positive diagonals."""
    size = max(fan_in, fan_out)
    q, r = np.linalg.qr(rng.standard_normal((draws, size, size)))
    return size**0.5 * (q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :])[:, :fan_out, :fan_in]


def explicit_draws(law: str, h: np.ndarray, fan_out: int, bias: float, seed: int = 0, mistake: str = ""):
    """(z, δ, Wᵀ δ) of DRAWS explicit matrices, right or with one of the mistakes."""
    rng = np.random.default_rng([seed, *h.shape, fan_out])
    fan_in, inputs = h.shape

    def weights():
        unit = haar(rng, DRAWS, fan_in, fan_out) if law == "orthogonal" else rng.standard_normal((DRAWS, fan_out, fan_in))
        return WEIGHT_DEVIATION / fan_in**0.5 * unit

    w = weights()
    z = w @ h + bias * rng.standard_normal((DRAWS, fan_out, inputs if mistake == "bias of each input" else 1))
    delta = error_of(z)
    if mistake == "forgotten bias":  # conditions on W h = z where W h + b = z
        conditioned = z @ np.linalg.pinv(h)
        w = conditioned + weights() @ (np.eye(fan_in) - h @ np.linalg.pinv(h))
    elif mistake == "fresh weights":
        w = weights()
    elif mistake == "scale by fan_out":
        w = w * (fan_in / fan_out) ** 0.5
    elif mistake == "scale 8 % off":
        w = 1.08 * w
    return z, delta, w.swapaxes(1, 2) @ delta


def map_draws(random_map, h: np.ndarray, bias: float):
    """The same of a RandomMap."""
    pushed = signal(np.broadcast_to(h, (DRAWS, *h.shape)))
    z = random_map.push(pushed, WEIGHT_DEVIATION, bias).array
    delta = error_of(z)
    pulled = random_map.pull(signal(delta.astype(random_map.gradient_type)), pushed.stored(random_map.input_type))
    return z, delta, pulled.array.astype(float)


def statistics(h: np.ndarray, z: np.ndarray, delta: np.ndarray, gradient: np.ndarray) -> dict[str, np.ndarray]:
    """Scalars of each draw: sizes, inner products, and what ties forward and backward together."""
    first, last = 0, h.shape[1] - 1
    rng = np.random.default_rng(99)
    u, v = rng.standard_normal(z.shape[1]), rng.standard_normal(len(h))
    squares = (z[:, :, first] ** 2).sum(axis=1), (gradient[:, :, last] ** 2).sum(axis=1)
    values = {
        "|z|": squares[0],
        "|Wᵀδ|": squares[1],
        "one neuron": z[:, 0, first],
        "one gradient": gradient[:, 0, last],
        "z·z′": (z[:, :, first] * z[:, :, last]).sum(axis=1),
        "Wᵀδ·Wᵀδ′": (gradient[:, :, first] * gradient[:, :, last]).sum(axis=1),
        "h·Wᵀδ": gradient[:, :, first] @ h[:, first],
        "h′·Wᵀδ": gradient[:, :, first] @ h[:, last],
        "(v·Wᵀδ)(u·z)": (gradient[:, :, last] @ v) * (z[:, :, first] @ u),
        "|Wᵀδ| / |z|": np.log(squares[1] / squares[0]),
        "|Wᵀδ| |z|": np.log(squares[1] * squares[0]),
        "|Wᵀδ| / |δ|": squares[1] / (delta[:, :, last] ** 2).sum(axis=1),
    }
    return {
        name: np.round(value, 5) for name, value in values.items()
    }  # what orthogonal matrices keep exactly is no matter of rounding errors


def assert_law_of_explicit(random_map, law: str, h: np.ndarray, bias: float) -> None:
    explicit = explicit_draws(law, h, random_map.fan_out, bias)
    assert_same_law(statistics(h, *map_draws(random_map, h, bias)), statistics(h, *explicit))


@pytest.mark.parametrize("bias", [0.0, 0.8])
@pytest.mark.parametrize("law", IMPLICIT)
@pytest.mark.parametrize(("fan_in", "fan_out", "inputs"), SHAPES)
def test_implicit_maps_have_the_law_of_explicit_matrices(law, fan_in, fan_out, inputs, bias):
    assert_law_of_explicit(IMPLICIT[law](Noise(7, 0, 0, DRAWS), fan_in, fan_out), law, batch(fan_in, inputs), bias)


@pytest.mark.parametrize("kind", ["duplicates", "dead", "1e-3", "1e-9"])
@pytest.mark.parametrize("law", IMPLICIT)
def test_implicit_maps_have_the_law_of_explicit_matrices_on_degenerate_batches(law, kind):
    """Equal and opposite inputs, one that has died, and inputs collapsed to within and beyond what a Gram matrix can tell apart."""
    assert_law_of_explicit(IMPLICIT[law](Noise(8, 0, 0, DRAWS), 8, 12), law, batch(8, 4, kind), 0.3)


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize(("fan_in", "fan_out", "inputs"), SHAPES[1:3])
def test_dense_maps_have_the_law_of_explicit_matrices(law, fan_in, fan_out, inputs):
    assert_law_of_explicit(DenseMap(Noise(9, 0, 0, DRAWS), fan_in, fan_out, law), law, batch(fan_in, inputs), 0.8)


@pytest.mark.parametrize("mistake", ["fresh weights", "scale by fan_out", "scale 8 % off", "bias of each input", "forgotten bias"])
@pytest.mark.parametrize("law", IMPLICIT)
def test_the_oracle_rejects_mistakes(law, mistake):
    h = batch(14, 4)
    fan_out = 20
    wrong = explicit_draws(law, h, fan_out, 0.8, seed=1, mistake=mistake)
    right = map_draws(IMPLICIT[law](Noise(7, 0, 0, DRAWS), 14, fan_out), h, 0.8)
    assert_other_law(statistics(h, *right), statistics(h, *wrong))


def test_a_gaussian_matrix_is_told_from_an_orthogonal_one():
    h = batch(14, 4)
    assert_other_law(*(statistics(h, *explicit_draws(law, h, 14, 0.0)) for law in IMPLICIT))


def maps_of(shape: tuple[int, int], trials: int):
    """A dense and an implicit map of each law."""
    for law in ("gaussian", "orthogonal", "uniform", "truncated_gaussian"):
        yield DenseMap(Noise(3, 0, 0, trials), *shape, law)
    for implicit in IMPLICIT.values():
        yield implicit(Noise(3, 0, 0, trials), *shape)


@pytest.mark.parametrize("bias", [0.0, 0.6])
@pytest.mark.parametrize("kind", ["generic", "duplicates"])
@pytest.mark.parametrize(("fan_in", "fan_out", "inputs"), [(30, 30, 5), (9, 20, 5), (20, 9, 5), (6, 6, 9), (8, 5, 6), (4, 7, 9)])
def test_pull_is_the_adjoint_of_push(fan_in, fan_out, inputs, kind, bias):
    """⟨δ, W (h − h₀)⟩ = ⟨Wᵀ δ, h − h₀⟩ for every map; differences, since they do not see the bias.

    Where inputs are parallel, to what is left of a rounding error beside a nudge.
    """
    h = np.stack([batch(fan_in, inputs, kind), 3 * batch(fan_in, inputs)])
    delta = np.random.default_rng(5).standard_normal((2, fan_out, inputs))
    for random_map in maps_of((fan_in, fan_out), 2):
        z = random_map.push(signal(h), WEIGHT_DEVIATION, bias).array
        stored = signal(h).stored(random_map.input_type)
        gradient = random_map.pull(signal(delta.astype(random_map.gradient_type)), stored).array.astype(float)
        forward = np.einsum("tnb,tnc->tbc", delta, z - z[:, :, :1])
        backward = np.einsum("tnb,tnc->tbc", gradient, h - h[:, :, :1])
        exact = 1e-12 if kind == "generic" else 1e-8
        tolerance = 2e-5 if random_map.gradient_type is np.float32 else exact
        np.testing.assert_allclose(backward, forward, atol=tolerance * np.linalg.norm(delta) * np.linalg.norm(z), rtol=0)


@pytest.mark.parametrize("bias", [0.0, 0.5, 3.0])
@pytest.mark.parametrize(("fan_in", "fan_out", "inputs"), [(5, 9, 1), (9, 6, 3), (4, 8, 3)])
@pytest.mark.parametrize("implicit", [True, False])
def test_what_a_gradient_says_about_the_weights_beyond_what_was_pushed(fan_in, fan_out, inputs, bias, implicit):
    """Given z = W h + b, hᵀ Wᵀ δ is Gaussian: its mean is what z tells of W h, its variance what the bias hides.

    With K = σ_w²/n_in hᵀh and S = K + σ_b² 11ᵀ: mean K S⁻¹ zᵀδ, covariance (K − K S⁻¹ K) ‖δ‖².
    """
    h = batch(fan_in, inputs)
    random_map = (GaussianMap if implicit else lambda *where: DenseMap(*where, "gaussian"))(Noise(11, 0, 0, DRAWS), fan_in, fan_out)
    z, delta, gradient = map_draws(random_map, h, bias)
    k = WEIGHT_DEVIATION**2 / fan_in * h.T @ h
    told = k @ np.linalg.inv(k + bias**2)
    hidden = np.sqrt(np.maximum(np.diagonal(k - told @ k), 0))
    rest = h.T @ gradient - told @ (z.swapaxes(1, 2) @ delta)
    rest /= np.linalg.norm(delta, axis=1)[:, None, :]
    if bias == 0:
        assert np.abs(rest).max() < 1e-4
    else:
        for column in range(inputs):
            assert stats.kstest(rest[:, column, -1] / hidden[column], "norm").pvalue > 1e-4


def test_a_fresh_matrix_is_no_adjoint():
    """Negative control of the test above."""
    h, delta = batch(30, 5)[None], np.random.default_rng(5).standard_normal((1, 30, 5))
    z = GaussianMap(Noise(3, 0, 0, 1), 30, 30).push(signal(h), 1.0, 0.0).array
    other = GaussianMap(Noise(4, 0, 0, 1), 30, 30)
    other.push(signal(h), 1.0, 0.0)
    gradient = other.pull(signal(delta), signal(h)).array
    assert abs(np.vdot(gradient, h) - np.vdot(delta, z)) > 1e-3 * np.linalg.norm(delta) * np.linalg.norm(z)


@pytest.mark.parametrize("inputs", [3, 12])
def test_trials_of_one_stack_do_not_see_each_other(inputs):
    """Full rank, duplicates, an input that is dead, all inputs dead: as a stack and one by one."""
    h = np.stack([batch(9, inputs), batch(9, inputs, "duplicates"), batch(9, inputs, "dead"), np.zeros((9, inputs))])
    delta = np.random.default_rng(1).standard_normal((4, 11, inputs))
    delta[1] = 0
    for kind, build in enumerate((GaussianMap, HaarMap, lambda *where: DenseMap(*where, "orthogonal"))):
        for bias in (0.0, 0.5):
            together = build(Noise(2, kind, 0, 4), 9, 11)
            z = together.push(signal(h), 1.1, bias).array
            gradient = together.pull(signal(delta), signal(h)).array
            for trial in range(4):
                alone, one = build(Noise(2, kind, trial, 1), 9, 11), slice(trial, trial + 1)
                np.testing.assert_allclose(alone.push(signal(h[one]), 1.1, bias).array, z[one], rtol=1e-12, atol=1e-14)
                np.testing.assert_allclose(alone.pull(signal(delta[one]), signal(h[one])).array, gradient[one], rtol=1e-5, atol=1e-6)


def test_replaying_and_pulling_twice_give_the_same_numbers():
    h, delta = signal(batch(10, 4)[None]), signal(np.ones((1, 8, 4)))
    for random_map in maps_of((10, 8), 1):
        z = random_map.push(h, 1.0, 0.2).array
        np.testing.assert_array_equal(random_map.replay().array, z)
        np.testing.assert_array_equal(random_map.pull(delta, h).array, random_map.pull(delta, h).array)


@pytest.mark.parametrize("implicit", [GaussianMap, HaarMap])
def test_what_is_zero_stays_exactly_zero(implicit):
    """A ReLU at 0 passes no gradient and one at 1e-17 does, so a dead input must not come back as a rounding error."""
    h = np.random.default_rng(0).standard_normal((200, 12, 6))
    h[:, :, 2] = 0
    z = implicit(Noise(0, 0, 0, 200), 12, 12).push(signal(h), 1.0, 0.0).array
    assert not z[:, :, 2].any()


def test_parallel_gradients_in_a_batch_larger_than_the_layer_keep_the_others_whole():
    """E‖Wᵀδ_b‖² = σ_w² ‖δ_b‖² · fan_in/fan_in, whatever the other columns of δ are: here three parallel ones, and two neurons."""
    rng = np.random.default_rng(0)
    first, other = rng.standard_normal((2, DRAWS, 2, 1))
    delta = np.concatenate([first, 2.3 * first, 0.37 * first, other], axis=2).astype(np.float32)
    h = signal(rng.standard_normal((DRAWS, 20, 4)))
    random_map = GaussianMap(Noise(1, 0, 0, DRAWS), 20, 2)
    random_map.push(h, 1.0, 0.0)
    gradient = random_map.pull(signal(delta), h.stored(np.float32)).array.astype(float)
    ratio = (gradient**2).sum(axis=1) / (delta.astype(float) ** 2).sum(axis=1)
    np.testing.assert_allclose(ratio.mean(axis=0), 1, atol=0.05)
