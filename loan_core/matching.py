"""A stranger's spreadsheet becomes our CSV: its columns guessed, corrected by a person, renamed. Cells stay."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from loan_core.errors import InvalidFile, Problem
from loan_core.exchange import LOAN_COLUMNS, LOANS_OUT, REPAYMENT_COLUMNS, REPAYMENTS_OUT
from loan_core.reading import Unreadable, decoded, every_row

_KNOWN = {
    "loans": {
        "loan_amount": ("amount", "principal", "loan", "amount_lent", "disbursed_amount"),
        "repayment_period": ("period", "term", "months", "installments", "instalments", "tenor", "duration"),
        "interest_rate": ("rate", "interest", "nominal_rate"),
        "rate_period": ("rate_quoted_per", "per"),
        "reference": ("loan_reference", "loan_id", "loan_no", "loan_number", "id", "number", "account"),
        "borrower": (
            "name",
            "customer",
            "client",
            "member",
            "employee",
            "borrower_name",
            "client_name",
            "customer_name",
        ),
        "start_on": ("date", "start", "start_date", "disbursed_on", "disbursement_date", "loan_date"),
        "first_due_on": ("first_due", "first_payment", "first_payment_date", "first_due_date"),
        "installment": ("instalment", "emi", "monthly_payment", "payment"),
        "note": ("notes", "comment", "remark", "memo"),
        "currency": ("ccy", "currency_code"),
        "frequency": ("repayment_frequency", "every"),
    },
    "repayments": {
        "loan_reference": ("loan", "loan_no", "loan_number", "account", "loan_account"),
        "amount": ("paid", "payment", "repayment", "amount_paid", "received", "credit"),
        "received_on": ("date", "paid_on", "payment_date", "received", "value_date", "booking_date"),
        "reference": ("receipt", "receipt_no", "transaction_id", "transaction", "ref", "bank_reference"),
        "note": ("notes", "comment", "remark", "memo", "description", "narrative"),
    },
}
COLUMNS = {"loans": LOAN_COLUMNS, "repayments": (*REPAYMENT_COLUMNS, "loan_id")}
MOST_COLUMNS = 200
_PASSED_OVER = {"loans": set(LOANS_OUT), "repayments": set(REPAYMENTS_OUT)}


@dataclass(frozen=True)
class Sheet:
    """What somebody uploaded or pasted: the names of its columns, its rows as text, and how many are blank above."""

    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    above: int = 0


def read_sheet(content: bytes) -> Sheet:
    """A CSV file, or what a spreadsheet puts on the clipboard, of any columns; ``InvalidFile`` if it is no text."""
    text = decoded(content)
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",\t;", key=first_line.count)
    try:
        # Not strict, it would read on to the next quotation mark, and take the rows between for a cell.
        found = every_row(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        line, names = next(((line, cells) for line, cells in found if cells), (1, []))
        header = tuple(name.strip() for name in names)
        return Sheet(_few(header), [cells for _, cells in found], line - 1)
    except Unreadable as error:
        raise InvalidFile([error.problem]) from None


def _few(header: tuple[str, ...]) -> tuple[str, ...]:
    """The names of columns, of so many as a person can give a meaning to; ``InvalidFile``."""
    if (many := len(set(header))) > MOST_COLUMNS:
        wrong = f"The sheet has {many:,} columns."
        raise InvalidFile([Problem("", "", wrong, f"Leave at most {MOST_COLUMNS}, those that say something here.", 1)])
    return header


def guessed(header: Sequence[str], kind: str) -> dict[str, str]:
    """For each column of theirs the column of ours that it seems to be, "" where it seems to be none; none twice."""
    meanings = {name: name for name in COLUMNS[kind]}
    for name, others in _KNOWN[kind].items():
        meanings |= {other: name for other in others if other not in meanings}
    guesses: dict[str, str] = {}
    # A column that bears our very name has it, whatever else might be read into another.
    for name in sorted(set(header), key=lambda name: (_plain(name) not in COLUMNS[kind], header.index(name))):
        plain = _plain(name)
        near = [plain] if plain in meanings else get_close_matches(plain, meanings, n=1, cutoff=0.85)
        meaning = meanings[near[0]] if near and plain not in _PASSED_OVER[kind] - set(COLUMNS[kind]) else ""
        guesses[name] = "" if meaning in guesses.values() else meaning
    return {name: guesses[name] for name in header}


def as_our_csv(sheet: Sheet, meant: Mapping[str, str]) -> bytes:
    """The sheet as our CSV, under the names that a person settled on; a column that means "" is left out.

    Every row keeps its line, so that what is wrong with it is found where it stands.
    """
    wanted = [(at, meant[name]) for at, name in enumerate(sheet.header) if meant.get(name)]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([[]] * sheet.above)
    writer.writerow([name for _, name in wanted])
    for row in sheet.rows:
        # A cell beyond the header has no name to be left out by: it stays, and the row is refused for it.
        surplus = [cell for cell in row[len(sheet.header) :] if cell.strip()]
        writer.writerow([row[at] if at < len(row) else "" for at, _ in wanted] + surplus)
    return out.getvalue().encode()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
