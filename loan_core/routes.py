"""What the API can be asked and told: a route parses what came in, calls one method of ``Book``, renders what came out.

Money is a JSON number with the currency's decimals, exact both ways. What is asked carries an ETag of the revision;
what is told may be sent again.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache, partial
from hashlib import sha256
from typing import Annotated, Any

import msgspec
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Match, Route

from loan_core import bodies, errors, interface, manual
from loan_core.answers import (
    LoanStatus,
    Statement,
    loan_in_major,
    portfolio_in_major,
    repayment_in_major,
    rows_in_major,
    status_in_major,
)
from loan_core.asked import (
    AsOf,
    ListAsked,
    LoanId,
    as_of_asked,
    is_known,
    key_asked,
    list_asked,
    only_known,
    prefers_csv,
    refuse_unknown,
    whole,
)
from loan_core.book import Book
from loan_core.interface import (
    INSTALLMENT_COLUMNS,
    INSTALLMENT_MONEY,
    LISTED_COLUMNS,
    LISTED_MONEY,
    RECEIVED_COLUMNS,
    RECEIVED_MONEY,
    responses,
)
from loan_core.metrics import MEDIA_TYPE as METRICS_TYPE
from loan_core.models import Repayment
from loan_core.problems import not_ready
from loan_core.recording import IdempotencyKey, Row
from loan_core.rounds import Rounds
from loan_core.spool import handed_out

_CHANGES = ("revision", "voided_at", "void_reason", "voided_by")
_DOCS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

# So many files at once are made from the database, however many are asked for: it has other questions to answer, and
# who waits for a file keeps none of the threads that answer them.
_making = CapacityLimiter(4)
_json = msgspec.json.Encoder(decimal_format="number")
_sorted_json = msgspec.json.Encoder(order="sorted")

router = APIRouter(dependencies=[Depends(only_known)])


def book_of(request: Request) -> Book:
    book: Book = request.app.state.book
    return book


async def the_book(request: Request) -> Book:
    return book_of(request)


TheBook = Annotated[Book, Depends(the_book)]


# Asking


@router.get("/loans", responses=responses(200, "Loans", 304), summary="Loans and where they stand, a page at a time")
async def loans(request: Request, book: TheBook, asked: Annotated[ListAsked, Depends(list_asked)]) -> Response:
    """With `Accept: text/csv`, all of them as CSV, in the order of their ids."""
    as_of = asked.as_of or book.today()
    meant = asked.selection(book.default_currency)
    tag = (await to_thread.run_sync(book.edition, as_of)).tag
    if prefers_csv(request.headers.get("accept", "")):
        return await _in_csv(request, f'"csv-{tag[1:]}', partial(book.export_loans, as_of, **meant))

    def say() -> dict[str, Any]:
        page = book.loan_page(as_of, asked.sort, asked.place(), asked.limit, **meant)
        rows = rows_in_major(page.rows.assign(as_of=as_of), LISTED_COLUMNS, LISTED_MONEY)
        said = {"as_of": as_of, "revision": page.revision, "count": page.count, "loans": rows}
        return said | {"next": asked.next_after(page.end)}

    return await to_thread.run_sync(_asked, request, tag, say, {"Vary": "Accept"})


@router.get("/loans/{loan_id}", responses=responses(200, "Loan", 304, 404), summary="A loan as agreed, and its state")
def loan(request: Request, book: TheBook, loan_id: LoanId, as_of: AsOf = None) -> Response:
    def say(said: Statement) -> dict[str, Any]:
        return loan_in_major(said.loan) | {"as_of": said.status.as_of, "state": said.status.state}

    return _asked_of_a_loan(request, book, loan_id, as_of, say)


async def status(request: Request) -> Response:
    """Where a loan stands at the end of a day: it changes threads only where that is quicker."""
    refuse_unknown(request, ("as_of",))
    book = book_of(request)
    answer: Response = await request.app.state.pace.answer(book.is_near, _status, request, book)
    return answer


def _status(request: Request, book: Book) -> Response:
    loan_id, as_of = as_of_asked(request, book.today)
    if tags := request.headers.get("if-none-match"):
        tag = book.version(loan_id, as_of).tag
        if is_known(tags, tag):
            return _unchanged(tag)
    version, status = book.versioned_status(loan_id, as_of)
    return _answer(_told_again(status), version.tag)


@lru_cache(maxsize=1_024)
def _told_again(status: LoanStatus) -> msgspec.Raw:
    """A status as it goes out: most are asked for many times before they change."""
    return msgspec.Raw(_json.encode(status_in_major(status)))


@router.get(
    "/loans/{loan_id}/schedule",
    responses=responses(200, "Schedule", 304, 404),
    summary="A loan's installments, and what covers them on a day",
)
def schedule(request: Request, book: TheBook, loan_id: LoanId, as_of: AsOf = None) -> Response:
    def say(said: Statement) -> dict[str, Any]:
        rows = said.installments.assign(currency=said.loan.currency)
        return _heading(said) | {"installments": rows_in_major(rows, INSTALLMENT_COLUMNS, INSTALLMENT_MONEY)}

    return _asked_of_a_loan(request, book, loan_id, as_of, say)


@router.get(
    "/loans/{loan_id}/repayments",
    responses=responses(200, "Repayments", 304, 404),
    summary="What came in on a loan through a day, oldest first, and what each of it covered",
)
def repayments(request: Request, book: TheBook, loan_id: LoanId, as_of: AsOf = None) -> Response:
    def say(said: Statement) -> dict[str, Any]:
        rows = said.repayments.assign(currency=said.loan.currency)
        return _heading(said) | {"repayments": rows_in_major(rows, RECEIVED_COLUMNS, RECEIVED_MONEY)}

    return _asked_of_a_loan(request, book, loan_id, as_of, say)


@router.get("/portfolio", responses=responses(200, "Portfolio", 304), summary="What the book comes to, by currency")
def portfolio(request: Request, book: TheBook, as_of: AsOf = None) -> Response:
    day = as_of or book.today()
    return _asked(request, book.edition(day).tag, lambda: portfolio_in_major(book.portfolio(day)))


# Telling


async def create_loans(request: Request) -> Response:
    """Record a loan."""
    stated = await _stated(request, bodies.LOAN)
    made = await _told(request, book_of(request).create_loan, (), stated)
    # What a retry reads must be what the first call read: nothing of it ever changes.
    said = {name: value for name, value in loan_in_major(made).items() if name not in _CHANGES}
    answer = _answer(said, status=201)
    answer.headers["Location"] = f"{request.scope.get('root_path', '')}/loans/{made.id}"
    return answer


async def add_repayment(request: Request) -> Response:
    """Record money received on a loan."""
    loan_id = _number(request, "loan_id")
    stated = {"amount": None} | await _stated(request, bodies.REPAYMENT)
    return await _recorded(request, await _told(request, book_of(request).add_repayment, (loan_id,), stated))


async def reverse_repayment(request: Request) -> Response:
    """Undo a repayment by its negative."""
    loan_id, repayment_id = _number(request, "loan_id"), _number(request, "id")
    stated = await _stated(request, bodies.REVERSAL) | {"loan_id": loan_id}
    return await _recorded(request, await _told(request, book_of(request).reverse_repayment, (repayment_id,), stated))


class Plain(Route):
    """A route of a call that others wait for: its parameters are read by hand, at a third of FastAPI's time for it."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        found, besides = super().matches(scope)
        return found, {**besides, "route": self}


