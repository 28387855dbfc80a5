"""Figures of the running server for Prometheus, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]


class Metrics:
    """Counts requests, answers and movements.

    Args:
        waiting: how many photos wait to be answered.
    """

    def __init__(self, waiting: Callable[[], float] = lambda: 0.0) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "shelfwise_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "shelfwise_request_seconds",
            "Seconds from a request's first byte to its answer's last.",
            ["route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self._answers = Counter("shelfwise_answers", "Photos answered, by kind.", ["kind"], registry=registry)
        self._movements = Counter(
            "shelfwise_movements", "Movements booked, by kind.", ["kind"], registry=registry
        )
        Gauge("shelfwise_photos_waiting", "Photos that wait to be answered.", registry=registry).set_function(
            waiting
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, kind: str, count: int = 1) -> None:
        """Count answers: ``accept``, ``ask``, ``unknown`` or ``error``."""
        self._answers.labels(kind).inc(count)

    def booked(self, kind: str, count: int = 1) -> None:
        """Count movements of a kind."""
        self._movements.labels(kind).inc(count)

    def text(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self._registry)
