"""Each page on a real book in SQLite: an empty one, one loan, several hundred. No browser looks at them here."""

import csv
from datetime import date
from io import BytesIO, StringIO
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from loan_core import Book
from pages._controls import clicked_row
from pages._desk import made
from pages._filters import ORDERS
from tests import pages_at_hand
from tests.pages_at_hand import FRAME, LOANS, button, field, labels, links, run, tick, words

book, loan, several = pages_at_hand.book, pages_at_hand.loan, pages_at_hand.several

REPAYMENTS = b"loan_reference,amount,received_on,reference\nA-1,94.56,2025-11-01,R-1\n"


def opened(at_page: str = "loans.py", /, **query: object) -> AppTest:
    return pages_at_hand.opened(at_page, **query)


def listed(at: AppTest, column: str = "Loan") -> list[object]:
    return at.dataframe[0].value[column].tolist()


@pytest.mark.parametrize("page", ["loans.py", "status.py"])
def test_every_page_opens_on_an_empty_book(book: Book, page: str) -> None:
    assert opened(page).title[0].value in ("Loans", "Status")


def test_an_empty_book_offers_a_made_up_one(book: Book) -> None:
    at = opened()
    assert "No loans yet" in words(at)
    run(button(at, "Load the demo book").click())
    assert book.loans(date(2026, 6, 2)).shape[0] > 0
    assert len(listed(at)) == 15
    assert "its loans are made up" in at.page_link[0].label


@pytest.mark.parametrize("was_used", [False, True])
def test_a_book_that_is_filled_while_it_is_drawn_empty_is_drawn_once_more(
    book: Book, monkeypatch: pytest.MonkeyPatch, was_used: bool
) -> None:
    if was_used:
        book.void_loan(book.create_loan(loan_amount=1, repayment_period=1).id, reason="Twice")
    asked = Book.demo

    def and_then_it_is_filled(ours: Book) -> object:
        found = asked(ours)
        if not book.currencies():
            book.load_demo(loans=20)
        return found

    monkeypatch.setattr(Book, "demo", and_then_it_is_filled)
    at = opened("portfolio.py")
    assert f"revision {3 if was_used else 1} of the book" in words(at)
    assert any(label.startswith("Demo book") for label in links(at))


@pytest.mark.parametrize(("label", "title"), [("New loan", "New loan"), ("Import", "Exchange")])
def test_an_empty_book_leads_to_where_a_book_begins(book: Book, label: str, title: str) -> None:
    at = opened()
    assert len(at.main.markdown) == 1, "one sentence"
    assert run(button(at, label).click()).title[0].value == title


def test_the_list_shows_a_loan(book: Book, loan: int) -> None:
    row = opened(as_of="2026-06-02").dataframe[0].value.iloc[0]
    assert (row["Borrower"], list(row["Status"]), row["Arrears"]) == ("Amara Okafor", ["Behind"], 355.40)
    assert (row["Ahead or behind"], row["Days"]) == (-355.40, -93)
    assert (row["Installment"], row["Loan"]) == (94.56, "L-0007")
    assert row["Paid of expected"] == pytest.approx(100 * 40108 / 75648)


def test_the_list_sums_up_what_it_lists(book: Book, loan: int) -> None:
    assert "1 active loan · $683.71 outstanding · as of 2 Jun 2026" in words(opened(as_of="2026-06-02"))


def test_several_hundred_loans_are_turned_over_fifteen_at_a_time(book: Book) -> None:
    rows = [b"H-%d,Holder %d,1000.00,12,2025-10-01,USD" % (number, number) for number in range(300)]
    book.import_loans(BytesIO(b"\n".join([LOANS.splitlines()[0], *rows])))
    at = opened(as_of="2026-06-02")
    first = listed(at)
    run(at.pagination[0].set_value(2))
    assert at.query_params["page"] == "2"
    assert "16–30 of 300, amounts in US dollars." in words(at)
    assert (len(first), set(first) & set(listed(at))) == (15, set())


@pytest.mark.parametrize(
    ("query", "loans"),
    [
        ({}, ["S-1", "S-3", "S-2"]),
        ({"status": "Behind"}, ["S-1"]),
        ({"status": "On Track"}, ["S-3"]),
        ({"search": "bong"}, ["S-2"]),
        ({"search": "S-3"}, ["S-3"]),
        ({"sort": "Outstanding"}, ["S-1", "S-3", "S-2"]),
        ({"sort": "Most ahead"}, ["S-2", "S-3", "S-1"]),
        ({"past_due": "1-30"}, ["S-1"]),
        ({"past_due": "1+"}, ["S-1"]),
        ({"past_due": "31+"}, []),
        ({"past_due": "current"}, ["S-3", "S-2"]),
        ({"from": "1,000.01"}, []),
        ({"from": "1000", "to": "1000"}, ["S-1", "S-3", "S-2"]),
        ({"to": "999.99"}, []),
        ({"started": "2026-01"}, ["S-1", "S-3", "S-2"]),
        ({"started": "2026-02"}, []),
        ({"state": "pending"}, []),
        ({"from": "a lot", "started": "2026-13", "past_due": "old"}, ["S-1", "S-3", "S-2"]),
        ({"status": "nonsense", "sort": "nonsense", "page": "99"}, ["S-1", "S-3", "S-2"]),
    ],
)
def test_the_url_says_what_is_listed(several: Book, query: dict[str, str], loans: list[str]) -> None:
    at = opened(as_of="2026-02-15", **query)
    assert (listed(at) if at.dataframe else []) == loans


