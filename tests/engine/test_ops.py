"""Each op by itself: its way back is the transpose of its JVP, its derivatives are those of differences, its tapes agree."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.op import EngineOp, Place
from propagation.engine.ops import LinearOp, engine_op
from propagation.engine.signal import Signal
from propagation.engine.tape import KeptTape, ReplayedTape, Tape, ignore
from propagation.ops import OPS, Activate, Attend, Dropout, Gate, Linear, Normalize, Patches, Residual, UnitVarianceOnData, Variance

TRIALS, FAN_IN, FAN_OUT, INPUTS = 3, 7, 5, 4
CONFIG = Config(method="dense", seed=3)
BELOW = engine_op(Linear(FAN_IN, FAN_IN, Variance(1.0), 0.0), Place(CONFIG, range(TRIALS), 1, 0, None))

_BRANCH = (
    Linear(FAN_IN, FAN_IN, Variance(1.3), 0.2, name="W1"),
    Activate("tanh"),
    Linear(FAN_IN, FAN_IN, Variance(0.9), 0.1, name="W2"),
)
#: one of each kind of op, and more where a choice matters; each takes (TRIALS, FAN_IN, INPUTS)
CASES = {
    "linear": Linear(FAN_IN, FAN_OUT, Variance(1.3), 0.2),
    "linear with a mean": Linear(FAN_IN, FAN_OUT, Variance(1.3), 0.2, 0.7),
    "linear scaled to the data": Linear(FAN_IN, FAN_OUT, UnitVarianceOnData(), 0.0),
    "tanh": Activate("tanh"),
    "gelu": Activate("gelu"),
    "relu": Activate("relu"),
    "dropout": Dropout(0.6),
    "layer norm": Normalize("layer"),
    "RMS norm": Normalize("rms"),
    "batch norm": Normalize("batch"),
    "patches": Patches(3, INPUTS),
    "gate": Gate("silu", Linear(FAN_IN, FAN_OUT, Variance(1.3), 0.2), Linear(FAN_IN, FAN_OUT, Variance(0.7), 0.0, 0.3)),
    "attention": Attend(*(Linear(FAN_IN, 6, Variance(variance), 0.2) for variance in (1.3, 0.8, 2.1)), 3, 2),
    "attention, causal": Attend(*(Linear(FAN_IN, 6, Variance(2.0), 0.0) for _ in "qkv"), 2, INPUTS, causal=True),
    "residual": Residual((Normalize("layer"), *_BRANCH), 0.7, 1.2),
    "residual, one map": Residual(_BRANCH[:2], 0.4),
    "residual, learned": Residual(_BRANCH, 0.7, 1.2, learned=True),
    "residual, batch norm": Residual((_BRANCH[0], Normalize("batch"), *_BRANCH[1:]), 0.7),
}

FOUR_OPS = (Linear(FAN_IN, 6, Variance(2.0), 0.1), Activate("tanh"), Linear(6, FAN_OUT, Variance(2.0), 0.1), Activate("relu"))


def made(op, config: Config = CONFIG) -> EngineOp:
    """The op in layer 2, above another one."""
    return engine_op(op, Place(config, range(TRIALS), 2, 1, BELOW))


def signal(seed: int, rows: int = FAN_IN) -> Signal:
    return Signal(np.random.default_rng(seed).standard_normal((TRIALS, rows, INPUTS)), np.zeros(TRIALS, dtype=int))


def plain(found: Signal) -> np.ndarray:
    return np.ldexp(found.array, found.exponent[:, None, None])


def kept() -> KeptTape:
    return KeptTape(ignore, lambda array, dtype: array.astype(dtype))


cases = pytest.mark.parametrize("case", CASES)


def test_every_op_is_tried():
    assert {type(op) for op in CASES.values()} == set(OPS)


@cases
def test_the_way_back_is_the_transpose_of_the_jvp(case):
    """⟨δ, J v⟩ = ⟨Jᵀ δ, v⟩ for every input of every trial."""
    op, x, v, tape = made(CASES[case]), signal(0), signal(1), kept()
    y = op.forward(x, tape)
    delta = signal(2, y.array.shape[1])
    (moved,) = op.jvp(x, (v,))
    back = op.backward(delta, tape)
    coupled = any(word in case for word in ("batch", "attention", "patches"))
    sums = "tnb,tnb->t" if coupled else "tnb,tnb->tb"
    along = np.einsum(sums, plain(delta), plain(moved))
    np.testing.assert_allclose(along, np.einsum(sums, plain(back), plain(v)), rtol=1e-12, atol=1e-12)


@cases
def test_another_way_back_is_seen(case):
    """Negative control: the JVP of the op with other weights, at another input."""
    op, x, v, tape = made(CASES[case]), signal(0), signal(1), kept()
    delta = signal(2, op.forward(x, tape).array.shape[1])
    other, elsewhere = made(CASES[case], Config(method="dense", seed=4)), signal(5)
    other.forward(elsewhere, Tape())
    (moved,) = other.jvp(elsewhere, (v,))
    along = np.einsum("tnb,tnb->tb", plain(delta), plain(moved))
    assert np.abs(along - np.einsum("tnb,tnb->tb", plain(op.backward(delta, tape)), plain(v))).max() > 1e-3


@cases
def test_derivatives_are_those_of_differences(case):
    """First and second derivative along the curve x + t v + t² a/2, by central differences; a kink has no second."""
    op, x, v, a, step = made(CASES[case]), signal(0), signal(1), signal(2), 1e-4
    op.forward(x, Tape())

    def at(t: float) -> np.ndarray:
        moved = Signal(x.array + t * v.array + t**2 * a.array / 2, x.exponent)
        return plain(op.forward(moved, Tape()) if not isinstance(op, LinearOp) else op.map.push(moved, op.map.weight_deviation, 0.0))

    here = at(0.0)
    first, second = (plain(found) for found in op.jvp(x, (v, a)))
    np.testing.assert_allclose(first, (at(step) - at(-step)) / (2 * step), atol=1e-6)
    if case == "relu":
        assert np.isnan(second).all()
    else:
        np.testing.assert_allclose(second, (at(step) - 2 * here + at(-step)) / step**2, atol=1e-5)


@pytest.mark.parametrize("case", [case for case, op in CASES.items() if not isinstance(op, (Dropout, Attend))])
def test_the_trainable_form_is_the_same_op(case):
    """Forward, and the gradient of the input and of every parameter by central differences."""
    op, x, step = made(CASES[case]), signal(0), 1e-6
    y = op.forward(x, Tape())
    trainable = op.trainable()
    out, saved = trainable.forward(x.array[0])
    np.testing.assert_allclose(out, plain(y)[0], rtol=1e-12, atol=1e-12)
    weights = np.random.default_rng(9).standard_normal(out.shape)  # the cost is their product with the output
    back, by_parameters = trainable.backward(weights, saved)
    x0 = x.array[0].copy()
    for array, gradient in [(x0, back), *zip(trainable.parameters, by_parameters, strict=True)]:
        assert array.shape == gradient.shape
        for place in np.ndindex(array.shape):
            before = array[place]
            costs = []
            for moved in (before + step, before - step):
                array[place] = moved
                costs.append(float(np.sum(weights * trainable.forward(x0)[0])))
            array[place] = before
            assert gradient[place] == pytest.approx((costs[0] - costs[1]) / (2 * step), abs=1e-7)


def test_dropout_tosses_new_coins_in_every_step_of_training_and_none_afterwards():
    trainable = made(Dropout(0.6)).trainable()
    x, gradient = np.ones((400, 50)), np.full((400, 50), 3.0)
    (first, saved), (second, _) = trainable.forward(x), trainable.forward(x)
    assert (first != second).any() and set(np.unique(first)) == {0.0, 1 / 0.6}
    assert abs(np.mean(first > 0) - 0.6) < 4 * np.sqrt(0.24 / first.size)
    np.testing.assert_array_equal(trainable.backward(gradient, saved)[0], 3 * first)
    np.testing.assert_array_equal(trainable.evaluate(x), x)


def test_the_coins_of_dropout_are_of_each_entry_and_each_input():
    op, x = made(Dropout(0.6)), Signal(np.ones((TRIALS, 300, INPUTS)), np.zeros(TRIALS, dtype=int))
    kept = op.forward(x, Tape()).array > 0
    assert abs(kept.mean() - 0.6) < 4 * np.sqrt(0.24 / kept.size)
    both = np.mean(kept[:, :, 0] & kept[:, :, 1])
    assert abs(both - 0.36) < 4 * np.sqrt(0.36 * 0.64 / (TRIALS * 300))


def test_parameters_are_handed_out_where_weights_are_held():
    implicit = made(Linear(FAN_IN, FAN_OUT, Variance(1.0), 0.0), Config(method="implicit"))
    implicit.forward(signal(0), Tape())
    with pytest.raises(TypeError, match="dense"):
        implicit.trainable()


@pytest.mark.parametrize("method", ["dense", "implicit"])
def test_a_replayed_tape_gives_back_what_a_kept_one_keeps(method):
    """Four ops: what each loads on the way back, from the last to the first."""
    config, found = Config(method=method, seed=1), {}
    for name in ("kept", "replayed"):
        ops: list[EngineOp] = []
        x = signal(0)
        tape = kept() if name == "kept" else ReplayedTape(ignore, x, ops)
        for layer, op in enumerate(
            [Linear(FAN_IN, 6, Variance(2.0), 0.1), Activate("tanh"), Linear(6, 5, Variance(2.0), 0.1), Activate("relu")]
        ):
            ops.append(engine_op(op, Place(config, range(TRIALS), 1 + layer // 2, layer // 2, ops[-1] if ops else None)))
            x = ops[-1].forward(x, tape)
        gradient, found[name] = signal(7, FAN_OUT), []
        for op in reversed(ops):
            gradient = op.backward(gradient, tape)
            found[name].append(plain(gradient))
    for one, other in zip(found["kept"], found["replayed"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_a_tape_that_no_way_back_follows_keeps_nothing():
    op = made(Activate("tanh"))
    op.forward(signal(0), tape := Tape())
    with pytest.raises(LookupError):
        op.backward(signal(1), tape)
