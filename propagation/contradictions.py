"""Contradictions: parts of an architecture that do not go together, each with a sentence that begins with the field at fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from propagation.branches import BRANCH_RULES
from propagation.choices import LEAST_BATCH, MOST_COLUMNS
from propagation.initializers import SCHEMES

if TYPE_CHECKING:
    from propagation.config import Config


def contradiction(config: Config) -> str:
    """Return the first of them in a config, or an empty text."""
    checks = [_batch_norm, _gate, _sequences]
    checks += [_no_blocks] if not config.has_stream else [_blocks]
    checks += [_convolution] if config.architecture == "convolution" else []
    checks += [_transformer] if config.architecture == "transformer" else []
    return next((problem for check in checks for problem in check(config)), "")


def _batch_norm(config: Config) -> Iterator[str]:
    if config.normalization != "batch":
        return
    if config.architecture == "transformer":
        yield "normalization = 'batch' is not for a transformer: its tokens are normalized one by one, by 'layer' or 'rms'"
    if config.inputs < LEAST_BATCH:
        why = f"the mean square of gradients behind it is infinite for fewer than {LEAST_BATCH} inputs, and here are {config.inputs}"
        yield f"normalization = 'batch' does not go with inputs = {config.inputs}: {why}"


def _gate(config: Config) -> Iterator[str]:
    if not config.gated:
        return
    if not config.has_stream:
        yield "gated = True needs architecture = 'residual' or 'transformer': the gate stands in a branch"
    if config.block_order != "branch" or config.branch_layers == 1:
        yield "gated = True needs branch_layers = 2 and block_order = 'branch': W₂ (φ(W_g x) ⊙ W_u x)"
    if SCHEMES[config.scheme].from_data:
        yield f"gated = True does not go with scheme = {config.scheme!r}: it would have to scale two maps by one number"


def _sequences(config: Config) -> Iterator[str]:
    if config.positions > 1:
        if config.architecture != "convolution":
            yield f"positions = {config.positions} needs architecture = 'convolution': nothing else looks from one at another"
        if config.input_law == "digits":
            yield f"positions = {config.positions} does not go with input_law = 'digits': a digit is one vector here"
        if config.columns > MOST_COLUMNS:
            wanted = f"at most {MOST_COLUMNS:,} vectors are run at once, and here are {config.columns:,}: lower positions or inputs"
            yield f"positions = {config.positions} does not go with inputs = {config.inputs}: {wanted}"
    if config.tokens == 1:
        return
    if config.architecture != "transformer":
        yield f"tokens = {config.tokens} needs architecture = 'transformer': nothing else looks from one token at another"
    if config.input_law == "digits":
        yield f"tokens = {config.tokens} does not go with input_law = 'digits': a digit is one vector"
    if config.columns > MOST_COLUMNS:
        wanted = f"at most {MOST_COLUMNS:,} vectors are run at once, and here are {config.columns:,}: lower tokens or inputs"
        yield f"tokens = {config.tokens} does not go with inputs = {config.inputs}: {wanted}"


def _no_blocks(config: Config) -> Iterator[str]:
    if config.shared_blocks:
        yield "shared_blocks = True needs architecture = 'residual' or 'transformer': copies are made of blocks"


def _blocks(config: Config) -> Iterator[str]:
    if not config.level:
        yield f"architecture = {config.architecture!r} needs layers of one width: a block adds its branch to the stream"
    if config.block_order == "post_activation" and config.branch_layers == 1:
        yield "block_order = 'post_activation' needs branch_layers = 2: with one map there is no φ in the branch"
    if config.first_weight_variance is not None:
        yield f"first_weight_variance = {config.first_weight_variance} is for plain networks: a block is several maps"
    if SCHEMES[config.scheme].from_data and BRANCH_RULES[config.branch_rule].changes_weights:
        yield f"branch_rule = {config.branch_rule!r} does not go with scheme = {config.scheme!r}: both say what the weights are"
    if config.shared_blocks and SCHEMES[config.scheme].from_data:
        yield f"shared_blocks = True does not go with scheme = {config.scheme!r}: copies would be scaled apart, each to what it is given"
    if config.shared_blocks and config.method == "implicit":
        yield "method = 'implicit' does not go with shared_blocks = True: copies of one W have to hold it"


def _convolution(config: Config) -> Iterator[str]:
    if config.taps % 2 == 0:
        yield f"taps = {config.taps} have no middle one: an odd number is needed"


def _transformer(config: Config) -> Iterator[str]:
    width = config.widths[-1]
    if width % config.heads:
        yield f"heads = {config.heads} do not divide the width of {width:,}: every head has the same number of rows"
    if config.block_order != "branch":
        yield f"block_order = {config.block_order!r} is for residual networks: a transformer's MLP is W₂ φ(W₁ x)"
    if config.branch_layers == 1:
        yield "branch_layers = 1 is for residual networks: a transformer's MLP has two maps"
    if SCHEMES[config.scheme].from_data:
        yield f"architecture = 'transformer' does not go with scheme = {config.scheme!r}: it would have to scale three maps by one number"
