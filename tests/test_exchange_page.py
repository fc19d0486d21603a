"""The Exchange page: a book comes in, is checked before anything is written, is taken back, and goes out again."""

from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from loan_core import Book, Settings, open_book, template
from pages._paging import MOST_PAGES
from tests import pages_at_hand
from tests.desk import Server, Tab, lent_tab, pages, served
from tests.pages_at_hand import button, figures, opened, run, words

book = pages_at_hand.book
DAY = date(2026, 6, 2)
LOANS = (
    b"reference,borrower,loan_amount,repayment_period,start_on,currency\r\n"
    b"A-1,Amara Okafor,1000.00,12,2025-10-01,USD\r\n"
    b"A-2,Bongani Shah,500.50,6,2025-10-01,USD\r\n"
    b"A-3,Yuki Tanaka,90000,3,2025-10-01,JPY\r\n"
)
WRONG = LOANS.replace(b"500.50", b"500.505").replace(b"90000,3,2025-10-01", b"=1+1,3,2025-10-41")
REPAYMENTS = b"loan_reference,amount,received_on\r\nA-1,94.56,2025-11-01\r\n"
STRANGERS = (
    "Client name;Principal;Term;Colour;Loan No\r\nAmara Okafor;1000.00;12;red;A-1\r\nYuki Tanaka;90000;3;;A-2\r\n"
)


def chosen(content: bytes, kind: str = "loans", name: str = "loans.csv") -> AppTest:
    """The page with a file chosen."""
    at = opened("exchange.py", kind=kind)
    return run(at.file_uploader[0].set_value((name, content, "text/csv")))


def labels(at: AppTest) -> list[str]:
    return [each.label for each in [*at.button, *at.get("download_button")]]


def loans(book: Book) -> list[str]:
    return book.loans(DAY)["reference"].tolist()


def test_a_file_is_checked_before_anything_is_written(book: Book) -> None:
    at = chosen(LOANS)
    assert "3 loans would be imported. Nothing was written." in words(at)
    assert figures(at) == {
        "New": "3",
        "Already there": "0",
        "To correct": "0",
        "Sum in USD": "$1,500.50",
        "Sum in JPY": "¥90,000",
    }
    assert loans(book) == []


def test_what_was_checked_is_imported_and_the_receipt_undoes_it(book: Book) -> None:
    at = chosen(LOANS)
    run(button(at, "Import 3 loans").click())
    assert loans(book) == ["A-1", "A-2", "A-3"]
    assert "3 loans imported" in words(at)
    assert at.table[0].value.iloc[:, 0].str.replace("\\", "").to_dict() | {"Imported": ""} == {
        "Import": "1",
        "File": "loans.csv",
        "New": "3",
        "Already there": "0",
        "Sum in USD": "$1,500.50",
        "Sum in JPY": "¥90,000",
        "Imported": "",
        "By": "—",
    }
    assert at.query_params["import"] == "1"
    run(button(at, "Undo this import").click())
    assert loans(book) == []
    assert "Import 1, undone" in words(at)
    assert "Undo this import" not in labels(at)


