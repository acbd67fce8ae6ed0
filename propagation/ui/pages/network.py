"""Your network: a network of the visitor's own, as `probe.py` has measured it, beside theory, and what goes wrong first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from propagation.charts.report import ROWS, Reference, report_chart
from propagation.charts.report_history import history_chart
from propagation.config import Config
from propagation.formatting import from_log10, plain
from propagation.labs import compare_networks
from propagation.reports import gallery
from propagation.reports.blocks import Place, blocks, places
from propagation.reports.closest import closest_config
from propagation.reports.diagnosis import Finding, diagnose
from propagation.reports.expected import at_places, expected
from propagation.reports.layers import layers
from propagation.reports.levels import level_line
from propagation.reports.read import ReportError
from propagation.reports.report import Report
from propagation.reports.structure import Closest
from propagation.runtime.platform import IN_BROWSER
from propagation.ui.results import if_known, prediction_of, why_no_line
from propagation.ui.session import experiment, own_report
from propagation.ui.widgets import controls, measured, measuring, number_format
from propagation.ui.widgets.figures import draw_figure, redraw_figure
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel

TITLE = "What happens in your own network?"
LOOK_FOR = (
    "Three lines measure a PyTorch model where it lives; here it stands beside theory, module by module. **Look for the first module that "
    "leaves the line.**"
)
_CHART = "network"
_BLOCKS = {"": "one place each", "open": "module by module"}
_BLOCKS_HELP = (
    "Blocks are what repeats, by the names of the modules. One place each: what a block gives out, and all of its weights together."
)
_EXAMPLES_HELP = "Networks of well-known libraries as they are initialized."
#: what of a history is drawn, its title, and what is squared
_WATCHED = (
    ("update_ratio", "Steps of training: how far the weights were moved", "Root mean square of a step over that of the weights"),
    ("weight_gradient", "The gradients of the weights in these steps", "Mean square of ∂C/∂W"),
)
#: modules from which on blocks are folded at first
_MANY = 40
#: blocks with attention whose theory is waited for, half a second each on a server
_MOST_ATTENDING = 4 if IN_BROWSER else 48
#: findings shown beside the verdict, and characters of a name in a menu
_MOST_FINDINGS = 8


def render(config: Config) -> None:
    """Draw the page: the verdict and the lines that help, how to measure one's own, the chart, what else was found, theory's network."""
    opening(TITLE, LOOK_FOR)
    left, right = st.columns([1.35, 1], gap="large")
    with right, panel("The way to a report of your own"):
        measuring.draw()
    with left:
        report = _chosen()
        if report is None:
            return
        findings: Sequence[Finding] = ()
        with panel("The verdict"):
            findings = diagnose(report)
            _about(report)
            _verdict(findings[0])
    with panel("The chart"):
        _chart(report, findings)
    with panel("What else was found"):
        _others(findings[1:])
    with panel("The history"):
        _history(report)
    _explanations(report)


def _chosen() -> Report | None:
    """Return the visitor's report, or the example that is chosen; None where there is neither, with a sentence in its place."""
    examples = gallery.examples()
    try:
        own = own_report.present()
    except ReportError as refusal:
        st.warning(plain(str(refusal)), icon=":material/link_off:")
        own = None
    if own is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Your report: {plain(own.model)}**", width="stretch")
            st.button("Show the examples", icon=":material/collections:", on_click=own_report.leave)
        if not own_report.is_in_address():
            st.caption(":material/link_off: It is too large for an address: a reload loses it, and Share does not carry it. Keep the file.")
        return own
    if not examples:
        st.info("Paste a report, and it is shown here.", icon=":material/content_paste:")
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Example**", width="content")
        name = controls.page_choice("An example", "example", examples, _EXAMPLES_HELP, folded=True, labelled=False)
    return gallery.example(name)


def _about(report: Report) -> None:
    """Say what was measured, and how."""
    parts = [report.framework, f"{report.parameters:,} parameters" if report.parameters else "", report.dtype]
    parts += [f"{report.mode} mode" if report.mode else "", f"{report.draws:,} draws" if report.draws > 1 else "one network"]
    parts.append(f"batch {', '.join(' × '.join(f'{size:,}' for size in shape) for shape in report.batch)}" if report.batch else "")
    st.caption(plain(" · ".join(filter(None, parts))))


