"""Collections and Risk: every figure on them worked out by hand, on an empty book, a small one and a made-up one."""

from datetime import date
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from loan_core.analysis import Analysis
from pages._analysis_words import implied_loss, month_ends, months_of, span, step
from pages._collection_charts import DUE, RECEIVED, due_chart, months_sentence, received_chart
from pages._risk_charts import par_chart
from pages._time import end_after, end_before
from tests import analysis_at_hand, hand_made_book, pages_at_hand
from tests.analysis_at_hand import JUNE, opened, run, write
from tests.lending import lend_without_interest
from tests.pages_at_hand import figures, links, words

book, by_hand = pages_at_hand.book, analysis_at_hand.by_hand


@pytest.mark.parametrize("page", ["collection.py", "risk.py"])
def test_an_empty_book_offers_what_can_be_done(book, page):
    at = opened(page)
    assert "No loans yet" in words(at)
    assert not at.metric


@pytest.mark.parametrize("page", ["collection.py", "risk.py"])
def test_a_made_up_book_has_figures(book, page):
    book.load_demo()
    at = opened(page)
    assert all("%" in each.value or "$" in each.value for each in at.metric)
    assert len(at.metric) in (4, 5)


@pytest.mark.parametrize("page", ["collection.py", "risk.py"])
def test_a_filter_that_no_loan_matches_says_so_and_leads_out(by_hand, page):
    at = opened(page, search="nobody", **JUNE)
    assert "No loan matches." in words(at)
    assert "“nobody”" in words(at)
    run(next(each for each in at.button if each.label == "Clear filters").click())
    assert at.metric


@pytest.mark.parametrize("page", ["collection.py", "risk.py"])
def test_a_loan_that_has_not_begun_has_no_figures(book, page):
    write(book, "Amara", hand_made_book.lent(300_00, 3, 7, 15))
    at = opened(page, as_of="2026-07-01")
    assert not at.metric
    assert "by 1 Jul 2026" in words(at) or "on 1 Jul 2026" in words(at)


# Of twelve loans: 300.00, 400.00, 600.00, 794.56 and 594.56 fell due from February to June.
def test_a_year_of_collections_by_hand(by_hand):
    at = opened("collection.py", **JUNE)
    # 325.00 early and 1,144.56 on the day.
    assert "54.6% of what fell due was paid in time: $1,469.56 of $2,689.12." in words(at)
    assert "$175.00 (6.5%) came late and $1,044.56 (38.8%) is unpaid." in words(at)
    assert "12 loans · Jul 2025 to Jun 2026 · as of 30 Jun 2026" in words(at)
    assert figures(at) == {
        "Fell due": "$2,689.12",
        "Received": "$1,664.56",
        "On-time rate": "54.6%",
        # 20.00 was overpaid; the 100.00 that went back is none.
        "Current collection rate": "61.2%",
        "Clean-up rate": "—",
    }
    assert "to lose" not in words(at), "six months say nothing about a year"


def test_a_quarter_of_collections_by_hand(by_hand):
    at = opened("collection.py", period="Other months", first="2026-04", last="2026-06", **JUNE)
    # 125.00 early and 744.56 on the day, of 1,989.12; 944.56 of 964.56 paid for it; of 100.00 in arrears nothing came.
    assert figures(at) == {
        "Fell due": "$1,989.12",
        "Received": "$964.56",
        "On-time rate": "43.7%",
        "Current collection rate": "47.5%",
        "Clean-up rate": "0.0%",
    }
    # April to June stand among the months before them.
    assert at.dataframe[0].value["Month"].str.replace("\N{NO-BREAK SPACE}", " ").tolist() == [
        "Jun 2026",
        "May 2026",
        "Apr 2026",
        "Mar 2026",
        "Feb 2026",
        "Jan 2026",
    ]


def test_the_table_of_months_by_hand(by_hand):
    june, may, *_, january = opened("collection.py", **JUNE).dataframe[0].value.drop(columns="Month").values.tolist()
    # Due: early, on time, late, unpaid; received: arrears, current, advance, overpaid, taken back; arrears before.
    assert june[:12] == [594.56, 0, 250, 0, 344.56, 195, 25, 250, 0, 20, -100, 725]
    assert june[12:] == pytest.approx([100 * 250 / 594.56, 100 * 275 / 594.56, 100 * 25 / 725])
    assert may[:12] == [794.56, 25, 294.56, 75, 400, 469.56, 0, 369.56, 0, 0, 100, 300]
    assert january[:12] == [0, 0, 0, 0, 0, 300, 0, 0, 300, 0, 0, 0]


