"""What a call to the API asks about, read from its address: which loan, which day, which loans in which order."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Path, Query, Request
from pydantic import BeforeValidator, WithJsonSchema

from loan_core.bodies import DAY
from loan_core.calculation.money import CURRENCIES, LARGEST
from loan_core.calculation.portfolio import AGEING
from loan_core.entries import amount_entry, day_entry
from loan_core.errors import InvalidEntry, Problem, shortened
from loan_core.interface import DAY_MEANS, LONGEST_KEY
from loan_core.lists import SORTS
from loan_core.models import LARGEST_ID, id_in
from loan_core.selection import Place

LARGEST_PAGE = 1_000
LARGEST_DAYS = 200_000

_IN_PATH = Path(ge=1, le=LARGEST_ID, description="The loan's number.", examples=[1])
LoanId = Annotated[int, BeforeValidator(lambda typed: whole("loan_id", typed)), _IN_PATH]
_AsOf = Annotated[date, BeforeValidator(lambda typed: day("as_of", typed)), WithJsonSchema(DAY)]
_Started = Annotated[date, BeforeValidator(lambda typed: day("started", typed)), WithJsonSchema(DAY)]
AsOf = Annotated[_AsOf | None, Query(description=DAY_MEANS)]
Money = Annotated[str | None, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST})]
Sort: Any = Literal[tuple(f"{sign}{name}" for name in SORTS for sign in ("", "-"))]
Code: Any = Literal[tuple(CURRENCIES)]
Age: Any = Literal[tuple(AGEING)]


def whole(name: str, typed: object) -> int:
    """A number as it is written in an address: digits and nothing else; ``InvalidEntry``."""
    text = str(typed)
    found = id_in(text)
    if found is None:
        wrong = f"{shortened(text)} is not the number of anything."
        raise InvalidEntry([Problem(name, shortened(text), wrong, "Write a whole number, such as 1.")])
    return found


def day(name: str, typed: str) -> date:
    """A day as it is written in an address; ``InvalidEntry``."""
    if not typed.strip():
        raise InvalidEntry([Problem(name, typed, f"{name} is empty.", "Write a day, or leave it out.")])
    return day_entry(name, typed)


def as_of_asked(request: Request, today: Callable[[], date]) -> tuple[int, date]:
    """The loan and the day of a call about one loan."""
    typed = request.query_params.get("as_of") if request.scope["query_string"] else None
    return whole("loan_id", request.path_params["loan_id"]), today() if typed is None else day("as_of", typed)


async def only_known(request: Request) -> None:
    """``InvalidEntry`` where the address asks by a name that its route does not know; it may be a misspelt one."""
    route: Any = request.scope["route"]
    refuse_unknown(request, [each.alias for each in _query_parameters(route.dependant)])


def refuse_unknown(request: Request, known: Sequence[str]) -> None:
    if not request.scope["query_string"]:
        return
    named = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in named.items():
        if name not in known:
            wrong = f"There is no parameter {shortened(name)}."
            raise InvalidEntry([Problem(shortened(name), "", wrong, f"Known are {', '.join(known) or 'none'}.")])
        if times > 1:
            raise InvalidEntry([Problem(name, "", f"{name} stands there {times:,} times.", "Write it once.")])


def key_asked(sent: str | None) -> str:
    """The Idempotency-Key of a call, "" where it has none; ``InvalidEntry``."""
    key = (sent or "").strip()
    if sent is None or (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        return key
    wrong = "The Idempotency-Key is empty." if not key else "The Idempotency-Key is too long, or cannot be printed."
    right = f"Write 1 to {LONGEST_KEY} printable characters, or leave it out."
    raise InvalidEntry([Problem("Idempotency-Key", shortened(key), wrong, right)])


def is_known(tags: str | None, tag: str) -> bool:
    """Whether an If-None-Match has this ETag."""
    return tags is not None and (tags == "*" or tag in (each.strip().removeprefix("W/") for each in tags.split(",")))


def prefers_csv(accept: str) -> bool:
    """Whether an Accept names CSV, and wants it no less than JSON."""
    weights = {}
    for each in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in each.split(";"))
        weights[kind] = next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    as_json = next((weights[kind] for kind in ("application/json", "application/*", "*/*") if kind in weights), 0.0)
    return 0 < weights.get("text/csv", 0.0) >= as_json


def _weight(written: str) -> float:
    return float(written) if re.fullmatch(r"[01](\.[0-9]{0,3})?", written) else 1.0


def _query_parameters(dependant: Any) -> list[Any]:
    return [*dependant.query_params, *(each for inner in dependant.dependencies for each in _query_parameters(inner))]


@dataclass(frozen=True)
class ListAsked:
    """Which loans a list is to have, in which order, and which page of it."""

    as_of: date | None
    sort: str
    limit: int
    following: str
    meant: dict[str, Any]

    def selection(self, currency: str) -> dict[str, Any]:
        """The fields of a ``Selection``; amounts without a currency are in the book's, and mean loans in it."""
        meant = dict(self.meant)
        if meant["smallest"] or meant["largest"]:
            meant["currency"] = meant["currency"] or currency
            for name in ("smallest", "largest"):
                meant[name] = amount_entry(name, meant[name], meant["currency"]) if meant[name] else None
        return meant

    def place(self) -> Place | None:
        """After which row the page begins."""
        if not self.following:
            return None
        try:
            sort, value, id = msgspec.json.decode(
                base64.urlsafe_b64decode(self.following.encode()), type=tuple[str, int | float | str | None, int]
            )
            if sort != self.sort:
                raise ValueError
            if value is None and sort.endswith("next_due_on"):
                return Place(None, id)
            if sort.endswith("_on"):
                return Place(date.fromisoformat(str(value)), id)
            if isinstance(value, str) != sort.removeprefix("-").startswith(("reference", "borrower")):
                raise ValueError
            if not isinstance(value, str) and (value is None or abs(value) > LARGEST_ID):
                raise ValueError
            return Place(value, id)
        except (ValueError, binascii.Error, msgspec.DecodeError) as error:
            found = shortened(self.following)
            wrong = "This is not the next of a page in this order."
            raise InvalidEntry(
                [Problem("next", found, wrong, "Write the next of the last page, as it was.")]
            ) from error

    def next_after(self, end: Place | None) -> str | None:
        """The name of the page that follows."""
        if end is None:
            return None
        return base64.urlsafe_b64encode(msgspec.json.encode([self.sort, end.value, end.id])).decode()


