"""Two networks: a digit on its way through two networks and the gradient on its way back, one of them under a slider.

The page draws every frame from one table; the server hears of the slider when it is let go.
"""

from __future__ import annotations

import base64
import json
import zlib
from functools import cache

import numpy as np
import streamlit as st

from propagation.labs.reading import Reading, pictured
from propagation.labs.reading_text import backward, forward, in_words, mark
from propagation.ui.components.mount import mount, nothing

_KEY = "two_networks"
#: activations from −1 to 1 and ink from 0 to 1 are sent in so many steps; half of them is 0
_STEPS = 248


def two_networks(reading: Reading, fixed: int, first: int, labels: dict[str, str]) -> None:
    """Show the network at the place `fixed` beside the one at the slider, at first at `first`; `labels` are the words of the picture."""
    mount(_KEY, _KEY, html='<div class="stage"></div>', data=table(reading, fixed, first, tuple(labels.items())), on_place_change=nothing)


def place_chosen(first: int, places: int) -> int:
    """Return at which of so many places the slider was let go last."""
    said = getattr(st.session_state.get(_KEY), "place", None)
    return int(said) if isinstance(said, (int, float)) and 0 <= said < places else first


@cache
def table(reading: Reading, fixed: int, first: int, labels: tuple[tuple[str, str], ...]) -> bytes:
    """Return all that the page draws from, once."""
    contents = {
        "fixed": fixed,
        "first": first,
        "values": [round(float(value), 3) for value in reading.values],
        "pictured": list(pictured(reading.neurons.shape[2])),
        "steps": _STEPS,
        "digits": [int(label) for label in reading.labels],
        "pictures": _bytes(reading.pictures),
        "neurons": _bytes((reading.neurons + 1) / 2),
        "shape": reading.neurons.shape,
        "gradient": [[round(float(size), 2) for size in sizes] for sizes in reading.log10_gradient],
        "words": [
            {
                "forward": forward(reading, place),
                "backward": backward(reading, place),
                "all": in_words(reading, place),
                "mark": mark(reading, place),
            }
            for place in range(len(reading.values))
        ],
        "labels": dict(labels),
    }
    return zlib.compress(json.dumps(contents, separators=(",", ":")).encode())


def _bytes(shares: np.ndarray) -> str:
    """Return numbers from 0 to 1 as one byte each."""
    return base64.b64encode(np.round(_STEPS * shares).astype(np.uint8).tobytes()).decode()
