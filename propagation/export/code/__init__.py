"""Code: a script that draws the displayed initialization in another framework and measures the displayed curves.

`settings` says what a config is in plain Python, `functions` what its activation is in each framework, one module a framework how a script
reads there. The random numbers are other ones, their law is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from propagation.config import Config
from propagation.export.code import flax, keras, plain_numpy, pytorch


@dataclass(frozen=True)
class Framework:
    """A framework: its label, one sentence on what its script does in its own way, the packages it needs, and its writer."""

    name: str
    label: str
    sentence: str
    packages: tuple[str, ...]
    write: Callable[[Config], str]


FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework(
            "pytorch", "PyTorch", "`initialize(model)` is the part to paste; autograd brings the gradients.", ("torch",), pytorch.script
        ),
        Framework(
            "keras",
            "Keras",
            "`initializers()` is the part to paste. No gradient of Keras works on all its backends, so the chain rule is written out.",
            ("keras",),
            keras.script,
        ),
        Framework(
            "flax",
            "JAX / Flax",
            "`kernel_init` and `bias_init` are the parts to paste; `perturb` brings the gradients.",
            ("flax",),
            flax.script,
        ),
        Framework("numpy", "NumPy", "Nothing hidden: both passes are written out, one line each way.", ("numpy",), plain_numpy.script),
    )
}


@lru_cache(maxsize=64)
def snippet(config: Config, framework: str) -> str:
    """A complete script for one of FRAMEWORKS: draws the networks of `config`, prints log10 mean squares of every layer."""
    return FRAMEWORKS[framework].write(config)
