"""Money, days and words as they are shown, the same on every page. Nothing here asks the book or draws."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import Any
from unicodedata import bidirectional

import pandas as pd

from loan_core import LoanStatus, Statement, currency

SPACE = "\N{NO-BREAK SPACE}"
NOTHING = "—"


def money(amount: int, code: str) -> str:
    """``$1,234.50``, ``KES 1,234.50``, ``¥1,235``, ``−$94.56``: exact, with the currency's own decimals."""
    unit, parts = currency(code), 10 ** currency(code).exponent
    whole, rest = divmod(abs(int(amount)), parts)
    decimals = f".{rest:0{unit.exponent}d}" if unit.exponent else ""
    return f"{'−' if amount < 0 else ''}{unit.symbol or code + SPACE}{whole:,}{decimals}"


def short_money(amount: float, code: str) -> str:
    """For marks in a chart and figures too long for their place: ``$945``, ``$58.2K``, ``$1.14M``."""
    number = abs(amount) / 10 ** currency(code).exponent
    # What would be written as 1000K is 1M.
    unit, letter = thousands(float(f"{number:.3g}"))
    return f"{'−' if amount < 0 else ''}{currency(code).symbol or code + SPACE}{number / unit:.3g}{letter}"


def thousands(number: float) -> tuple[float, str]:
    """The unit for a large number, and its letter: ``(1e6, "M")``."""
    units = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
    return next((unit for unit in units if number >= unit[0]), (1, ""))


def figure(amount: int, code: str) -> dict[str, str]:
    """A sum as a metric shows it: one too long for its place is cut short, with the whole of it in the help."""
    text = money(amount, code)
    return {"value": text} if len(text) <= 14 else {"value": short_money(amount, code), "help": markdown(text)}


def major(amounts: pd.Series, code: str) -> pd.Series:
    """A column of minor units as the numbers that a table shows and lines up."""
    return amounts / 10 ** currency(code).exponent


def decimals(code: str) -> str:
    """How a table formats such a column: ``,.2f``."""
    return f",.{currency(code).exponent}f"


def signed(number: float, code: str) -> str:
    """A cell of such a column, with a true minus sign: ``−94.56``."""
    return f"{number:{decimals(code)}}".replace("-", "−")


def day(when: date) -> str:
    """``12 Mar 2026``, never broken over two lines."""
    return f"{when.day}{SPACE}{when:%b}{SPACE}{when.year}"


def instant(at: datetime) -> str:
    """``2 Jun 2026, 10:05 UTC``."""
    return f"{day(at)}, {at:%H:%M}{SPACE}UTC"


