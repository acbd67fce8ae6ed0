"""Reconnect: after the server was away, the page is drawn anew from its address before anything is moved.

Streamlit's own pages wait for the next move, and a server that was started again, which knows nothing of the visit but the address, takes
that move for where the slider stood: it would jump back.
"""

from __future__ import annotations

from propagation.ui.components.mount import mount, nothing


def prepare() -> None:
    """Watch the connection of this page. Draws nothing; belongs at the end of a page."""
    mount("reconnect", "reconnect", on_back_change=nothing)
