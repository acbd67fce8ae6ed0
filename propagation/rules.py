"""Rules of the controls: what else moves when one of them is moved. Pure functions from Config to Config."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from propagation.architecture import bias_variances, weight_variances
from propagation.branches import BRANCH_RULES
from propagation.choices import LEAST_BATCH, MOST_COLUMNS
from propagation.config import BOUNDS, CHOICES, DEFAULTS, SIZED, Config
from propagation.expressions import lookup
from propagation.formatting import number
from propagation.initializers import SCHEMES, WEIGHT_LAWS, kumar_scale

#: schemes that are what a library does: choosing one means its law too
LIBRARY_DEFAULTS = ("pytorch", "pytorch_orthogonal", "keras", "flax")


def moved(config: Config, field: str, value: Any) -> tuple[Config, str]:
    """Return the config after one control was moved, and a sentence where more happened than was asked for (else empty)."""
    if field == "bias_mean" and (problem := _no_shift(config.activation, value)):
        return config, f"{problem} It stays at {number(config.bias_mean)}."
    if field == "activation" and (problem := _no_shift(value, config.bias_mean)):
        return moved(replace(config, bias_mean=0.0), field, value)[0], f"{problem} The mean of the biases is 0 again."
    if field == "scheme":
        return _scheme_chosen(config, value)
    if field == "activation" and config.scheme == "kumar" and not _kumar_applies(value):
        return replace(_custom(config), activation=value), _kumar_refusal(value)
    if field == "weight_variance":
        return replace(_custom(config), weight_variance=value), ""
    if field in SIZED and config.layer_sizes:
        return replace(config, **{"layer_sizes": "", field: value}), "Depth and width count again, in place of your own layer sizes."
    if field == "weight_std":
        return settled(replace(config, scheme="std", weight_std=value)), ""
    if field in _MOVES_OTHERS:
        return _block_moved(config, field, value)
    if field == "weight_law" and config.method == "implicit" and not WEIGHT_LAWS[value].has_implicit_map:
        return replace(config, weight_law=value, method="auto"), "This law has to build every W: the method is automatic again."
    return settled(replace(config, **{field: value})), ""


#: fields that others have to go with
_MOVES_OTHERS = (
    *("architecture", "normalization", "branch_rule", "branch_scale", "skip_scale", "branch_layers", "block_order", "gated"),
    *("shared_blocks", "tokens", "positions", "heads", "width", "inputs", "input_law", "method"),
)
#: where a transformer starts from: sequences and a norm, as all of them have
_TRANSFORMER = {"tokens": 16, "heads": 8, "expansion": 4, "normalization": "layer", "block_order": "branch", "branch_layers": 2}


def _block_moved(config: Config, field: str, value: Any) -> tuple[Config, str]:
    """Return the config after a part of the architecture was moved, with what contradicts it set to what does not, and why."""
    change: dict[str, Any] = {field: value}
    notes: list[str] = []

    def now(name: str) -> Any:
        return change.get(name, getattr(config, name))

    if field == "architecture" and value != "plain":
        change["first_weight_variance"] = None
        if not config.level:
            change |= {"width_profile": "constant", "layer_sizes": ""}
            notes.append("A block adds its branch to the stream, so all layers have one width.")
    if field == "architecture" and value == "transformer" and config.architecture != value:
        change |= _TRANSFORMER | {"inputs": min(config.inputs, 2)}
    if field == "architecture" and value == "convolution" and config.architecture != value:
        change |= {"positions": 16, "inputs": min(config.inputs, 2)}
    if now("architecture") != "transformer":
        change["tokens"] = 1
    if now("architecture") != "convolution":
        change["positions"] = 1
    if field != "input_law" and config.input_law == "digits" and now("tokens") * now("positions") > 1:
        change["input_law"] = "gaussian"
    if now("architecture") == "plain":
        change |= {"gated": False, "shared_blocks": False}
    if field in ("branch_scale", "skip_scale"):
        change["branch_rule"] = "custom"
    if field == "input_law" and value == "digits":
        change |= {"tokens": 1, "positions": 1}
    if field == "method" and value == "implicit":
        change["shared_blocks"] = False
    if field == "shared_blocks" and value and config.method == "implicit":
        change["method"] = "auto"
    if field == "gated" and value:
        change |= {"block_order": "branch", "branch_layers": 2}
    if (field, value) in (("branch_layers", 1), ("block_order", "pre_activation"), ("block_order", "post_activation")):
        change["gated"] = False
    if field == "branch_layers" and value == 1 and config.block_order == "post_activation":
        change["block_order"] = "branch"
    if field == "block_order" and value == "post_activation":
        change["branch_layers"] = 2
    notes += _fitting(change, field, now)
    if SCHEMES[config.scheme].from_data:
        if BRANCH_RULES[now("branch_rule")].changes_weights:
            change["branch_rule"] = "custom"
            notes.append("LSUV and this rule both say what the weights are: the scale is custom.")
        if now("gated") or now("architecture") == "transformer":
            change["scheme"] = "custom"
            notes.append("LSUV scales one map at a time, and here several share an input: the scheme is custom.")
    return settled(replace(config, **change)), " ".join(notes)


def _fitting(change: dict[str, Any], field: str, now: Callable[[str], Any]) -> list[str]:
    """Change what does not fit the number of inputs, of tokens or of neurons; return the reasons."""
    notes = []
    if field == "normalization" and change[field] == "batch" and now("inputs") < LEAST_BATCH:
        change["inputs"] = LEAST_BATCH
        notes.append(f"Batch norm needs {LEAST_BATCH} inputs or more.")
    if field == "inputs" and change[field] < LEAST_BATCH and now("normalization") == "batch":
        change["normalization"] = "none"
        notes.append(f"Batch norm needs {LEAST_BATCH} inputs or more: it is off.")
    places = "positions" if now("positions") > 1 else "tokens"
    if now("inputs") * now(places) > MOST_COLUMNS and now(places) > 1:
        other = places if field == "inputs" else "inputs"
        change[other] = max(1, MOST_COLUMNS // now("inputs" if other == places else places))
        notes.append(f"At most {MOST_COLUMNS:,} {places} are run at once: {change[other]:,} {other} now.")
    if now("architecture") == "transformer" and now("width") % now("heads"):
        change["heads"] = math.gcd(now("width"), now("heads"))
        notes.append(f"Heads divide the width: {change['heads']} of them now.")
    return notes


def settled(config: Config) -> Config:
    """Return the config with the default in every field that its scheme or architecture overrules: equal experiments are equal configs."""
    scheme = SCHEMES[config.scheme]
    overruled: dict[str, Any] = {}
    if scheme.has_rule:
        overruled["weight_variance"] = DEFAULTS["weight_variance"]
    if scheme.from_data:
        overruled["first_weight_variance"] = None
    if not scheme.from_std:
        overruled["weight_std"] = DEFAULTS["weight_std"]
    if scheme.bias_scale is not None:
        overruled["bias_variance"] = DEFAULTS["bias_variance"]
    overruled |= {name: DEFAULTS[name] for name in _BLOCK_FIELDS if not _counts(config, name)}
    return replace(config, **overruled)


#: fields that say something of some architectures alone
_SEQUENCES = ("causal", "token_correlation", "readout")
_ATTENTION = ("tokens", "heads", "sublayers", "query_key_variance", "value_variance", *_SEQUENCES)
_BRANCHES = ("branch_rule", "branch_scale", "skip_scale", "branch_layers", "expansion", "block_order", "gated", "shared_blocks")
_CONVOLUTION = ("positions", "taps")
_BLOCK_FIELDS = ("norm_position", *_BRANCHES, *_ATTENTION, *_CONVOLUTION)


def _counts(config: Config, field: str) -> bool:
    """Return whether a field of an architecture says something in this one."""
    if field == "norm_position":
        return config.normalization != "none" and (not config.has_stream or config.block_order == "branch")
    if field == "readout" and config.positions > 1:
        return True
    if field in _CONVOLUTION:
        return config.architecture == "convolution"
    if field in _ATTENTION:
        return config.architecture == "transformer" and (field not in _SEQUENCES or config.tokens > 1)
    if not config.has_stream:
        return False
    if field in ("branch_scale", "skip_scale"):
        return config.branch_rule == "custom"
    if field in ("branch_layers", "block_order"):
        return config.architecture == "residual"
    return field not in ("expansion", "gated") or (config.branch_layers == 2 and (config.sublayers == "both"))


def shown_weight_variance(config: Config) -> float:
    """Return where the weight-variance slider stands: the scheme's σ_w², mean over layers; the slider's own where slider or data decide."""
    variances = weight_variances(_without_blocks(config))
    return config.weight_variance if variances is None else _mean(variances)


def shown_bias_variance(config: Config) -> float:
    """Return where the bias-variance slider stands: the scheme's σ_b², mean over layers, or the slider's own."""
    return _mean(bias_variances(_without_blocks(config)))


def _without_blocks(config: Config) -> Config:
    """The plain network of these layers, whose σ_w² is the scheme's own."""
    return replace(config.without_blocks(), first_weight_variance=None)


