"""What the API says when it refuses: one shape, RFC 9457, ``application/problem+json``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from loan_core import errors
from loan_core.bodies import MalformedBody

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[errors.Refusal], int] = {
    MalformedBody: 400,
    errors.InvalidEntry: 422,
    errors.ReferenceTaken: 422,
    errors.KeyTaken: 422,
    errors.LoanNotFound: 404,
    errors.RepaymentNotFound: 404,
    errors.BatchNotFound: 404,
    errors.DatabaseBusy: 503,
    errors.DatabaseUnusable: 503,
    errors.TookTooLong: 503,
}
"""What a refusal is in HTTP; any other is 409: the book is not in a state for it."""

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
class Problem:
    """A refusal: the sentence, what is wrong with which field where that is known, and what else is to be said."""

    status: int
    detail: str
    wrong: Sequence[errors.Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    besides: Mapping[str, str] = field(default_factory=dict)


def problem_of(refusal: errors.Refusal) -> Problem:
    """A refusal of the book's, for HTTP."""
    status = STATUSES.get(type(refusal), 409)
    headers = {"Retry-After": "1"} if status == 503 else {}
    detail = str(refusal)
    if isinstance(refusal, errors.DatabaseUnusable):
        # Its own sentence names a file or a host, for whoever keeps the server; the log has it.
        detail = "The book's database cannot be used just now. Nothing was written: try again in a moment."
    return Problem(status, detail, getattr(refusal, "problems", ()), headers)


def problem_response(problem: Problem) -> Response:
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
