"""Money, days and words as the pages show them. The expected texts are the ones that the design's tables write out."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from loan_core import LoanStatus, Statement
from pages import _look as look
from pages import _words as words
from pages._repayment_words import remark

AT_REST = LoanStatus(
    loan_id=7,
    reference="L-0007",
    borrower="Amara Okafor",
    currency="USD",
    as_of=date(2026, 6, 2),
    revision=1,
    state="active",
    status="On Track",
    months_passed=8,
    expected_monthly_installment=9456,
    expected_paid=75648,
    total_amount_paid=75648,
    remaining_balance=37822,
    outstanding_principal=36000,
    overpaid_amount=0,
    arrears=0,
    overdue_principal=0,
    days_past_due=0,
    next_due_on=date(2026, 7, 1),
    next_due_amount=9456,
    ahead_by=0,
    days_ahead=0,
    paid_up_to=date(2026, 6, 1),
    total_due=113470,
)
LOAN = SimpleNamespace(
    reference="L-0007",
    borrower="Amara Okafor",
    currency="USD",
    loan_amount=100000,
    interest_rate=20_000,
    annual_rate_ppm=240_000,
    rate_period="month",
    repayment_period=12,
    frequency="monthly",
    method="annuity",
    start_on=date(2025, 10, 1),
    voided_at=None,
    void_reason="",
)
BEHIND = {"status": "Behind", "arrears": 35540, "days_past_due": 93, "total_amount_paid": 40108, "ahead_by": -35540}


def statement(paid_off_on: date | None = None, loan: SimpleNamespace = LOAN, **at: object) -> Statement:
    voided_on = loan.voided_at and loan.voided_at.date()
    return Statement(loan, replace(AT_REST, **at), paid_off_on, pd.DataFrame(), pd.DataFrame(), voided_on=voided_on)


def plain(text: str) -> str:
    """With ordinary spaces, as one reads it."""
    return text.replace(look.SPACE, " ")


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        (123450, "USD", "$1,234.50"),
        (123450, "EUR", "€1,234.50"),
        (123450, "KES", "KES 1,234.50"),
        (1235, "JPY", "¥1,235"),
        (1234567, "KWD", "KWD 1,234.567"),
        (0, "USD", "$0.00"),
        (5, "KWD", "KWD 0.005"),
        (-9456, "USD", "−$94.56"),
        (10**13, "USD", "$100,000,000,000.00"),
        (9_007_199_254_740_993, "USD", "$90,071,992,547,409.93"),
    ],
)
def test_money_is_exact_and_has_the_decimals_of_its_currency(amount: int, code: str, text: str) -> None:
    assert plain(look.money(amount, code)) == text


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        (94500, "USD", "$945"),
        (5_820_000, "USD", "$58.2K"),
        (114_000_000, "USD", "$1.14M"),
        (99_999_600, "USD", "$1M"),
        (10**13, "USD", "$100B"),
        (65_000_00, "KES", "KES 65K"),
        (-5_820_000, "USD", "−$58.2K"),
        (0, "JPY", "¥0"),
    ],
)
def test_a_mark_in_a_chart_rounds(amount: int, code: str, text: str) -> None:
    assert plain(look.short_money(amount, code)) == text


def test_a_sum_too_long_for_its_place_is_whole_in_the_help() -> None:
    assert look.figure(1_234_567_890, "USD") == {"value": "$12,345,678.90"}
    long = look.figure(123_456_789_012, "USD")
    assert long == {"value": "$1.23B", "help": r"\$1\,234\,567\,890\.12"}


def test_a_sum_by_its_code_has_room_for_one_character_less() -> None:
    assert plain(look.figure(1_167_539, "KWD")["value"]) == "KWD 1,167.539"
    assert plain(look.figure(13_110_347, "KWD")["value"]) == "KWD 13.1K"


def test_a_cell_has_a_true_minus_sign_and_no_currency() -> None:
    assert look.signed(-94.56, "USD") == "−94.56"
    assert look.signed(1234.5, "KWD") == "1,234.500"
    assert look.signed(1235.0, "JPY") == "1,235"
    assert look.major(pd.Series([123456]), "KWD").tolist() == [123.456]


def test_a_day_does_not_break_over_two_lines() -> None:
    assert look.day(date(2026, 3, 2)) == "2\N{NO-BREAK SPACE}Mar\N{NO-BREAK SPACE}2026"


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(40108, 75648, "53.0%"), (1, 3, "33.3%"), (0, 5, "0.0%"), (5, 0, "—")]
)
def test_a_percentage_has_one_decimal(part: int, whole: int, text: str) -> None:
    assert look.percent(part, whole) == text


@pytest.mark.parametrize(
    ("interest_rate", "rate_period", "a_year", "text"),
    [
        (20_000, "month", 240_000, "2.0% a month (24.0% a year)"),
        (12_500, "month", 150_000, "1.25% a month (15.0% a year)"),
        (140_700, "year", 140_700, "14.07% a year (1.17% a month)"),
        (120_000, "year", 120_000, "12.0% a year (1.0% a month)"),
        (0, "year", 0, "no interest"),
    ],
)
def test_a_rate_is_quoted_both_ways(interest_rate: int, rate_period: str, a_year: int, text: str) -> None:
    loan = SimpleNamespace(interest_rate=interest_rate, rate_period=rate_period, annual_rate_ppm=a_year)
    assert words.rate(loan) == text


def test_the_terms_are_a_line() -> None:
    line = "Loan L-0007 · $1,000.00 over 12 monthly installments from 1 Oct 2025 · 2.0% a month (24.0% a year)"
    assert plain(words.terms(LOAN)) == line
    single = SimpleNamespace(**vars(LOAN) | {"repayment_period": 1, "frequency": "every_two_weeks", "method": "flat"})
    assert "over 1 installment every two weeks from" in plain(words.terms(single))
    assert words.terms(single).endswith(" · flat interest")


def test_tolerance_is_told_in_words() -> None:
    assert look.tolerance(SimpleNamespace(behind_percent=90, ahead_percent=110)) == "within 10% of"
    assert look.tolerance(SimpleNamespace(behind_percent=85, ahead_percent=110)) == "85% to 110% of"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (BEHIND, "Behind by $355.40: 93 days past due. Next installment $94.56 on 1 Jul 2026."),
        (
            BEHIND | {"next_due_on": None, "next_due_amount": 0},
            "Behind by $355.40: 93 days past due. All installments have fallen due.",
        ),
        ({}, "On Track: $756.48 paid, as expected. Next installment $94.56 on 1 Jul 2026."),
        (
            {"arrears": 4000, "days_past_due": 1, "total_amount_paid": 71648, "ahead_by": -4000},
            "On Track, with $40.00 in arrears: 1 day past due. Next installment $94.56 on 1 Jul 2026.",
        ),
        (
            {"total_amount_paid": 80000, "ahead_by": 4352, "next_due_amount": 5104},
            "On Track: $800.00 paid, $756.48 expected. Next installment $51.04 on 1 Jul 2026.",
        ),
        (
            {"months_passed": 0, "expected_paid": 0, "total_amount_paid": 0},
            "On Track: nothing has fallen due. Next installment $94.56 on 1 Jul 2026.",
        ),
        (
            {
                "status": "Ahead",
                "ahead_by": 21088,
                "paid_up_to": date(2026, 8, 1),
                "next_due_on": date(2026, 9, 1),
                "next_due_amount": 7280,
            },
            "Ahead by $210.88: paid up to 1 Aug 2026. Next installment $72.80 on 1 Sep 2026.",
        ),
        (
            {"status": "Ahead", "ahead_by": 2000, "paid_up_to": None, "next_due_amount": 7456},
            "Ahead by $20.00. Next installment $74.56 on 1 Jul 2026.",
        ),
        (
            {"state": "paid_off", "total_amount_paid": 113470, "next_due_on": None},
            "Paid off on 3 Sep 2026. $1,134.70 received.",
        ),
        (
            {"state": "paid_off", "overpaid_amount": 1200, "next_due_on": None},
            "Paid off on 3 Sep 2026. $12.00 more than the schedule was received.",
        ),
        (
            {"state": "pending", "next_due_on": date(2026, 11, 1)},
            "Starts on 1 Oct 2025. First installment $94.56 on 1 Nov 2026.",
        ),
    ],
)
def test_the_headline_says_where_the_loan_stands(at: dict[str, object], said: str) -> None:
    assert plain(words.headline(statement(date(2026, 9, 3), **at))) == said


@pytest.mark.parametrize(
    ("reason", "by", "said"),
    [
        ("entered twice", "", "Voided on 4 Mar 2026: entered twice. It counts in no figure."),
        ("", "", "Voided on 4 Mar 2026. It counts in no figure."),
        ("entered twice", "Ada", "Voided on 4 Mar 2026 by Ada: entered twice. It counts in no figure."),
    ],
)
def test_a_voided_loan_says_so_and_nothing_else(reason: str, by: str, said: str) -> None:
    voided = SimpleNamespace(
        **vars(LOAN) | {"voided_at": datetime(2026, 3, 4, 9, tzinfo=UTC), "void_reason": reason, "voided_by": by}
    )
    assert plain(words.headline(statement(loan=voided, state="voided"))) == said


@pytest.mark.parametrize(
    ("at", "badge"),
    [
        ({"status": "Behind"}, ":orange-badge[:material/priority_high: Behind]"),
        ({"status": "On Track"}, ":green-badge[:material/check: On Track]"),
        ({"status": "Ahead"}, ":blue-badge[:material/arrow_upward: Ahead]"),
        ({"state": "paid_off"}, ":gray-badge[:material/task_alt: Paid off]"),
        ({"state": "paid_off", "overpaid_amount": 1}, ":gray-badge[:material/savings: Paid off]"),
        ({"state": "pending"}, ":gray-badge[:material/schedule: Not started]"),
        ({"state": "voided"}, ":gray-badge[:material/block: Voided]"),
    ],
)
def test_a_badge_is_a_word_an_icon_and_a_colour(at: dict[str, object], badge: str) -> None:
    assert look.badge(replace(AT_REST, **at)) == badge


@pytest.mark.parametrize(
    ("word", "number", "text"),
    [
        ("on_time", 0, "✓ On time"),
        ("early", -3, "↑ 3 days early"),
        ("late", 8, "8 days late"),
        ("part_paid", 93, "! Part paid, 93 days"),
        ("missed", 1, "! Missed, 1 day"),
        ("due_today", 0, "Due today"),
        ("next", 0, "Next"),
        ("upcoming", 0, "Upcoming"),
        ("nothing_due", 0, "Nothing due"),
    ],
)
def test_what_became_of_an_installment(word: str, number: int, text: str) -> None:
    assert words.outcome(word, number) == text
    colored = words.colored_outcome(word, number)
    assert text.lstrip("✓↑! ").replace(" day", f"{look.SPACE}day") in colored, "a number keeps its days"
    assert colored.startswith(":")


def test_a_repayment_says_what_it_undoes_before_what_was_noted() -> None:
    def said(reverses: str = "", reversed_by: str = "") -> str:
        return remark(SimpleNamespace(reverses=reverses, reversed_by=reversed_by, note="Cash"))

    assert [said(), said(reverses="RP-1042"), said(reversed_by="RP-1051")] == [
        "Cash",
        "Reverses RP-1042",
        "Reversed by RP-1051",
    ]


def test_the_figures_of_a_loan_behind() -> None:
    shown = {each["label"]: each for each in words.figures(statement(**BEHIND), date(2026, 6, 2))}
    assert list(shown) == [
        "Paid so far",
        "Expected by today",
        "Arrears",
        "Remaining balance",
        "Outstanding principal",
        "Next installment",
    ]
    assert shown["Paid so far"]["delta_description"] == "53.0% of expected"
    assert shown["Expected by today"]["delta_description"] == "8 of 12 installments"
    assert (shown["Arrears"]["value"], shown["Arrears"]["delta"]) == ("$355.40", "93 days past due")
    assert shown["Outstanding principal"]["delta_description"] == r"of \$1\,000\.00 lent"
    assert plain(shown["Next installment"]["delta_description"]) == "1 Jul 2026, in 29 days"


def test_a_loan_ahead_shows_by_how_much_in_place_of_arrears() -> None:
    shown = words.figures(statement(status="Ahead", ahead_by=21088), date(2026, 6, 3))
    assert [each["label"] for each in shown][1:3] == [
        "Expected by 2\N{NO-BREAK SPACE}Jun\N{NO-BREAK SPACE}2026",
        "Ahead by",
    ]


HOSTILE = "![i](http://evil.test/x.png) <b>Bob</b> $5 and $6 :smile: :red[x] -- -> www.evil.test a@b.test `c` #1 1. *i*"


def test_words_for_markdown_are_only_words() -> None:
    escaped = look.markdown(HOSTILE)
    bare = escaped.replace("\N{WORD JOINER}", "")
    # CommonMark: a backslash before punctuation makes it a plain character. Every one has its backslash.
    assert all(bare[at - 1] == "\\" for at, each in enumerate(bare) if each in "![](){}<>$:`*_#~|&@.-+=" and at)
    assert bare.replace("\\", "") == HOSTILE


@pytest.mark.parametrize(
    "shorthand", ["http://evil.test", "www.evil.test", "a@b.test", ":smile:", ":material/bolt:", "a -- b", "->", "<-"]
)
def test_a_shorthand_that_needs_no_punctuation_of_its_own_is_parted(shorthand: str) -> None:
    """Links, icons and dashes are made after the backslashes are gone: only a character in between stops that."""
    assert "\N{WORD JOINER}" in look.markdown(shorthand)


def test_words_for_markdown_stay_on_one_line() -> None:
    assert look.markdown("a\n\n    b\r\n# c") == r"a b \# c"


def test_a_sum_for_markdown_starts_no_formula() -> None:
    assert look.markdown("$5 and $6") == r"\$5 and \$6"


def test_words_for_a_chart_are_only_words() -> None:
    assert look.plotly('<a href="http://evil.test">x</a> & y') == '&lt;a href="http://evil.test"&gt;x&lt;/a&gt; &amp; y'