PLAIN = [
    Plain(interface.STATUS, status, methods=["GET"]),
    Plain(interface.CREATE, create_loans, methods=["POST"]),
    Plain(interface.REPAY, add_repayment, methods=["POST"]),
    Plain(interface.REVERSE, reverse_repayment, methods=["POST"]),
]


# The server itself


@router.get("/healthz", responses=responses(200, "Health"), summary="Whether the server is alive")
async def healthz() -> Response:
    return _answer({"status": "alive"})


@router.get("/readyz", responses=responses(200, "Readiness"), summary="Whether it can answer: its database and Redis")
def readyz(book: TheBook) -> Response:
    redis = book.cache.state
    try:
        book.edition(book.today())
    except errors.Refusal as refusal:
        return not_ready(refusal, {"database": "down", "redis": redis})
    return _answer({"database": "up", "redis": redis})


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=METRICS_TYPE)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    said = manual.page(request.app.openapi())
    return HTMLResponse(said, headers={"Content-Security-Policy": _DOCS_POLICY, "X-Content-Type-Options": "nosniff"})


# How an answer is made


def _answer(said: object, tag: str = "", status: int = 200) -> Response:
    return Response(_json.encode(said), status, _headers(tag), "application/json")


def _headers(tag: str = "") -> dict[str, str]:
    # Whoever keeps an answer asks again before using it: If-None-Match makes that cheap.
    return {"Cache-Control": "private, no-cache"} | ({"ETag": tag} if tag else {})


