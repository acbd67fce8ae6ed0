"""Measured: one more column of a comparison, a network of a library or of the visitor's own, as the page "Your network" has it."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from propagation.charts.measured import GLYPH, Measured
from propagation.formatting import factor, from_log10, percent, plain
from propagation.reports import gallery
from propagation.reports.diagnosis import diagnose
from propagation.reports.layers import ROWS, layers, outline, sizes
from propagation.reports.read import ReportError
from propagation.reports.report import Report
from propagation.ui.session import experiment, own_report
from propagation.ui.widgets import comparison, controls
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import unbroken

#: letters of a name in the table
_LONGEST = 60
#: the parameter of an address: the name of an example, or a report of the visitor's own
PARAMETER = "measured"
_VERDICTS = comparison.VERDICTS | {"not finite": ":orange[not finite]", "unusual": ":orange[see below]", "noted": ":gray[see below]"}
_HELP = "A network of a library as it is initialized, or the one that you have pasted on the page “Your network”."


def choose() -> tuple[str, Report | None, str]:
    """Offer the networks that have been measured; return the name of the one chosen, its report, and what is wrong with it, if anything."""
    asked, examples, own = experiment.page_parameter(PARAMETER, ""), gallery.examples(), own_report.named()
    report, problem = None, ""
    try:
        report = gallery.example(asked) if asked in examples else own_report.by_name(asked) if asked else None
    except ReportError as refusal:
        problem = str(refusal)
    offers = {"": "none"} | ({own: f"yours: {own_report.by_name(own).model}"} if own else {})
    if report is not None and asked not in (*examples, own):
        offers |= {asked: f"of this link: {report.model}"}
    controls.page_choice("Beside them, a measured network", PARAMETER, offers | examples, _HELP, folded=True)
    return asked, report, problem


def curves(report: Report) -> Measured:
    """Return a measured network for the chart."""
    found = layers(report)
    out, back, of_weights = (sizes(found, row) for row in ROWS)
    return Measured(report.model, [layer.label for layer in found], (out, back, of_weights))


def with_line(lines: list[dict[str, str]], report: Report, what: str) -> list[dict[str, str]]:
    """Return the lines of a table, in Markdown, and that of a measured network after them; `what` heads the names."""
    found = outline(report, diagnose(report)[0])
    values = {
        "forward": _or_dash(found.forward_factor, factor),
        "backward": _or_dash(found.backward_factor, factor),
        "∂C/∂W spread": _or_dash(found.weight_spread, from_log10),
        "saturated": _or_dash(found.saturated, percent),
        "dead": _or_dash(found.dead, percent),
        "verdict": _VERDICTS[found.kind],
    }
    own = {what: f"{GLYPH} {plain(report.model[:_LONGEST])}"} | unbroken(values)
    return [*lines, {name: own.get(name, "—") for name in lines[0]}]


def _or_dash(value: float | None, written: Callable[[float], str]) -> str:
    return "—" if value is None or math.isnan(value) else written(value)


def verdict(name: str, report: Report) -> None:
    """Say what the measured network is, what was found in it, and lead to its own page."""
    query = {"example": name} if name in gallery.examples() else own_report.query(name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw_link("Open it in Your network", "network", experiment.present().to_query() | query)
        st.caption(
            f"{GLYPH} {plain(in_words(report))} Its signal is drawn as measured. A gradient is as large as its loss: in both rows it "
            "begins, at its last layer, at the level of the columns.",
            width="stretch",
        )


def in_words(report: Report) -> str:
    """Return what was found in a measured network, in a sentence."""
    count = len(layers(report))
    return f"{report.model}: {count:,} {'layer' if count == 1 else 'layers'} measured. {diagnose(report)[0].headline}"
