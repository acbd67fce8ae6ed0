"""Reconnect: after the server was away, the page is drawn anew from its address before anything is moved.

Streamlit's own pages wait for the next move, and a server that was started again, which knows nothing of the visit but the address, takes
that move for where the slider stood: it would jump back. Some editions of Streamlit do not tell of Back and Forward either.

With it come what is the same on every page: notices.js and back_steps.js.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from propagation.ui.components.mount import mount, nothing

_KEY = "reconnect"
#: Streamlit hands on no parameter of an address that has more
MOST_PARAMETERS = 1000


def prepare(gone_to: Callable[[str], None] | None, unread: Callable[[int], None]) -> None:
    """Watch the connection of this page. Draws nothing; belongs at the end of a page.

    `unread` is told how many parameters an address has of which none is handed on, since they are too many: once.

    `gone_to` is told the parameters of an address that Back or Forward has led to; None where Streamlit's page tells of them.
    """
    # of another page it has other data, so that the script runs again there
    heard = (lambda: gone_to(st.session_state[_KEY].address)) if gone_to else nothing
    mount(
        "reconnect",
        _KEY,
        data={"tells": gone_to is None, "page": st.context.url, "most": MOST_PARAMETERS},
        on_back_change=nothing,
        on_address_change=heard,
        on_unread_change=lambda: unread(st.session_state[_KEY].unread),
    )
