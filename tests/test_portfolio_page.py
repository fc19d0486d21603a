"""How is the book doing: the figures of a day and where they lead, in the test's own book; then in a real browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as some
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.Metric_pb2 import Metric as MetricProto
from streamlit.testing.v1 import AppTest

from loan_core import Book, Settings, open_book
from pages._book_charts import ageing_chart, book_chart, book_sentence
from pages._book_words import book_gap, month_before, month_so_far, month_to, not_past_due, year_to
from pages._charts import ROLES
from tests import pages_at_hand
from tests.axe import violations
from tests.desk import Tab, lent_tab, served
from tests.lending import lend_without_interest
from tests.pages_at_hand import opened, run, tick, words

book = pages_at_hand.book

AS_OF = date(2025, 6, 2)
WIDE, PHONE = 1440, 390


@pytest.fixture
def worked(book: Book) -> Book:
    """DOMAIN's worked check: A 900 current, B 600 with 50 45 days overdue, C 400 and D 100 with 20 overdue.

    C is all overdue for 100 days, D for 10 days. PAR 30 is 1000/2000; common wrong answers are 23.5 % and 25 %.
    """
    lend_without_interest(book, "A", 900, 9, "2025-06-10")
    lend_without_interest(book, "B", 600, 12, "2025-04-18", frequency="quarterly")
    lend_without_interest(book, "C", 400, 1, "2025-02-22")
    lend_without_interest(book, "D", 100, 5, "2025-05-23")
    return book


@dataclass(frozen=True)
class Link:
    label: str
    query: dict[str, str]


def links(at: AppTest) -> list[Link]:
    """The links of the page, each with the query it leads to."""
    found = [each.proto for each in at.main.get("page_link")]
    return [
        Link(each.label.replace("\\", ""), {name: value for name, (value,) in parse_qs(each.query_string).items()})
        for each in found
    ]


def leads_to(at: AppTest, words: str) -> dict[str, str]:
    """The query of the one link with these words in it."""
    (found,) = [each for each in links(at) if words in each.label]
    return found.query


def figures(at: AppTest) -> dict[str, Any]:
    return {each.label: each for each in at.metric}


def changes(at: AppTest) -> dict[str, tuple[str, str, str]]:
    """Of each figure, by how much it changed, which way, and in which colour."""
    color = MetricProto.MetricColor.Name
    return {each.label: (each.delta, each.proto.delta_description, color(each.proto.color)) for each in at.metric}


def test_the_figures_of_the_book_are_those_of_the_worked_check(worked: Book) -> None:
    at = figures(opened(as_of="2025-06-02"))
    assert (at["PAR 30"].value, at["Gross portfolio"].value, at["Arrears"].value) == ("50.0%", "$2,000.00", "$470.00")


def test_the_page_says_on_which_day_and_since_when(worked: Book) -> None:
    assert "As of 2 Jun 2025, amounts in US dollars. Changes since 2 May 2025." in words(opened(as_of="2025-06-02"))


def test_the_day_is_stepped_from_one_months_end_to_the_next(worked: Book) -> None:
    at = opened(as_of="2025-06-02")
    run(at.button(key="back").click())
    assert "As of 31 May 2025, amounts in US dollars. Changes since 30 Apr 2025." in words(at)
    run(at.button(key="forward").click())
    assert at.query_params["as_of"] == "2025-06-30"


def test_a_figure_changes_since_the_same_day_of_the_month_before(worked: Book) -> None:
    """On 2 May C alone is more than 30 days late, 400 of 2,000; B's 50 are 14 days late, and D has no arrears."""
    at = opened(as_of="2025-06-02")
    assert changes(at)["PAR 30"] == ("30.0 points", "up", "ORANGE")
    assert changes(at)["Arrears"] == ("4.4%", "up", "ORANGE")  # 470 after 450
    assert changes(at)["Gross portfolio"] == ("unchanged", "", "GRAY")


def test_less_in_arrears_is_good_news(worked: Book) -> None:
    worked.add_repayment(worked.loan_id("C"), 400, received_on="2025-05-20")
    assert changes(opened(as_of="2025-06-02"))["Arrears"] == ("84.4%", "down", "GREEN")  # 70 after 450


