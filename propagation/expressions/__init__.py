"""Typed activations: a formula such as x * sigmoid(1.7 * x) as an Activation, from an allow-list, never by evaluating text.

text → `grammar` (a small clean tree, or an ExpressionError that marks the spot; `names` says what people call its functions) → `tape`
(steps on the numbers of `dual`: φ and φ′ in one pass) → `behaviour` (where it is defined, its kinks, how it starts and ends), `panels`
(where it is fine), `family` (which known activation it is) → `typed` (the Activation). `shift` makes φ(x + b) of a φ.
"""

from propagation.expressions.errors import ExpressionError, TooFast
from propagation.expressions.grammar import LONGEST
from propagation.expressions.shift import shifted
from propagation.expressions.typed import lookup, one_layer_activation, typed_activation

__all__ = ["LONGEST", "ExpressionError", "TooFast", "lookup", "one_layer_activation", "shifted", "typed_activation"]