async def list_asked(
    as_of: AsOf = None,
    search: Annotated[str, Query(max_length=200, description="Part of a borrower's name or of a reference.")] = "",
    status: Annotated[
        Literal["Ahead", "On Track", "Behind"] | None, Query(description="What was paid against what was expected.")
    ] = None,
    state: Annotated[
        Literal["pending", "active", "paid_off", "voided"] | None, Query(description="All but voided unless given.")
    ] = None,
    currency: Annotated[Code | None, Query(description="ISO 4217 code.")] = None,
    past_due: Annotated[Age | None, Query(description="An age: days past due.")] = None,
    past_due_from: Annotated[int | None, Query(ge=0, le=LARGEST_DAYS, description="The fewest days past due.")] = None,
    past_due_to: Annotated[int | None, Query(ge=0, le=LARGEST_DAYS, description="The most days past due.")] = None,
    smallest: Annotated[Money, Query(description="Of the amounts lent, in `currency` or the book's own.")] = None,
    largest: Annotated[Money, Query(description="Of the amounts lent, in `currency` or the book's own.")] = None,
    started: Annotated[_Started | None, Query(description="Any day of the month in which the loan began.")] = None,
    sort: Annotated[Sort, Query(description="With - before it, the largest first.")] = "id",
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Loans a page.")] = 100,
    following: Annotated[str, Query(alias="next", description="The `next` of the page before.")] = "",
) -> ListAsked:
    meant = {
        "search": search,
        "status": status,
        "state": state,
        "currency": currency,
        "past_due": past_due,
        "past_due_from": past_due_from,
        "past_due_to": past_due_to,
        "smallest": smallest,
        "largest": largest,
        "started": started,
    }
    return ListAsked(as_of, sort, limit, following, meant)
