"""Table: what every script measures and prints, the same in all frameworks: sizes of every signal in every layer, as log10."""

from __future__ import annotations

from propagation.architecture import is_coupled, signals_of
from propagation.config import Config
from propagation.export.code.branches import maps_of_branch
from propagation.export.code.settings import fill

#: what the table calls each signal
_HEADS = {"z": "z", "h": "h", "delta": "delta", "weight_gradient": "dC/dW", "stream": "x", "stream_gradient": "dC/dx"}

#: sizes that stay numbers far outside the range of floats, for arrays with the neurons along one axis
_LOG10_SIZE = '''
def log10_size(*vectors):
    """log10 of the mean over inputs of the product of mean squares; scaled first, so that no square leaves the floats."""
    largest = [abs(v).max() for v in vectors]
    if not all(0 < size < np.inf for size in largest):
        return -np.inf if 0 in largest else np.inf
    squares = [((v / size) ** 2).mean(axis=$axis) for v, size in zip(vectors, largest)]
    return 2 * np.log10(largest).sum() + np.log10(np.prod(squares, axis=0).mean())
'''
_TABLE = """
sizes = np.array([$measure])  # (DRAWS, $rows, layers)
print("layer$heads")
for layer, row in enumerate(np.median(sizes, axis=0).T, start=1):
    print(f"{layer:5d}", *(f"{size:7.2f}" for size in row))
"""
_SIZES = """
@of_maps
return [
    [log10_size(z) for z in zs],
    [log10_size(h) for h in hs],
    [log10_size(delta) for delta in deltas],
    @weight_gradient
    @streams
]
"""
_STREAMS = "[log10_size(x) for x in streams],\n[log10_size(gradient) for gradient in stream_gradients],"
#: both maps of a branch have as many weights
_OF_MAPS = """
of_W1 = [$first for delta, x in zip(deltas, ins)]$why
of_W2 = [$second for gradient, h in zip(y_gradients, hs)]
"""
_MEAN = "np.logaddexp(np.log(10) * np.array(of_W1), np.log(10) * np.array(of_W2)) / np.log(10) - np.log10(2),  # of all weights"


def table_pieces(config: Config, axis: int, measure: str = "measure(x) for _ in range(DRAWS)") -> dict[str, str]:
    """Return the pieces that measure and print: `log10_size`, `lists` and `gradients` of signals, `sizes` of them, and `table`.

    `axis` is that of the neurons: where it is 0 an input is a column, else a row; a convolution has channels and positions in its place.
    """
    signals = signals_of(config)
    two, has_stream = len(maps_of_branch(config)) == 2, "stream" in signals
    heads = [_HEADS[name] for name in signals]
    return {
        "log10_size": fill(_LOG10_SIZE, axis="(1, 2)" if config.architecture == "convolution" else str(axis)),
        "lists": ", ".join(["ins", "zs", "hs", *["streams"] * has_stream]),
        "gradients": ", ".join(["deltas", *["y_gradients"] * two, *["stream_gradients"] * has_stream]),
        "signals": f"{', '.join(heads[:-1])} and {heads[-1]}",
        "rows": str(len(signals)),
        "sizes": _sizes(config, axis),
        "table": fill(_TABLE, measure=measure, rows=str(len(signals)), heads="".join(f"{head:>8}" for head in heads)),
    }


def empty(lists: str) -> str:
    """Return as many empty lists as these names."""
    return ", ".join(["[]"] * len(lists.split(", ")))


def _sizes(config: Config, axis: int) -> str:
    """The body that returns the sizes of all signals."""
    two = len(maps_of_branch(config)) == 2
    first, why = _weight_gradient(config, axis, "delta", "x")
    return fill(
        _SIZES,
        of_maps=fill(_OF_MAPS, first=first, second=_weight_gradient(config, axis, "gradient", "h")[0], why=why) if two else "",
        weight_gradient=_MEAN if two else f"[{first} for delta, x in zip(deltas, ins)],{why}",
        streams=_STREAMS if "stream" in signals_of(config) else "",
    )


def _weight_gradient(config: Config, axis: int, delta: str, x: str) -> tuple[str, str]:
    """The size of the gradient of one map, and the comment that says what it is. A convolution has a function for it."""
    if config.architecture == "convolution":
        return f"log10_size(weight_gradient({delta}, {x}))", ""
    if is_coupled(config):
        product = f"{delta} @ {x}.T" if axis == 0 else f"{delta}.T @ {x}"
        return f"log10_size({product})", "  # summed over inputs, which batch norm couples"
    return f"log10_size({delta}, {x})", f"  # of one input: the outer product of {delta} and {x}, what W was given"
