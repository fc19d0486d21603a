"""The API as its callers meet it: on a real socket, in a thread of the test or in processes of its own."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvicorn

from loan_core import Book, Settings
from loan_core.api import make_api
from tests.servers import START_SECONDS, free_port

ROOT = Path(__file__).parents[1]
LOAN = {"loan_amount": 1000, "repayment_period": 12, "start_on": "2025-10-01"}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)


@dataclass(frozen=True)
class Caller:
    """Who calls a server, each time on a new connection. ``book`` is the server's, where it is in this process."""

    port: int
    book: Any = None
    api: Any = None

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, default=str).encode()
        if body is not None:
            sent = {"Content-Type": "application/json"} | sent
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path: str, **headers: str) -> Reply:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self("POST", path, {} if body is None else body, **headers)


@contextmanager
def serving(settings: Settings, app: Any = None, api: Any = None) -> Iterator[Caller]:
    """The API, or an ``app`` that carries it, in a thread of this process."""
    api = api or make_api(settings)
    config = uvicorn.Config(
        app or api, port=0, log_level="critical", lifespan="on", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert server.started
        book: Book = api.state.book
        yield Caller(server.servers[0].sockets[0].getsockname()[1], book, api)
    finally:
        server.should_exit = True
        thread.join(10)
        # A connection that somebody left half open does not keep the tests waiting.
        server.force_exit = True
        thread.join(10)
        assert not thread.is_alive()


def begin(words: Sequence[str], environment: Mapping[str, str]) -> Any:
    return subprocess.Popen((sys.executable, "-m", *words), cwd=ROOT, env=environment)


@contextmanager
def served(environment: Mapping[str, str], *options: str, begin: Callable[..., Any] = begin) -> Iterator[Any]:
    """A server in processes of its own, begun as from a shell or by ``forked.begin``: its process, and who calls it."""
    port = free_port()
    words = ("uvicorn", "loan_core.api:api", "--port", str(port), "--log-level", "warning", "--no-access-log")
    process = begin((*words, *options), {**os.environ, **environment})
    try:
        caller = Caller(port)
        wait_for(caller)
        yield process, caller
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def wait_for(caller: Caller) -> None:
    deadline = time.monotonic() + 3 * START_SECONDS
    while True:
        try:
            caller.get("/healthz")
            return
        except OSError:
            assert time.monotonic() < deadline, "The server did not start."
            time.sleep(0.02)
