"""What hosts are given: a container with everything the app needs and a complete lock, and settings that keep it closed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from propagation.static.files import app_files

ROOT = Path(__file__).parent.parent
HOSTING = ROOT / ".hosting"


def locked() -> dict[str, list[str]]:
    """The lines of the lock file by package: versions with their conditions, then hashes."""
    packages: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=[a-z])", (HOSTING / "requirements.lock").read_text()):
        if found := re.match(r"([a-z][a-z0-9-]*)==(\S+)", entry):
            packages.setdefault(found[1], []).append(entry)
    return packages


def test_every_requirement_is_locked_within_its_bounds():
    for line in (ROOT / "requirements.txt").read_text().split():
        name, least, below = re.fullmatch(r"(\w+)>=([\d.]+),<(\d+)", line).groups()
        for entry in locked()[name]:
            version = tuple(int(part) for part in re.match(r"\S+==([\d.]+)", entry)[1].split("."))
            assert tuple(int(part) for part in least.split(".")) <= version and version[0] < int(below)


def test_every_package_has_a_hash():
    assert len(locked()) > 20
    assert all("--hash=sha256:" in entry for entries in locked().values() for entry in entries)


def test_the_container_holds_what_the_app_opens_and_runs_as_nobody_special():
    lines = (HOSTING / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    for name in app_files():
        assert any(name == source or name.startswith(f"{source}/") for source in copied)
    user, command = (next(k for k, line in enumerate(lines) if line.startswith(word)) for word in ("USER", "CMD"))
    assert user < command and "root" not in lines[user]
    assert any("/_stcore/health" in line for line in lines)


def test_nothing_here_names_a_package_registry():
    for path in HOSTING.iterdir():
        assert not re.search(r"pypi|pythonhosted|npmjs", path.read_text(), re.IGNORECASE)


def test_the_server_takes_requests_from_its_own_page_and_no_files():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["enableXsrfProtection"] and settings["server"]["enableCORS"]
    assert settings["server"]["maxUploadSize"] == 1
    assert settings["client"]["showErrorDetails"] == "none" and settings["browser"]["gatherUsageStats"] is False


@pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None, reason="nginx is not installed")
def test_nginx_takes_the_configuration():
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    answer = subprocess.run([nginx, "-t", "-c", str(HOSTING / "nginx.conf")], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
