"""Lateness and Vintages: every figure on them worked out by hand, on an empty book, a small one and larger ones."""

import csv
import json
import tomllib
from datetime import date
from io import BytesIO, StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from loan_core import lateness, tables
from pages._charts import ROLES
from pages._lateness_charts import BAND_COLORS, loans_chart, months_shown, vintages_chart
from pages._lateness_words import compared, months_late, moved_on
from pages._map_chart import _luminance, ink
from tests import analysis_at_hand, pages_at_hand
from tests.analysis_at_hand import JUNE, opened, run, write
from tests.hand_made_book import lent
from tests.pages_at_hand import links, words

ROOT = Path(__file__).parents[1]
PAGES = ["lateness.py", "vintages.py"]


book, by_hand = pages_at_hand.book, analysis_at_hand.by_hand


def grid(at: AppTest, number: int = 0) -> list[dict[str, Any]]:
    """The rows of a table, an empty cell as None."""
    frame = at.dataframe[number].value
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in frame.to_dict("records")
    ]


def cells(at: AppTest, number: int = 0) -> dict[tuple[str, str], str]:
    """What a map says, by the words of its lines and its columns."""
    drawn = json.loads(at.get("plotly_chart")[number].proto.spec)
    columns, lines = (drawn["layout"][axis]["ticktext"] for axis in ("xaxis", "yaxis"))
    said = [
        ((lines[line], columns[column]), text.split("<")[0])
        for trace in drawn["data"]
        if trace.get("mode") == "text"
        for column, line, text in zip(trace["x"], trace["y"], trace["text"], strict=True)
    ]
    return {tuple(name.replace("\N{NO-BREAK SPACE}", " ") for name in place): text for place, text in said}


def pick(at: AppTest, label: str, value: str) -> AppTest:
    return run(next(each for each in at.selectbox if each.label == label).set_value(value))


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_book_offers_what_can_be_done(book, page):
    at = opened(page)
    assert "No loans yet" in words(at)
    assert not at.get("plotly_chart")


@pytest.mark.parametrize("page", PAGES)
def test_a_made_up_book_has_a_map_with_its_words(book, page):
    book.load_demo()
    at = opened(page)
    for chart in at.get("plotly_chart"):
        assert "%" in chart.proto.alt
        assert json.loads(chart.proto.spec)["data"]
    assert len(at.get("plotly_chart")) == PAGES.index(page) + 1


@pytest.mark.parametrize("page", PAGES)
def test_one_loan_that_has_begun_today(book, page):
    write(book, "Amara", lent(300_00, 3, 7, 15))
    at = opened(page, as_of="2026-07-15")
    assert "Nothing had fallen due or come in by 15 Jul 2026." in words(at) or "Too few loans" in words(at)
    before = opened(page, as_of="2026-07-14")
    assert "by 14 Jul 2026" in words(before)
    assert not before.get("plotly_chart")


@pytest.mark.parametrize("page", PAGES)
def test_each_currency_answers_for_itself(by_hand, page):
    write(by_hand, "Zoë", lent(50_00, 1, 3, 1), currency="EUR")
    dollars, euros = opened(page, **JUNE), opened(page, currency="EUR", **JUNE)
    assert "12 loans ·" in words(dollars)
    assert "1 loan ·" in words(euros)
    alts = [chart.proto.alt for chart in euros.get("plotly_chart")]
    assert "$" not in "".join(alts)
    assert cells(dollars) == cells(opened(page, currency="USD", **JUNE))


@pytest.mark.parametrize("page", PAGES)
def test_a_filter_goes_on_by_link_and_counts_only_its_loans(by_hand, page):
    at = opened(page, search="Amara", **JUNE)
    assert "2 loans ·" in words(at)
    assert "search=Amara" in links(at)["2 loans behind these figures"]
    assert "No loan matches." in words(opened(page, search="nobody", **JUNE))


