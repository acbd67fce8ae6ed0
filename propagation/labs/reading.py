"""Reading: what can still be made out of a digit in every layer of networks that have learned nothing, and what comes back of a gradient.

The command that makes the table that ships:  python -m propagation.labs.reading assets/reading.npz
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from propagation.assets import asset
from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import Stack
from propagation.engine.signal import LOG10_2, Signal
from propagation.inputs import DIGITS, digit_labels, standardized_digits
from propagation.labs.protocol import Progress
from propagation.labs.watch import watch
from propagation.streams import stream

SHIPPED = asset("reading.npz")
#: the network: tanh, no biases, so that at σ_w² = 1 a layer's sums are as large as what went in, and a small signal neither grows nor dies
BASE = Config(
    depth=50,
    width=256,
    activation="tanh",
    bias_variance=0.0,
    weight_variance=1.0,
    inputs=1024,
    input_law="digits",
    trials=1,
    method="dense",
)
#: values of σ_w², one a step of the slider: from a third to three times the one in the middle, which is 1
VALUES = np.geomspace(1 / 3, 3, 33)
#: digits that readers are fitted on; the rest is held out
FITTED = 800
#: standard deviation of the error with which a reader sees a neuron; a pixel of the input has a mean square of 1
ERROR = 0.02
#: one reading in so many layers is pictured; digits and neurons that are shown
_EVERY = 5
DIGITS_SHOWN, NEURONS_SHOWN = 4, 8
LABELS, _INK = 10, 16.0


@dataclass(frozen=True, eq=False)  # one table is another's equal only where it is the same
class Reading:
    """What was found, at k values of σ_w², in L layers, of d digits that no reader was fitted on.

    `pictures` (d, k, pictured, 64), ink as read, 0 … 1 (clipped), the input itself first; `neurons` (d, k, L, n), activations h; `named`
    (k, L), the share of held-out digits that a reader names; `log10_gradient` (k, L), log10 of the root mean square of δ = ∂C/∂z, over
    that in the last layer; `labels` (d,).
    """

    values: np.ndarray
    labels: np.ndarray
    pictures: np.ndarray
    neurons: np.ndarray
    named: np.ndarray
    log10_gradient: np.ndarray

    def place(self, value: float) -> int:
        """Return at which of the values this one is, or the nearest."""
        return int(np.argmin(np.abs(np.log(self.values / value))))


def measure(
    values: Sequence[float] = tuple(VALUES), config: Config = BASE, fitted: int = FITTED, progress: Progress | None = None
) -> Reading:
    """Show a network of these values of σ_w², in which nothing else differs, `config.inputs` digits, and read every layer."""
    chosen = stream(config.seed, "held_out").choice(len(standardized_digits()), config.inputs, replace=False)
    ink, labels, shown = _ink()[chosen], digit_labels()[chosen], slice(fitted, fitted + DIGITS_SHOWN)
    seen = []
    for done, one in enumerate(config.variants("weight_variance", list(map(float, values))), 1):
        reader = _Reader(config, ink, labels, fitted)
        watch(Stack([one], range(1)), reader, None, [standardized_digits()[chosen].T])
        seen.append(reader)
        if progress:
            progress(done / len(values))
    return Reading(
        values=np.asarray(values, dtype=float),
        labels=labels[shown],
        pictures=np.stack([reader.pictures(ink[shown]) for reader in seen], axis=1),
        neurons=np.stack([reader.neurons for reader in seen], axis=1),
        named=np.stack([reader.named for reader in seen]),
        log10_gradient=np.stack([reader.log10_size - reader.log10_size[-1] for reader in seen]),
    )


def pictured(depth: int) -> tuple[int, ...]:
    """Return the layers whose reading is pictured, 0 for the input."""
    return tuple(range(0, depth + 1, _EVERY))


class _Reader(Observer):
    """Reads every layer: the linear map, with an offset, that makes the best of it, in least squares, for the digits it is fitted on.

    What it reads are the pixels, and which of the ten digits it is. It sees each neuron with an error; over that the fit is an average:
    A = Cov(what, h) (Cov(h, h) + ERROR² 1)⁻¹.
    """

    def __init__(self, config: Config, ink: np.ndarray, labels: np.ndarray, fitted: int) -> None:
        self.errors = stream(config.seed, "held_out", 1)
        self.what = np.concatenate([ink, np.eye(LABELS)[labels]], axis=1).T  # (64 + 10, B)
        self.labels, self.fitted = labels, fitted
        self.read = np.empty((DIGITS_SHOWN, config.depth, ink.shape[1]))
        self.neurons = np.empty((DIGITS_SHOWN, config.depth, NEURONS_SHOWN))
        self.named, self.log10_size = np.empty(config.depth), np.empty(config.depth)

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name == "h":
            self._look(layer - 1, _plain(values[0]))
        elif name == "delta":
            signal: Signal = values[0]
            self.log10_size[layer - 1] = 0.5 * np.log10(signal.second_moment[0]) + LOG10_2 * float(signal.exponent[0])

    def pictures(self, ink: np.ndarray) -> np.ndarray:
        """Return the digits shown, as they are and as read in the layers that are pictured, (d, pictured, pixels)."""
        read = self.read[:, [layer - 1 for layer in pictured(self.read.shape[1]) if layer]]
        return np.clip(np.concatenate([ink[:, None], read], axis=1), 0, 1)

    def _look(self, place: int, h: np.ndarray) -> None:
        known, held_out = h[:, : self.fitted], h[:, self.fitted :]
        mean, usual = known.mean(axis=1, keepdims=True), self.what[:, : self.fitted].mean(axis=1, keepdims=True)
        centred = known - mean
        covariance = centred @ centred.T / self.fitted + ERROR**2 * np.eye(len(h))
        weights = np.linalg.solve(covariance, centred @ (self.what[:, : self.fitted] - usual).T / self.fitted).T
        seen = held_out - mean + ERROR * self.errors.standard_normal(held_out.shape)
        read = usual + weights @ seen
        pixels = len(read) - LABELS
        self.named[place] = np.mean(np.argmax(read[pixels:], axis=0) == self.labels[self.fitted :])
        self.read[:, place] = read[:pixels, :DIGITS_SHOWN].T
        self.neurons[:, place] = held_out[:NEURONS_SHOWN, :DIGITS_SHOWN].T


def _plain(signal: Signal) -> np.ndarray:
    """Return the batch of the one network of a signal, (n, B) float64."""
    return np.ldexp(signal.array[0].astype(float), int(signal.exponent[0]))


def _ink() -> np.ndarray:
    """Return the pixels of all digits, (1797, 64), from 0, paper, to 1."""
    with np.load(DIGITS) as data:
        return data["pixels"] / _INK


def save(reading: Reading, path: Path) -> None:
    """Write it down: pictures in 32 shades, activations in 200."""
    small = {field.name: getattr(reading, field.name) for field in fields(Reading)}
    small["pictures"] = np.round(31 * reading.pictures).astype(np.uint8)
    small["neurons"] = np.round(100 * reading.neurons).astype(np.int8)
    small["labels"] = reading.labels.astype(np.uint8)
    np.savez_compressed(path, **small)


@cache
def load(path: Path = SHIPPED) -> Reading:
    """Return what was written down."""
    with np.load(path) as data:
        parts = {field.name: data[field.name] for field in fields(Reading)}
    return Reading(**parts | {"pictures": parts["pictures"] / 31, "neurons": parts["neurons"] / 100})


def main(arguments: list[str] | None = None) -> None:
    """Measure all values, which takes some minutes, and write them down."""
    parser = argparse.ArgumentParser(
        prog="python -m propagation.labs.reading", description="Read every layer of the networks of the Start page."
    )
    parser.add_argument("path", type=Path, help="the table: an .npz file")
    path = parser.parse_args(arguments).path
    save(measure(progress=lambda share: print(f"\r{share:.0%}", end="", flush=True)), path)
    print()


if __name__ == "__main__":
    main()