def counted(number: int, noun: str) -> str:
    """``1 loan``, ``10,000 loans``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def days(number: int) -> str:
    return counted(number, "day")


def until(when: date, as_of: date) -> str:
    """How far off a day is: ``in 29 days``, ``today``."""
    return f"in {days((when - as_of).days)}" if when > as_of else "today"


def by_day(as_of: date, today: date) -> str:
    return "by today" if as_of == today else f"by {day(as_of)}"


def percent(part: int, whole: int) -> str:
    """One decimal, ``53.0%``; a share of nothing is nothing."""
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


def tolerance(thresholds: Any) -> str:
    """``within 10% of``, or both ends where they lie unevenly: ``85% to 110% of``."""
    below, above = 100 - thresholds.behind_percent, thresholds.ahead_percent - 100
    unevenly = f"{thresholds.behind_percent}% to {thresholds.ahead_percent}% of"
    return f"within {above}% of" if below == above else unevenly


def named(loan: Any) -> str:
    """``L-0007 · Amara Okafor``."""
    reference, borrower = isolated(loan.reference), isolated(loan.borrower)
    return f"{reference} · {borrower}" if borrower else reference


def rate(loan: Any) -> str:
    """Both quotations, the agreed one first and exact: ``2.0% a month (24.0% a year)``."""
    if not loan.interest_rate:
        return "no interest"
    quoted, other = _rate(loan.interest_rate / 1e4, 4), loan.rate_period
    if other == "month":
        return f"{quoted} a month ({_rate(loan.annual_rate_ppm / 1e4, 4)} a year)"
    return f"{quoted} a year ({_rate(loan.annual_rate_ppm / 12e4, 2)} a month)"


def _rate(number: float, places: int) -> str:
    whole, _, rest = f"{number:.{places}f}".partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}%"


_FREQUENCIES = {
    "monthly": "monthly installment{s}",
    "quarterly": "quarterly installment{s}",
    "weekly": "weekly installment{s}",
    "every_two_weeks": "installment{s} every two weeks",
}
_METHODS = {"equal_principal": " · equal principal", "interest_only": " · interest only", "flat": " · flat interest"}


def terms(loan: Any) -> str:
    """``Loan L-0007 · $1,000.00 over 12 monthly installments from 1 Oct 2025 · 2.0% a month (24.0% a year)``."""
    installments = _FREQUENCIES[loan.frequency].format(s="" if loan.repayment_period == 1 else "s")
    return (
        f"Loan {isolated(loan.reference)} · {money(loan.loan_amount, loan.currency)} over {loan.repayment_period} "
        f"{installments} from {day(loan.start_on)} · {rate(loan)}{_METHODS.get(loan.method, '')}"
    )


@dataclass(frozen=True)
class Standing:
    """How a status or a state is shown: word, then icon (a mark where no icon can be), then colour."""

    word: str
    icon: str
    mark: str
    color: str


STANDINGS = {
    "Behind": Standing("Behind", "priority_high", "!", "orange"),
    "On Track": Standing("On Track", "check", "✓", "green"),
    "Ahead": Standing("Ahead", "arrow_upward", "↑", "blue"),
    "paid_off": Standing("Paid off", "task_alt", "✓", "gray"),
    "pending": Standing("Not started", "schedule", "·", "gray"),
    "voided": Standing("Voided", "block", "×", "gray"),
}


def standing(state: str, status: str) -> Standing:
    """An active loan is what its status says; of any other its state says more."""
    return STANDINGS[status if state == "active" else state]


def badge(status: LoanStatus) -> str:
    shown = standing(status.state, status.status)
    icon = "savings" if status.overpaid_amount else shown.icon
    return f":{shown.color}-badge[:material/{icon}: {shown.word}]"


def headline(statement: Statement) -> str:
    """Where the loan stands, in a sentence or two."""
    loan, status = statement.loan, statement.status
    match status.state:
        case "voided":
            reason = f": {isolated(loan.void_reason)}" if loan.void_reason else ""
            return f"Voided on {day(loan.voided_at)}{reason}. It counts in no figure."
        case "pending":
            return f"Starts on {day(loan.start_on)}. {_next(status, 'First')}"
        case "paid_off":
            received = money(status.overpaid_amount or status.total_amount_paid, status.currency)
            more = " more than the schedule was" if status.overpaid_amount else ""
            return f"Paid off on {day(statement.paid_off_on)}. {received}{more} received."
        case _:
            return f"{_standing_sentence(status)} {_next(status)}"


def _standing_sentence(status: LoanStatus) -> str:
    arrears = money(status.arrears, status.currency)
    if status.status == "Behind":
        return f"Behind by {arrears}: {past_due(status)}."
    if status.status == "Ahead":
        reached = f": paid up to {day(status.paid_up_to)}" if status.paid_up_to else ""
        return f"Ahead by {money(status.ahead_by, status.currency)}{reached}."
    if status.arrears:
        return f"On Track, with {arrears} in arrears: {past_due(status)}."
    if not status.months_passed:
        return "On Track: nothing has fallen due."
    paid = f"On Track: {money(status.total_amount_paid, status.currency)} paid"
    return f"{paid}, {'as' if not status.ahead_by else money(status.expected_paid, status.currency)} expected."


def _next(status: LoanStatus, which: str = "Next") -> str:
    if not status.next_due_on:
        return "All installments have fallen due."
    return f"{which} installment {money(status.next_due_amount, status.currency)} on {day(status.next_due_on)}."


def past_due(status: LoanStatus) -> str:
    return f"{days(status.days_past_due)} past due"


def figures(statement: Statement, today: date) -> list[dict[str, str | None]]:
    """The six figures of a loan, each the keywords of a metric."""
    loan, status = statement.loan, statement.status
    overpaid = f"{_sum(status.overpaid_amount, status)} overpaid"
    return [
        {
            "label": "Paid so far",
            **figure(status.total_amount_paid, status.currency),
            "delta_description": f"{percent(status.total_amount_paid, status.expected_paid)} of expected"
            if status.expected_paid
            else "nothing expected yet",
        },
        {
            "label": f"Expected {by_day(status.as_of, today)}",
            **figure(status.expected_paid, status.currency),
            "delta_description": f"{status.months_passed} of {loan.repayment_period} installments",
        },
        _gap_figure(status),
        {
            "label": "Remaining balance",
            **figure(status.remaining_balance, status.currency),
            "delta_description": overpaid if status.overpaid_amount else "principal and interest",
        },
        {
            "label": "Outstanding principal",
            **figure(status.outstanding_principal, status.currency),
            "delta_description": f"of {_sum(loan.loan_amount, status)} lent",
        },
        _next_figure(status),
    ]


def _sum(amount: int, status: LoanStatus) -> str:
    return markdown(money(amount, status.currency))


def _gap_figure(status: LoanStatus) -> dict[str, str | None]:
    if status.state == "active" and status.status == "Ahead":
        reached = f"paid up to {day(status.paid_up_to)}" if status.paid_up_to else "before the first installment"
        return {"label": "Ahead by", **figure(status.ahead_by, status.currency), "delta_description": reached}
    shown = {"label": "Arrears", **figure(status.arrears, status.currency)}
    if not status.arrears:
        return {**shown, "delta_description": "nothing past due"}
    return {**shown, "delta": past_due(status), "delta_color": "orange", "delta_arrow": "off"}


def _next_figure(status: LoanStatus) -> dict[str, str | None]:
    if not status.next_due_on:
        return {"label": "Next installment", "value": NOTHING, "delta_description": "none left to fall due"}
    when = f"{day(status.next_due_on)}, {until(status.next_due_on, status.as_of)}"
    return {
        "label": "Next installment",
        **figure(status.next_due_amount, status.currency),
        "delta_description": when,
    }


_OUTCOMES = {
    "early": ("blue", "arrow_upward", "↑", "{days} early"),
    "on_time": ("green", "check", "✓", "On time"),
    "late": ("orange", "schedule", "", "{days} late"),
    "part_paid": ("orange", "priority_high", "!", "Part paid, {days}"),
    "missed": ("orange", "priority_high", "!", "Missed, {days}"),
    "due_today": ("gray", "event_upcoming", "", "Due today"),
    "next": ("gray", "event_upcoming", "", "Next"),
    "upcoming": ("gray", "", "", "Upcoming"),
    "nothing_due": ("gray", "", "", "Nothing due"),
}


def outcome(word: str, number: int) -> str:
    """What became of an installment, in plain words: ``! Missed, 62 days``."""
    _, _, mark, text = _OUTCOMES[word]
    return f"{mark} {text.format(days=days(abs(number)))}".strip()


def colored_outcome(word: str, number: int) -> str:
    """The same for Markdown, with its icon and its colour; it does not break over two lines."""
    color, icon, _, text = _OUTCOMES[word]
    said = text.format(days=days(abs(number))).replace(" ", SPACE)
    return f":{color}[:material/{icon}: {said}]" if icon else f":{color}[{said}]"


def remark(repayment: Any) -> str:
    """What to say beside a repayment: that it undoes another or was undone, else what the person noted."""
    if repayment.reverses:
        return f"Reverses {isolated(repayment.reverses)}"
    return f"Reversed by {isolated(repayment.reversed_by)}" if repayment.reversed_by else repayment.note


def installments_of(agreed: Any) -> str:
    """``12 installments of $94.56, the last $94.54``; those in which nothing falls due are not counted."""
    code = agreed.loan.currency
    sums = [amount for amount in agreed.installments["due"].tolist() if amount]
    first, last, many = money(sums[0], code), money(sums[-1], code), counted(len(sums), "installment")
    if len(set(sums[:-1])) > 1:
        return f"{many}, from {first} to {last}"
    return f"{many} of {first}" if first == last else f"{many} of {first}, the last {last}"


def when_due(agreed: Any) -> str:
    """``1 Nov 2025 to 1 Oct 2026, on the 1st of each month``."""
    loan, rows = agreed.loan, agreed.installments
    days_due = rows.loc[rows["due"] > 0, "due_on"]
    first, last, anchor = days_due.iloc[0], days_due.iloc[-1], loan.first_due_on or loan.start_on
    each = {
        "monthly": f"on the {ordinal(anchor.day)} of each month{', or its last day' if anchor.day > 28 else ''}",
        "quarterly": "every three months",
        "every_two_weeks": f"every second {first:%A}",
        "weekly": f"every {first:%A}",
    }
    return f"{day(first)} to {day(last)}, {each[loan.frequency]}" if first < last else day(first)


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def offers(status: LoanStatus) -> dict[str, str]:
    """The sums that somebody is likely to bring, as a button shows them and as they are typed."""
    sums = {"Balance": status.remaining_balance, "Arrears": status.arrears, "Next": status.next_due_amount}
    names = {amount: name for name, amount in sums.items() if amount}
    unit = currency(status.currency)
    return {f"{name} {_sum(amount, status)}": str(unit.major(amount)) for amount, name in sorted(names.items())}


def covers(first: int, last: int, interest: int, principal: int, code: str) -> str:
    """What a sum went to: ``Installments 3 to 5: $46.70 interest, $237.00 principal``."""
    which = f"Installment {first}" if first == last else f"Installments {first} to {last}"
    sums = {"interest": interest, "principal": principal}
    parts = ", ".join(f"{money(amount, code)} {part}" for part, amount in sums.items() if amount)
    return f"{which}: {parts}" if parts else "No installment"


def covered(repayment: Any, code: str) -> str:
    """The same for a repayment of a statement, with what was more than the loan came to."""
    said = covers(
        repayment.first_installment,
        repayment.last_installment,
        repayment.covered_interest,
        repayment.covered_principal,
        code,
    )
    return f"{said}; {money(repayment.overpaid, code)} more than is left" if repayment.overpaid else said


def preview_covers(preview: Any) -> str:
    """The same for a repayment that is not recorded yet."""
    rows, code = preview.covers, preview.before.currency
    if rows.empty:
        return "Covers no installment: everything is paid."
    said = covers(
        rows["number"].iloc[0], rows["number"].iloc[-1], rows["interest"].sum(), rows["principal"].sum(), code
    )
    first, last = day(rows["due_on"].iloc[0]), day(rows["due_on"].iloc[-1])
    return f"{said}. Due {'on ' + first if first == last else first + ' to ' + last}."


def standings(*each: LoanStatus) -> list[list[str]]:
    """A line for each thing that a repayment changes, for Markdown: its name, and how it stood each time."""
    return [
        ["Status", *(badge(status) for status in each)],
        ["Arrears", *(_sum(status.arrears, status) for status in each)],
        ["Days past due", *(f"{status.days_past_due:,}" for status in each)],
        ["Remaining balance", *(_sum(status.remaining_balance, status) for status in each)],
    ]


def effect(status: LoanStatus) -> str:
    """What a repayment led to, for Markdown: ``Arrears now **$260.84**, 62 days past due.``"""
    if status.state == "paid_off":
        more = f", with {_sum(status.overpaid_amount, status)} more than it came to" if status.overpaid_amount else ""
        return f"The loan is paid off{more}."
    if status.arrears:
        return f"Arrears now **{_sum(status.arrears, status)}**, {past_due(status)}."
    return f"Nothing past due now. {markdown(_next(status))}"


_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# A parser would still make a link, an icon, a dash or a sign of these: an invisible joiner parts them.
_SHORTHAND = re.compile(
    r"(?<=:)(?=[\w+/-])|(?<=@)|(?<=www)(?=\.)|(?<=-)(?=[->])|(?<=<)(?=-)|(?<=[<>~])(?==)", re.IGNORECASE
)
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def markdown(text: str) -> str:
    """Somebody's words, or a sum with its ``$``, as they are: no link, no image, no formula, no markup."""
    one_line = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029 ]+", " ", text).strip()
    return _PUNCTUATION.sub(r"\\\1", _SHORTHAND.sub("\N{WORD JOINER}", one_line))


