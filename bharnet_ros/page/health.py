"""What the diagnostics of the chain say, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bharnet_ros.messages.reading import Message

SILENT_S = 3.0
"""A node that has not reported for so long has stopped; it reports once a second."""

_SUFFIX = ": bharnet_ros"
_CHAIN = {
    "video_source": "images played",
    "pose_extraction": "images with keypoints",
    "recognition": "scores",
    "action_event_publisher": "events",
}
"""The nodes of the chain in its order, and what each gives."""

_NEEDED = ("pose_extraction", "recognition", "action_event_publisher")
_HELPERS = ("overlay", "page")


class Level(Enum):
    """How well a node does."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    STOPPED = "stopped"


@dataclass(frozen=True)
class NodeHealth:
    """How one node does.

    Attributes:
        node: Name of the node without its namespace.
        level: How well.
        text: What it does, and what is wrong, in words.
    """

    node: str
    level: Level
    text: str


@dataclass(frozen=True)
class _Report:
    seconds: float
    level: int
    message: str
    values: Mapping[str, str]


class ChainHealth:
    """Collects `/diagnostics` of the nodes in one namespace.

    Times are seconds on a clock that never goes back.
    """

    def __init__(self, namespace: str = "/") -> None:
        """Start without reports.

        Args:
            namespace: Namespace of the nodes, such as "/" or "/robot1".
        """
        self._prefix = namespace.rstrip("/") + "/"
        self._reports: dict[str, _Report] = {}

    def take(self, message: Message, now_s: float) -> None:
        """Take a DiagnosticArray; reports of other nodes are left out."""
        for status in message.status:
            name = status.name.removesuffix(_SUFFIX)
            node = name.removeprefix(self._prefix)
            if name == status.name or name == node or node not in (*_CHAIN, *_HELPERS):
                continue
            level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
            values = {one.key: one.value for one in status.values}
            self._reports[node] = _Report(now_s, level, status.message, values)

    def nodes(self, now_s: float) -> list[NodeHealth]:
        """Return how each node of the chain does that has reported, in the order of the chain."""
        return [
            _in_words(node, self._reports[node], now_s) for node in _CHAIN if node in self._reports
        ]

    def running(self, node: str, now_s: float) -> bool:
        """Return whether a node reports."""
        report = self._reports.get(node)
        return report is not None and now_s - report.seconds < SILENT_S

    def stopped(self, node: str, now_s: float) -> bool:
        """Return whether a node has reported and does so no longer."""
        return node in self._reports and not self.running(node, now_s)

    def nothing_runs(self, now_s: float) -> bool:
        """Return whether no node reports that is needed to recognise something."""
        return not any(self.running(node, now_s) for node in _NEEDED)

    def advice(self, now_s: float) -> str:
        """Return why nothing is recognised; empty if everything needed runs."""
        if self.nothing_runs(now_s):
            return f"Nothing is running in namespace {self._prefix.rstrip('/') or '/'}."
        missing = [node for node in _NEEDED if not self.running(node, now_s)]
        if missing:
            return f"The chain is not complete: {', '.join(missing)} does not report."
        inactive = [
            f"{node} is {state}"
            for node in _NEEDED
            if (state := self._reports[node].values.get("state", "active")) != "active"
        ]
        if inactive:
            return f"Waiting: {', '.join(inactive)}."
        if _rate(self._reports["pose_extraction"].values, "input rate (Hz)") == 0.0:
            return "No images arrive: is the camera running?"
        return ""


def _in_words(node: str, report: _Report, now_s: float) -> NodeHealth:
    silence_s = now_s - report.seconds
    if silence_s >= SILENT_S:
        return NodeHealth(node, Level.STOPPED, f"has not reported for {silence_s:.0f} s")
    values = report.values
    words = []
    if values.get("state", "active") != "active":
        words.append(values["state"])
    given = "messages on /action_recognition" if node == "action_event_publisher" else _CHAIN[node]
    if node == "action_event_publisher":
        words.append(f"{values.get('published', '0')} {given}")
    else:
        words.append(f"{_rate(values, 'output rate (Hz)'):.1f} {given} a second")
    if "latency p50 (ms)" in values and node != "video_source":
        words.append(f"{float(values['latency p50 (ms)']):.0f} ms after capture")
    dropped = values.get("dropped", "0")
    if dropped != "0":
        words.append(f"{dropped} dropped so far")
    rejected = values.get("rejected", "0")
    if rejected != "0":
        words.append(f"{rejected} could not be used")
    if report.level:
        words.append(report.message)
    level = (Level.OK, Level.WARNING, Level.ERROR)[min(report.level, 2)]
    return NodeHealth(node, level, "; ".join(words))


def _rate(values: Mapping[str, str], name: str) -> float:
    try:
        return float(values.get(name, "0"))
    except ValueError:
        return 0.0