@pytest.mark.parametrize(
    ("period", "due", "said"),
    [
        ("This month", "$594.56", "Jun 2026 ·"),
        ("Last month", "$794.56", "May 2026 ·"),
        ("Last quarter", "$700.00", "Jan 2026 to Mar 2026 ·"),
        ("All", "$2,689.12", "Jan 2026 to Jun 2026 ·"),
        ("![no period](x)", "$2,689.12", "Jul 2025 to Jun 2026 ·"),
    ],
)
def test_the_periods(by_hand, period, due, said):
    at = opened("collection.py", period=period, **JUNE)
    assert figures(at)["Fell due"] == due
    assert said in words(at)


def test_a_filter_goes_on_by_link_and_counts_only_its_loans(by_hand):
    at = opened("collection.py", search="Amara", **JUNE)
    # Her 100.00 of February to June, and of February to April.
    assert figures(at)["Fell due"] == "$800.00"
    assert "“Amara”" in words(at)
    assert "search=Amara" in links(at)["2 loans behind these figures"]


@pytest.mark.parametrize("page", ["collection.py", "risk.py"])
def test_each_currency_answers_for_itself(by_hand, page):
    write(by_hand, "Zoë", hand_made_book.lent(50_00, 1, 3, 1), currency="EUR")
    dollars = figures(opened(page, **JUNE))
    euros = opened(page, currency="EUR", definitions="True", **JUNE)
    assert dollars == figures(opened(page, currency="USD", **JUNE))
    assert "€50.00" in words(euros)
    assert "$" not in words(euros)


def test_risk_by_hand(by_hand):
    at = opened("risk.py", definitions="True", **JUNE)
    said = "27.8% of the portfolio is at risk: $1,000.00 of $3,593.95 is owed on loans more than 30 days past due."
    assert said in words(at)
    assert "8 active loans · as of 30 Jun 2026" in words(at)
    assert figures(at) == {
        "PAR 1": "80.5%",  # 2,893.95
        "PAR 30": "27.8%",  # 1,000.00
        "PAR 60": "19.5%",  # 700.00
        "PAR 90": "8.3%",  # 300.00
        "Portfolio at risk": "27.8%",
        "Arrears rate": "29.1%",  # 1,044.56
        "Loans at risk": "50.0%",  # 4 of 8
        "Loans past their term": "37.5%",  # 3 of 8
    }
    # At the end of May 825.00, 700.00, 300.00 and nothing of 3,150.44 were at risk.
    assert [each.delta for each in at.metric[:4]] == ["54.3 points", "5.6 points", "10.0 points", "8.3 points"]


def test_ages_by_hand(by_hand):
    ages, *spread = (each.value for each in opened("risk.py", **JUNE).table)
    assert ages.drop(columns="Age").values.tolist() == [
        [2, 700, 0],
        [2, 1_893.95, 144.56],
        [2, 300, 300],
        [1, 400, 300],
        [1, 300, 300],
    ]
    assert ages["Age"].tolist() == ["Current", "1–30 days", "31–60 days", "61–90 days", "91+ days"]
    rates, sizes, terms = ([row[:3] for row in each.values.tolist()] for each in spread)
    # Seven loans without interest, and one at 24 %.
    assert (rates[0], rates[-1]) == (["no interest", 7, 2_700], ["20–25%", 1, 893.95])
    assert sizes == [["$200–$500", 3, 600], ["$500–$1K", 3, 1_100], ["$1K–$2K", 2, 1_893.95]]
    assert terms == [
        ["0–2 months", 2, 300],
        ["3–5 months", 2, 700],
        ["6–11 months", 2, 700],
        ["12–17 months", 2, 1_893.95],
    ]


def test_risk_over_time_by_hand(by_hand):
    over_time = opened("risk.py", **JUNE).dataframe[0].value
    assert over_time["Day"].tolist()[:2] == [date(2026, 6, 30), date(2026, 5, 31)]
    columns = ["Gross portfolio", "Over 1 days", "Over 30 days", "Over 60 days", "Over 90 days"]
    assert over_time[columns].values.tolist()[:2] == [
        [3_593.95, 2_893.95, 1_000, 700, 300],
        [3_150.44, 825, 700, 300, 0],
    ]
    assert len(opened("risk.py", span="24 months", **JUNE).dataframe[0].value) == 25


