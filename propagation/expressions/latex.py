"""LaTeX of a clean tree, in the variable z."""

from __future__ import annotations

import ast

_NAMES = {
    "sin": r"\sin",
    "cos": r"\cos",
    "tanh": r"\tanh",
    "arctan": r"\arctan",
    "log": r"\ln",
    "max": r"\max",
    "min": r"\min",
    "sigmoid": r"\sigma",
    "x": "z",
    "pi": r"\pi",
    "e": "e",
}
_COMPARISONS = {ast.Gt: ">", ast.GtE: r"\ge", ast.Lt: "<", ast.LtE: r"\le"}
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


def latex_of(tree: ast.expr) -> str:
    r"""Return the formula in LaTeX, such as z\,\sigma\left(1.7\,z\right)."""
    return _printed(tree)[0]


def _printed(node: ast.expr) -> tuple[str, int]:
    """Return the LaTeX of a node, and how tightly it binds."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return _number(value)
        case ast.UnaryOp(operand=operand):
            return f"-{_after_sign(operand, _PRODUCT)}", _SIGN
        case ast.Compare():
            return rf"\left[{_comparison(node)}\right]", _ATOM  # Iverson's brackets: 1 where it holds, else 0
        case ast.Call(func=ast.Name(id="where"), args=[ast.Compare() as condition, first, second]):
            cases = rf"{_printed(first)[0]} & {_comparison(condition)} \\ {_printed(second)[0]} & \text{{else}}"
            return rf"\begin{{cases}} {cases} \end{{cases}}", _SUM
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, ", ".join(_printed(argument)[0] for argument in arguments))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"{_within(left, _ATOM)}^{{{_printed(right)[0]}}}", _POWER
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{_printed(left)[0]}}}{{{_printed(right)[0]}}}", _PRODUCT
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            factor = _after_sign(right, _PRODUCT)
            times = r" \cdot " if factor[0].isdigit() else r"\,"
            return f"{_within(left, _PRODUCT)}{times}{factor}", _PRODUCT
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"{_within(left, _SUM)} - {_after_sign(right, _PRODUCT)}", _SUM
        case ast.BinOp(left=left, right=right):
            return f"{_within(left, _SUM)} + {_after_sign(right, _SUM)}", _SUM
        case ast.Name(id=name):
            return _NAMES[name], _ATOM
    raise TypeError(f"{node!r} is no part of a formula")


def _comparison(node: ast.Compare) -> str:
    return f"{_printed(node.left)[0]} {_COMPARISONS[type(node.ops[0])]} {_printed(node.comparators[0])[0]}"


def _within(node: ast.expr, least: int) -> str:
    """Return the LaTeX of a node, in parentheses where it binds less tightly than `least`."""
    text, binding = _printed(node)
    return text if binding >= least else rf"\left({text}\right)"


def _after_sign(node: ast.expr, least: int) -> str:
    """Return the LaTeX of a node that follows an operator, which a minus may not."""
    return _within(node, _ATOM if _is_signed(node) else least)


def _is_signed(node: ast.expr) -> bool:
    """Return whether the LaTeX of a node begins with a minus."""
    while isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Div):
        node = node.left
    return isinstance(node, ast.UnaryOp)


def _number(value: float) -> tuple[str, int]:
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa, _ATOM
    power = f"10^{{{int(exponent)}}}"
    return (power, _POWER) if mantissa == "1" else (rf"{mantissa} \cdot {power}", _PRODUCT)


def _call(name: str, arguments: str) -> tuple[str, int]:
    if name == "exp":
        return f"e^{{{arguments}}}", _POWER
    if name == "sqrt":
        return rf"\sqrt{{{arguments}}}", _ATOM
    if name == "abs":
        return rf"\left|{arguments}\right|", _ATOM
    printed = _NAMES.get(name) or r"\operatorname{" + name.replace("_", r"\_") + "}"
    return rf"{printed}\left({arguments}\right)", _ATOM