def test_the_filters_that_are_set_are_said_and_cleared(several: Book) -> None:
    at = opened(as_of="2026-02-15", status="Behind", past_due="1-30", started="2026-01", **{"from": "500"})
    badges = ["Behind", "1–30 days past due", "from $500.00", "began in January 2026"]
    assert at.markdown[0].value.replace("\\", "") == " ".join(f":gray-badge[{each}]" for each in badges)
    run(button(at, "Clear all").click())
    assert dict(at.query_params) == {"as_of": "2026-02-15"}


def test_an_amount_that_is_none_is_said_beside_its_field(several: Book) -> None:
    assert "a lot is not an amount" in words(opened(**{"from": "a lot"}))


def test_the_csv_has_exactly_the_rows_shown_in_their_order(several: Book) -> None:
    at = opened(as_of="2026-02-15", sort="Most ahead", search="S-", to="1000")
    file = made(several.export_loans, date(2026, 2, 15), sort=ORDERS["Most ahead"], search="S-", state="active")
    rows = list(csv.DictReader(StringIO(file.decode("utf-8-sig"))))
    assert [row["reference"] for row in rows] == listed(at) == ["S-2", "S-3", "S-1"]


def test_a_loan_is_opened_with_the_filter_that_found_it(several: Book) -> None:
    at = opened(as_of="2026-02-15", status="Ahead", search="bong", sort="Loan")
    tick(at, 0)
    kept = {"status": "Ahead", "search": "bong", "sort": "Loan"}
    assert dict(at.query_params) == kept | {"loan": "2", "as_of": "2026-02-15"}


def test_a_row_that_is_ticked_while_other_rows_come_opens_no_other_loan(several: Book) -> None:
    """Who types a name and ticks a row of the list that still stands there sends both at once."""
    at = opened(as_of="2026-02-15", sort="Loan")
    assert listed(at) != (found := listed(opened(as_of="2026-02-15", sort="Loan", search="bong")))
    at.text_input(key="search_in_url").set_value("bong")
    assert listed(tick(at, 0)) == found
    assert at.title[0].value == "Loans"


def test_a_filter_that_is_cleared_while_it_is_folded_is_another_field(several: Book) -> None:
    """A browser does not take up what is set in a folded field, and would ask again for what it held."""
    at = opened(as_of="2026-02-15")
    before = field(at, "Lent from, USD")
    assert field(run(before.set_value("500")), "Lent from, USD").id == before.id
    run(button(at, "Clear all").click())
    after = field(at, "Lent from, USD")
    assert (after.value, after.id == before.id) == ("", False)
    run(after.set_value("600"))
    assert dict(at.query_params) == {"as_of": "2026-02-15", "from": "600"}


def test_a_day_before_the_first_loan_is_no_filter_that_could_be_cleared(several: Book) -> None:
    at = opened(as_of="2020-01-01", sort="Loan")
    assert "No active loan as of 1 Jan 2020." in words(at)
    assert "Clear filters" not in labels(at)


@pytest.mark.parametrize("page", ["portfolio.py", "risk.py", "lateness.py", "vintages.py", "collection.py"])
def test_nor_is_a_time_before_anything_was_recorded(several: Book, page: str) -> None:
    at = opened(page, as_of="2026-02-15", known=0)
    assert "No loan as of 15 Feb 2026." in words(at)
    assert "Clear filters" not in labels(at)


def test_what_is_chosen_goes_into_the_url(several: Book) -> None:
    at = opened(as_of="2026-02-15", page=1)
    run(at.text_input[0].set_value("S-"))
    run(at.selectbox(key="sort_in_url").set_value("Borrower"))
    run(at.button_group(key="status_in_url").set_value("Ahead"))
    assert dict(at.query_params) == {"as_of": "2026-02-15", "search": "S-", "sort": "Borrower", "status": "Ahead"}
    run(at.button_group(key="status_in_url").set_value("All"))
    assert "status" not in at.query_params