def test_days_late_by_hand_the_worst_loan_first(by_hand):
    at = opened("lateness.py", **JUNE)
    assert "Of 6 loans due in Jun 2026, 4 were late (66.7%)." in words(at)
    assert "12 loans · Feb 2026 to Jun 2026 · as of 30 Jun 2026" in words(at)
    rows = [list(row.values()) for row in grid(at)]
    # Borrower, loan, worst, February to June. Two loans had nothing due; Diego's two delays are more than Ingrid's one.
    assert rows == [
        ["Chen", "L-0003", 107, 0, 107, 76, 46, None],
        ["Farida", "L-0006", 71, None, 0, 71, 41, 10],
        ["João", "L-0011", 60, None, None, None, 60, 29],
        ["Elif", "L-0005", 51, None, None, 0, 51, None],
        ["Grace", "L-0007", 32, None, None, None, 32, None],
        ["Diego", "L-0004", 29, None, None, 10, 0, 29],
        ["Ingrid", "L-0010", 29, None, None, None, 0, 29],
        ["Amara", "L-0001", 0, 0, 0, 0, 0, 0],
        ["Amara", "L-0002", 0, 0, 0, 0, None, None],
        ["", "L-0012", 0, None, None, None, None, 0],
    ]
    shown = cells(at)
    assert (shown["Chen", "Mar 2026"], shown["Diego", "Jun 2026"], shown["L-0012", "Jun 2026"]) == ("107", "29", "0")
    assert ("Chen", "Jun 2026") not in shown
    alt = at.get("plotly_chart")[0].proto.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert "Chen (L-0003): Feb 2026 on time, Mar 2026 107 days late" in alt


def test_every_loan_of_the_map_is_a_link_that_keeps_the_filter(by_hand):
    found = links(opened("lateness.py", search="Chen", **JUNE))
    assert "loan=3" in found["Chen · 107"]
    assert "search=Chen" in found["Chen · 107"]
    assert "as_of=2026-06-30" in found["Chen · 107"]


def test_bands_by_hand(by_hand):
    at = opened("lateness.py", view="All loans", **JUNE)
    may, june = (list(row.values())[1:] for row in grid(at)[3:])
    # 1, 4 and 10 on time, 3, 5, 6, 7 and 11 by 32 to 60 days; in June 1 and 12, 6 by 10 days, 4, 10 and 11 by 29.
    assert may == [8, 37.5, 0, 0, 62.5, 0, 0]
    assert june == pytest.approx([6, 100 * 2 / 6, 0, 100 * 4 / 6, 0, 0, 0])
    assert cells(at)["31–60 days", "May 2026"] == "62"
    assert not [label for label in links(at) if label.startswith("Chen")]


def test_a_book_of_more_loans_than_a_page_is_in_bands_and_one_of_more_than_can_be_told_only_so(book, monkeypatch):
    rows = [f"B-{number},Borrower {number},100.00,0,1,2026-01-01" for number in range(61)]
    header = "reference,borrower,loan_amount,interest_rate,repayment_period,start_on"
    book.import_loans(BytesIO("\n".join([header, *rows]).encode()), name="loans.csv")
    at = opened("lateness.py", **JUNE)
    # Due on 1 February, 149 days ago.
    assert "Of 61 loans due in Feb 2026, 61 were late (100.0%)." in words(at)
    assert cells(at)["91+ days", "Feb 2026"] == "100"
    each = opened("lateness.py", view="Loan by loan", **JUNE)
    assert len(cells(each)) == 20
    each.query_params["page"] = "4"
    assert cells(run(each)) == {("Borrower 60", "Feb 2026"): "149"}
    monkeypatch.setattr(lateness, "LOANS_AT_ONCE", 60)
    many = opened("lateness.py", view="Loan by loan", **JUNE)
    assert cells(many) == cells(at)
    assert "With a filter that leaves 60 loans or fewer, each of them is shown." in words(many)


def test_the_bands_of_a_month_count_the_loans_of_the_map(book):
    book.load_demo()
    found = book.analysis(book.today())["USD"]
    months = lateness.months_said(found)
    each = lateness.loan_by_loan(found, months)
    assert len(months) > 12
    for row in lateness.bands(found, months):
        said = [loan[row["month"]] for loan in each if loan[row["month"]] is not None]
        assert row["loans"] == len(said) == sum(row[f"loans_{name}"] for name in lateness.BANDS)
        assert row["loans_on_time"] == said.count(0)
        assert row["loans_8_30"] == sum(8 <= days <= 30 for days in said)
        assert row["loans_91"] == sum(days > 90 for days in said)


