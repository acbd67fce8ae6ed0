"""Block picture: a drawing of one layer, in the colours of the page."""

from __future__ import annotations

from propagation.architecture import blocks
from propagation.charts.block_picture import block_svg
from propagation.config import Config
from propagation.ui.components.mount import mount


def block_picture(config: Config) -> None:
    """Show what one layer of this network does."""
    mount("block_picture", "block_picture", html='<div class="block"></div>', data={"svg": block_svg(blocks(config)[0])})
