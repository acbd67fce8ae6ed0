"""Block plane text: what a place of the plane of a network of blocks means, in sentences."""

from __future__ import annotations

import math

from propagation.config import Config
from propagation.formatting import factor, from_log10, number
from propagation.theory.block_plane import BlockPlane
from propagation.theory.phases import phase_of

SHOWN = {"gradients": "what blocks do to gradients", "apart": "how far two inputs stay apart"}
SHOWN_OF_TOKENS = {"gradients": "what blocks do to gradients", "apart": "what blocks do to 1 − c of tokens"}
#: log10 of 1 − c below which two inputs are told apart by next to nothing
_ALIKE = -4.0
#: and of a factor, beyond which it is no other
_FAR = 9.0


def headline(config: Config, plane: BlockPlane, place: int) -> str:
    """Say the one thing that matters at a place, for the network that stands there."""
    gradients, apart = float(plane.gradients[place]), float(plane.apart[place])
    if config.architecture == "transformer":
        if plane.law == "power":
            return "No phases: with a norm before every branch all goes by powers of depth."
        merge = "Tokens merge" if apart < 0 else "Tokens stay apart"
        return f"{merge}: a block multiplies what tells similar ones apart by {_times(apart)}."
    if plane.law == "power":
        return f"No phases: gradients grow like a power of depth, L to the power {number(round(gradients, 4))}."
    phase = phase_of(10.0 ** max(min(gradients, _FAR), -_FAR))
    if plane.law == "whole":
        return f"All {config.depth:,} blocks together multiply gradients by {_times(gradients)}."
    if plane.law == "settled":
        words = {
            "ordered": "Ordered: gradients vanish",
            "critical": "Critical: gradients keep their size",
            "chaotic": "Chaotic: gradients explode",
        }
        return f"{words[phase]}, {_times(gradients)} a {block_word(config)}."
    words = {"ordered": "Gradients shrink", "critical": "Gradients keep their size", "chaotic": "Gradients grow"}
    return f"{words[phase]}: {_times(gradients)} a {block_word(config)}, the mean over {config.depth:,}."


def line(config: Config, plane: BlockPlane, place: int) -> str:
    """Say the numbers of a place."""
    gradients, apart = float(plane.gradients[place]), float(plane.apart[place])
    if config.architecture == "transformer":
        return _of_tokens(plane.law, gradients, apart)
    what = f"{config.depth:,} {block_word(config)}{'s' * (config.depth > 1)}"
    if plane.law == "power":
        times = f"{2 * config.depth:,} blocks in place of {config.depth:,} make gradients **× {number(2**gradients)}** as large"
    elif plane.law == "whole":
        times = f"a block alone multiplies them by {_times(gradients / max(config.depth - 1, 1))}"
    else:
        times = f"from the last {block_word(config)} to the first **{_times((config.depth - 1) * gradients)}**"
    alike = ", next to nothing" if apart < _ALIKE else ""
    signal = "E[(∂C/∂x)²]" if config.has_stream else "E[δ²]"
    return f"{signal}: {times}. After {what} two independent inputs have 1 − c = **{from_log10(min(apart, 0.0))}**{alike}."


def _of_tokens(law: str, gradients: float, apart: float) -> str:
    if law == "power":
        if math.isnan(gradients):
            return "Tokens stay apart, so no power of gradients is known."
        return (
            f"Deep in the network 1 − c of two tokens goes like l to the power **{number(round(apart, 4))}**, and gradients grow on their "
            f"way back like L to the power **{number(round(gradients, 4))}**: so slowly that both exponents of Cowsik et al. 2024, "
            "$\\lambda_a$ and $\\lambda_g$, are 0."
        )
    angles = f"$\\lambda_a$ = **{number(_natural(apart))}**, the logarithm of {_times(apart)}"
    if math.isnan(gradients):
        return f"{angles} for 1 − c where it is small. What a block does to gradients depends on where tokens settle."
    return (
        f"{angles} for 1 − c; $\\lambda_g$ = **{number(_natural(gradients))}**, that of {_times(gradients)} for gradients. At the edge of "
        "order and chaos both are 0 (Cowsik et al. 2024)."
    )


def meaning(config: Config, law: str, shown: str) -> str:
    """Say what the colour means, in one sentence."""
    what = block_word(config)
    if config.architecture == "transformer":
        by = "the power of depth by which" if law == "power" else "by what a block multiplies"
        grow = " grows, where negative falls" if law == "power" else " where it is nearly 0"
        if shown == "apart":
            return f"Colour: {by} 1 − c of two tokens{grow}. Below {'0' if law == 'power' else '1'} they merge."
        of = "gradients grow on their way back" if law == "power" else "gradients on their way back, deep in the network"
        return f"Colour: {by} {of}, once tokens are alike. Where tokens stay apart there is none."
    if shown == "apart":
        return f"Colour: 1 − c of two inputs that begin independent, after your {config.depth:,} {what}s. Pale: they look the same."
    if law == "power":
        return "Colour: the power ζ of depth by which gradients grow; nowhere do they explode."
    if law == "whole":
        return f"Colour: by what all {config.depth:,} blocks together multiply gradients, from the last to the first."
    mean = f", the mean over your {config.depth:,}" if law == "mean" else ", once sizes have settled"
    return f"Colour: by what a {what} multiplies gradients on their way back{mean}. On the line, if there is one, by 1."


def place(config: Config, plane: BlockPlane, weight: float, bias: float, at: tuple[int, int]) -> str:
    """Say in three short lines what is at a point of the plane."""
    gradients, apart = float(plane.gradients[at]), float(plane.apart[at])
    tokens = config.architecture == "transformer"
    if math.isnan(gradients):
        first = "tokens stay apart"
    elif plane.law == "power":
        first = f"gradients like L^{number(round(gradients, 4))}"
    else:
        first = f"gradients {_times(gradients)}{' in all' if plane.law == 'whole' else f' a {block_word(config)}'}"
    left = f"1 − c {from_log10(min(apart, 0.0))} at the end"
    if tokens:
        left = f"1 − c like l^{number(round(apart, 4))}" if plane.law == "power" else f"1 − c {_times(apart)} a block"
    return f"σ_w² {number(weight)}, σ_b² {number(bias)}<br>{first}<br>{left}"


def block_word(config: Config) -> str:
    """Return "block" of a network with a stream, else "layer"."""
    return "block" if config.has_stream else "layer"


def _times(log10: float) -> str:
    """A factor by its logarithm, which may lie far outside floating point."""
    return factor(10**log10) if abs(log10) < 5 else f"× {from_log10(log10).replace(' × ', ' · ')}"


def _natural(log10: float) -> float:
    """ln of a factor, rounded; no −0."""
    return round(math.log(10) * log10, 4) + 0.0