def test_a_file_is_checked_once_and_again_when_the_book_has_changed(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, check = [], Book.import_loans

    def counted(*said: object, **stated: object) -> object:
        checked.append(stated.get("dry_run"))
        return check(*said, **stated)

    monkeypatch.setattr(Book, "import_loans", counted)
    at = run(run(chosen(LOANS)))
    assert checked == [True], "three runs of the page"
    book.create_loan(reference="A-1", loan_amount="7", repayment_period=1, start_on="2025-10-01")
    assert "1 row to correct." in words(run(at))
    assert checked == [True, True]


def test_with_one_wrong_row_nothing_can_be_imported(book: Book) -> None:
    at = chosen(WRONG)
    assert "2 rows to correct. Nothing is imported until every row is right." in words(at)
    assert figures(at) == {"New": "1", "Already there": "0", "To correct": "2"}
    assert not any(label.startswith("Import ") for label in labels(at))
    assert "Rows to correct" in labels(at)
    errors = at.table[0].value
    assert errors["Row"].tolist() == ["3", "4", "4"]
    assert errors["Found"].str.replace("\\", "").tolist() == [
        "loan_amount: 500.505",
        "start_on: 2025-10-41",
        "loan_amount: =1+1",
    ]
    assert "Write 500.51 or 500.50." in errors["What to do"].iloc[0].replace("\\", "")


def test_all_rows_can_be_looked_at_with_the_wrong_ones_marked(book: Book) -> None:
    # The second row has a note of two lines: rows go by the line that they begin on, in the preview as in the errors.
    at = chosen(WRONG.replace(b"currency\r\n", b"note\r\n").replace(b"10-01,USD\r\nA-2", b'10-01,"one\r\ntwo"\r\nA-2'))
    run(next(each for each in at.button_group if each.label == "Show").set_value("All rows"))
    rows = at.dataframe[0].value
    assert rows[0].tolist() == [2, 4, 5]
    assert rows[1].tolist() == ["", "loan_amount", "start_on, loan_amount"]
    assert rows[3].tolist() == ["Amara Okafor", "Bongani Shah", "Yuki Tanaka"]


def test_the_rows_of_a_long_sheet_are_turned_over_as_on_every_list(book: Book) -> None:
    header, row = b"loan_amount,repayment_period\n", b"10,12\n"
    at = chosen(header + row * 150)
    assert "1–15 of 150, as they are read." in words(at)
    assert at.pagination[0].proto.max_visible_pages == MOST_PAGES, "as many as fit a phone"
    run(at.pagination[0].set_value(10))
    assert "136–150 of 150, as they are read." in words(at)
    assert at.dataframe[0].value[0].tolist() == list(range(137, 152))
    run(at.file_uploader[0].set_value(("short.csv", header + row * 20, "text/csv")))
    assert "1–15 of 20, as they are read." in words(at)
    assert at.dataframe[0].value[0].tolist() == list(range(2, 17))


def test_beside_a_sheet_that_is_checked_no_other_list_is_turned_over(book: Book) -> None:
    book.import_loans(BytesIO(LOANS))
    assert "Past imports" in words(opened("exchange.py"))
    assert "Past imports" not in words(chosen(STRANGERS.encode()))


def test_many_errors_are_a_grid_that_names_its_end(book: Book) -> None:
    at = chosen(b"loan_amount,repayment_period\n" + b"x,12\n" * 1_200)
    assert "1,200 rows to correct." in words(at)
    assert len(at.dataframe[0].value) == 1_000
    assert "The first 1,000 of 1,200. “Rows to correct” has them all." in words(at)


def test_a_strangers_columns_are_matched_and_can_be_corrected(book: Book) -> None:
    at = chosen(STRANGERS.encode(), name="theirs.csv")
    assert at.expander[0].label == "4 of 5 columns recognized"
    assert {each.label: each.value for each in at.selectbox} == {
        "Client name": "borrower",
        "Principal": "loan_amount",
        "Term": "repayment_period",
        "Colour": "",
        "Loan No": "reference",
    }
    assert at.dataframe[0].value.columns.size == 5, "the row, and what is not left out"
    run(at.selectbox(key="loans column Colour").set_value("note"))
    assert at.dataframe[0].value.columns.size == 6
    run(button(at, "Import 2 loans").click())
    assert book.loans(DAY)["note"].tolist() == ["red", ""]


def test_a_file_of_which_no_column_is_known_asks_what_they_are(book: Book) -> None:
    at = chosen(b"farbe,form\nrot,rund\n")
    assert "No column has a meaning here yet. Choose what each of them is." in words(at)
    assert [each.value for each in at.selectbox] == ["", ""]


def test_a_column_that_is_missing_is_said(book: Book) -> None:
    at = chosen(b"borrower,loan_amount\nAmara,100\n")
    assert "The column repayment_period is missing." in at.table[0].value["What to do"].iloc[0].replace("\\", "")
    assert not any(label.startswith("Import ") for label in labels(at))


def test_a_file_with_our_columns_is_the_same_file_here_and_at_the_prompt(book: Book) -> None:
    book.import_loans(BytesIO(LOANS), name="at the prompt")
    at = chosen(LOANS)
    assert "This file is in the book already, as import 1. Nothing was written." in words(at)
    assert figures(at)["Already there"] == "3"
    assert not any(label.startswith("Import ") for label in labels(at))


def test_a_row_with_a_comma_too_many_is_not_cut_off(book: Book) -> None:
    at = chosen(b"loan_amount,repayment_period,note\n100,3,paid, but late\n")
    assert "The row has 4 fields and the header 3." in at.table[0].value["What to do"].iloc[0].replace("\\", "")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        # Up to the end, and up to where the next quotation mark opens: either way rows would have gone into a note.
        (b'100,3,"cash\n200,3,paid\n', "line 2: A quotation mark opens here and is never closed."),
        (b'100,3,"cash\n200,3,paid\n300,3,"late"\n', "line 2: Text goes on after a closing quotation mark."),
    ],
)
def test_a_quotation_mark_that_stays_open_swallows_no_rows_of_a_strangers_sheet(
    book: Book, rows: bytes, said: str
) -> None:
    at = chosen(b"Principal,Term,Remark\n" + rows)
    assert said in words(at)
    assert not any(label.startswith("Import ") for label in labels(at))