def test_months_of_different_years_are_never_merged(book):
    for year in (2025, 2026):
        loan = book.create_loan(loan_amount="100.00", interest_rate="0", repayment_period=1, start_on=f"{year}-01-01")
        book.add_repayment(loan.id, "100.00", received_on=f"{year}-02-{year - 2020:02d}")
    at = opened("lateness.py", **JUNE)
    # Paid on 5 February 2025 and on 6 February 2026; twelve months end with the last of which there is anything to say.
    assert cells(at) == {("L-0002", "Feb 2026"): "5"}
    assert cells(pick(at, "Months", "2025-02")) == {("L-0001", "Feb 2025"): "4"}
    found = book.analysis(date(2026, 6, 30))["USD"]
    known = lateness.months_said(found)
    assert [(row["month"], row["loans"]) for row in lateness.bands(found, known) if row["loans"]] == [
        ("2025-02", 1),
        ("2026-02", 1),
    ]
    assert {row["began"] for row in lateness.vintages(found, 30)} == {"2025-01", "2026-01"}


@pytest.mark.parametrize(
    ("chosen", "january", "march"),
    [
        ("Over 30 days", [0, 0, 0, 1, 1, 1], [0, 0, 0, 1]),
        ("Over 60 days", [0, 0, 0, 0, 1, 1], [0, 0, 0, 0]),
        ("Over 90 days", [0, 0, 0, 0, 0, 1], [0, 0, 0, 0]),
    ],
)
def test_vintages_by_hand(by_hand, chosen, january, march):
    rows = grid(opened("vintages.py", days=chosen, **JUNE))

    def late(began: str) -> list[int]:
        return [row["Ever late"] for row in rows if row["Began"].replace("\N{NO-BREAK SPACE}", " ") == began]

    # 1, 2, 3; 4, 5. What is after 30 June has no row.
    assert (late("Jan 2026"), late("Mar 2026")) == (january, march)
    assert [row["Loans"] for row in rows[:6]] == [3] * 6
    assert {row["Too few to say"] for row in rows} == {"yes"}


def test_how_sure_a_share_is_stands_beside_it(by_hand):
    at = opened("vintages.py", **JUNE)
    assert "Too few loans began at any one time to compare the newer with the older." in words(at)
    # One of three: Wilson's interval (Brown, Cai and DasGupta 2001, table of n = 3).
    row = grid(at)[5]
    assert [row[name] for name in ("Share", "95% from", "95% to")] == pytest.approx([33.333, 6.149, 79.234], abs=0.001)
    assert cells(at)["Jan 2026", "5"] == "33"
    alt = at.get("plotly_chart")[0].proto.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert "Of 3 loans begun in Jan 2026, 1 was ever more than 30 days late within 5 months: 33.3%" in alt


def moves(at: AppTest) -> dict[tuple[str, str], list[Any]]:
    """Loans, of loans, and outstanding principal, by from and to; where nobody moved there is nothing."""
    return {
        tuple(row[name].replace("\N{NO-BREAK SPACE}", " ") for name in ("From", "To")): [
            row["Loans"],
            row["Of loans"],
            row["Outstanding"],
        ]
        for row in grid(at, 1)
        if row["Loans"]
    }


