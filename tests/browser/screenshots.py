"""Pictures of the app for the README and for a look at every page: light, dark and on a phone.

python tests/browser/screenshots.py                 # the README's picture
python tests/browser/screenshots.py --all FOLDER    # every page in every appearance
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import ROOT, launched_browser, running_app
from playwright.sync_api import Page

README_PICTURE = ROOT / "assets" / "screenshots" / "explore.png"
APPEARANCES = {
    "light": {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "is_mobile": True, "has_touch": True},
}


def pages(page: Page, address: str) -> list[str]:
    """The paths of all pages, as the menu of the app links to them."""
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot", timeout=60_000)
    paths = {""}
    for menu in page.get_by_test_id("stTopNavSection").all():
        menu.click()
        paths |= {link.get_attribute("href").removeprefix(address).strip("/") for link in page.get_by_role("menuitem").all()}
        page.keyboard.press("Escape")
    return sorted(paths)


def take(page: Page, address: str, path: str, file: Path) -> None:
    page.goto(f"{address}/{path}")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning] .js-plotly-plot", timeout=120_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=file)
    print(file)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--all", type=Path, metavar="FOLDER")
    folder = arguments.parse_args().all
    with running_app() as address, launched_browser() as browser:
        if folder is None:
            take(browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light").new_page(), address, "", README_PICTURE)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            paths = pages(browser.new_context(**APPEARANCES["light"]).new_page(), address)
            for name, appearance in APPEARANCES.items():
                for path in paths:
                    take(browser.new_context(**appearance).new_page(), address, path, folder / f"{path or 'explore'}-{name}.png")