def test_a_sheet_of_more_columns_than_anyone_names_is_refused_in_a_sentence(book: Book) -> None:
    at = chosen(",".join(f"c{number}" for number in range(16_384)).encode())
    assert "The sheet has 16,384 columns. Leave at most 200" in words(at)
    assert not at.selectbox


def test_empty_columns_beside_a_sheet_are_one(book: Book) -> None:
    at = chosen(b"loan_amount,repayment_period" + b"," * 16_382 + b"\n100,3" + b"," * 16_382 + b"\n")
    assert [each.value for each in at.selectbox] == ["loan_amount", "repayment_period", ""]
    assert "Import 1 loan" in labels(at)


def test_a_row_that_is_far_too_long_does_not_make_the_others_as_long(book: Book) -> None:
    at = chosen(b"Principal,Term\n100,3" + b",x" * 50_000 + b"\n" + b"100,3\n" * 2_000)
    assert "The row has 50,002 fields and the header 2." in at.table[0].value["What to do"].iloc[0].replace("\\", "")
    at = run(at.segmented_control[-1].set_value("All rows")) if at.segmented_control else at
    assert at.session_state["draft"][1][0].rows.shape == (2_001, 4), "the line, two cells, and one too many"


def test_two_columns_of_one_name_are_said_to_be_two(book: Book) -> None:
    at = chosen(b"Principal,Principal,Term\n100,200,3\n")
    said = at.table[0].value["What to do"].iloc[0].replace("\\", "")
    assert said == "The column loan_amount stands there 2 times. Leave one of them."


def test_blank_lines_above_a_sheet_are_passed_over_and_counted(book: Book) -> None:
    at = chosen(b"\r\n\nPrincipal;Term\n100;3\n0;3\n")
    assert at.table[0].value[["Row", "Found"]].values.tolist() == [["5", "loan\\_amount\\: 0"]]
    at = chosen(b"\r\n\nPrincipal;Term\n100;3\n200;3\n")
    assert at.dataframe[0].value[0].tolist() == [4, 5]


def test_rows_are_pasted_as_a_spreadsheet_copies_them(book: Book) -> None:
    at = opened("exchange.py")
    rows = "reference\tloan_amount\tborrower\trepayment_period\nA-9\t1000.00\tAmara, née X\t12\n\n"
    run(at.text_area[0].set_value(rows))
    run(button(at, "Import 1 loan").click())
    assert (loans(book), book.loans(DAY)["borrower"].tolist()) == (["A-9"], ["Amara, née X"])
    assert book.imports().rows[0].name == "Pasted rows"


