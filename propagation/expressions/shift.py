"""Shift: the activation φ(x + b), which a Gaussian of mean b is to φ what one of mean 0 is to this."""

from __future__ import annotations

import ast
from functools import lru_cache

from propagation.expressions.errors import ExpressionError
from propagation.expressions.grammar import parse
from propagation.expressions.typed import lookup

#: a kink of φ(x + b) closer to 0, but not there, is none that the tables of theory could see
SMALLEST = 1e-6


@lru_cache(maxsize=512)
def shifted(activation: str, b: float) -> str:
    """Return the name of φ(x + b), as in "relu(x+0.1)"; of b = 0 that of φ itself.

    ExpressionError where no such formula is allowed, as where it is longer than 200 characters, and for a b below SMALLEST.
    """
    name = lookup(activation).name
    if 0 < abs(b) < SMALLEST:
        raise ExpressionError(name, 0, "b is neither 0 nor at least 10⁻⁶ in size")
    return lookup(ast.unparse(_Shift(b).visit(parse(name)))).name if b else name


class _Shift(ast.NodeTransformer):
    """Puts x + b in the place of x."""

    def __init__(self, b: float) -> None:
        self._added = ast.Constant(abs(b))
        self._sign = ast.Add() if b > 0 else ast.Sub()

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.BinOp(node, self._sign, self._added) if node.id == "x" else node