def test_a_figure_from_nothing_has_no_percentage(worked: Book) -> None:
    worked.add_repayment(worked.loan_id("C"), 400, received_on="2025-06-01")
    assert changes(opened(as_of="2025-06-02"))["Received in Jun 2025"] == ("none a month before", "", "GRAY")


@pytest.mark.parametrize(("as_of", "today"), [("2025-06-02", [470]), ("2025-05-31", [])])
def test_the_line_of_a_figure_is_twelve_month_ends_and_the_day(worked: Book, as_of: str, today: list[int]) -> None:
    """C's 400 fell due on 22 February, B's 50 on 18 April, D's 20 on 23 May."""
    line = figures(opened(as_of=as_of))["Arrears"].proto.chart_data
    assert list(line) == [0] * 8 + [400, 400, 450, 470, *today]


def test_what_came_in_this_month_stands_beside_what_fell_due_in_it(worked: Book) -> None:
    """Of 1 to 23 May: D's first 20 fell due, 15 of it came in; nothing fell due or came in from 1 to 2 June."""
    worked.add_repayment(worked.loan_id("D"), 15, received_on="2025-05-23")
    may, june = opened(as_of="2025-05-23"), opened(as_of="2025-06-02")
    assert figures(may)["Received in May 2025"].value == "$15.00"
    assert figures(may)["Expected in May 2025"].value == "$20.00"
    assert figures(june)["Received in Jun 2025"].value == "$0.00"
    assert figures(june)["Expected in Jun 2025"].value == "$0.00"


def test_on_time_collection_is_of_the_month_that_ends_on_the_day(worked: Book) -> None:
    """From 3 May to 2 June D's 20 fell due: 15 came in on the day, the other 5 a day too late."""
    worked.add_repayment(worked.loan_id("D"), 15, received_on="2025-05-23")
    worked.add_repayment(worked.loan_id("D"), 5, received_on="2025-05-24")
    at = opened(as_of="2025-06-02")
    assert figures(at)["On-time collection"].value == "75.0%"
    assert "from 3\N{NO-BREAK SPACE}May\N{NO-BREAK SPACE}2025 to" in figures(at)["On-time collection"].help


def test_what_was_not_paid_in_time_leads_to_its_loan_though_it_is_paid_by_now(book: Book) -> None:
    loan = lend_without_interest(book, "D", 100, 5, "2025-05-23")
    book.add_repayment(loan, 20, received_on="2025-05-26")
    asked = {"figure": "on_time_collection", "first": "2025-05-03", "last": "2025-06-02", "as_of": "2025-06-02"}
    assert asked in [each.query for each in links(opened(as_of="2025-06-02"))]
    shown = opened("explain.py", **asked).dataframe[0].value
    assert shown[["Loan", "Paid in time", "Fell due"]].values.tolist() == [["D", 0, 20]]


def test_a_share_of_nothing_is_a_dash_and_no_point_of_its_line(book: Book) -> None:
    lend_without_interest(book, "A", 900, 9, "2025-06-10")
    at = figures(opened(as_of="2025-06-02"))
    assert (at["On-time collection"].value, list(at["On-time collection"].proto.chart_data)) == ("—", [])


def test_a_figure_says_what_it_means_and_between_what_it_moved(worked: Book) -> None:
    assert figures(opened(as_of="2025-06-02"))["PAR 30"].help.endswith(
        "as a share of the gross portfolio. In the last 12 months from 0.0% to 50.0%."
    )


def test_each_figure_leads_to_its_rows_on_the_same_day(worked: Book) -> None:
    at = opened(as_of="2025-06-02")
    day = {"as_of": "2025-06-02"}
    assert leads_to(at, "largest first") == {"state": "active", "sort": "Outstanding", **day}
    assert leads_to(at, "newest first") == {"state": "active", "sort": "Newest", **day}
    assert leads_to(at, "next due first") == {"state": "active", "sort": "Next due", **day}
    assert leads_to(at, "what came in") == {"period": "This month", **day}
    assert leads_to(at, "by month") == day
    assert leads_to(at, "3 in arrears") == {"past_due": "1+", "sort": "Arrears", **day}
    assert leads_to(at, "2 over 30 days") == {"past_due": "31+", "sort": "Days past due", **day}