def isolated(text: str) -> str:
    """Somebody's words inside a sentence of ours: written from right to left, they do not turn our words around."""
    is_turned = any(bidirectional(each) in ("R", "AL", "AN") for each in text) or _TURNS.search(text)
    return f"\N{FIRST STRONG ISOLATE}{_TURNS.sub('', text)}\N{POP DIRECTIONAL ISOLATE}" if is_turned else text


def plotly(text: str) -> str:
    """The same for a text in a chart, where ``<a href>`` would be a link."""
    return escape(text, quote=False)


def month_before(when: date) -> date:
    """The same day a month earlier, or that month's last; from the last day of a month, the last of the one before."""
    last = when.replace(day=1) - timedelta(days=1)
    is_last = (when + timedelta(days=1)).day == 1
    return last if is_last else last.replace(day=min(when.day, last.day))


def year_to(when: date) -> list[date]:
    """The last twelve month ends, and the day itself; oldest first."""
    ends = [end.date() for end in pd.date_range(end=when, periods=12, freq="ME")]
    return ends if ends[-1] == when else [*ends, when]


def month_to(when: date) -> tuple[date, date]:
    """The first and the last day of the month that ends on a day: 3 May and 2 June."""
    return month_before(when) + timedelta(days=1), when


def month_so_far(when: date) -> tuple[date, date]:
    """The first day of the calendar month, and the day."""
    return when.replace(day=1), when


