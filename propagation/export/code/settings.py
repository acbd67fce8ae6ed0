"""Settings: what a config says, as pieces of Python that every script shares."""

from __future__ import annotations

import textwrap
from fractions import Fraction
from string import Template
from urllib.parse import urlencode

from propagation.architecture import linear_maps, stem
from propagation.choices import DIGIT_PIXELS
from propagation.config import Config
from propagation.engine.noise import TRUNCATED_DEVIATION
from propagation.export.code.block_words import block_words
from propagation.export.code.branches import stream_constants
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.initializers import SCHEMES, WEIGHT_LAWS
from propagation.ops import Linear

#: bytes of the largest weight matrix from which on a script warns of it
_LARGE = 2**30
#: the most layer sizes that are listed in words
_LISTED = 12
#: standard deviation of a standard normal cut at ±2, as scripts write it
CUT = repr(TRUNCATED_DEVIATION)


def fill(template: str, **pieces: str) -> str:
    """The template with its pieces: `$name` within a line; a line `@name` becomes that block, indented alike, or goes if it is empty."""
    lines = []
    for line in template.strip("\n").splitlines():
        name = line.strip()
        if name.startswith("@") and name[1:] in pieces:
            indent = line[: -len(name)]
            lines += [indent + inner if inner else "" for inner in pieces[name[1:]].splitlines()]
        else:
            lines.append(Template(line).substitute(pieces) if "$" in line else line)
    return "\n".join(lines) + "\n"


def title(config: Config, framework: str) -> str:
    """What the script is about, as the text of its docstring."""
    largest = 8 * max(op.fan_in * op.fan_out for op in (*stem(config), *linear_maps(config)) if isinstance(op, Linear))
    warning = f"\n\nIt holds every W: the largest takes {number(largest / 2**30)} GB." if largest > _LARGE else ""
    activation = lookup(config.activation).label
    address = "?" + urlencode(config.to_query()) if config.to_query() else "the experiment it opens with"
    thing = f"{_LAYERS[config.architecture]}{'s' * (config.depth != 1)}"
    layer = textwrap.fill(f"Each of them: {words}.", 120) + "\n" if (words := block_words(config)) else ""
    return (
        f"How a signal and its gradient pass through a network that has learned nothing yet ({framework}).\n\n"
        f"{config.depth} {thing}, {size_words(config)}, {activation}, {scheme_words(config)}.\n{layer}"
        f"Prints log10 of the mean square of {_MEASURED[config.architecture]},\n"
        f"medians over {config.trials} network{'s' * (config.trials != 1)}. On the page, from other random numbers: {address}{warning}"
    )


#: what is printed, by architecture
_MEASURED = {
    "plain": "z, h = phi(z), delta = dC/dz and dC/dW in every layer",
    "convolution": "z, h = phi(z), delta = dC/dz and dC/dW in every layer, at all positions",
    "residual": "z, what the first W of a block makes, h, delta = dC/dz, dC/dW, the stream x after a block and dC/dx",
    "transformer": "z, h, delta = dC/dz, dC/dW of all weights, the stream x after a block and dC/dx",
}
_LAYERS = {"plain": "layer", "convolution": "convolutional layer", "residual": "residual block", "transformer": "transformer block"}


def size_words(config: Config) -> str:
    """The layers' sizes in words: width 512, or sizes 784-300-100-10, of long lists the ends."""
    if not config.layer_sizes:
        return f"width {config.width:,}"
    sizes = config.layer_sizes.split("-")
    return "sizes " + ("-".join(sizes) if len(sizes) <= _LISTED else f"{'-'.join(sizes[:3])}-…-{sizes[-1]}")


def scheme_words(config: Config) -> str:
    """The initialization in words: scheme, bias, law."""
    scheme = SCHEMES[config.scheme]
    name = scheme.label
    if config.scheme == "custom":
        name = f"σ_w² = {config.weight_variance:.7g}"
    elif scheme.from_std:
        name = f"weights of standard deviation {config.weight_std:.7g}"
    if first_variance(config):
        name += f" (first layer σ_w² = {config.first_weight_variance:.7g})"
    bias = f", σ_b² = {config.bias_variance:.7g}" if scheme.bias_scale is None else ""
    bias += f", biases of mean {config.bias_mean:.7g}" if config.bias_mean else ""
    return f"{name}{bias}, {WEIGHT_LAWS[config.weight_law].label.split(' (')[0]} weights"


def constants(config: Config) -> str:
    """SEED, DRAWS, INPUTS, and WIDTHS by the formula that makes them; in a residual network what a block has in place of WIDTHS."""
    draws = f"SEED, DRAWS, INPUTS = {config.seed}, {config.trials}, {config.inputs}"
    if config.has_stream:
        return "\n".join([draws, *stream_constants(config)])
    sizes = {
        "constant": f"[{config.width}] * {config.depth + 1}",
        "funnel": _geometric("WIDTH", "NARROW"),
        "widening": _geometric("NARROW", "WIDTH"),
        "bottleneck": (
            "[\n"
            "    round(WIDTH * (NARROW / WIDTH) ** (layer / DEPTH * 2) if layer / DEPTH * 2 < 1\n"
            "          else NARROW * (WIDTH / NARROW) ** (layer / DEPTH * 2 - 1))\n"
            "    for layer in range(DEPTH + 1)\n"
            "]"
        ),
    }[config.width_profile]
    lines = [draws]
    if config.architecture == "convolution":
        lines.append(f"POSITIONS, TAPS = {config.positions}, {config.taps}  # of an input, in a circle, and how many of them a neuron sees")
    if config.width_profile != "constant":
        lines.append(f"DEPTH, WIDTH, NARROW = {config.depth}, {config.width}, {max(2, config.width // 8)}")
    if config.layer_sizes:
        sizes = textwrap.fill(", ".join(config.layer_sizes.split("-")), 100, initial_indent="    ", subsequent_indent="    ")
        sizes = f"[{sizes.strip()}]" if "\n" not in sizes else f"[\n{sizes},\n]"
    comment = "" if config.width_profile == "bottleneck" else "  # n_0 ... n_L"
    lines.append(f"WIDTHS = {sizes}{comment}")
    if config.input_law == "digits":
        lines.append(f"WIDTHS[0] = {DIGIT_PIXELS}  # an image has 8 x 8 pixels")
    return "\n".join(lines)


