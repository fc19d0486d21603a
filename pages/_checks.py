"""A sheet is checked as a whole: what an import would do, or which rows must be corrected before."""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import Any

import pandas as pd
import streamlit as st

from loan_core import InvalidFile, Problem, problems_csv
from pages._address import as_of
from pages._desk import attempt, book
from pages._imports import NOUNS, wait_for
from pages._look import NOTHING, counted, figure, markdown
from pages._paging import page_through
from pages._sheets import Draft, remembered
from pages._shown import is_short

ROWS = 15
LISTED = 1_000


def check(kind: str, name: str, draft: Draft) -> None:
    """What an import of the sheet would do. Of the same sheet and the same book it is worked out once."""
    key = (draft.key, book().edition(as_of()).revision, book().today())
    trial, refusal = remembered("trial", key, lambda: tried(kind, name, draft.content))
    if not trial and not isinstance(refusal, InvalidFile):
        raise refusal
    found, problems = trial or refusal, () if trial else refusal.problems
    wrong = refusal.to_correct if refusal else 0
    to_correct = f"{counted(wrong, 'row')} to correct. Nothing is imported until every row is right."
    st.markdown(markdown(trial.sentence if trial else to_correct))
    with st.grid(4, min_column_width=120, gap="small"):
        st.metric("New", f"{found.new:,}")
        st.metric("Already there", f"{found.already_there:,}")
        st.metric("To correct", f"{wrong:,}")
        for code, amount in trial.amounts.items() if trial else ():
            st.metric(f"Sum in {code}", **figure(amount, code))
    if problems:
        csv, file_name, icon = partial(problems_csv, problems), f"{kind}-to-correct.csv", ":material/download:"
        st.download_button("Rows to correct", csv, file_name, "text/csv", type="primary", icon=icon, on_click="ignore")
        if refusal.count > len(problems):
            st.caption(f"The first {len(problems):,} of {refusal.count:,} errors are listed here, and in the file.")
    elif trial.new:
        label, icon = f"Import {counted(trial.new, NOUNS[kind])}", ":material/upload:"
        st.button(label, type="primary", icon=icon, on_click=wait_for, args=(kind, name, draft.content))
    preview(draft, problems)


def tried(kind: str, name: str, content: bytes) -> Any:
    """What an import would write, or what it refuses: the other one is None. Nothing is written."""
    place = st.empty()
    asked = {"name": name, "dry_run": True, "progress": watched(place)}
    outcome = attempt(getattr(book(), f"import_{kind}"), BytesIO(content), **asked)
    place.empty()
    return outcome


def watched(place: Any) -> Callable[[str, int, int], None]:
    """Shows in a place of the page how far an import has come."""

    def progress(doing: str, done: int, rows: int) -> None:
        written = f"{done:,} of {counted(rows, 'row')} written"
        place.progress(done / rows, text=written if doing == "Writing" else f"Checking {counted(rows, 'row')}…")

    return progress


@st.fragment
def preview(draft: Draft, problems: Sequence[Problem]) -> None:
    """The rows as they are read, or only what must be corrected. To look around in them checks nothing again."""
    views = {"Errors only": lambda: to_correct(problems), "All rows": lambda: all_rows(draft, problems)}
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


def all_rows(draft: Draft, problems: Sequence[Problem]) -> None:
    """The rows under our names, a page at a time."""
    grid, count = st.empty(), len(draft.rows)
    number = page_through(count, ROWS, ", as they are read.", key="sheet page") if count else 1
    first = ROWS * (number - 1)
    shown, named = draft.rows.iloc[first : first + ROWS], ["Row", *draft.header]
    lines = shown[0].tolist() if count else []
    if problems:
        wrong = {line: ", ".join(each.field for each in problems if each.line == line) for line in lines}
        shown = pd.concat([shown[[0]], shown[0].map(wrong), shown.drop(columns=[0])], axis=1, ignore_index=True)
        named.insert(1, "To correct")
    grid.dataframe(
        shown,
        hide_index=True,
        # By their places: of a stranger's columns two may bear one name.
        column_config={str(at): name for at, name in enumerate(named)},
        row_height=38,
        height="content",
        placeholder="",
        alt=f"Rows {lines[0]:,} to {lines[-1]:,} of the file" if lines else "No rows",
    )
