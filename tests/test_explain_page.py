"""How a number comes about, and whether it can be trusted: every card leads to the loans that it is the sum of."""

import re
import sqlite3
from contextlib import closing
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from loan_core import FIGURES, Book, tables
from pages import _explaining, _trust
from pages._explaining import value
from pages._look import counted, money
from tests import analysis_at_hand, pages_at_hand
from tests.analysis_at_hand import JUNE, opened, run, write
from tests.hand_made_book import lent
from tests.pages_at_hand import FRAME, links, words

AS_OF = date(2026, 6, 30)
# What a card calls otherwise than its explanation does.
OTHERWISE = {"Expected in Jun 2026": "Fell due", "Received in Jun 2026": "Received", "Portfolio at risk": "PAR 30"}


book, by_hand = pages_at_hand.book, analysis_at_hand.by_hand


def explanations(at: AppTest) -> list[tuple[str, dict[str, str]]]:
    """Each link to an explanation, in the order of the page: its words, and what it asks for."""
    said = [(re.sub(r":\w+\[|\]", "", each.proto.label), each.proto.query_string) for each in at.main.get("page_link")]
    return [(label, dict(parse_qsl(query))) for label, query in said if "figure=" in query]


def figure_of(book: Book, asked: dict[str, str]) -> Any:
    days = (date.fromisoformat(asked[name]) if name in asked else None for name in ("first", "last"))
    return book.explain(asked["figure"], AS_OF, *days, currency="USD")


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("portfolio.py", {}),
        ("risk.py", {"definitions": "True"}),
        ("collection.py", {"period": "Last month"}),
        ("collection.py", {"period": "All"}),
    ],
)
def test_each_card_leads_to_the_figure_that_it_shows(by_hand: Book, page: str, query: dict[str, str]) -> None:
    at = opened(page, **query, **JUNE)
    found = explanations(at)
    of_cards = [asked for label, asked in found if label == "Explain" and not is_of_borrowers(asked)]
    assert [value(figure_of(by_hand, asked)) for asked in of_cards] == [each.value for each in at.metric]
    labels = [re.sub(r":\w+\[(:[\w/]+: )?|\]", "", each.label) for each in at.metric]
    assert [OTHERWISE.get(label, label) for label in labels] == [FIGURES[each["figure"]].name for each in of_cards]
    assert {asked["as_of"] for _, asked in found} == {"2026-06-30"}


def is_of_borrowers(asked: dict[str, str]) -> bool:
    return asked["figure"] == "largest_borrowers" or asked["figure"].startswith(("borrower_", "loan_"))


def in_words(found: Any) -> str:
    """What a bar says of its figure."""
    if found.figure.unit == "money":
        part, whole = (money(each or 0, found.asked.currency) for each in (found.part, found.whole))
        return f"{part} of {whole}" if found.figure.is_share else part
    return f"{found.part:,} of {counted(found.whole, 'loan')}"


@pytest.mark.parametrize(
    ("page", "query", "charts", "least"),
    [
        ("portfolio.py", {}, ["ages"], 4),
        ("risk.py", {}, ["ages", "rate", "size", "term"], 15),
        ("collection.py", {"period": "All"}, ["due", "received"], 25),
        ("lateness.py", {"view": "All loans"}, ["bands"], 10),
        ("vintages.py", {}, ["vintages", "moves"], 30),
        ("vintages.py", {"days": "Over 60 days", "measure": "Money"}, ["vintages", "moves"], 25),
        ("vintages.py", {"month": "2026-05"}, ["vintages", "moves"], 25),
    ],
)
def test_each_bar_and_each_cell_leads_to_the_figure_that_it_shows(
    by_hand: Book, monkeypatch: pytest.MonkeyPatch, page: str, query: dict[str, str], charts: list[str], least: int
) -> None:
    offered: dict[str, Any] = {}
    monkeypatch.setattr(_explaining, "explain_one", lambda bars, key, what="bar": offered.update({key: bars}))
    opened(page, **query, **JUNE)
    assert list(offered) == charts
    bars = [each for bars in offered.values() for each in bars.items()]
    assert len(bars) >= least
    for words_of_bar, asked in bars:
        found = by_hand.explain(asked["figure"], AS_OF, asked.get("first"), asked.get("last"), currency="USD")
        assert found
        assert words_of_bar.split(": ")[1] == in_words(found)
        rows = found.rows(found.count)
        sums = [int(rows[name].sum()) for name in found.names]
        assert sums == [found.part, *([found.whole] if found.figure.is_share else [])]