def test_more_than_20_mb_of_text_is_refused_in_a_sentence(book: Book) -> None:
    at = opened("exchange.py")
    run(at.text_area[0].set_value("loan_amount\n" + "1" * 20_000_000))
    assert [each.value for each in at.error] == ["This is more than 20 MB of text. Paste fewer rows at a time."]
    assert not at.metric


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"loan_amount\n\xff", "The file is not written in UTF-8"),
        (b" \n ", "The file is empty."),
        ("loan_amount".encode("utf-16"), "The file is written in UTF-16."),
    ],
)
def test_what_is_no_text_is_refused_in_words(book: Book, content: bytes, said: str) -> None:
    at = chosen(content)
    assert said in words(at)
    assert not at.metric


def test_repayments_are_brought_in_too(book: Book) -> None:
    book.import_loans(BytesIO(LOANS))
    at = chosen(REPAYMENTS, "repayments", "repayments.csv")
    assert figures(at)["Sum in USD"] == "$94.56"
    run(button(at, "Import 1 repayment").click())
    assert book.status(1, DAY).total_amount_paid == 9456


def test_an_import_that_money_stands_on_is_not_undone_and_says_why(book: Book) -> None:
    book.import_loans(BytesIO(LOANS))
    book.import_repayments(BytesIO(REPAYMENTS))
    at = run(button(opened("exchange.py", **{"import": 1}), "Undo this import").click())
    assert "Import 1 cannot be undone: one of its loans has received money since, A-1 for one." in words(at)
    assert loans(book) == ["A-1", "A-2", "A-3"]


def test_past_imports_are_listed_the_latest_first(book: Book) -> None:
    assert "Past imports" not in words(opened("exchange.py"))
    book.import_loans(BytesIO(LOANS), name="loans.csv")
    book.import_repayments(BytesIO(REPAYMENTS), name="repayments.csv")
    book.undo_import(2)
    listed = opened("exchange.py").dataframe[0].value
    assert listed[["Import", "File", "Rows"]].to_numpy().tolist() == [
        ["2", "repayments.csv", "1 repayment"],
        ["1", "loans.csv", "3 loans"],
    ]
    assert listed["Undone"].notna().tolist() == [True, False]


def test_many_imports_are_turned_over_and_the_oldest_can_be_undone(book: Book) -> None:
    for number in range(1, 13):
        book.import_loans(BytesIO(b"loan_amount,repayment_period\n%d,7\n" % number), name=f"{number}.csv")
    at = opened("exchange.py")
    assert at.dataframe[0].value["Import"].tolist() == [str(number) for number in range(12, 2, -1)]
    assert "1–10 of 12. Select an import to see it, or to undo it." in words(at)
    run(at.pagination[0].set_value(2))
    assert at.dataframe[0].value["File"].tolist() == ["2.csv", "1.csv"]
    at = run(button(opened("exchange.py", **{"import": 1}), "Undo this import").click())
    assert "Import 1, undone" in words(at)
    assert (book.imported(1).undone_at is None, len(loans(book))) == (False, 11)


@pytest.mark.parametrize("named", ["99", "0", "-1", "1e3", "![x](http://evil.test/x.png)"])
def test_an_import_that_there_is_not_is_the_form(book: Book, named: str) -> None:
    at = opened("exchange.py", **{"import": named})
    assert "1. Choose a file" in words(at)
    assert not at.error


@pytest.mark.parametrize(
    ("kind", "row"), [("loans", b"A-7,Amara,10,USD,,,3,,,,,,,"), ("repayments", b"A-1,5.00,2025-11-02,,")]
)
def test_a_template_that_is_filled_in_is_taken(book: Book, kind: str, row: bytes) -> None:
    book.import_loans(BytesIO(LOANS))
    assert figures(chosen(template(kind) + row, kind))["New"] == "1"


