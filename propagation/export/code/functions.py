"""Functions: every activation, and a typed formula, as the lines that define `phi` (and `dphi`) in each framework.

A known activation is the framework's own where it has one. In a typed formula the activations it calls are defined first, under their own
names, and the formula stands as it was typed.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

from propagation.activations import ACTIVATIONS, LEAK
from propagation.expressions import lookup
from propagation.expressions.dual import CONSTANTS, EXP_CEILING
from propagation.expressions.grammar import parse
from propagation.expressions.tape import Tape

_SELU = "1.0507009873554805", "1.6732632423543772"
_ROOT_2_OVER_PI = "0.7978845608028654"

#: φ as an expression in z
PHI: dict[str, dict[str, str]] = {
    "numpy": {
        "linear": "z",
        "relu": "np.maximum(z, 0)",
        "leaky_relu": "np.maximum(z, 0.01 * z)",
        "elu": "np.where(z > 0, z, np.expm1(np.minimum(z, 0)))",
        "selu": f"{_SELU[0]} * np.where(z > 0, z, {_SELU[1]} * np.expm1(np.minimum(z, 0)))",
        "gelu": "z * (1 + erf(z / 2**0.5)) / 2",
        "gelu_tanh": f"z * (1 + np.tanh({_ROOT_2_OVER_PI} * (z + 0.044715 * z**3))) / 2",
        "silu": "z * (1 + np.tanh(z / 2)) / 2",
        "mish": "z * np.tanh(np.logaddexp(0, z))",
        "softplus": "np.logaddexp(0, z)",
        "sigmoid": "(1 + np.tanh(z / 2)) / 2",
        "tanh": "np.tanh(z)",
        "hard_tanh": "np.clip(z, -1, 1)",
        "erf": "erf(z)",
        "softsign": "z / (1 + abs(z))",
        "arctan": "np.arctan(z)",
        "sin": "np.sin(z)",
        "hard_swish": "z * np.clip(z + 3, 0, 6) / 6",
    },
    "pytorch": {
        "linear": "z",
        "relu": "F.relu(z)",
        "leaky_relu": "F.leaky_relu(z, 0.01)",
        "elu": "F.elu(z)",
        "selu": "F.selu(z)",
        "gelu": "F.gelu(z)",
        "gelu_tanh": 'F.gelu(z, approximate="tanh")',
        "silu": "F.silu(z)",
        "mish": "F.mish(z)",
        "softplus": "F.softplus(z, threshold=40)",
        "sigmoid": "torch.sigmoid(z)",
        "tanh": "torch.tanh(z)",
        "hard_tanh": "F.hardtanh(z)",
        "erf": "torch.erf(z)",
        "softsign": "F.softsign(z)",
        "arctan": "torch.atan(z)",
        "sin": "torch.sin(z)",
        "hard_swish": "F.hardswish(z)",
    },
    "flax": {
        "linear": "z",
        "relu": "jax.nn.relu(z)",
        "leaky_relu": "jax.nn.leaky_relu(z, 0.01)",
        "elu": "jax.nn.elu(z)",
        "selu": "jax.nn.selu(z)",
        "gelu": "jax.nn.gelu(z, approximate=False)",
        "gelu_tanh": "jax.nn.gelu(z, approximate=True)",
        "silu": "jax.nn.silu(z)",
        "mish": "jax.nn.mish(z)",
        "softplus": "jax.nn.softplus(z)",
        "sigmoid": "jax.nn.sigmoid(z)",
        "tanh": "jnp.tanh(z)",
        "hard_tanh": "jax.nn.hard_tanh(z)",
        "erf": "jax.scipy.special.erf(z)",
        "softsign": "jax.nn.soft_sign(z)",
        "arctan": "jnp.arctan(z)",
        "sin": "jnp.sin(z)",
        "hard_swish": "jax.nn.hard_swish(z)",
    },
    "keras": {
        "linear": "z",
        "relu": "ops.relu(z)",
        "leaky_relu": "ops.leaky_relu(z, 0.01)",
        "elu": "ops.elu(z)",
        "selu": "ops.selu(z)",
        "gelu": "ops.gelu(z, approximate=False)",
        "gelu_tanh": "ops.gelu(z, approximate=True)",
        "silu": "ops.silu(z)",
        "mish": "z * ops.tanh(ops.softplus(z))",
        "softplus": "ops.softplus(z)",
        "sigmoid": "ops.sigmoid(z)",
        "tanh": "ops.tanh(z)",
        "hard_tanh": "ops.clip(z, -1, 1)",
        "erf": "ops.erf(z)",
        "softsign": "z / (1 + ops.abs(z))",
        "arctan": "ops.arctan(z)",
        "sin": "ops.sin(z)",
        "hard_swish": "ops.hard_swish(z)",
    },
}

#: φ′ with NumPy; Keras calls the same functions `ops.`
_DPHI: dict[str, str] = {
    "linear": "np.ones_like(z)",
    "relu": "np.where(z > 0, 1.0, 0.0)",
    "leaky_relu": "np.where(z > 0, 1.0, 0.01)",
    "elu": "np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))",
    "selu": f"{_SELU[0]} * np.where(z > 0, 1.0, {_SELU[1]} * np.exp(np.minimum(z, 0)))",
    "gelu": "(1 + erf(z / 2**0.5)) / 2 + z * np.exp(-(z**2) / 2) * 0.3989422804014327",
    "gelu_tanh": (
        f"t = np.tanh({_ROOT_2_OVER_PI} * (z + 0.044715 * z**3))\n"
        f"(1 + t) / 2 + z * (1 - t**2) / 2 * {_ROOT_2_OVER_PI} * (1 + 0.134145 * z**2)"
    ),
    "silu": "s = (1 + np.tanh(z / 2)) / 2\ns + z * s * (1 - s)",
    "mish": "t = np.tanh(np.logaddexp(0, z))\nt + z * (1 - t**2) * (1 + np.tanh(z / 2)) / 2",
    "softplus": "(1 + np.tanh(z / 2)) / 2",
    "sigmoid": "(1 - np.tanh(z / 2) ** 2) / 4",
    "tanh": "1 - np.tanh(z) ** 2",
    "hard_tanh": "np.where(abs(z) < 1, 1.0, 0.0)",
    "erf": "1.1283791670955126 * np.exp(-(z**2))",
    "softsign": "1 / (1 + abs(z)) ** 2",
    "arctan": "1 / (1 + z**2)",
    "sin": "np.cos(z)",
    "hard_swish": "np.where(abs(z) < 3, z / 3 + 0.5, np.where(z > 0, 1.0, 0.0))",
}
#: a formula's slope where no framework brings it
_DIFFERENCE = "step = 1e-6 * (1 + abs(z))\n(phi(z + step) - phi(z - step)) / (2 * step)  # a central difference, good to nine digits"

#: in formulas, activations whose second argument is a number: their heads and bodies
_WITH_PARAMETER: dict[str, tuple[str, dict[str, str]]] = {
    "leaky_relu": (
        f"leaky_relu(z, slope={LEAK})",
        {
            "numpy": "np.where(z > 0, z, slope * z)",
            "pytorch": "F.leaky_relu(z, slope)",
            "flax": "jax.nn.leaky_relu(z, slope)",
            "keras": "ops.leaky_relu(z, slope)",
        },
    ),
    "elu": (
        "elu(z, alpha=1)",
        {
            "numpy": "np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))",
            "pytorch": "F.elu(z, alpha)",
            "flax": "jax.nn.elu(z, alpha)",
            "keras": "ops.where(z > 0, z, alpha * ops.expm1(ops.minimum(z, 0)))",
        },
    ),
}
_MODULES = {"numpy": "np", "pytorch": "torch", "flax": "jnp", "keras": "ops"}
_CLIPS = {"numpy": "np.clip", "pytorch": "torch.clamp", "flax": "jnp.clip", "keras": "ops.clip"}
_LARGER = {
    "numpy": "np.{0}imum(a, b)",
    "flax": "jnp.{0}imum(a, b)",
    "keras": "ops.{0}imum(a, b)",
    "pytorch": "torch.{0}imum(torch.as_tensor(a), torch.as_tensor(b))",
}


def definitions(activation: str, framework: str, slope: bool = False) -> str:
    """The lines that define `phi`, and with `slope` also `dphi` (NumPy and Keras), two blank lines between functions.

    NumPy has no error function: where `needs_erf` says so, the script brings its own.
    """
    known = activation in ACTIVATIONS
    before, expression = ([], PHI[framework][activation]) if known else _formula(activation, framework)
    blocks = [*before, _function("phi(z)", expression)]
    if slope:
        body = _DPHI[activation] if known else _DIFFERENCE
        blocks.append(_function("dphi(z)", body if framework == "numpy" else _in_keras(body)))
    return "\n\n\n".join(blocks)


def needs_erf(activation: str) -> bool:
    """Whether the error function occurs, which NumPy does not have."""
    return "erf(" in definitions(activation, "numpy", slope=True)


def _in_keras(body: str) -> str:
    """NumPy's words in those of Keras."""
    return re.sub(r"(?<![\w.])erf\(", "ops.erf(", re.sub(r"\bnp\.", "ops.", body))


