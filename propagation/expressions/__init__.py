"""Typed activations: a formula such as x * sigmoid(1.7 * x) as an Activation, from an allow-list, never by evaluating text.

text → `grammar` (a small clean tree, or an ExpressionError that marks the spot) → `tape` (steps on the numbers of `dual`: φ and φ′ in
one pass) → `behaviour` (where it is defined, its kinks, how it starts and ends), `panels` (where it is fine) → `typed` (the Activation).
"""

from propagation.expressions.errors import ExpressionError
from propagation.expressions.grammar import LONGEST
from propagation.expressions.typed import lookup, typed_activation

__all__ = ["LONGEST", "ExpressionError", "lookup", "typed_activation"]
