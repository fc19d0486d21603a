"""What comes into the book, what came into it before, and the way to take it back."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pandas as pd
import streamlit as st

from loan_core import Batch
from pages._address import go, number_in
from pages._desk import attempt, book
from pages._form import form, is_second_click
from pages._look import NOTHING, counted, day, instant, isolated, markdown, money
from pages._paging import page_through, paged
from pages._shown import say

NOUNS = {"loans": "loan", "repayments": "repayment", "demo": "made-up loan"}
ROWS = 10
WIDTHS = {"Import": 60, "File": 150, "Rows": 130, "Imported": 100, "Undone": 200}


def open_import(batch_id: int | None) -> None:
    kept = {name: asked for name, asked in st.query_params.items() if name != "import"}
    st.query_params.from_dict(kept | ({"import": str(batch_id)} if batch_id else {}))


def import_another() -> None:
    """Undone, an import says more of itself, and this button comes to stand where the other one was."""
    if not is_second_click():
        open_import(None)


def opened_import() -> Batch | None:
    """The import that the URL names: ``?import=7``; None where it names none that there is."""
    named = number_in(st.query_params.get("import", ""))
    return attempt(book().imported, named)[0] if named else None


def wait_for(*what: object) -> None:
    st.session_state.waiting = what


def bring_in(kind: str, name: str, content: bytes, progress: Callable[[str, int, int], None]) -> None:
    """Write all of it or nothing. A second click at most begins again: the same file twice is one import."""
    receipt = getattr(book(), f"import_{kind}")(BytesIO(content), name=name, progress=progress)
    st.session_state.receipt = receipt
    st.query_params.pop("page", None)
    open_import(receipt.batch_id)
    st.rerun()


def card(batch: Batch) -> None:
    """One import: what came in by it, and the way to take it back."""
    receipt = st.session_state.get("receipt")
    new = receipt if receipt and receipt.batch_id == batch.id and not receipt.is_repeat else None
    rows = {"Import": str(batch.id), "File": markdown(batch.name) or NOTHING, "New": f"{batch.rows:,}"}
    if new:
        rows |= {"Already there": f"{new.already_there:,}"}
        rows |= {f"Sum in {code}": markdown(money(amount, code)) for code, amount in new.amounts.items()}
    rows |= {"Imported": instant(batch.created_at), "By": markdown(batch.recorded_by) or NOTHING}
    if batch.undone_at:
        rows |= {"Undone": markdown(undone(batch, instant))}
    with st.container(border=True):
        done = f":green[:material/check_circle:] {counted(batch.rows, NOUNS[batch.kind])} imported"
        st.header(f":gray[:material/undo:] Import {batch.id}, undone" if batch.undone_at else done, anchor=False)
        st.table(rows, hide_header=True, border="horizontal", alt=f"Import {batch.id}")
        with st.container(horizontal=True):
            st.button("Import another", type="primary", on_click=import_another)
            if st.button("Open loans") and not is_second_click():
                go("loans")
            is_unwanted = not batch.undone_at and st.button("Undo this import", icon=":material/undo:")
        if is_unwanted:
            undoing = form(f"undo import {batch.id}")
            refusal = undoing.write(book().undo_import, batch.id)
            if undoing.written:
                say(undoing.written.sentence)
                st.rerun()
            st.error(markdown(str(refusal)), icon=":material/error:")


def undone(batch: Batch, when: Callable[[datetime], str]) -> str:
    """When an import was undone, and by whom; nothing of one that stands."""
    by = f" by {isolated(batch.undone_by)}" if batch.undone_by else ""
    return f"{when(batch.undone_at)}{by}" if batch.undone_at else ""


def _day(at: datetime) -> str:
    return day(book().day_of(at))


def past_imports() -> None:
    """What came in before, the latest first; a row opens its import."""
    found = paged(book().imports, ROWS)
    if not found.count:
        return
    st.header("Past imports", anchor=False)
    shown = found.rows
    key = f"imports {st.query_params.get('import')}"

    def open_chosen() -> None:
        chosen = st.session_state[key].selection.rows
        open_import(shown[chosen[0]].id if chosen else None)

    st.dataframe(
        pd.DataFrame(
            {
                "Import": [str(each.id) for each in shown],
                "File": [each.name for each in shown],
                "Rows": [counted(each.rows, NOUNS[each.kind]) for each in shown],
                "Imported": [_day(each.created_at) for each in shown],
                "Undone": [undone(each, _day) or None for each in shown],
            }
        ),
        key=key,
        hide_index=True,
        row_height=38,
        height="content",
        placeholder="",
        on_select=open_chosen,
        selection_mode="single-row",
        column_config={name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
        alt="Imports, the latest first",
    )
    page_through(found.count, ROWS, ". Select an import to see it, or to undo it.")