def _function(head: str, body: str) -> str:
    *before, result = body.splitlines()
    return "\n".join([f"def {head}:", *(f"    {line}" for line in before), f"    return {result}"])


def _formula(text: str, framework: str) -> tuple[list[str], str]:
    """A typed formula: the functions to define before it, and the formula itself."""
    name = lookup(text).name
    translation = _Translation(framework, name)
    tree = translation.visit(parse(name))
    return [*translation.helpers.values()], ast.unparse(ast.fix_missing_locations(tree))


class _Translation(ast.NodeTransformer):
    """A clean tree in a framework's words; what has no variable in it becomes its number, since tensors' functions refuse plain numbers."""

    def __init__(self, framework: str, text: str) -> None:
        self.framework = framework
        self.text = text
        self.helpers: dict[str, str] = {}

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and not isinstance(node, ast.Constant) and not _varies(node):
            return self._number(node)
        return super().visit(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name("z")

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id="log"), args=[ast.BinOp(left=left, op=ast.Add(), right=right)]):
                for one, other in ((left, right), (right, left)):
                    match one, other:
                        case ast.Constant(value=1), ast.Call(func=ast.Name(id="exp"), args=[u]):
                            return self.visit_Call(ast.Call(ast.Name("softplus"), [u], []))  # which does not overflow
            case ast.Call(func=ast.Name(id="where"), args=[condition, *branches]):
                return self._where(self.generic_visit(condition), *[self.visit(branch) for branch in branches])
        assert isinstance(node.func, ast.Name)  # the grammar lets nothing else through
        return ast.Call(ast.Name(self._function(node.func.id)), [self.visit(argument) for argument in node.args], [])

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        return self._where(self.generic_visit(node), ast.Constant(1.0), ast.Constant(0.0))  # not every framework multiplies by True

    def _where(self, *arguments: Any) -> ast.expr:
        return ast.Call(ast.Name(f"{_MODULES[self.framework]}.where"), [*arguments], [])

    def _function(self, name: str) -> str:
        """What the framework calls a function of the grammar; what it does not have is defined before the formula."""
        module = _MODULES[self.framework]
        if name == "abs":
            return name
        if name in ("log", "sqrt", "cos"):
            return f"{module}.{name}"
        if name == "clip":
            return _CLIPS[self.framework]
        if name in ("max", "min"):
            larger = {"max": "larger", "min": "smaller"}[name]
            self.helpers[name] = _function(f"{larger}(a, b)", _LARGER[self.framework].format(name))
            return larger
        if name == "exp":
            limited = "torch.clamp(a, max={0:.0f})" if self.framework == "pytorch" else module + ".minimum(a, {0:.0f})"
            self.helpers[name] = _function("exp(a)", f"{module}.exp({limited.format(EXP_CEILING)})  # so that nothing overflows")
            return name
        head, bodies = _WITH_PARAMETER.get(name, (f"{name}(z)", {}))
        self.helpers[name] = _function(head, bodies.get(self.framework) or PHI[self.framework][name])
        return name

    def _number(self, node: ast.expr) -> ast.expr:
        """A part without a variable: numbers as they were typed where the arithmetic is plain, else its value."""
        if not any(isinstance(part, (ast.Call, ast.Name)) for part in ast.walk(node)):
            return node
        value = float(Tape(node, self.text).evaluate(np.zeros(1))[0][0])
        return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _varies(node: ast.AST) -> bool:
    functions = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return any(isinstance(part, ast.Name) and id(part) not in functions and part.id not in CONSTANTS for part in ast.walk(node))