def test_the_largest_borrowers_by_hand_lead_to_their_loans(by_hand):
    at = opened("risk.py", **JUNE)
    assert "All 8 borrowers are here: they owe 100.0% of $3,593.95." in words(at)
    found = links(at)
    assert "figure=borrower_Diego" in found[":small[:gray[$1,000.00 · 27.8% · 1 loan]]"]
    to_loans = [label for label in found if ":gray[" not in label]
    assert to_loans == ["Diego", "Ingrid", "Hassan", "Farida", "Chen", "João", "Amara", "Elif"]
    assert "borrower=Diego" in found["Diego"]


# DOMAIN's worked check, with the answers that are commonly taken for it.
def test_the_worked_check_shows_its_definitions_side_by_side(book):
    lend_without_interest(book, "A", 900, 9, "2025-06-10")
    lend_without_interest(book, "B", 600, 12, "2025-04-18", frequency="quarterly")
    lend_without_interest(book, "C", 400, 1, "2025-02-22")
    lend_without_interest(book, "D", 100, 5, "2025-05-23")
    at = opened("risk.py", as_of="2025-06-02", definitions="True")
    shown = list(figures(at).items())[4:]
    assert shown == [
        ("Portfolio at risk", "50.0%"),
        ("Arrears rate", "23.5%"),
        ("Loans at risk", "50.0%"),
        ("Loans past their term", "25.0%"),
    ]
    assert "Overdue principal ÷ gross portfolio" in words(at)
    assert not [each for each in opened("risk.py", as_of="2025-06-02").metric if "Arrears" in each.label]


def test_a_page_asks_once_so_a_write_while_it_is_drawn_changes_nothing_on_it(by_hand, monkeypatch):
    expected = figures(opened("risk.py", definitions="True", **JUNE))
    # Another revision, and so another answer, of the same figures.
    write(by_hand, "Zoë", hand_made_book.lent(50_00, 1, 7, 1))
    asked = Analysis.risks

    def written_meanwhile(self: Analysis, days: Any) -> Any:
        by_hand.add_repayment(3, "300.00", received_on="2026-06-30")
        return asked(self, days)

    monkeypatch.setattr(Analysis, "risks", written_meanwhile)
    at = opened("risk.py", definitions="True", **JUNE)
    assert figures(at) == expected
    assert "they owe 100.0% of $3,593.95" in words(at)


def months(*rows: dict[str, int]) -> list[dict[str, Any]]:
    nothing = dict.fromkeys((*DUE, *RECEIVED, "due", "received"), 0)
    return [{"month": f"{2025 + at // 12}-{at % 12 + 1:02d}"} | nothing | row for at, row in enumerate(rows)]


def test_the_parts_of_a_bar_add_up_to_it_and_the_words_say_each():
    rows = months({"due": 10_00, "early": 1_00, "late": 2_00, "unpaid": 7_00}, {"due": 5_00, "on_time": 5_00})
    chart = go.Figure(due_chart(rows, date(2025, 1, 1), date(2025, 2, 1), "USD", "light"))
    assert [sum(bar.y[month] for bar in chart.data) for month in range(2)] == [10, 5]
    assert months_sentence(rows, DUE, "due", "USD").replace("\N{NO-BREAK SPACE}", " ") == (
        "Bar chart of what fell due by month, and its parts: Jan 2025 $10.00, early $1.00, late $2.00, unpaid $7.00; "
        "Feb 2025 $5.00, on time $5.00."
    )


def test_money_that_went_back_hangs_below_the_bars():
    rows = months({"received": -50, "current": 50, "taken_back": -100})
    chart = go.Figure(received_chart(rows, date(2025, 1, 1), date(2025, 1, 1), "JPY", "dark"))
    assert [list(bar.y) for bar in chart.data] == [[50], [-100], [0]]
    low, high = chart.layout.yaxis.range
    assert low < -100 < 50 < high


def test_a_year_later_is_another_bar():
    rows = months(*({"due": 1_00, "unpaid": 1_00} for _ in range(14)))
    (bar,) = go.Figure(due_chart(rows, date(2025, 1, 1), date(2026, 2, 1), "USD", "light")).data
    assert (len(set(bar.x)), bar.x[0], bar.x[12]) == (14, "2025-01-01", "2026-01-01")


