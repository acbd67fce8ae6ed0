"""Image export: the charts of a page saved as PNG or SVG by the Plotly that is in the visitor's browser already."""

from __future__ import annotations

from propagation.ui.components.mount import mount

_BUTTONS = """
<div class="pictures">
  <button data-format="png" title="Twice the size on the screen, on the page's own ground."><i aria-hidden="true">download</i>PNG</button>
  <button data-format="svg" title="Sharp at every size, for print and for drawing programs."><i aria-hidden="true">download</i>SVG</button>
  <span role="status"></span>
</div>
"""


def save_buttons() -> None:
    """Draw two buttons that save every chart of the page."""
    mount("save_buttons", "save_buttons", html=_BUTTONS, files="image_export", width="content")
