"""Platform: what this process runs on, a server or a visitor's own browser, and how many cores it may use."""

from __future__ import annotations

import os
import sys
from functools import cache

#: whether this is Python in a visitor's browser (Pyodide on WebAssembly), which is slower and has one thread
IN_BROWSER = sys.platform == "emscripten"


@cache
def cores() -> int:
    """Return how many threads run at once here: the cores this process may use; 1 in a browser."""
    if IN_BROWSER:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