def test_an_empty_book_can_be_taken_out(book: Book) -> None:
    at = opened("exchange.py", way="Export", as_of=DAY)
    assert labels(at)[1:] == ["Download whole book", "Download loans", "Download repayments", "Download schedule"]
    assert "0 loans with status on 2 Jun 2026 · loans-2026-06-02.csv" in words(at)


@pytest.mark.parametrize("page", pages())
def test_while_the_demo_book_is_in_every_page_says_so(book: Book, page: str) -> None:
    book.load_demo()
    (link,) = (each for each in opened(f"{page}.py").page_link if each.label.startswith("Demo book"))
    assert link.label == "Demo book: its loans are made up. **Remove it**"


def test_the_demo_book_can_be_removed(book: Book) -> None:
    book.load_demo()
    at = opened("exchange.py", **{"import": 1})
    assert "100 made-up loans imported" in words(at)
    run(button(at, "Undo this import").click())
    assert loans(book) == []
    assert "Demo book" not in "".join(each.label for each in at.page_link)


def test_a_book_of_ones_own_is_not_called_made_up(book: Book) -> None:
    book.import_loans(BytesIO(LOANS))
    assert not any("made up" in each.label for each in opened("exchange.py").page_link)


@pytest.fixture(scope="module")
def desk_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, Path]]:
    """A book that is open here while a server has it too."""
    file = tmp_path_factory.mktemp("exchange") / "loans.db"
    book = open_book(Settings(database_uri=f"sqlite:///{file}"))
    yield book, file
    book.close()


@pytest.fixture(scope="module")
def server(desk_book: tuple[Book, Path]) -> Iterator[Server]:
    with served(f"sqlite:///{desk_book[1]}", desk_book[1].with_name("server.log")) as running:
        yield running


@pytest.fixture(scope="module")
def one_tab(launched: Browser, server: Server) -> Iterator[Tab]:
    """A tab that shows the page: each test turns to its own address, without a load."""
    with lent_tab(launched, server, viewport={"width": 1440, "height": 1000}) as fresh:
        yield fresh.visit("/exchange")


@pytest.fixture
def desk(one_tab: Tab) -> Iterator[Tab]:
    yield one_tab
    assert one_tab.heard() == []


