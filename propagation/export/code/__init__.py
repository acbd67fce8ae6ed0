"""Code: a script that draws the displayed initialization in another framework and measures the displayed curves.

`settings` says what a config is in plain Python, `functions` what its activation is in each framework, `ops` what an op is there, and one
module a framework how a script reads there. The random numbers are other ones, their law is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from propagation.config import Config
from propagation.export.code import flax, keras, plain_numpy, torch_blocks, torch_convolutions, torch_modules
from propagation.export.code.ops import everything
from propagation.ops import Attend, Patches


@dataclass(frozen=True)
class Framework:
    """A framework: its label, one sentence on what its script does in its own way, the packages it needs, its writer, its ops.

    Those that its scripts cannot say are missing in `ops`. `writes_copies`: whether they say that all blocks start as copies of one.
    """

    name: str
    label: str
    sentence: str
    packages: tuple[str, ...]
    write: Callable[[Config], str]
    ops: Mapping[type, Any]
    writes_copies: bool = False

    def why_not(self, config: Config) -> str:
        """Return why there is no script for a config, in a sentence; empty where there is one."""
        lacking = {type(op) for op in everything(config)} - set(self.ops)
        if config.architecture == "convolution":
            return torch_convolutions.why_not(config) if Patches in self.ops else f"There is no {self.label} script for convolutions."
        if not lacking and (self.writes_copies or not config.shared_blocks):
            return ""
        what = "attention" if Attend in lacking else "a gate" if lacking else "blocks that are copies of one another"
        return f"There is no {self.label} script for networks with {what}."


FRAMEWORKS: dict[str, Framework] = {
    framework.name: framework
    for framework in (
        Framework(
            "pytorch",
            "PyTorch",
            "`initialize(model)` is the part to paste; autograd brings the gradients.",
            ("torch",),
            torch_blocks.script,
            torch_modules.OPS,
            writes_copies=True,
        ),
        Framework(
            "keras",
            "Keras",
            "`initializers()` is the part to paste. No gradient of Keras works on all its backends, so the chain rule is written out.",
            ("keras",),
            keras.script,
            keras.OPS,
        ),
        Framework(
            "flax",
            "JAX / Flax",
            "`kernel_init` and `bias_init` are the parts to paste; `perturb` brings the gradients.",
            ("flax",),
            flax.script,
            flax.OPS,
        ),
        Framework(
            "numpy",
            "NumPy",
            "Nothing hidden: both passes are written out, one line each way.",
            ("numpy",),
            plain_numpy.script,
            plain_numpy.OPS,
        ),
    )
}


@lru_cache(maxsize=64)
def snippet(config: Config, framework: str) -> str:
    """Return a complete script for one of FRAMEWORKS: draws the networks of `config`, prints log10 mean squares of every layer.

    ValueError where there is none, with the sentence why.
    """
    if problem := FRAMEWORKS[framework].why_not(config):
        raise ValueError(problem)
    return FRAMEWORKS[framework].write(config)
