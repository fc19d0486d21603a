"""The dashboard on a day of one's choice, so that pictures of it stay the same: ``python -m tests.on_a_day DAY run …``.

What comes after the day is for Streamlit.
"""

import sys
from datetime import UTC, date, datetime, time

from loan_core import Settings

HOUR = time(10, 5, tzinfo=UTC)


def instant(day: date) -> datetime:
    return datetime.combine(day, HOUR)


class SettingsOnADay(Settings):
    """Settings of a book in which it is always the same instant."""

    day = date(2026, 6, 2)

    def now(self) -> datetime:
        return instant(self.day)


if __name__ == "__main__":
    from streamlit.web.cli import main

    SettingsOnADay.day = date.fromisoformat(sys.argv[1])
    Settings.now = SettingsOnADay.now  # type: ignore[method-assign,assignment]
    Settings.day = SettingsOnADay.day  # type: ignore[attr-defined]
    sys.argv = ["streamlit", *sys.argv[2:]]
    main()
