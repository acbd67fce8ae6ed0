"""Two replicas behind nginx with the settings that ship: pages, headers, limits, and a replica that goes away."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from propagation.ui.session.own_report import LONGEST
from tests.browser.cluster import NGINX, SETTINGS, Cluster, running_cluster
from tests.browser.conftest import Visitor
from tests.browser.streamlit_page import IS_CONNECTED

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
WEIGHT_VARIANCE = "Weight variance σ_w²"
#: websockets of one class, which has one address to the outside
CLASS = 40
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as cluster:
        yield cluster


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
        visitor.pause(1500)
        visitor.page.wait_for_function(f"() => {IS_CONNECTED}")
        visitor.settle()
        assert (visitor.page.url, visitor.drawn(), visitor.value(WEIGHT_VARIANCE)) == (address, drawn, 1.51)
        replica.start()


def test_a_page_of_another_origin_gets_no_websocket(cluster):
    assert refusal(f"{cluster.address}/_stcore/stream", UPGRADE | {"Origin": "http://elsewhere.example"}) == 403


@pytest.mark.parametrize(
    "path", ["_stcore/metrics", "_stcore/metrics/", "phase/_stcore/metrics", "_stcore//Metrics?families=session_memory"]
)
def test_what_a_replica_says_of_its_visitors_is_not_public(cluster, path):
    (private,) = {urllib.request.urlopen(f"{replica.address}/_stcore/metrics").status for replica in cluster.replicas}
    assert private == 200 and refusal(f"{cluster.address}/{path}") == 404


def test_an_address_that_holds_a_report_gets_through(cluster):
    with urllib.request.urlopen(f"{cluster.address}/network?report={'A' * LONGEST}") as answer:
        assert answer.status == 200
    assert refusal(f"{cluster.address}/network?report={'A' * 70_000}") == 414


def test_nobody_is_told_which_nginx_this_is(cluster):
    with urllib.request.urlopen(cluster.address) as answer:
        assert answer.headers["Server"] == "nginx"


def test_a_class_at_one_address_gets_in_and_a_flood_does_not(cluster):
    most = int(re.search(r"limit_conn held (\d+);", SETTINGS.read_text())[1])
    with ExitStack() as open_sockets:
        answers = [websocket_status(cluster.address, open_sockets) for _ in range(most + 20)]
    assert answers[: 5 * CLASS] == [101] * 5 * CLASS
    assert 101 not in answers[most:] and set(answers) == {101, 429}


def refusal(address: str, headers: dict[str, str] | None = None) -> int:
    """The status of an answer that is an error."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}))
    refused.value.close()
    return refused.value.code


def websocket_status(address: str, open_sockets: ExitStack) -> int:
    """Ask for a websocket, which stays open; the status of the answer."""
    host = urlsplit(address)
    connection = open_sockets.enter_context(socket.create_connection((host.hostname, host.port)))
    lines = [f"{name}: {value}" for name, value in (UPGRADE | {"Host": host.netloc, "Origin": address}).items()]
    connection.sendall("\r\n".join(["GET /_stcore/stream HTTP/1.1", *lines, "", ""]).encode())
    return int(connection.recv(16).split()[1])
