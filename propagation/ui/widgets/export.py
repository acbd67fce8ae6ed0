"""Take away: the experiment as numbers, pictures and code. Nothing is made before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from propagation.charts.theme import palette
from propagation.config import Config
from propagation.diagnosis import diagnose
from propagation.export import page, words
from propagation.export.code import FRAMEWORKS, snippet
from propagation.export.numbers import table, to_csv, to_json
from propagation.runtime.platform import IN_BROWSER
from propagation.ui.components.image_export import save_buttons
from propagation.ui.session import experiment
from propagation.ui.widgets.page_header import appearance
from propagation.ui.widgets.panels import panel

_NAME = "signal-propagation"


@dataclass(frozen=True)
class _File:
    """A button that makes a file when it is clicked."""

    label: str
    ending: str
    mime: str
    help: str
    make: Callable[[], str]


def draw(config: Config, trace, prediction, figures: Mapping[str, Callable[[], go.Figure]]) -> None:
    """Draw a folded panel. `figures`, drawn when asked for, become stand-alone pages; PNG and SVG are of every chart on the page."""
    folded = st.expander("Take away", key="takeaway", on_change="rerun")
    if not folded.open:
        return
    link, shown = experiment.link(), appearance()
    files = [
        _File(
            "CSV",
            "csv",
            "text/csv",
            "For a spreadsheet, pandas or R. Lines that begin with # say what it is.",
            lambda: to_csv(table(trace, prediction, link)),
        ),
        _File(
            "JSON",
            "json",
            "application/json",
            "The same, with the experiment, versions and what every column means.",
            lambda: to_json(table(trace, prediction, link)),
        ),
    ]
    pages = [
        _File(
            "HTML" if len(figures) == 1 else f"HTML: {what}",
            "html",
            "text/html",
            "One page with the chart still alive: hover, zoom, save. 4.5 MB, no network needed.",
            partial(_page, config, trace, prediction, figure, link, shown),
        )
        for what, figure in figures.items()
    ]
    with folded:
        left, right = st.columns(2, gap="medium")
        with left, panel("The files"):
            st.markdown("**Numbers**  \nOne row a layer: medians, means, the band and the theory, as log10.")
            _buttons(files)
        with right, panel("The pictures"):
            st.markdown("**Picture**  \nFor a slide, for print, or as a page that works offline.")
            with st.container(horizontal=True, gap="small"):
                save_buttons()
                _buttons(pages)
        with panel("The code"):
            st.markdown("**Code**  \nDraws this initialization and measures these curves: other random numbers, the same law.")
            _code(config)


def _buttons(files: list[_File]) -> None:
    with st.container(horizontal=True, gap="small"):
        for file in files:
            # a browser has no thread to make a file in while a click waits, and takes Plotly from its public address
            st.download_button(
                file.label,
                file.make() if IN_BROWSER else file.make,
                f"{_NAME}.{file.ending}",
                file.mime,
                key=f"take_{file.label}",
                help=file.help,
                icon=":material/download:",
                on_click="ignore",
            )


def _page(config: Config, trace, prediction, figure: Callable[[], go.Figure], link: str, shown: str) -> str:
    return page.page(
        figure(),
        title=diagnose(trace, prediction).headline,
        settings=words.settings(config),
        link=link,
        name=_NAME,
        colours=palette(shown),
        plotly_js=page.ONLINE if IN_BROWSER else page.INSIDE,
    )


def _code(config: Config) -> None:
    """Draw one tab a framework, each with a script to copy."""
    for tab, framework in zip(st.tabs([framework.label for framework in FRAMEWORKS.values()]), FRAMEWORKS.values(), strict=True):
        with tab:
            if problem := framework.why_not(config):
                st.caption(problem)
                continue
            st.caption(f"{framework.sentence} Needs `{'`, `'.join(framework.packages)}`.")
            st.code(snippet(config, framework.name), language="python", height=420)
