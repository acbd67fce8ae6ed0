"""Site: the folder that a host of static files serves."""

from __future__ import annotations

import base64
import json
import shutil
from importlib import metadata, resources
from pathlib import Path
from string import Template
from typing import Any

from propagation import Config, predict, simulate
from propagation.charts.signals import signals_spec
from propagation.static.files import ENTRY, ROOT, app_files, archive, fingerprint, requirements
from propagation.ui.pages import start as first_page

#: the runtime: Streamlit on Pyodide, from its public address unless there is a copy
STLITE = "https://cdn.jsdelivr.net/npm/@stlite/browser@1.9.2/build/"
TITLE = "Signal Propagation Explorer"
DESCRIPTION = "See why initialization decides whether a deep network learns."

_HERE = Path(__file__).parent
#: what a copy of the runtime has to hold to be one, by the folder it stands in
_PIECES = {"stlite": "stlite.js", "pyodide": "pyodide.mjs"}


class BundleError(ValueError):
    """A folder holds no copy of the runtime."""


def build(out: Path, bundles: tuple[Path, ...] = (), root: Path = ROOT) -> list[str]:
    """Write the site into `out` and return the names of its files. Other files there are left alone.

    `bundles` are folders with copies of the runtime, `stlite/` and `pyodide/`; what none of them holds comes from its public address.
    BundleError names a folder with neither.
    """
    copies = _copies(bundles)
    packed = archive(app_files(root))
    settings: dict[str, Any] = {
        "entry": ENTRY,
        "archive": f"app.zip?{fingerprint(packed)}",
        "requirements": [_matched(each) for each in requirements(root)],
        "stlite": "stlite/" if "stlite" in copies else STLITE,
        "pyodide": "pyodide/pyodide.mjs" if "pyodide" in copies else None,
    }
    plotly = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    settings["plotly"] = f"plotly.min.js?{fingerprint(plotly)}"
    picture = _picture(root)
    settings["picture"] = f"./picture.js?{fingerprint(picture)}"
    networks = _networks(root)
    settings["networks"] = f"./networks.js?{fingerprint(networks)}"
    worker = (_HERE / "worker.js").read_bytes()
    parts = (packed, plotly, picture, networks, worker, settings["stlite"].encode())
    settings["worker"] = f"worker.js?{fingerprint(b''.join(parts))}"  # another build is another worker, with nothing kept from before
    start = (_HERE / "start.js").read_bytes()
    page = Template((_HERE / "index.html").read_text(encoding="utf-8")).substitute(
        title=TITLE,
        description=DESCRIPTION,
        headline=first_page.HEADLINE,
        runtime=settings["stlite"],
        start=f"start.js?{fingerprint(start)}",
        settings=json.dumps(settings).replace("<", "\\u003c"),
    )
    contents = {
        "index.html": page.encode(),
        "404.html": (_HERE / "404.html").read_bytes(),
        "start.js": start,
        "picture.js": picture,
        "networks.js": networks,
        "worker.js": worker,
        "app.zip": packed,
        "plotly.min.js": plotly,
        "icon.svg": (root / "propagation" / "ui" / "icon.svg").read_bytes(),
        ".nojekyll": b"",  # without it GitHub Pages looks for pages to render
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (out / name).write_bytes(content)
    for name, folder in copies.items():
        shutil.copytree(folder, out / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.map"))
    return [*contents, *(f"{name}/" for name in copies)]


def _picture(root: Path) -> bytes:
    """Return a module that draws the chart of Explore, as it is without parameters, in light and in dark colours."""
    trace, prediction = simulate(Config()), predict(Config())
    figures = {appearance: signals_spec(trace, prediction, appearance=appearance) for appearance in ("light", "dark")}
    painter = (root / "propagation" / "ui" / "components" / "svg.js").read_text(encoding="utf-8")
    return f"{painter}\nexport const figures = {json.dumps(figures)};\nexport {{ paint }};\n".encode()


def _networks(root: Path) -> bytes:
    """Return a module that draws the two networks of the first page, as the app does."""
    parts = root / "propagation" / "ui" / "components"
    css, js = ((parts / f"two_networks.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    table = base64.b64encode(first_page.picture()).decode()
    return f'{js}\nexport const style = {json.dumps(css)};\nexport const data = bytes("{table}");\n'.encode()


def _matched(requirement: str) -> str:
    """Pin Plotly's Python to the edition whose JavaScript is beside the page; return all else as required."""
    return f"plotly=={metadata.version('plotly')}" if requirement.startswith("plotly") else requirement


def _copies(bundles: tuple[Path, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for bundle in bundles:
        held = {name: bundle / name for name, piece in _PIECES.items() if (bundle / name / piece).is_file()}
        if not held:
            expected = " or ".join(f"{name}/{piece}" for name, piece in _PIECES.items())
            raise BundleError(f"{bundle} holds no {expected}")
        found |= held
    return found
