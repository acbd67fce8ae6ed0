"""The command that makes the site:  python -m propagation.static OUT"""

from __future__ import annotations

import argparse
from pathlib import Path

from propagation.static.site import BundleError, build


def main(arguments: list[str] | None = None) -> None:
    """Build the site and say how to look at it."""
    parser = argparse.ArgumentParser(
        prog="python -m propagation.static",
        description="Make the app a static site that runs in the visitor's browser, for GitHub Pages or any host of files.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write, made if need be")
    parser.add_argument(
        "--bundle",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder with a copy of the runtime, stlite/ and pyodide/, to be served along; without it visitors fetch the public one",
    )
    options = parser.parse_args(arguments)
    try:
        names = build(options.out, tuple(options.bundle))
    except (BundleError, OSError) as error:
        parser.error(str(error))
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(f"{options.out}: {', '.join(names)}; {size / 1e6:.1f} MB")
    print(f"Look at it:  python -m http.server --directory {options.out}  and open http://localhost:8000")


if __name__ == "__main__":
    main()
