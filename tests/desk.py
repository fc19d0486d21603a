"""The desk as a person has it: the server started as `make run` starts it, and a real browser before it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, WebSocket, expect, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.servers import free_port

ROOT = Path(__file__).parents[1]
START_SECONDS = 60
# What is expected of a page is there in an instant; on a machine that does much else, later.
expect.set_options(timeout=30_000)
KEPT_BY_A_PAGE = "cookies,local_storage,indexeddb,cache_storage"
USUAL_VIEW: ViewportSize = {"width": 1280, "height": 720}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Asked for a page by its address, Streamlit looks for its server below that address first, and finds it above.
_PROBE = re.compile(r"/[^/]+/_stcore/(health|host-config)$")
_AT_REST = """() => {
    const app = document.querySelector('[data-testid=stApp]')
    return app?.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
        && document.querySelector('[data-testid=stMain] :is(h1, [data-testid=stAlert])')
        && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')
}"""
# What is wider than its place.
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll('[data-testid=stMain]')]
    .filter(each => each.scrollWidth > each.clientWidth).map(each => each.scrollWidth)"""
# Charts and grids are drawn after the rest.
_DRAWN = """() => [
    ['stPlotlyChart', '.main-svg'], ['stMetricChart', 'svg'], ['stDataFrame', 'canvas'],
].every(([kind, drawing]) => [...document.querySelectorAll(`[data-testid=${kind}]`)]
    .every(box => !box.checkVisibility() || box.querySelector(drawing)))"""
_TURN = "to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')) }"
# What the server has sent is on the page when several frames in a row have changed nothing any more.
_STILL = """() => new Promise(still => {
    let unchanged = 0
    const watch = new MutationObserver(() => { unchanged = 0 })
    watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
    const count = () => unchanged++ < 5 ? requestAnimationFrame(count) : still(watch.disconnect())
    requestAnimationFrame(count)
})"""


@dataclass(frozen=True)
class Server:
    """A running dashboard: where it is, and what it has written down."""

    url: str
    port: int
    log_file: Path
    pid: int

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")


def start(words: Sequence[str], environment: Mapping[str, str], log_file: Path) -> Any:
    """``python -m WORDS``, its output in a file. Where pytest runs, ``tests.forked`` starts it instead."""
    with log_file.open("wb") as output:
        return subprocess.Popen((sys.executable, "-m", *words), cwd=ROOT, env=environment, stdout=output, stderr=output)


