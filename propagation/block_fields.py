"""Block fields: the declarations of what the blocks of a network are made of: skips, norms, dropout, gates, attention.

They stand behind the plain ones, each field once, with its control, its option and its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

from propagation.branches import BRANCH_RULES
from propagation.choices import (
    ARCHITECTURES,
    BLOCK_ORDERS,
    MOST_POSITIONS,
    MOST_TOKENS,
    NORM_POSITIONS,
    NORMALIZATIONS,
    READOUTS,
    SUBLAYERS,
    labels_of,
)
from propagation.fields import Choice, Flag, Number, declared
from propagation.plain_fields import PlainFields


@dataclass(frozen=True)
class BlockFields(PlainFields):
    """What every Config says, whatever its architecture, and what its blocks are."""

    architecture: str = declared(
        Choice,
        "plain",
        label="Architecture",
        help="Plain: layer after layer. Residual: every block adds what its branch makes of the stream, and the rest goes past it.",
        option="kind of network",
        folded=False,
        below="activation",
        choices=ARCHITECTURES,
    )
    normalization: str = declared(
        Choice,
        "none",
        label="Normalization",
        help="Layer and RMS norm bring every input of a layer to size 1, batch norm every neuron over the batch. No learned gain, no ε.",
        option="normalization of every layer or branch",
        folded=False,
        below="architecture",
        choices=NORMALIZATIONS,
    )
    norm_position: str = declared(
        Choice,
        "pre",
        label="Norm stands",
        help="Residual: before the branch, with one more at the end, or after the sum. Plain: before or after the activation.",
        option="where the normalization stands",
        below="bias_mean",
        choices=NORM_POSITIONS,
    )
    branch_rule: str = declared(
        Choice,
        "custom",
        label="Scale of the branch",
        help="A published rule for α in x + α·branch(x); L blocks, K branches. Choosing one moves α below; moving α makes it custom.",
        option="rule for the scale of residual branches; 'custom' takes --branch-scale",
        below="normalization",
        folded=False,
        choices=labels_of(BRANCH_RULES),
    )
    branch_scale: float = declared(
        Number,
        1.0,
        label="Branch scale α",
        help="What the branch is multiplied by before it is added to the stream. Down: each block changes the stream less.",
        option="α in x + α·branch(x)",
        below="branch_rule",
        folded=False,
        bounds=(0.0, 100.0),
        slider_ends=(2.0, 10.0, 100.0),
        step=0.01,
        format="%.3g",
    )
    branch_layers: int = declared(
        Number,
        2,
        label="Linear maps in a branch",
        help="Two: W₂ φ(W₁ x). One: φ(W x), whose mean adds up in the stream where φ has one.",
        option="linear maps in a residual branch",
        below="norm_position",
        bounds=(1, 2),
        steps=(1, 2),
    )
    expansion: int = declared(
        Number,
        1,
        label="Expansion of a branch",
        help="How many times as wide as the stream the hidden layer of a branch is.",
        option="width of a branch's hidden layer, in widths of the stream",
        below="branch_layers",
        bounds=(1, 8),
        steps=(1, 2, 3, 4, 5, 6, 7, 8),
    )
    block_order: str = declared(
        Choice,
        "branch",
        label="Order in a block",
        help="Where the activations stand.",
        option="where the activations of a residual block stand",
        below="expansion",
        choices=BLOCK_ORDERS,
    )
    keep: float = declared(
        Number,
        1.0,
        label="Kept by dropout",
        help="The share of activations that dropout keeps; 1: no dropout. What is kept is divided by it, so the mean stays.",
        option="share of activations that dropout keeps",
        below="block_order",
        bounds=(0.01, 1.0),
        slider_ends=(1.0,),
        step=0.01,
        format="%g",
    )
    gated: bool = declared(
        Flag,
        False,
        label="Gated branch",
        help="The hidden layer is φ(W_g x) ⊙ W_u x, as in GLU, SwiGLU and GEGLU, and two thirds as wide, so that the weights stay as many.",
        option="whether the hidden layer of a branch is φ(W_g x) times W_u x",
        below="expansion",
    )
    skip_scale: float = declared(
        Number,
        1.0,
        label="Skip scale s",
        help="What the stream is multiplied by before the branch is added: 1 as usual, 0 for a network without skip connections.",
        option="s in s x + α·branch(x)",
        below="branch_scale",
        folded=False,
        bounds=(0.0, 10.0),
        slider_ends=(2.0, 10.0),
        step=0.01,
        format="%.3g",
    )
    shared_blocks: bool = declared(
        Flag,
        False,
        label="All blocks start identical",
        help="Every block begins as a copy of the first, as nn.TransformerEncoder makes them. What they add is then no longer independent.",
        option="whether every block starts as a copy of the first",
        below="gated",
    )
    tokens: int = declared(
        Number,
        1,
        label="Tokens of a sequence",
        help="An input is a sequence of so many vectors; attention looks from each of them at the others.",
        option="tokens in a sequence",
        below="skip_scale",
        folded=False,
        bounds=(1, MOST_TOKENS),
        steps=(1, 2, 4, 8, 16, 32, 64),
        smaller=(32, 16, 8, 4, 2),
    )
    heads: int = declared(
        Number,
        1,
        label="Heads",
        help="Attention runs in so many parts of the width side by side; the width must be a multiple of it.",
        option="heads of attention; they divide the width",
        below="shared_blocks",
        bounds=(1, 128),
        steps=(1, 2, 4, 8, 12, 16, 32, 64, 128),
    )
    causal: bool = declared(
        Flag,
        False,
        label="Causal attention",
        help="A token looks at itself and at those before it, as in language models; else at all of them.",
        option="whether a token looks only at itself and those before it",
        below="heads",
    )
    token_correlation: float = declared(
        Number,
        0.0,
        label="Correlation of the tokens",
        help="How alike the tokens of a sequence are before the first block: 0 independent, 1 all the same.",
        option="correlation of the tokens of a sequence before the first block",
        below="causal",
        bounds=(0.0, 1.0),
        slider_ends=(1.0,),
        step=0.01,
        format="%g",
    )
    sublayers: str = declared(
        Choice,
        "both",
        label="Parts of a block",
        help="A transformer block is attention, then an MLP, each with a skip of its own.",
        option="parts of a transformer block",
        below="token_correlation",
        choices=SUBLAYERS,
    )
    query_key_variance: float | None = declared(
        Number,
        None,
        label="Weight variance of queries and keys",
        help="Where W_q and W_k have a variance of their own. Larger: tokens look at fewer others. 0: all are looked at equally.",
        option="σ_w² of W_q and W_k, where they have one of their own",
        below="sublayers",
        bounds=(0.0, 1e4),
        step=0.01,
        format="%.6g",
        optional=True,
    )
    value_variance: float | None = declared(
        Number,
        None,
        label="Weight variance of values",
        help="Where W_v has a variance of its own.",
        option="σ_w² of W_v, where it has one of its own",
        below="query_key_variance",
        bounds=(0.0, 1e4),
        step=0.01,
        format="%.6g",
        optional=True,
    )
    readout: str = declared(
        Choice,
        "token",
        label="Readout",
        help="Where gradients start: each token has a cost of its own, as in language models, or one cost looks at the mean of all tokens.",
        option="whether each token has a cost of its own, or one looks at their mean",
        below="value_variance",
        choices=READOUTS,
    )
    positions: int = declared(
        Number,
        1,
        label="Positions",
        help="An input is a signal of so many positions in a circle; a layer sees each with its neighbours.",
        option="positions of the signal that is convolved, in a circle",
        below="tokens",
        folded=False,
        bounds=(1, MOST_POSITIONS),
        steps=(1, 2, 4, 8, 16, 32, 64),
        smaller=(32, 16, 8, 4, 2),
    )
    taps: int = declared(
        Number,
        3,
        label="Taps of a convolution",
        help="How many positions one neuron sees: fan_in is so many times the channels. Orthogonal weights stand on the middle one alone.",
        option="positions that a neuron of a convolution sees",
        below="readout",
        bounds=(1, 9),
        steps=(1, 3, 5, 7, 9),
    )
