"""The words of lateness: how late, in which month, of loans that began when, and where they went from there."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from loan_core import AGES, PLACES_SAID
from pages._analysis_words import month, share
from pages._look import NOTHING, SPACE, counted, isolated, money, percent

Row = dict[str, Any]
Rows = Sequence[Row]

BANDS = {
    "on_time": "On time",
    "1_7": f"1–7{SPACE}days",
    "8_30": f"8–30{SPACE}days",
    "31_60": f"31–60{SPACE}days",
    "61_90": f"61–90{SPACE}days",
    "91": f"91+{SPACE}days",
}
PLACES = {name: words.replace(" ", SPACE) for name, words in {"new": "New", **AGES, "paid off": "Paid off"}.items()}
BAND_COLUMNS = {
    "month": "Month",
    "loans": "Loans",
    **{f"share_{name}": words for name, words in BANDS.items()},
}
VINTAGE_COLUMNS = {
    "began": "Began",
    "months_on_book": "Months on book",
    "loans": "Loans",
    "loans_late": "Ever late",
    "share": "Share",
    "share_low": "95% from",
    "share_high": "95% to",
    "is_thin": "Too few to say",
}
MOVE_COLUMNS = {
    "from": "From",
    "to": "To",
    "loans": "Loans",
    "of_loans": "Of loans",
    "share": "Share",
    "share_low": "95% from",
    "share_high": "95% to",
    "outstanding_principal": "Outstanding",
    "of_principal": "Of outstanding",
    "share_of_principal": "Share of it",
    "words": "In words",
}
COMPARED_AT = 6
"""Loans that began at different times are compared after so many months, where they have come so far."""


def who(row: Row) -> str:
    return row["borrower"] or row["loan_reference"]


def late(days: int) -> str:
    return "on time" if days == 0 else f"{counted(days, 'day')} late"


def month_told(rows: Rows) -> Row | None:
    """The last month of which there is anything to say."""
    return next((each for each in reversed(rows) if each["loans"]), None)


def months_late(rows: Rows) -> str:
    """How many of the loans that were due in the last month of which there is anything to say were late."""
    row = month_told(rows)
    if row is None:
        return "Nothing was due in these months."
    number = row["loans"] - row["loans_on_time"]
    if not number:
        all_of_them = f"All {row['loans']:,} loans" if row["loans"] > 1 else "The one loan"
        return f"{all_of_them} due in {month(row['month'])} paid on time."
    said = f"{number:,} {'was' if number == 1 else 'were'} late ({percent(number, row['loans'])})"
    return f"Of {counted(row['loans'], 'loan')} due in {month(row['month'])}, {said}."


def loans_sentence(rows: Rows, months: Sequence[str]) -> str:
    """The map of loans for who cannot see it."""
    said = [
        f"{isolated(who(row))} ({isolated(row['loan_reference'])}): "
        + ", ".join(f"{month(name)} {late(row[name])}" for name in months if row[name] is not None)
        for row in rows
    ]
    return f"Map of {counted(len(rows), 'loan')} by month, days late: {'; '.join(said)}."


def bands_sentence(rows: Rows) -> str:
    """The map of bands for who cannot see it."""
    said = [
        f"{month(row['month'])}, {counted(row['loans'], 'loan')}: "
        + ", ".join(f"{words} {share(row[f'share_{name}'])}" for name, words in BANDS.items())
        for row in rows
        if row["loans"]
    ]
    return f"Map of lateness by month, share of the loans due in it: {'; '.join(said) or NOTHING}."


def began(name: str) -> str:
    """``Jan 2026``, ``Q1 2026`` or ``2026``."""
    year, _, part = name.partition("-")
    return f"{part}{SPACE}{year}" if part.startswith("Q") else month(name) if part else year


def sureness(row: Row) -> str:
    """``with 95% confidence between 6.1% and 79.2%``."""
    return f"with 95% confidence between {share(row['share_low'])} and {share(row['share_high'])}"


def vintage_words(row: Row, days: int) -> str:
    """What a cell says."""
    after = counted(row["months_on_book"], "month")
    loans, was = counted(row["loans"], "loan"), "was" if row["loans_late"] == 1 else "were"
    late_ever = f"{row['loans_late']:,} {was} ever more than {days} days late within {after}"
    return f"Of {loans} begun in {began(row['began'])}, {late_ever}: {share(row['share'])}, {sureness(row)}"


def compared(rows: Rows, days: int) -> str:
    """The newest loans beside the oldest, as they were after the same months, where there are enough of both."""
    enough = [row for row in rows if not row["is_thin"]]
    for on_book in range(COMPARED_AT, 0, -1):
        found = [row for row in enough if row["months_on_book"] == on_book]
        if len(found) > 1:
            return _beside(found[0], found[-1], days)
    return "Too few loans began at any one time to compare the newer with the older."


def _beside(old: Row, new: Row, days: int) -> str:
    late_by = f"were more than {days} days late within {counted(new['months_on_book'], 'month')}"
    said = f"{share(new['share'])} of the loans begun in {began(new['began'])} {late_by}"
    if share(new["share"]) == share(old["share"]):
        return f"{said}, as of those begun in {began(old['began'])}."
    is_chance = new["share_low"] <= old["share_high"] and old["share_low"] <= new["share_high"]
    said = f"{said}; of those begun in {began(old['began'])}, {share(old['share'])}."
    return f"{said} The difference may be chance." if is_chance else said


def vintages_sentence(rows: Rows, days: int) -> str:
    """The table of vintages for who cannot see it: where each has come to."""
    last = {row["began"]: row for row in rows}
    said = [f"{vintage_words(row, days)}" for row in last.values()]
    return f"Map of loans by when they began and months on book. {'. '.join(said)}."


def move_words(row: Row, when: tuple[date, date] | None) -> str:
    """``Of 40 loans 1–30 days past due at the end of Apr 2026, 9 were 31–60 days past due at the end of May 2026``.

    ``when`` is the ends of a month; None for several taken together.
    """
    start, end = _ends(when)
    was = "was" if row["loans"] == 1 else "were"
    loans = counted(row["of_loans"], "loan")
    return f"Of {loans} {PLACES_SAID[row['from']]} {start}, {row['loans']:,} {was} {PLACES_SAID[row['to']]} {end}"


def owed_words(row: Row, when: tuple[date, date] | None, code: str) -> str:
    """The same of the money that was owed on them."""
    start, end = _ends(when)
    owed, moved = money(row["of_principal"], code), money(row["outstanding_principal"], code)
    before, after = PLACES_SAID[row["from"]], PLACES_SAID[row["to"]]
    return f"Of {owed} owed on loans {before} {start}, {moved} was on loans {after} {end}"


def moved_on(rows: Rows, when: tuple[date, date] | None, code: str, in_money: bool = False) -> str:
    """What became of the loans that had just become late: the first thing to know of a month."""
    row = next((row for row in rows if (row["from"], row["to"]) == ("1-30", "31-60")), None)
    if row is None:
        return f"No loan was {PLACES_SAID['1-30']} {_ends(when)[0]}."
    if in_money:
        return f"{owed_words(row, when, code)} ({share(row['share_of_principal'])})."
    return f"{move_words(row, when)} ({share(row['share'])})."


def _ends(when: tuple[date, date] | None) -> tuple[str, str]:
    if when is None:
        return "at a month's end", "a month later"
    start, end = when
    return f"at the end of {month(start)}", f"at the end of {month(end)}"


def moves_sentence(rows: Rows, when: tuple[date, date] | None, code: str) -> str:
    """The matrix for who cannot see it: every move that there was."""
    said = [
        f"{move_words(row, when)}, {share(row['share'])}, {money(row['outstanding_principal'], code)} of "
        f"{money(row['of_principal'], code)}"
        for row in rows
        if row["loans"]
    ]
    return f"Map of moves between ages of arrears. {'. '.join(said)}."
