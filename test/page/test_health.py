"""Diagnostics in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bharnet_ros.page.health import SILENT_S, ChainHealth, Level

NODES = ("pose_extraction", "recognition", "action_event_publisher")


def report(*nodes: str, level: bytes = b"\0", message: str = "ok", **values: str) -> Any:
    """Return a DiagnosticArray of nodes, named with their namespace."""
    pairs = {"input rate (Hz)": "30.0", "output rate (Hz)": "29.5", **values}
    return SimpleNamespace(
        status=[
            SimpleNamespace(
                name=f"{node}: bharnet_ros",
                level=level,
                message=message,
                values=[SimpleNamespace(key=key, value=value) for key, value in pairs.items()],
            )
            for node in nodes
        ]
    )


@pytest.fixture
def health() -> ChainHealth:
    health = ChainHealth("/robot")
    health.take(report(*(f"/robot/{node}" for node in NODES)), 100.0)
    return health


def test_a_complete_chain_needs_no_advice(health):
    assert health.advice(101.0) == ""
    assert [one.node for one in health.nodes(101.0)] == list(NODES)


def test_nothing_running_is_said():
    assert ChainHealth().advice(0.0) == "Nothing is running in namespace /."
    assert ChainHealth("/robot").advice(0.0) == "Nothing is running in namespace /robot."


def test_nodes_of_another_namespace_are_left_out():
    health = ChainHealth("/robot")
    health.take(report("/recognition", "/robot2/recognition", "/robot/deep/recognition"), 0.0)
    health.take(report("/robot/somebody_else"), 0.0)
    assert health.nodes(0.0) == []


def test_rates_latencies_and_losses_are_told(health):
    values = {"latency p50 (ms)": "24.4", "dropped": "3", "rejected": "0"}
    overloaded = "overloaded: 3 inputs dropped for newer ones"
    health.take(report("/robot/pose_extraction", level=b"\1", message=overloaded, **values), 101.0)
    found = health.nodes(101.0)[0]
    assert found.level is Level.WARNING
    assert found.text == (
        f"29.5 images with keypoints a second; 24 ms after capture; 3 dropped so far; {overloaded}"
    )


def test_a_silent_node_has_stopped(health):
    later = 100.0 + SILENT_S
    health.take(report("/robot/pose_extraction", "/robot/recognition"), later)
    assert health.stopped("action_event_publisher", later)
    assert not health.stopped("recognition", later) and not health.stopped("overlay", later)
    assert health.nodes(later)[-1].level is Level.STOPPED
    assert "action_event_publisher does not report" in health.advice(later)


def test_an_inactive_node_and_a_missing_camera_are_told(health):
    health.take(report("/robot/recognition", state="inactive"), 100.5)
    assert health.advice(101.0) == "Waiting: recognition is inactive."
    health.take(report("/robot/recognition", state="active"), 100.5)
    health.take(report("/robot/pose_extraction", **{"input rate (Hz)": "0.0"}), 100.5)
    assert health.advice(101.0) == "No images arrive: is the camera running?"


@pytest.mark.parametrize("value", ["", "fast", "nan?"])
def test_a_rate_that_is_no_number_does_no_harm(value):
    health = ChainHealth()
    health.take(report("/pose_extraction", **{"output rate (Hz)": value}), 0.0)
    assert "0.0 images" in health.nodes(0.0)[0].text
