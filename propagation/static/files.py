"""Files: what of this repository goes into the visitor's browser."""

from __future__ import annotations

import hashlib
import io
import py_compile
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRY = "app.py"
SETTINGS = ".streamlit/config.toml"
#: folders whose files the app runs or reads, and the parts of them that it does not
_FOLDERS = ("propagation", "assets")
_LEFT_OUT = ("propagation/static", "assets/screenshots")
#: the Python that the browser's runtime is
PYTHON = (3, 13)
#: the same files make the same archive, whenever it is made
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def app_files(root: Path = ROOT) -> dict[str, Path]:
    """Return all files the app runs or reads, by their names in the site, in order."""
    found = [root / ENTRY, root / SETTINGS]
    for folder in _FOLDERS:
        found += [path for path in (root / folder).rglob("*") if path.is_file()]
    names = {path.relative_to(root).as_posix(): path for path in found}
    return {name: names[name] for name in sorted(names) if _belongs(name)}


def requirements(root: Path = ROOT) -> list[str]:
    """Return the packages to install beside Streamlit, which the browser's runtime brings itself."""
    lines = (line.partition("#")[0].strip() for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("streamlit")]


def archive(files: dict[str, Path]) -> bytes:
    """Return the files as one zip archive, the same bytes for the same files.

    Made by the same Python as the browser's, it also holds the modules compiled, so that no visitor's device has to.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, path in files.items():
            packed.writestr(zipfile.ZipInfo(name, _LONG_AGO), path.read_bytes(), zipfile.ZIP_DEFLATED)
            if name.endswith(".py") and name != ENTRY and compiles():
                folder, _, module = name.rpartition("/")
                kept = f"{folder}/__pycache__/{module.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
                packed.writestr(zipfile.ZipInfo(kept, _LONG_AGO), _compiled(name, path), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def compiles() -> bool:
    """Return whether this is the Python of the browser's runtime, whose compiled modules it takes."""
    return sys.version_info[:2] == PYTHON and sys.implementation.name == "cpython"


def _compiled(name: str, path: Path) -> bytes:
    """Return a module's compiled form, which is taken without a look at its source."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "module.pyc")
        py_compile.compile(str(path), str(out), dfile=name, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        return out.read_bytes()


def fingerprint(content: bytes) -> str:
    """Return a short name for these bytes, so that no cache takes an old version for the new one."""
    return hashlib.sha256(content).hexdigest()[:12]


def _belongs(name: str) -> bool:
    if name == SETTINGS:
        return True
    hidden = any(part.startswith(".") or part == "__pycache__" for part in name.split("/"))
    return not hidden and not any(name.startswith(f"{folder}/") for folder in _LEFT_OUT)
