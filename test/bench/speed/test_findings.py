"""What the bench of an hour finds in events and readings."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy", reason="the bench runs ROS nodes")

SECOND = 1_000_000_000


def events(*spans: tuple[str, float, float | None]) -> list[Any]:
    """Return ONSET and OFFSET of events by label, start and end in seconds."""
    from bharnet_ros.msg import ActionEvent
    from bharnet_ros.nodes.conversions import time_from_ns

    made = []
    for number, (label, start, end) in enumerate(spans):
        for phase in (ActionEvent.ONSET, ActionEvent.OFFSET)[: 1 if end is None else 2]:
            event = ActionEvent(event_id=str(number), phase=phase, label=label)
            event.start = time_from_ns(round(start * SECOND))
            event.end = time_from_ns(round((end or 0) * SECOND))
            made.append(event)
    return made


@pytest.mark.parametrize(
    ("spans", "right", "outside", "left_open"),
    [
        ([("hello", 10.5, 13)], 1, 0, 0),
        ([("thanks", 10.5, 13)], 0, 0, 0),
        ([("hello", 10.5, 11), ("hello", 12, 13)], 0, 0, 0),
        ([], 0, 0, 0),
        ([("hello", 10.5, 13), ("no", 20, 21)], 1, 1, 0),
        ([("hello", 10.5, None)], 1, 0, 1),
    ],
)
def test_an_action_is_right_with_one_event_of_its_name(
    bench: Any, spans: Any, right: int, outside: int, left_open: int
) -> None:
    findings = bench("speed.findings")
    shown = [findings.Shown("hello", 10 * SECOND, 13 * SECOND, True)]
    found = findings.judge(shown, events(*spans))
    assert found.counts == {
        "actions": 1,
        "right": right,
        "events outside": outside,
        "left open": left_open,
    }


def test_what_was_wrong_is_told(bench: Any) -> None:
    findings = bench("speed.findings")
    shown = [findings.Shown("hello", 10 * SECOND, 13 * SECOND, True)]
    found = findings.judge(shown, events(("thanks", 10.5, 13), ("no", 20, None)))
    assert found.wrong == ["hello from 0.0 to 3.0 s: thanks from 0.5 to 3.0 s"]
    assert found.outside == ["no from 10.0 to open"]


@pytest.mark.parametrize(
    ("a_reading", "threads", "said"),
    [(0.0, 7, "flat, constant"), (1.0, 7, "GROWS, constant"), (0.0, 8, "flat, CHANGE")],
)
def test_growth_is_seen_after_the_first_fifth(
    bench: Any, a_reading: float, threads: int, said: str
) -> None:
    findings = bench("speed.findings")
    # The second reading, the first after a fifth, is the one that the others are compared with.
    readings = [
        findings.Reading(2.0 * number, 100 + a_reading * number, 7, 20) for number in range(9)
    ]
    readings.append(findings.Reading(18.0, 100 + a_reading * 9, threads, 20))
    assert findings.verdict(readings) == said
