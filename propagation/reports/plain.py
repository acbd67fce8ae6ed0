"""Plain: the Config most like a measured chain of linear maps, each but perhaps the last with the same activation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from propagation.config import Config
from propagation.reports.initialization import rule_of, short, within
from propagation.reports.report import Report
from propagation.reports.structure import Call, Closest, Unlike, activation_of, inputs_of, normalization_of
from propagation.widths import written_sizes


@dataclass
class _Layer:
    """A linear map and what follows it, by the indices of their calls."""

    linear: int
    norm: int | None = None
    activation: int | None = None
    norm_after: int | None = None


def closest(report: Report, calls: Sequence[Call]) -> Closest:
    """Return the plain Config most like this network."""
    called, layers = report.called, _layers(calls)
    remarks = []
    if any(layer.activation is not None for layer in layers):
        if layers[-1].activation is None:
            remarks.append(f"The last layer, “{called[layers[-1].linear].name}”, has no activation and is not in it.")
            layers = layers[:-1]
        if any(layer.activation is None for layer in layers):
            raise Unlike("Between some of its layers there is no activation.")
    maps = [called[layer.linear] for layer in layers]
    if any(one.fan_out != other.fan_in for one, other in pairwise(maps)):
        raise Unlike("Its layers are no chain: what one gives out has another size than what the next one takes.")
    activation = activation_of([called[layer.activation] for layer in layers if layer.activation is not None])
    norms = {(layer.norm is not None, layer.norm_after is not None) for layer in layers}
    if len(norms) > 1 or norms == {(True, True)}:
        raise Unlike("Not all of its layers are normalized in one way.")
    first, rest = maps[0], maps[1:] or maps
    fields, remark = rule_of(maps, activation)
    if fields["scheme"] == "custom":
        others, remark = rule_of(rest, activation)
        differs = abs(math.log(max(first.weight_variance, 1e-300) / max(rest[0].weight_variance, 1e-300))) > 0.1
        fields = others | ({"first_weight_variance": short(within("first_weight_variance", first.weight_variance))} if differs else {})
    widths = [maps[0].fan_in or 1, *(one.fan_out or 1 for one in maps)]
    sizes: dict[str, Any] = {"depth": len(maps), "width": widths[0]} if len({*widths}) == 1 else {"layer_sizes": written_sizes(widths)}
    norm = normalization_of([called[at] for layer in layers for at in (layer.norm, layer.norm_after) if at is not None], report)
    position: dict[str, Any] = {"norm_position": "post" if norms == {(False, True)} else "pre"} if norm["normalization"] != "none" else {}
    given = inputs_of(report, calls, layers[0].linear, norm["normalization"])
    config = Config(activation=activation, **fields, **sizes, **norm, **position, **given)
    signals = {layer.linear: ("z", place) for place, layer in enumerate(layers, 1)}
    if norm["normalization"] == "none":
        signals |= {layer.activation: ("h", place) for place, layer in enumerate(layers, 1) if layer.activation is not None}
    weights = {layer.linear: ("", place) for place, layer in enumerate(layers, 1)}
    return Closest(config, "", tuple(filter(None, (*remarks, remark))), signals, weights)


def _layers(calls: Sequence[Call]) -> list[_Layer]:
    layers: list[_Layer] = []
    for place, module in calls:
        if module.kind == "linear":
            layers.append(_Layer(place))
        elif module.kind in ("embedding", "attention", "sum"):
            raise Unlike(f"{module.name} is a part that a plain network has not.")
        elif not layers:
            raise Unlike(f"It begins with {module.name}, and the app's own networks with a linear map.")
        elif module.kind == "activation" and layers[-1].activation is None:
            layers[-1].activation = place
        elif module.kind == "activation":
            raise Unlike("Between some of its layers there are two activations.")
        elif layers[-1].activation is None:
            layers[-1].norm = place
        else:
            layers[-1].norm_after = place
    return layers