def count_badge(word: str, number: int) -> str:
    """A status, and how many loans are of it."""
    shown = STANDINGS[word]
    return f":{shown.color}-badge[:material/{shown.icon}: {shown.word}] {number:,}"


@dataclass(frozen=True)
class BookDay:
    """A book on a day, in one currency: what it comes to, and what was collected in the month that ends on the day
    and in the calendar month so far."""

    on: date
    totals: Any
    month: Any
    so_far: Any

    @property
    def par(self) -> float | None:
        return 100 * self.totals.par_ratio(30) if self.totals.gross_portfolio else None

    @property
    def on_time(self) -> float | None:
        return 100 * self.month.on_time_rate if self.month.due else None


def book_figures(year: Sequence[BookDay], before: BookDay, code: str) -> list[dict[str, Any]]:
    """The five figures of a book on the last of these days, each the keywords of a metric."""
    first, as_of = map(day, month_to(year[-1].on))
    return [
        _sums(
            "Gross portfolio",
            [each.totals.gross_portfolio for each in (*year, before)],
            code,
            "The outstanding principal of active loans.",
        ),
        _shares(
            "PAR 30",
            [each.par for each in (*year, before)],
            "Portfolio at risk: the whole outstanding principal of loans more than 30 days past due, as a share of the "
            "gross portfolio.",
            better="down",
        ),
        _sums(
            "Arrears",
            [each.totals.arrears for each in (*year, before)],
            code,
            f"What fell due before {as_of} and is unpaid.",
            better="down",
        ),
        _sums(
            f"Received in {year[-1].on:%b %Y}",
            [each.so_far.received for each in (*year, before)],
            code,
            f"What came in this month through {as_of}, compared with the same days of the month before.",
            chart_type="bar",
        ),
        _shares(
            "On-time collection",
            [each.on_time for each in (*year, before)],
            f"Of what fell due from {first} to {as_of}, the share paid on or before its due date.",
            better="up",
        ),
    ]


