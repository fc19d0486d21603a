"""The same questions, asked by programs: REST over HTTP, mounted by the dashboard or run alone.

``uvicorn loan_core.api:api --port 8000``. A route parses what came in, calls one method of ``Book``, renders what came
out. Money is a JSON number with the currency's decimals, exact both ways. Every refusal is a problem (RFC 9457).
"""

import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from loan_core import bodies, errors, interface
from loan_core.access import App, Guard, Message, Receive, Scope, Send, check_hosts, hosts_asked_for, read_tokens
from loan_core.answers import (
    STATUS_MONEY,
    loan_in_major,
    portfolio_in_major,
    repayment_in_major,
    rows_in_major,
    status_in_major,
)
from loan_core.asked import AsOf, ListAsked, LoanId, RepaymentId, as_of_asked, list_asked, only_known, refuse_unknown
from loan_core.book import Book, open_book
from loan_core.interface import BODIES, INSTALLMENT_COLUMNS, LISTED_COLUMNS, RECEIVED_COLUMNS, responses
from loan_core.metrics import MEDIA_TYPE as METRICS_TYPE
from loan_core.metrics import Metrics
from loan_core.problems import Problem, problem_of, problem_response
from loan_core.recording import IdempotencyKey
from loan_core.settings import Settings

log = logging.getLogger(__name__)

_json = msgspec.json.Encoder(decimal_format="number")
_LOAN_MONEY = {"loan_amount", "installment", *STATUS_MONEY}
_INSTALLMENT_MONEY = {"due", "interest", "principal", "balance", "covered", "covered_interest", "covered_principal"}
_RECEIVED_MONEY = {"amount", "covered_interest", "covered_principal", "overpaid", "total_paid", "remaining_balance"}
_CHANGES = ("revision", "voided_at", "void_reason")

router = APIRouter(dependencies=[Depends(only_known)])
STATUS = "/loans/{loan_id}/status"


def book_of(request: Request) -> Book:
    book: Book = request.app.state.book
    return book


async def the_book(request: Request) -> Book:
    return book_of(request)


TheBook = Annotated[Book, Depends(the_book)]


# Asking


@router.get("/loans", responses=responses(200, "Loans", 304), summary="Loans and where they stand, a page at a time")
def loans(request: Request, book: TheBook, asked: Annotated[ListAsked, Depends(list_asked)]) -> Response:
    """With `Accept: text/csv`, all of them as CSV, in the order of their ids."""
    as_of = asked.as_of or book.today()
    wants_csv = "text/csv" in request.headers.get("accept", "")
    tag = book.edition(as_of).tag.replace('"', '"csv-' if wants_csv else '"', 1)
    if _is_known(request, tag):
        return _unchanged(tag)
    meant = asked.selection(book.default_currency)
    if wants_csv:
        lines = book.export_loans(as_of, **meant)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers={"ETag": tag, "Vary": "Accept"})
    page = book.loan_page(as_of, asked.sort, asked.place(), asked.limit, **meant)
    rows = rows_in_major(page.rows.assign(as_of=as_of), LISTED_COLUMNS, _LOAN_MONEY)
    said = {"as_of": as_of, "revision": page.revision, "count": page.count, "loans": rows}
    answer = _answer(said | {"next": asked.next_after(page.end)}, tag)
    answer.headers["Vary"] = "Accept"
    return answer


@router.get("/loans/{loan_id}", responses=responses(200, "Loan", 304, 404), summary="A loan as agreed")
def loan(request: Request, book: TheBook, loan_id: LoanId, as_of: AsOf = None) -> Response:
    return _of_a_loan(request, loan_id, lambda: loan_in_major(book.loan(loan_id)))


async def status(request: Request) -> Response:
    """Where a loan stands at the end of a day: the call that others wait for.

    So it is a plain route, its parameters are read by hand, and it changes threads only where that is quicker.
    """
    request.scope["route"] = _STATUS_ROUTE
    refuse_unknown(request, ("as_of",))
    book = book_of(request)
    if book.is_near:
        return _status(request, book)
    return await run_in_threadpool(_status, request, book)


_STATUS_ROUTE = Route(STATUS, status, methods=["GET"])


def _status(request: Request, book: Book) -> Response:
    loan_id, as_of = as_of_asked(request, book.today)
    version = book.version(loan_id, as_of)
    tag = version.tag
    if _is_known(request, tag):
        return _unchanged(tag)
    return _answer(status_in_major(book.status(loan_id, as_of, version)), tag)


@router.get(
    "/loans/{loan_id}/schedule",
    responses=responses(200, "Schedule", 304, 404),
    summary="A loan's installments, and what covers them on a day",
)
def schedule(request: Request, book: TheBook, loan_id: LoanId, as_of: AsOf = None) -> Response:
    def say() -> dict[str, Any]:
        said = book.statement(loan_id, as_of or book.today())
        rows = said.installments.assign(currency=said.loan.currency)
        return _heading(said) | {"installments": rows_in_major(rows, INSTALLMENT_COLUMNS, _INSTALLMENT_MONEY)}

    return _of_a_loan(request, loan_id, say)


