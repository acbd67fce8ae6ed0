"""Plain fields: the declarations of an experiment with a plain network, each field once, with its control, its option and its bounds."""

from __future__ import annotations

from dataclasses import dataclass

from propagation.activations import ACTIVATIONS
from propagation.choices import COSTS, INPUT_LAWS, METHODS, labels_of
from propagation.expressions import lookup
from propagation.fields import Choice, Number, Text, declared
from propagation.initializers import SCHEMES, WEIGHT_LAWS
from propagation.scales import BIAS_VARIANCES, DEPTHS, INPUTS, WEIGHT_VARIANCES, WIDTHS
from propagation.widths import DEEPEST, WIDEST, WIDTH_PROFILES, read_sizes, written_sizes


@dataclass(frozen=True)
class PlainFields:
    """What every Config says, whatever its architecture; `config.Config` adds the blocks."""

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
        help="σ_w² = fan-in · Var[W], what a layer does to the signal's size. Up: signals and gradients grow. Down: they fade.",
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
        help="As in normal_(std=0.02): the same for every layer, however wide. Then σ_w² = fan-in · std², so wide layers have more.",
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
        label="Weight variance of the first layer",
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
