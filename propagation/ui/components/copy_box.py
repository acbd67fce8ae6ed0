"""Copy box: a text, and a button that copies it."""

from __future__ import annotations

from propagation.ui.components.mount import mount

_HTML = '<div class="copier"><div class="text" tabindex="0" role="textbox" aria-readonly="true"></div><button></button></div>'


def copy_box(text: str, label: str, what: str, key: str) -> None:
    """Show a text in a box, with a button of this label that copies it; `what` names the text to screen readers."""
    mount("copy_box", key, html=_HTML, data={"text": text, "label": label, "what": what})
