"""How often one user or address may ask: a bucket of tokens for each, filled again at a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from shelfwise.errors import ThrottledError

__all__ = ["Rates"]

_MOST_BUCKETS: Final = 10_000


class Rates:
    """Buckets of tokens by kind and by whom they are for.

    Args:
        per_minute: how much each kind allows in a minute, and at once.
        clock: seconds that only go up.
    """

    def __init__(self, per_minute: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = dict(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, kind: str, who: str, count: int = 1) -> None:
        """Take ``count`` tokens.

        Raises:
            ThrottledError: there are too few; it says when there will be enough.
        """
        size = float(self._per_minute[kind])
        rate = size / 60
        key = (kind, who)
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(key, (size, now))
            left = min(size, left + (now - since) * rate)
            # More at once than ever fits waits for a full bucket rather than for ever.
            needed = min(float(count), size)
            enough = left >= needed
            self._buckets[key] = (left - count if enough else left, now)
            if len(self._buckets) > _MOST_BUCKETS:
                # The first is the one that was used longest ago.
                del self._buckets[next(iter(self._buckets))]
        if not enough:
            raise ThrottledError(
                f"more than {size:.0f} {kind} in a minute: wait a little", (needed - left) / rate
            )
