"""Bring a book in, take it out."""

from functools import partial
from io import BytesIO

import streamlit as st

from loan_core import InvalidFile, template
from pages._desk import as_of, attempt, book, in_url
from pages._imports import NOUNS, card, open_import, past_imports
from pages._look import counted, day, figure, markdown
from pages._sheets import corrections, preview, under_our_names, watched

WAYS = {"Import": ":gray[:material/upload: Import]", "Export": ":gray[:material/download: Export]"}
KINDS = {"loans": ":gray[Loans]", "repayments": ":gray[Repayments]"}
NEEDED = {"loans": "loan_amount and repayment_period", "repayments": "loan_reference, amount and received_on"}
MOST_PASTED = 20_000_000
CSV, ZIP = "text/csv", "application/zip"


def choose(kind: str) -> tuple[str, bytes]:
    """The name and the content of what is uploaded or pasted."""
    file = st.file_uploader(f"{kind.capitalize()} as CSV", type=["csv", "tsv", "txt"], key=f"{kind} file")
    st.caption(markdown(f"At most 20 MB. Needed are {NEEDED[kind]}; every other column may be left out."))
    name, icon = f"{kind}-template.csv", ":material/description:"
    st.download_button("Template", template(kind), name, CSV, icon=icon, on_click="ignore")
    if file:
        return file.name, file.getvalue()
    pasted = st.text_area("Or paste rows from a spreadsheet", key=f"{kind} pasted", height=120)
    # The field hands over what it holds when it is left: a click on the button leaves it.
    st.button("Check rows", icon=":material/check:")
    if len(pasted) > MOST_PASTED:
        st.error("This is more than 20 MB of text. Paste fewer rows at a time.", icon=":material/error:")
        return "", b""
    return "Pasted rows", pasted.strip("\r\n").encode()


def check(kind: str, name: str, content: bytes) -> None:
    """What an import would do, or what must be corrected before."""
    place = st.empty()
    asked = {"name": name, "dry_run": True, "progress": watched(place)}
    trial, refusal = attempt(getattr(book(), f"import_{kind}"), BytesIO(content), **asked)
    place.empty()
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
        csv, file_name, icon = corrections(problems), f"{kind}-to-correct.csv", ":material/download:"
        st.download_button("Rows to correct", csv, file_name, CSV, type="primary", icon=icon, on_click="ignore")
        if refusal.count > len(problems):
            st.caption(f"The first {len(problems):,} of {refusal.count:,} errors are listed here, and in the file.")
    elif trial.new:
        label, icon = f"Import {counted(trial.new, NOUNS[kind])}", ":material/upload:"
        st.button(label, type="primary", icon=icon, on_click=wait_for, args=(kind, name, content))
    preview(content, problems)


def wait_for(*what: object) -> None:
    st.session_state.waiting = what


def bring_in(kind: str, name: str, content: bytes) -> None:
    """Write all of it or nothing. A second click at most begins again: the same file twice is one import."""
    st.header("3. Import", anchor=False)
    progress = watched(st.empty())
    receipt = getattr(book(), f"import_{kind}")(BytesIO(content), name=name, progress=progress)
    st.session_state.receipt = receipt
    open_import(receipt.batch_id)
    st.rerun()


def come_in() -> None:
    waiting, batches = st.session_state.pop("waiting", None), book().imports()
    opened = [each for each in batches if str(each.id) == st.query_params.get("import")]
    left, right = st.columns([5, 7], gap="medium")
    with left:
        if opened:
            card(opened[0])
        else:
            st.header("1. Choose a file", anchor=False)
            kind = st.segmented_control(
                "What it holds", KINDS, required=True, format_func=KINDS.get, **in_url("kind", "loans", KINDS)
            )
            name, content = choose(kind)
            renamed, refusal = attempt(under_our_names, kind, content) if content else (b"", None)
    with right:
        if waiting:
            bring_in(*waiting)
        if not opened:
            st.header("2. Check", anchor=False)
            if refusal:
                st.error(markdown(str(refusal)), icon=":material/error:")
            elif renamed.strip():
                check(kind, name[:200], renamed)
            elif content:
                st.markdown("No column has a meaning here yet. Choose what each of them is.")
            else:
                st.markdown(":gray[What you choose is checked here, row by row, before anything is written.]")
        if batches:
            past_imports(batches)


def go_out() -> None:
    whole, on = book(), as_of()
    loans, repayments = len(whole.loans(on)), whole.repayments(on, limit=1).count
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
                ZIP if is_zip else CSV,
                icon=":material/download:",
                type="primary" if is_zip else "secondary",
                on_click="ignore",
            )


def made(export, on) -> bytes:
    """A file, made on the click, on a thread that knows no session: the book and the day go with it."""
    return b"".join(export(on))


with st.container(gap=None):
    st.title("Exchange", anchor=False)
    summary = st.empty()
way = st.segmented_control(
    "Way", WAYS, required=True, format_func=WAYS.get, label_visibility="collapsed", **in_url("way", "Import", WAYS)
)
if way == "Import":
    summary.caption("A file is checked as a whole, and written as a whole or not at all.")
    come_in()
else:
    summary.caption(f"The book as of {day(as_of())}. Loans and repayments can be imported again.")
    go_out()
