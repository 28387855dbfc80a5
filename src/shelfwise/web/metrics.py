"""Figures of the running server for Prometheus, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client import Metric

    from shelfwise.workflows.pool_figures import PoolFigures

__all__ = ["Metrics"]


class Metrics:
    """Counts requests, answers and movements; reads the answering pool when it is asked.

    Args:
        pool: figures of the answering pool; None while the model is loading.
    """

    def __init__(self, pool: Callable[[], PoolFigures | None] = lambda: None) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "shelfwise_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "shelfwise_request_seconds",
            "Seconds from a request's start to its answer's end.",
            ["route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self._answers = Counter("shelfwise_answers", "Photos answered, by kind.", ["kind"], registry=registry)
        self._movements = Counter(
            "shelfwise_movements", "Movements booked, by kind.", ["kind"], registry=registry
        )
        registry.register(_Pool(pool))

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


class _Pool(Collector):
    """The answering pool's own figures, as they are at the moment."""

    def __init__(self, read: Callable[[], PoolFigures | None]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        from shelfwise.workflows.pool_figures import SECONDS

        figures = self._read()
        if figures is None:
            return
        yield GaugeMetricFamily(
            "shelfwise_photos_waiting", "Photos that no worker has taken yet.", figures.waiting
        )
        yield GaugeMetricFamily("shelfwise_photos_running", "Photos in hand.", figures.running)
        photos = CounterMetricFamily("shelfwise_photos", "Photos sent, by how it went.", labels=["outcome"])
        for outcome in ("answered", "unreadable", "failed", "refused", "cancelled"):
            photos.add_metric([outcome], getattr(figures, outcome))
        yield photos
        seconds = HistogramMetricFamily(
            "shelfwise_photo_seconds", "Seconds from a photo's coming to its answer."
        )
        ends = [*map(str, SECONDS), "+Inf"]
        seconds.add_metric([], list(zip(ends, accumulate(figures.seconds), strict=True)), figures.seconds_sum)
        yield seconds

    def describe(self) -> list[Metric]:
        # Registering must not ask a pool that is not there yet.
        return []
