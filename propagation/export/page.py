"""Page: a chart with its sentence as one HTML file that works without a network, and saves itself as PNG or SVG."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Any

from propagation.notation import tags

#: where Plotly's own JavaScript comes from: inside the file, or from its public address
INSIDE, ONLINE = True, "cdn"

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  body { margin: 0 auto; max-width: 1100px; padding: 20px 20px 32px; background: $background; color: $text;
         font: 16px/1.5 "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
  h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 4px; }
  p { margin: 0 0 12px; color: $muted; }
  a { color: $accent; overflow-wrap: anywhere; }
  button { font: inherit; color: $text; background: none; cursor: pointer;
           border: 1px solid $muted; border-radius: 8px; padding: 4px 14px; }
  button:hover, button:focus-visible { color: $accent; border-color: $accent; }
  figure { margin: 0 0 12px; }
</style>
</head>
<body>
<h1>$heading</h1>
<p>$settings</p>
<figure aria-label="$title">$chart</figure>
<p><button data-format="png">PNG</button> <button data-format="svg">SVG</button></p>
$link
<script>
  for (const button of document.querySelectorAll("button")) {
    const format = button.dataset.format, chart = document.querySelector(".js-plotly-plot");
    button.onclick = () => Plotly.downloadImage(chart, {format, filename: "$name", scale: format === "png" ? 2 : 1});
  }
</script>
</body>
</html>
""")


def page(figure: Any, *, title: str, settings: str, link: str, name: str, colours: Any, plotly_js: bool | str = INSIDE) -> str:
    """Return a complete HTML document: `title` (the verdict), `settings` in a line, the Plotly figure, buttons, the address it came from.

    `colours` is a palette, of the appearance the figure was drawn in; `name` that of saved pictures. All texts are escaped.
    """
    figure = type(figure)(figure)
    figure.layout.paper_bgcolor = colours.background  # saved pictures are of the chart alone
    chart = figure.to_html(
        full_html=False,
        include_plotlyjs=plotly_js,
        div_id="chart",
        config={"displayModeBar": False, "doubleClick": "reset", "responsive": True},
    )
    return _PAGE.substitute(
        title=escape(title),
        heading=tags(escape(title)),
        settings=tags(escape(settings)),
        chart=chart,
        name=escape(name),
        link=f'<p>Move it: <a href="{escape(link)}">{escape(link)}</a></p>' if link else "",
        background=colours.background,
        text=colours.text,
        muted=colours.muted,
        accent=colours.forward_text,
    )
