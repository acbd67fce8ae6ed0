"""Reference values: computed to about 16 digits by two independent methods each (30-digit quadrature, closed forms)."""

import json
from pathlib import Path

_ROWS = json.loads((Path(__file__).parent / "reference.json").read_text())
_NAMES = {"leaky_relu_0.01": "leaky_relu"}


def rows(kind: str) -> list[dict]:
    """The reference values of one kind, with our names of activations."""
    found = [dict(row, act=_NAMES.get(row["act"], row["act"])) for row in _ROWS if row["kind"] == kind]
    assert found, f"no reference values of kind {kind}"
    return found


def label(row: dict) -> str:
    """A short name of a row for the test's id."""
    return "-".join(str(row[key]) for key in ("act", "sigma_w2", "sigma_b2", "q", "c", "name", "n") if key in row)