def test_each_status_counts_its_loans_and_leads_to_them(worked: Book) -> None:
    at = opened(as_of="2025-06-02")
    assert [(each.label, each.value) for each in at.metric[-3:]] == [
        (":orange[:material/priority_high: Behind]", "3"),
        (":green[:material/check: On Track]", "1"),
        (":blue[:material/arrow_upward: Ahead]", "0"),
    ]
    assert changes(at)[":orange[:material/priority_high: Behind]"] == ("1", "up", "ORANGE")
    assert leads_to(at, "75.0% of loans") == {"status": "Behind", "as_of": "2025-06-02"}


def test_the_portfolio_of_a_filter_counts_the_same_loans_on_every_day(worked: Book) -> None:
    """C and B are more than 30 days late on 2 June; a month before, only C's 400 and B's 50 were in arrears."""
    at = opened(as_of="2025-06-02", past_due="31+")
    assert (figures(at)["Gross portfolio"].value, figures(at)["Arrears"].value) == ("$1,000.00", "$450.00")
    assert changes(at)["Arrears"] == ("unchanged", "", "GRAY")
    assert "More than 30 days past due" in words(at)
    assert leads_to(at, "2 in arrears") == {"past_due": "1+", "sort": "Arrears", "as_of": "2025-06-02"}
    assert leads_to(at, "100.0% of loans") == {"past_due": "31+", "status": "Behind", "as_of": "2025-06-02"}
    assert at.dataframe[0].value["Loan"].tolist() == ["C", "B"]
    assert "Expected $450.00" in words(at)


def test_a_filter_that_no_loan_passes_says_so(worked: Book) -> None:
    at = opened(as_of="2025-06-02", search="nobody")
    assert "No loan matches." in words(at)
    run(next(each for each in at.button if each.label == "Clear filters").click())
    assert len(at.metric) == 10


def test_expected_and_received_are_told_in_words(worked: Book) -> None:
    """470 were due; 47 of them came in."""
    worked.add_repayment(worked.loan_id("C"), 47, received_on="2025-03-01")
    said = words(opened(as_of="2025-06-02"))
    assert "**Received $47.00**" in said
    assert "Expected $470.00" in said
    assert "Received is $423.00 (90.0%) short of expected." in said


def test_what_is_past_due_is_told_by_age_and_the_rest_beside_it(worked: Book) -> None:
    at = opened(as_of="2025-06-02")
    expected_and_received, past_due = (each.proto.alt for each in at.main.get("plotly_chart"))
    assert past_due == (
        "Bar chart of the outstanding principal of loans past due: 1–30 days $100.00, 1 loan; 31–60 days $600.00, "
        "1 loan; 61–90 days $0.00, 0 loans; 91+ days $400.00, 1 loan."
    )
    assert "received in all, from 31" in expected_and_received
    assert "The other loan, $900.00 (45.0%), has nothing past due." in words(at)


def test_who_needs_a_call_is_listed_by_the_largest_arrears(worked: Book) -> None:
    calls = opened(as_of="2025-06-02").dataframe[0].value
    assert calls["Borrower"].tolist() == ["Holder of C", "Holder of B", "Holder of D"]
    assert (calls["Arrears"].tolist(), calls["Days past due"].tolist()) == ([400, 50, 20], [100, 45, 10])


def test_a_row_opens_the_loan_on_the_same_day(worked: Book) -> None:
    at = opened(as_of="2025-06-02")
    tick(at, 1)
    assert at.title[0].value.startswith("Holder of B")
    assert dict(at.query_params) == {"loan": str(worked.loan_id("B")), "as_of": "2025-06-02"}


