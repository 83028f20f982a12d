"""Event metrics as tables and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from event_examples import by_hand, event, recording

from bharnet_ros.evaluation.event_tables import format_event_metrics
from bharnet_ros.evaluation.metrics.events import measure
from bharnet_ros.evaluation.tables import without_nan
from bharnet_ros.types.timeline import TrueAction


def test_metrics_become_json_and_tables() -> None:
    silent = recording([], [], name="two")
    for metrics in (measure([by_hand(), silent]), measure([silent])):
        content = json.loads(json.dumps(without_nan(asdict(metrics)), allow_nan=False))
        assert content["recordings"] == metrics.recordings
        assert "tIoU" in format_event_metrics(metrics)
    content = without_nan(asdict(measure([by_hand()])))
    assert content["mistakes"][0]["kind"] == "badly_timed"
    assert content["mistakes"][0]["event"]["latency_s"] == 0.2
    text = format_event_metrics(measure([by_hand()]))
    assert "false per minute of it    2.73" in text
    assert ["wave", "2", "3", "1", "33.33%", "50.00%", "40.00%", "50.00%"] in [
        row.split() for row in text.splitlines()
    ]


def test_with_many_labels_the_most_confused_pairs_are_listed() -> None:
    truth = [TrueAction(f"sign {number}", number, number + 1.0) for number in range(30)]
    events = [event(one.label, one.start_s, one.end_s) for one in truth[2:]]
    events += [event("sign 7", 0.0, 1.0), event("sign 7", 1.0, 2.0)]
    text = format_event_metrics(measure([recording(truth, events)]))
    assert text.splitlines()[-2:] == ["sign 0, sign 7      1", "sign 1, sign 7      1"]
