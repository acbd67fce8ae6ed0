"""What a simulation costs before it is run: which map is cheaper, how many bytes, about how many seconds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from propagation.architecture import blocks, head, stem
from propagation.config import Config
from propagation.initializers import WEIGHT_LAWS
from propagation.ops import Linear, Normalize, Op, Residual, ops_within
from propagation.runtime.platform import IN_BROWSER, cores

#: a random number costs about as much as this many floating-point operations of a matrix product
DRAW = 300
#: likewise one element of everything that goes element by element in a layer: φ, φ′, moments
ELEMENT = 1500
#: operations per second of one core, for the estimate shown to a visitor; a browser's WebAssembly takes about four times as long
SPEED = 1e10 if IN_BROWSER else 4e10
#: layers are kept for the backward pass up to this many bytes for all trials at once; beyond, they are computed again
MEMORY_BYTES = 512 * 2**20

#: Trials run as one stack while their batches fit here: fewer, longer calls, still in the cache of a core. Only full stacks are
#: worth a thread each: below, two threads lose more by waiting for the interpreter than they win, and the other core is free for
#: another visitor.
STACK_BYTES = 2**20


@dataclass(frozen=True)
class Work:
    """An estimate: `bytes` at the peak, `seconds` on this machine when nobody else uses it."""

    bytes: int
    seconds: float


def work(config: Config) -> Work:
    """The memory and the time that `simulate(config)` will take, within a factor of about 2."""
    batch, concurrent = config.columns, _concurrent(config)
    groups = -(-config.trials // trials_at_once(config))
    operations, held = 0.0, 0
    for fan_in, fan_out in ((op.fan_in, op.fan_out) for op in _ops(config) if isinstance(op, Linear)):
        implicit = layer_is_implicit(config, fan_in, fan_out)
        operations += _implicit_operations(fan_in, fan_out, batch) if implicit else _dense_operations(config, fan_in, fan_out, batch)
        operations += ELEMENT * fan_out * batch
        held += 24 * batch**2 if implicit else 8 * fan_out * (fan_in + batch)
    widest = _widest(config)
    held += _memory(config) if remembers_layers(config) else 0
    bytes_each = held + 8 * 8 * widest * batch
    return Work(int(concurrent * bytes_each), operations * config.trials / min(cores(), groups) / SPEED)


def layer_is_implicit(config: Config, fan_in: int, fan_out: int) -> bool:
    """Whether this layer runs without its W: as `method` insists, else whatever takes fewer operations."""
    if config.shared_blocks:
        return False
    if config.method != "auto" or not WEIGHT_LAWS[config.weight_law].has_implicit_map:
        return config.method == "implicit"
    return _implicit_operations(fan_in, fan_out, config.columns) < _dense_operations(config, fan_in, fan_out, config.columns)


def networks_at_once(config: Config) -> int:
    """How many networks can be stacked into one array."""
    return max(1, STACK_BYTES // (8 * _widest(config) * config.columns))


def trials_at_once(config: Config) -> int:
    """How many trials are stacked into one array."""
    return min(networks_at_once(config), config.trials)


def remembers_layers(config: Config, alike: int = 1) -> bool:
    """Whether h and φ′(z) of all layers are kept between the passes (else they are computed again from the noise).

    `alike`: how many configs run as one that differ in numbers alone. A stream is a sum that no single layer gives again: it is kept.
    """
    return any(isinstance(op, Residual) for op in _ops(config)) or _memory(config) * _concurrent(config, alike) <= MEMORY_BYTES


def _concurrent(config: Config, alike: int = 1) -> int:
    """How many networks are in memory at once."""
    return min(config.trials * alike, networks_at_once(config) * cores())


def _memory(config: Config) -> int:
    numbers = sum(op.fan_out for op in _ops(config) if isinstance(op, Linear))
    normalized = sum(config.widths[-1] for op in _ops(config) if isinstance(op, Normalize))
    return config.columns * (16 * numbers + 8 * normalized)


@lru_cache(maxsize=64)
def _ops(config: Config) -> list[Op]:
    """All ops of a network, those of branches among them."""
    return [op for block in (stem(config), *blocks(config), head(config)) for op in ops_within(block)]


def _widest(config: Config) -> int:
    """The largest layer, inputs and hidden layers of branches among them."""
    return max(config.widths[0], *(op.fan_out for op in _ops(config) if isinstance(op, Linear)))


def _implicit_operations(fan_in: int, fan_out: int, batch: int) -> float:
    """Six products with a Gram-sized matrix, the noise of two sides, the factors of the Gram matrices."""
    rows = fan_in + fan_out
    return 6 * rows * batch**2 + DRAW * rows * batch + 20 * batch**3


def _dense_operations(config: Config, fan_in: int, fan_out: int, batch: int) -> float:
    """Two products with W, and drawing it; an orthogonal W is drawn by a QR decomposition."""
    orthonormalize = 4 * min(fan_in, fan_out) if config.weight_law == "orthogonal" else 0
    return fan_in * fan_out * (4 * batch + DRAW + orthonormalize)
