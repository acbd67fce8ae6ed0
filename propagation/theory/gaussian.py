"""Means over one and over two correlated Gaussians, by composite Gauss–Legendre rules that are split at kinks.

Gauss–Hermite rules fail at kinks and at large variance. Here z has panels whose edges double from the smaller of √q/2 and 1/2 up to 9 √q:
an activation varies on the scale 1, the density on the scale √q, and a doubling ladder resolves both, whatever the ratio. Up to |z| = 64 no
panel is wider than 4, so that a sine is resolved for q up to 50; what oscillates at larger q needs a closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray

#: standard deviations after which the normal density, 3e-18, is nothing
REACH = 9.0
#: panels up to |z| = _FINE are no wider than this
_WIDEST = 4.0
_FINE = 64.0
#: nodes of one panel
ORDER = 12
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(ORDER)
#: variances whose densities are held at once
_ROWS = 4000


def ladder(smallest_scale: float, largest_scale: float) -> Array:
    """Edges 0, s, 2s, 4s … of panels on z > 0 that resolve densities of standard deviation between the two scales, and φ's scale 1."""
    first = min(smallest_scale, 1.0) / 2
    steps = int(np.ceil(np.log2(REACH * largest_scale / first)))
    doubling = first * 2.0 ** np.arange(steps + 1)
    return np.union1d(np.append(doubling, 0.0), np.arange(_WIDEST, min(_FINE, doubling[-1]), _WIDEST))


def panel_rule(edges: Array) -> tuple[Array, Array]:
    """Nodes and weights, (…, p · ORDER) each, of the composite rule on panels with ascending `edges` (…, p + 1)."""
    centre = (edges[..., 1:] + edges[..., :-1]) / 2
    half = (edges[..., 1:] - edges[..., :-1]) / 2
    nodes = centre[..., None] + half[..., None] * _NODES
    weights = half[..., None] * _WEIGHTS
    return nodes.reshape(*edges.shape[:-1], -1), weights.reshape(*edges.shape[:-1], -1)


def half_line_rule(q: Array, kinks: Sequence[float] = ()) -> tuple[Array, Array]:
    """Nodes z > 0, (n,), and weights, (k, n), with E[f(√q x)] = Σ weights · (f(z) + f(−z)) for every variance of `q`, (k,), all > 0."""
    edges = ladder(np.sqrt(q.min()), np.sqrt(q.max()))
    inside = [abs(kink) for kink in kinks if 0 < abs(kink) < edges[-1]]
    nodes, weights = panel_rule(np.union1d(edges, inside))
    return nodes, weights * normal_density(nodes, q[:, None])


def normal_density(z: Array, variance: Array) -> Array:
    """Density of N(0, variance) at z, broadcast; at least e⁻³⁰⁰ of its peak, away from the slow range of subnormal numbers."""
    density = np.maximum(z * z * (-0.5 / variance), -300.0)
    np.exp(density, out=density)
    density *= 1 / np.sqrt(2 * np.pi * variance)
    return density


def gaussian_mean(f: Callable[[Array], Array], q: float | Array, kinks: Sequence[float] = ()) -> Array:
    """E[f(√q x)], x ~ N(0, 1), to 1e-12 of the natural scale for f smooth on the scale 1 between its kinks and their mirror images.

    f maps a float array to one of the same shape. q: variance ≥ 0, scalar or any shape. Returns the shape of q. At q = 0 it is the mean of
    the limits of f from the left and from the right. ValueError where q is negative or not finite.
    """
    q = np.asarray(q, dtype=float)
    if not np.all(np.isfinite(q) & (q >= 0)):
        raise ValueError("q must be finite and at least 0: it is the variance of a Gaussian")
    flat = q.ravel()
    around_zero = f(np.array([-1e-300, 1e-300]))
    answer = np.full(flat.shape, around_zero.mean())
    order = np.argsort(flat)[np.count_nonzero(flat == 0) :]
    # Neighbours share their nodes: a block spans at most a factor e⁸ of variance, so that few nodes are wasted on any of them.
    while order.size:
        low = flat[order[0]]
        count = min(int(np.searchsorted(flat[order], low * 3000, side="right")), _ROWS)
        block, order = order[:count], order[count:]
        nodes, weights = half_line_rule(flat[block], kinks)
        answer[block] = weights @ (f(nodes) + f(-nodes))
    return answer.reshape(q.shape)


