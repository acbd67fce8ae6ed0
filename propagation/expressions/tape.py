"""Tape: a clean tree as a list of steps on dual numbers, and what in it could bend, break or have no value."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from propagation.activations import ACTIVATIONS, Array
from propagation.expressions.dual import (
    CONSTANTS,
    EXP_CEILING,
    FUNCTIONS,
    WITH_PARAMETER,
    Dual,
    Rule,
    add,
    divide,
    exponential,
    greater,
    greater_or_equal,
    multiply,
    negative,
    power,
    subtract,
)
from propagation.expressions.errors import ExpressionError

LARGEST_EXPONENT = 8
_ARITHMETIC: dict[type, Rule] = {ast.Add: add, ast.Sub: subtract, ast.Mult: multiply, ast.Div: divide}
#: numbers that go through all steps together: they stay in the cache, and memory stays bounded
_BLOCK = 8192


class Step(NamedTuple):
    """One operation: its rule, the steps it takes its arguments from, and the column of its node."""

    rule: Rule
    arguments: tuple[int, ...]
    position: int


@dataclass(frozen=True)
class Watch:
    """A difference, step `left` − (step `right` or `level`), that decides something where it is zero.

    `needs` says what: "nothing" where two pieces merely meet, "no jump" where a comparison decides, "nonzero" for a denominator, "positive"
    under a logarithm or a root.
    """

    needs: str
    position: int
    left: int
    right: int | None = None
    level: float = 0.0

    def of(self, results: list[Dual]) -> Dual:
        """Return the difference and its slope, from the results of all steps."""
        with np.errstate(all="ignore"):
            return subtract(results[self.left], (self.level, 0.0) if self.right is None else results[self.right])


class Tape:
    """A formula as steps, the last of which is φ, and `watches`. ExpressionError where a part of it has no value."""

    def __init__(self, tree: ast.expr, text: str, ceiling: float = EXP_CEILING) -> None:
        self._text = text
        self._ceiling = ceiling
        self.steps: list[Step] = []
        self.watches: list[Watch] = []
        self._constants: dict[int, np.float64] = {}
        self._add(tree)

    def run(self, z: Array) -> list[Dual]:
        """Return the dual number of every step at z, (n,)."""
        results: list[Dual] = []
        with np.errstate(all="ignore"):  # what leaves the range of floats on the way may well return, as in 1 / (1 + x**8)**8
            for step in self.steps:
                results.append(step.rule(*[results[i] for i in step.arguments]) if step.arguments else step.rule(z))
        return results

    def evaluate(self, z: Array | float) -> tuple[Array, Array]:
        """Return (φ, φ′), of the shape of z."""
        z = np.asarray(z, dtype=float)
        flat = z.ravel()
        value, slope = np.empty_like(flat), np.empty_like(flat)
        for start in range(0, flat.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            value[block], slope[block] = self.run(flat[block])[-1]
        return value.reshape(z.shape), slope.reshape(z.shape)

    def _add(self, node: ast.expr) -> int:
        """Append the steps of a node; returns the number of its last one."""
        position = node.col_offset
        match node:
            case ast.Constant(value=int() | float() as value):
                return self._append_constant(value, position)
            case ast.Name(id=name) if name in CONSTANTS:
                return self._append_constant(CONSTANTS[name], position)
            case ast.UnaryOp(operand=operand):
                return self._append(negative, (self._add(operand),), position)
            case ast.Call(func=ast.Name(id="log"), args=[ast.BinOp() as total]) if (inner := _softplus_argument(total)) is not None:
                return self._append(FUNCTIONS["softplus"].rule, (self._add(inner),), position)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._add_call(name, tuple(self._add(argument) for argument in arguments), position)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._add_comparison(self._add(left), op, self._add(right), position)
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                return self._add_power(self._add(base), self._add(exponent), position, exponent.col_offset)
            case ast.BinOp(left=left, op=op, right=right):
                steps = self._add(left), self._add(right)
                if isinstance(op, ast.Div):
                    self._watch("nonzero", right.col_offset, steps[1])
                return self._append(_ARITHMETIC[type(op)], steps, position)
        return self._append(lambda z: (z, 1.0), (), position)

    def _add_comparison(self, left: int, op: ast.cmpop, right: int, position: int) -> int:
        if left in self._constants and right in self._constants:
            raise ExpressionError(self._text, position, "this comparison does not depend on x")
        self._watch("no jump", position, left, right)
        if isinstance(op, (ast.Lt, ast.LtE)):
            left, right = right, left
        return self._append(greater if isinstance(op, (ast.Gt, ast.Lt)) else greater_or_equal, (left, right), position)

    def _add_power(self, base: int, exponent: int, position: int, exponent_position: int) -> int:
        if exponent not in self._constants:
            raise ExpressionError(self._text, exponent_position, "an exponent must be a plain number: write exp(x * log(2)) for 2 to the x")
        value = float(self._constants[exponent])
        if abs(value) > LARGEST_EXPONENT:
            raise ExpressionError(self._text, exponent_position, f"exponents from -{LARGEST_EXPONENT} to {LARGEST_EXPONENT} are read")
        if value == 0:
            return self._append_constant(1.0, position)
        if value != int(value):
            self._watch("positive", position, base)
        elif value < 0:
            self._watch("nonzero", position, base)
        return self._append(partial(power, exponent=value), (base,), position)

    def _add_call(self, name: str, arguments: tuple[int, ...], position: int) -> int:
        first = arguments[0]
        if name in ("log", "sqrt"):
            self._watch("positive", position, first)
        elif name == "abs":
            self._watch("nothing", position, first)
        elif name in ("max", "min"):
            self._watch("nothing", position, *arguments)
        elif name == "clip":
            low, high = (self._constants.get(bound, np.float64(np.nan)) for bound in arguments[1:])
            if not low < high:
                wrong = arguments[2] if np.isnan(high) and not np.isnan(low) else arguments[1]
                spot = self.steps[wrong].position
                raise ExpressionError(self._text, spot, "clip needs two plain numbers, the smaller one first, as in clip(x, -1, 1)")
            for bound in arguments[1:]:
                self._watch("nothing", position, first, bound)
        elif name in WITH_PARAMETER:
            if not all(argument in self._constants for argument in arguments[1:]):
                sentence = f"the second argument of {name} is a plain number, as in {FUNCTIONS[name].usage}"
                raise ExpressionError(self._text, self.steps[arguments[1]].position, sentence)
            self._watch("nothing", position, first)
        elif name in ACTIVATIONS:
            for kink in ACTIVATIONS[name].kinks:
                self._watch("nothing", position, first, level=kink)
        rule = partial(exponential, ceiling=self._ceiling) if name == "exp" else FUNCTIONS[name].rule
        return self._append(rule, arguments, position)

    def _watch(self, needs: str, position: int, left: int, right: int | None = None, level: float = 0.0) -> None:
        if left not in self._constants or (right is not None and right not in self._constants):
            self.watches.append(Watch(needs, position, left, right, level))

    def _append(self, rule: Rule, arguments: tuple[int, ...], position: int) -> int:
        """Append a step; one whose arguments are all plain numbers is worked out now."""
        if arguments and all(argument in self._constants for argument in arguments):
            with np.errstate(all="ignore"):
                value = rule(*[(self._constants[argument], 0.0) for argument in arguments])[0]
            return self._append_constant(np.ravel(value)[0], position)
        self.steps.append(Step(rule, arguments, position))
        return len(self.steps) - 1

    def _append_constant(self, value: float, position: int) -> int:
        value = np.float64(value)  # which divides by zero without raising
        if not np.isfinite(value):
            raise ExpressionError(self._text, position, "this part has no value: it divides by 0, or takes a root or logarithm it cannot")
        self.steps.append(Step(lambda z: (value, 0.0), (), position))
        self._constants[len(self.steps) - 1] = value
        return len(self.steps) - 1


def _softplus_argument(total: ast.BinOp) -> ast.expr | None:
    """Return u where a sum is 1 + exp(u), whose logarithm would overflow; None elsewhere."""
    match total:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Add(), right=ast.Call(func=ast.Name(id="exp"), args=[u])):
            return u
        case ast.BinOp(left=ast.Call(func=ast.Name(id="exp"), args=[u]), op=ast.Add(), right=ast.Constant(value=1)):
            return u
    return None
