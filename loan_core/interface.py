"""How the API describes itself: the schemas, examples and answers of its OpenAPI."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from loan_core import bodies, problems
from loan_core.answers import STATUS_MONEY, LoanStatus
from loan_core.dictionary import MEANINGS
from loan_core.exchange import LOANS_OUT
from loan_core.models import LARGEST_ID, Request

Schema = dict[str, Any]

LONGEST_KEY = 100

MONEY: Schema = {"type": "number", "description": "In major units, with the currency's decimals, exact."}
_DAY: Schema = {"type": "string", "format": "date"}
_NO_DAY: Schema = {"type": ["string", "null"], "format": "date"}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_TYPES: dict[Any, Schema] = {int: {"type": "integer"}, str: {"type": "string"}, date: _DAY, date | None: _NO_DAY}
_TEXT, _WHOLE = _TYPES[str], _TYPES[int]


def _object(properties: Schema, example: Schema | None = None) -> Schema:
    described = {
        name: schema | ({"description": MEANINGS[name]} if name in MEANINGS and "$ref" not in schema else {})
        for name, schema in properties.items()
    }
    said: Schema = {"type": "object", "properties": described, "required": list(properties)}
    return said | ({"example": example} if example else {})


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_AGREED: Schema = {
    "reference": _TEXT,
    "borrower": _TEXT,
    "loan_amount": MONEY,
    "currency": _TEXT,
    "interest_rate": {"type": "number"},
    "rate_period": _TEXT,
    "repayment_period": _WHOLE,
    "frequency": _TEXT,
    "method": _TEXT,
    "rounding": _TEXT,
    "start_on": _DAY,
    "first_due_on": _NO_DAY,
    "installment": MONEY,
    "note": _TEXT,
}
_SIGNED: Schema = {"recorded_by": _TEXT, "created_at": _INSTANT}
_STATUS: Schema = {each.name: MONEY if each.name in STATUS_MONEY else _TYPES[each.type] for each in fields(LoanStatus)}
_INSTALLMENT: Schema = {
    "number": _WHOLE,
    "due_on": _DAY,
    "due": MONEY,
    "interest": MONEY,
    "principal": MONEY,
    "balance": MONEY,
    "covered": MONEY,
    "covered_interest": MONEY,
    "covered_principal": MONEY,
    "paid_on": _NO_DAY,
    "outcome": _TEXT,
    "days": {"type": ["integer", "null"]},
}
_REPAYMENT: Schema = {
    "id": _WHOLE,
    "loan_id": _WHOLE,
    "amount": MONEY,
    "currency": _TEXT,
    "received_on": _DAY,
    "reference": _TEXT,
    "note": _TEXT,
    **_SIGNED,
    "reverses_id": {"type": ["integer", "null"]},
}
_RECEIVED: Schema = {
    "id": _WHOLE,
    "received_on": _DAY,
    "amount": MONEY,
    "reference": _TEXT,
    "note": _TEXT,
    **_SIGNED,
    "reverses": _TEXT,
    "reversed_by": _TEXT,
    "covered_interest": MONEY,
    "covered_principal": MONEY,
    "overpaid": MONEY,
    "total_paid": MONEY,
    "remaining_balance": MONEY,
}
INSTALLMENT_COLUMNS, RECEIVED_COLUMNS = tuple(_INSTALLMENT), tuple(_RECEIVED)
_OF_A_LOAN: Schema = {"loan_id": _WHOLE, "currency": _TEXT, "as_of": _DAY, "revision": _WHOLE}
_LISTED = {name: (_AGREED | _STATUS | _SIGNED | {"id": _WHOLE})[name] for name in ("id", *LOANS_OUT)}
LISTED_COLUMNS = tuple(_LISTED)
INSTALLMENT_MONEY, RECEIVED_MONEY, LISTED_MONEY = (
    {name for name, schema in columns.items() if schema is MONEY} for columns in (_INSTALLMENT, _RECEIVED, _LISTED)
)

LOAN_EXAMPLE: Schema = {
    "loan_amount": 1000.00,
    "repayment_period": 12,
    "borrower": "Ada Byron",
    "start_on": "2025-10-01",
    "reference": "A-17",
}
REPAYMENT_EXAMPLE: Schema = {"amount": 94.56, "received_on": "2025-11-01", "reference": "bank-4711"}
REVERSAL_EXAMPLE: Schema = {"reason": "the bank took it back", "reference": "bank-4711-back"}
_MADE_EXAMPLE: Schema = {
    "id": 1,
    "reference": "A-17",
    "borrower": "Ada Byron",
    "loan_amount": 1000.00,
    "currency": "USD",
    "interest_rate": 0.02,
    "rate_period": "month",
    "repayment_period": 12,
    "frequency": "monthly",
    "method": "annuity",
    "rounding": "half_up",
    "start_on": "2025-10-01",
    "first_due_on": None,
    "installment": 94.56,
    "note": "",
    "recorded_by": "till",
    "created_at": "2025-10-01T08:15:00Z",
}
_STATUS_EXAMPLE: Schema = {
    "loan_id": 1,
    "reference": "A-17",
    "borrower": "Ada Byron",
    "currency": "USD",
    "as_of": "2026-01-15",
    "revision": 2,
    "state": "active",
    "status": "Behind",
    "months_passed": 3,
    "expected_monthly_installment": 94.56,
    "expected_paid": 283.68,
    "total_amount_paid": 94.56,
    "remaining_balance": 1040.14,
    "outstanding_principal": 925.44,
    "overpaid_amount": 0.00,
    "arrears": 189.12,
    "overdue_principal": 153.62,
    "days_past_due": 45,
    "next_due_on": "2026-02-01",
    "next_due_amount": 94.56,
    "ahead_by": -189.12,
    "days_ahead": -45,
    "paid_up_to": "2025-11-01",
    "total_due": 1134.70,
}
_CHANGING: Schema = {
    "revision": _WHOLE,
    "voided_at": {"type": ["string", "null"], "format": "date-time"},
    "void_reason": _TEXT,
    "voided_by": _TEXT,
}
_BY_CURRENCY = {"type": "object", "description": "By ISO 4217 code.", "additionalProperties": {"type": "object"}}

SCHEMAS: dict[str, Schema] = {
    "Problem": problems.SCHEMA,
    "NewLoan": _object({"id": _WHOLE, **_AGREED, **_SIGNED}, _MADE_EXAMPLE),
    "Loan": _object(
        {"id": _WHOLE, **_AGREED, **_SIGNED, **_CHANGING, "as_of": _DAY, "state": _TEXT},
        _MADE_EXAMPLE
        | {"revision": 2, "voided_at": None, "void_reason": "", "voided_by": ""}
        | {"as_of": "2026-01-15", "state": "active"},
    ),
    "Status": _object(_STATUS, _STATUS_EXAMPLE),
    "Repayment": _object(
        _REPAYMENT,
        {
            "id": 1,
            "loan_id": 1,
            "amount": 94.56,
            "currency": "USD",
            "received_on": "2025-11-01",
            "reference": "bank-4711",
            "note": "",
            "recorded_by": "till",
            "created_at": "2025-11-01T09:30:00Z",
            "reverses_id": None,
        },
    ),
    "Schedule": _object(_OF_A_LOAN | {"installments": _list(_object(_INSTALLMENT))}),
    "Repayments": _object(_OF_A_LOAN | {"repayments": _list(_object(_RECEIVED))}),
    "Loans": _object(
        {
            "as_of": _DAY,
            "revision": _WHOLE,
            "count": {"type": "integer", "description": "Of all pages."},
            "loans": _list(_object(_LISTED)),
            "next": {"type": ["string", "null"], "description": "The next page's name; null: there is none."},
        }
    ),
    "Portfolio": _object({"as_of": _DAY, "revision": _WHOLE, "by_currency": _BY_CURRENCY}),
    "Health": _object({"status": _TEXT}, {"status": "alive"}),
    "Readiness": _object(
        {"database": _TEXT, "redis": _TEXT},
        {"database": "up", "redis": "up"},
    ),
}

DAY_MEANS = "The day that is asked about; today unless given."
TAG_MEANS = "An ETag: 304 where nothing changed since."
_REFUSALS = {
    304: "Nothing changed since the answer with this ETag.",
    400: "The body is not JSON.",
    401: "No token, or one that is not known.",
    403: "This caller may not do this.",
    404: "There is no such loan or repayment.",
    409: "The book is not in a state for this: a voided loan, a repayment reversed already.",
    413: "The body is larger than 1 MiB.",
    415: "The body is of another media type than JSON.",
    422: "A value that cannot be, or a reference or key that belongs to something else.",
    429: "Too many calls: wait as long as Retry-After says.",
    500: "A failure; the server's log has it under the problem's id.",
    503: "The database is busy or away: try again after Retry-After.",
}
_OF_ALL = (401, 403, 422, 429, 500, 503)


def responses(status: int, name: str, *also: int) -> dict[int | str, Schema]:
    """What a route can answer: ``status`` with a schema of ours, and the refusals of every route and ``also``."""
    said: dict[int | str, Schema] = {status: content(name)}
    for code in sorted({*_OF_ALL, *also}):
        answer = {} if code == 304 else _content(problems.MEDIA_TYPE, "Problem")
        said[code] = answer | {"description": _REFUSALS[code]}
    return said


def _content(media_type: str, name: str) -> Schema:
    return {"content": {media_type: {"schema": _ref(name)}}}


def content(name: str) -> Schema:
    return _content("application/json", name) | {"description": name}


LOAN_ID = {
    "name": "loan_id",
    "in": "path",
    "required": True,
    "description": "The loan's number.",
    "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    "example": 1,
}
REPAYMENT_ID = {**LOAN_ID, "name": "id", "description": "The repayment's number."}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Any text of your own: the same call under the same key again gets the first answer again, for "
    f"{Request.DAYS_KEPT} days.",
    "schema": {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}


def _operation(name: str, summary: str, parameters: list[Schema], answers: Mapping[int | str, Schema]) -> Schema:
    said = {str(status): answer for status, answer in answers.items()}
    return {"summary": summary, "operationId": name, "parameters": parameters, "responses": said}


def _told(name: str, summary: str, body: Schema, ids: list[Schema], answers: Mapping[int | str, Schema]) -> Schema:
    return _operation(name, summary, [*ids, KEY], answers) | {"requestBody": body}


STATUS, CREATE = "/loans/{loan_id}/status", "/create-loans"
REPAY, REVERSE = "/loans/{loan_id}/repayments", "/loans/{loan_id}/repayments/{id}/reverse"
PLAIN: dict[str, Schema] = {
    STATUS: {
        "get": _operation(
            "status",
            "Where a loan stands at the end of a day",
            [
                LOAN_ID,
                {"name": "as_of", "in": "query", "description": DAY_MEANS, "schema": bodies.DAY},
                {"name": "If-None-Match", "in": "header", "description": TAG_MEANS, "schema": {"type": "string"}},
            ],
            responses(200, "Status", 304, 404),
        )
    },
    CREATE: {
        "post": _told(
            "create_loans",
            "Record a loan",
            bodies.body_schema(bodies.LOAN, ("loan_amount", "repayment_period"), LOAN_EXAMPLE),
            [],
            responses(201, "NewLoan", 400, 409, 413, 415),
        )
    },
    REPAY: {
        "post": _told(
            "add_repayment",
            "Record money received on a loan",
            bodies.body_schema(bodies.REPAYMENT, ("amount",), REPAYMENT_EXAMPLE),
            [LOAN_ID],
            responses(201, "Repayment", 400, 404, 409, 413, 415),
        )
    },
    REVERSE: {
        "post": _told(
            "reverse_repayment",
            "Undo a repayment by its negative",
            bodies.body_schema(bodies.REVERSAL, (), REVERSAL_EXAMPLE),
            [LOAN_ID, REPAYMENT_ID],
            responses(201, "Repayment", 400, 404, 409, 413, 415),
        )
    },
}
"""What FastAPI does not say, because these routes are not its own."""
