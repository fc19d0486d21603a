"""What the environment says of a book, and when its day begins."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loan_core.calculation.position import Thresholds
from loan_core.errors import InvalidSetting
from loan_core.settings import Settings


@dataclass(frozen=True)
class FixedClock(Settings):
    """Settings whose clock stands still."""

    at: datetime = datetime(2026, 6, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def machine_in_kiribati(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone is UTC+14, the first on earth to see a day."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("environment", [{}, dict.fromkeys(
    "SQLALCHEMY_DATABASE_URI LOANS_TIMEZONE LOANS_AHEAD_PERCENT LOANS_BEHIND_PERCENT LOANS_CURRENCY "
    "LOANS_RECORDED_BY".split(), "")], ids=["nothing set", "all set to nothing"])  # fmt: skip
def test_without_a_word_from_the_environment_a_book_is_kept_so(environment):
    assert Settings.read(environment) == Settings(
        database_uri="sqlite:///loans.db",
        timezone=None,
        # DOMAIN: Ahead from 1.10 times the expected, Behind below 0.90 of it.
        thresholds=Thresholds(ahead_percent=110, behind_percent=90),
        currency="USD",
        recorded_by="",
    )


@pytest.mark.parametrize(
    ("variable", "value", "field", "meaning"),
    [
        ("SQLALCHEMY_DATABASE_URI", "postgresql://db/loans", "database_uri", "postgresql://db/loans"),
        ("LOANS_TIMEZONE", "Africa/Nairobi", "timezone", ZoneInfo("Africa/Nairobi")),
        ("LOANS_AHEAD_PERCENT", "200", "thresholds", Thresholds(ahead_percent=200, behind_percent=90)),
        ("LOANS_BEHIND_PERCENT", "1", "thresholds", Thresholds(ahead_percent=110, behind_percent=1)),
        ("LOANS_BEHIND_PERCENT", "110", "thresholds", Thresholds(ahead_percent=110, behind_percent=110)),
        ("LOANS_CURRENCY", "KES", "currency", "KES"),
        ("LOANS_RECORDED_BY", "Front desk", "recorded_by", "Front desk"),
    ],
)
def test_a_variable_says_one_thing_and_leaves_the_others(variable, value, field, meaning):
    read, default = Settings.read({variable: value}), Settings()
    assert getattr(read, field) == meaning
    others = {"database_uri", "timezone", "thresholds", "currency", "recorded_by"} - {field}
    assert {name: getattr(read, name) for name in others} == {name: getattr(default, name) for name in others}


def test_the_environment_is_the_processes_own_unless_another_is_given(monkeypatch):
    monkeypatch.setenv("LOANS_CURRENCY", "JPY")
    assert Settings.read().currency == "JPY"


A_PERCENT = "Write a whole percent from 1 to 200, such as {}."
A_ZONE = "Write a zone's name, such as Africa/Nairobi."
A_CODE = "Write an ISO 4217 code, such as USD."


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        *(
            ("LOANS_AHEAD_PERCENT", value, A_PERCENT.format(110))
            for value in ("0", "201", "110%", "1.1", "-5", "a lot")
        ),
        # Digits of another script are digits to Python, and would be read.
        ("LOANS_AHEAD_PERCENT", "\u0661\u0661\u0660", A_PERCENT.format(110)),
        ("LOANS_BEHIND_PERCENT", "0.9", A_PERCENT.format(90)),
        # A zone that is none; an abbreviation; a path out of the zones' folder; a folder of zones; not even a path.
        *(
            ("LOANS_TIMEZONE", value, A_ZONE)
            for value in ("Mars/Olympus", "EAT3", "../etc/passwd", "Africa", "/", "\0")
        ),
        *(("LOANS_CURRENCY", value, A_CODE) for value in ("usd", "XXQ", "Dollars")),
    ],
)
def test_a_value_that_cannot_mean_anything_is_refused_by_its_name(variable, value, right):
    with pytest.raises(InvalidSetting) as refused:
        Settings.read({variable: value})
    assert (refused.value.name, str(refused.value)) == (variable, f"{variable} is {value!r}. {right}")


def test_nobody_is_behind_and_ahead_at_once():
    with pytest.raises(InvalidSetting) as refused:
        Settings.read({"LOANS_AHEAD_PERCENT": "100", "LOANS_BEHIND_PERCENT": "101"})
    assert str(refused.value) == "LOANS_BEHIND_PERCENT is '101'. It cannot exceed LOANS_AHEAD_PERCENT (100)."


def test_a_name_longer_than_a_row_holds_is_refused_before_it_reaches_the_database():
    # recorded_by has room for 100 characters; PostgreSQL would refuse every write.
    assert Settings.read({"LOANS_RECORDED_BY": "N" * 100}).recorded_by == "N" * 100
    with pytest.raises(InvalidSetting) as refused:
        Settings.read({"LOANS_RECORDED_BY": "N" * 101})
    assert refused.value.name == "LOANS_RECORDED_BY"


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        # Nairobi is UTC+3, all year.
        ("Africa/Nairobi", datetime(2026, 6, 1, 20, 59, 59, tzinfo=UTC), date(2026, 6, 1)),
        ("Africa/Nairobi", datetime(2026, 6, 1, 21, tzinfo=UTC), date(2026, 6, 2)),
        # New York is UTC−5 in winter and UTC−4 in summer: the clocks went forward on 8 March 2026.
        ("America/New_York", datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC), date(2026, 3, 7)),
        ("America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC), date(2026, 3, 8)),
        ("America/New_York", datetime(2026, 3, 9, 3, 59, 59, tzinfo=UTC), date(2026, 3, 8)),
        ("America/New_York", datetime(2026, 3, 9, 4, tzinfo=UTC), date(2026, 3, 9)),
        ("UTC", datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), date(2026, 12, 31)),
        ("UTC", datetime(2027, 1, 1, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_the_day_turns_over_at_midnight_in_the_books_zone(zone, instant, day):
    assert FixedClock(timezone=ZoneInfo(zone), at=instant).today() == day


@pytest.mark.usefixtures("machine_in_kiribati")
def test_without_a_zone_the_day_is_the_machines():
    before_midnight = datetime(2026, 6, 1, 9, 59, 59, tzinfo=UTC)
    assert FixedClock(at=before_midnight).today() == date(2026, 6, 1)
    assert FixedClock(at=before_midnight.replace(hour=10, minute=0, second=0)).today() == date(2026, 6, 2)
    assert FixedClock(at=before_midnight, timezone=ZoneInfo("UTC")).today() == date(2026, 6, 1)


def test_the_clock_tells_the_instant_in_utc():
    before = datetime.now(UTC)
    now = Settings(timezone=ZoneInfo("Asia/Tokyo")).now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC
