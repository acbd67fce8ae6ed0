"""Frames: orthonormal bases and Cholesky factors of batches, degenerate ones included. All arrays carry the trials in front."""

from __future__ import annotations

import numpy as np

#: Directions in which a batch of B unit vectors is smaller than √(B · TOLERANCE), about 1e-5, are dropped: two inputs that close
#: are one input. Double precision leaves 1e-4 of such a direction in a Gram matrix, and what is dropped changes no moment by more
#: than 1e-10.
TOLERANCE = 1e-12
#: the same for Gram matrices that were summed in single precision, whose rounding looks like directions of 3e-4
SINGLE_TOLERANCE = 1e-7
#: a pivot of a Cholesky factor this many times above what is dropped is taken without a look at the eigenvalues
SAFETY = 30


def factor(gram: np.ndarray, floor: np.ndarray | float = 0.0, tolerance: float = TOLERANCE) -> np.ndarray:
    """C with Cᵀ C = `gram`, upper triangular; its rows after the numerical rank are zero.

    gram: (T, B, B), positive semidefinite up to rounding. `floor`: squared lengths (T, B) against which a column counts as
    nothing; by default its own. What becomes of one matrix does not depend on the others.
    """
    lower, clear = _lower_triangles(gram, floor, tolerance)
    if not clear.all():
        lengths, unit = _unit_gram(gram, floor)
        for trial in np.flatnonzero(~clear):
            lower[trial] = (_factor_of_one(unit[trial], tolerance)[0] * lengths[trial]).T
    return lower.swapaxes(1, 2)


def frame(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(C, A), both (T, B, B), for batches X with Xᵀ X = `gram`: the columns of X A are orthonormal and X = (X A) C.

    C as in `factor`; where the rank r is below B, the rows of C and the columns of A after r are zero.
    """
    lower, clear = _lower_triangles(gram, 0.0, TOLERANCE)
    if clear.all():
        return lower.swapaxes(1, 2), _triangle_inverses(lower.swapaxes(1, 2))
    inverses = np.empty_like(lower)
    inverses[clear] = _triangle_inverses(lower[clear].swapaxes(1, 2))
    lengths, unit = _unit_gram(gram, 0.0)
    for trial in np.flatnonzero(~clear):
        coefficients, inverse = _factor_of_one(unit[trial], TOLERANCE)
        lower[trial] = (coefficients * lengths[trial]).T
        inverses[trial] = inverse / lengths[trial][:, None]
    return lower.swapaxes(1, 2), inverses


def haar_frame(noise: np.ndarray, dimension: int) -> np.ndarray:
    """Uniformly random frames of the space the columns live in: they are made orthonormal, with the signs that make the law exactly Haar.

    noise: (T, n, r), columns standard Gaussian in a space of `dimension`. Columns beyond `dimension`, if any, mean nothing.
    """
    noise = noise.astype(float)
    if dimension >= 2 * noise.shape[2]:  # well conditioned: Cholesky is four times faster than Householder's reflections
        return noise @ np.linalg.inv(np.linalg.cholesky(noise.swapaxes(1, 2) @ noise).swapaxes(1, 2))
    q, r = np.linalg.qr(noise)
    return q * np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)[:, None, :]


def _unit_gram(gram: np.ndarray, floor: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """(lengths of the columns, Gram matrices of the columns divided by them), so that the tolerance is about angles."""
    squares = np.maximum(np.diagonal(gram, axis1=1, axis2=2), floor)
    lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
    return lengths, gram / (lengths[:, :, None] * lengths[:, None, :])


def _triangle_inverses(triangles: np.ndarray) -> np.ndarray:
    """Inverses of upper triangles, (T, B, B), by halves: general inversion of half the size takes less than half the time."""
    size = triangles.shape[1]
    if size < 32 or size % 2:
        return np.linalg.inv(triangles)
    half = size // 2
    inverses = np.zeros_like(triangles)
    first, last = inverses[:, :half, :half], inverses[:, half:, half:]
    first[...], last[...] = np.linalg.inv(np.stack([triangles[:, :half, :half], triangles[:, half:, half:]]))
    inverses[:, :half, half:] = -first @ (triangles[:, :half, half:] @ last)
    return inverses


def _lower_triangles(gram: np.ndarray, floor: np.ndarray | float, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """(Cholesky factors of Gram matrices, which of them are far from singular once the columns have length 1), (T, B, B) and (T,).

    The other factors mean nothing.
    """
    try:
        lower = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        lower = np.stack([_lower_triangle_of_one(one) for one in gram])
    pivots, squares = (np.diagonal(matrices, axis1=1, axis2=2) for matrices in (lower, gram))
    return lower, (pivots**2 > SAFETY**2 * tolerance * np.maximum(squares, floor)).all(axis=1)


def _lower_triangle_of_one(gram: np.ndarray) -> np.ndarray:
    """The Cholesky factor of one matrix, (B, B), zero where there is none."""
    try:
        return np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return np.zeros_like(gram)


def _factor_of_one(unit: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """(C, A) of one (B, B) Gram matrix of unit vectors, of the rank that the tolerance allows."""
    (lower,), clear = _lower_triangles(unit[None], 1.0, tolerance)
    if clear.all():
        return lower.T, np.linalg.inv(lower.T)
    sizes, vectors = np.linalg.eigh(unit)
    kept = sizes > tolerance * len(unit)
    roots, vectors = np.sqrt(sizes[kept]), vectors[:, kept]
    # The triangular factor of the same matrix, and not the eigenvectors themselves: it moves continuously with the batch.
    rotation, triangle = np.linalg.qr(roots[:, None] * vectors.T)
    signs = np.where(triangle.diagonal() < 0, -1.0, 1.0)
    coefficients, inverse = np.zeros_like(unit), np.zeros_like(unit)
    nonzero = unit.diagonal() > 0  # where a column is zero, the eigenvectors have rounding errors
    coefficients[: len(roots)] = signs[:, None] * triangle * nonzero
    inverse[:, : len(roots)] = (vectors / roots) @ rotation * signs * nonzero[:, None]
    return coefficients, inverse