def shown(config: Config, field: str) -> Any:
    """Return where the control of a field stands."""
    if field == "weight_variance":
        return shown_weight_variance(config)
    if field == "branch_scale" and (rule := config.branch.branch_scale):
        return rule(config.depth)
    return shown_bias_variance(config) if field == "bias_variance" else getattr(config, field)


def overruled(config: Config, field: str) -> bool:
    """Return whether a field cannot be moved: the layers' own sizes say it, or the scheme does and moving it would not make that custom."""
    if field in SIZED:
        return bool(config.layer_sizes)
    if field == "first_weight_variance":
        return SCHEMES[config.scheme].from_data
    return field == "bias_variance" and SCHEMES[config.scheme].bias_scale is not None


def drawn(config: Config, field: str) -> bool:
    """Return whether the control of a field is drawn: one that says something of some schemes or architectures alone is there with them."""
    if field in ("width_profile", "layer_sizes", "first_weight_variance"):
        return not config.has_stream
    if field == "branch_scale":
        return config.has_stream
    if field in ("branch_layers", "block_order") and config.gated:
        return False
    if field in _BLOCK_FIELDS:
        return _counts(config, field)
    return field != "weight_std" or SCHEMES[config.scheme].from_std


def choices(config: Config, field: str) -> Mapping[str, str]:
    """Return the names a field can have in this experiment, with their labels: a typed formula too, and no method that does not apply."""
    if field == "activation":
        return {**CHOICES[field], config.activation: lookup(config.activation).label}
    names = CHOICES[field]
    if config.architecture == "transformer" and field == "normalization":
        names = {name: label for name, label in names.items() if name != "batch"}
    if field == "scheme" and (config.architecture == "transformer" or config.gated):
        names = {name: label for name, label in names.items() if not SCHEMES[name].from_data}
    if field == "method" and not WEIGHT_LAWS[config.weight_law].has_implicit_map:
        names = {name: label for name, label in names.items() if name != "implicit"}
    return names


