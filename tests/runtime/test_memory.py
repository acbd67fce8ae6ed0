"""Freed memory is used again: a run takes hardly a page from the system that the runs before it have had."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

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
