"""What the environment says of a book, and when its day begins."""

import time
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loan_core.calculation.position import Thresholds
from loan_core.errors import InvalidSetting
from loan_core.settings import Settings
from tests.lending import FixedClock


@pytest.fixture
def machine_in_kiribati(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone is UTC+14, the first on earth to see a day."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


# What a variable says, in which field, and what that means.
SAID = [
    ("SQLALCHEMY_DATABASE_URI", "postgresql://db/loans", "database_uri", "postgresql://db/loans"),
    ("LOANS_DATABASE_CONNECTIONS", "3", "database_connections", 3),
    ("REDIS_URL", "off", "redis_url", "off"),
    ("LOANS_TIMEZONE", "Africa/Nairobi", "timezone", ZoneInfo("Africa/Nairobi")),
    ("LOANS_AHEAD_PERCENT", "200", "thresholds", Thresholds(ahead_percent=200, behind_percent=90)),
    ("LOANS_BEHIND_PERCENT", "1", "thresholds", Thresholds(ahead_percent=110, behind_percent=1)),
    ("LOANS_BEHIND_PERCENT", "110", "thresholds", Thresholds(ahead_percent=110, behind_percent=110)),
    ("LOANS_CURRENCY", "KES", "currency", "KES"),
    ("LOANS_RECORDED_BY", "Front desk", "recorded_by", "Front desk"),
    ("LOANS_API_TOKENS", "desk:s3cret", "api_tokens", "desk:s3cret"),
    ("LOANS_API_CALLS_PER_MINUTE", "1000000", "api_calls_per_minute", 10**6),
    ("LOANS_MEMORY_MB", "64", "memory_mb", 64),
    (
        "LOANS_CORS_ORIGINS",
        " https://a.example, https://b.example",
        "cors_origins",
        ("https://a.example", "https://b.example"),
    ),
]
VARIABLES = {variable for variable, *_ in SAID}


@pytest.mark.parametrize("environment", [{}, dict.fromkeys(VARIABLES, "")], ids=["nothing set", "all set to nothing"])
def test_without_a_word_from_the_environment_a_book_is_kept_so(environment):
    assert asdict(Settings.read(environment)) == {
        "database_uri": "sqlite:///loans.db",
        "database_connections": 15,
        "redis_url": "redis://localhost:6379/0",
        "timezone": None,
        # DOMAIN: Ahead from 1.10 times the expected, Behind below 0.90 of it.
        "thresholds": {"ahead_percent": 110, "behind_percent": 90},
        "currency": "USD",
        "recorded_by": "",
        "api_tokens": "",
        "api_calls_per_minute": 6_000,
        "cors_origins": (),
        "memory_mb": 512,
    }


@pytest.mark.parametrize(("variable", "value", "field", "meaning"), SAID)
def test_a_variable_says_one_thing_and_leaves_the_others(variable, value, field, meaning):
    assert Settings.read({variable: value}) == replace(Settings(), **{field: meaning})


def test_every_field_has_its_variable():
    assert {field for _, _, field, _ in SAID} == {field.name for field in fields(Settings)}


def test_the_environment_is_the_processes_own_unless_another_is_given(monkeypatch):
    monkeypatch.setenv("LOANS_CURRENCY", "JPY")
    assert Settings.read().currency == "JPY"


A_PERCENT = "Write a whole percent from 1 to 200, such as {}."
A_NUMBER = "Write a whole number from 1 to 1000000, such as 6000."
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
        *(("LOANS_API_CALLS_PER_MINUTE", value, A_NUMBER) for value in ("0", "1000001", "many", "1e3")),
        # A zone that is none; an abbreviation; a path out of the zones' folder; folders.
        *(("LOANS_TIMEZONE", value, A_ZONE) for value in ("Mars/Olympus", "EAT3", "../etc/passwd", "Africa", "/")),
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


@pytest.mark.parametrize(
    ("zone", "instant", "hours"),
    [
        ("UTC", datetime(2026, 6, 2, 12, tzinfo=UTC), 12),
        ("UTC", datetime(2026, 6, 2, tzinfo=UTC), 24),
        ("Africa/Nairobi", datetime(2026, 6, 2, 20, tzinfo=UTC), 1),
        # The clocks of New York went forward on 8 March 2026 and go back on 1 November.
        ("America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC), 23),
        ("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC), 25),
        # On 4 November 2018 there was no midnight in São Paulo: after 23:59 it was 01:00.
        ("America/Sao_Paulo", datetime(2018, 11, 3, 15, tzinfo=UTC), 12),
    ],
)
def test_what_is_left_of_a_day_is_left_until_midnight(zone, instant, hours):
    assert FixedClock(timezone=ZoneInfo(zone), at=instant).seconds_of_today_left() == hours * 3600


@pytest.mark.usefixtures("machine_in_kiribati")
def test_without_a_zone_what_is_left_is_left_by_the_machines():
    assert FixedClock(at=datetime(2026, 6, 1, 9, 59, 58, tzinfo=UTC)).seconds_of_today_left() == 2


def test_the_clock_tells_the_instant_in_utc():
    before = datetime.now(UTC)
    now = Settings(timezone=ZoneInfo("Asia/Tokyo")).now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC
