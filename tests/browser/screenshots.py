"""Pictures of every page in light, in dark and on a phone, for the README and for a look at all of them.

python -m tests.browser.screenshots                     # all, into assets/screenshots
python -m tests.browser.screenshots explore phase       # these pages only
python -m tests.browser.screenshots --into FOLDER
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from propagation.ui.components.streamlit_page import IDLE
from propagation.ui.pages import PAGES
from tests.browser.conftest import CHART, ROOT, launched_browser, running_app

SCREENSHOTS = ROOT / "assets" / "screenshots"
DESK = {"width": 1440, "height": 1000}
APPEARANCES = {
    "light": {"viewport": DESK, "color_scheme": "light"},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "is_mobile": True, "has_touch": True},
}
#: where a page opens far from what it is about, an address that is in the midst of it
QUERIES = {"trainability": "?weight_variance=1.75&depth=32"}
#: where a page waits for a click, the button, and the one that appears when all is done
CLICKS = {"lesson": ("Show me", "Ask me again"), "race": ("Start", "Start again")}


def take(page: Page, address: str, path: str, file: Path) -> None:
    """One picture, of a page that has come to rest, in few colours."""
    page.goto(f"{address}/{path if path != 'start' else ''}{QUERIES.get(path, '')}")
    page.wait_for_selector(CHART)
    page.wait_for_timeout(500)
    if path in CLICKS:
        button, done = CLICKS[path]
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_role("button", name=done).wait_for()
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    few_colours(picture).save(file, optimize=True)
    print(f"{file.stat().st_size / 1024:6.0f} KB  {file}", flush=True)


def few_colours(picture: Image.Image) -> Image.Image:
    """The picture in 256 colours: its own most frequent ones, then those most unlike all before, so that no small mark loses its hue."""
    pixels = np.asarray(picture).reshape(-1, 3)
    colours, which, counts = np.unique(pixels @ [65536, 256, 1], return_inverse=True, return_counts=True)
    colours = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    frequent = np.argsort(counts)[::-1]
    chosen: list[int] = []
    nearest, distance = np.zeros(len(colours), np.uint8), np.full(len(colours), np.inf)
    while len(chosen) < min(256, len(colours)):
        place = int(frequent[len(chosen)] if len(chosen) < 128 else np.argmax(distance))
        own = np.sum((colours - colours[place]) ** 2, axis=1)
        nearest[own < distance], distance = len(chosen), np.minimum(distance, own)
        chosen.append(place)
    reduced = Image.fromarray(nearest[which].reshape(picture.height, picture.width), "P")
    reduced.putpalette(colours[chosen].astype(np.uint8).tobytes())
    return reduced


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", default=[page.slug for page in PAGES], metavar="PAGE")
    parser.add_argument("--into", type=Path, default=SCREENSHOTS, metavar="FOLDER")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    with running_app() as address, launched_browser() as browser:
        for path in arguments.pages:
            for name, appearance in APPEARANCES.items():
                context = browser.new_context(**appearance)
                take(context.new_page(), address, path, arguments.into / f"{path}-{name}.png")
                context.close()


if __name__ == "__main__":
    main()
