"""The ten errands of the README's "How to", done in a real browser: the seconds, clicks and typed fields of each.

``python -m tests.benchmarks.errands [--phone | --keyboard]``. The seconds are the page's and Playwright's, not a
person's; a click that a person would not know to make cannot be counted here. An errand that does not end as it should
ends it.
"""

import argparse
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.desk import Server, browser, served, tab

THREE_MISTAKES = (
    "Borrower,Amount,Months,Start date\n"
    "Amara Okafor,1000.00,12,2026-01-05\n"
    "Yuki Tanaka,one thousand,12,2026-01-05\n"
    "Lerato Dlamini,800.00,0,2026-01-05\n"
    "Ana Pereira,500.00,6,2026-13-05\n"
)
MENDED = THREE_MISTAKES.replace("one thousand", "1100.00").replace("800.00,0", "800.00,8").replace("-13-", "-03-")

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "has_touch": True,
    "is_mobile": True,
}

MOST_STEPS = 120
# The grid's own cells are hidden ones; a label is its field.
HAS_FOCUS = """node => {
    const here = document.activeElement
    return here !== document.body && (node.contains(here) || here.closest("label") === node)
}"""


def today() -> date:
    """Where the dashboard's clock is."""
    return datetime.now(UTC).date()


class Errand:
    """What a person does on a page, counted."""

    def __init__(self, page: Page, narrow: bool) -> None:
        self.page, self.narrow = page, narrow
        self.clicks = self.fields = 0
        self.slowest = 0.0

    def click(self, what: Locator, **where: object) -> None:
        what.click(**where)
        self.clicks += 1

    def press(self, words: str) -> None:
        self.click(self.page.get_by_role("button", name=re.compile(f"{words}$")).first)

    def type(self, label: str, text: str) -> None:
        field = self.page.get_by_label(re.compile(f"^{label}")).first
        field.fill(text)
        field.press("Enter")
        self.fields += 1

    def type_day(self, label: str, day: date) -> None:
        """Into a field that is one for each part of a day."""
        self.page.get_by_role("group", name=re.compile(f"^{label}")).get_by_role("spinbutton").first.focus()
        self.page.keyboard.type(f"{day:%d%m%Y}")
        self.page.keyboard.press("Escape")
        self.fields += 1

    def open_sidebar(self) -> None:
        """A phone hides it behind a button, and again after the way to another page."""
        if self.narrow:
            self.click(self.page.get_by_test_id("stExpandSidebarButton"))

    def close_sidebar(self) -> None:
        if self.narrow:
            self.click(self.page.get_by_test_id("stSidebarCollapseButton").get_by_role("button"))

    def turn_to(self, title: str) -> None:
        """Another page by the navigation."""
        self.open_sidebar()
        self.click(self.page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile(f"{title}$")))

    def see(self, what: Locator | str) -> None:
        """Wait for what it was done for."""
        began = time.perf_counter()
        found = self.page.get_by_text(re.compile(what)) if isinstance(what, str) else what
        expect(found.first).to_be_visible()
        self.slowest = max(self.slowest, time.perf_counter() - began)

    def heading(self, words: str) -> Locator:
        return self.page.get_by_role("heading", name=re.compile(words))


class ByKeyboard(Errand):
    """The same without a mouse: a click is a walk by the Tab key, and a press. The presses are counted."""

    def click(self, what: Locator, **where: object) -> None:
        what = what.first
        what.wait_for()
        if what.get_attribute("role") == "option":
            self._choose(what)
            return
        is_grid = what.get_attribute("data-testid") == "stDataFrame"
        what = what.locator("canvas").first if is_grid else what
        role = what.get_attribute("role")
        if role == "radio":
            # One of them has the focus for all; the arrows go on from it.
            self._walk("Tab", what.locator("xpath=ancestor::*[@role='radiogroup']"))
        self._walk("ArrowRight" if role == "radio" else "Tab", what)
        self._press("Shift+Space" if is_grid else {"radio": "Space", "combobox": "ArrowDown"}.get(role or "", "Enter"))

    def _walk(self, key: str, where: Locator) -> None:
        for _ in range(MOST_STEPS):
            if where.evaluate(HAS_FOCUS):
                return
            self._press(key)
        raise AssertionError(f"No way by {key} to {where}")

    def _choose(self, option: Locator) -> None:
        self.page.keyboard.type(option.inner_text())
        self.fields += 1
        self._press("Enter")

    def _press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.clicks += 1


def load_the_demo(desk: Errand) -> None:
    desk.press("Load the demo book")
    desk.see("Needs attention")


def find_who_is_most_behind(desk: Errand) -> None:
    desk.see("Needs attention")
    calls = desk.page.get_by_test_id("stDataFrame").last
    calls.scroll_into_view_if_needed()
    desk.click(calls, position={"x": 80, "y": 57})
    desk.see(desk.page.get_by_role("button", name=re.compile("Record repayment$")))