def test_the_words_at_the_ends_of_lines_do_not_lie_on_one_another():
    ages = {f"par_{days}": 0.10 + days / 100_000 for days in (1, 30, 60, 90)}
    chart = go.Figure(par_chart([{"day": date(2026, month, 1)} | ages for month in (1, 2)], "light"))
    heights = sorted(each.y for each in chart.layout.annotations)
    apart = (chart.layout.yaxis.range[1] - chart.layout.yaxis.range[0]) * 19 / 240
    assert all(high - low > apart for low, high in pairwise(heights))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("This month", (2026, 2), (2026, 2)),
        ("Last month", (2026, 1), (2026, 1)),
        ("Last quarter", (2025, 10), (2025, 12)),
        ("Last 12 months", (2025, 3), (2026, 2)),
        ("All", (2024, 5), (2026, 2)),
    ],
)
def test_a_period_may_reach_into_the_year_before(period, first, last):
    known = date(2024, 5, 1), date(2026, 2, 1)
    assert months_of(period, date(2026, 2, 10), *known) == (date(*first, 1), date(*last, 1))


def test_a_month_that_is_not_over_is_said():
    february = date(2026, 2, 1)
    assert span(february, february, date(2026, 2, 10)).replace("\N{NO-BREAK SPACE}", " ") == (
        "Feb 2026, through 10 Feb 2026"
    )
    assert span(february, february, date(2026, 2, 28)).replace("\N{NO-BREAK SPACE}", " ") == "Feb 2026"


def test_an_implied_loss_in_words():
    said = implied_loss(0.4, 0.25, 0.95, 12)
    assert "To collect 95.0% of what falls due, on loans over 3 months on average, is to lose about 40%" in said
    assert "lose the whole portfolio" in implied_loss(1.2, 2.0, 0.1, 24)
    assert "nothing of the portfolio is lost" in implied_loss(0.0, 2.0, 1.1, 12)
    assert {implied_loss(None, 2.0, None, 12), implied_loss(0.4, 0.25, 0.95, 11)} == {""}


@pytest.mark.parametrize(
    ("kind", "start", "end", "said"),
    [
        ("rate", 0, 1, "no interest"),
        ("rate", 1, 50_000, "0–5%"),
        ("rate", 1_000_000, None, "100% and more"),
        ("size", 100_00, 200_00, "$100–$200"),
        ("size", 10_000_000_00, None, "$10M and more"),
        ("term", 120, None, "120 months and more"),
    ],
)
def test_the_steps_of_a_histogram(kind, start, end, said):
    assert step(kind, "USD", {f"{kind}_from": start, f"{kind}_below": end}) == said


def test_month_ends_go_back_from_a_day_and_end_with_it():
    assert month_ends(date(2026, 3, 31), 2) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert month_ends(date(2026, 3, 1), 1) == [date(2026, 2, 28), date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("on", "before", "after"),
    [
        ((2026, 1, 31), (2025, 12, 31), (2026, 2, 28)),
        ((2026, 2, 10), (2026, 1, 31), (2026, 2, 28)),
        ((2024, 2, 29), (2024, 1, 31), (2024, 3, 31)),
        ((2026, 6, 1), (2026, 5, 31), (2026, 6, 2)),
    ],
)
def test_a_step_goes_to_the_end_of_a_month_and_not_past_today(on, before, after):
    assert end_before(date(*on)) == date(*before)
    assert end_after(date(*on), date(2026, 6, 2)) == date(*after)


def press(at: AppTest, label: str) -> AppTest:
    return run(next(each for each in at.button if each.label == label).click())


def test_the_day_is_stepped_through_the_ends_of_months(by_hand):
    at = press(opened("risk.py", as_of="2026-05-20"), "Back")
    assert at.query_params["as_of"] == "2026-04-30"
    at = press(press(at, "Forward"), "Forward")
    assert at.query_params["as_of"] == "2026-06-30"
    assert figures(at)["PAR 30"] == "27.8%"


def test_a_film_stops_when_anything_else_happens_and_there_is_none_after_today(by_hand):
    at = press(opened("risk.py", as_of="2026-05-20"), "Play")
    assert "Stop" in [each.label for each in at.button]
    assert "Play" in [each.label for each in run(at).button], "this run was asked for by somebody"
    today = opened("risk.py")
    assert [each.disabled for each in today.button if each.label in ("Play", "Forward")] == [True, True]
