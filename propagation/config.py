"""Config: one experiment as one frozen value of names and numbers, its text in an address, and the declaration of each of its fields."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from propagation.block_fields import BlockFields
from propagation.branches import BRANCH_RULES, BranchRule
from propagation.choices import DIGIT_PIXELS, LEAST_BATCH
from propagation.contradictions import contradiction
from propagation.expressions import ExpressionError, shifted
from propagation.fields import Choice, Number, declarations, from_query, text_of, to_query
from propagation.initializers import WEIGHT_LAWS, kumar_scale
from propagation.widths import DEEPEST, WIDEST, WIDTH_PROFILES, read_sizes, written_sizes

#: fields that `layer_sizes` decides where it is given
SIZED = ("depth", "width", "width_profile")
_IMPLICIT_LAWS = " or ".join(repr(law.name) for law in WEIGHT_LAWS.values() if law.has_implicit_map)


@dataclass(frozen=True)
class Config(BlockFields):
    """One experiment: an architecture, an initialization, inputs and a seed. Equal configs give equal arrays.

    `weight_variance` is σ_w² = fan_in · Var[W] and counts where `scheme` is "custom"; `weight_std`² is Var[W] where it is "std".
    Biases have mean `bias_mean` and variance `bias_variance` = σ_b². `trials` is the number of independent draws of the network, `inputs`
    the size of the batch. `cost` says where the backward pass starts. `layer_sizes` lists n_0 … n_L, as in "784-300-100-10"; where it is
    not empty, it says what `depth`, `width` (then the largest size, at least 2) and `width_profile` are, whatever they were given.
    Where `architecture` is "residual" a layer is a block x' = s x + α·branch(x) with α = `branch_scale` where `branch_rule` is "custom".
    ValueError begins with the field, and names the value and what is allowed.
    """

    def __post_init__(self) -> None:
        for name, field in FIELDS.items():
            object.__setattr__(self, name, field.checked(name, getattr(self, name)))
        if sizes := read_sizes(self.layer_sizes):
            for name, derived in zip(SIZED, (len(sizes) - 1, max(2, *sizes), "constant"), strict=True):
                object.__setattr__(self, name, derived)
        try:
            shifted(self.activation, self.bias_mean)
        except ExpressionError as error:
            raise ValueError(f"bias_mean = {self.bias_mean} does not go with this activation. About φ(x + b): {error.sentence}") from None
        if self.scheme == "kumar":
            kumar_scale(self.activation)
        if problem := contradiction(self):
            raise ValueError(problem)
        if self.method == "implicit" and not WEIGHT_LAWS[self.weight_law].has_implicit_map:
            wanted = f"method = 'implicit' needs weight_law = {_IMPLICIT_LAWS}, not {self.weight_law!r}"
            raise ValueError(f"{wanted}: only these laws can be sampled without building W")

    def without_blocks(self) -> Config:
        """Return the plain network of these layers: without skips, norms and dropout."""
        blocks = ("gated", "shared_blocks", "tokens", "positions")
        return replace(self, architecture="plain", normalization="none", keep=1.0, **{name: DEFAULTS[name] for name in blocks})

    @property
    def fewest_inputs(self) -> int:
        """Return how many inputs a batch of this network has at least."""
        return LEAST_BATCH if self.normalization == "batch" else 1

    @property
    def has_stream(self) -> bool:
        """Return whether layers are blocks that add their branches to a residual stream."""
        return self.architecture in ("residual", "transformer")

    @property
    def places(self) -> int:
        """Return how many vectors an input is: the tokens of a sequence, or the positions of a signal that is convolved."""
        return self.tokens * self.positions

    @property
    def columns(self) -> int:
        """Return how many vectors a network is shown at once: all of every input."""
        return self.inputs * self.places

    @property
    def branch(self) -> BranchRule:
        """Return the rule of the residual branches."""
        return BRANCH_RULES[self.branch_rule]

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Return the layer sizes n_0 … n_L, depth + 1 of them. Digits have n_0 = 64 pixels whatever profile or `layer_sizes` say."""
        sizes = read_sizes(self.layer_sizes) or WIDTH_PROFILES[self.width_profile].sizes(self.width, self.depth)
        return (DIGIT_PIXELS, *sizes[1:]) if self.input_law == "digits" else sizes

    @property
    def input_second_moment(self) -> float:
        """Return E[x²] of an entry of an input."""
        return self.input_variance + self.input_mean**2

    @property
    def shifted_activation(self) -> str:
        """Return the name of φ(x + b): what theory takes for φ, since pre-activations are Gaussians of mean b = `bias_mean`."""
        return shifted(self.activation, self.bias_mean)

    @property
    def level(self) -> bool:
        """Return whether all layers have one width."""
        return self.width_profile == "constant" and (not self.layer_sizes or len({*self.widths[1:]}) == 1)

    def no_larger(self, width: int = WIDEST, depth: int = DEEPEST) -> Config:
        """Return the experiment with no layer wider than `width` and at most `depth` layers, of its own sizes the first ones.

        Where heads no longer divide the width, there are fewer of them.
        """
        if self.layer_sizes:
            sizes = read_sizes(self.layer_sizes)[: depth + 1]
            return replace(self, layer_sizes=written_sizes([min(size, width) for size in sizes]))
        return replace(self.of_width(min(self.width, width)), depth=min(self.depth, depth))

    def of_width(self, width: int) -> Config:
        """Return the experiment in this width, with fewer heads where they do not divide it."""
        return replace(self, width=width, heads=math.gcd(self.heads, width) if self.architecture == "transformer" else self.heads)

    def variants(self, field: str, values: Iterable[Any]) -> list[Config]:
        """Return this config with each of these values of one field. ValueError for an unknown field, and as in Config."""
        if field not in FIELDS:
            raise ValueError(f"{field!r} is no field of Config; fields are {', '.join(FIELDS)}")
        return [replace(self, **{field: value}) for value in values]

    def to_query(self) -> dict[str, str]:
        """Return the fields that differ from their defaults and follow from no other, as the texts of an address."""
        query = to_query(self)
        return {name: text for name, text in query.items() if not (self.layer_sizes and name in SIZED)}

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> tuple[Config, list[str]]:
        """Return the config an address describes, and a sentence for each part of it that could not be read. Never raises.

        Values are texts, or lists of texts of which there must be one. What cannot be read keeps its default.
        """
        config, problems = from_query(cls, query)
        given = {name: query[name] for name in SIZED if config.layer_sizes and name in query}
        said = {name: str(texts[0] if isinstance(texts, (list, tuple)) and texts else texts) for name, texts in given.items()}
        unused = [name for name, text in said.items() if text != text_of(getattr(config, name))]
        return config, problems + [f"{name} is not used: layer_sizes says how many layers there are, and how wide." for name in unused]


#: the declaration of every field, and its default
FIELDS = declarations(Config)
DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Config)}
#: the fields that are numbers, and the smallest and largest value allowed for each
NUMBERS = {name: field for name, field in FIELDS.items() if isinstance(field, Number)}
BOUNDS = {name: field.bounds for name, field in NUMBERS.items()}
#: what the fields that are names can be, with labels
CHOICES = {name: field.choices for name, field in FIELDS.items() if isinstance(field, Choice)}
