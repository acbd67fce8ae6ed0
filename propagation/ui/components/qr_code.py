"""QR code: a link to be projected, black on white in every theme."""

from __future__ import annotations

import streamlit as st

from propagation import qr
from propagation.ui.components.mount import mount


def qr_code(link: str, key: str) -> None:
    """Show the link as a QR code, with a button that fills the screen with it; a link too long for one is told of."""
    try:
        squares = qr.encode(link)
    except ValueError as error:
        st.info(f"This link is too long for a QR code: {error}.", icon=":material/qr_code:")
        return
    data = {"path": qr.outline(squares), "size": len(squares) + 2 * qr.QUIET, "alt": f"QR code of {link}", "words": link}
    mount("qr_code", key, html='<div class="code"></div>', data=data)
