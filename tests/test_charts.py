"""What the status chart carries: the marks, where they end, the words on them. The frames are made up."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from loan_core import LoanStatus, Statement
from loan_core.calculation.projection import Projection
from pages._charts import ROLES
from pages._status_chart import status_chart, status_sentence

THRESHOLDS = SimpleNamespace(behind_percent=90, ahead_percent=110)
START, DUE = date(2025, 10, 1), 10_000


def monthly(installments: int) -> list[date]:
    """The first of each month after the start."""
    months = [START.month + number for number in range(1, installments + 1)]
    return [date(START.year + (month - 1) // 12, (month - 1) % 12 + 1, 1) for month in months]


def statement(
    as_of: date,
    received: list[tuple[date, int]] = (),
    due_on: list[date] | None = None,
    due: int = DUE,
    currency: str = "USD",
) -> Statement:
    """A loan of equal installments, and where it stands by the domain's definitions."""
    due_on = monthly(12) if due_on is None else due_on
    received = [(on, amount) for on, amount in received if on <= as_of]
    paid, total = sum(amount for _, amount in received), due * len(due_on)
    expected, before = (due * sum(on <= day for on in due_on) for day in (as_of, as_of - timedelta(days=1)))
    covered = min(paid // due, len(due_on))
    arrears, oldest = max(before - paid, 0), due_on[min(covered, len(due_on) - 1)]
    days_past_due = (as_of - oldest).days if arrears else 0
    is_ahead, is_behind = paid > 0 and paid * 10 >= expected * 11, paid * 10 < before * 9
    paid_up_to = due_on[covered - 1] if covered else None
    status = LoanStatus(
        loan_id=7,
        reference="L-0007",
        borrower="Amara Okafor",
        currency=currency,
        as_of=as_of,
        revision=1,
        state="pending" if as_of < START else "paid_off" if paid >= total else "active",
        status="Ahead" if is_ahead else "Behind" if is_behind else "On Track",
        months_passed=expected // due,
        expected_monthly_installment=due,
        expected_paid=expected,
        total_amount_paid=paid,
        remaining_balance=max(total - paid, 0),
        outstanding_principal=max(total - paid, 0),
        overpaid_amount=max(paid - total, 0),
        arrears=arrears,
        overdue_principal=arrears,
        days_past_due=days_past_due,
        next_due_on=None,
        next_due_amount=0,
        ahead_by=paid - expected,
        days_ahead=-days_past_due or (max((paid_up_to - as_of).days, 0) if paid_up_to else 0),
        paid_up_to=paid_up_to,
        total_due=total,
    )
    installments = pd.DataFrame({"due_on": np.array(due_on, dtype="M8[D]"), "due": due})
    repayments = pd.DataFrame(received, columns=["received_on", "amount"])
    return Statement(SimpleNamespace(start_on=START), status, None, installments, repayments)


def chart(of: Statement, mode: str = "light", today: date = date(2030, 1, 1)) -> go.Figure:
    return go.Figure(status_chart(of, THRESHOLDS, mode, today))


def marks(fig: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in fig.data}


def words(fig: go.Figure) -> list[str]:
    return [label.text for label in fig.layout.annotations]


def at(trace: go.Scatter, day: date) -> float:
    """Where a step line stands at the end of a day."""
    return [y for x, y in zip(trace.x, trace.y, strict=True) if x <= day.isoformat()][-1]


# Eight installments have fallen due, four and a bit are paid: 355.40 behind since 1 Mar.
BEHIND = statement(date(2026, 6, 2), [(date(2025, 11, 1), 10_000), (date(2026, 1, 9), 34_460)])
ON_TRACK = statement(date(2026, 6, 2), [(date(2026, 5, 1), 80_000)])
AHEAD = statement(date(2026, 6, 2), [(date(2026, 3, 20), 100_000)])


def test_the_band_is_what_the_thresholds_say_of_what_is_expected() -> None:
    lower, upper = (marks(chart(BEHIND))[name] for name in ("Behind below", "Ahead above"))
    assert (at(lower, date(2026, 6, 2)), at(upper, date(2026, 6, 2))) == pytest.approx((720, 880))
    assert (at(lower, date(2026, 10, 1)), at(upper, date(2026, 10, 1))) == pytest.approx((1080, 1320))
    assert upper.fill == "tonexty"


def test_what_is_paid_ends_at_the_day_and_what_is_expected_goes_on() -> None:
    seen = marks(chart(BEHIND))
    assert seen["Paid"].x[-1] == seen["Fallen due"].x[-1] == "2026-06-02"
    assert (seen["Paid"].y[-1], seen["Fallen due"].y[-1]) == (444.6, 800)
    assert at(seen["Expected"], date(2026, 10, 1)) == 1200
    assert seen["Expected"].x[-1] > "2026-10-01"
    assert all(seen[name].line.shape == "hv" for name in ("Paid", "Fallen due", "Expected"))


def test_the_gap_in_money_stands_at_the_day_from_paid_to_expected() -> None:
    gap = marks(chart(BEHIND))["Gap in money"]
    assert (list(gap.x), list(gap.y)) == (["2026-06-02"] * 2, [444.6, 800])
    assert "<b>$355.40</b><br>behind" in words(chart(BEHIND))


def test_the_gap_in_days_runs_from_the_oldest_unpaid_due_date_to_the_day() -> None:
    bracket = marks(chart(BEHIND))["Gap in days"]
    assert (min(bracket.x), max(bracket.x)) == ("2026-03-01", "2026-06-02")
    assert max(bracket.y) < 444.6, "under the line of what was paid"
    assert "<b>93 days</b>" in words(chart(BEHIND))


def test_a_loan_ahead_has_its_gaps_on_the_other_side() -> None:
    seen = marks(chart(AHEAD))
    assert list(seen["Gap in money"].y) == [1000, 800]
    assert (min(seen["Gap in days"].x), max(seen["Gap in days"].x)) == ("2026-06-02", "2026-08-01")
    assert min(seen["Gap in days"].y) > 1000
    assert "<b>60 days</b>" in words(chart(AHEAD))
    assert any("<b>$200.00</b> ahead" in text for text in words(chart(AHEAD)))


def test_on_the_due_date_itself_the_gap_is_what_is_past_due() -> None:
    """The installment of the day is expected, and nobody is late on it: figure and headline say the same sum."""
    due_today = statement(date(2026, 6, 1), [(date(2025, 11, 1), 10_000)])
    assert list(marks(chart(due_today))["Gap in money"].y) == [100, 700]
    assert due_today.status.arrears == 60_000


@pytest.mark.parametrize(
    "of",
    [
        ON_TRACK,
        statement(date(2026, 3, 2), [(date(2026, 3, 1), 120_000)]),
        statement(START, []),
        statement(date(2020, 1, 1)),
    ],
    ids=["on track", "paid off", "nothing due", "before the start"],
)
def test_a_loan_neither_ahead_nor_behind_has_no_gap(of: Statement) -> None:
    assert not {"Gap in money", "Gap in days"} & set(marks(chart(of)))


def test_a_gap_under_a_tenth_of_the_whole_has_no_words_for_its_money() -> None:
    little = statement(date(2026, 2, 15), [(date(2025, 12, 1), 30_500)])
    assert little.status.status == "Behind"
    assert list(marks(chart(little))["Gap in money"].y) == [305, 400]
    assert not any("behind" in text for text in words(chart(little)))


def test_the_sums_at_the_day_are_written_on_the_marks() -> None:
    assert {"Expected $800.00", "<b>Paid</b><br><b>$444.60</b>"} <= set(words(chart(BEHIND)))


def test_a_sum_too_long_for_a_mark_is_rounded() -> None:
    big = statement(date(2026, 6, 2), [(date(2026, 1, 1), 10**12)], due=833_333_333_333)
    assert {"Expected $66.7B", "<b>$56.7B</b><br>behind"} <= set(words(chart(big)))


def test_a_pointer_reads_whole_sums() -> None:
    paid = marks(chart(BEHIND))["Paid"]
    assert paid.text[-1] == "$444.60"
    assert paid.hovertemplate == "Paid %{text}<extra></extra>"


def test_the_height_is_the_schedule_and_a_little_more() -> None:
    assert chart(BEHIND).layout.yaxis.range == (0, pytest.approx(1200 * 1.13))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_are_the_roles_of_the_theme(mode: str) -> None:
    seen = marks(chart(BEHIND, mode))
    assert seen["Paid"].line.color == ROLES[mode]["actual"]
    assert seen["Gap in money"].line.color == seen["Gap in days"].line.color == ROLES[mode]["Behind"]


def test_the_day_is_named_and_today_is_called_today() -> None:
    assert words(chart(BEHIND, today=date(2026, 6, 2)))[0] == "Today, 2 Jun"
    assert words(chart(BEHIND))[0] == "2\N{NO-BREAK SPACE}Jun\N{NO-BREAK SPACE}2026"


def test_long_after_the_end_the_schedule_keeps_its_place() -> None:
    late = statement(date(2046, 6, 2), [(date(2025, 11, 1), 10_000)])
    fig = chart(late)
    # The schedule takes a year; the day stands two years after it, and an arrow says that it lies further off.
    assert marks(fig)["Paid"].x[-1] == "2028-09-30"
    assert words(fig)[0].endswith("2046 →")
    assert "<b>7,488 days</b>" in words(fig)


def test_before_the_start_nothing_is_marked() -> None:
    fig = chart(statement(date(2020, 1, 1)))
    assert (words(fig), marks(fig)["Paid"].x) == ([], ())
    assert fig.layout.xaxis.range[0] == "2025-10-01"


SHAPES = {
    "one installment": {"due_on": monthly(1)},
    "one on the day of the start": {"due_on": [START]},
    "three": {"due_on": monthly(3)},
    "sixty": {"due_on": monthly(60)},
    "six hundred": {"due_on": monthly(600)},
    "weekly": {"due_on": [START + timedelta(weeks=week) for week in range(1, 17)]},
    "a single yen each": {"currency": "JPY", "due": 1},
    "dinars": {"currency": "KWD", "due": 125_000},
    "one cent each": {"due": 1},
    "a hundred billion": {"due": 833_333_333_333},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
@pytest.mark.parametrize("paid_percent", [0, 35, 100, 130])
@pytest.mark.parametrize("elapsed_percent", [-50, 0, 5, 50, 100, 900])
@pytest.mark.parametrize("is_balance", [False, True], ids=["payments", "balance"])
def test_every_shape_stays_inside_its_axes(
    shape: dict[str, object], paid_percent: int, elapsed_percent: int, is_balance: bool
) -> None:
    due_on, due = shape.get("due_on", monthly(12)), shape.get("due", DUE)
    as_of = START + (due_on[-1] - START) * elapsed_percent / 100
    received = [(START, due * len(due_on) * paid_percent // 100)]
    of = statement(as_of, received, **shape)
    fig = go.Figure(status_chart(of, THRESHOLDS, "light", date(2030, 1, 1), is_balance=is_balance))
    first, last = fig.layout.xaxis.range
    top = fig.layout.yaxis.range[1]
    names = {"Paid", "Left", "Fallen due", "Gap in money", "Gap in days", "Day"}
    for trace in (trace for trace in fig.data if trace.name in names):
        assert all(first <= x <= last for x in trace.x)
        assert all(0 <= y <= top * 1.0001 for y in trace.y)
    # Plotly leaves out a label that stands outside.
    assert all(0 <= label.y <= top for label in fig.layout.annotations if label.yref != "paper")
    assert len(fig.layout.yaxis.tickvals) <= 6
    assert len(set(fig.layout.yaxis.ticktext)) == len(fig.layout.yaxis.ticktext)


def test_round_sums_are_ticked_in_one_unit() -> None:
    def ticks(**shape: object) -> list[str]:
        return list(chart(statement(date(2026, 6, 2), **shape)).layout.yaxis.ticktext)

    assert ticks() == ["$0", "$500", "$1,000"]
    assert ticks(due=1_000_000) == ["$0", "$50K", "$100K"]
    assert ticks(due=1) == ["$0.00", "$0.05", "$0.10"]
    assert ticks(due=1, currency="JPY") == ["¥0", "¥5", "¥10"]
    assert ticks(due=125_000, currency="KWD") == ["0", "500", "1,000", "1,500"]


def test_dates_are_ticked_by_weeks_months_or_years() -> None:
    def ticks(due_on: list[date]) -> object:
        return chart(statement(date(2020, 1, 1), due_on=due_on)).layout.xaxis.dtick

    assert ticks([START + timedelta(weeks=week) for week in range(1, 5)]) == 7 * 86_400_000
    assert [ticks(monthly(installments)) for installments in (3, 12, 60, 600)] == ["M1", "M3", "M12", "M120"]


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        (
            BEHIND,
            "Step chart of cumulative payments for loan L-0007, as of 2 Jun 2026. "
            "Expected $800.00, paid $444.60: $355.40 behind, 93 days past due.",
        ),
        (
            AHEAD,
            "Step chart of cumulative payments for loan L-0007, as of 2 Jun 2026. "
            "Expected $800.00, paid $1,000.00: $200.00 ahead.",
        ),
        (
            ON_TRACK,
            "Step chart of cumulative payments for loan L-0007, as of 2 Jun 2026. Expected $800.00, paid $800.00.",
        ),
    ],
    ids=["behind", "ahead", "on track"],
)
def test_the_same_chart_in_words(of: Statement, sentence: str) -> None:
    assert status_sentence(of).replace("\N{NO-BREAK SPACE}", " ") == sentence


def going_on(of: Statement, on: list[date], paid: list[int], is_paid_off: bool) -> Statement:
    """The same loan with a path at the pace of its last installments."""
    days = np.array(on, dtype="M8[D]")
    end = days[-1] if is_paid_off else np.datetime64("NaT", "D")
    return replace(of, projection=Projection(3, 20_000, 30_000, days, np.array(paid), end))


SLOW = going_on(BEHIND, [date(2026, 6, 2), date(2026, 7, 1), date(2027, 2, 1)], [44_460, 51_127, 120_000], True)
NEVER = going_on(BEHIND, [date(2026, 6, 2), date(2026, 7, 1), date(2040, 7, 1)], [44_460, 44_460, 44_460], False)


def test_the_path_goes_on_from_the_day_in_the_actual_colour() -> None:
    path = marks(chart(SLOW))["At this pace"]
    assert (path.x[0], path.y[0], path.x[-1], path.y[-1]) == ("2026-06-02", 444.6, "2027-02-01", 1200)
    assert path.line.color == ROLES["light"]["actual"]
    assert path.line.width < marks(chart(SLOW))["Paid"].line.width
    assert (path.line.dash, path.text[1]) == ("2px,4px", "$511.27")


def test_the_chart_goes_on_to_where_the_path_ends_but_not_for_ever() -> None:
    assert chart(SLOW).layout.xaxis.range[1] > "2027-02-01"
    far = going_on(BEHIND, [date(2026, 6, 2), date(2050, 7, 1)], [44_460, 120_000], True)
    assert "2027-04" < chart(far).layout.xaxis.range[1] < "2027-05", "the schedule's year and half of one"
    assert marks(chart(far))["At this pace"].y[-1] == 444.6
    assert chart(NEVER).layout.xaxis.range == chart(BEHIND).layout.xaxis.range
    assert "At this pace" not in marks(chart(BEHIND))


def balance(of: Statement) -> go.Figure:
    return go.Figure(status_chart(of, THRESHOLDS, "light", date(2030, 1, 1), is_balance=True))


def test_the_balance_is_the_schedule_less_what_was_paid() -> None:
    seen = marks(balance(SLOW))
    assert (seen["Left"].y[0], seen["Left"].y[-1]) == (1200, 755.4)
    assert (seen["Fallen due"].y[-1], at(seen["Expected"], date(2026, 10, 1))) == (400, 0)
    assert list(seen["Gap in money"].y) == [755.4, 400]
    assert (min(seen["Gap in days"].x), max(seen["Gap in days"].x)) == ("2026-03-01", "2026-06-02")
    assert min(seen["Gap in days"].y) > 755.4, "above the line"
    assert seen["At this pace"].y[-1] == 0
    assert {"<b>Left</b> $755.40", "Expected $400.00", "<b>$355.40</b><br>behind", "<b>93 days</b>"} <= set(
        words(balance(SLOW))
    )


def test_a_balance_is_never_below_nothing() -> None:
    overpaid = statement(date(2026, 6, 2), [(date(2026, 3, 20), 150_000)])
    seen = marks(balance(overpaid))
    assert all(y >= 0 for trace in seen.values() for y in trace.y)
    assert "<b>Left</b> $0.00" in words(balance(overpaid))


def test_the_balance_and_the_path_in_words() -> None:
    slow = replace(SLOW, loan=SimpleNamespace(start_on=START, frequency="monthly"))
    assert status_sentence(slow, is_balance=True).replace("\N{NO-BREAK SPACE}", " ") == (
        "Step chart of the remaining balance for loan L-0007, as of 2 Jun 2026. "
        "Expected $400.00, left $755.40: $355.40 behind, 93 days past due. "
        "At the pace of the last 3 installments, $66.67 a month (66.7% of what fell due), it is paid off on 1 Feb 2027."
    )


def test_no_finger_zooms_and_no_legend_stands_in_the_way() -> None:
    layout = chart(BEHIND).layout.template.layout
    assert (layout.dragmode, layout.showlegend, layout.xaxis.fixedrange, layout.yaxis.fixedrange) == (
        False,
        False,
        True,
        True,
    )