def _mean(variances: np.ndarray) -> float:
    """Return the mean; of equal numbers exactly that number, which `np.mean` may miss in the last digit."""
    return float(variances[0] if np.all(variances == variances[0]) else variances.mean())


def marks(config: Config, names: tuple[str, ...]) -> dict[str, float]:
    """Return σ_w² of each of these schemes for this activation and these fans, mean over layers; schemes that do not apply are left out."""
    return {
        name: shown_weight_variance(replace(config, scheme=name)) for name in names if name != "kumar" or _kumar_applies(config.activation)
    }


def _scheme_chosen(config: Config, scheme: str) -> tuple[Config, str]:
    if SCHEMES[scheme].from_data and config.branch.changes_weights:
        return _scheme_chosen(replace(config, branch_rule="custom"), scheme)
    if scheme == "custom":
        return _custom(config), ""
    if scheme == "kumar" and not _kumar_applies(config.activation):
        return _custom(config), _kumar_refusal(config.activation)
    law, method = config.weight_law, config.method
    if scheme in LIBRARY_DEFAULTS:
        law = SCHEMES[scheme].law
        method = "auto" if method == "implicit" else method
    # LSUV has no number of its own: the slider stays where the last scheme put it
    return settled(replace(config, scheme=scheme, weight_law=law, method=method, weight_variance=shown_weight_variance(config))), ""


def _custom(config: Config) -> Config:
    """Return the same network as a custom scheme: weight and bias variance stand where the sliders show them, or at their ends."""
    shown_at: dict[str, Any] = {"weight_variance": shown_weight_variance(config), "bias_variance": shown_bias_variance(config)}
    return settled(replace(config, scheme="custom", **{name: min(value, BOUNDS[name][1]) for name, value in shown_at.items()}))


def _no_shift(activation: str, bias_mean: float) -> str:
    """Return why biases of this mean do not go with an activation, in a sentence; empty where they do."""
    try:
        Config(activation=activation, bias_mean=bias_mean)
    except ValueError as refusal:
        return f"{refusal}."
    return ""


def _kumar_applies(activation: str) -> bool:
    try:
        kumar_scale(activation)
    except ValueError:
        return False
    return True


def _kumar_refusal(activation: str) -> str:
    return (
        f"Kumar's formula needs one slope at 0, and {lookup(activation).label} has two there: "
        "the slider keeps its value, as a custom scheme."
    )
