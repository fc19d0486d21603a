"""A stranger's sheet: how it is brought, and what its columns mean here."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pandas as pd
import streamlit as st

from loan_core import Refusal, as_our_csv, guessed, read_sheet, template
from pages._desk import Answer, attempt
from pages._look import counted, markdown

NEEDED = {"loans": "loan_amount and repayment_period", "repayments": "loan_reference, amount and received_on"}
MOST_PASTED = 20_000_000


@dataclass(frozen=True)
class Brought:
    """What is uploaded or pasted. By its ``key`` the same is known again, without being read."""

    name: str
    key: Hashable
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Draft:
    """A sheet under our names, ready to be checked: as a file, and as a table whose first column is the line."""

    key: Hashable
    content: bytes
    header: tuple[str, ...]
    rows: pd.DataFrame


def remembered(name: str, key: Hashable, make: Callable[[], Answer]) -> Answer:
    """What this session made last under this name, made again where the key is another one.

    A file may have a hundred thousand rows, and a page runs at every click.
    """
    known: tuple[Hashable, Answer] | None = st.session_state.get(name)
    if known is None or known[0] != key:
        known = st.session_state[name] = (key, make())
    return known[1]


def bring(kind: str) -> Brought | None:
    """The file or the rows that somebody chose; None until then."""
    file = st.file_uploader(f"{kind.capitalize()} as CSV", type=["csv", "tsv", "txt"], key=f"{kind} file")
    st.caption(markdown(f"At most 20 MB. Needed are {NEEDED[kind]}; every other column may be left out."))
    name, icon = f"{kind}-template.csv", ":material/description:"
    st.download_button("Template", template(kind), name, "text/csv", icon=icon, on_click="ignore")
    if file:
        return Brought(file.name[:200], (kind, file.file_id), file.getvalue)
    pasted = st.text_area("Or paste rows from a spreadsheet", key=f"{kind} pasted", height=120).strip("\r\n")
    # The field hands over what it holds when it is left: a click on the button leaves it.
    st.button("Check rows", icon=":material/check:")
    if len(pasted) > MOST_PASTED:
        st.error("This is more than 20 MB of text. Paste fewer rows at a time.", icon=":material/error:")
        return None
    return Brought("Pasted rows", (kind, pasted), pasted.encode) if pasted else None


def under_our_names(kind: str, brought: Brought) -> tuple[Draft | None, Refusal | None]:
    """The rows under our names for their columns, as guessed or as corrected; or why they cannot be read."""
    header, refusal = remembered("header", brought.key, lambda: attempt(_header, brought.read()))
    if header is None:
        return None, refusal
    meant = columns_meant(kind, header)
    key = (brought.key, tuple(meant.items()))
    return remembered("draft", key, lambda: attempt(_draft, key, brought.read(), meant))


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


def _header(content: bytes) -> tuple[str, ...]:
    return read_sheet(content).header


def _draft(key: Hashable, content: bytes, meant: Mapping[str, str]) -> Draft:
    """A file that has our names already stays as it is, to the byte: here and at the prompt it is the same file."""
    renamed: Any = as_our_csv(read_sheet(content), meant)
    renamed = content if _first_line(content) == _first_line(renamed) else renamed
    if not renamed.strip():
        return Draft(key, b"", (), pd.DataFrame())
    sheet = read_sheet(renamed)
    # A cell may hold line breaks: a row goes by the line that it begins on.
    lines = accumulate((1 + sum(cell.count("\n") for cell in row) for row in sheet.rows), initial=2 + sheet.above)
    rows = pd.DataFrame(_as_wide(sheet.rows, len(sheet.header)), dtype="str")
    rows.insert(0, "line", list(lines)[:-1])
    return Draft(key, renamed, sheet.header, rows.set_axis(range(rows.shape[1]), axis=1))


def _as_wide(rows: Sequence[Sequence[str]], columns: int) -> list[Sequence[str]]:
    """Rows of one width, that of the header. Where some are longer it is one more: a table is as wide as its widest."""
    width = columns + any(len(row) > columns for row in rows)
    return [row if len(row) == width else [*row[:width], *[""] * (width - len(row))] for row in rows]


def _first_line(content: bytes) -> bytes:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").partition(b"\n")[0].strip()
