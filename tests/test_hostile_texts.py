"""Forty-one texts that would rather be links, pictures, formulas or programs: on every page they are the text they are.

The browser is told to pass over the content security policy: what holds here is the escaping alone.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from io import StringIO
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from loan_core import Book, Settings, open_book
from pages._print import statement_page
from tests.desk import TOO_WIDE, Server, Tab, lent_tab, pages, served
from tests.pages_at_hand import NAMED

TEXTS = (
    "![i](http://evil.test/x.png)",
    "[click](http://evil.test/)",
    "[click](javascript:window.hacked=1)",
    "[x]: http://evil.test/ 'x' and [x]",
    "<http://evil.test/>",
    "http://evil.test/",
    "https://evil.test/?a=1&b=2 www.evil.test",
    "someone@evil.test mailto:someone@evil.test",
    "javascript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "<script>window.hacked=1</script>",
    "</textarea></title></script><script>window.hacked=1</script>",
    "<img src=http://evil.test/x.png onerror=window.hacked=1>",
    "<svg/onload=window.hacked=1><image href=http://evil.test/x.png>",
    '<a href="javascript:window.hacked=1">click</a>',
    "<iframe src=http://evil.test/></iframe>",
    "<style>*{background:url(http://evil.test/x.png)}</style>",
    "<link rel=stylesheet href=http://evil.test/x.css><!--",
    "&lt;b&gt; &#106;avascript&colon;window.hacked=1",
    "$x^2$ costs $5 and $6",
    r"$$\frac{1}{2}$$ \(x\) \[y\]",
    ":red[Paid] :blue-background[off]",
    ":material/delete: :streamlit: :smile:",
    ":green-badge[:material/check: Paid off]",
    ":small[:gray[nothing]] :rainbow[much]",
    "# Heading",
    "- one * two + three 1. four",
    "> quoted",
    "**bold** __bold__ _slanted_ ~~struck~~ `code`",
    "```code```",
    "| a | b | --- | --- |",
    "--- -> <- <-> -- >= <= ~= ... ===",
    r"a backslash \ in it, and one at its end \\",
    "{{7*7}} ${7*7} %s %(x)s {0} #{x}",
    "'; DROP TABLE loans; --",
    '=HYPERLINK("http://evil.test","x")',
    "+1+cmd|' /C calc'!A1 -1+2 @SUM(A1)",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe and \N{RIGHT-TO-LEFT ISOLATE}never closed",
    "שלום עולם مرحبا بالعالم",
    "\N{GRINNING FACE}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} \N{ZERO WIDTH SPACE} Z"
    + 20 * "\N{COMBINING ACUTE ACCENT}",
    "W" * 2_000,
)
IN_AN_ADDRESS = (TEXTS[0], TEXTS[10], "x" * 2_000, "a\0b", "\ud800")
DAY = date(2026, 6, 2)
ALIVE = """() => [
    ...[...document.querySelectorAll('a[href], area[href]')].map(each => each.href)
        .filter(to => !to.startsWith(location.origin + '/')),
    ...[...document.querySelectorAll('img, iframe, embed, object, video, audio, image')]
        .map(each => each.src || each.data || each.getAttribute('href') || '')
        .filter(from => !from.startsWith(location.origin + '/') && !/^(data|blob):/.test(from)),
    ...[...document.querySelectorAll('.katex, math, [onerror], [onload], [onclick]')].map(each => each.outerHTML),
    ...[...document.querySelectorAll('[data-testid=stIconMaterial]')]
        .map(each => each.innerText).filter(icon => icon === 'delete'),
    ...(window.hacked ? ['it ran'] : []),
]"""
# How far to the left each of some words begins, all of one line.
LEFT = """(words) => words.map(word => {
    const walker = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT)
    for (let node; (node = walker.nextNode());) {
        const start = node.data.indexOf(word)
        if (start >= 0 && node.data.startsWith('Loan ')) {
            const range = document.createRange()
            range.setStart(node, start)
            range.setEnd(node, start + word.length)
            return range.getBoundingClientRect().left
        }
    }
})"""
INVISIBLE = dict.fromkeys([0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def on_a_line(text: str, most: int) -> str:
    return text[:most].strip()


def as_read(text: str) -> str:
    """As a person reads it: in one line, without what only joins, or turns, the letters beside it."""
    return " ".join(text.translate(INVISIBLE).split())


@pytest.fixture(scope="module")
def hostile_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, str]]:
    """A loan for each text: its borrower, its reference, its note, and those of its repayments and of a reversal."""
    url = f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'loans.db'}"
    book = open_book(Settings(database_uri=url))
    for text in TEXTS:
        loan = book.create_loan(
            reference=on_a_line(text, 100),
            borrower=on_a_line(text, 200),
            note=text,
            loan_amount="300.00",
            repayment_period=3,
            start_on="2026-01-01",
        )
        reference = on_a_line(text, 98)
        book.add_repayment(loan.id, "50.00", received_on="2026-02-01", reference=reference, note=f"{text[:999]}\n" * 2)
        wrong = book.add_repayment(loan.id, "9.00", received_on="2026-03-01", reference=f"{reference}2")
        book.reverse_repayment(wrong.id, reason=text, reference=f"{reference}3")
    yield book, url
    book.close()


@pytest.fixture(scope="module")
def hostile_server(hostile_book: tuple[Book, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(hostile_book[1], tmp_path_factory.mktemp("log") / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def one_tab(launched: Browser, hostile_server: Server) -> Iterator[Tab]:
    with lent_tab(launched, hostile_server, bypass_csp=True) as opened:
        # A page of little work: from here each test turns to its own, without a load.
        yield opened.visit("/new_loan")


@pytest.fixture
def phone(one_tab: Tab) -> Tab:
    return one_tab.resize(390)


@pytest.fixture
def wide(one_tab: Tab) -> Tab:
    return one_tab.resize(1440)


def assert_harmless(opened: Tab) -> None:
    assert opened.page.evaluate(ALIVE) == []
    assert opened.page.evaluate(TOO_WIDE) == []
    assert opened.heard() == []


@pytest.mark.parametrize("width", ["phone", "wide"])
@pytest.mark.parametrize("page", pages())
def test_every_page_shows_them_as_texts(page: str, width: str, request: pytest.FixtureRequest) -> None:
    opened: Tab = request.getfixturevalue(width)
    opened.turn_to(f"{pages()[page]}?loan=4&as_of={DAY}").draw()
    assert_harmless(opened)


def test_the_loans_behind_a_figure_are_texts_too(phone: Tab) -> None:
    phone.turn_to(f"/explain?figure=gross_portfolio&as_of={DAY}")
    expect(phone.page.locator("canvas [role=gridcell]").first).to_be_attached()
    assert_harmless(phone)


def test_a_borrower_is_explained_and_filtered_by_exactly_his_name(phone: Tab) -> None:
    title = phone.page.locator("h1")
    for text in TEXTS[::5]:
        name = on_a_line(text, 200)
        phone.turn_to(f"/explain?{urlencode({'figure': f'borrower_{name}', 'as_of': DAY})}")
        assert as_read(title.inner_text()).startswith(as_read(f"Owed by {name}"))
        phone.turn_to(f"/loans?{urlencode({'borrower': name, 'state': 'all', 'as_of': DAY})}")
        assert as_read(phone.page.get_by_text("1–1 of 1,").inner_text())
        assert_harmless(phone)


def test_the_page_of_a_loan_shows_its_text_as_it_was_written(phone: Tab) -> None:
    title = phone.page.locator("h1")
    for loan_id, text in enumerate(TEXTS, 1):
        phone.turn_to(f"/status?loan={loan_id}&as_of={DAY}")
        assert as_read(title.inner_text()).startswith(as_read(on_a_line(text, 200)))
        notes = as_read(phone.page.locator("[data-testid=stTable]").last.inner_text())
        assert as_read(text[:999]) in notes
        assert f"Reverses {as_read(on_a_line(text, 98))}2" in notes
        assert_harmless(phone)


@pytest.mark.parametrize("written", ["\N{RIGHT-TO-LEFT OVERRIDE}", "שלום"])
def test_a_text_from_right_to_left_does_not_turn_our_words(wide: Tab, written: str) -> None:
    loan_id = next(number for number, text in enumerate(TEXTS, 1) if text.startswith(written))
    wide.turn_to(f"/status?loan={loan_id}&as_of={DAY}")
    lefts = wide.page.evaluate(LEFT, ["Loan", "$300.00", "over", "monthly", "from"])
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("page", pages())
def test_in_the_address_they_are_words_that_nobody_knows(phone: Tab, page: str) -> None:
    """Each text of a link that is opened somewhere; the server that sends the page itself does not read its query."""
    go = phone.visit if page == "new_loan" else phone.turn_to
    for shift in range(3):
        asked = {name: IN_AN_ADDRESS[(number + shift) % len(IN_AN_ADDRESS)] for number, name in enumerate(NAMED)}
        go(f"{pages()[page]}?{urlencode(asked, errors='surrogatepass')}")
        assert_harmless(phone)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("W" * 10_000, "The text has 10,000 characters."), ("a\0b", "character")],
    ids=["long", "nul"],
)
def test_what_is_no_text_of_a_book_is_refused_where_it_was_typed(phone: Tab, typed: str, said: str) -> None:
    page = phone.visit("/new_loan").page
    page.get_by_label(re.compile("^Borrower")).fill(typed)
    page.get_by_label("Loan amount").press_sequentially("300")
    page.get_by_role("button", name="Create loan").click()
    expect(page.get_by_test_id("stAlert").first).to_contain_text(said)
    assert_harmless(phone.settle())


def test_in_a_file_to_import_they_are_columns_and_cells(phone: Tab) -> None:
    rows = StringIO()
    csv.writer(rows).writerows([["loan_amount", *TEXTS[:12]], *([text, *TEXTS[:12]] for text in TEXTS)])
    file = {"name": f"{TEXTS[0].replace('/', ':')}.csv", "mimeType": "text/csv", "buffer": rows.getvalue().encode()}
    phone.visit("/exchange").page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)
    # A column is missing, and every amount is wrong: first the one is said, then the other.
    phone.page.get_by_text("1 row to correct").wait_for()
    assert_harmless(phone.settle())
    phone.page.get_by_role("combobox", name=re.compile("click.*evil")).first.click()
    phone.page.get_by_role("option", name="repayment_period").click()
    phone.page.get_by_text(f"{len(TEXTS)} rows to correct").wait_for()
    assert_harmless(phone.settle())
    phone.page.get_by_text("All rows", exact=True).click()
    phone.page.get_by_text(f"of {len(TEXTS)}, as they are read", exact=False).last.wait_for()
    assert_harmless(phone.settle())


def test_on_a_printed_statement_they_are_texts(phone: Tab, hostile_book: tuple[Book, str]) -> None:
    phone.visit("/exchange")
    for loan_id, text in enumerate(TEXTS, 1):
        phone.page.set_content(statement_page(hostile_book[0].statement(loan_id, DAY)))
        assert as_read(phone.page.locator("h1 bdi").inner_text()) == as_read(on_a_line(text, 200))
        assert as_read(text[:999]) in as_read(phone.page.locator("table").first.inner_text())
        assert_harmless(phone)
    # Whoever comes next turns from a page.
    phone.visit("/new_loan")