def book_rows(today: BookDay, code: str) -> list[str]:
    """What stands behind each of these figures, as the words of a link."""
    late = sum(bucket.loans for age, bucket in today.totals.ageing.items() if age not in ("current", "1-30"))
    return [
        counted(today.totals.active, "active loan"),
        f"{counted(late, 'loan')} over 30 days",
        f"{counted(today.totals.loans_in_arrears, 'loan')} in arrears",
        f"of {markdown(money(today.so_far.due, code))} due",
        f"{markdown(money(today.month.due - today.month.on_time, code))} late",
    ]


def _sums(label: str, amounts: list[int], code: str, meaning: str, better: str = "", **more: str) -> dict[str, Any]:
    """A sum on a day, with what it was on the days before; the last amount is that of a month before."""
    *year, then = amounts
    shown = figure(year[-1], code)
    change = 100 * (year[-1] - then) / then if then else (None if year[-1] else 0)
    whole = f"{shown['help']}. " if "help" in shown else ""
    return {
        "label": label,
        **shown,
        **_change(change, "%", better),
        "help": whole + meaning + _range([markdown(money(amount, code)) for amount in (min(year), max(year))]),
        "chart_data": [round(amount / 10 ** currency(code).exponent) for amount in year],
        **more,
    }


def _shares(label: str, percents: list[float | None], meaning: str, better: str) -> dict[str, Any]:
    """The same of a share, in percent; None is a share of nothing, and no point of the line."""
    *year, then = percents
    known = [each for each in year if each is not None]
    change = None if year[-1] is None or then is None else year[-1] - then
    return {
        "label": label,
        "value": NOTHING if year[-1] is None else f"{year[-1]:.1f}%",
        **_change(change, " points", better),
        "help": meaning + (_range([f"{each:.1f}%" for each in (min(known), max(known))]) if known else ""),
        "chart_data": [round(each, 1) for each in known],
    }


