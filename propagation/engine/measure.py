"""Measure: what is seen of every layer as signals pass, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from propagation.engine.signal import Signal


class Observer:
    """Looks at whole layers as they pass, where moments are not enough: distributions, angles.

    What it is shown is used again for other runs: it copies what it keeps. Where it does not look back, networks run forward alone.
    """

    looks_back = True

    def see(self, name: str, layer: int, *values: Any) -> None:
        """Look at what is called `name` in a layer (from 1): signals are (T, n, B), T trials, n neurons, B inputs.

        On the way forward, from layer 1 to L: "weight_variance" σ_w², (T,); "z"; "flat", on how many inputs a neuron's slope is flat,
        (T, n), and B; "h", the block's output, or what W2 gets of it in a branch; "stream", the output of a block with a branch. On the way
        back, from L to 1: "stream_gradient", ∂C/∂x of such an output; for the maps of a block from its last to its first
        "weight_gradient", δ and the h whose outer product it is, and what it is called; "delta", δ = ∂C/∂z.
        """


class Measurements(Observer):
    """What is measured in a stack of networks, filled in layer by layer; `moments` without and with the powers of two beside them."""

    def __init__(self, networks: int, depth: int, signals: Iterable[str], maps: Iterable[str], together: int = 1, tokens: int = 1) -> None:
        """`maps`: what the linear maps of a block are called. C is a sum over so many columns `together`; `tokens` make a sequence."""
        self.together, self.tokens = together, tokens
        self.moments = {name: np.empty((4, networks, depth)) for name in signals if name != "weight_gradient"}
        self.gradients = {name: np.empty((4, networks, depth)) for name in maps}
        self.saturated, self.dead = np.zeros((networks, depth)), np.zeros((networks, depth))
        self.weight_variance = np.empty((networks, depth))
        #: of the last layer, and of the tokens of a sequence of every one
        self.separation, self.token_separation = np.empty(networks), np.full((networks, depth), np.nan)
        self.loss = np.empty(networks)

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name == "weight_variance":
            self.weight_variance[:, layer - 1] = values[0]
        elif name == "flat":
            self._record_flat(layer, *values)
        elif name == "weight_gradient":
            delta, h, weights = values
            self.gradients[weights][:, :, layer - 1] = weight_gradient_moments(delta, h, self.together)
        else:
            self.moments[name][:, :, layer - 1] = values[0].moments()
        if name == ("stream" if "stream" in self.moments else "h"):
            if self.tokens > 1:
                self.token_separation[:, layer - 1] = token_separation(values[0], self.tokens)
            elif layer == len(self.dead[0]):
                self.separation = separation(values[0])

    def split(self, parts: int) -> list[Measurements]:
        """Return what was measured in the first of so many equal parts of the networks, in the next, …."""
        per_part = len(self.loss) // parts
        return [self._of(slice(first, first + per_part)) for first in range(0, len(self.loss), per_part)]

    def _of(self, networks: slice) -> Measurements:
        part = Measurements(0, 0, (), ())
        part.moments, part.gradients = (
            {name: moments[:, networks] for name, moments in of.items()} for of in (self.moments, self.gradients)
        )
        for name in ("saturated", "dead", "weight_variance", "separation", "token_separation", "loss"):
            setattr(part, name, getattr(self, name)[networks])
        return part

    def _record_flat(self, layer: int, flat: np.ndarray, batch: int) -> None:
        """The share of flat slopes, and of neurons with nothing else."""
        neurons = flat.shape[1]
        self.saturated[:, layer - 1] = flat.sum(axis=1) / (neurons * batch)
        self.dead[:, layer - 1] = (flat == batch).sum(axis=1) / neurons


def separation(h: Signal) -> np.ndarray:
    """Return the mean over pairs of inputs of 1 − c, c = h_a·h_b/(|h_a||h_b|), in each trial, (T,); NaN without a pair or a length."""
    first, second = np.triu_indices(h.array.shape[2], k=1)
    if not first.size:
        return np.full(len(h.array), np.nan)
    squares = np.diagonal(h.exact_gram, axis1=1, axis2=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = h.exact_gram[:, first, second] / np.sqrt(squares[:, first] * squares[:, second])
    return 1 - np.mean(np.ascontiguousarray(cosines), axis=1)  # in this layout a trial's sum does not depend on how many there are


def token_separation(x: Signal, tokens: int) -> np.ndarray:
    """Return the same over pairs of tokens of one sequence, (T,), without a difference of what is nearly equal."""
    networks, rows, columns = x.array.shape
    lengths = np.sqrt(x.column_squares)[:, None]
    directions = np.divide(x.array, lengths, out=np.zeros(x.array.shape), where=lengths > 0).reshape(networks, rows, -1, tokens)
    around = directions - directions.mean(axis=-1, keepdims=True)
    # Σ over pairs |u_s − u_t|²/2 = T Σ |u_t − mean|²/2
    found = np.einsum("tnbs,tnbs->t", around, around) / (columns // tokens * (tokens - 1))
    return np.where((lengths > 0).all(axis=(1, 2)), found, np.nan)


def weight_gradient_moments(delta: Signal, h: Signal, together: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, variance, second moment and exponent, each (T,), of ∂C_g/∂W = Σ_{b in g} δ_b h_bᵀ over entries and groups g.

    A group is so many columns side by side, by default one. The matrix is never formed: second moment
    mean_g Σ_bb′ (δ_b·δ_b′)(h_b·h_b′)/(n_out n_in), mean mean_g Σ_b (Σ δ_b)(Σ h_b)/(n_out n_in).
    """
    (_, fan_out, batch), fan_in = delta.array.shape, h.array.shape[1]
    entries = fan_out * fan_in * (batch // together)
    if together == 1:
        second = np.einsum("tb,tb->t", delta.column_squares, h.column_squares) / entries
    else:
        groups = np.kron(np.eye(batch // together), np.ones((together, together)))
        # h is in double precision where another network of the stack needs it: rounded, it is what it would be without that one
        products = (one.astype(np.float32).astype(float) for one in h.array)
        grams = zip(delta.gram, products, strict=True)
        second = np.array([np.vdot(gram * groups, one.T @ one) for gram, one in grams]) / entries
    mean = np.einsum("tb,tb->t", delta.column_sums, h.column_sums) / entries
    return mean, second - mean**2, second, delta.exponent + h.exponent