def test_a_bar_is_chosen_by_its_words_and_keeps_the_filter(by_hand: Book) -> None:
    at = opened("collection.py", search="Chen", **JUNE)
    bars = next(each for each in at.selectbox if each.label == "Explain a bar")
    run(bars.set_value(next(each for each in bars.options if each.startswith("May\N{NO-BREAK SPACE}2026, unpaid:"))))
    assert "Unpaid: $100.00" in words(at)
    kept = {name: at.query_params[name] for name in ("figure", "search", "first", "last")}
    assert kept == {"figure": "unpaid", "search": "Chen", "first": "2026-05-01", "last": "2026-05-31"}


def test_each_page_comes_back_to_what_was_asked_of_it(by_hand: Book) -> None:
    # From the portfolio to a figure, from there to a loan, and back twice: each page was left with a query of its own.
    at = opened("explain.py", figure="par_30", **JUNE)
    at.session_state["left"] = {"": {"status": "Behind"}, "explain": {"figure": "arrears"}}
    at.query_params["loan"] = "3"
    assert run(at).query_params["figure"] == "arrears"
    at.switch_page("portfolio.py")
    at.query_params["figure"] = "arrears"
    after = run(at).query_params
    assert (after["status"], "figure" in after) == ("Behind", False)


def test_each_of_the_largest_borrowers_leads_to_his_share_and_to_exactly_his_loans(by_hand: Book) -> None:
    write(by_hand, "Diego Cruz", lent(10_000_00, 3, 6, 1))
    at = opened("risk.py", **JUNE)
    asked = [each for _, each in explanations(at) if is_of_borrowers(each)]
    shown = {row["borrower"]: row for row in tables.borrowers(by_hand.analysis(AS_OF)["USD"])}
    assert [each["figure"] for each in asked[:3]] == ["largest_borrowers", "borrower_Diego Cruz", "borrower_Diego"]
    for each in asked[1:]:
        found, row = figure_of(by_hand, each), shown[each["figure"].partition("_")[2]]
        share = found.part / found.whole
        assert (found.part, share, found.loans) == (row["outstanding_principal"], row["share"], row["loans"])
    diego = dict(parse_qsl(links(at)["Diego"]))
    loans = opened("loans.py", **diego)
    assert loans.dataframe[0].value["Borrower"].tolist() == ["Diego"]
    assert "lent to Diego" in words(loans)
    assert "Owed by Diego: " in words(opened("explain.py", figure="borrower_Diego", **JUNE))


def test_how_many_were_late_in_a_month_is_a_share_of_those_due(by_hand: Book) -> None:
    (label, asked), *_ = explanations(opened("lateness.py", **JUNE))
    assert (label, value(figure_of(by_hand, asked))) == ("Explain", "66.7%")
    at = opened("explain.py", **asked)
    assert "4 ÷ 6 = 66.7%" in words(at)
    assert "1 Jun 2026 to 30 Jun 2026, as of 30 Jun 2026." in words(at)


def test_a_loan_that_moved_more_than_once_says_how_often(by_hand: Book) -> None:
    # Amara's first loan is current at each month's end from January to June: five moves, one loan.
    at = opened("explain.py", figure="moved_current_current", first="2026-01-31", last="2026-06-30", **JUNE)
    rows = at.dataframe[0].value
    assert rows["Moved"].max() == rows[rows["Loan"] == "L-0001"]["Moved"].item() == 5
    assert list(rows.columns) == ["Loan", "Borrower", "Moved", "Were there"]