def _unchanged(tag: str) -> Response:
    return Response(status_code=304, headers=_headers(tag))


def _asked(request: Request, tag: str, say: Callable[[], object], also: Mapping[str, str] | None = None) -> Response:
    """The answer, or 304 to whoever has it: its ``tag`` was asked for first, so that it may be older, never newer."""
    answer = _unchanged(tag) if is_known(request.headers.get("if-none-match"), tag) else _answer(say(), tag)
    if also:
        answer.headers.update(also)
    return answer


def _asked_of_a_loan(
    request: Request, book: Book, loan_id: int, as_of: date | None, say: Callable[[Statement], object]
) -> Response:
    day = as_of or book.today()
    return _asked(request, book.version(loan_id, day).tag, lambda: say(book.statement(loan_id, day)))


async def _in_csv(request: Request, tag: str, lines: Callable[[], Iterator[bytes]]) -> Response:
    headers = _headers(tag) | {"Vary": "Accept"}
    if is_known(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    # Who reads slowly, or not at all, would keep a connection to the database until the end.
    whole_file = await to_thread.run_sync(handed_out, lambda file: file.writelines(lines()), limiter=_making)
    return StreamingResponse(whole_file, media_type="text/csv; charset=utf-8", headers=headers)


def _heading(said: Statement) -> dict[str, Any]:
    return {name: getattr(said.status, name) for name in ("loan_id", "currency", "as_of", "revision")}


def _number(request: Request, name: str) -> int:
    return whole(name, request.path_params[name])


async def _recorded(request: Request, made: Repayment) -> Response:
    book, pace = book_of(request), request.app.state.pace
    code = await pace.answer(book.is_near, book.currency, made.loan_id)
    return _answer(repayment_in_major(made, code), status=201)


async def _stated(request: Request, known: Mapping[str, Any]) -> dict[str, Any]:
    refuse_unknown(request, ())
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(415, "Send JSON, and say so: Content-Type: application/json.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, "Send the body as it is, without Content-Encoding.")
    return bodies.fields_of(await request.body(), known)


async def _told(
    request: Request, verb: Callable[..., Row], arguments: tuple[int, ...], stated: Mapping[str, Any]
) -> Row:
    """The row that a verb of the book's wrote, or had written when this request came before."""
    caller, named = request.scope["state"]["recorded_by"], key_asked(request.headers.get("idempotency-key"))
    key = IdempotencyKey(caller, named, _fingerprint(verb.__name__, arguments, stated)) if named else None
    rounds: Rounds = request.app.state.rounds
    return await rounds.done(partial(verb, *arguments, recorded_by=caller, key=key, **stated))


def _fingerprint(*asked: object) -> str:
    return sha256(_sorted_json.encode(asked)).hexdigest()
