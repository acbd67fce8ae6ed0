"""Gallery: reports that ship with the app, each measured from a network of a library at random initialization."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from propagation.assets import asset
from propagation.reports.read import read
from propagation.reports.report import Report

FOLDER = "reports"
#: the one that the page opens with
FIRST = "mlp"
#: what a report calls its model, which stands at its beginning, and the characters looked through for it
_MODEL = re.compile(r'"model":\s*("(?:[^"\\]|\\.)*")')
_HEAD = 1_000


@lru_cache(maxsize=1)
def examples() -> dict[str, str]:
    """Return name of a file in `assets/reports` → what its report calls the network, FIRST first, then by their names."""
    found = {}
    for path in sorted(asset(FOLDER).glob("*.json"), key=lambda path: (path.stem != FIRST, path.stem)):
        with path.open(encoding="utf-8") as file:
            said = _MODEL.search(file.read(_HEAD))
        found[path.stem] = json.loads(said[1]) if said else path.stem
    return found


@lru_cache(maxsize=4)
def example(name: str) -> Report:
    """Return one of them."""
    return read(asset(f"{FOLDER}/{name}.json").read_text(encoding="utf-8"))
