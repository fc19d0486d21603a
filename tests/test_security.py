"""What a browser is told, whom the server answers, and what is said when something fails."""

import re
import socket
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser

from loan_core import Settings, open_book
from pages._security import HEADERS, POLICY, SecurityHeaders
from tests.desk import ROOT, Server, Tab, lent_tab, served

SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def book_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("security") / "loans.db"
    book = open_book(Settings(database_uri=f"sqlite:///{file}"))
    book.load_demo()
    book.close()
    return file


@pytest.fixture(scope="module")
def server(book_file: Path) -> Iterator[Server]:
    with served(f"sqlite:///{book_file}", book_file.with_name("server.log")) as running:
        yield running


@pytest.fixture(scope="module")
def one_tab(launched: Browser, server: Server) -> Iterator[Tab]:
    with lent_tab(launched, server) as fresh:
        yield fresh


@pytest.fixture
def opened(one_tab: Tab) -> Tab:
    """A tab in which nothing has happened yet."""
    one_tab.heard()
    return one_tab


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def asked(server: Server, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api//loans", "/api/loans/"])
def test_a_program_that_mistakes_the_address_is_not_shown_a_page(server: Server, path: str) -> None:
    answer = asked(server, path)
    assert (answer.status, answer.getheader("content-type")) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/status?loan=1"),
        ("GET", "/_stcore/health"),
        ("GET", "/_stcore/host-config"),
        ("GET", "/static/no-such-file.js"),
        ("GET", "/media/no-such-file.csv"),
        ("GET", "/../../etc/passwd"),
        ("PUT", "/_stcore/upload_file/a/b"),
        ("POST", "/"),
        ("OPTIONS", "/"),
    ],
)
def test_every_response_carries_the_headers(server: Server, method: str, path: str) -> None:
    response = asked(server, path, method)
    assert {name: response.headers.get_all(name) for name in HEADERS} == {n: [v] for n, v in HEADERS.items()}


def test_the_policy_stops_what_is_not_ours(opened: Tab) -> None:
    """Were a text to come through as HTML after all: neither a picture from elsewhere nor a script of its own.

    That nothing of ours is stopped on any page is asked where axe looks at all of them.
    """
    stopped = opened.visit().page.evaluate(
        """async () => {
            const stopped = []
            document.addEventListener('securitypolicyviolation', each => stopped.push(each.effectiveDirective))
            const box = document.body.appendChild(document.createElement('div'))
            box.innerHTML = '<img src="http://evil.test/x.png"><img src=x onerror="window.hacked = 1">'
                + '<iframe src="http://evil.test/"></iframe><object data="http://evil.test/x"></object>'
            box.appendChild(document.createElement('script')).text = 'window.hacked = 1'
            await fetch('http://evil.test/').catch(() => {})
            for (let waited = 0; waited < 200 && new Set(stopped).size < 6; waited++)
                await new Promise(done => setTimeout(done, 100))
            return window.hacked ? ['it ran'] : [...new Set(stopped)].sort()
        }"""
    )
    assert stopped == ["connect-src", "frame-src", "img-src", "object-src", "script-src-attr", "script-src-elem"]


def test_nobody_may_frame_a_page(opened: Tab, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(f"<iframe src='{opened.server.url}'></iframe><iframe src='inner'></iframe>")
    (tmp_path / "inner").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as elsewhere:
        Thread(target=elsewhere.serve_forever).start()
        opened.page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        opened.page.wait_for_load_state("networkidle")
        framed, control = (frame.url for frame in opened.page.frames[1:])
        elsewhere.shutdown()
    assert framed.startswith("chrome-error:")
    assert control.endswith("/inner/")
    assert any("frame-ancestors 'none'" in said for said in opened.heard())


def test_headers_of_the_application_give_way_whatever_the_response_begins_with() -> None:
    async def application(beginning: str, receive: Any, send: Any) -> None:
        own = [(b"content-security-policy", b"default-src *"), (b"X-Content-Type-Options", b"none"), (b"etag", b"7")]
        await send({"type": beginning, "status": 500, "headers": own})
        await send({"type": "http.response.body", "body": b"!"})

    def sent(beginning: str) -> list[Any]:
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        # Nothing in it waits: it needs no loop, and the browser's is running in this thread.
        with pytest.raises(StopIteration):
            SecurityHeaders(application)(beginning, None, send).send(None)  # type: ignore[arg-type]
        return messages

    for beginning in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
        start, body = sent(beginning)
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        assert headers == [("etag", "7"), *((name.lower(), value) for name, value in HEADERS.items())]
        assert (start["status"], body["body"]) == (500, b"!")
    assert len(sent("websocket.send")[0]["headers"]) == 3, "what is said over a socket has no headers of a response"


def test_scripts_come_from_here_alone() -> None:
    assert set(POLICY["script-src"].split()) - {"'self'"} == {"'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='"}


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/status?loan=1", "/media/x"])
def test_a_name_that_is_not_ours_is_turned_away(server: Server, path: str) -> None:
    """DNS rebinding: a page of evil.test that points its name to this machine is of one origin with us."""
    assert asked(server, path, Host=f"evil.test:{server.port}").status == 400
    assert asked(server, path, Host=f"localhost:{server.port}").status in (200, 404)


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1", "http://127.0.0.1", 101),
        ("localhost", "http://localhost", 101),
        ("evil.test", "http://evil.test", 400),
        ("127.0.0.1", "http://evil.test", 403),
    ],
)
def test_only_our_own_pages_open_a_socket(server: Server, host: str, origin: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        headers = SOCKET | {"Host": f"{host}:{server.port}", "Origin": f"{origin}:{server.port}"}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        line.sendall("\r\n".join(["GET /_stcore/stream HTTP/1.1", *lines, "", ""]).encode())
        assert int(line.recv(1024).split()[1]) == status


def test_the_server_listens_on_this_machine_alone(server: Server) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), timeout=5)


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("server", "address", "127.0.0.1"),
        ("server", "fileWatcherType", "none"),
        ("server", "maxUploadSize", 20),
        ("server", "allowedHosts", ["localhost", "127.0.0.1"]),
        ("client", "showErrorDetails", "none"),
        ("client", "showErrorLinks", False),
        ("client", "disableDataExport", True),
        ("client", "toolbarMode", "viewer"),
        ("browser", "gatherUsageStats", False),
        ("runner", "postScriptGC", False),
    ],
)
def test_a_default_of_streamlit_that_does_not_suit_is_changed(section: str, option: str, value: object) -> None:
    written = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert written[section][option] == value
    # What is not written keeps the default, and these defaults are the safe ones.
    assert not {"enableCORS", "enableXsrfProtection", "enableStaticServing", "enableAgentApi"} & set(written["server"])


@pytest.fixture
def no_batches(book_file: Path) -> Iterator[None]:
    """The book lacks a table for a while."""
    with closing(sqlite3.connect(book_file)) as connection:
        connection.execute("ALTER TABLE batches RENAME TO taken_away")
        yield
        connection.execute("ALTER TABLE taken_away RENAME TO batches")


def test_a_failure_is_said_without_details_and_its_number_stands_in_the_log(opened: Tab, no_batches: None) -> None:
    opened.page.goto(opened.server.url)
    said = opened.page.get_by_text("Something failed").inner_text()
    shown = opened.page.locator("body").inner_text()
    assert not re.search("Error|Traceback|sqlite|batches|[.]py", shown)
    (number,) = re.findall(r"failure ([0-9a-f]{8})\.$", said)
    _, found, after = opened.server.log.partition(f"Failure {number}\n")
    assert found
    assert "no such table: batches" in after
