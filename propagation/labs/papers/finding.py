"""Finding: what one paper's experiment gave here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """`numbers`, by the names that the data file of published numbers has for them, and `evidence`, from which the figure is drawn."""

    numbers: dict[str, float]
    evidence: Any
