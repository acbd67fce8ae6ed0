"""Typed activations: text → Activation, the same object for the same formula however it is spaced."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from functools import lru_cache

from propagation.activations import ACTIVATIONS, Activation
from propagation.expressions.behaviour import Behaviour, behaviour_of, kinks_of
from propagation.expressions.dual import EXP_CEILING
from propagation.expressions.errors import ExpressionError, TooFast
from propagation.expressions.family import family_of, leak_of, straight
from propagation.expressions.grammar import LONGEST, canonical, is_bare_name, parse
from propagation.expressions.latex import latex_of
from propagation.expressions.panels import breakpoints_of
from propagation.expressions.tape import Tape

#: a variable or a call: what makes a text a formula rather than a name
_FORMULA = re.compile(r"(?<![A-Za-z_])[xz](?![A-Za-z_0-9])|\(")
#: the known activations by their labels in small letters, as read off a page
_LABELLED = {known.label.lower(): name for name, known in ACTIVATIONS.items()}


def lookup(name: str) -> Activation:
    """Return the activation called `name`, in capitals or not, also by another usual name such as swish, or that is this formula.

    ValueError lists the known names, or says what is wrong with the formula.
    """
    if isinstance(name, str) and (name in ACTIVATIONS or _labelled(name) or _FORMULA.search(name) or is_bare_name(name)):
        return typed_activation(name)
    raise ValueError(f"activation = {str(name)[:40]!r} is unknown; choose one of {', '.join(ACTIVATIONS)}")


def typed_activation(text: str) -> Activation:
    """Return the activation that a formula in x (or z) describes, such as x * sigmoid(1.7 * x); the known one for name or name(x).

    A formula that is linear, ReLU, leaky ReLU (0.01) or hard tanh is the known one too, however it is written. Else its name is the formula
    in one standard spelling, at most 200 characters long, which describes the same activation. ExpressionError, a ValueError with the spot,
    where a formula is not allowed, has no value or slope somewhere, or grows faster than a straight line.
    """
    if not isinstance(text, str):
        raise ExpressionError(str(text)[:40], 0, "a formula is a text")
    if text in ACTIVATIONS:
        return ACTIVATIONS[text]
    if _labelled(text):
        return ACTIVATIONS[_labelled(text)]
    if len(text) > LONGEST:  # before it is a key of the cache
        raise ExpressionError(text, LONGEST, f"it is {len(text)} characters long, and at most {LONGEST} are read")
    name = _standard_name(text)
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    try:
        return _activation(name)
    except ExpressionError:
        return _build(text)  # refused again, with the spot in the text as it was typed


def _labelled(text: str) -> str:
    """Return the name of the known activation with this label; empty where there is none."""
    return _LABELLED.get(text.strip().lower(), "") if len(text) <= LONGEST else ""


def one_layer_activation(text: str) -> Activation:
    """Return the activation that a formula describes, be it one that grows faster than a straight line, such as relu(x)**2.

    What that one says of its slopes far out is NaN: it is good for means over one layer, not for a network. ExpressionError as in
    `typed_activation`.
    """
    try:
        return typed_activation(text)
    except TooFast:
        tree = parse(text)
        tape = Tape(tree, text)
        return _from_tape(tree, tape, Behaviour(kinks_of(tape, text), float(tape.evaluate(0.0)[0]), (math.nan,) * 2, (math.nan,) * 2))


@lru_cache(maxsize=256)
def _standard_name(text: str) -> str:
    """Return the one spelling of a formula, or the name of the known activation that it is."""
    tree = parse(text)
    match tree:
        case ast.Call(func=ast.Name(id=known), args=[ast.Name(id="x")]) if known in ACTIVATIONS:
            return known
    name = canonical(tree)
    if len(name) > LONGEST:
        raise ExpressionError(text, 0, f"its standard form is {len(name)} characters long, and at most {LONGEST} fit into a link")
    return name


def _build(text: str) -> Activation:
    tree = parse(text)
    tape = Tape(tree, text)
    behaviour = behaviour_of(tape, Tape(tree, text, ceiling=EXP_CEILING / 2), text)
    typed = replace(_from_tape(tree, tape, behaviour), breakpoints=breakpoints_of(tape.evaluate, behaviour.kinks))
    known, leak = straight(typed), leak_of(typed)
    if known is not None:
        return known
    return replace(typed, family=family_of(typed), label=typed.name if leak is None else f"leaky ReLU ({leak:.4g})")


def _from_tape(tree: ast.expr, tape: Tape, behaviour: Behaviour) -> Activation:
    name = canonical(tree)
    return Activation(
        name,
        name,
        rf"\varphi(z) = {latex_of(tree)}",
        phi=lambda z: tape.evaluate(z)[0],
        dphi=lambda z: tape.evaluate(z)[1],
        together=tape.evaluate,
        kinks=behaviour.kinks,
        phi_zero=behaviour.phi_zero,
        slopes_at_zero=behaviour.slopes_at_zero,
        slopes_at_infinity=behaviour.slopes_at_infinity,
    )


_activation = lru_cache(maxsize=256)(_build)
