"""Frames: orthonormal bases and triangular factors of batches, degenerate ones included. All arrays carry the trials in front.

Where inputs have merged, or are more than there are dimensions, a batch leaves some directions of its basis open. A rounding error would
choose them, another one on another processor, and with them which noise is used. So a batch that is not far from singular is nudged:
each column is moved by a tiny share of its length along a fixed direction of its own. The basis is that of the nudged batch itself, not of
its Gram matrix; it moves continuously with the batch, rounding errors included, and no rank is decided. What the basis is used for stays
the batch: its part in that basis, which is all of it up to the nudge. Differences between inputs far below the nudge are gone.

A batch at the border is the same on both of its sides, up to the angle by which the nudge turns its shortest direction, at most 0.002.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

#: the nudge as a share of a column's length: its square is lost beside 1, and a rounding error turns what it decides by 1e-9
NUDGE = 2.0**-24
#: the same for columns in single precision
SINGLE_NUDGE = 2.0**-12
#: A batch is far from singular where each column's part beside the earlier columns has more than this share of its squared length. The
#: rounding of a Gram matrix, 1e-16, is then below 1e-6 of that part, ...
CLEAR = 1e-9
#: ... and likewise below 1e-2, mostly far, where it was summed in single precision.
SINGLE_CLEAR = 1e-4
#: rows of a batch that are made triangular at once: they stay in the cache
ROWS = 1024

Array = np.ndarray
#: indices of trials → their batches, (k, n, B) float64, in an array that may be written to
Batches = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Frame:
    """Q = X A + E S, (T, n, r), the orthonormal columns next to batches X = Q C, r the smaller of n and B.

    `coefficients` is C, (T, r, B); a column of X that is zero is zero in C. `inverse` is A and `shift` is S, both (T, B, r), E are the
    `directions`. A batch that is far from singular has S = 0. Of others Q has the span of the nudged batch and C = Qᵀ X: equal columns
    stay equal, and Cᵀ C = Xᵀ X up to the square of the nudge. Where no batch was nudged, S is None.
    """

    coefficients: np.ndarray
    inverse: np.ndarray
    shift: np.ndarray | None = None


def frame(gram: np.ndarray, rows: int, batches: Batches) -> Frame:
    """Return the frames of batches X of so many rows, with these Gram matrices, (T, B, B). None depends on the others."""
    lower, clear = _lower_triangles(gram, rows, CLEAR)
    if clear.all():
        return Frame(lower.swapaxes(1, 2), _triangle_inverses(lower.swapaxes(1, 2)))
    rank = min(rows, gram.shape[1])
    coefficients = lower.swapaxes(1, 2)[:, :rank]  # laid out as above: products round by the layout, and no trial may depend on others
    inverse, shift = np.zeros((2, len(gram), gram.shape[1], rank))
    if clear.any():
        inverse[clear] = _triangle_inverses(coefficients[clear])
    trials = np.flatnonzero(~clear)
    x = batches(trials)
    coefficients[trials], inverses, lengths = _nudged_frames(x, directions(*x.shape[1:]), NUDGE)
    inverse[trials, :rank] = inverses / np.where(lengths > 0, lengths, np.inf).swapaxes(1, 2)[:, :rank]
    shift[trials, :rank] = NUDGE * inverses
    return Frame(coefficients, inverse, shift)


def factor(
    gram: np.ndarray, rows: int, batches: Batches, clear: float = CLEAR, nudge: float = NUDGE, apart: Batches | None = None
) -> np.ndarray:
    """Return C with Cᵀ C = `gram` up to the square of the nudge, (T, r, B), of batches as in `frame`; r is the smaller of `rows` and B.

    `clear` and `nudge` are as CLEAR and NUDGE. `rows` is the dimension of the space the columns live in; `apart` gives directions in it,
    (k, n, B), where it is not all of the n dimensions.
    """
    lower, is_clear = _lower_triangles(gram, rows, clear)
    coefficients = lower.swapaxes(1, 2)[:, :rows]
    trials = np.flatnonzero(~is_clear)
    if trials.size:
        x = batches(trials)
        coefficients[trials], _, _ = _nudged_frames(x, apart(trials) if apart else directions(*x.shape[1:]), nudge, rows)
    return coefficients


@lru_cache(maxsize=8)
def directions(rows: int, columns: int) -> np.ndarray:
    """Return E, the first rows (the others are zero) of fixed vectors of length about 1, one for each column; read-only.

    Any vectors will do: what a random matrix makes of them is independent of which they are.
    """
    drawn = np.random.default_rng(0).standard_normal((min(rows, 2 * columns), columns))
    drawn /= len(drawn) ** 0.5
    drawn.setflags(write=False)
    return drawn


def _nudged_frames(x: Array, apart: Array, nudge: float, rows: int | None = None) -> tuple[Array, Array, Array]:
    """(C, A, lengths Λ) of batches X, (T, n, B), whose columns, made unit length, are moved by `nudge` along those of `apart`.

    Q = (X Λ⁻¹ + nudge · apart) A, of the first r columns, is orthonormal, and C = Qᵀ X. A column that is zero has the direction of its
    nudge. Shapes (T, r, B), (T, r, r), (T, 1, B). X is written to.
    """
    lengths = np.sqrt(np.einsum("tnb,tnb->tb", x, x))[:, None, :]
    x /= np.where(lengths > 0, lengths, 1.0)
    moved = x[:, : apart.shape[-2]]
    moved += nudge * apart
    triangles = _upper_triangles(x)[:, :rows]
    rank = triangles.shape[1]
    inverses = np.linalg.inv(triangles[:, :, :rank])
    along = inverses.swapaxes(1, 2) @ (moved[:, :, :rank].swapaxes(1, 2) @ apart)  # Qᵀ of the directions
    coefficients: Array = (triangles - nudge * along) * lengths
    return coefficients, inverses, lengths


def _upper_triangles(x: np.ndarray) -> np.ndarray:
    """R with Rᵀ R = Xᵀ X, (T, min(n, B), B), upper triangular with a diagonal that is not negative, to the precision of X, (T, n, B)."""
    triangles = np.linalg.qr(x[:, :ROWS], mode="r")
    for first in range(ROWS, x.shape[1], ROWS):
        triangles = np.linalg.qr(np.concatenate([triangles, x[:, first : first + ROWS]], axis=1), mode="r")
    return np.asarray(triangles) * np.where(np.diagonal(triangles, axis1=1, axis2=2) < 0, -1.0, 1.0)[:, :, None]


def haar_frame(noise: np.ndarray, dimension: int) -> np.ndarray:
    """Uniformly random frames of the space the columns live in: they are made orthonormal, with the signs that make the law exactly Haar.

    noise: (T, n, r), columns standard Gaussian in a space of `dimension`. Columns beyond `dimension`, if any, mean nothing.
    """
    noise = noise.astype(float)
    if dimension >= 2 * noise.shape[2]:  # well conditioned: Cholesky is four times faster than Householder's reflections
        return noise @ np.linalg.inv(np.linalg.cholesky(noise.swapaxes(1, 2) @ noise).swapaxes(1, 2))
    q, r = np.linalg.qr(noise)
    return q * np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)[:, None, :]


def _triangle_inverses(triangles: np.ndarray) -> np.ndarray:
    """Inverses of upper triangles, (T, B, B), by halves: general inversion of half the size takes less than half the time."""
    size = triangles.shape[1]
    if size < 32 or size % 2:
        return np.linalg.inv(triangles)
    half = size // 2
    inverses = np.zeros(triangles.shape)
    first, last = inverses[:, :half, :half], inverses[:, half:, half:]
    first[...], last[...] = triangles[:, :half, :half], triangles[:, half:, half:]
    first[...], last[...] = np.linalg.inv(first), np.linalg.inv(last)
    inverses[:, :half, half:] = -first @ (triangles[:, :half, half:] @ last)
    return inverses


def _lower_triangles(gram: np.ndarray, rows: int, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """(Cholesky factors of Gram matrices, which of them are those of a batch that is far from singular), (T, B, B) and (T,).

    The other factors mean nothing.
    """
    if gram.shape[1] > rows:
        return np.zeros_like(gram), np.zeros(len(gram), dtype=bool)
    try:
        lower = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        lower = np.stack([_lower_triangle_of_one(one) for one in gram])
    pivots, squares = lower.diagonal(axis1=1, axis2=2), gram.diagonal(axis1=1, axis2=2)
    return lower, np.asarray((pivots**2 > tolerance * squares).all(axis=1))


def _lower_triangle_of_one(gram: np.ndarray) -> np.ndarray:
    """The Cholesky factor of one matrix, (B, B), zero where there is none."""
    try:
        return np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return np.zeros_like(gram)