def test_moves_of_a_month_by_hand(by_hand):
    at = opened("vintages.py", month="2026-06", **JUNE)
    ages = "1–30 days past due at the end of May 2026, 1 was 31–60 days past due at the end of Jun 2026"
    assert f"Of 2 loans {ages} (50.0%)." in words(at)
    assert moves(at) == {
        ("New", "Current"): [1, 1, 0],
        ("Current", "Current"): [1, 5, 200],
        ("Current", "1–30 days"): [2, 5, 1_925.44],
        ("Current", "31–60 days"): [1, 5, 100],
        ("Current", "Paid off"): [1, 5, 100],
        ("1–30 days", "31–60 days"): [1, 2, 100],
        ("1–30 days", "Paid off"): [1, 2, 25],
        ("31–60 days", "61–90 days"): [1, 1, 400],
        ("61–90 days", "91+ days"): [1, 1, 300],
    }
    assert cells(at, 1)["Current", "1–30 days"] == "40.0%"
    at = opened("vintages.py", month="2026-06", measure="Money", **JUNE)
    in_money = cells(at, 1)
    owed = (
        "Of $125.00 owed on loans 1–30 days past due at the end of May 2026, $100.00 was on loans 31–60 days past due"
    )
    assert f"{owed} at the end of Jun 2026 (80.0%)." in words(at)
    # 1,925.44 of 2,325.44. On what had not begun nothing was owed.
    assert in_money["Current", "1–30 days"] == "82.8%"
    assert ("New", "Current") not in in_money


def test_moves_of_a_year_taken_together_by_hand(by_hand):
    at = opened("vintages.py", **JUNE)
    # 3 from March to April, 6 from April to May, 5 from May to June; 7 was paid off in June.
    said = "Of 4 loans 1–30 days past due at a month's end, 3 were 31–60 days past due a month later (75.0%)."
    assert said in words(at)
    found = {place: counts[:2] for place, counts in moves(at).items()}
    # 7 was late by the end of its first month, 2 was paid off.
    assert found["New", "Current"] == [9, 11]
    assert (found["New", "1–30 days"], found["New", "Paid off"]) == ([1, 11], [1, 11])
    # 1 stayed current five times, 4 twice, 3, 5, 6, 10 and 11 once.
    assert found["Current", "Current"] == [12, 19]
    assert (found["Current", "1–30 days"], found["Current", "31–60 days"]) == ([5, 19], [1, 19])
    assert found["Current", "Paid off"] == [1, 19]
    # Loan 2 was paid off and stayed so.
    assert not [place for place in found if place[0] == "Paid off"]


def test_where_nothing_was_owed_there_are_no_moves_in_money(book):
    write(book, "Amara", lent(300_00, 3, 6, 15))
    at = opened("vintages.py", measure="Money", **JUNE)
    assert "Nothing was owed at the beginning of the month." in words(at)
    assert len(at.get("plotly_chart")) == 1
    assert cells(opened("vintages.py", **JUNE), 1) == {("New", "Current"): "100.0%"}


def test_a_month_that_is_not_over_is_none_of_the_moves(by_hand):
    at = opened("vintages.py", as_of="2026-06-29")
    assert next(each.options for each in at.selectbox if each.label == "Month")[1].startswith("May")


def test_the_files_have_the_rows_of_the_tables(by_hand):
    found = by_hand.analysis(date(2026, 6, 30))["USD"]
    rows = lateness.vintages(found, 30)
    file = list(csv.DictReader(StringIO(b"".join(tables.csv(rows, "USD")).decode("utf-8-sig"))))
    assert [row["loans_late"] for row in file[:6]] == ["0", "0", "0", "1", "1", "1"]
    assert (file[5]["share"], file[5]["share_low"][:6], file[5]["currency"]) == ("0.333333", "0.0614", "USD")
    each = lateness.loan_by_loan(found, lateness.months_said(found))
    late = list(csv.DictReader(StringIO(b"".join(tables.csv(each, "USD")).decode("utf-8-sig"))))
    assert (late[0]["2026-03"], late[0]["2026-06"], late[0]["worst"]) == ("107", "", "107")


def test_loans_of_many_months_are_taken_by_quarter_as_far_as_all_have_come(book):
    for start_on in ("2024-01-10", "2024-02-10", "2026-03-10"):
        book.create_loan(loan_amount="100.00", interest_rate="0", repayment_period=1, start_on=start_on)
    rows = lateness.vintages(book.analysis(date(2026, 3, 31))["USD"], 30)
    first = [row for row in rows if row["began"] == "2024-Q1"]
    # Of January's, due 10 February, on 12 March: its second month on book; of February's, due 10 March, on 10 April.
    assert [row["loans_late"] for row in first[:4]] == [0, 0, 2, 2]
    assert {row["loans"] for row in first} == {2}
    # January has come 26 months, February 25.
    assert first[-1]["months_on_book"] == 25
    assert all(before["loans_late"] <= after["loans_late"] for before, after in pairwise(first))
    # Not more than thirteen columns.
    assert months_shown(rows) == list(range(0, 25, 2))


