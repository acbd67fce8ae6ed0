"""Screen: the page in its window: type that grows with it, one control at a time at its lower edge on a phone, and the same in a hall.

A presentation has large type, one screen without scrolling, and a QR code of the experiment in a corner. Keys: Page Up and Page Down lead
to the pages before and after, ↑ and ↓ to another control, ← and → move it, Escape ends, Alt+P begins and ends.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from propagation import qr
from propagation.ui.components.mount import mount

_KEY = "screen"


def fit(presents: bool, first: str, link: str, settings: str, on_present: Callable[[bool], None], on_turn: Callable[[int], None]) -> None:
    """Fit the page into its window. The control of the key `first` is the one that is seen first.

    `settings` are what the charts of this page are of, in words, for those that are saved as pictures; empty where that is something else.
    `on_present` is told whether to present, `on_turn` how many pages to go on. `link` is what the code in the corner leads to.
    """
    # of another page it has other data, so that the script runs again there
    data: dict[str, object] = {"presents": presents, "first": first, "settings": settings, "page": st.context.url}
    if presents:
        try:
            squares = qr.encode(link)
            data |= {"path": qr.outline(squares), "size": len(squares) + 2 * qr.QUIET, "alt": f"QR code of {link}"}
        except ValueError:  # too long for one: the link can still be shared
            pass

    def asked() -> None:
        wish = getattr(st.session_state.get(_KEY), "asked", None)
        if not isinstance(wish, dict):
            return
        if isinstance(wish.get("presents"), bool):
            on_present(wish["presents"])
        elif wish.get("pages") in (-1, 1):
            on_turn(int(wish["pages"]))

    mount(_KEY, _KEY, isolated=False, data=data, on_asked_change=asked)