def _verdict(finding: Finding) -> None:
    good = ":green[:material/check_circle:]" if finding.healthy else ":gray[:material/info:]"
    st.header(f"{':orange[:material/warning:]' if finding.bad else good} {_told(finding.headline)}", anchor=False)
    if finding.reason:
        st.markdown(_told(finding.reason))
    _code(finding)


def _told(text: str) -> str:
    """Return a sentence for Markdown, a factor in one line."""
    return plain(text).replace("× ", "×\u00a0")


def _code(finding: Finding) -> None:
    if finding.code:
        with st.expander("The lines to copy", icon=":material/code:", type="compact"):
            st.code(finding.code, language=None, wrap_lines=True)  # in one colour: those of Python cannot be read by everybody


def _chart(report: Report, findings: Sequence[Finding]) -> None:
    """Draw the chart, with theory once that is known, what theory's network is, and the switches of the chart."""
    repeated = bool(blocks(report))
    choices = _BLOCKS if len(report.called) >= _MANY else {"": _BLOCKS["open"], "folded": _BLOCKS[""]}
    folded = repeated and choices[controls.page_choice_made("blocks", choices)] == _BLOCKS[""]
    shown = places(report, folded)
    closest = closest_config(report)
    levels = {quantity: Reference(line, False) for quantity, line in at_places(_levels(report), shown).items()}
    slow = closest.config is not None and closest.config.architecture == "transformer"
    if closest.config is None or slow:
        _draw(report, shown, levels if closest.config is None else {}, findings, again=False)
    if closest.config is not None:
        with st.spinner("Theory is being computed …"):
            prediction = None if _too_long(closest.config) else if_known(prediction_of, closest.config)
        lines = {} if prediction is None else expected(report, closest, prediction)
        theory = {quantity: Reference(line, True) for quantity, line in at_places(lines, shown).items()}
        _draw(report, shown, theory or levels, findings, again=slow)
    _theory(closest, report)
    left, right = st.columns(2)
    if repeated:
        with left:
            controls.page_choice("Blocks", "blocks", choices, _BLOCKS_HELP)
    with right if repeated else left:
        number_format.draw()


def _too_long(config: Config) -> bool:
    return config.architecture == "transformer" and config.depth > _MOST_ATTENDING


def _levels(report: Report) -> dict:
    return {quantity: level_line(report, quantity) for quantity in ("out", "out_gradient")}


def _draw(report: Report, shown: Sequence[Place], references: Mapping[str, Reference], findings: Sequence[Finding], again: bool) -> None:
    precision = number_format.chosen()
    figure = report_chart(
        report,
        shown,
        references,
        marked=_marked(findings, shown),
        precision=None if precision is None else (precision.format, precision.log2_loss_scale),
        appearance=appearance(),
    )
    draw = redraw_figure if again else draw_figure
    draw(figure, key=_CHART, alt=_in_words(shown, findings))


def _marked(findings: Sequence[Finding], shown: Sequence[Place]) -> dict[str, int]:
    """Return by quantity the place that the worst finding about it names."""
    marked: dict[str, int] = {}
    for finding in findings:
        if finding.at is not None and finding.bad:
            quantity, call = finding.at
            place = next(at for at, one in enumerate(shown) if one.first - 1 <= call < one.first - 1 + len(one.modules))
            marked.setdefault(quantity, place)
    return marked


def _in_words(shown: Sequence[Place], findings: Sequence[Finding]) -> str:
    """Describe the chart to those who cannot see it."""
    told = []
    for quantity, words, *_ in ROWS:
        sizes = [(place.label, spread.median) for place in shown if (spread := place.sizes(quantity)) is not None]
        if sizes:
            (first, start), (last, end) = sizes[0], sizes[-1]
            told.append(f"{words}: {from_log10(start)} at {first}, {from_log10(end)} at {last}")
    verdict = f"{findings[0].headline} " if findings else ""
    return f"{verdict}Mean squares at {len(shown):,} places. {'; '.join(told)}."


