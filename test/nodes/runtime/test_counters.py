"""Counts, rates and latencies of a node."""

from __future__ import annotations

import pytest

from bharnet_ros.nodes.runtime.counters import NodeCounters


def test_rates_are_those_since_the_last_report():
    counters = NodeCounters()
    counters.report(100.0)
    counters.count("received", 30)
    for _ in range(20):
        counters.published(0.05)
    report = counters.report(102.0)
    assert (report.input_rate, report.output_rate) == (15.0, 10.0)
    quiet = counters.report(103.0)
    assert (quiet.input_rate, quiet.output_rate) == (0.0, 0.0)
    assert (quiet.totals["received"], quiet.totals["published"]) == (30, 20)


def test_latency_percentiles_are_those_of_all_results():
    counters = NodeCounters()
    assert counters.report(0.0).latency is None
    for milliseconds in range(101):
        counters.published(milliseconds / 1e3)
    assert counters.report(1.0).latency == pytest.approx((0.050, 0.095, 0.099))


def test_losses_are_reported_once_and_stay_in_the_totals():
    counters = NodeCounters()
    counters.count("dropped", 2)
    counters.rejected("image_raw: odd")
    report = counters.report(1.0)
    assert (report.dropped, report.rejected, report.last_problem) == (2, 1, "image_raw: odd")
    later = counters.report(2.0)
    assert (later.dropped, later.rejected, later.last_problem) == (0, 0, "")
    assert (later.totals["dropped"], later.totals["rejected"]) == (2, 1)
