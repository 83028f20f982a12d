"""Warnings of a step of the chain, in the log of its node."""

from __future__ import annotations

from types import SimpleNamespace

from bharnet_ros.nodes.runtime import topic_log
from bharnet_ros.nodes.runtime.topic_log import TopicLog


def test_a_warning_with_a_period_is_not_repeated_within_it(monkeypatch):
    lines: list[str] = []
    node = SimpleNamespace(get_logger=lambda: SimpleNamespace(warning=lines.append))
    now = [100.0]
    monkeypatch.setattr(topic_log.time, "monotonic", lambda: now[0])
    log = TopicLog(node, lambda: "/scores")
    for at, text, period_s in (
        (100.0, "late", 5.0),
        (101.0, "late", 5.0),
        (102.0, "lost", 5.0),
        (103.0, "back", 0.0),
        (103.0, "back", 0.0),
        (105.5, "late", 5.0),
    ):
        now[0] = at
        log.warn(text, period_s)
    expected = ["late", "lost", "back", "back", "late"]
    assert lines == [f"/scores: {text}" for text in expected]
