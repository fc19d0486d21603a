"""What a check of the arithmetic came to, in a line."""

from typing import Any

from pages._look import counted, markdown

AT_ONCE = 20_000
"""A book of so many loans is checked without being asked to: it takes a second or two."""


def sentence(check: Any) -> str:
    """A check in a line: what holds, how often it was put to the test, and where it does not hold."""
    claim = markdown(f"{check.claim[0].upper()}{check.claim[1:]}.")
    if not check.checked:
        return f":gray[:material/remove: {claim} Nothing to check.]"
    if check.passed:
        said = markdown(check.source) if check.source else counted(check.checked, check.noun)
        return f":green[:material/check:] {claim} :gray[{said}]"
    wrong = f"Failed for {check.failures:,} of {counted(check.checked, check.noun)}"
    return f":red[:material/error: **{wrong}:** {claim}]"