def test_a_link_keeps_the_filter_of_its_page(by_hand: Book) -> None:
    at = opened("portfolio.py", search="Amara", status="On Track", **JUNE)
    kept = [(asked["search"], asked["status"]) for _, asked in explanations(at)]
    assert kept == [("Amara", "On Track")] * len(kept)
    assert kept


# PAR 30 by hand: 3 owes 300.00 since 15 March, 6 owes 400.00 since 20 April, 5 100.00 since 10 May, 11 200.00 since
# 1 May, and 7 25.00 that fell due on 29 May and came in on 30 June: it is paid off.
def test_a_share_says_its_formula_with_the_books_own_numbers(by_hand: Book) -> None:
    at = opened("explain.py", figure="par_30", **JUNE)
    found = by_hand.explain("par_30", AS_OF, currency="USD")
    assert found
    assert (found.part, found.loans) == (1_000_00, 4)
    whole = f"${found.whole / 100:,.2f}"
    assert at.title[0].value == rf"PAR 30\: {100 * found.part / found.whole:.1f}\%".replace(".", r"\.")
    assert f"$1,000.00 ÷ {whole} = {100 * found.part / found.whole:.1f}%" in words(at)
    assert "Whole outstanding principal of loans more than 30 days past due ÷ gross portfolio." in words(at)
    assert "Source: CGAP, Microfinance Consensus Guidelines, 2003." in words(at)
    assert "4 loans of 8" in words(at)
    rows = at.dataframe[0].value
    assert rows["Borrower"].tolist()[:4] == ["Farida", "Chen", "João", "Elif"]
    assert rows["At risk"].tolist() == [400, 300, 200, 100, 0, 0, 0, 0]
    assert list(rows.columns) == ["Loan", "Borrower", "At risk", "Outstanding principal"]


