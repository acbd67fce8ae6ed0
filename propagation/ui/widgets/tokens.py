"""Tokens: what becomes of the tokens of a sequence, for the page about angles."""

from __future__ import annotations

import math

import streamlit as st

from propagation.charts.tokens import FLOOR, separation_of, tokens_chart
from propagation.config import Config
from propagation.engine.trace import Trace
from propagation.formatting import from_log10, power_of_ten
from propagation.notation import unmarked
from propagation.theory.prediction import Prediction
from propagation.trials import over_trials
from propagation.ui.longwork import progress_in
from propagation.ui.results import if_known, prediction_of, trace_of, why_no_line
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance


def draw_tokens(config: Config) -> None:
    """Draw 1 − c of the tokens and the gradients of attention's maps against depth, with the answer in words."""
    slot = st.empty()
    trace = trace_of(config, progress_in(slot, "Following the tokens of a sequence"))
    slot.empty()
    prediction = if_known(prediction_of, config)
    answer = tokens_in_words(trace, prediction)
    st.markdown(answer)
    draw_figure(tokens_chart(trace, prediction, appearance=appearance()), key="token_chart", alt=unmarked(answer))
    if about_lines := why_no_line(config) if prediction is None else prediction.remark:
        st.caption(about_lines)


def tokens_in_words(trace: Trace, prediction: Prediction | None) -> str:
    """Say what became of the tokens of a sequence, and of the gradient of W_q."""
    depth, found = trace.config.depth, over_trials(separation_of(trace)).median
    start, last = from_log10(float(found[0])), float(found[-1])
    beside = _beside(prediction)
    if math.isnan(last):
        told = f"The tokens of a sequence become **one token** to the arithmetic: 1 − c falls from {start} below {power_of_ten(int(FLOOR))}"
    else:
        verb = "become alike" if last < found[0] - 0.05 else "part" if last > found[0] + 0.05 else "stay as far apart as they are"
        told = f"The tokens of a sequence **{verb}**: 1 − c goes from {start} to **{from_log10(last)}**"
    of_queries = trace.weights["Wq"].median()
    change = float(of_queries[-1] - of_queries[0])
    known = math.isfinite(last) and math.isfinite(change)
    more = f" The squared gradient of $W_q$ is {from_log10(change)} in the last block of what it is in the first." if known else ""
    return f"{told} in {depth:,} blocks{beside}.{more}"


def _beside(prediction: Prediction | None) -> str:
    if prediction is None or prediction.token_separation is None or not prediction.token_separation[-1]:
        return ""
    return f" (theory {from_log10(math.log10(prediction.token_separation[-1]))})"
