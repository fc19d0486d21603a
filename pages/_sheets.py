"""A stranger's sheet on the screen: what its columns mean, how its rows are read, what must be corrected."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import pandas as pd
import streamlit as st

from loan_core import Problem, as_our_csv, guessed, read_sheet, template
from pages._desk import is_short
from pages._look import NOTHING, counted, markdown

ROWS = 15
LISTED = 1_000
CORRECTIONS = ("row", "column", "found", "wrong", "right")
_FORMULA = r"^('*[=+\-@\t\r])"


def under_our_names(kind: str, content: bytes) -> bytes:
    """The rows with our names for their columns; a file that has them already stays as it is, to the byte."""
    sheet = read_sheet(content)
    renamed = as_our_csv(sheet, columns_meant(kind, sheet.header))
    return content if _first_line(content) == _first_line(renamed) else renamed


def columns_meant(kind: str, header: Sequence[str]) -> dict[str, str]:
    """What each of their columns is here, as guessed or as corrected: "" where it is left out."""
    guesses = guessed(header, kind)
    options = list(dict.fromkeys(["", *template(kind).decode("utf-8-sig").strip().split(","), *guesses.values()]))
    matched = sum(map(bool, guesses.values()))
    label = f"{matched} of {counted(len(guesses), 'column')} recognized"
    with st.expander(label, icon=":material/tune:", expanded=matched < len(guesses)):
        st.caption("What each of your columns is here. The guesses can be corrected.")
        with st.grid(2, min_column_width=140):
            return {
                name: st.selectbox(
                    markdown(name) or "Without a name",
                    options,
                    index=options.index(meaning),
                    format_func=lambda column: column or "Leave out",
                    key=f"{kind} column {name}",
                )
                for name, meaning in guesses.items()
            }


@st.fragment
def preview(content: bytes, problems: Sequence[Problem]) -> None:
    """The rows as they are read, or only what must be corrected. To look around in them checks nothing again."""
    views = {"Errors only": lambda: to_correct(problems), "All rows": lambda: all_rows(content, problems)}
    shown = "All rows"
    if problems:
        shown = st.segmented_control(
            "Show",
            views,
            default="Errors only",
            required=True,
            format_func=":gray[{}]".format,
            label_visibility="collapsed",
        )
    views[shown]()


def to_correct(problems: Sequence[Problem]) -> None:
    """Where it stands, what stands there, what to write instead."""
    listed, words = problems[:LISTED], markdown if is_short(problems) else str
    rows = pd.DataFrame(
        {
            "Row": [NOTHING if each.line is None else f"{each.line:,}" for each in listed],
            "Found": [words(f"{each.field}: {each.found or 'nothing'}" if each.field else NOTHING) for each in listed],
            "What to do": [words(str(each)) for each in listed],
        }
    )
    alt = f"{counted(len(problems), 'error')}, each with its row, what was found and what to do"
    if is_short(problems):
        st.table(rows, hide_index=True, border="horizontal", alt=alt)
        return
    st.dataframe(rows, hide_index=True, row_height=38, height=600, placeholder="", alt=alt)
    if len(problems) > LISTED:
        st.caption(f"The first {LISTED:,} of {len(problems):,}. “Rows to correct” has them all.")


def all_rows(content: bytes, problems: Sequence[Problem]) -> None:
    """The rows under our names, a page at a time."""
    sheet = read_sheet(content)
    wrong: dict[int | None, list[str]] = {}
    for problem in problems:
        wrong.setdefault(problem.line, []).append(problem.field)
    grid = st.empty()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        range_shown = st.container(width="stretch")
        pages = -(-len(sheet.rows) // ROWS)
        # At its own width it would show the first page alone.
        page = st.pagination(pages, width=130 + 40 * min(pages, 7), key="sheet page") if pages > 1 else 1
    shown = slice(ROWS * (page - 1), ROWS * page)
    # A cell may hold line breaks: a row goes by the line that it begins on.
    lines = list(accumulate((1 + sum(cell.count("\n") for cell in row) for row in sheet.rows), initial=2))[shown]
    rows = pd.DataFrame(
        [[line, ", ".join(wrong.get(line, ())), *row] for line, row in zip(lines, sheet.rows[shown], strict=False)]
    )
    named = ["Row", "To correct", *sheet.header]
    grid.dataframe(
        rows if problems else rows.drop(columns=[1], errors="ignore"),
        hide_index=True,
        # By their places: of a stranger's columns two may bear one name.
        column_config={str(at): name for at, name in enumerate(named)},
        row_height=38,
        height="content",
        placeholder="",
        alt=f"Rows {lines[0]:,} to {lines[-1]:,} of the file" if lines else "No rows",
    )
    first = shown.start + 1
    range_shown.caption(f"{first:,}–{min(shown.stop, len(sheet.rows)):,} of {counted(len(sheet.rows), 'row')}")


def corrections(problems: Sequence[Problem]) -> bytes:
    """What must be corrected, as a CSV that a spreadsheet does not compute."""
    rows = pd.DataFrame(
        [(each.line, each.field, each.found, each.wrong, each.right) for each in problems], columns=CORRECTIONS
    ).astype({"row": "Int64"})
    texts = rows.select_dtypes(exclude="number").columns
    rows[texts] = rows[texts].replace(_FORMULA, r"'\1", regex=True)
    return rows.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def watched(place) -> Callable[[str, int, int], None]:
    """Shows in a place of the page how far an import has come."""

    def progress(doing: str, done: int, rows: int) -> None:
        written = f"{done:,} of {counted(rows, 'row')} written"
        place.progress(done / rows, text=written if doing == "Writing" else f"Checking {counted(rows, 'row')}…")

    return progress


def _first_line(content: bytes) -> bytes:
    return content.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].strip()
