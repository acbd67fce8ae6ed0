"""Config: one experiment as one frozen value of names and numbers, and its text in an address."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from propagation.activations import ACTIVATIONS
from propagation.expressions import lookup
from propagation.initializers import SCHEMES, WEIGHT_LAWS, kumar_scale

DIGIT_PIXELS = 64

WIDTH_PROFILES = {
    "constant": "constant",
    "funnel": "funnel: wide to an eighth",
    "widening": "widening: an eighth to wide",
    "bottleneck": "bottleneck: an eighth in the middle",
}
INPUT_LAWS = {"gaussian": "Gaussian", "uniform": "uniform", "digits": "handwritten digits (8 × 8)"}
COSTS = {
    "gaussian": "unit Gaussian ∂C/∂h",
    "cross_entropy": "softmax cross-entropy, 10 random labels",
    "squared_error": "squared error, 10 random labels",
}
METHODS = {"auto": "automatic", "dense": "dense: holds every W", "implicit": "implicit: never builds W"}

#: allowed values of the fields that are names
CHOICES: dict[str, Mapping[str, Any]] = {
    "activation": ACTIVATIONS,
    "scheme": SCHEMES,
    "weight_law": WEIGHT_LAWS,
    "width_profile": WIDTH_PROFILES,
    "input_law": INPUT_LAWS,
    "cost": COSTS,
    "method": METHODS,
}
#: smallest and largest allowed value of the fields that are numbers
BOUNDS: dict[str, tuple[float, float]] = {
    "depth": (1, 2000),
    "width": (2, 1_000_000),
    "weight_variance": (0.0, 100.0),
    "bias_variance": (0.0, 100.0),
    "inputs": (1, 1024),
    "input_variance": (1e-6, 1e6),
    "trials": (1, 64),
    "seed": (0, 2**32 - 1),
}
_IMPLICIT_LAWS = " or ".join(repr(law.name) for law in WEIGHT_LAWS.values() if law.has_implicit_map)
#: longest text an address may give for one field
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Config:
    """One experiment: an architecture, an initialization, inputs and a seed. Equal configs give equal arrays.

    `weight_variance` is σ_w² = fan_in · Var[W] and counts where `scheme` is "custom"; `bias_variance` is σ_b². `trials` is the number of
    independent draws of the network, `inputs` the size of the batch. `cost` says where the backward pass starts.
    ValueError begins with the field, and names the value and what is allowed.
    """

    depth: int = 50
    width: int = 512
    activation: str = "tanh"
    scheme: str = "custom"
    weight_variance: float = 1.5
    bias_variance: float = 0.05
    weight_law: str = "gaussian"
    width_profile: str = "constant"
    inputs: int = 16
    input_law: str = "gaussian"
    input_variance: float = 1.0
    cost: str = "gaussian"
    trials: int = 8
    seed: int = 0
    method: str = "auto"

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))
        if self.scheme == "kumar":
            kumar_scale(self.activation)
        if self.method == "implicit" and not WEIGHT_LAWS[self.weight_law].has_implicit_map:
            raise ValueError(
                f"method = 'implicit' needs weight_law = {_IMPLICIT_LAWS}, not {self.weight_law!r}: "
                "only these laws can be sampled without building W"
            )

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Layer sizes n_0 … n_L, depth + 1 of them. Digits have n_0 = 64 pixels whatever the profile."""
        narrow = max(2, self.width // 8)
        turning_points = {
            "constant": (self.width, self.width),
            "funnel": (self.width, narrow),
            "widening": (narrow, self.width),
            "bottleneck": (self.width, narrow, self.width),
        }[self.width_profile]
        sizes = [_geometric(turning_points, layer / self.depth) for layer in range(self.depth + 1)]
        if self.input_law == "digits":
            sizes[0] = DIGIT_PIXELS
        return tuple(sizes)

    def to_query(self) -> dict[str, str]:
        """The fields that differ from their defaults, as the texts of an address."""
        return {field.name: _text(getattr(self, field.name)) for field in fields(self) if getattr(self, field.name) != field.default}

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> tuple[Config, list[str]]:
        """The config an address describes, and a sentence for each part of it that could not be read. Never raises.

        Values are texts, or lists of texts of which there must be one. What cannot be read keeps its default.
        """
        known = {field.name: field for field in fields(cls)}
        values: dict[str, Any] = {}
        problems: list[str] = []
        for name, given in query.items():
            if name not in known:
                problems.append(f"{_quote(name)} is not a setting of this app, and was ignored.")
                continue
            try:
                values[name] = _parsed(name, given, type(known[name].default))
            except ValueError as error:
                problems.append(f"{error}. It stays at {_text(known[name].default)}.")
        while True:
            try:
                return cls(**values), problems
            except ValueError as error:  # two fields that contradict each other; the message begins with the one at fault
                culprit = str(error).split()[0]
                del values[culprit]
                problems.append(f"{error}. {culprit} stays at {_text(known[culprit].default)}.")


def layer_variances(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """σ_w² and σ_b² of every layer, two (depth,) arrays; σ_w² is NaN where the data decides (LSUV).

    σ_b² is the variance of a bias, whatever the fans.
    """
    widths = np.array(config.widths, dtype=float)
    fan_in, fan_out = widths[:-1], widths[1:]
    scheme = SCHEMES[config.scheme]
    if config.scheme == "custom":
        weight = np.full(config.depth, config.weight_variance)
    elif config.scheme == "lsuv":
        weight = np.full(config.depth, np.nan)
    else:
        weight = scheme.weight_variance(config.activation, fan_in, fan_out) * np.ones(config.depth)
    bias = np.full(config.depth, config.bias_variance) if scheme.bias_scale is None else scheme.bias_scale / fan_in
    return weight, bias


def _geometric(turning_points: tuple[int, ...], position: float) -> int:
    """The size at `position` ∈ [0, 1] on a path of equal pieces between the turning points, each piece geometric."""
    pieces = len(turning_points) - 1
    piece = min(int(position * pieces), pieces - 1)
    start, end = turning_points[piece : piece + 2]
    return round(start * (end / start) ** (position * pieces - piece))


def _checked(name: str, value: Any) -> Any:
    """The value in the field's own type, or ValueError with field, value and range."""
    if name == "activation":
        return lookup(value).name
    if name in CHOICES:
        if not isinstance(value, str) or value not in CHOICES[name]:
            raise ValueError(f"{name} = {_quote(value)} is unknown; choose one of {', '.join(CHOICES[name])}")
        return value
    low, high = BOUNDS[name]
    whole = isinstance(low, int)
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    number: Any = value
    if not (is_number and low <= number <= high and (not whole or number == int(number))):
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} = {_quote(value)} is out of range: {kind} from {_text(low)} to {_text(high)} is needed")
    return int(number) if whole else float(number)


def _parsed(name: str, given: Any, kind: type) -> Any:
    """One text of an address in the field's type; ValueError says what is wrong with it."""
    texts = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(texts) != 1:
        raise ValueError(f"{name} is given {len(texts)} times, and one value is needed")
    text = str(texts[0])
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"{name} is {len(text)} characters long, and at most {LONGEST_TEXT} are read")
    if kind is str:
        return _checked(name, text)
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{name} = {_quote(text)} is not a number") from None
    if kind is int and text.strip().lstrip("+-").isdigit():
        number = int(text)  # exact where a float would round
    return _checked(name, number)


def _text(value: Any) -> str:
    """Shortest text that reads back as the same value."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def _quote(value: Any) -> str:
    """A visitor's value for a message: short, printable, in quotes when it is text."""
    if isinstance(value, str):
        shown = "".join(c for c in value[:40] if c.isprintable())
        return f"'{shown}…'" if len(value) > 40 else f"'{shown}'"
    try:
        return str(value)[:40]
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