@router.get(
    "/loans/{loan_id}/repayments",
    responses=responses(200, "Repayments", 304, 404),
    summary="What came in on a loan through a day, oldest first, and what each of it covered",
)
def repayments(request: Request, book: TheBook, loan_id: LoanId, as_of: AsOf = None) -> Response:
    def say() -> dict[str, Any]:
        said = book.statement(loan_id, as_of or book.today())
        rows = said.repayments.assign(currency=said.loan.currency)
        return _heading(said) | {"repayments": rows_in_major(rows, RECEIVED_COLUMNS, _RECEIVED_MONEY)}

    return _of_a_loan(request, loan_id, say)


@router.get("/portfolio", responses=responses(200, "Portfolio", 304), summary="What the book comes to, by currency")
def portfolio(request: Request, book: TheBook, as_of: AsOf = None) -> Response:
    day = as_of or book.today()
    tag = book.edition(day).tag
    return _unchanged(tag) if _is_known(request, tag) else _answer(portfolio_in_major(book.portfolio(day)), tag)


# Doing


@router.post(
    "/create-loans",
    status_code=201,
    responses=responses(201, "NewLoan", 400, 409, 413, 415),
    openapi_extra={"requestBody": BODIES["loan"], "parameters": [interface.KEY]},
    summary="Record a loan",
)
async def create_loans(request: Request) -> Response:
    stated = await _stated(request, bodies.LOAN)
    made = await _done(request, book_of(request).create_loan, **stated)
    # What a retry reads must be what the first call read: nothing of it ever changes.
    said = {name: value for name, value in loan_in_major(made).items() if name not in _CHANGES}
    answer = _answer(said, status=201)
    answer.headers["Location"] = f"{request.scope.get('root_path', '')}/loans/{made.id}"
    return answer


@router.post(
    "/loans/{loan_id}/repayments",
    status_code=201,
    responses=responses(201, "Repayment", 400, 404, 409, 413, 415),
    openapi_extra={"requestBody": BODIES["repayment"], "parameters": [interface.KEY]},
    summary="Record money received on a loan",
)
async def add_repayment(request: Request, loan_id: LoanId) -> Response:
    stated = await _stated(request, bodies.REPAYMENT)
    amount = stated.pop("amount", None)
    made = await _done(request, book_of(request).add_repayment, loan_id, amount, **stated)
    return _answer(await run_in_threadpool(_repayment_said, request, made), status=201)


@router.post(
    "/loans/{loan_id}/repayments/{id}/reverse",
    status_code=201,
    responses=responses(201, "Repayment", 400, 404, 409, 413, 415),
    openapi_extra={"requestBody": BODIES["reversal"], "parameters": [interface.KEY]},
    summary="Undo a repayment by its negative",
)
async def reverse_repayment(request: Request, loan_id: LoanId, id: RepaymentId) -> Response:
    stated = await _stated(request, bodies.REVERSAL)
    made = await _done(request, book_of(request).reverse_repayment, id, loan_id=loan_id, **stated)
    return _answer(await run_in_threadpool(_repayment_said, request, made), status=201)


# The server itself


@router.get("/healthz", responses={200: interface.content("Health")}, summary="Whether the server is alive")
async def healthz() -> Response:
    return _answer({"status": "alive"})


@router.get("/readyz", responses=responses(200, "Readiness"), summary="Whether it can answer: its database and Redis")
def readyz(book: TheBook) -> Response:
    is_up = book.cache.is_up()
    redis = "up" if is_up else book.cache.state.replace("up", "down")
    try:
        book.edition(book.today())
    except errors.Refusal as refusal:
        log.error("The database is not ready: %s", refusal)
        besides = {"database": "down", "redis": redis}
        return problem_response(Problem(503, "The database is not ready.", (), {"Retry-After": "1"}, besides))
    return _answer({"database": "up", "redis": redis})


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=METRICS_TYPE)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    said = interface.page(request.app.openapi())
    return HTMLResponse(said, headers={"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"})


def _answer(said: object, tag: str = "", status: int = 200) -> Response:
    # Whoever keeps an answer asks again before using it: If-None-Match makes that cheap.
    headers = {"Cache-Control": "private, no-cache"} | ({"ETag": tag} if tag else {})
    return Response(_json.encode(said), status, headers, "application/json")


def _is_known(request: Request, tag: str) -> bool:
    asked = request.headers.get("if-none-match")
    return asked is not None and (asked == "*" or tag in (each.strip().removeprefix("W/") for each in asked.split(",")))


def _unchanged(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag})


def _of_a_loan(request: Request, loan_id: int, say: Callable[[], dict[str, Any]]) -> Response:
    book = book_of(request)
    # Asked before the rows are read: a tag may be older than its answer, never newer.
    tag = book.version(loan_id, as_of_asked(request, book.today)[1]).tag
    return _unchanged(tag) if _is_known(request, tag) else _answer(say(), tag)


def _heading(said: Any) -> dict[str, Any]:
    return {name: getattr(said.status, name) for name in ("loan_id", "currency", "as_of", "revision")}


def _repayment_said(request: Request, made: Any) -> dict[str, Any]:
    return repayment_in_major(made, book_of(request).loan(made.loan_id).currency)


