"""ExpressionError: why a typed formula is refused, and where."""

from __future__ import annotations

#: characters of a long text that a marker shows on either side of the spot
_CONTEXT = 30


class ExpressionError(ValueError):
    """A formula that is refused: `sentence` says why, `position` is the column, from 0, in `text` as it was typed."""

    def __init__(self, text: str, position: int, sentence: str) -> None:
        self.text = text
        self.position = position
        self.sentence = sentence
        shown = _printable(text[:40]) + ("…" if len(text) > 40 else "")
        super().__init__(f"activation = '{shown}': {sentence}")

    @property
    def marker(self) -> str:
        """Two lines for a fixed-width font: the text, or the part of a long one around the spot, and a caret under the spot."""
        start = max(0, self.position - _CONTEXT) if len(self.text) > 2 * _CONTEXT else 0
        end = max(start + 2 * _CONTEXT, self.position + _CONTEXT)
        before, after = "…" if start else "", "…" if end < len(self.text) else ""
        return f"{before}{_printable(self.text[start:end])}{after}\n{' ' * (len(before) + self.position - start)}^"


class TooFast(ExpressionError):
    """A formula that is refused because it grows faster than a line: one layer of it has moments, a deep network no stable size."""


def _printable(text: str) -> str:
    """Return the text with a place holder for every character that would upset a line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
