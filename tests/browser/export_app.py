"""The take-away panel under a chart, by itself, for the tests."""

from functools import partial

from propagation.charts.signals import signals_chart
from propagation.ui.results import prediction_of, trace_of
from propagation.ui.widgets import controls, export
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance

config = controls.draw()
trace, prediction = trace_of(config), prediction_of(config)
chart = partial(signals_chart, trace, prediction, appearance=appearance())
draw_figure(chart(), key="curves", alt="")
export.draw(config, trace, prediction, {"curves": chart})
