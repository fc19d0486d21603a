"""What the API counts of itself: calls and how long they took, and what became of the status cache."""

import os
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily

from loan_core.access import App, Message, Receive, Scope, Send

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OUTCOMES = ("hits", "misses", "rejected", "down")
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One process's counts, each labelled with its number: of several workers any one may answer for its own.

    ``cache_counts`` is the book's own counter, once there is a book.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "loans_requests", "Calls answered.", ["route", "method", "status", "worker"], registry=self._registry
        )
        self._seconds = Histogram(
            "loans_request_seconds",
            "Seconds until a call was answered.",
            ["route", "method", "worker"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.cache_counts: Mapping[str, int] = {}
        self._registry.register(self)
        self._counted = lru_cache(
            lambda route, method, status: (
                self._calls.labels(route, method, str(status), _worker()),
                self._seconds.labels(route, method, _worker()),
            )
        )

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What Prometheus asks of a collector: here the status cache's counts."""
        labels = ["outcome", "worker"]
        family = CounterMetricFamily("loans_status_cache", "What was found of a status in Redis.", labels=labels)
        for outcome in _OUTCOMES:
            family.add_metric([outcome, _worker()], self.cache_counts.get(outcome, 0))
        yield family

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def measured(self, app: App) -> App:
        """The app, with each of its calls counted under the route's template: ``/loans/{loan_id}``."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            status, started = 500, time.perf_counter()

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                calls, seconds = self._counted(route, method, status)
                calls.inc()
                seconds.observe(time.perf_counter() - started)

        return counted


def _worker() -> str:
    # Asked when counting begins: a server may read this file before it divides itself into workers.
    return str(os.getpid())
