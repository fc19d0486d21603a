"""What the API says when it refuses: one shape, RFC 9457, ``application/problem+json``."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from loan_core import errors
from loan_core.bodies import MalformedBody

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[errors.Refusal], int] = {
    MalformedBody: 400,
    errors.InvalidEntry: 422,
    errors.ReferenceTaken: 422,
    errors.KeyTaken: 422,
    errors.LoanNotFound: 404,
    errors.RepaymentNotFound: 404,
    errors.BatchNotFound: 404,
    errors.FigureNotFound: 404,
    errors.DatabaseBusy: 503,
    errors.DatabaseUnusable: 503,
    errors.TookTooLong: 503,
    errors.NoRoom: 503,
}
"""What a refusal is in HTTP; any other is 409: the book is not in a state for it."""

_LATER = {"Retry-After": "1"}
# As long as the list of all orders; that of all currencies is three times as long.
_LONGEST_ADVICE = 520

SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A refusal (RFC 9457). Nothing was written.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, in a sentence."},
        "id": {"type": "string", "description": "Of a failure: the server's log has it, with what failed."},
        "database": {"type": "string"},
        "redis": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Each thing that is wrong, and what would be right.",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "found", "wrong", "right")},
                "required": ["field", "found", "wrong", "right"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
    "example": {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "loan_amount is missing. Write the amount lent, such as 1000.00.",
        "errors": [
            {
                "field": "loan_amount",
                "found": "",
                "wrong": "loan_amount is missing.",
                "right": "Write the amount lent, such as 1000.00.",
            }
        ],
    },
}


@dataclass(frozen=True)
class ProblemDetails:
    """A refusal: the sentence, what is wrong with which field where that is known, and what else is to be said."""

    status: int
    detail: str
    wrong: Sequence[errors.Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    besides: Mapping[str, str] = field(default_factory=dict)


def problem_of(refusal: errors.Refusal) -> ProblemDetails:
    """A refusal of the book's, for HTTP."""
    status = STATUSES.get(type(refusal), 409)
    headers = _LATER if status == 503 else {}
    detail = str(refusal)
    if isinstance(refusal, errors.DatabaseUnusable):
        # Its own sentence names a file or a host, for whoever keeps the server; the log has it.
        detail = "The book's database cannot be used just now. Nothing was written: try again in a moment."
    if isinstance(refusal, errors.NoRoom):
        detail = "The server has no room for this just now. Nothing was written: try again in a moment."
    return ProblemDetails(status, detail, getattr(refusal, "problems", ()), headers)


def problem_response(problem: ProblemDetails) -> Response:
    said: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": problem.detail,
        **problem.besides,
    }
    if problem.wrong:
        said["errors"] = [
            {"field": each.field, "found": each.found, "wrong": each.wrong, "right": each.right}
            for each in problem.wrong
        ]
    content = msgspec.json.encode(said)
    return Response(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(problem.headers))


def _title(status: int) -> str:
    # Python 3.11 still calls it "Unprocessable Entity", and 413 "Request Entity Too Large" (RFC 9110 does not).
    return {413: "Content Too Large", 422: "Unprocessable Content"}.get(status) or HTTPStatus(status).phrase


def not_ready(refusal: errors.Refusal, states: Mapping[str, str]) -> Response:
    """What a server says that cannot answer now, with the states of what it stands on."""
    log.error("The database is not ready: %s", refusal)
    return problem_response(ProblemDetails(503, "The database is not ready.", (), _LATER, states))


# Where a refusal becomes an answer


def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, errors.Refusal)
    if isinstance(refusal, errors.DatabaseUnusable | errors.NoRoom):
        log.error("%s", refusal)
    return problem_response(problem_of(refusal))


def _not_valid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [_in_our_words(each) for each in error.errors()]
    return problem_response(ProblemDetails(422, " ".join(f"{each.field}: {each}" for each in wrong), wrong))


# What a parameter of an address can be wrong in, and what would be right, by the validator's names for it.
_WORDS = {
    "int_parsing": ("{found} is not a whole number.", "Write digits alone, such as 100."),
    "int_parsing_size": ("{found} is too large.", "Write digits alone, such as 100."),
    "greater_than_equal": ("{found} is too small.", "Write {ge} or more."),
    "less_than_equal": ("{found} is too large.", "Write {le} or less."),
    "string_too_long": ("The text is too long.", "Write at most {max_length} characters."),
    "literal_error": ("{found} is not one of them.", "Write {expected}."),
}


def _in_our_words(each: Any) -> errors.Problem:
    found = errors.shortened(str(each.get("input", "")))
    wrong, right = _WORDS.get(each["type"], (f"{each['msg']}.", ""))
    said = {"found": found or "Nothing", **each.get("ctx", {})}
    right = errors.shortened(right.format_map(said), _LONGEST_ADVICE)
    return errors.Problem(str(each["loc"][-1]), found, wrong.format_map(said), right)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem_response(ProblemDetails(404, "There is nothing at this address."))
    if error.status_code != 405:
        return problem_response(ProblemDetails(error.status_code, str(error.detail), (), dict(error.headers or {})))
    allowed = {"Allow": ", ".join(_methods_at(request))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allowed)
    return problem_response(ProblemDetails(405, "This address does not take that method.", (), allowed))


def _methods_at(request: Request) -> list[str]:
    """What the address of a call can be asked for, over all routes that have it."""
    known = {"GET": ["GET", "HEAD"], "POST": ["POST"]}
    found = ["OPTIONS"]
    for method, also in known.items():
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found += also
    return sorted(found)


def _failed(request: Request, error: Exception) -> Response:
    number = uuid4().hex[:8]
    log.error("Failure %s at %s %s", number, request.method, request.scope["path"], exc_info=error)
    detail = f"Something failed here, and it is not your request. The server's log has it as failure {number}."
    return problem_response(ProblemDetails(500, detail, besides={"id": number}))


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Any]] = {
    errors.Refusal: _refused,
    RequestValidationError: _not_valid,
    HTTPException: _http,
    Exception: _failed,
}
"""For whatever a route raises."""