def test_a_status_is_explained_by_the_books_own_percents(by_hand: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOANS_AHEAD_PERCENT", "105")
    monkeypatch.setenv("LOANS_BEHIND_PERCENT", "80")
    assert "on which less than 80% of what was expected" in words(opened("explain.py", figure="behind", **JUNE))
    assert "on which at least 105% of what was expected" in words(opened("explain.py", figure="ahead", **JUNE))


def test_a_sum_of_a_period_says_which(by_hand: Book) -> None:
    # In May of 794.56 that fell due 400.00 are unpaid: 3, 5, 6 and 11.
    at = opened("explain.py", figure="unpaid", first="2026-05-01", last="2026-05-31", **JUNE)
    assert "Unpaid: $400.00" in words(at)
    assert "$400.00 in 4 loans" in words(at)
    assert "1 May 2026 to 31 May 2026, as of 30 Jun 2026, amounts in US dollars." in words(at)
    assert at.dataframe[0].value["Unpaid"].tolist() == [100] * 4


def test_a_share_of_loans_ticks_those_that_count(by_hand: Book) -> None:
    at = opened("explain.py", figure="loans_at_risk", **JUNE)
    assert "4 ÷ 8 = 50.0%" in words(at)
    assert at.dataframe[0].value["Late"].tolist() == ["✓"] * 4 + [""] * 4
    assert list(opened("explain.py", figure="active_loans", **JUNE).dataframe[0].value.columns) == ["Loan", "Borrower"]


def test_a_figure_as_it_was_known_is_explained_as_it_was_known(by_hand: Book) -> None:
    before = by_hand.edition(AS_OF).revision
    by_hand.add_repayment(3, "300.00", received_on=AS_OF)
    now, then = (opened("explain.py", figure="par_30", **JUNE, **known) for known in ({}, {"known": str(before)}))
    assert [at.dataframe[0].value["At risk"].sum() for at in (now, then)] == [700, 1_000]
    card = opened("portfolio.py", known=str(before), **JUNE)
    assert {asked["known"] for _, asked in explanations(card)} == {str(before)}


def test_many_rows_are_turned_over_a_page_at_a_time(book: Book) -> None:
    book.load_demo(loans=40)
    first, second = (opened("explain.py", figure="total_amount_paid", page=page) for page in ("1", "2"))
    shown = [at.dataframe[0].value["Loan"].tolist() for at in (first, second)]
    assert (len(shown[0]), set(shown[0]) & set(shown[1])) == (15, set())
    assert "1–15 of " in words(first)
    assert "16–" in words(second)
    assert len(opened("explain.py", figure="total_amount_paid", page="999").dataframe[0].value)


def test_a_figure_of_every_kind_has_a_page(by_hand: Book) -> None:
    kinds = {(each.unit, each.is_share, each.period): each for each in FIGURES.values()}
    assert len(kinds) == 8
    for figure in kinds.values():
        at = opened("explain.py", figure=figure.key, **JUNE)
        assert figure.name in words(at)
        assert figure.definition in words(at)


def test_another_figure_is_one_choice_away(by_hand: Book) -> None:
    at = opened("explain.py", figure="par_30", page="1", **JUNE)
    run(at.selectbox[0].set_value("arrears_rate"))
    assert at.query_params["figure"] == "arrears_rate"
    assert "Arrears rate: " in words(at)


@pytest.mark.parametrize(
    ("query", "said"),
    [({"figure": "par_31"}, "There is no figure par_31 in this book."), ({}, "No figure was asked for.")],
)
def test_what_is_no_figure_is_said_with_a_way_back(by_hand: Book, query: dict[str, str], said: str) -> None:
    at = opened("explain.py", **query)
    assert said in words(at)
    assert {"Portfolio", "Collections", "Risk"} <= set(links(at))
    assert not at.dataframe


def test_a_figure_of_nothing_says_so(by_hand: Book) -> None:
    at = opened("explain.py", figure="overpaid", first="2026-03-01", last="2026-03-31", **JUNE)
    assert "Overpaid: $0.00" in words(at)
    assert "No loan has a part in it." in words(at)
    shares = opened("explain.py", figure="clean_up_rate", first="2026-01-01", last="2026-01-31", **JUNE)
    assert "Clean-up rate: —" in words(shares)
    assert "$0.00 ÷ $0.00 = nothing" in words(shares)


def test_a_filter_that_no_loan_passes_leads_out(by_hand: Book) -> None:
    at = opened("explain.py", figure="par_30", search="nobody", **JUNE)
    assert "No loan matches." in words(at)


@pytest.mark.parametrize("page", ["explain.py", "check.py"])
def test_an_empty_book_opens(book: Book, page: str) -> None:
    at = opened(page, figure="par_30")
    assert at.title[0].value in ("How does this number come about?", "Can these figures be trusted?")


def test_a_sound_book_says_that_all_passed_and_how_often(by_hand: Book) -> None:
    at = opened("check.py", **JUNE)
    assert re.search(r"All \d+ checks passed, in [\d,]+ comparisons\.", words(at))
    assert "The total paid is the sum of what was received. :gray[12 loans]" in words(at)
    assert "12 CFR 1026 (Regulation Z)" in words(at)


def test_a_book_changed_behind_its_back_fails_in_red_and_names_the_loan(by_hand: Book, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        opened("check.py", **JUNE)
        connection.execute("UPDATE repayments SET amount = amount - 1 WHERE loan_id = 1 AND id = 1")
    # The page asks anew where the book has moved on.
    by_hand.add_repayment(2, "1.00", received_on=AS_OF)
    at = AppTest.from_file(FRAME, default_timeout=30)
    at.query_params["as_of"] = "2026-06-30"
    at.switch_page("check.py").run()
    assert "not to be trusted" in at.error[0].value
    assert any(each.value.startswith(":red[:material/error: **Failed for 1 of 12 loans:**") for each in at.markdown)
    assert links(at)["L-0001"] == "loan=L-0001&as_of=2026-06-30"


def test_a_large_book_is_checked_when_asked(by_hand: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_trust, "AT_ONCE", 11)
    at = opened("check.py", **JUNE)
    assert "checks passed" not in words(at)
    run(next(each for each in at.button if each.label == "Check 12 loans").click())
    assert "checks passed" in words(at)
    assert "checks passed" in words(run(at)), "what was checked is remembered"
