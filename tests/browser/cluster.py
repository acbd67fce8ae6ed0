"""Cluster: replicas of the app behind nginx, with the settings that ship."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.conftest import ROOT, Server, running_server
from tests.patience import PATIENCE

#: the program, or None where it is not installed
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
SETTINGS = ROOT / ".hosting" / "nginx.conf"


@dataclass
class Cluster:
    """nginx's address, and the replicas behind it."""

    address: str
    replicas: list[Server]


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Within: two replicas behind nginx, which keeps its files in this folder."""
    with ExitStack() as all_of_them:
        replicas = [all_of_them.enter_context(running_server()) for _ in range(2)]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            here = f"127.0.0.1:{probe.getsockname()[1]}"
        settings = SETTINGS.read_text().replace("listen 8080;", f"listen {here};").replace("/tmp/signal-propagation", f"{folder}/nginx")
        for shipped, replica in zip(("127.0.0.1:8501", "127.0.0.1:8502"), replicas, strict=True):
            settings = settings.replace(f"server {shipped}", f"server {urlsplit(replica.address).netloc}")
        (folder / "nginx.conf").write_text(settings)
        command = [NGINX, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        server = all_of_them.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        all_of_them.callback(server.terminate)
        _wait_for(here)
        yield Cluster(f"http://{here}", replicas)


def _wait_for(address: str) -> None:
    host, port = address.split(":")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection((host, int(port))).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("nginx did not start")
