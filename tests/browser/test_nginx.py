"""Two replicas behind nginx with the settings that ship: pages, headers, and a replica that goes away."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import ROOT, Server, Visitor, running_server
from tests.browser.streamlit_page import IS_CONNECTED

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
WEIGHT_VARIANCE = "Weight variance σ_w²"


@dataclass
class Cluster:
    """nginx's address, and the replicas behind it."""

    address: str
    replicas: list[Server]


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    with ExitStack() as all_of_them:
        replicas = [all_of_them.enter_context(running_server()) for _ in range(2)]
        backends = [urlsplit(replica.address).netloc for replica in replicas]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            here = f"127.0.0.1:{probe.getsockname()[1]}"
        settings = (ROOT / ".hosting" / "nginx.conf").read_text()
        for shipped, ours in zip(("127.0.0.1:8501", "127.0.0.1:8502"), backends, strict=True):
            settings = settings.replace(f"server {shipped}", f"server {ours}")
        settings = settings.replace("listen 8080;", f"listen {here};").replace("/tmp/signal-propagation", f"{tmp_path}/nginx")
        Path(tmp_path, "nginx.conf").write_text(settings)
        command = [NGINX, "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
        server = all_of_them.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        all_of_them.callback(server.terminate)
        _wait_for(here)
        yield Cluster(f"http://{here}", replicas)


def _wait_for(address: str) -> None:
    host, port = address.split(":")
    for _ in range(50):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("nginx did not start")


@pytest.fixture
def visitor(browser, cluster) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    yield Visitor(context.new_page(), cluster.address)
    context.close()


def test_pages_work_under_the_headers_and_a_visit_outlives_its_replica(cluster, visitor):
    with urllib.request.urlopen(cluster.address) as answer:
        headers = answer.headers
    assert "frame-ancestors" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] and "unsafe-eval" not in headers["Content-Security-Policy"].replace("wasm-unsafe-eval", "")
    visitor.open("?depth=10&width=64&trials=2")
    assert visitor.console_errors == [], "nothing the app needs is forbidden"
    visitor.open("phase?depth=10&width=64&trials=2")
    visitor.press(WEIGHT_VARIANCE, "ArrowRight")
    address, drawn = visitor.page.url, visitor.drawn()
    assert re.search(r"/phase\?.*weight_variance=1.51", address)

    for replica in cluster.replicas:  # the visit is on one of them, and goes to the other
        replica.kill()
        visitor.page.wait_for_timeout(1500)
        visitor.page.wait_for_function(IS_CONNECTED, timeout=60_000)
        visitor.settle()
        assert (visitor.page.url, visitor.drawn(), visitor.value(WEIGHT_VARIANCE)) == (address, drawn, 1.51)
        replica.start()


def test_a_page_of_another_origin_gets_no_websocket(cluster):
    request = urllib.request.Request(
        f"{cluster.address}/_stcore/stream",
        headers={
            "Origin": "http://elsewhere.example",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 403
    refused.value.close()