async def _stated(request: Request, known: Mapping[str, Any]) -> dict[str, Any]:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(415, "Send JSON, and say so: Content-Type: application/json.")
    return bodies.fields_of(await request.body(), known)


async def _done(request: Request, verb: Callable[..., Any], *arguments: Any, **stated: Any) -> Any:
    """What a verb of the book's wrote, or had written when this request came before."""
    caller = request.scope["state"]["recorded_by"]
    named, key = request.headers.get("idempotency-key", "").strip(), None
    if len(named) > 100 or not named.isprintable():
        wrong = "The Idempotency-Key has more than 100 characters, or one that cannot be printed."
        raise errors.InvalidEntry([errors.Problem("Idempotency-Key", errors.shortened(named), wrong, "Shorten it.")])
    if named:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        asked = f"{request.method} {path}\n".encode() + await request.body()
        key = IdempotencyKey(caller, named, sha256(asked).hexdigest())
    return await run_in_threadpool(verb, *arguments, recorded_by=caller, key=key, **stated)


# Refusing


def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, errors.Refusal)
    if isinstance(refusal, errors.DatabaseUnusable):
        log.error("%s", refusal)
    return problem_response(problem_of(refusal))


def _not_valid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [
        errors.Problem(str(each["loc"][-1]), errors.shortened(str(each.get("input", ""))), f"{each['msg']}.", "")
        for each in error.errors()
    ]
    return problem_response(Problem(422, " ".join(f"{each.field}: {each.wrong}" for each in wrong), wrong))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    sentences = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    detail = sentences.get(error.status_code, str(error.detail))
    return problem_response(Problem(error.status_code, detail, (), headers))


def _methods_at(request: Request) -> set[str]:
    """What the address of a call can be asked for, over all routes that have it."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    templates = ((re.sub(r"{\w+}", "[^/]+", each), said) for each, said in request.app.openapi()["paths"].items())
    return {method.upper() for template, said in templates if re.fullmatch(template, path) for method in said} or {
        "GET"
    }


def _failed(request: Request, error: Exception) -> Response:
    number = uuid4().hex[:8]
    log.error("Failure %s at %s %s", number, request.method, request.scope["path"], exc_info=error)
    detail = f"Something failed here, and it is not your request. The server's log has it as failure {number}."
    return problem_response(Problem(500, detail, besides={"id": number}))


# The application


class Door:
    """Before every route: counting, other origins' leave, tokens. What it needs is known once the server starts."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._guarded: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, _in_one_sentence(send))
            return
        if self._guarded is None:
            self._guarded = self._built(scope["app"].state)
        await self._guarded(scope, receive, send)

    def _built(self, state: Any) -> App:
        settings: Settings = state.settings
        guard: App = Guard(self._app, state.tokens, settings.cors_origins, settings.api_calls_per_minute)
        if settings.cors_origins:
            guard = CORSMiddleware(
                guard,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"],
                expose_headers=["ETag", "Location", "Retry-After"],
            )
        measured: App = state.metrics.measured(guard)
        return measured


def _in_one_sentence(send: Send) -> Send:
    """What keeps a server from starting, without the traceback where the sentence is ours."""

    async def said(message: Message) -> None:
        failure = sys.exc_info()[1]
        if message["type"] == "lifespan.startup.failed" and isinstance(failure, errors.Refusal):
            message = {**message, "message": str(failure)}
        await send(message)

    return said


@asynccontextmanager
async def opened(app: FastAPI, hosts: tuple[str, ...] = ()) -> AsyncIterator[None]:
    """The API from start to end; ``InvalidSetting`` where it would serve strangers without a token."""
    settings = app.state.settings = app.state.settings or Settings.read()
    app.state.tokens = read_tokens(settings.api_tokens)
    check_hosts(app.state.tokens, [*hosts, *hosts_asked_for(sys.argv, os.environ)])
    app.state.book = open_book(settings)
    app.state.metrics.cache_counts = app.state.book.cache.counts
    try:
        yield
    finally:
        app.state.book.close()


def make_api(settings: Settings | None = None) -> FastAPI:
    """The application. It opens the book of its settings, or of the environment's, when its server starts."""
    about = "Loans, what was expected of them and what came in, on any day. Money is in major units, exact."
    app = FastAPI(title="Loan Book", description=about, version="1", lifespan=opened, docs_url=None, redoc_url=None)
    app.state.settings, app.state.metrics = settings, Metrics()
    app.router.routes.append(_STATUS_ROUTE)
    app.include_router(router)
    app.add_middleware(Door)
    for kind, handler in (
        (errors.Refusal, _refused),
        (RequestValidationError, _not_valid),
        (HTTPException, _http),
        (Exception, _failed),
    ):
        app.add_exception_handler(kind, handler)
    describe = app.openapi

    def described() -> dict[str, Any]:
        said = describe()
        said["paths"][STATUS] = {"get": interface.STATUS}
        said.setdefault("components", {})["schemas"] = interface.SCHEMAS
        return said

    app.openapi = described  # type: ignore[method-assign]
    return app


api = make_api()
