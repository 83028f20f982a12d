"""Counts, rates and latencies of a node, for its diagnostics."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from dataclasses import dataclass

import numpy as np

LATENCY_SAMPLES = 1000
LOST = "lost"
"""Counter of messages that the middleware lost on their way to the node."""


@dataclass(frozen=True)
class CounterReport:
    """What happened since the last report.

    Attributes:
        input_rate: Messages received per second.
        output_rate: Results published per second.
        dropped: Inputs since the last report that a newer one replaced.
        lost: Messages since the last report that the middleware lost on their way.
        rejected: Inputs since the last report that could not be used.
        totals: Counts since the start: received, published, and each reason for a loss.
        latency: p50, p95 and p99 in seconds of the newest results; None without results.
        last_problem: Text of the newest rejection since the last report.
    """

    input_rate: float
    output_rate: float
    dropped: int
    lost: int
    rejected: int
    totals: dict[str, int]
    latency: tuple[float, float, float] | None
    last_problem: str


class NodeCounters:
    """Thread-safe counters of one node."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter(
            {"received": 0, "published": 0, "dropped": 0, "rejected": 0}
        )
        self._reported: Counter[str] = Counter()
        self._reported_at: float | None = None
        self._latencies: deque[float] = deque(maxlen=LATENCY_SAMPLES)
        self._last_problem = ""

    def count(self, what: str, number: int = 1) -> None:
        """Add `number` to the counter `what`."""
        with self._lock:
            self._totals[what] += number

    def published(self, latency: float) -> None:
        """Count a result published `latency` seconds after the capture of its input.

        NaN stands for an unknown latency.
        """
        with self._lock:
            self._totals["published"] += 1
            if not math.isnan(latency):
                self._latencies.append(latency)

    def rejected(self, problem: str) -> None:
        """Count an input that could not be used, with the reason."""
        with self._lock:
            self._totals["rejected"] += 1
            self._last_problem = problem

    @property
    def totals(self) -> dict[str, int]:
        """Counts since the start."""
        with self._lock:
            return dict(self._totals)

    def report(self, now: float) -> CounterReport:
        """Return what happened since the last report.

        Args:
            now: Current time in seconds, on a clock that never goes back.
        """
        with self._lock:
            since = {name: self._totals[name] - self._reported[name] for name in self._totals}
            period = now - self._reported_at if self._reported_at is not None else 0.0
            latency = None
            if self._latencies:
                p50, p95, p99 = np.percentile(self._latencies, (50, 95, 99))
                latency = (float(p50), float(p95), float(p99))
            report = CounterReport(
                input_rate=since["received"] / period if period > 0 else 0.0,
                output_rate=since["published"] / period if period > 0 else 0.0,
                dropped=since["dropped"],
                lost=since.get(LOST, 0),
                rejected=since["rejected"],
                totals=dict(self._totals),
                latency=latency,
                last_problem=self._last_problem,
            )
            self._reported = Counter(self._totals)
            self._reported_at = now
            self._last_problem = ""
            return report
