"""Bring a book in, take it out."""

from functools import partial

import streamlit as st

from pages._address import as_of, in_url
from pages._checks import check, watched
from pages._controls import switch
from pages._desk import book, made
from pages._imports import bring_in, card, opened_import, past_imports
from pages._look import counted, day, markdown
from pages._sheets import bring, under_our_names

WAYS = {"Import": ":gray[:material/upload: Import]", "Export": ":gray[:material/download: Export]"}
KINDS = {"loans": ":gray[Loans]", "repayments": ":gray[Repayments]"}


def come_in() -> None:
    waiting, opened = st.session_state.pop("waiting", None), opened_import()
    draft = refusal = brought = None
    left, right = st.columns([5, 7], gap="medium")
    with left:
        if opened:
            card(opened)
        else:
            st.header("1. Choose a file", anchor=False)
            kind = st.segmented_control(
                "What it holds", KINDS, required=True, format_func=KINDS.get, **in_url("kind", "loans", KINDS)
            )
            if brought := bring(kind):
                draft, refusal = under_our_names(kind, brought)
    with right:
        if waiting:
            st.header("3. Import", anchor=False)
            bring_in(*waiting, progress=watched(st.empty()))
        if not opened:
            st.header("2. Check", anchor=False)
            if refusal:
                st.error(markdown(str(refusal)), icon=":material/error:")
            elif draft and draft.header:
                check(kind, brought.name, draft)
            elif brought:
                st.markdown("No column has a meaning here yet. Choose what each of them is.")
            else:
                st.markdown(":gray[What you choose is checked here, row by row, before anything is written.]")
        # One list to turn over at a time: to who hears a page, two paginations are of one name.
        if not draft:
            past_imports()


def go_out() -> None:
    whole, on = book(), as_of()
    loans, repayments = whole.loan_page(on, limit=0).count, whole.repayments(on, limit=0).count
    by_now = f"by {day(on)}, reversals included"
    for name, said, file_name, export in (
        ("Whole book", "Everything below, and what each column means", f"loan-book-{on}.zip", whole.export_all),
        ("Loans", f"{counted(loans, 'loan')} with status on {day(on)}", f"loans-{on}.csv", whole.export_loans),
        (
            "Repayments",
            f"{counted(repayments, 'repayment')} {by_now}",
            f"repayments-{on}.csv",
            whole.export_repayments,
        ),
        ("Schedule", f"Every installment, paid or not on {day(on)}", f"schedule-{on}.csv", whole.export_schedule),
    ):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{name}**")
                st.caption(f"{said} · {file_name}")
            is_zip = file_name.endswith("zip")
            st.download_button(
                f"Download {name.lower()}",
                partial(made, export, on),
                file_name,
                "application/zip" if is_zip else "text/csv",
                icon=":material/download:",
                type="primary" if is_zip else "secondary",
                on_click="ignore",
            )


with st.container(gap=None):
    st.title("Exchange", anchor=False)
    summary = st.empty()
way = switch("Way", "way", WAYS, words=WAYS.get)
if way == "Import":
    summary.caption("A file is checked as a whole, and written as a whole or not at all.")
    come_in()
else:
    summary.caption(f"The book as of {day(as_of())}. Loans and repayments can be imported again.")
    go_out()
