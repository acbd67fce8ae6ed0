"""Transformer: the Config most like a measured one, by its sums: attention, then an MLP, each with a skip of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from propagation.choices import MOST_COLUMNS, MOST_TOKENS
from propagation.config import Config
from propagation.reports.initialization import short, within
from propagation.reports.report import Module, Report
from propagation.reports.residual import branch_rule, expansion, letters
from propagation.reports.structure import Call, Closest, Unlike, activation_of, inputs_of, normalization_of

#: a head of most transformers, where the report does not tell
_HEAD = 64
#: inputs of a sequence each that the page is asked to run
_MOST_INPUTS = 4
#: a variance that is off by more than this has a field of its own
_APART = 0.1


class _Block(NamedTuple):
    """One block: its two branches without norms, the norms on the way, the sum between the branches, and the one at its end."""

    attention: list[Call]
    mlp: list[Call]
    norms: list[Call]
    middle: int
    end: int


def has_attention(calls: Sequence[Call]) -> bool:
    """Return whether something attends: by its kind, or by its name where attention is written out."""
    return any(module.kind == "attention" or "attn" in module.name or "attention" in module.name for _, module in calls)


def without_patches(calls: Sequence[Call]) -> list[Call]:
    """Return the calls without convolutions before anything attends: they make tokens of an image, as an embedding does of words."""
    first = next((at for at, (_, module) in enumerate(calls) if module.kind in ("linear", "attention")), 0)
    return [call for at, call in enumerate(calls) if at > first or call[1].kind != "convolution"]


def closest(report: Report, calls: Sequence[Call]) -> Closest:
    """Return the transformer Config most like this network."""
    blocks, before, end = _blocks(calls)
    mlps = [_mlp(block) for block in blocks]
    hidden = mlps[0][0][0]
    width, gated = hidden.fan_in or 1, len(mlps[0][0]) == 2
    if any(inner[0].fan_in != width or out.fan_out != width for inner, out in mlps):
        raise Unlike("Its MLPs do not give out what they take in.")
    activation = activation_of([module for block in blocks for _, module in block.mlp if module.kind == "activation"])
    norms = [module for block in blocks for _, module in block.norms]
    post = _is_post(report, blocks, before, end)
    own, remarks = branch_rule([inner for inner, _ in mlps], [out for _, out in mlps], activation, 2 * len(blocks))
    fields = normalization_of(norms, report) | {"norm_position": "post" if post else "pre"} | expansion(hidden, width, gated) | own
    heads, causal, more = _attention(blocks, width, fields, activation)
    tokens = min(hidden.out_shape[1] if len(hidden.out_shape) == 3 else 1, MOST_TOKENS)
    if len(hidden.out_shape) == 3 and hidden.out_shape[1] > MOST_TOKENS:
        remarks.append(f"Its sequences have {hidden.out_shape[1]:,} tokens, and the app's own at most {MOST_TOKENS}.")
    shared = len(blocks) > 1 and all(inner[0].same_weights_as for inner, _ in mlps[1:])
    config = Config(
        architecture="transformer", depth=len(blocks), width=width, activation=activation, gated=gated, shared_blocks=shared,
        tokens=tokens, heads=heads, causal=causal, **fields, **more, **_inputs(report, calls, blocks[0], tokens),
    )  # fmt: skip
    if causal is False and not any(module.causal is False for block in blocks for _, module in block.attention):
        remarks.append("Whether a token looks at later ones could not be told; here it does.")
    signals = {_stream_end(calls, block, post): ("stream", layer) for layer, block in enumerate(blocks, 1)}
    names = ["Wg", "Wu", "W2"] if gated else ["W1", "W2"]
    weights = {
        place: (name, layer)
        for layer, block in enumerate(blocks, 1)
        for name, (place, _) in zip(names, [call for call in block.mlp if call[1].kind == "linear"], strict=True)
    }
    if tokens > 1 and len(report.called[-1].out_shape) == 2:
        remarks.append(
            "Its cost looks at one vector of each sequence, and the app's at every token: gradients differ most in the last blocks."
        )
        weights = {}
    return Closest(config, "", tuple(remarks), signals, weights)


def _blocks(calls: Sequence[Call]) -> tuple[list[_Block], list[Call], list[Call]]:
    """The blocks, what stands before the first of them (its leading norm included), and what follows the last."""
    segments: list[list[Call]] = [[]]
    sums: list[int] = []
    for place, module in calls:
        if module.kind == "sum":
            sums.append(place)
            segments.append([])
        else:
            segments[-1].append((place, module))
    *segments, end = segments
    while segments and not any(module.kind in ("linear", "attention") for _, module in segments[0]):
        segments, sums = segments[1:], sums[1:]  # sums of embeddings
    if not segments or len(segments) % 2:
        raise Unlike("Its blocks are not attention and an MLP, each with a sum behind it.")
    if any(module.kind == "embedding" for segment in segments[1:] for _, module in segment):
        raise Unlike("It has embeddings in the midst of its blocks.")
    blocks = []
    for attention, mlp, middle, last in zip(segments[::2], segments[1::2], sums[::2], sums[1::2], strict=True):
        if "a" in letters(attention) or letters(mlp).replace("n", "") not in ("lal", "lall"):
            raise Unlike("Its blocks are not attention and an MLP of two maps, or three with a gate.")
        inside = [call for call in (*attention, *mlp) if call[1].kind != "norm"]
        norms = [call for call in (*attention, *mlp) if call[1].kind == "norm"]
        attending = [call for call in attention if call[1].kind in ("linear", "attention")]
        blocks.append(_Block(attending, [call for call in mlp if call in inside], norms, middle, last))
    kinds = [letters(mlp) for mlp in segments[1::2]]
    if len({*kinds}) > 1:
        raise Unlike("Its blocks are not alike.")
    return blocks, segments[0], end


def _mlp(block: _Block) -> tuple[list[Module], Module]:
    *inner, last = [module for _, module in block.mlp if module.kind == "linear"]
    return inner, last


def _is_post(report: Report, blocks: Sequence[_Block], before: Sequence[Call], end: Sequence[Call]) -> bool:
    """Whether norms stand after the sums. Where one stands before the first branch, too, the sizes of the sums tell.

    The order of the calls is then the same, and what the last map of a block is added to is another thing: the sum before the norm, or
    what the norm gives out.
    """
    if not blocks[0].norms:
        return letters(end).startswith("n") and bool(blocks[-1].norms)
    if not letters(before).replace("?", "").startswith("n"):
        return True
    if not letters(end).startswith("n"):
        return False
    called = report.called
    off = {"pre": 0.0, "post": 0.0}
    for block in blocks:
        branch = called[block.mlp[-1][0]].size("out")
        for name, skip in (("pre", called[block.middle]), ("post", block.norms[-1][1])):
            apart = abs(called[block.end].size("out") - _log10_sum(skip.size("out"), branch))
            off[name] += apart if math.isfinite(apart) else 0.0
    return off["post"] < off["pre"]


def _log10_sum(*sizes: float) -> float:
    """log10 of the sum of numbers with these logarithms; NaN where one is not finite."""
    return math.log10(sum(10.0**size for size in sizes)) if all(map(math.isfinite, sizes)) else math.nan


def _attention(blocks: Sequence[_Block], width: int, fields: dict[str, Any], activation: str) -> tuple[int, bool, dict[str, Any]]:
    """Heads, whether causal, and the variances of queries, keys and values where they are not as the rule has them."""
    attending = [module for _, module in blocks[0].attention if module.kind == "attention"]
    heads = next((module.heads for module in attending if module.heads), max(1, width // _HEAD))
    heads = math.gcd(heads, width)
    causal = next((module.causal for module in attending if module.causal is not None), False)
    first = next(module for _, module in blocks[0].attention if "weight" in module.moments or module.kind == "linear")
    found, own = first.weight_variance, fields.get("weight_variance", math.nan)
    if first.kind == "attention" and first.fan_in:
        found = first.fan_in * first.variance("weight")
    if fields["scheme"] in ("pytorch", "lecun", "he", "glorot", "he_fan_out", "glorot_standard"):
        own = {"pytorch": 1 / 3, "glorot_standard": 1 / 3, "he": 2.0, "he_fan_out": 2.0}.get(fields["scheme"], 1.0)
    elif fields["scheme"] == "std":
        own = width * fields["weight_std"] ** 2
    if not (found > 0 and own > 0) or abs(math.log(found / own)) <= _APART:
        return heads, causal, {}
    value = short(found)
    return heads, causal, {"query_key_variance": within("query_key_variance", value), "value_variance": within("value_variance", value)}


def _inputs(report: Report, calls: Sequence[Call], first: _Block, tokens: int) -> dict[str, Any]:
    """The inputs of the first block, sequences of so many tokens."""
    start = min(place for place, _ in (*first.attention, *first.norms))
    return inputs_of(report, calls, start, most=min(_MOST_INPUTS, MOST_COLUMNS // tokens))


def _stream_end(calls: Sequence[Call], block: _Block, post: bool) -> int:
    """The call that gives out the stream after a block: its last sum, or the norm behind that."""
    if not post:
        return block.end
    order = [place for place, _ in calls]
    following = order.index(block.end) + 1
    return order[following] if following < len(order) and calls[following][1].kind == "norm" else block.end
