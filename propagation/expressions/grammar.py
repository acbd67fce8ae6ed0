"""Grammar: which formulas are read. Text becomes a clean tree of six kinds of nodes, or an ExpressionError marks the spot.

Three allow-lists, one after the other: tokens, then (with parentheses and operands in order) the tree of `ast.parse`, then sizes. Nothing
that is not on a list goes on, so strings, attributes, subscripts, lambdas and keywords have no way in. A prefix such as `torch.` is dropped
and ^ becomes ** before Python sees the text; `_Source` knows the columns as they were typed.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from propagation.activations import ACTIVATIONS
from propagation.expressions.dual import CONSTANTS, FUNCTIONS, WITH_PARAMETER
from propagation.expressions.errors import ExpressionError
from propagation.expressions.names import PREFIX, Alias, alias_of, is_function, unknown, unknown_prefix, usage_of

LONGEST = 200
MOST_NODES = 100
DEEPEST = 30
LARGEST_NUMBER = 1e6
VARIABLES = ("x", "z")

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<name>(?P<prefix>{PREFIX})?(?P<bare>[A-Za-z_][A-Za-z_0-9]*))"
    r"|(?P<operator>\*\*|\^|//|>=|<=|[-+*/(),<>])|(?P<space> +)"
)
_HINTS = {
    "=": "= is not allowed: type only the right-hand side, as in x * sigmoid(x)",
    ".": "a dot is only allowed inside a number, and after a prefix such as torch.",
    "×": "a product is written *",
    "·": "a product is written *",
    "−": "a minus is written -",
    "π": "write pi",
    "²": "a power is written ** or ^, as in x**2",
    "³": "a power is written ** or ^, as in x**3",
    "[": "[ is not allowed in a formula: use ( and )",
}
_NO_KEYWORD = "arguments are written without their names, as in leaky_relu(x, 0.2)"
_NOT_THIS = "only numbers, x, + - * / **, parentheses and functions are allowed, and not this"
_COMPARISONS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
#: a name and nothing else, such as F.relu6
_BARE = re.compile(rf"\s*(?:{PREFIX})?([A-Za-z_][A-Za-z_0-9]*)\s*")


@dataclass
class _Source:
    """A text as Python is to read it, where each of its characters stands in the text as it was typed, and what its names mean there."""

    text: str
    python: str = ""
    columns: list[int] = field(default_factory=list)
    names: dict[int, Alias] = field(default_factory=dict)

    def append(self, word: str, position: int) -> None:
        """Append a word that is typed at this position."""
        self.python += word
        self.columns += [position] * len(word)

    def after(self, node: ast.expr) -> int:
        """Return where the operator or comma after a node was typed."""
        column = node.end_col_offset or 0  # of the text in one more parenthesis: the next character of `python` is one before
        rest = self.python[column - 1 :]
        return self.position(column - 1 + len(rest) - len(rest.lstrip(" )")))

    def position(self, column: int) -> int:
        """Return where the character in this column of `python` was typed; the end of the text where there is none."""
        return self.columns[max(column, 0)] if column < len(self.columns) else len(self.text)


def parse(text: str) -> ast.expr:
    """Return the tree of a formula of at most LONGEST characters, in x, its numbers in one form, each node's column in `col_offset`.

    The name of an activation alone means that function of x.
    """
    if not text.strip():
        raise ExpressionError(text, 0, "there is no formula: type one such as x * sigmoid(1.7 * x)")
    called = text + "(x)" if is_bare_name(text) else text
    source = _read_tokens(called)
    # Python refuses indented text; one more parenthesis keeps the columns simple
    try:
        tree = ast.parse(f"({source.python})", mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(text, source.position((error.offset or 2) - 2), "something is missing or misplaced here") from None
    columns = sorted(node.col_offset for node in ast.walk(tree) if isinstance(node, ast.expr))
    if (nodes := len(columns)) > MOST_NODES:
        spot = source.position(columns[MOST_NODES] - 1)
        raise ExpressionError(text, spot, f"it has {nodes} numbers, variables and operations, and at most {MOST_NODES} are read")
    clean = _clean(tree, source, 1)
    match clean:
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant() as first, *_]) if name in WITH_PARAMETER:
            raise ExpressionError(text, clean.col_offset, f"it has no x in it: write {name}(x, {ast.unparse(first)})")
    return clean


def is_bare_name(text: str) -> bool:
    """Return whether a text is the name of an activation, by itself: prelu, F.hardswish."""
    word = _BARE.fullmatch(text)
    return word is not None and is_function(word[1]) and _activation_meant(word[1])


def _activation_meant(name: str) -> bool:
    """Return whether a name, called with x alone, is an activation: not so for maximum, which needs two numbers, and for absolute."""
    alias = alias_of("", name)
    return alias.function in ACTIVATIONS or bool(alias.given)


def canonical(tree: ast.expr) -> str:
    """Return the one text of a clean tree: `parse` makes the same tree of it."""
    return ast.unparse(tree).replace(" ", "")


def _read_tokens(text: str) -> _Source:
    """Refuse whatever is not a number, a known name, an operator or a parenthesis, and operands with nothing between them."""
    source = _Source(text)
    opened: list[int] = []
    position, last = 0, None
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ExpressionError(text, position, _refusal(text[position], bool(opened)))
        word, kind = token["bare"] or token.group(), token.lastgroup
        if kind == "space":
            source.append(word, position)
        else:
            if token["name"]:
                _check_name(text, token)
                source.names[len(source.python)] = alias_of(token["prefix"] or "", word)
            if word == "//":
                raise ExpressionError(text, position, "a quotient is written with one /")
            operator = kind == "operator"
            if last and (last.group() == ")" or last.lastgroup != "operator") and (not operator or word == "("):
                called = word == "(" and last["bare"] and is_function(last["bare"])
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
            source.append("**" if word == "^" else word, position)
            last = token
        position = token.end()
    if opened:
        raise ExpressionError(text, opened[-1], "this ( is never closed")
    return source


def _refusal(character: str, within: bool) -> str:
    """Say why a character is not allowed; `within` parentheses or not."""
    if character == "=" and within:
        return _NO_KEYWORD
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
    name, position = token["bare"], token.start("bare")
    after = text[token.end() :].lstrip(" ")[:1]
    if is_function(name):
        if after != "(":
            raise ExpressionError(text, token.start(), f"{name} is a function: write {usage_of(name)}")
    elif name in VARIABLES and not token["prefix"]:
        first = re.search(r"(?<![A-Za-z_0-9.])[xz](?![A-Za-z_0-9])", text)
        if first and first.group() != name:
            raise ExpressionError(text, position, f"there is one variable, and it is called {first.group()} before")
    elif after == "=" and "(" in text[:position]:
        raise ExpressionError(text, position, _NO_KEYWORD)
    elif name not in CONSTANTS:
        raise ExpressionError(text, position, unknown_prefix(name) if text[token.end() : token.end() + 1] == "." else unknown(name))


def _clean(node: ast.expr, source: _Source, depth: int) -> ast.expr:
    """Build a tree of our own with the same meaning, made of nothing but what is allowed."""
    text, position = source.text, source.position(node.col_offset - 1)
    if depth > DEEPEST:
        raise ExpressionError(text, position, f"it is nested more than {DEEPEST} deep")
    cleaned: ast.expr
    match node:
        case ast.Constant(value=value):
            cleaned = ast.Constant(_number(value, text, position))
        case ast.Name(id=name):
            cleaned = ast.Name("x" if name in VARIABLES else name)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _clean(operand, source, depth + 1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            cleaned = ast.UnaryOp(ast.USub(), _clean(operand, source, depth + 1))
        case ast.BinOp(left=left, op=(ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()) as op, right=right):
            cleaned = ast.BinOp(_clean(left, source, depth + 1), op, _clean(right, source, depth + 1))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if isinstance(op, _COMPARISONS):
            cleaned = ast.Compare(_clean(left, source, depth + 1), [op], [_clean(right, source, depth + 1)])
        case ast.Compare(comparators=[first, *_]):
            raise ExpressionError(text, source.after(first), "one comparison at a time is read, as in where(x > 0, x, 0)")
        case ast.Call(func=ast.Name() as called, args=arguments, keywords=[]) if is_function(called.id):
            cleaned = _clean_call(called, arguments, source, depth, position)
        case ast.Tuple(elts=[first, *_]):
            raise ExpressionError(text, source.after(first), "a comma stands only between the arguments of a function, as in max(x, 0)")
        case ast.Call(keywords=[keyword, *_]):
            raise ExpressionError(text, source.position(keyword.col_offset - 1), _NOT_THIS)
        case _:
            raise ExpressionError(text, position, _NOT_THIS)
    cleaned.col_offset = position
    return cleaned


def _clean_call(called: ast.Name, arguments: list[ast.expr], source: _Source, depth: int, position: int) -> ast.Call:
    """Return a call under the function's own name, with all the arguments that the name typed brings."""
    name, given = source.names[called.col_offset - 1]
    function = FUNCTIONS[name]
    cleaned = [_clean(argument, source, depth + 1) for argument in arguments]
    if len(cleaned) == 1 and given:
        cleaned += [_constant(value, position) for value in given]
    if len(cleaned) not in function.counts:
        counts = " or ".join(str(count) for count in function.counts)
        plural = " is" if counts == "1" else "s are"
        most = max(function.counts)
        spot = source.position(arguments[most].col_offset - 1) if len(arguments) > most else position
        raise ExpressionError(source.text, spot, f"{counts} argument{plural} needed, as in {function.usage}")
    if name == "where" and not isinstance(cleaned[0], ast.Compare):
        raise ExpressionError(source.text, cleaned[0].col_offset, f"where needs a comparison first, as in {function.usage}")
    return ast.Call(ast.Name(name), cleaned, [])


def _constant(value: float, position: int) -> ast.expr:
    """Return a number as the tree of what would be typed for it."""
    node: ast.expr = ast.Constant(abs(value), col_offset=position)
    return ast.UnaryOp(ast.USub(), node, col_offset=position) if value < 0 else node


def _number(value: object, text: str, position: int) -> int | float:
    """Return the number, whole where it is, so that 2 and 2.0 are one formula."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ExpressionError(text, position, "only plain numbers are allowed here")
    if value > LARGEST_NUMBER:
        raise ExpressionError(text, position, f"numbers up to {LARGEST_NUMBER:.0f} are read")
    return int(value) if value == int(value) else float(value)
