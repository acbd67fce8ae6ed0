"""Names: what people call the functions of a formula, in which libraries, and what each of these names means here."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from propagation.expressions.dual import CONSTANTS, FUNCTIONS


class Alias(NamedTuple):
    """Another name: the function that it means, and the arguments that it brings where they are not given."""

    function: str
    given: tuple[float, ...] = ()


#: slopes for x < 0 that PyTorch's PReLU starts from, and that TensorFlow's and Keras' leaky ReLU has where none is given
_PRELU, _KERAS_LEAK = 0.25, 0.2
ALIASES: dict[str, Alias] = {
    "swish": Alias("silu"),
    "hardswish": Alias("hard_swish"),
    "hard_silu": Alias("hard_swish"),
    "identity": Alias("linear"),
    "leakyrelu": Alias("leaky_relu"),
    "lrelu": Alias("leaky_relu"),
    "gelu_new": Alias("gelu_tanh"),
    "prelu": Alias("leaky_relu", (_PRELU,)),
    "relu6": Alias("clip", (0, 6)),
    "hardtanh": Alias("clip", (-1, 1)),
    "soft_sign": Alias("softsign"),
    "expit": Alias("sigmoid"),
    "logistic": Alias("sigmoid"),
    "atan": Alias("arctan"),
    "maximum": Alias("max"),
    "minimum": Alias("min"),
    "clamp": Alias("clip"),
    "absolute": Alias("abs"),
    "fabs": Alias("abs"),
}
#: what a library writes before its functions, and the functions that mean something else there when they are given x alone
PREFIXES: dict[str, dict[str, Alias]] = {
    "tf.nn.": {"leaky_relu": Alias("leaky_relu", (_KERAS_LEAK,))},
    "keras.activations.": {"leaky_relu": Alias("leaky_relu", (_KERAS_LEAK,))},
    "tf.keras.activations.": {"leaky_relu": Alias("leaky_relu", (_KERAS_LEAK,))},
    "keras.ops.": {"leaky_relu": Alias("leaky_relu", (_KERAS_LEAK,)), "gelu": Alias("gelu_tanh")},
    "ops.": {"leaky_relu": Alias("leaky_relu", (_KERAS_LEAK,)), "gelu": Alias("gelu_tanh")},
    "jax.nn.": {"gelu": Alias("gelu_tanh")},
    "nn.": {"gelu": Alias("gelu_tanh"), "GELU": Alias("gelu")},  # Flax's function, PyTorch's module
    **{
        prefix: {}
        for prefix in (
            "torch.nn.functional.",
            "nn.functional.",
            "torch.special.",
            "torch.",
            "F.",
            "np.",
            "numpy.",
            "jnp.",
            "jax.numpy.",
            "tf.math.",
            "tf.",
            "math.",
            "scipy.special.",
            "special.",
        )
    },
}
#: the longest first, so that torch.nn.functional. is not read as torch.
PREFIX = "|".join(re.escape(prefix) for prefix in sorted(PREFIXES, key=len, reverse=True))
#: well-known functions that are no φ of one number: each sentence says why
_OTHERS = {
    "celu": "write elu(x), which it is with α = 1",
    "glu": "a gate needs two numbers, and an activation here has one",
    "softmax": "it mixes the neurons of a layer, and an activation here acts on each number alone",
    "maxout": "it takes the largest of several numbers, and an activation here has one",
    "rrelu": "its slope is drawn at random: write leaky_relu(x, 0.23) for its mean",
    **dict.fromkeys(("sign", "heaviside", "step"), "it jumps at 0, so it has no slope there"),
    **dict.fromkeys(("floor", "ceil", "round", "hardshrink", "threshold"), "it jumps, and where it does it has no slope"),
    "softshrink": "write x - clip(x, -0.5, 0.5)",
    "tan": "it has no finite value at x = π/2",
    "squareplus": "write (x + sqrt(x**2 + 4)) / 2",
    "snake": "write x + sin(x)**2",
    "expm1": "write exp(x) - 1",
    "log1p": "write log(1 + x), or softplus(x) for log(1 + exp(x))",
    "square": "write x**2",
    "pow": "write x**2",
    "power": "write x**2",
    "sinh": "write (exp(x) - exp(-x)) / 2",
    "cosh": "write (exp(x) + exp(-x)) / 2",
    "logsigmoid": "write -softplus(-x)",
    "log_sigmoid": "write -softplus(-x)",
    "hardsigmoid": "write clip(x / 6 + 0.5, 0, 1)",
    "hard_sigmoid": "write clip(x / 6 + 0.5, 0, 1)",
    "tanhshrink": "write x - tanh(x)",
    "if": "a choice is written where(x > 0, x, 0)",
    "else": "a choice is written where(x > 0, x, 0)",
    "lambda": "write only what follows the colon",
}
#: how alike two names must be for one to be a slip of the other: "swosh" and "mish" are not
_ALIKE = 0.8


def alias_of(prefix: str, name: str) -> Alias:
    """Return what a name, in capitals or not, means after this prefix, which may be empty."""
    own, small = PREFIXES.get(prefix, {}), name.lower()
    return own.get(name) or own.get(small) or ALIASES.get(small) or Alias(small)


def is_function(name: str) -> bool:
    """Return whether a formula may call this name, in capitals or not: ReLU is relu."""
    return name.lower() in FUNCTIONS or name.lower() in ALIASES


def usage_of(name: str) -> str:
    """Return an example of a function's use, under its own name."""
    alias = alias_of("", name)
    usage = FUNCTIONS[alias.function].usage
    return f"{name}(x)" if alias.given else usage.replace(alias.function, name, 1)


def unknown(name: str) -> str:
    """Return a sentence that says that a name is not known, and what might be meant."""
    if name.lower() in _OTHERS:
        return f"the name {name} is not known here; {_OTHERS[name.lower()]}"
    known = [*FUNCTIONS, *ALIASES, *CONSTANTS]
    close = get_close_matches(name.lower(), known, n=1, cutoff=_ALIKE)
    hint = f"did you mean {close[0]}?" if close else f"known are x, {', '.join([*CONSTANTS, *FUNCTIONS])}"
    return f"the name {name[:40]} is unknown; {hint}"


def unknown_prefix(name: str) -> str:
    """Return a sentence that says that a library is not known."""
    return f"{name[:40]}. is no prefix that is known here; known are {', '.join(sorted(PREFIXES, key=str.lower))}"