def test_a_choice_made_before_the_last_one_is_in_the_url_keeps_it(several: Book) -> None:
    at = opened(as_of="2026-02-15")
    as_the_browser_had_it = dict(at.query_params)
    run(at.button_group(key="status_in_url").set_value("Ahead"))
    for widget, chosen in ((at.text_input[0], "S-"), (at.selectbox(key="sort_in_url"), "Loan")):
        at.query_params.clear()
        at.query_params.update(as_the_browser_had_it)
        run(widget.set_value(chosen))
    assert dict(at.query_params) == {"as_of": "2026-02-15", "search": "S-", "sort": "Loan", "status": "Ahead"}


def test_after_going_back_a_choice_is_made_from_what_is_there(several: Book) -> None:
    at = opened(as_of="2026-02-15")
    run(at.button_group(key="status_in_url").set_value("Ahead"))
    del at.query_params["status"]
    run(at)
    run(at.text_input[0].set_value("S-"))
    assert dict(at.query_params) == {"as_of": "2026-02-15", "search": "S-"}


@pytest.mark.parametrize(("row", "opened"), [(1, 1), (0, None), (5, None)])
def test_a_click_opens_who_stood_there_when_it_was_made(row: int, opened: int | None) -> None:
    click = SimpleNamespace(row=row, label="Bongani")
    assert clicked_row(click, ["Amara", "Bongani"]) == opened


def test_nothing_found_offers_to_clear_the_filters(several: Book) -> None:
    at = opened(as_of="2026-02-15", search="nobody", status="Ahead")
    assert "No loan matches" in words(at)
    run(button(at, "Clear filters").click())
    assert (listed(at), dict(at.query_params)) == (["S-1", "S-3", "S-2"], {"as_of": "2026-02-15"})


def test_sums_of_several_currencies_are_never_added(book: Book) -> None:
    book.create_loan(reference="J", loan_amount="90000", currency="JPY", repayment_period=3, start_on="2026-01-01")
    book.create_loan(reference="U", loan_amount="900", currency="USD", repayment_period=3, start_on="2026-01-01")
    yen = opened(as_of="2026-01-15", currency="JPY")
    assert "¥90,000 outstanding" in words(yen)
    assert (listed(yen), listed(opened(as_of="2026-01-15", currency="USD"))) == (["J"], ["U"])


def test_a_currency_that_is_chosen_goes_into_the_url_and_to_the_next_page(book: Book) -> None:
    for code in ("JPY", "KWD"):
        book.create_loan(loan_amount="900", currency=code, repayment_period=3, start_on="2026-01-01")
    at = opened(as_of="2026-01-15")
    run(at.selectbox(key="currency_in_url").set_value("KWD"))
    assert at.query_params["currency"] == "KWD"
    at.query_params.clear()
    run(at.switch_page("portfolio.py"))
    assert (at.query_params["currency"], at.query_params["as_of"]) == ("KWD", "2026-01-15")
    assert at.metric[0].value == "KWD\N{NO-BREAK SPACE}900.000"
    run(at.selectbox(key="currency_in_url").set_value("JPY"))
    assert at.query_params["currency"] == "JPY"


def test_a_book_of_one_currency_asks_for_none(several: Book) -> None:
    at = opened(currency="EUR")
    assert "currency_in_url" not in [each.key for each in at.selectbox]
    assert "$" in at.caption[0].value or "outstanding" in words(at)


def test_the_link_to_a_page_writes_out_the_day_and_what_was_known(several: Book) -> None:
    known = f"as_of={several.today()}&revision={several.edition(several.today()).revision}"
    assert opened(search="bong").code[0].value.endswith(f"?search=bong&{known}")


def test_the_foot_says_of_when_the_data_is(several: Book) -> None:
    revision = several.edition(several.today()).revision
    assert f"As of 15 Feb 2026 · revision {revision} of the book ·" in words(opened(as_of="2026-02-15"))


def test_selecting_a_row_opens_the_loan_on_the_same_day(book: Book, loan: int) -> None:
    at = opened(as_of="2026-06-02")
    tick(at, 0)
    assert at.title[0].value.startswith("Amara Okafor")
    assert dict(at.query_params) == {"loan": str(loan), "as_of": "2026-06-02"}


def test_the_status_page_says_where_the_loan_stands(book: Book, loan: int) -> None:
    at = opened("status.py", loan=loan, as_of="2026-06-02")
    assert at.title[0].value == "Amara Okafor :orange-badge[:material/priority_high: Behind]"
    said = words(at)
    assert "Loan L-0007 · $1,000.00 over 12 monthly installments from 1 Oct 2025 · 2.0% a month (24.0% a year)" in said
    assert "Behind by $355.40: 93 days past due. Next installment $94.56 on 1 Jul 2026." in said
    assert "On Track means within 10% of what was expected by this day." in said
    assert [metric.value for metric in at.metric] == ["$401.08", "$756.48", "$355.40", "$733.62", "$683.71", "$94.56"]