def _theory(closest: Closest, report: Report) -> None:
    """Say which network of this app is most like it, and lead there; or why there is none."""
    if closest.config is None:
        dashes = "Dashes: the level at which the signal begins, and the gradient on its way back."
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _architectures(report)
            st.caption(f":material/info: {plain(closest.why_not)} {dashes}", width="stretch")
        return
    too_long = f"Theory of more than {_MOST_ATTENDING} blocks with attention takes too long here."
    reason = too_long if _too_long(closest.config) else why_no_line(closest.config)
    said = "Theory's line is that of the closest network in this app." if not reason else f"{reason} Dashes: the level where each begins."
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw_link("Open the closest network in Explore", "explore", closest.config.to_query())
        if closest.config.architecture != "transformer":  # six of them take a minute
            draw_link("Compare initializations of it", "compare", closest.config.to_query() | {measured.PARAMETER: _name()})
        else:
            _architectures(report)
        random = ("It is of random weights, and these have been trained.",) if report.history is not None else ()
        st.caption(plain(" ".join((said, *random, *closest.remarks))), width="stretch")


def _architectures(report: Report) -> None:
    """Lead to the app's architectures, of as many layers as were measured, with this network beside them."""
    config = experiment.imagined("depth", len(layers(report)))
    query = config.to_query() | {compare_networks.SWITCH: "architectures", measured.PARAMETER: _name()}
    draw_link("Compare architectures with it", "compare", query)


def _name() -> str:
    """Return how an address names the report that is shown."""
    return own_report.named() or controls.page_choice_made("example", gallery.examples())


def _others(findings: Sequence[Finding]) -> None:
    if not findings:
        return
    st.subheader("What else there is", anchor=False)
    for finding in findings[:_MOST_FINDINGS]:
        icon = ":orange[:material/warning:]" if finding.bad else ":gray[:material/info:]"
        st.markdown(f"{icon} **{_told(finding.headline)}** {_told(finding.reason)}")
        _code(finding)


def _history(report: Report) -> None:
    history = report.history
    if history is None:
        return
    for quantity, title, what in _WATCHED:
        found = getattr(history, quantity)
        if any(math.isfinite(value) for values in found.values() for value in values):
            st.subheader(title, anchor=False)
            last = [size for values in found.values() if math.isfinite(size := _log10(quantity, values[-1]))]
            ends = f" At the last one from {from_log10(min(last))} to {from_log10(max(last))}." if last else ""
            alt = f"{what}, {len(found):,} modules at {len(history.steps):,} steps.{ends}"
            draw_figure(history_chart(history, quantity, appearance=appearance()), key=f"history_{quantity}", alt=alt)


def _log10(quantity: str, value: float) -> float:
    """Ratios stand in a history as they are, mean squares as logarithms."""
    return value if quantity != "update_ratio" else math.log10(value) if value > 0 else -math.inf


def _explanations(report: Report) -> None:
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            "One batch went forward and back through the model, as it was when it was measured. In every module we see the **size** of "
            "things: their mean square over all entries.\n\n"
            "- :blue[**Forward →**] what each module gives out, in the order in which they finish.\n"
            "- :orange[**Backward ←**] the gradient of the cost with respect to that, read from the right.\n"
            "- :green[**Weight gradient**] ∂C/∂W, of modules with weights; of the cost of all inputs together.\n\n"
            "Dots are medians over the networks drawn, the band holds the middle 80 %; their shapes say what a module is. **Line**: theory "
            "for the closest network of this app; gradients begin at the size measured at its last layer. **Dashes**, where there is no "
            "such network: the level where signal and gradient begin. Where the number of entries changes on the way, the gradient's "
            "level is that of all entries of one input together.\n\n"
            "Without a loss of your own the cost is a random direction of the output: gradients of a real loss are of another size, "
            "by one factor everywhere."
        )
    with right.expander("What was not seen, and where the report goes"):
        st.markdown("\n".join(f"- {plain(note)}" for note in report.notes) or "The report has no notes.")
        st.markdown(
            "The text you paste is read by the server of this app, checked, and kept for this visit alone; the address holds it, so that "
            "you can share it. Nothing in it is run."
        )
