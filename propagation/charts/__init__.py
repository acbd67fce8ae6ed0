"""Charts: results in, plotly figures out. No Streamlit, no arithmetic beyond what drawing needs.

Public, beside what `propagation` itself hands out: the figures of what `simulate` measures and `predict` expects. They are
`plotly.graph_objects.Figure`, which a notebook shows and `write_html` keeps:

    from propagation import Config, predict, simulate
    from propagation.charts import signals_chart

    config = Config(depth=30, activation="relu", scheme="he")
    signals_chart(simulate(config), predict(config), appearance="dark")

`compare_chart` draws several networks of one depth over one another, each of them a `Curves`.
"""

from propagation.charts.compare import Curves, compare_chart
from propagation.charts.signals import signals_chart

__all__ = ["Curves", "compare_chart", "signals_chart"]