def test_only_six_are_listed_and_a_link_leads_to_all(worked: Book) -> None:
    for number in range(4):
        lend_without_interest(worked, f"E{number}", 100 + number, 1, "2025-05-01")
    at = opened(as_of="2025-06-02")
    assert at.dataframe[0].value["Loan"].tolist() == ["C", "E3", "E2", "E1", "E0", "B"]
    assert leads_to(at, "All 7 past due") == {"past_due": "1+", "sort": "Arrears", "as_of": "2025-06-02"}


def test_where_nothing_is_past_due_the_page_says_so(book: Book) -> None:
    lend_without_interest(book, "A", 900, 9, "2025-06-10")
    said = words(opened(as_of="2025-06-02"))
    assert "No loan is past due." in said
    assert "Nothing is past due." in said


def test_an_empty_book_offers_a_made_up_one(book: Book) -> None:
    at = opened()
    assert "No loans yet" in words(at)
    assert not at.metric
    run(next(each for each in at.button if each.label == "Load the demo book").click())
    assert [each.label for each in at.metric][:2] == ["Gross portfolio", "Active loans"]


def test_a_book_of_voided_loans_alone_is_empty(book: Book) -> None:
    book.void_loan(lend_without_interest(book, "A", 900, 9, "2025-06-10"), reason="entered twice")
    assert "No loans yet" in words(opened(as_of="2025-06-02"))


@pytest.mark.parametrize("as_of", ["1900-01-01", "2025-01-01", "2025-01-02", "2025-06-10", "2199-12-31"])
def test_the_page_opens_on_any_day(worked: Book, as_of: str) -> None:
    assert len(opened(as_of=as_of).metric) == 10


def test_one_currency_is_named_and_not_offered_for_choice(worked: Book) -> None:
    at = opened(as_of="2025-06-02")
    assert "amounts in US dollars" in words(at)
    assert not [each for each in at.selectbox if each.label == "Currency"]
    assert not any("currency" in each.query for each in links(at))


@pytest.fixture
def in_two_currencies(worked: Book) -> Book:
    lend_without_interest(worked, "J", 90000, 3, "2025-04-10", currency="JPY")
    return worked


def test_sums_of_two_currencies_are_never_added(in_two_currencies: Book) -> None:
    dollars, yen = (opened(as_of="2025-06-02", **query) for query in ({}, {"currency": "JPY"}))
    assert [figures(at)["Gross portfolio"].value for at in (dollars, yen)] == ["$2,000.00", "¥90,000"]
    assert [figures(at)["Arrears"].value for at in (dollars, yen)] == ["$470.00", "¥60,000"]
    assert (yen.dataframe[0].value["Loan"].tolist(), len(dollars.dataframe[0].value)) == (["J"], 3)


def test_the_chosen_currency_is_in_the_url_and_in_every_link(in_two_currencies: Book) -> None:
    at = opened(as_of="2025-06-02")
    choice = at.selectbox(key="currency_in_url")
    assert choice.options == ["USD", "JPY"]
    run(choice.set_value("JPY"))
    assert at.query_params["currency"] == "JPY"
    assert {each.query["currency"] for each in links(at)} == {"JPY"}


def test_a_currency_that_there_is_not_is_the_first_one(in_two_currencies: Book) -> None:
    assert figures(opened(as_of="2025-06-02", currency="EUR"))["Gross portfolio"].value == "$2,000.00"


def test_the_month_before_is_the_same_day_or_the_end_of_that_month() -> None:
    assert month_before(date(2026, 6, 2)) == date(2026, 5, 2)
    assert month_before(date(2026, 1, 15)) == date(2025, 12, 15)
    assert month_before(date(2026, 3, 30)) == date(2026, 2, 28), "it has no 30th"
    assert month_before(date(2026, 2, 28)) == date(2026, 1, 31), "from end to end"
    assert month_before(date(2024, 2, 28)) == date(2024, 1, 28), "not the end of that February"


