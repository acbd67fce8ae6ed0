"""What hosts are given: a container with everything the app needs and a complete lock, and settings that keep it closed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from propagation.static.files import app_files

ROOT = Path(__file__).parent.parent
HOSTING = ROOT / ".hosting"
#: builds images without a service that has to run
BUILDAH = shutil.which("buildah")
IMAGE = "localhost/signal-propagation:tests"


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
    assert user < command and re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", lines[user]), "by number: a cluster cannot look a name up"
    assert any("/_stcore/health" in line for line in lines)


def test_the_base_of_the_container_is_named_by_its_digest():
    assert re.search(
        r"^ARG BASE=python:3\.13-slim@sha256:[0-9a-f]{64}\nFROM \$\{BASE\}$", (HOSTING / "Dockerfile").read_text(), re.MULTILINE
    )


def test_a_build_is_sent_what_the_app_needs():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert lines[0] == "*", "nothing but what is named"
    for name in [*app_files(), ".hosting/requirements.lock"]:
        assert any(name == each or name.startswith(f"{each}/") for each in sent)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The container's image, built here: by the base image of BASE_FOR_TESTS, or by the one that ships if this machine can have it."""
    if BUILDAH is None:
        pytest.skip("buildah is not installed")
    base = os.environ.get("BASE_FOR_TESTS") or re.search(r"^ARG BASE=(\S+)", (HOSTING / "Dockerfile").read_text(), re.MULTILINE)[1]
    if buildah("pull", base).returncode != 0:
        pytest.skip(f"{base} cannot be had here")
    made = buildah(
        "build",
        "--isolation=chroot",
        "--format=docker",
        f"--build-arg=BASE={base}",
        f"--file={HOSTING / 'Dockerfile'}",
        f"--tag={IMAGE}",
        str(ROOT),
    )
    assert made.returncode == 0, made.stderr[-2000:]
    yield IMAGE
    buildah("rmi", "--force", IMAGE)


@pytest.mark.slow
def test_the_container_is_built_holds_what_it_should_and_computes(image, tmp_path):
    held = inside(image, "cd /app && find . -type f -not -name '*.pyc'").split()
    assert sorted(held) == sorted(f"./{name}" for name in [*app_files(), "requirements.lock"])
    assert inside(image, "id -u").strip() == "1000"
    assert inside(image, "find / -xdev -user 1000 -not -path '/proc/*' 2>/dev/null || true").strip() == "", "it owns nothing"
    assert "vanish" in inside(image, "cd /app && python3 -m propagation --activation tanh --depth 50")
    assert "streamlit run" in inside(image, "cd /app && streamlit run --help")


def inside(image: str, command: str) -> str:
    """What a shell command says in a container of this image."""
    container = buildah("from", image).stdout.strip()
    try:
        said = buildah("run", "--isolation=chroot", container, "sh", "-c", command)
        assert said.returncode == 0, said.stderr
        return said.stdout
    finally:
        buildah("rm", container)


def buildah(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What buildah has to say to this."""
    return subprocess.run([BUILDAH, *arguments], capture_output=True, text=True, check=False)


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
