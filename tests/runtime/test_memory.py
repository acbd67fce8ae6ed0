"""Freed memory is used again: a run takes hardly a page from the system that the runs before it have had."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from propagation.runtime import memory
from propagation.runtime.memory import empty, large_arrays_reused

ROOT = Path(__file__).parents[2]
FEW_PAGES = 500
#: page faults of one simulation after four that warm up
MEASURE = """
import resource
from propagation import Config, simulate
def faults(weight_variance):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    simulate(Config(depth=20, width=256, inputs=64, trials=4, weight_variance=weight_variance))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print([faults(1.5 + 0.1 * run) for run in range(5)][-1])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_a_run_uses_the_memory_of_the_runs_before_it_unless_the_environment_says_otherwise():
    def faults(**settings: str) -> int:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        command = [sys.executable, "-c", MEASURE]
        return int(subprocess.run(command, cwd=ROOT, env=environment | settings, capture_output=True, text=True, check=True).stdout)

    assert faults() < FEW_PAGES
    assert faults(MALLOC_MMAP_THRESHOLD_=str(2**17)) > 2 * FEW_PAGES


LARGE = (1, 5_000_000, 1)


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_a_large_array_has_the_memory_of_one_that_is_gone():
    with large_arrays_reused():
        first = empty(LARGE, float)
        view, place = first[:, 7:9], address(first)
        first[...] = 1.0
        del first
        second = empty(LARGE, float)
        second[...] = 2.0
        assert address(second) != place and (view == 1.0).all()  # a view of the first is left
        del view
        third = empty(LARGE, float)
        assert address(third) == place
        assert address(empty(LARGE, np.float32)) != place
        del third
    assert memory._free == []


def test_no_memory_waits_for_nobody():
    array = empty(LARGE, float)
    del array
    assert memory._free == []


def test_memory_that_waits_is_limited():
    with large_arrays_reused():
        arrays = [empty(LARGE, float) for _ in range(10)]
        del arrays
        assert 0 < sum(map(len, memory._free)) <= memory._LARGE_KEPT
