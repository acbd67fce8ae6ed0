"""The site: what its page says, where its parts come from, and that it works below any path."""

from __future__ import annotations

import json
import re
from importlib import metadata

import pytest

from propagation.static.__main__ import main
from propagation.static.site import STLITE, TITLE, BundleError, build


def settings_of(out) -> dict:
    page = (out / "index.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="settings">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    build(out)
    return out


@pytest.fixture
def runtime(tmp_path):
    """A folder that looks like a copy of the runtime."""
    for name in ("stlite/stlite.js", "stlite/stlite.js.map", "pyodide/pyodide.mjs", "pyodide/pyodide-lock.json"):
        (tmp_path / "runtime" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "runtime" / name).write_text(name)
    return tmp_path / "runtime"


def test_the_runtime_is_pinned_and_public(site):
    settings = settings_of(site)
    assert settings["stlite"] == STLITE and re.search(r"@stlite/browser@\d+\.\d+\.\d+/", STLITE)
    assert settings["pyodide"] is None  # stlite knows the Pyodide it was made for


def test_all_that_is_the_sites_own_is_found_from_its_page(site):
    """Relative addresses only, so that it works at example.org/course/week3/ as well."""
    page, settings = (site / "index.html").read_text(), settings_of(site)
    own = [link for link in re.findall(r'(?:href|src)="([^"]*)"', page) if not link.startswith(STLITE)]
    for link in [*own, *(settings[name] for name in ("archive", "plotly", "picture", "networks", "worker"))]:
        assert not link.startswith(("/", "http"))
        assert (site / link.split("?")[0]).is_file()


def test_no_cache_can_take_an_old_archive_for_the_new_one(site, tmp_path):
    again = tmp_path / "again"
    build(again)
    assert settings_of(again) == settings_of(site)
    assert re.fullmatch(r"app\.zip\?[0-9a-f]{12}", settings_of(site)["archive"])


def test_plotlys_two_halves_are_of_one_edition(site):
    edition = metadata.version("plotly")
    assert f"plotly=={edition}" in settings_of(site)["requirements"]
    major = re.search(r"plotly\.js v(\d+)", (site / "plotly.min.js").read_text(encoding="utf-8")[:400])
    assert major is not None


def test_the_page_has_words_before_and_without_the_program(site):
    page = (site / "index.html").read_text()
    assert f"<title>{TITLE}</title>" in page
    assert "<noscript>" in page and "nomodule" in page and 'role="status"' in page and 'lang="en"' in page
    assert "$" not in page  # nothing was left to fill in


def test_a_copy_of_the_runtime_is_served_along(tmp_path, runtime):
    out = tmp_path / "out"
    names = build(out, (runtime,))
    assert {"stlite/", "pyodide/"} <= set(names)
    assert settings_of(out)["stlite"] == "stlite/" and settings_of(out)["pyodide"] == "pyodide/pyodide.mjs"
    assert (out / "stlite" / "stlite.js").is_file() and not (out / "stlite" / "stlite.js.map").exists()
    assert "https://" not in (out / "index.html").read_text()


def test_half_a_copy_is_used_as_far_as_it_goes(tmp_path, runtime):
    (runtime / "pyodide" / "pyodide.mjs").unlink()
    build(tmp_path / "out", (runtime,))
    assert settings_of(tmp_path / "out")["stlite"] == "stlite/" and settings_of(tmp_path / "out")["pyodide"] is None


def test_a_folder_without_one_is_refused_before_anything_is_written(tmp_path, capsys):
    with pytest.raises(BundleError, match="holds no"):
        build(tmp_path / "out", (tmp_path,))
    with pytest.raises(SystemExit) as ending:
        main([str(tmp_path / "out"), "--bundle", str(tmp_path)])
    assert ending.value.code == 2 and "holds no" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_made_and_leaves_other_files_alone(tmp_path, capsys):
    (tmp_path / "CNAME").write_text("example.org")
    main([str(tmp_path)])
    assert "index.html" in capsys.readouterr().out
    assert (tmp_path / "CNAME").read_text() == "example.org"
    main([str(tmp_path)])  # and once more over itself
