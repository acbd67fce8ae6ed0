"""Compare networks: up to six architectures of one depth with one initialization, on the same inputs, side by side.

No winner is named: where a stream grows by design, or weights begin at 0, the most level one is not the best, and all that pass signal and
gradient may learn. What is said is which of them are healthy, and what becomes of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from propagation.config import DEFAULTS, Config
from propagation.formatting import plain, quoted
from propagation.labs.compare import MOST_COLUMNS, MOST_DRAWS, Decision, Summary
from propagation.plain_fields import PlainFields

#: the parameters of an address: what is compared, and which networks
SWITCH, PARAMETER = "compared", "networks"
#: what the second says where all networks were taken away
NONE = "none"
_BETWEEN = "~"
#: the fields that say what an architecture is, each as it is in a plain network
_PLAIN = {one.name: DEFAULTS[one.name] for one in fields(Config) if one.name not in {one.name for one in fields(PlainFields)}}


@dataclass(frozen=True)
class Network:
    """An architecture by name: what the fields of its blocks are, where they are not as in a plain network."""

    name: str
    label: str
    blocks: dict[str, Any] = field(default_factory=dict)

    def uses(self, base: Config) -> Config:
        """Return the experiment `base`, in at most MOST_DRAWS networks, with this architecture; ValueError where it does not apply."""
        return replace(base, trials=min(base.trials, MOST_DRAWS), **(_PLAIN | self.blocks))


_RESIDUAL = {"architecture": "residual"}
_TRANSFORMER = {"architecture": "transformer", "normalization": "layer", "tokens": 8}
NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network("plain", "plain"),
        Network("layer_norm", "layer norm", {"normalization": "layer"}),
        Network("batch_norm", "batch norm", {"normalization": "batch"}),
        Network("residual", "residual", _RESIDUAL),
        Network("residual_sqrt", "residual 1/√L", _RESIDUAL | {"branch_rule": "sqrt"}),
        Network("pre_norm", "pre-norm", _RESIDUAL | {"normalization": "layer"}),
        Network("post_norm", "post-norm", _RESIDUAL | {"normalization": "layer", "norm_position": "post"}),
        Network("residual_batch_norm", "pre-norm (batch)", _RESIDUAL | {"normalization": "batch"}),
        Network("rezero", "ReZero", _RESIDUAL | {"branch_rule": "zero"}),
        Network("fixup", "Fixup", _RESIDUAL | {"branch_rule": "fixup"}),
        Network("deepnorm", "DeepNorm", _RESIDUAL | {"branch_rule": "deepnorm", "normalization": "layer", "norm_position": "post"}),
        Network("transformer", "transformer", _TRANSFORMER),
        Network("transformer_post", "transformer post", _TRANSFORMER | {"norm_position": "post"}),
        Network("resnet", "ResNet 2015", _RESIDUAL | {"block_order": "post_activation", "normalization": "batch"}),
    )
}
#: what the page opens with
FIRST = tuple(NETWORKS[name] for name in ("plain", "batch_norm", "residual", "residual_sqrt", "pre_norm"))


def written(networks: Sequence[Network]) -> str:
    """Return the text of a choice, in an address; empty for the one that the page opens with."""
    return "" if tuple(networks) == FIRST else _BETWEEN.join(network.name for network in networks) or NONE


def read(text: str) -> tuple[tuple[Network, ...], list[str]]:
    """Return the networks that a text names, in the order of the registry, and a sentence in Markdown for what else it says.

    Never raises.
    """
    if not text:
        return FIRST, []
    names = [name for name in dict.fromkeys(text.split(_BETWEEN)) if name and name != NONE]
    problems = [f"{plain(quoted(name))} is no network; choose from {', '.join(NETWORKS)}." for name in names if name not in NETWORKS]
    known = [network for name, network in NETWORKS.items() if name in names]
    if len(known) > MOST_COLUMNS:
        problems.append(f"This address asks for {len(known)} networks, and {MOST_COLUMNS} fit: the first {MOST_COLUMNS} are taken.")
    return tuple(known[:MOST_COLUMNS]), problems[:MOST_COLUMNS]


def told(summaries: Sequence[Summary]) -> Decision:
    """Return which of at least one network are healthy, and what becomes of the others; nobody wins."""
    depth = summaries[0].depth
    healthy = [s.label for s in summaries if s.kind == "healthy"]
    others = ", ".join(f"{s.label} ({s.kind})" for s in summaries if s.kind != "healthy")
    if depth == 1:
        return Decision(None, "One layer: nothing can drift yet.", "Add layers to see what repetition does.")
    if not healthy:
        return Decision(None, f"None of these is healthy after {depth:,} layers.", f"{_capital(others)}.")
    headline = f"Healthy after {depth:,} layers: {', '.join(healthy)}."
    return Decision(None, headline, f"Not healthy: {others}." if others else "Which of them learns best is seen in training alone.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
