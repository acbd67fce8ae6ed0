"""Grammar: which formulas are read. Text becomes a clean tree of five kinds of nodes, or an ExpressionError marks the spot.

Three allow-lists, one after the other: tokens, then (with parentheses and operands in order) the tree of `ast.parse`, then sizes. Nothing
that is not on a list goes on, so strings, attributes, subscripts, comparisons, lambdas and keywords have no way in.
"""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches

from propagation.expressions.dual import CONSTANTS, FUNCTIONS
from propagation.expressions.errors import ExpressionError

LONGEST = 200
MOST_NODES = 100
DEEPEST = 30
LARGEST_NUMBER = 1e6
VARIABLES = ("x", "z")

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<operator>\*\*|//|[-+*/(),])|(?P<space> +)"
)
_HINTS = {
    "^": "a power is written **, as in x**2",
    "=": "= is not allowed: type only the right-hand side, as in x * sigmoid(x)",
    ".": "a dot is only allowed inside a number",
    "×": "a product is written *",
    "·": "a product is written *",
    "−": "a minus is written -",
    "²": "a power is written **, as in x**2",
}


def parse(text: str) -> ast.expr:
    """Return the tree of a formula of at most LONGEST characters, in x, its numbers in one form, each node's column in `col_offset`."""
    if not text.strip():
        raise ExpressionError(text, 0, "there is no formula: type one such as x * sigmoid(1.7 * x)")
    _check_tokens(text)
    # Python refuses indented text; one more parenthesis keeps the columns simple
    try:
        tree = ast.parse(f"({text})", mode="eval").body
    except SyntaxError as error:
        position = min(max((error.offset or 2) - 2, 0), len(text))
        raise ExpressionError(text, position, "something is missing or misplaced here") from None
    nodes = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    if nodes > MOST_NODES:
        raise ExpressionError(text, 0, f"it has {nodes} numbers, variables and operations, and at most {MOST_NODES} are read")
    return _clean(tree, text, 1)


def canonical(tree: ast.expr) -> str:
    """Return the one text of a clean tree: `parse` makes the same tree of it."""
    return ast.unparse(tree).replace(" ", "")


def _check_tokens(text: str) -> None:
    """Refuse whatever is not a number, a known name, an operator or a parenthesis, and operands with nothing between them."""
    opened: list[int] = []
    position, last = 0, None
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ExpressionError(text, position, _refusal(text[position]))
        word, kind = token.group(), token.lastgroup
        if kind != "space":
            if kind == "name":
                _check_name(text, token)
            if word == "//":
                raise ExpressionError(text, position, "a quotient is written with one /")
            if last and (last.group() == ")" or last.lastgroup != "operator") and (kind != "operator" or word == "("):
                called = word == "(" and last.group() in FUNCTIONS
                if not called:
                    raise ExpressionError(text, position, _missing_operator(last.group(), word))
            if word == "(":
                opened.append(position)
                if len(opened) > DEEPEST:
                    raise ExpressionError(text, position, f"parentheses are nested more than {DEEPEST} deep")
            elif word == ")":
                if not opened:
                    raise ExpressionError(text, position, "this ) closes nothing")
                opened.pop()
            last = token
        position = token.end()
    if opened:
        raise ExpressionError(text, opened[-1], "this ( is never closed")


def _refusal(character: str) -> str:
    """Say why a character is not allowed."""
    if character in _HINTS:
        return _HINTS[character]
    shown = character if character.isprintable() else f"the character with code {ord(character)}"
    return f"{shown} is not allowed in a formula"


def _missing_operator(before: str, after: str) -> str:
    if after == "(" and (before in VARIABLES or before in CONSTANTS):
        return f"{before} is no function: write {before} * ( for a product"
    return f"an operator is missing between {before} and {after}"


def _check_name(text: str, token: re.Match) -> None:
    """Refuse unknown names, functions that are not called, and two different variables."""
    name, position = token.group(), token.start()
    if name in FUNCTIONS:
        if text[token.end() :].lstrip(" ")[:1] != "(":
            raise ExpressionError(text, position, f"{name} is a function: write {FUNCTIONS[name].usage}")
    elif name in VARIABLES:
        first = re.search(r"(?<![A-Za-z_0-9.])[xz](?![A-Za-z_0-9])", text)
        if first and first.group() != name:
            raise ExpressionError(text, position, f"there is one variable, and it is called {first.group()} before")
    elif name not in CONSTANTS:
        close = get_close_matches(name.lower(), [*FUNCTIONS, *CONSTANTS], n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are x, {', '.join(CONSTANTS)} and {', '.join(FUNCTIONS)}"
        raise ExpressionError(text, position, f"the name {name[:40]} is unknown; {hint}")


def _clean(node: ast.expr, text: str, depth: int) -> ast.expr:
    """Build a tree of our own with the same meaning, made of nothing but what is allowed."""
    position = max(node.col_offset - 1, 0)
    if depth > DEEPEST:
        raise ExpressionError(text, position, f"it is nested more than {DEEPEST} deep")
    cleaned: ast.expr
    match node:
        case ast.Constant(value=value):
            cleaned = ast.Constant(_number(value, text, position))
        case ast.Name(id=name):
            cleaned = ast.Name("x" if name in VARIABLES else name)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _clean(operand, text, depth + 1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            cleaned = ast.UnaryOp(ast.USub(), _clean(operand, text, depth + 1))
        case ast.BinOp(left=left, op=(ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()) as op, right=right):
            cleaned = ast.BinOp(_clean(left, text, depth + 1), op, _clean(right, text, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            function = FUNCTIONS[name]
            if len(arguments) != function.arguments:
                plural = "s are" if function.arguments > 1 else " is"
                raise ExpressionError(text, position, f"{function.arguments} argument{plural} needed, as in {function.usage}")
            cleaned = ast.Call(ast.Name(name), [_clean(argument, text, depth + 1) for argument in arguments], [])
        case _:
            raise ExpressionError(text, position, "only numbers, x, + - * / **, parentheses and functions are allowed, and not this")
    cleaned.col_offset = position
    return cleaned


def _number(value: object, text: str, position: int) -> int | float:
    """Return the number, whole where it is, so that 2 and 2.0 are one formula."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ExpressionError(text, position, "only plain numbers are allowed here")
    if value > LARGEST_NUMBER:
        raise ExpressionError(text, position, f"numbers up to {LARGEST_NUMBER:.0f} are read")
    return int(value) if value == int(value) else float(value)