def weight_variance(config: Config) -> str:
    """Var[W] of a layer as an expression in fan_in and fan_out. For LSUV that of the first draw, before the data rescale it."""
    scheme = SCHEMES[config.scheme]
    top, bottom = _fraction(scale_of(config))
    if scheme.fan == "one":
        return f"{config.weight_std!r}**2" if scheme.from_std else repr(scale_of(config))
    if scheme.fan == "average":
        top, fan = str(2 * int(top)), "(fan_in + fan_out)"
    else:
        fan = "max(fan_in, fan_out)" if scheme.fan == "larger" else f"fan_{scheme.fan}"
    return f"{top} / {fan}" if bottom == "1" else f"{top} / ({bottom} * {fan})"


def layer_variance(config: Config, is_first: str) -> str:
    """The same, and where the first layer has a variance of its own, that where the expression `is_first` holds."""
    own = first_variance(config)
    return f"{own} if {is_first} else {weight_variance(config)}" if own else weight_variance(config)


def first_variance(config: Config) -> str:
    """Var[W] of the first layer as an expression in fan_in; empty where it follows the rule of the others."""
    own = None if SCHEMES[config.scheme].from_data else config.first_weight_variance
    return "" if own is None else f"{own!r} / fan_in"


def first_pieces(config: Config, is_first: str) -> dict[str, str]:
    """The pieces by which a script tells the function that draws a layer whether it is the first, where that makes a difference."""
    own = bool(first_variance(config))
    return {"first": ", first" * own, "at_first": f", {is_first}" * own}


def scale_of(config: Config) -> float:
    """The number above the fan in Var[W] = scale / fan."""
    scheme = SCHEMES[config.scheme]
    if scheme.has_rule:
        return scheme.scale_for(config.activation, config.weight_std)
    return config.weight_variance if config.scheme == "custom" else 1.0


def scale_text(config: Config) -> str:
    """The same number as a script writes it: 2.0, 1 / 3."""
    top, bottom = _fraction(scale_of(config))
    return repr(scale_of(config)) if bottom == "1" else f"{top} / {bottom}"


def bias_variance(config: Config) -> str:
    """Var[b] as an expression in fan_in, or "0"."""
    scale = SCHEMES[config.scheme].bias_scale
    if scale is None:
        return repr(config.bias_variance) if config.bias_variance else "0"
    return f"1 / ({_fraction(scale)[1]} * fan_in)" if scale else "0"


def rule_words(config: Config) -> str:
    """The rule in a sentence for the docstring of the function that applies it."""
    if SCHEMES[config.scheme].from_data:
        return "LSUV 2016: orthonormal or random first, then scaled until z has variance 1 on the data."
    name = "" if config.scheme == "custom" else f"{SCHEMES[config.scheme].label}: "
    own = f"; {first_variance(config)} in the first layer" if first_variance(config) else ""
    return f"{name}Var[W] = {weight_variance(config)}{own}."


def digits(config: Config, batch: str) -> str:
    """The body that makes `images`, (1797, 64), as the page shows them, and returns a batch by the given expression."""
    scale = "" if config.input_variance == 1 else f"images *= {root(config.input_variance)}\n"
    return (
        "images = load_digits().data\n"
        "images = (images - images.mean(axis=0)) / np.where(images.std(axis=0) > 0, images.std(axis=0), 1)\n"
        f"images /= np.sqrt(np.mean(images**2))\n{scale}"
        f"return {batch}"
    )


def shifted(mean: float, body: str) -> str:
    """The body of a function that returns numbers of mean 0, with a mean added to them."""
    if not mean:
        return body
    before, _, numbers = body.rpartition("return ")
    return f"{before}return {mean!r} + {numbers}"


def root(variance: float) -> str:
    """The standard deviation of a variance, as a script writes it."""
    return "1" if variance == 1 else deviation(repr(variance))


def deviation(variance: str) -> str:
    """The square root of an expression; of a square, what is squared."""
    if variance.endswith("**2"):
        return variance.removesuffix("**2")
    return f"{variance}**0.5" if variance.replace(".", "").isalnum() else f"({variance}) ** 0.5"


def _fraction(value: float) -> tuple[str, str]:
    """Numerator and denominator of a thin fraction such as 1/3, else the number itself over 1."""
    for bottom in (1, 3):
        whole = Fraction(value * bottom).limit_denominator(1)
        if float(whole) / bottom == value:
            return str(int(whole)), str(bottom)
    return repr(value), "1"


def _geometric(start: str, end: str) -> str:
    return f"[round({start} * ({end} / {start}) ** (layer / DEPTH)) for layer in range(DEPTH + 1)]"
