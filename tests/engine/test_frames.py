"""Factors and frames of Gram matrices: full rank, singular, nearly singular, empty."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.engine.frames import factor, frame, haar_frame

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


@pytest.mark.parametrize("name", batches())
def test_factors_and_frames_give_the_batch_back(name):
    x = batches()[name]
    gram = x.swapaxes(1, 2) @ x
    coefficients, inverse = frame(gram)
    q = x @ inverse
    lengths = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    lengths = np.where(lengths > 0, lengths, 1)[:, None, :]
    np.testing.assert_allclose(q @ coefficients / lengths, x / lengths, atol=1e-7)
    overlaps = q.swapaxes(1, 2) @ q
    for trial, rank in enumerate(np.linalg.matrix_rank(x / lengths)):
        np.testing.assert_allclose(overlaps[trial], np.diag(np.arange(x.shape[2]) < rank), atol=1e-6)
        assert not coefficients[trial, rank:].any()
    triangle = factor(gram) / lengths
    np.testing.assert_allclose(triangle.swapaxes(1, 2) @ triangle, gram / lengths / lengths.swapaxes(1, 2), atol=1e-10)


def test_columns_below_the_floor_count_as_nothing():
    gram = np.diag([1.0, 1e-20])[None]
    assert factor(gram)[0, 1, 1] == pytest.approx(1e-10)
    assert not factor(gram, floor=np.ones((1, 2)))[0, 1].any()


@pytest.mark.parametrize(("n", "columns"), [(30, 4), (6, 4), (4, 4)])
def test_haar_frames_are_orthonormal_and_of_either_sign(n, columns):
    frames = haar_frame(RNG.standard_normal((500, n, columns)).astype(np.float32), n)
    np.testing.assert_allclose(frames.swapaxes(1, 2) @ frames, np.broadcast_to(np.eye(columns), (500, columns, columns)), atol=1e-9)
    assert np.abs(frames.mean(axis=0)).max() < 5 / (500 * n) ** 0.5  # Householder's signs alone would give −1/√n on the diagonal


def test_both_ways_to_a_haar_frame_agree():
    noise = RNG.standard_normal((3, 9, 4))
    np.testing.assert_allclose(haar_frame(noise, 100), haar_frame(noise, 4), atol=1e-10)
