"""The same questions, asked by programs: REST over HTTP, mounted by the dashboard or run alone.

``uvicorn loan_core.api:api --port 8000``. Here is the application, and what stands before its routes.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from loan_core import interface, problems, routes
from loan_core.access import App, Guard, Message, Receive, Scope, Send, check_hosts, hosts_asked_for, read_tokens
from loan_core.book import open_book
from loan_core.errors import Refusal
from loan_core.metrics import Metrics
from loan_core.pace import Pace
from loan_core.rounds import Rounds
from loan_core.settings import Settings


class Api(FastAPI):
    """The application. ``state``: its settings, and once its server starts its book, tokens and counts."""

    def build_middleware_stack(self) -> App:
        # Outside of all else, so that a failure too is counted and may be read by a front end that is named.
        return Door(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """The description: our own schemas, and the routes that are not FastAPI's."""
        if not self.openapi_schema:
            said = super().openapi()
            paths = said["paths"] | {path: said["paths"].get(path, {}) | ours for path, ours in interface.PLAIN.items()}
            said["paths"] = dict(sorted(paths.items()))
            said.setdefault("components", {})["schemas"] = interface.SCHEMAS
        return super().openapi()


class Door:
    """Before every route: counting, other origins' leave, tokens. What it needs is known once the server starts."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._guarded: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, _in_one_sentence(send))
            return
        if self._guarded is None:
            self._guarded = self._built(scope["app"].state)
        # The same as GET to all of ours; the server, whose scope stays as it is, leaves the body out.
        scope = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        await self._guarded(scope, receive, send)

    def _built(self, state: Any) -> App:
        settings: Settings = state.settings
        guard: App = Guard(self._app, state.tokens, settings.cors_origins, settings.api_calls_per_minute)
        measured: App = state.metrics.measured(_open_to(settings.cors_origins, guard))
        return measured


def _open_to(origins: tuple[str, ...], app: App) -> App:
    """The app, which pages of these origins may call and read; to all others it is as if there were none."""
    if not origins:
        return app
    opened_to = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
        expose_headers=["ETag", "Location", "Retry-After"],
    )
    named = {(b"origin", origin.encode("latin-1", "replace")) for origin in origins}

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        await (opened_to if named.intersection(scope["headers"]) else app)(scope, receive, send)

    return chosen


def _in_one_sentence(send: Send) -> Send:
    """What keeps a server from starting, without the traceback where the sentence is ours."""

    async def said(message: Message) -> None:
        failure = sys.exc_info()[1]
        if message["type"] == "lifespan.startup.failed" and isinstance(failure, Refusal):
            message = {**message, "message": str(failure)}
        await send(message)

    return said


@asynccontextmanager
async def opened(app: FastAPI, hosts: tuple[str, ...] = ()) -> AsyncIterator[None]:
    """The API from start to end; ``InvalidSetting`` where it would serve strangers without a token."""
    state = app.state
    settings = state.settings = state.settings or Settings.read()
    state.tokens = read_tokens(settings.api_tokens)
    check_hosts(state.tokens, [*hosts, *hosts_asked_for(sys.argv, os.environ)])
    state.book = open_book(settings)
    state.metrics.cache_counts = state.book.cache.counts
    state.pace, state.rounds = Pace(), Rounds(state.book.together)
    try:
        yield
    finally:
        state.book.close()


def make_api(settings: Settings | None = None) -> FastAPI:
    """The application. It opens the book of its settings, or of the environment's, when its server starts."""
    about = "Loans, what was expected of them and what came in, on any day. Money is in major units, exact."
    app = Api(
        title="Loan Book",
        description=about,
        version="1",
        lifespan=opened,
        docs_url=None,
        redoc_url=None,
        # A redirection would repeat the caller's token to whatever address the proxies before us made of this one.
        redirect_slashes=False,
        # What is measured is at /metrics; to look at every call whether somebody wants to hear more takes its time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers=problems.HANDLERS,
    )
    app.state.settings, app.state.metrics = settings, Metrics()
    app.router.routes.extend(routes.PLAIN)
    app.include_router(routes.router)
    return app


api = make_api()
