"""The same networks under other kernels of OpenBLAS, those of other processors: by how much sizes differ, in decades.

    python tests/benchmarks/kernels.py                     # every kernel that this processor can run, beside its own
    python tests/benchmarks/kernels.py Haswell Prescott    # these

Of E[x²] of every signal of every layer: the largest difference of the median over 8 networks, and of a single network.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.linalg._umath_linalg as lapack_module

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config, simulate

KERNELS = ("Haswell", "SkylakeX", "Cooperlake", "Zen", "Sandybridge", "Nehalem", "Prescott")
HE = {"scheme": "he", "bias_variance": 0.0}
EXPERIMENTS = {
    "default": {},
    "ReLU 500 × 64": {"activation": "relu", "depth": 500, "width": 64, **HE},
    "ReLU 1,000 × 128": {"activation": "relu", "depth": 1000, "width": 128, **HE},
    "GELU 100 × 256": {"activation": "gelu", "depth": 100, "width": 256, **HE},
    "GELU 256 × 100": {"activation": "gelu", "depth": 256, "width": 100, **HE},
    "GELU 1,000 × 128": {"activation": "gelu", "depth": 1000, "width": 128, **HE},
    "GELU 1,000 × 128, σ_w² 1.5": {"activation": "gelu", "depth": 1000, "width": 128},
    "GELU 300 × 64, LSUV": {"activation": "gelu", "depth": 300, "width": 64, "scheme": "lsuv"},
    "tanh 1,000 × 128": {"activation": "tanh", "depth": 1000, "width": 128},
    "tanh 500 × 64, σ_w² 1": {"depth": 500, "width": 64, "weight_variance": 1.0, "bias_variance": 0.0},
    "ReLU 300 × 64, orthogonal": {"activation": "relu", "depth": 300, "width": 64, "weight_law": "orthogonal", **HE},
    "ReLU 300 × 64, cross-entropy": {"activation": "relu", "depth": 300, "width": 64, "cost": "cross_entropy", **HE},
    "ReLU 300 × 64, layer norm": {"activation": "relu", "depth": 300, "width": 64, "normalization": "layer", **HE},
    "ReLU 300 × 64, residual": {"activation": "relu", "depth": 300, "width": 64, "architecture": "residual", **HE},
    "the same, layer norm": {"activation": "relu", "depth": 300, "width": 64, "architecture": "residual", "normalization": "layer", **HE},
    "the same, batch norm": {"activation": "relu", "depth": 300, "width": 64, "architecture": "residual", "normalization": "batch", **HE},
}


def measured(names: Sequence[str]) -> dict[str, dict[str, list]]:
    """log10 E[x²] of each signal of these experiments, (trials, depth)."""
    found = {}
    for name in names:
        trace = simulate(Config(**EXPERIMENTS[name]))
        found[name] = {signal: of.log10_second_moment.tolist() for signal, of in trace.signals.items()}
    return found


def kernel() -> str:
    """The kernel that OpenBLAS uses in this process; empty with another BLAS."""
    name = getattr(ctypes.CDLL(lapack_module.__file__), "scipy_openblas_get_corename64_", None)
    if name is None:
        return ""
    name.restype = ctypes.c_char_p
    return name().decode()


def under(asked: str, names: Sequence[str]) -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    """(the kernel used, what `measured` finds) of a process of its own that is asked to use this kernel, or its own where empty."""
    environment = os.environ | ({"OPENBLAS_CORETYPE": asked} if asked else {})
    command = [sys.executable, __file__, "--measure", json.dumps(list(names))]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    used, found = json.loads(answer)
    return used, {name: {signal: np.array(sizes) for signal, sizes in signals.items()} for name, signals in found.items()}


def others() -> list[str]:
    """What to ask for to have each kernel beside its own that this processor can run; some names stand for one kernel."""
    found = {kernel(): ""}
    for name in KERNELS if kernel() else ():
        found.setdefault(under(name, ())[0], name)
    return [name for name in found.values() if name]


def differences(own: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> tuple[float, float]:
    """The largest difference of medians over networks, and of single networks, in decades; inf where a signal is gone in one alone."""
    medians, singles = [], []
    for signal, sizes in own.items():
        with np.errstate(invalid="ignore"):
            single = np.where(sizes == other[signal], 0.0, np.abs(sizes - other[signal]))
            median = np.abs(np.median(sizes, axis=0) - np.median(other[signal], axis=0))
        singles.append(single.max())
        medians.append(median[np.isfinite(sizes).all(axis=0)].max(initial=0.0))
    return float(max(medians)), float(max(singles))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("kernels", nargs="*")
    arguments.add_argument("--measure", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.measure is not None:
        print(json.dumps([kernel(), measured(json.loads(given.measure))]))
        return
    names = list(EXPERIMENTS)
    own, found = under("", names)
    rivals = given.kernels or others()
    print(f"beside {own}: median, single network{'':>13}" + "".join(f"{rival:>20}" for rival in rivals))
    beside = [under(rival, names)[1] for rival in rivals]
    for name in names:
        columns = [differences(found[name], other[name]) for other in beside]
        print(f"{name:<48}" + "".join(f"{median:>10.1e}{single:>10.1e}" for median, single in columns), flush=True)


if __name__ == "__main__":
    main()
