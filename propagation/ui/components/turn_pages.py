"""Turn pages: arrow keys and a presenter's clicker press the buttons of a page that goes from screen to screen."""

from __future__ import annotations

from propagation.ui.components.mount import mount


def turn_pages(step: str, *, back: str, following: str, show: str) -> None:
    """Let ← and Page Up press the button in the container of the key `back`, → that of `following`, and Page Down that of `show` first.

    Nothing happens while a slider or another control that has its own use for these keys has the focus. Another `step` is seen from its
    top. Draws nothing.
    """
    mount("turn_pages", "turn_pages", data={"step": step, "back": back, "next": following, "show": show})