@contextmanager
def served(
    database_url: str, log_file: Path, today: date | None = None, port: int = 0, redis_url: str = "off"
) -> Iterator[Server]:
    """The dashboard on a book, for as long as this block; ``today``, where it shall be another day than it is.

    ``port``, where it shall be found again after a restart. ``redis_url`` is nobody's but a test's own; what a page
    does without one is the same, slower.
    """
    port = port or usual_port()
    program = ("streamlit",) if today is None else ("tests.on_a_day", today.isoformat())
    words = (*program, "run", "app.py", "--server.port", str(port))
    ours = {"SQLALCHEMY_DATABASE_URI": database_url, "LOANS_TIMEZONE": "UTC", "REDIS_URL": redis_url}
    environment = {**os.environ, **ours}
    # What a page asks of the book is counted where the tests ask it; here a count would only slow the server down.
    environment.pop("COVERAGE_PROCESS_CONFIG", None)
    process = start(words, environment, log_file)
    server = Server(f"http://127.0.0.1:{port}", port, log_file, process.pid)
    try:
        _wait_for(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


@cache
def _first_port() -> int:
    return free_port()


def usual_port() -> int:
    """One port for one server after the other: by its address a browser knows again what it has compiled before."""
    with suppress(OSError), create_server(("127.0.0.1", _first_port())):
        return _first_port()
    return free_port()


def pages() -> dict[str, str]:
    """The address of every page that the frame names, by the name of its file."""
    named = re.findall(r'st\.Page\("(\w+)\.py"(.*)\)', (ROOT / "pages" / "frame.py").read_text("utf-8"))
    return {name: "/" if "default=True" in said else f"/{name}" for name, said in named}


def titles() -> dict[str, str]:
    """What the navigation calls the pages in it, by the names of their files."""
    frame = (ROOT / "pages" / "frame.py").read_text("utf-8")
    named = re.findall(r'st\.Page\("(\w+)\.py", title="([^"]+)"(.*)\)', frame)
    return {name: title for name, title, said in named if 'visibility="hidden"' not in said}


@contextmanager
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Tab:
    """A tab, and what happened in it that should not: errors, dialogs, requests to anybody but the server."""

    page: Page
    server: Server
    _heard: list[str] = field(default_factory=list)
    _socket: WebSocket | None = None

    def heard(self) -> list[str]:
        """What happened since this was asked last."""
        heard = self._heard[:]
        self._heard.clear()
        return heard

    def visit(self, address: str = "/") -> "Tab":
        """A page as a link opens it, when it has been drawn."""
        self.page.goto(self.server.url + address)
        return self.settle()

    def turn_to(self, address: str) -> "Tab":
        """Another address without a reload, as the browser's Back button goes there, when it has been drawn.

        What a load shows, in a third of the time; from a page at rest.
        """
        assert self._socket, "a page was visited before"
        with self._socket.expect_event("framereceived", _is_the_end_of_a_run, timeout=START_SECONDS * 1000):
            self.page.evaluate(_TURN, address)
        self.page.evaluate(_STILL)
        return self.settle()

    def visit_in(self, theme: str, address: str = "/") -> "Tab":
        """The same in another theme of the system, in a third of the time that a fresh profile takes."""
        self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        return self.visit(address)

    def resize(self, width: int, height: int = 900) -> "Tab":
        """Another window, when what it shows has been drawn."""
        self.page.set_viewport_size({"width": width, "height": height})
        return self.draw()

    def settle(self) -> "Tab":
        self.page.wait_for_function(_AT_REST, timeout=START_SECONDS * 1000)
        return self

    def draw(self) -> "Tab":
        """Wait for what is drawn after the rest: charts and grids."""
        self.page.wait_for_function(_DRAWN, timeout=START_SECONDS * 1000)
        return self

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _PROBE.search(message.location["url"]):
            self._heard.append(message.text)

    def see(self, url: str) -> None:
        if not re.match(rf"(data:|blob:|(http|ws)://127\.0\.0\.1:{self.server.port}/)", url):
            self._heard.append(f"A request to {url}")

    def connect(self, socket: WebSocket) -> None:
        self._socket = socket
        self.see(socket.url)

    def fail(self, what: object) -> None:
        self._heard.append(str(what))


@contextmanager
def tab(browser: Browser, server: Server, **context: Any) -> Iterator[Tab]:
    """A fresh browser profile with one tab; ``context`` as Playwright's ``new_context`` takes it."""
    profile = browser.new_context(**context)
    opened = Tab(profile.new_page(), server)
    with _watched(opened):
        yield opened
    profile.close()


@contextmanager
def lent_tab(
    browser: Browser, server: Server, viewport: ViewportSize = USUAL_VIEW, bypass_csp: bool = False
) -> Iterator[Tab]:
    """The one tab that stays open as long as the browser, with nothing left in it of whoever had it before.

    A fresh one reads and compiles for five seconds before it shows its first page; this one has all that from before.
    """
    (page,) = browser.contexts[0].pages
    assert page.url == "about:blank", "Somebody has it still."
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme="light", media="null")
    told = page.context.new_cdp_session(page)
    told.send("Page.setBypassCSP", {"enabled": bypass_csp})
    opened = Tab(page, server)
    try:
        with _watched(opened):
            yield opened
    finally:
        page.goto("about:blank")
        told.send("Storage.clearDataForOrigin", {"origin": server.url, "storageTypes": KEPT_BY_A_PAGE})
        told.detach()


@contextmanager
def _watched(opened: Tab) -> Iterator[None]:
    """What happens in a tab is heard."""
    heard: dict[str, Callable[[Any], object]] = {
        "console": opened.hear,
        "pageerror": opened.fail,
        "dialog": lambda dialog: (opened.fail(dialog.message), dialog.dismiss()),
        "request": lambda request: opened.see(request.url),
        "websocket": opened.connect,
    }
    for event, hears in heard.items():
        opened.page.on(event, hears)  # type: ignore[call-overload]
    try:
        yield
    finally:
        for event, hears in heard.items():
            opened.page.remove_listener(event, hears)


def _is_the_end_of_a_run(frame: str | bytes) -> bool:
    return isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished"


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise TimeoutError(f"The dashboard did not start:\n{server.log}")
