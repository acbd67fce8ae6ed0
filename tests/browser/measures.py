"""Fonts and folds of every page: how small its type is, where its first chart ends, and how much there is to read at first sight.

python -m tests.browser.measures                    # every page in three windows
python -m tests.browser.measures race lesson?step=2.1 # these only, each with what follows in its address
"""

from __future__ import annotations

import argparse

from playwright.sync_api import Page

from propagation.ui.components.streamlit_page import CONTENT, IDLE, MAIN
from propagation.ui.pages import PAGES
from tests.browser.conftest import CHART, launched_browser, running_app

WINDOWS = ((1280, 720), (1920, 1080), (390, 844))
#: where a page opens before it is in the midst of it
QUERIES = {"papers": "?paper=glorot"}
#: what is measured, in pixels, and the words beside the controls that are seen without scrolling
MEASURE = f"""() => {{
    const [main, content] = ['{MAIN}', '{CONTENT}'].map(part => document.querySelector(part));
    const boxes = [...document.querySelectorAll('.js-plotly-plot, .net')].map(chart => chart.getBoundingClientRect());
    const first = boxes.filter(({{ width }}) => width)[0];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const sizes = {{ page: [], charts: [] }};
    let words = 0;
    while (texts.nextNode()) {{
        const text = texts.currentNode, element = text.parentElement;
        if (!text.data.trim() || element.closest('script, style, .katex-mathml, [role=img], [aria-hidden=true] .katex-html')) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const {{ top, bottom, width }} = range.getBoundingClientRect();
        if (!width || !element.checkVisibility({{ visibilityProperty: true, opacityProperty: true }})) continue;
        const isIndex = element.closest('sub, sup, .katex, [baseline-shift]') || element.matches('tspan[dy]');
        if (!isIndex) (sizes[element.closest('svg') ? 'charts' : 'page']).push(parseFloat(getComputedStyle(element).fontSize));
        const isSeen = top >= 0 && bottom <= innerHeight && content.contains(element) && !element.closest('svg, code');
        if (isSeen) words += text.data.trim().split(/\\s+/).filter(word => /[\\p{{L}}\\p{{N}}]/u.test(word)).length;
    }}
    const least = all => all.length ? Math.min(...all) : 0;
    return [first?.top ?? 0, first?.bottom ?? 0, main.scrollHeight - main.clientHeight, least(sizes.page), least(sizes.charts), words];
}}"""


def measured(page: Page, address: str, path: str) -> list[float]:
    """Open a page, wait until it has come to rest, and return what MEASURE says."""
    slug = path.split("?")[0]
    query = path[len(slug) :] or QUERIES.get(slug, "")
    page.goto(f"{address}/{slug if slug != 'start' else ''}{query}")
    page.wait_for_selector(CHART)
    page.wait_for_timeout(1500)
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(500)
    return page.evaluate(MEASURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", default=[page.slug for page in PAGES], metavar="PAGE")
    arguments = parser.parse_args()
    print(f"{'page':16}{'window':>12}{'chart from':>12}{'to':>7}{'to scroll':>11}{'type':>7}{'charts':>8}{'words':>7}")
    with running_app() as address, launched_browser() as browser:
        for path in arguments.pages:
            for width, height in WINDOWS:
                phone = {"is_mobile": True, "has_touch": True} if width < 500 else {}
                context = browser.new_context(viewport={"width": width, "height": height}, **phone)
                context.set_default_timeout(120_000)
                top, bottom, scroll, least, chart, words = measured(context.new_page(), address, path)
                window = f"{width} × {height}"
                print(f"{path:16}{window:>12}{top:12.0f}{bottom:7.0f}{scroll:11.0f}{least:7.1f}{chart:8.1f}{words:7}", flush=True)
                context.close()


if __name__ == "__main__":
    main()