@given(some.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_the_month_to_a_day_is_a_month_of_days_and_ends_on_it(when: date) -> None:
    first, last = month_to(when)
    assert last == when
    assert 27 <= (last - first).days <= 30
    assert month_so_far(when)[0] <= when


@given(some.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_the_month_to_a_months_end_is_the_calendar_month(when: date) -> None:
    end = year_to(when)[0]
    assert month_to(end) == month_so_far(end)


@given(some.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_year_is_twelve_ends_of_months_and_the_day(when: date) -> None:
    *ends, last = year_to(when)
    assert last == when
    assert len(ends) == (11 if (when + timedelta(days=1)).day == 1 else 12)
    assert all((end.replace(day=1), end) == month_to(end) for end in ends)
    assert sorted({*ends, last}) == [*ends, last]


@pytest.mark.parametrize(
    ("expected", "received", "said"),
    [
        (130600000, 124700000, "Received is $59,000.00 (4.5%) short of expected."),
        (10000, 12500, "Received is $25.00 (25.0%) more than expected."),
        (0, 2500, "Received is $25.00 more than expected."),
        (10000, 10000, "Received is what was expected."),
    ],
)
def test_the_gap_of_the_book_is_a_sentence(expected: int, received: int, said: str) -> None:
    assert book_gap(SimpleNamespace(expected_paid=expected, total_amount_paid=received), "USD") == said


@pytest.mark.parametrize(
    ("loans", "said"),
    [
        (125, "The other 125 loans, $1,143.91 (89.1%), have nothing past due."),
        (1, "The other loan, $1,143.91 (89.1%), has nothing past due."),
        (0, "Every active loan is past due."),
    ],
)
def test_the_rest_of_the_book_is_a_sentence(loans: int, said: str) -> None:
    current = SimpleNamespace(loans=loans, outstanding_principal=114391)
    assert not_past_due(SimpleNamespace(ageing={"current": current}, gross_portfolio=128431), "USD") == said


def curve(*rows: tuple[str, int, int | None]) -> pd.DataFrame:
    on, expected, received = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "on": np.array(on, dtype="M8[s]"),
            "expected": expected,
            "received": pd.array(received, dtype="Int64"),
        }
    )


RUNNING = curve(
    ("2025-03-31", 10000, 4000),
    ("2025-04-30", 20000, 26000),
    ("2025-05-10", 24000, 26000),
    ("2025-05-31", 30000, None),
    ("2025-06-30", 40000, None),
    ("2026-06-30", 90000, None),
)
IN_MAY = date(2025, 5, 10)


def lines(mode: str = "light", today: date = AS_OF) -> dict[str, Any]:
    figure = go.Figure(book_chart(RUNNING, IN_MAY, "USD", mode, today))
    return {each.name: each for each in figure.data}


def test_what_was_received_ends_on_the_day_and_what_is_expected_goes_on() -> None:
    drawn = lines()
    assert list(drawn["received"].y) == [0, 40, 260, 260]
    assert list(drawn["fallen due"].y) == [0, 100, 200, 240]
    assert (drawn["to fall due"].x[0], list(drawn["to fall due"].y)) == ("2025-05-10", [240, 300, 400])
    assert drawn["received"].x[0] == "2025-02-28", "before the first month there was nothing"


def test_the_months_far_ahead_are_left_out() -> None:
    assert "2026-06-30" not in lines()["expected"].x


def test_a_gap_is_shaded_on_its_own_side_up_to_where_the_lines_cross() -> None:
    """On 31 March received is 60 short, on 30 April 60 more: they cross half way, at 150."""
    drawn = lines()
    assert list(drawn["short"].y) == [0, 40, 150, 200, 240], "nowhere above what was expected"
    assert list(drawn["more"].y) == [0, 100, 150, 260, 260], "nowhere below it"
    assert drawn["short"].x[2] == "2025-04-15T00:00:00"
    assert drawn["short"].fillcolor != drawn["more"].fillcolor


def test_a_pointer_reads_whole_sums() -> None:
    drawn = lines()
    assert list(drawn["received"].text) == ["$0.00", "$40.00", "$260.00", "$260.00"]
    assert drawn["expected"].text[-1] == "$400.00"
    assert "to fall due" not in {name for name, each in drawn.items() if each.hoverinfo != "skip"}


@pytest.mark.parametrize(
    ("as_of", "today", "said"),
    [(IN_MAY, IN_MAY, "Today, 10 May"), (IN_MAY, AS_OF, "10 May 2025")],
)
def test_the_day_is_named_and_today_is_called_today(as_of: date, today: date, said: str) -> None:
    (label,) = go.Figure(book_chart(RUNNING, as_of, "USD", "light", today)).layout.annotations
    assert label.text.replace("\N{NO-BREAK SPACE}", " ") == said


def test_the_curve_of_the_book_in_words() -> None:
    said = book_sentence(RUNNING, IN_MAY, "USD").replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "Line chart of what was expected and received in all, from 28 Feb 2025 to 10 May 2025: expected $240.00, "
        "received $260.00. By 30 Jun 2025, $400.00 will be expected."
    )


