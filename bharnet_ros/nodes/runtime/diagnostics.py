"""Publishes the counters of a node on /diagnostics."""

from __future__ import annotations

import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.nodes.runtime.watching import ClockWatch

PERIOD = 1.0
LOG_PERIOD = 5.0
"""Minimum time between two lines that say the same, seconds."""


class NodeDiagnostics:
    """Publishes the state of a node once a second.

    Args:
        node: The node.
        counters: Its counters.
        describe: Returns further values (state, device, model ...) by name; input is expected if
            `state` is "active" or missing.
        warning: Returns what is wrong though the node works; empty if nothing is.
    """

    def __init__(
        self,
        node: Node,
        counters: NodeCounters,
        describe: Callable[[], dict[str, str]],
        warning: Callable[[], str] = str,
    ) -> None:
        """Create publisher and timer."""
        self._warning = warning
        self._clock = ClockWatch(node)
        self._node = node
        self._counters = counters
        self._describe = describe
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", RELIABLE)
        # A steady clock, so that diagnostics keep coming while simulated time is paused.
        self._timer = node.create_timer(
            PERIOD, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def reject(self, problem: str) -> None:
        """Count an input that cannot be used, and log why, at most every `LOG_PERIOD`."""
        self._counters.rejected(problem)
        self._node.get_logger().error(problem, throttle_duration_sec=LOG_PERIOD)

    def publish(self) -> None:
        """Publish what happened since the last report."""
        report = self._counters.report(time.monotonic())
        values = self._describe()
        # Asked in every state, because asking also logs.
        clock = self._clock.problem(report.latency and report.latency[0])
        warning = "; ".join(filter(None, (self._warning(), clock)))
        level, message = DiagnosticStatus.OK, "ok"
        if values.get("state", "active") != "active":
            message = values["state"]
        elif report.rejected:
            level, message = DiagnosticStatus.ERROR, report.last_problem
        elif report.lost:
            level = DiagnosticStatus.WARN
            message = f"{report.lost} messages lost on their way from another process"
        elif report.dropped:
            level = DiagnosticStatus.WARN
            message = f"overloaded: {report.dropped} inputs dropped for newer ones"
        elif warning:
            level, message = DiagnosticStatus.WARN, warning
        values["input rate (Hz)"] = f"{report.input_rate:.1f}"
        values["output rate (Hz)"] = f"{report.output_rate:.1f}"
        for name, count in sorted(report.totals.items()):
            values[name] = str(count)
        if report.latency is not None:
            for name, seconds in zip(("p50", "p95", "p99"), report.latency, strict=True):
                values[f"latency {name} (ms)"] = f"{seconds * 1e3:.1f}"
        status = DiagnosticStatus(
            level=level,
            name=f"{self._node.get_fully_qualified_name()}: bharnet_ros",
            message=message,
            hardware_id=values.get("device", ""),
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
