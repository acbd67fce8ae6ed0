"""Factors and frames of Gram matrices: full rank, singular, nearly singular, empty."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.engine import frames
from propagation.engine.frames import NUDGE, Frame, directions, factor, frame, haar_frame

RNG = np.random.default_rng(0)


def batches() -> dict[str, np.ndarray]:
    """(2, n, B) batches by what is difficult about them; the second trial is always generic."""
    generic = RNG.standard_normal((2, 10, 5))
    duplicates, zero_column, zeros, collapsed, scales = (generic.copy() for _ in range(5))
    duplicates[0, :, 3], duplicates[0, :, 1] = duplicates[0, :, 0], -7 * duplicates[0, :, 2]
    zero_column[0, :, 2] = 0
    zeros[0] = 0
    collapsed[0] = generic[0, :, :1] + 1e-4 * generic[0]
    scales[0] *= 10.0 ** np.array([-100, -3, 0, 3, 100])
    wide = RNG.standard_normal((2, 4, 9))
    return {
        "generic": generic,
        "duplicates": duplicates,
        "zero column": zero_column,
        "zeros": zeros,
        "collapsed": collapsed,
        "scales": scales,
        "more inputs than neurons": wide,
        "one": generic[:, :, :1],
    }


def seen(x: np.ndarray):
    """What `frame` and `factor` ask for the batches of some trials."""
    return lambda trials: x[trials]  # a copy, which they may write to


def columns_of(found: Frame, x: np.ndarray) -> np.ndarray:
    """Q, (T, n, r)."""
    q = x @ found.inverse
    if found.shift is not None:
        apart = directions(*x.shape[1:])
        q[:, : len(apart)] += apart @ found.shift
    return q


def lengths_of(x: np.ndarray) -> np.ndarray:
    """Lengths of the columns, 1 where they are zero, (T, 1, B)."""
    lengths = np.linalg.norm(x, axis=1)[:, None, :]
    return np.where(lengths > 0, lengths, 1)


@pytest.mark.parametrize("name", batches())
def test_frames_give_the_batch_back(name):
    x = batches()[name]
    found = frame(x.swapaxes(1, 2) @ x, x.shape[1], seen(x))
    lengths, q = lengths_of(x), columns_of(found, x)
    np.testing.assert_allclose(q.swapaxes(1, 2) @ q, np.broadcast_to(np.eye(q.shape[2]), (2, q.shape[2], q.shape[2])), atol=1e-6)
    np.testing.assert_allclose(q @ found.coefficients / lengths, x / lengths, atol=4 * NUDGE)
    assert not found.coefficients[np.broadcast_to(~x.any(axis=1, keepdims=True), found.coefficients.shape)].any()


@pytest.mark.parametrize("name", batches())
def test_factors_have_the_gram_matrix_of_the_batch(name):
    x = batches()[name]
    gram, lengths = x.swapaxes(1, 2) @ x, lengths_of(x)
    triangle = factor(gram, x.shape[1], seen(x)) / lengths
    np.testing.assert_allclose(triangle.swapaxes(1, 2) @ triangle, gram / lengths / lengths.swapaxes(1, 2), atol=1e-13)


def test_equal_columns_stay_equal_and_multiples_multiples():
    x = batches()["duplicates"]
    coefficients = frame(x.swapaxes(1, 2) @ x, 10, seen(x)).coefficients[0]
    size = np.linalg.norm(coefficients[:, 2])
    np.testing.assert_allclose(coefficients[:, 3], coefficients[:, 0], atol=1e-14 * size)
    np.testing.assert_allclose(coefficients[:, 1], -7 * coefficients[:, 2], atol=1e-13 * size)


@pytest.mark.parametrize("name", ["duplicates", "zero column", "collapsed", "more inputs than neurons"])
def test_a_rounding_error_of_the_batch_moves_a_frame_by_no_more_than_that(name):
    """Relative errors of 1e-15 in 20 draws: C moves by less than 1e-7 of a column, Q by less than 1e-6."""
    x = batches()[name][:1]
    moved = x * (1 + 1e-15 * RNG.standard_normal((20, *x.shape[1:])))
    first, others = (frame(batch.swapaxes(1, 2) @ batch, x.shape[1], seen(batch)) for batch in (x, moved))
    np.testing.assert_allclose(others.coefficients / lengths_of(x), np.repeat(first.coefficients / lengths_of(x), 20, axis=0), atol=1e-7)
    np.testing.assert_allclose(columns_of(others, moved), np.repeat(columns_of(first, x), 20, axis=0), atol=1e-6)


def test_without_a_nudge_rounding_chooses_directions(monkeypatch):
    """Negative control of the test above."""
    monkeypatch.setattr(frames, "NUDGE", 1e-18)
    with pytest.raises(AssertionError):
        test_a_rounding_error_of_the_batch_moves_a_frame_by_no_more_than_that("duplicates")


@pytest.mark.parametrize("size", [2e-5, 4e-5, 8e-5])
def test_a_batch_at_the_border_is_the_same_nudged_and_not(size, monkeypatch):
    """Up to the angle by which a nudge turns the shortest direction."""
    x = batches()["generic"]
    x[:, :, 1] = x[:, :, 0] + size * x[:, :, 1]
    found = []
    for border in (1e-30, 1.0):
        monkeypatch.setattr(frames, "CLEAR", border)
        found.append(frame(x.swapaxes(1, 2) @ x, 10, seen(x)))
    assert (found[0].shift is None, found[1].shift is None) == (True, False)
    angle = 3 * NUDGE / size
    np.testing.assert_allclose(found[0].coefficients / lengths_of(x), found[1].coefficients / lengths_of(x), atol=angle)
    np.testing.assert_allclose(columns_of(found[0], x), columns_of(found[1], x), atol=angle)


def test_tall_batches_are_made_triangular_in_pieces():
    x = RNG.standard_normal((2, 2 * frames.ROWS + 7, 3))
    x[:, :, 1] = x[:, :, 0]
    found = frame(x.swapaxes(1, 2) @ x, x.shape[1], seen(x))
    np.testing.assert_allclose(columns_of(found, x) @ found.coefficients, x, atol=1e-5)


@pytest.mark.parametrize(("n", "columns"), [(30, 4), (6, 4), (4, 4)])
def test_haar_frames_are_orthonormal_and_of_either_sign(n, columns):
    frames = haar_frame(RNG.standard_normal((500, n, columns)).astype(np.float32), n)
    np.testing.assert_allclose(frames.swapaxes(1, 2) @ frames, np.broadcast_to(np.eye(columns), (500, columns, columns)), atol=1e-9)
    assert np.abs(frames.mean(axis=0)).max() < 5 / (500 * n) ** 0.5  # Householder's signs alone would give −1/√n on the diagonal


def test_both_ways_to_a_haar_frame_agree():
    noise = RNG.standard_normal((3, 9, 4))
    np.testing.assert_allclose(haar_frame(noise, 100), haar_frame(noise, 4), atol=1e-10)
