"""What the environment says, read once at a door."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from loan_core.calculation.money import CURRENCIES
from loan_core.calculation.position import Thresholds
from loan_core.errors import InvalidSetting

LONGEST_NAME = 100


@dataclass(frozen=True)
class Settings:
    """How this book is kept. ``timezone`` None is the machine's own; ``currency`` is of entries that name none."""

    database_uri: str = "sqlite:///loans.db"
    timezone: tzinfo | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    database_connections: int = 15
    redis_url: str = "redis://localhost:6379/0"
    currency: str = "USD"
    recorded_by: str = ""
    api_tokens: str = ""
    api_calls_per_minute: int = 6_000
    cors_origins: tuple[str, ...] = ()
    memory_mb: int = 512

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of an environment; ``InvalidSetting`` where a variable cannot mean anything."""
        ahead = _number(environment, "LOANS_AHEAD_PERCENT", 110, 200, "percent")
        behind = _number(environment, "LOANS_BEHIND_PERCENT", 90, 200, "percent")
        if behind > ahead:
            raise InvalidSetting(
                "LOANS_BEHIND_PERCENT", str(behind), f"It cannot exceed LOANS_AHEAD_PERCENT ({ahead})."
            )
        currency = environment.get("LOANS_CURRENCY") or cls.currency
        if currency not in CURRENCIES:
            raise InvalidSetting("LOANS_CURRENCY", currency, "Write an ISO 4217 code, such as USD.")
        recorded_by = environment.get("LOANS_RECORDED_BY", "")
        if len(recorded_by) > LONGEST_NAME:
            raise InvalidSetting("LOANS_RECORDED_BY", recorded_by, f"Write at most {LONGEST_NAME} characters.")
        return cls(
            redis_url=environment.get("REDIS_URL") or cls.redis_url,
            currency=currency,
            database_uri=environment.get("SQLALCHEMY_DATABASE_URI") or cls.database_uri,
            database_connections=_number(environment, "LOANS_DATABASE_CONNECTIONS", cls.database_connections, 1_000),
            timezone=_timezone(environment.get("LOANS_TIMEZONE", "")),
            thresholds=Thresholds(ahead_percent=ahead, behind_percent=behind),
            recorded_by=recorded_by,
            api_tokens=environment.get("LOANS_API_TOKENS", ""),
            api_calls_per_minute=_number(environment, "LOANS_API_CALLS_PER_MINUTE", cls.api_calls_per_minute, 10**6),
            memory_mb=_number(environment, "LOANS_MEMORY_MB", cls.memory_mb, 10**6, "number of megabytes"),
            cors_origins=tuple(filter(None, re.split(r"[,\s]+", environment.get("LOANS_CORS_ORIGINS", "")))),
        )

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Today, in the book's time zone: the one place where a day comes from a clock."""
        return self.day_of(self.now())

    def day_of(self, instant: datetime) -> date:
        """The day in the book's time zone on which an instant lay."""
        return instant.astimezone(self.timezone).date()

    def seconds_of_today_left(self) -> int:
        """Until midnight in the book's time zone, where a day may have 23 hours, or 25."""
        now = self.now()
        return int((self._midnight_after(self.day_of(now)) - now).total_seconds())

    def end_of(self, day: date) -> datetime:
        """The last instant of a day in the book's time zone, in UTC."""
        return self._midnight_after(day) - timedelta(microseconds=1)

    def _midnight_after(self, day: date) -> datetime:
        morning = datetime.combine(day + timedelta(days=1), datetime.min.time())
        midnight = morning.replace(tzinfo=self.timezone) if self.timezone else morning.astimezone()
        return midnight.astimezone(UTC)


def _number(environment: Mapping[str, str], name: str, default: int, largest: int, what: str = "number") -> int:
    found = environment.get(name) or str(default)
    if not (found.isascii() and found.isdigit() and 1 <= int(found) <= largest):
        raise InvalidSetting(name, found, f"Write a whole {what} from 1 to {largest}, such as {default}.")
    return int(found)


def _timezone(name: str) -> tzinfo | None:
    if not name:
        return None
    # A name of a zone is also a path of a file: KeyError-like and path-like failures mean the same here.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidSetting("LOANS_TIMEZONE", name, "Write a zone's name, such as Africa/Nairobi.") from error