def gaussian_pair_mean(
    f: Callable[[Array], Array], g: Callable[[Array], Array], q: float, c: float | Array, kinks: Sequence[float] = ()
) -> Array:
    """E[f(u₁) g(u₂)] over Gaussians of variance q and correlation c, to 1e-11 of the natural scale.

    With v = (u₁ ± u₂)/2, which are independent: the narrower of the two is the outer variable, and the inner one is split where u₁ or u₂ is
    at a kink. f, g as in `gaussian_mean`, with the same kinks; q > 0 a scalar; c in [−1, 1], scalar or (k,). Returns the shape of c.
    """
    c = np.asarray(c, dtype=float)
    answer = np.empty(c.size)
    for index, value in enumerate(c.ravel()):
        side = 1.0 if value >= 0 else -1.0  # u₂ = −(w − n) where the inputs point in opposite directions
        if abs(value) == 1:
            answer[index] = _aligned_mean(f, g, side, q, kinks)
            continue
        wide, narrow = q * (1 + abs(value)) / 2, q * (1 - abs(value)) / 2
        w, n, weights = quadrant_rule(np.array([wide]), np.array([narrow]), kinks)
        total = sum(f(s * w + t * n) * g(side * (s * w - t * n)) for s in (1, -1) for t in (1, -1))
        density = weights * normal_density(w, wide) * normal_density(n, narrow)
        answer[index] = np.sum(density * total)
    return answer.reshape(c.shape)


def _aligned_mean(f: Callable[[Array], Array], g: Callable[[Array], Array], side: float, q: float, kinks: Sequence[float]) -> Array:
    """E[f(u) g(± u)]."""
    return gaussian_mean(lambda z: f(z) * g(side * z), q, kinks)


def quadrant_rule(wide: Array, narrow: Array, kinks: Sequence[float] = (), breakpoints: Sequence[float] = ()) -> tuple[Array, Array, Array]:
    """Nodes (w, n) > 0 and weights for functions of w + n and w − n under Gaussians w, n of any of these variances, narrow below e² wide.

    Returns w (j, i), n (j, 1) and weights (j, i), without the densities. Panels of w are split where w ± n is 0 or at a kink, panels of n
    where two such lines cross.
    """
    corners = np.unique(np.abs([0.0, *kinks]))
    edges = ladder(np.sqrt(narrow.min()), np.sqrt(narrow.max()))
    crossings = np.abs(np.concatenate((corners[:, None] + corners, corners[:, None] - corners))).ravel() / 2
    extra = np.concatenate((crossings, breakpoints))
    n, n_weights = panel_rule(np.union1d(edges, extra[extra < edges[-1]]))

    w_edges = ladder(np.sqrt(wide.min()), np.sqrt(wide.max()))
    last = w_edges[-1]
    # φ's own structure sits where w = ± n, and needs its own ladder around there
    steps = 0.5 * 2.0 ** np.arange(max(0, np.ceil(np.log2(2 * last))))
    finer = [point for point in breakpoints if point < last + n[-1]]
    offsets = np.concatenate((steps, -steps, corners, -corners, finer, np.negative(finer)))
    moving = np.abs(n[:, None] + np.concatenate(([0.0], offsets)))
    all_edges = np.concatenate((np.broadcast_to(w_edges, (n.size, w_edges.size)), np.minimum(moving, last)), axis=1)
    w, w_weights = panel_rule(np.sort(all_edges, axis=1))
    return w, n[:, None], w_weights * n_weights[:, None]