def choose(desk: Tab, content: bytes, name: str = "loans.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    desk.page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)


def test_what_is_pasted_is_imported(desk: Tab, desk_book: tuple[Book, Path]) -> None:
    rows = "loan_amount\trepayment_period\treference\n10\t3\tP-1"
    desk.turn_to("/exchange").page.get_by_label("Or paste rows").fill(rows)
    desk.page.get_by_role("button", name="Check rows").click()
    desk.page.get_by_role("button", name="Import 1 loan").click()
    desk.page.get_by_role("heading", name="1 loan imported").wait_for()
    desk.settle()
    assert desk_book[0].loan_id("P-1")


def test_a_past_import_that_is_selected_is_opened(desk: Tab, desk_book: tuple[Book, Path]) -> None:
    desk_book[0].import_loans(BytesIO(b"loan_amount,repayment_period\n7,7\n"), name="seven.csv")
    latest = desk_book[0].imports().rows[0].id
    desk.turn_to("/exchange").draw().page.locator("[data-testid=stDataFrame]").click(position={"x": 18, "y": 55})
    desk.page.wait_for_url(f"**/exchange?import={latest}")
    expect(desk.page.get_by_text("seven.csv").first).to_be_visible()
    desk.settle()


def test_a_file_of_more_than_20_mb_is_refused_by_the_field_for_files(desk: Tab, tmp_path: Path) -> None:
    (tmp_path / "big.csv").write_bytes(b"x" * 20_000_001)
    field = desk.turn_to("/exchange").page.locator("[data-testid=stFileUploaderDropzoneInput]")
    field.set_input_files(tmp_path / "big.csv")
    expect(desk.page.get_by_text("File must be 20.0MB or smaller.")).to_have_count(1)
    expect(desk.page.get_by_text("At most 20 MB.")).to_have_count(1)


def test_every_download_opens(desk: Tab, desk_book: tuple[Book, Path], tmp_path: Path) -> None:
    book = desk_book[0]
    book.import_loans(BytesIO(LOANS))
    book.import_repayments(BytesIO(REPAYMENTS))
    desk.turn_to(f"/exchange?way=Export&as_of={DAY}")
    files = {}
    for name in ("whole book", "loans", "repayments", "schedule"):
        with desk.page.expect_download() as download:
            desk.page.get_by_role("button", name=f"Download {name}").click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    assert [file.name for file in files.values()] == [
        f"loan-book-{DAY}.zip",
        f"loans-{DAY}.csv",
        f"repayments-{DAY}.csv",
        f"schedule-{DAY}.csv",
    ]
    with ZipFile(files.pop("whole book")) as bundle:
        assert sorted(bundle.namelist()) == ["dictionary.csv", "loans.csv", "repayments.csv", "schedule.csv"]
        for name, file in files.items():
            assert bundle.read(f"{name}.csv") == file.read_bytes() == b"".join(getattr(book, f"export_{name}")(DAY))


def test_lendingclub_comes_in_by_the_page_and_every_file_goes_out(
    desk: Tab, desk_book: tuple[Book, Path], reference: Path, tmp_path: Path
) -> None:
    on = date(2018, 6, 30)
    for kind, count in (("loans", "10,000"), ("repayments", "9,985")):
        choose(desk.turn_to(f"/exchange?kind={kind}"), (reference / "lendingclub" / f"{kind}.csv").read_bytes())
        desk.page.get_by_role("button", name=f"Import {count} {kind}").click()
        desk.page.get_by_role("heading", name=f"{count} {kind} imported").wait_for()
        desk.settle()
    desk.turn_to(f"/exchange?way=Export&as_of={on}")
    for name in ("loans", "repayments"):
        with desk.page.expect_download() as download:
            desk.page.get_by_role("button", name=f"Download {name}").click()
        download.value.save_as(tmp_path / name)
        assert download.value.suggested_filename == f"{name}-{on}.csv"
    assert (tmp_path / "loans").read_bytes() == b"".join(desk_book[0].export_loans(on))
    assert (tmp_path / "repayments").read_bytes() == b"".join(desk_book[0].export_repayments(on))


def test_the_printable_statement_is_a_page_that_loads_nothing(desk: Tab, desk_book: tuple[Book, Path]) -> None:
    book = desk_book[0]
    loan = book.create_loan(borrower="Amara <Okafor>", loan_amount="1000", repayment_period=12, start_on="2025-10-01")
    book.add_repayment(loan.id, "94.56", received_on="2025-11-01", note="Cash & carry")
    with desk.turn_to(f"/status?loan={loan.id}&as_of={DAY}").page.expect_download() as download:
        desk.page.get_by_role("button", name="Printable statement").click()
    page = download.value.path().read_text("utf-8")
    # The dashboard is gone from the tab with this.
    desk.page.set_content(page)
    said = " ".join(desk.page.locator("body").inner_text().split())
    for words_of_it in (
        "Amara <Okafor> Behind",
        f"Loan {loan.reference} · $1,000.00 over 12 monthly installments from 1 Oct 2025 · 2.0% a month (24.0% a year)",
        "Behind by $661.92: 183 days past due. Next installment $94.56 on 1 Jul 2026.",
        "Paid so far $94.56 Expected by 2 Jun 2026 $756.48 Arrears $661.92, 183 days past due",
        "1 Nov 2025 94.56 1 20.00 74.56 1,040.14",
        "Cash & carry",
        "12 1 Oct 2026 94.54 1.85 92.69 0.00 — Upcoming",
    ):
        assert words_of_it in said
    assert "http:" not in page.replace("http-equiv", "")
    assert "https:" not in page
