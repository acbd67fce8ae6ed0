"""Config: one experiment as one frozen value of names and numbers, its text in an address, and the declaration of each of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from propagation.activations import ACTIVATIONS
from propagation.choices import COSTS, DIGIT_PIXELS, INPUT_LAWS, METHODS, labels_of
from propagation.expressions import ExpressionError, lookup, shifted
from propagation.fields import Choice, Number, Text, declarations, declared, from_query, text_of, to_query
from propagation.initializers import SCHEMES, WEIGHT_LAWS, kumar_scale
from propagation.scales import BIAS_VARIANCES, DEPTHS, INPUTS, WEIGHT_VARIANCES, WIDTHS
from propagation.widths import DEEPEST, WIDEST, WIDTH_PROFILES, read_sizes, written_sizes

#: fields that `layer_sizes` decides where it is given
SIZED = ("depth", "width", "width_profile")
_IMPLICIT_LAWS = " or ".join(repr(law.name) for law in WEIGHT_LAWS.values() if law.has_implicit_map)


@dataclass(frozen=True)
class Config:
    """One experiment: an architecture, an initialization, inputs and a seed. Equal configs give equal arrays.

    `weight_variance` is σ_w² = fan_in · Var[W] and counts where `scheme` is "custom"; `weight_std`² is Var[W] where it is "std".
    Biases have mean `bias_mean` and variance `bias_variance` = σ_b². `trials` is the number of independent draws of the network, `inputs`
    the size of the batch. `cost` says where the backward pass starts. `layer_sizes` lists n_0 … n_L, as in "784-300-100-10"; where it is
    not empty, it says what `depth`, `width` (then the largest size, at least 2) and `width_profile` are, whatever they were given.
    ValueError begins with the field, and names the value and what is allowed.
    """

    depth: int = declared(
        Number,
        50,
        label="Depth",
        help="Number of layers. What one layer does a little, many do a lot: deeper makes every slope matter more.",
        option="number of layers",
        folded=False,
        below="bias_variance",
        bounds=(1, DEEPEST),
        steps=DEPTHS,
        smaller=(1000, 500, 200, 100, 50, 20, 10),
    )
    width: int = declared(
        Number,
        512,
        label="Width",
        help="Neurons per layer. Wider: less chance, the band closes and the dots go to the theory's line.",
        option="neurons per layer",
        folded=False,
        below="depth",
        bounds=(2, WIDEST),
        steps=WIDTHS,
        smaller=tuple(2**k for k in range(19, 3, -1)),
    )
    activation: str = declared(
        Choice,
        "tanh",
        label="Activation φ",
        help="The nonlinearity after every layer. Its slope decides how much of a gradient gets through.",
        option=f"{', '.join(ACTIVATIONS)}, or a formula such as 'x * sigmoid(1.7 * x)'",
        folded=False,
        choices=labels_of(ACTIVATIONS),
        lookup=lambda text: lookup(text).name,
    )
    scheme: str = declared(
        Choice,
        "custom",
        label="Initialization scheme",
        help="A published rule for the weights' variance. Choosing one moves the slider below; moving the slider makes it custom.",
        option="rule for the weights' variance; 'custom' takes --weight-variance",
        folded=False,
        choices=labels_of(SCHEMES),
    )
    weight_variance: float = declared(
        Number,
        1.5,
        label="Weight variance σ_w²",
        symbol="σ_w²",
        help="σ_w² = fan_in · Var[W], what a layer does to the signal's size. Up: signals and gradients grow. Down: they fade.",
        option="σ_w² = fan_in · Var[W], for the custom scheme",
        folded=False,
        bounds=(0.0, 1e7),
        steps=WEIGHT_VARIANCES,
        step=0.01,
    )
    bias_variance: float = declared(
        Number,
        0.05,
        label="Bias variance σ_b²",
        symbol="σ_b²",
        help="The same random offset for every input. Up: all inputs look more alike.",
        option="σ_b², the variance of the biases",
        folded=False,
        bounds=(0.0, 100.0),
        slider_ends=BIAS_VARIANCES,
        step=0.01,
        format="%.2f",
    )
    weight_law: str = declared(
        Choice,
        "gaussian",
        label="Weight law",
        help="The distribution the weights are drawn from, at the same variance. Orthogonal weights multiply every length alike, except "
        "in a layer that is narrower than the one before.",
        option="distribution of the weights, at the same variance",
        choices=labels_of(WEIGHT_LAWS),
    )
    width_profile: str = declared(
        Choice,
        "constant",
        label="Width profile",
        help="How the width changes with depth. Where fan-in and fan-out differ, no rule can serve both directions.",
        option="how the width changes with depth",
        choices=labels_of(WIDTH_PROFILES),
    )
    inputs: int = declared(
        Number,
        16,
        label="Number of inputs",
        help="Size of the batch. More inputs: steadier averages, slower.",
        option="size of the batch",
        below="input_law",
        bounds=(1, 1024),
        steps=INPUTS,
        smaller=INPUTS[-2::-1],
    )
    input_law: str = declared(
        Choice, "gaussian", label="Inputs", help="What the network is shown.", option="what the network is shown", choices=INPUT_LAWS
    )
    input_variance: float = declared(
        Number,
        1.0,
        label="Input variance",
        help="Size of the inputs. It moves the start of the curves; whether the end moves too depends on the activation.",
        option="variance of the inputs",
        bounds=(1e-6, 1e6),
        step=0.1,
        format="%g",
    )
    cost: str = declared(
        Choice,
        "gaussian",
        label="Backward pass starts from",
        help="Where gradients come from: at random, or from a loss on random labels through a readout layer.",
        option="where gradients come from",
        choices=COSTS,
    )
    trials: int = declared(
        Number,
        8,
        label="Draws of the network",
        help="Independent random networks. Dots are their median, the band holds the middle 80 %.",
        option="independent draws of the network",
        bounds=(1, 64),
        slider_ends=(64,),
        smaller=(32, 16, 8, 4, 2, 1),
    )
    seed: int = declared(
        Number,
        0,
        label="Seed",
        help="The same seed draws the same weights and inputs, on any machine.",
        option="the same seed draws the same weights and inputs",
        bounds=(0, 2**32 - 1),
    )
    method: str = declared(
        Choice,
        "auto",
        label="Method",
        help="How a layer is simulated. The implicit way is exact in law and never builds the weights.",
        option="how layers are simulated",
        choices=METHODS,
    )
    weight_std: float = declared(
        Number,
        0.02,
        label="Standard deviation of a weight",
        help="As in normal_(std=0.02): the same for every layer, however wide. Then σ_w² = fan_in · std², so wide layers have more.",
        option="standard deviation of a weight, for the std scheme: σ_w² = fan_in · std²",
        folded=False,
        below="scheme",
        bounds=(0.0, 100.0),
        step=0.01,
        format="%g",
    )
    input_mean: float = declared(
        Number,
        0.0,
        label="Input mean",
        help="Added to every entry of every input, as in pixels from 0 to 1. It makes all inputs more alike from the start.",
        option="mean of the inputs, added to every entry",
        below="input_variance",
        bounds=(-1000.0, 1000.0),
        step=0.1,
        format="%g",
    )
    layer_sizes: str = declared(
        Text,
        "",
        label="Own layer sizes",
        help="The size of the input, then of every layer: 784-300-100-10. They replace depth, width and profile. Empty: those count.",
        option="sizes of the input and of every layer, as in 784-300-100-10, in place of depth, width and profile",
        below="width_profile",
        longest=8 * (1 + DEEPEST),
        canonical=lambda text: written_sizes(read_sizes(text)),
        placeholder="784-300-100-10",
    )
    first_weight_variance: float | None = declared(
        Number,
        None,
        label="σ_w² of the first layer",
        help="Where the first layer has a rule of its own, such as U(±1/n) in SIREN, 1/(3n) for n inputs. Empty: as in the others.",
        option="σ_w² of the first layer, where it has a rule of its own",
        below="layer_sizes",
        bounds=(0.0, 1e7),
        step=0.01,
        format="%.6g",
        optional=True,
    )
    bias_mean: float = declared(
        Number,
        0.0,
        label="Mean of the biases b",
        help="A constant in every bias, as in constant_(bias, 0.1). Every z then has this mean. The random part, σ_b², comes on top.",
        option="mean of the biases, added to every z",
        below="width",
        bounds=(-50.0, 50.0),
        step=0.1,
        format="%g",
    )

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
        if self.method == "implicit" and not WEIGHT_LAWS[self.weight_law].has_implicit_map:
            wanted = f"method = 'implicit' needs weight_law = {_IMPLICIT_LAWS}, not {self.weight_law!r}"
            raise ValueError(f"{wanted}: only these laws can be sampled without building W")

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
        """Return the experiment with no layer wider than `width` and at most `depth` layers, of its own sizes the first ones."""
        if self.layer_sizes:
            sizes = read_sizes(self.layer_sizes)[: depth + 1]
            return replace(self, layer_sizes=written_sizes([min(size, width) for size in sizes]))
        return replace(self, width=min(self.width, width), depth=min(self.depth, depth))

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
