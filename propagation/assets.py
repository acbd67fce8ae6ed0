"""Assets: where the data files are that the package reads, in a checkout and once it is installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
#: `pip install` puts the files into the package; a checkout, and the archive for the browser, has them beside it
_FOLDERS = (_PACKAGE / "_assets", _PACKAGE.parent / "assets")


def asset(name: str) -> Path:
    """Return the path of a file or folder of `assets/`, such as `digits.npz`."""
    installed, checkout = _FOLDERS
    return (installed if installed.is_dir() else checkout) / name