def vintage(began: str, on_book: int, late: int, loans: int) -> dict[str, Any]:
    return {"began": began, "months_on_book": on_book} | lateness._cell([lateness.Cell(loans, late)])


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 0), "Nothing was due in these months."),
        ((1, 1), "The one loan due in Jun 2026 paid on time."),
        ((1_200, 1_200), "All 1,200 loans due in Jun 2026 paid on time."),
        ((1, 0), "Of 1 loan due in Jun 2026, 1 was late (100.0%)."),
        ((1_200, 1_180), "Of 1,200 loans due in Jun 2026, 20 were late (1.7%)."),
    ],
)
def test_how_many_were_late_in_words(counts, said):
    nothing = {"month": "2026-07", "loans": 0, "loans_on_time": 0}
    row = {"month": "2026-06", "loans": counts[0], "loans_on_time": counts[1]}
    assert months_late([row, nothing]).replace("\N{NO-BREAK SPACE}", " ") == said


def test_where_nobody_was_late_it_is_said():
    assert moved_on([], None, "USD") == "No loan was 1–30 days past due at a month's end."
    said = moved_on([], (date(2025, 12, 31), date(2026, 1, 31)), "USD")
    assert said.replace("\N{NO-BREAK SPACE}", " ") == "No loan was 1–30 days past due at the end of Dec 2025."


def test_the_newer_loans_are_compared_with_the_older_at_one_age():
    rows = [vintage("2025-01", 6, 10, 100), vintage("2025-02", 6, 0, 29), vintage("2025-03", 6, 30, 100)]
    said = compared([*rows, vintage("2025-04", 5, 99, 100)], 30).replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "30.0% of the loans begun in Mar 2025 were more than 30 days late within 6 months; "
        "of those begun in Jan 2025, 10.0%."
    )
    near = [vintage("2025-Q1", 6, 10, 100), vintage("2025-Q2", 6, 11, 100)]
    assert compared(near, 60).endswith("10.0%. The difference may be chance.")
    assert compared([near[0], near[0] | {"began": "2026"}], 60).replace("\N{NO-BREAK SPACE}", " ") == (
        "10.0% of the loans begun in 2026 were more than 60 days late within 6 months, as of those begun in Q1 2025."
    )


def test_a_thin_cell_has_no_color_and_a_full_one_has():
    chart = go.Figure(vintages_chart([vintage("2025-01", 0, 3, 29), vintage("2025-02", 0, 3, 30)], "light"))
    assert [line[0] is None for line in chart.data[0].z] == [True, False]
    assert {trace.textfont.color for trace in chart.data[1:3]} == {ROLES["light"]["muted"], ROLES["light"]["inks"][0]}
    assert "29 loans" in chart.data[3].hovertext[0]
    assert "with 95% confidence between 3.6% and 26.4%" in chart.data[3].hovertext[0]


def test_a_name_is_the_text_that_it_is():
    row = {"loan_id": 1, "loan_reference": "<i>", "borrower": '<a href="x">x</a>', "worst": 3, "2026-05": 3}
    chart = go.Figure(loans_chart([row], ["2026-05"], "dark"))
    assert chart.layout.yaxis.ticktext[0].startswith("&lt;a")
    assert "<a" not in chart.data[-1].hovertext[0]
    assert chart.data[-1].customdata == (1,)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_words_on_every_color_can_be_read(mode):
    role = ROLES[mode]
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][mode]
    assert list(role["ramp"]) == theme["chartSequentialColors"]
    pairs = [(color, ink(color, mode)) for color in (*role["ramp"], role["band"])]
    pairs.append((theme["backgroundColor"], role["muted"]))
    for first, second in pairs:
        low, high = sorted((_luminance(first), _luminance(second)))
        assert (high + 0.05) / (low + 0.05) >= 4.5
    assert sorted(BAND_COLORS.values()) == list(BAND_COLORS.values())
