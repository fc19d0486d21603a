"""What a program sends: JSON in, the fields of an entry out. Their values are judged where every entry is judged."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from loan_core.calculation.money import CURRENCIES, LARGEST, LARGEST_INSTALLMENT
from loan_core.dictionary import MEANINGS
from loan_core.entries import BORROWER_LENGTH, NOTE_LENGTH, REFERENCE_LENGTH
from loan_core.errors import InvalidEntry, Problem, Refusal, shortened
from loan_core.fields import FIRST_DAY, LAST_DAY
from loan_core.models import FREQUENCIES, LONGEST_PERIOD, METHODS, RATE_LIMITS, ROUNDINGS

Schema = dict[str, Any]

_PLAIN = "^[0-9]+(\\.[0-9]*)?$"
_CENTURIES = "|".join(map(str, range(FIRST_DAY.year // 100, LAST_DAY.year // 100 + 1)))
DAY: Schema = {"type": "string", "format": "date", "pattern": f"^({_CENTURIES})[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}$"}


class MalformedBody(Refusal):
    """What was sent is no JSON."""


def _exact(written: str) -> Decimal:
    """A JSON number as it is. Many programs write every number as a fraction: 20.0 yen are no finer than 20."""
    is_plain = "e" not in written.lower()
    try:
        return Decimal(written.rstrip("0") if is_plain else written)
    except InvalidOperation:
        raise MalformedBody(f"The body has a number that none can be: {shortened(written)}.") from None


_json = msgspec.json.Decoder(float_hook=_exact)


def _line(most: int) -> Schema:
    return {"type": "string", "maxLength": most, "pattern": "^[^\\u0000\\r\\n]*$"}


def _number(largest: int, smallest: int = 0) -> Schema:
    """A JSON number, or the same in a string; more than ``smallest``."""
    number = {"type": "number", "exclusiveMinimum": smallest, "maximum": largest}
    return {"anyOf": [number, {"type": "string", "pattern": _PLAIN, "maxLength": 40}]}


def _one_of(names: tuple[str, ...]) -> Schema:
    return {"type": "string", "enum": list(names)}


_TEXT: Schema = {"type": "string", "maxLength": NOTE_LENGTH, "pattern": "^[^\\u0000]*$"}
_RATE: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": max(RATE_LIMITS.values()) // 10**6},
        {"type": "string", "pattern": _PLAIN, "maxLength": 40},
    ]
}
_PERIOD: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": LONGEST_PERIOD},
        {"type": "string", "pattern": "^[0-9]{1,3}$"},
    ]
}

LOAN: dict[str, Schema] = {
    "loan_amount": _number(LARGEST),
    "repayment_period": _PERIOD,
    "reference": _line(REFERENCE_LENGTH),
    "borrower": _line(BORROWER_LENGTH),
    "currency": _one_of(tuple(CURRENCIES)),
    "interest_rate": _RATE,
    "rate_period": _one_of(tuple(RATE_LIMITS)),
    "frequency": _one_of(FREQUENCIES),
    "method": _one_of(METHODS),
    "rounding": _one_of(ROUNDINGS),
    "start_on": DAY,
    "first_due_on": DAY,
    "installment": _number(LARGEST_INSTALLMENT),
    "note": _TEXT,
}
REPAYMENT: dict[str, Schema] = {
    "amount": _number(LARGEST),
    "received_on": DAY,
    "reference": _line(REFERENCE_LENGTH),
    "note": _TEXT,
}
REVERSAL: dict[str, Schema] = {
    "reason": _TEXT,
    "received_on": DAY,
    "reference": _line(REFERENCE_LENGTH),
}
_NEVER_EMPTY = {name for name, schema in (LOAN | REPAYMENT).items() if "maxLength" not in schema}


def fields_of(body: bytes, known: Mapping[str, Schema]) -> dict[str, Any]:
    """The fields that a body states; ``MalformedBody``, ``InvalidEntry``. No body is ``{}``, and null is not given."""
    try:
        stated = _json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(f"The body cannot be read as JSON: {shortened(str(error), 100)}.") from error
    if not isinstance(stated, dict):
        raise InvalidEntry([Problem("", "", "The body is not a JSON object.", 'Write {"name": value, …}.')])
    problems = [each for name, value in stated.items() for each in _problems(name, value, known)]
    problems = problems or (_repeated(body) if stated else [])
    if problems:
        raise InvalidEntry(problems)
    return {name: value for name, value in stated.items() if value is not None}


def _problems(name: str, value: object, known: Mapping[str, Schema]) -> list[Problem]:
    """What is wrong with a field before its value is looked at: its name, and its JSON type."""
    if name not in known:
        wrong = f"There is no field {shortened(name)}."
        return [Problem(shortened(name), "", wrong, f"Known are {', '.join(known)}.")]
    if value is None:
        return []
    is_number = "anyOf" in known[name]
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal) if is_number else str):
        kind = "a number or a string" if is_number else "a string"
        found = shortened(msgspec.json.encode(value).decode())
        return [Problem(name, found, f"{name} is not {kind}.", f"Write {kind}.")]
    if isinstance(value, str) and not value.strip() and name in _NEVER_EMPTY:
        return [Problem(name, value, f"{name} is empty.", "Write a value, or leave it out.")]
    return []


def _repeated(body: bytes) -> list[Problem]:
    """The fields that stand in a body more than once: which of their values is meant, nobody can know."""
    names = json.loads(body, object_pairs_hook=lambda pairs: [name for name, _ in pairs], parse_int=str)
    twice = {name: times for name, times in Counter(names).items() if times > 1}
    return [Problem(name, "", f"{name} stands there {n:,} times.", "Write it once.") for name, n in twice.items()]


def body_schema(fields: Mapping[str, Schema], required: tuple[str, ...], example: Schema) -> Schema:
    """An OpenAPI request body: every field with what it means; what is not required may be null."""
    properties = {
        name: (schema if name in required else _nullable(schema)) | {"description": _MEANINGS[name]}
        for name, schema in fields.items()
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        "example": example,
    }
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


_MEANINGS = MEANINGS | {"reason": "Why it is undone."}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