def test_nothing_ahead_is_not_promised() -> None:
    ended = curve(("2025-03-31", 10000, 4000), ("2025-05-10", 10000, 9000))
    assert book_sentence(ended, IN_MAY, "USD").endswith("received $90.00.")


AGEING = {
    age: SimpleNamespace(loans=loans, outstanding_principal=amount)
    for age, loans, amount in (
        ("current", 125, 114391055),
        ("1-30", 14, 5820000),
        ("31-60", 1, 3680000),
        ("61-90", 0, 0),
        ("91+", 3, 2100000),
    )
}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_bars_are_what_is_past_due_the_youngest_at_the_top(mode: str) -> None:
    figure = go.Figure(ageing_chart(AGEING, "USD", mode))
    (bars,) = figure.data
    assert list(bars.y) == ["1–30 days", "31–60 days", "61–90 days", "91+ days"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert list(bars.x) == [58200, 36800, 0, 21000]
    assert [each.text for each in figure.layout.annotations] == [
        "<b>$58.2K</b><br>14 loans",
        "<b>$36.8K</b><br>1 loan",
        "<b>$0</b><br>0 loans",
        "<b>$21K</b><br>3 loans",
    ]
    assert list(bars.marker.color) == list(ROLES[mode]["ages"])


@dataclass
class Shown:
    """A book and its dashboard in a tab: on a wide screen, or in the dark on a phone."""

    book: Book
    tab: Tab
    width: int = 0

    def load(self, address: str, width: int) -> None:
        """The page on that screen, its colors too, in a session of its own."""
        self.width = width
        self.tab.resize(width).visit_in("dark" if width == PHONE else "light", address)


@pytest.fixture(scope="module")
def shown(launched: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A made-up book in dollars and a loan in euros."""
    folder = tmp_path_factory.mktemp("portfolio")
    book = open_book(Settings(database_uri=f"sqlite:///{folder / 'loans.db'}", timezone=UTC))
    book.load_demo(loans=60)
    start_on = book.today() - timedelta(days=100)
    book.create_loan(loan_amount="500", currency="EUR", repayment_period=5, start_on=start_on)
    with (
        served(f"sqlite:///{folder / 'loans.db'}", folder / "server.log") as server,
        lent_tab(launched, server) as opened_tab,
    ):
        yield Shown(book, opened_tab)
    book.close()


@contextmanager
def visiting(shown: Shown, address: str = "/", width: int = WIDE, loads: bool = False) -> Iterator[Page]:
    """The page at an address; whatever it complains of is an error. It is loaded for another screen, or if so asked."""
    if loads or width != shown.width:
        shown.load(address, width)
    else:
        shown.tab.settle().turn_to(address)
    page = shown.tab.draw().page
    expect(page.locator("[data-testid=stMetricChart]")).to_have_count(10)
    yield page
    assert shown.tab.heard() == []


def query_of(page: Page) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}


def test_a_count_opens_the_list_of_its_loans(shown: Shown) -> None:
    book = shown.book
    behind = book.portfolio(book.today()).by_currency["USD"].behind
    with visiting(shown) as page:
        page.get_by_role("link", name=re.compile("% of loans$")).first.click()
        expect(page.get_by_role("heading", name="Loans", exact=True)).to_be_visible()
        expect(page.get_by_text(f"of {behind}, amounts in US dollars.")).to_be_visible()
        assert query_of(page) == {"status": "Behind", "currency": "USD", "as_of": book.today().isoformat()}


def test_a_click_on_a_row_opens_who_owes_most_and_back_comes_back(shown: Shown) -> None:
    book = shown.book
    behind = book.loans(book.today(), past_due_from=1, currency="USD")
    most = behind.sort_values(["arrears", "id"], ascending=False).iloc[0]
    with visiting(shown) as page:
        page.locator("[data-testid=stDataFrame]").click(position={"x": 18, "y": 57})
        expect(page.get_by_role("heading", level=1, name=most["borrower"])).to_be_visible()
        assert query_of(page) == {"loan": str(most["id"]), "as_of": book.today().isoformat(), "currency": "USD"}
        page.go_back()
        expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()


def test_a_card_leads_to_the_loans_that_it_is_the_sum_of_and_back(shown: Shown) -> None:
    book = shown.book
    found = book.explain("par_30", book.today(), currency="USD")
    assert found
    assert found.whole
    first = found.rows(1).iloc[0]
    with visiting(shown) as page:
        page.get_by_role("link", name="Explain", exact=True).nth(6).click()
        explained = page.get_by_role("heading", level=1, name=f"PAR 30: {100 * found.part / found.whole:.1f}%")
        expect(explained).to_be_visible()
        shown.tab.settle().draw()
        page.locator("[data-testid=stDataFrame]").click(position={"x": 18, "y": 57})
        expect(page.get_by_role("heading", level=1, name=first["borrower"])).to_be_visible()
        assert query_of(page) == {"loan": str(first["loan_id"]), "as_of": book.today().isoformat(), "currency": "USD"}
        page.go_back()
        expect(explained).to_be_visible()


def test_a_bar_is_explained_by_the_keyboard_and_back_comes_back(shown: Shown) -> None:
    with visiting(shown, "/?status=Behind") as page:
        bars = page.get_by_role("combobox", name="Explain a bar")
        bars.focus()
        page.keyboard.type("91+")
        page.keyboard.press("Enter")
        explained = page.get_by_role("heading", level=1, name=re.compile(r"^91\+ days past due:"))
        expect(explained).to_be_visible()
        assert query_of(page)["status"] == "Behind"
        page.go_back()
        expect(page.get_by_role("heading", name="Portfolio")).to_be_visible()
        expect(bars).to_have_value("")
        assert query_of(page)["status"] == "Behind"
        assert "figure" not in query_of(page)


def test_a_currency_that_is_chosen_is_there_for_who_opens_the_link(shown: Shown) -> None:
    with visiting(shown, loads=True) as page:
        page.get_by_role("combobox", name="Currency").click()
        page.get_by_role("option", name="EUR").click()
        expect(page.get_by_text("amounts in euros").first).to_be_visible()
        shown.tab.settle()
        assert query_of(page) == {"currency": "EUR"}
        sums = page.get_by_test_id("stMetricValue").all_inner_texts()
    with visiting(shown, "/?currency=EUR", width=PHONE, loads=True) as page:
        assert page.get_by_test_id("stMetricValue").all_inner_texts() == sums
    assert sums[0].startswith("€")


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_nothing_is_cut_off_on_a_phone(shown: Shown, currency: str) -> None:
    with visiting(shown, f"/?currency={currency}", width=PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        cut = """() => [...document.querySelectorAll('[data-testid=stMetric] *, [data-testid=stPageLink] *')]
            .filter(each => getComputedStyle(each).textOverflow === 'ellipsis' && each.scrollWidth > each.clientWidth)
            .map(each => each.textContent)"""
        assert page.evaluate(cut) == []


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_axe_finds_nothing_beside_the_choice_of_a_currency(shown: Shown, width: int) -> None:
    with visiting(shown, width=width) as page:
        expect(page.get_by_role("combobox", name="Currency")).to_be_visible()
        assert violations(page) == []