def _range(ends: list[str]) -> str:
    return f" In the last 12 months from {ends[0]} to {ends[1]}."


def _change(change: float | None, unit: str, better: str) -> dict[str, str]:
    """What became of a figure in a month. That nothing did is said as well: so all figures are of one height."""
    if change is None or round(change, 1) == 0:
        said = "none a month before" if change is None else "unchanged"
        return {"delta": said, "delta_color": "gray", "delta_arrow": "off"}
    way = "up" if change > 0 else "down"
    return {
        "delta": f"{abs(change):,.1f}{unit}",
        "delta_arrow": way,
        "delta_color": {"": "gray", way: "green"}.get(better, "orange"),
        "delta_description": way,
    }


def book_key(totals, code: str) -> str:
    """The key of the book's chart, which nearly touching lines leave no room for."""
    received, expected = (markdown(money(each, code)) for each in (totals.total_amount_paid, totals.expected_paid))
    return f":small[:violet[**━** **Received {received}**]\N{EM SPACE}:gray[╍ Expected {expected}]]"


def book_gap(totals, code: str) -> str:
    """``Received is $59,000.00 (4.5%) short of expected.``"""
    expected, more = totals.expected_paid, totals.total_amount_paid - totals.expected_paid
    if not more:
        return "Received is what was expected."
    share = f" ({percent(abs(more), expected)})" if expected else ""
    return f"Received is {money(abs(more), code)}{share} {'more than' if more > 0 else 'short of'} expected."


def not_past_due(totals, code: str) -> str:
    """``The other 125 loans, $1,143,910.55 (89.1%), have nothing past due.``"""
    loans, amount = totals.ageing["current"].loans, totals.ageing["current"].outstanding_principal
    if not loans:
        return "Every active loan is past due."
    who = "The other loan" if loans == 1 else f"The other {loans:,} loans"
    share = f"{money(amount, code)} ({percent(amount, totals.gross_portfolio)})"
    return f"{who}, {share}, {'has' if loans == 1 else 'have'} nothing past due."