def record_what_they_paid_yesterday(desk: Errand) -> None:
    desk.press("Record repayment")
    desk.see(desk.heading("Record a repayment"))
    desk.type("Amount", "50")
    desk.see("Covers|covers|Installment")
    desk.type_day("Received on", today() - timedelta(days=1))
    desk.page.get_by_text("What this does").click()
    desk.press("Record repayment")
    desk.see(desk.heading("Repayment recorded"))


def undo_it(desk: Errand) -> None:
    desk.press("Undo")
    desk.press("Reverse repayment")
    desk.see(desk.heading("Repayment reversed"))


def send_a_link(desk: Errand, elsewhere: Page) -> None:
    desk.page.wait_for_timeout(900)
    desk.press("Open loan")
    desk.see(desk.page.get_by_role("button", name=re.compile("Record repayment$")))
    desk.open_sidebar()
    desk.press("Copy link")
    link = desk.page.get_by_test_id("stCode").first
    desk.see(link)
    shown = desk.page.get_by_test_id("stMetric").all_inner_texts()
    elsewhere.goto(link.inner_text().strip())
    expect(elsewhere.get_by_test_id("stMetric")).to_have_text(shown, use_inner_text=True)
    desk.page.keyboard.press("Escape")
    desk.close_sidebar()


def import_with_three_mistakes(desk: Errand, folder: Path) -> None:
    for name, rows in (("wrong", THREE_MISTAKES), ("right", MENDED)):
        (folder / f"{name}.csv").write_text(rows)
    desk.turn_to("Exchange")
    upload = desk.page.locator("input[type=file]")
    upload.set_input_files(folder / "wrong.csv")
    desk.clicks += 1
    desk.see("3 rows|3 problems|3 of")
    upload.set_input_files(folder / "right.csv")
    desk.clicks += 1
    desk.press("Import 4 loans")
    desk.see(desk.heading("4 loans imported"))


def take_the_month_to_excel(desk: Errand) -> None:
    desk.turn_to("Repayments")
    desk.click(desk.page.get_by_role("radio", name="This month"))
    desk.see(desk.heading("Received"))
    with desk.page.expect_download() as download:
        desk.press("Export CSV")
    assert Path(download.value.path()).read_bytes().count(b"\n") > 1


def see_last_quarter(desk: Errand) -> None:
    desk.turn_to("Collections")
    desk.click(desk.page.get_by_role("combobox", name="Period"))
    desk.click(desk.page.get_by_role("option", name="Last quarter"))
    desk.see(desk.heading("What fell due"))


def see_a_year_ago(desk: Errand) -> None:
    desk.turn_to("Portfolio")
    when = today().replace(year=today().year - 1)
    desk.open_sidebar()
    desk.type_day("As of", when)
    desk.close_sidebar()
    desk.see(f"As of {when.day}.{when:%b.%Y}")


def errands(folder: Path, elsewhere: Page) -> Iterator[tuple[str, Callable[[Errand], None]]]:
    yield "load the demo", load_the_demo
    yield "find who is most behind", find_who_is_most_behind
    yield "record what they paid yesterday", record_what_they_paid_yesterday
    yield "undo it", undo_it
    yield "send a link that shows the same", lambda desk: send_a_link(desk, elsewhere)
    yield "import a spreadsheet with three mistakes", lambda desk: import_with_three_mistakes(desk, folder)
    yield "take the month's repayments to Excel", take_the_month_to_excel
    yield "what was expected and came in last quarter", see_last_quarter
    yield "how the book stood a year ago", see_a_year_ago


@contextmanager
def at_work(launched: Browser, folder: Path) -> Iterator[tuple[Server, float]]:
    """The dashboard on a new book, and the seconds until it answered."""
    began = time.perf_counter()
    with served(f"sqlite:///{folder / 'loans.db'}", folder / "log") as server:
        yield server, time.perf_counter() - began


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--phone", action="store_true")
    asked.add_argument("--keyboard", action="store_true")
    asked.add_argument("--shots", type=Path, help="a folder for a picture after each errand")
    stated = asked.parse_args()
    kind = ByKeyboard if stated.keyboard else Errand
    window = PHONE if stated.phone else {"viewport": {"width": 1440, "height": 900}}
    print("| errand | seconds | clicks, or keys | fields | longest wait |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary, browser(shutil.which("chromium") or "chromium") as launched:
        folder = Path(temporary)
        with (
            at_work(launched, folder) as (server, seconds),
            tab(launched, server, **window) as mine,
            tab(launched, server, **window) as another,
        ):
            mine.visit("/")
            print(f"| start it | {seconds:.1f} | 0 | 0 | |")
            for number, (name, run) in enumerate(errands(folder, another.page)):
                desk, began = kind(mine.page, stated.phone), time.perf_counter()
                try:
                    run(desk)
                finally:
                    if stated.shots:
                        mine.page.screenshot(path=stated.shots / f"{number}.png")
                taken = time.perf_counter() - began
                print(f"| {name} | {taken:.1f} | {desk.clicks} | {desk.fields} | {desk.slowest:.1f} |", flush=True)
                mine.settle()


if __name__ == "__main__":
    main()