def test_the_status_page_lists_installments_and_repayments_newest_first(book: Book, loan: int) -> None:
    at = opened("status.py", loan=loan, as_of="2026-06-02")
    installments, repayments = (table.value for table in at.table)
    assert "Part paid, 93\N{NO-BREAK SPACE}days" in installments["Outcome"].tolist()[4]
    assert installments["Paid"].tolist()[4] == 22.84
    assert repayments["Amount"].tolist()[:3] == [22.84, -94.56, 94.56]
    assert [note.replace("\\", "") for note in repayments["Note"]][:3] == [
        "Cash",
        "Reverses RP-1042",
        "Reversed by RP-1051",
    ]


def test_another_day_is_another_answer(book: Book, loan: int) -> None:
    at = opened("status.py", loan=loan, as_of="2025-11-01")
    assert at.metric[0].value == "$94.56"
    assert "On Track: $94.56 paid, as expected." in words(at)


@pytest.mark.parametrize("as_of", ["2018-13-01", "tomorrow", "9999-01-01", ""])
def test_a_day_that_there_is_not_is_today(book: Book, loan: int, as_of: str) -> None:
    assert opened("status.py", loan=loan, as_of=as_of).date_input[0].value == book.today()


def test_a_day_that_is_chosen_goes_into_the_url_and_to_the_next_page(book: Book, loan: int) -> None:
    at = opened()
    run(at.date_input[0].set_value(date(2026, 6, 2)))
    assert at.query_params["as_of"] == "2026-06-02"
    # The navigation drops the query.
    at.query_params.clear()
    run(at.switch_page("status.py"))
    assert (at.query_params["as_of"], at.date_input[0].value) == ("2026-06-02", date(2026, 6, 2))
    run(button(at, "Back to today").click())
    assert ("as_of" in at.query_params, at.date_input[0].value) == (False, book.today())


def test_back_from_a_day_that_was_chosen_is_back_to_today(book: Book, loan: int) -> None:
    at = opened()
    run(field(at, "As of").set_value(date(2026, 6, 2)))
    run(at.switch_page("status.py"))
    # Where one was just before, the browser has the address as it is: once with a day, once without.
    assert field(run(at.switch_page("loans.py")), "As of").value == date(2026, 6, 2)
    at.query_params.clear()
    assert field(run(at), "As of").value == book.today()
    # And from there the navigation takes no day along.
    assert "as_of" not in run(at.switch_page("portfolio.py")).query_params


@pytest.mark.parametrize("named", ["L-0999", "999", "0", "-1", "1e9", "99999999999999999999", "![x](http://evil.test)"])
def test_an_unknown_loan_is_refused_in_a_sentence_with_a_way_back(book: Book, loan: int, named: str) -> None:
    at = opened("status.py", loan=named)
    assert f"There is no loan {named} in this book." in words(at).replace("\N{WORD JOINER}", "")
    assert [link.value for link in at.page_link] == ["All loans"]


def test_a_loan_is_found_by_its_reference_too(book: Book, loan: int) -> None:
    assert opened("status.py", loan="L-0007", as_of="2026-06-02").metric[0].value == "$401.08"


def test_the_picker_changes_the_loan(several: Book) -> None:
    at = opened("status.py", loan=1, as_of="2026-02-15")
    run(at.selectbox(key="loan_in_url").set_value(2))
    assert at.query_params["loan"] == "2"
    assert at.title[0].value.startswith("Bongani")


def test_a_voided_loan_shows_no_figures(book: Book) -> None:
    loan = book.create_loan(reference="V", loan_amount="1000", repayment_period=3, start_on="2026-01-01")
    book.void_loan(loan.id, reason="entered twice")
    at = opened("status.py", loan=loan.id)
    assert "entered twice. It counts in no figure." in words(at)
    assert not at.metric


def test_more_installments_than_a_table_carries_are_a_grid(book: Book) -> None:
    loan = book.create_loan(reference="M", loan_amount="100000", repayment_period=240, start_on="2020-01-31")
    at = opened("status.py", loan=loan.id, as_of="2026-06-02")
    assert (len(at.dataframe[0].value), len(at.table)) == (240, 0)


def test_a_name_with_markup_is_only_a_name(book: Book) -> None:
    name = "![i](http://evil.test/x.png) <b>Bob</b> $5 and $6"
    loan = book.create_loan(reference="H", borrower=name, loan_amount="10", repayment_period=3, start_on="2026-01-01")
    title = opened("status.py", loan=loan.id).title[0].value
    assert r"\!\[i\]\(http\:" in title
    assert r"\$5 and \$6" in title


def test_what_is_not_a_refusal_is_not_swallowed(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(Book, "currencies", broken)
    at = AppTest.from_file(FRAME, default_timeout=30).run()
    assert at.exception
    assert not at.error
