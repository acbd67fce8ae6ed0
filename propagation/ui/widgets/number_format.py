"""Number format: the switch that shows where a network computed in float16, or another format, overflows or loses its gradients."""

from __future__ import annotations

import streamlit as st

from propagation.formats import FLOAT_FORMATS
from propagation.formatting import power_of_two
from propagation.precision import Precision
from propagation.ui.session import experiment
from propagation.ui.widgets import controls

#: what it reads and writes in the address
PARAMETERS = ("format", "loss_scale")
_FORMATS = {"": "none"} | {name: of.label for name, of in FLOAT_FORMATS.items() if name != "float32"}
_FORMAT_HELP = (
    "Marks where a network computed in this format overflows (inf, then nan) and where its gradients are rounded to 0. "
    "Gradients begin as the cost says, by default with size 1 in the last layer; those of a real loss are often smaller."
)
#: powers of two, up to the largest in float32
_SCALES = {str(power): power_of_two(power) for power in range(128)}
_SCALE_HELP = (
    "The cost is multiplied by this before the backward pass, and gradients are divided by it afterwards, in float32. It moves the ends of "
    "the format for gradients alone, both of them."
)


def chosen() -> Precision | None:
    """Return what the switch stands at; None where no format is chosen."""
    name = controls.page_choice_made(PARAMETERS[0], _FORMATS)
    if not name:
        return None
    return Precision(FLOAT_FORMATS[name], int(controls.page_choice_made(PARAMETERS[1], _SCALES)))


def draw() -> None:
    """Draw the switch, and where a format is chosen the loss scale."""
    if controls.page_choice("Number format", PARAMETERS[0], _FORMATS, _FORMAT_HELP, folded=True):
        st.select_slider(
            "Loss scale",
            list(_SCALES),
            format_func=_SCALES.__getitem__,
            key=experiment.show(PARAMETERS[1], controls.page_choice_made(PARAMETERS[1], _SCALES)),
            on_change=experiment.set_page_parameter,
            args=(PARAMETERS[1], "0"),
            help=_SCALE_HELP,
        )
