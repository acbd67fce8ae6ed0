"""Memory that runs hand on: never to two at once, and with nothing of the last run in the results of the next."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.runtime import buffers
from propagation.runtime.buffers import BLOCK_BYTES, BLOCKS_KEPT, buffer
from propagation.signals import PLAIN

A_QUARTER = BLOCK_BYTES // 4 // 8


@pytest.fixture(autouse=True)
def _nothing_free(monkeypatch):
    monkeypatch.setattr(buffers, "_free", [])


def test_an_array_is_kept_in_the_precision_asked_for():
    numbers = np.random.default_rng(0).standard_normal((2, 5, 3))
    with buffer() as had:
        single, double = had.put(numbers, np.float32), had.put(numbers, np.float64)
        assert single.dtype == np.float32
        np.testing.assert_array_equal(single, numbers.astype(np.float32))
        np.testing.assert_array_equal(double, numbers)


def test_arrays_that_are_kept_at_the_same_time_share_no_memory():
    with buffer() as one, buffer() as other:
        arrays = [had.put(np.zeros(A_QUARTER), float) for had in (one, other) for _ in range(6)]
        assert not any(np.shares_memory(*pair) for pair in combinations(arrays, 2))
        assert len(one.blocks) == len(other.blocks) == 2


def test_the_next_run_has_the_memory_of_the_last():
    with buffer() as had:
        first = had.put(np.zeros(A_QUARTER), float)
    with buffer() as had:
        assert np.shares_memory(first, had.put(np.zeros(A_QUARTER), float))


def test_a_run_that_fails_hands_its_memory_on():
    with pytest.raises(RuntimeError), buffer() as had:
        had.put(np.zeros(A_QUARTER), float)
        raise RuntimeError
    assert len(buffers._free) == 1


def test_what_is_kept_has_a_limit():
    with buffer() as had:
        for _ in range(BLOCKS_KEPT + 3):
            had.put(np.zeros(4 * A_QUARTER), float)
    assert len(buffers._free) == BLOCKS_KEPT


def test_an_array_larger_than_a_block_takes_none():
    with buffer() as had:
        numbers = np.arange(8 * A_QUARTER + 2.0)
        assert had.put(numbers, float) is numbers
        np.testing.assert_array_equal(had.put(numbers, np.float32), numbers.astype(np.float32))
        assert not had.blocks


@pytest.mark.parametrize("law", ["gaussian", "orthogonal", "uniform"])
def test_nothing_of_the_last_run_is_in_the_next(law):
    config = Config(depth=6, width=40, inputs=5, trials=3, weight_law=law)
    before = simulate(config)
    assert buffers._free
    for block in buffers._free:
        block[...] = 255  # as floating-point numbers: NaN
    after = simulate(config)
    for name in PLAIN:
        np.testing.assert_array_equal(getattr(before, name).log10_second_moment, getattr(after, name).log10_second_moment)
    np.testing.assert_array_equal(before.saturated, after.saturated)
