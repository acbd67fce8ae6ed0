"""Notation: symbols with a subscript. Sentences, files and the command line have them as plain text, "σ_w²"; pages typeset them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: a symbol of this app: σ_w², σ_b, ξ_c, χ_F, W_q; not a part of a module's name
_SYMBOL = r"(?<![\w.])([σξχW])_([A-Za-z])(?![A-Za-z0-9_])([²³⁴]?)"
_IN_TEXT = re.compile(_SYMBOL)
#: the same, or what Markdown shows as it stands: formulas and code
_IN_MARKDOWN = re.compile(rf"\$[^$]*\$|`[^`]*`|{_SYMBOL}")


def markdown(text: str) -> str:
    """Return Markdown in which symbols are formulas: "$σ_w²$", which is what KaTeX reads."""
    return _IN_MARKDOWN.sub(lambda found: f"${found[0]}$" if found[1] else found[0], text)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a plain text, each with whether it is a symbol."""
    end = 0
    for found in _IN_TEXT.finditer(text):
        yield text[end : found.start()], False
        yield found[0], True
        end = found.end()
    yield text[end:], False


def unmarked(text: str) -> str:
    """Return a sentence of Markdown as plain text, for those who cannot see it."""
    return text.replace("*", "").replace("$", "")


def without_symbols(text: str) -> str:
    """Return a name without the symbol at its end, for where nothing can be typeset."""
    return _IN_TEXT.sub("", text).strip()


def tags(text: str) -> str:
    """Return a text of a chart, or HTML, in which subscripts are tags: "σ<sub>w</sub>²"."""
    return _IN_TEXT.sub(r"\1<sub>\2</sub>\3", text)


def tagged(figure: Any) -> Any:
    """Return a figure as plain data with every text of it as `tags` has it."""
    if isinstance(figure, str):
        return tags(figure)
    if isinstance(figure, Mapping):
        return {name: tagged(part) for name, part in figure.items()}
    if isinstance(figure, (list, tuple)):
        # numbers come by the thousand, and in lists of nothing else
        return [tagged(part) for part in figure] if any(isinstance(part, (str, Mapping, list, tuple)) for part in figure) else figure
    return figure
