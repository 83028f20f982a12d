"""Run the whole graph for an hour and see whether anything grows, slows down or goes wrong.

    python -m bench.speed.long_run [--minutes 60] [--chain apart] [--quick] [--json]

People come one after the other, and gesture before a camera of 30 images a second. They teach
gestures of their own, show them, and have them forgotten; thresholds are set in between. Memory,
threads and open files of each process are read each time when nobody is in view and nothing is
taught. Needs 3 GB of memory for the images.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter

from bench.command_line import run_bench
from bench.measuring import HEADER, millisecond_cells, percentiles
from bench.speed.camera import CameraAndObserver
from bench.speed.chain_process import APART, CHAINS, ros_environment, running_chain, wait_for
from bench.speed.findings import FLAT, Reading, Shown, growth, judge, verdict
from bench.speed.soak import MEGABYTE
from bench.speed.visits import Scene, examples_and_others, nobody, scenes
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.msg import ActionEvent
from bharnet_ros.nodes.conversions import time_from_ns
from bharnet_ros.nodes.runtime.qos import EVENTS
from bharnet_ros.nodes.runtime.spin import NodeRunner, ros
from bharnet_ros.srv import Forget, TeachMoment
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

FPS = 30.0
EXAMPLES, SHOWN_LATER = 3, 2
"""How often a gesture is shown to teach it, and then to have it recognised."""

EMPTY_SECONDS = 4.0
"""How long nobody is in view between two people."""

ENTER_THRESHOLDS = (0.55, -1.0)
"""Set in turn, one for each person; -1 is the model's."""

LEAST_READINGS = 10
"""Before that, memory may still grow as caches fill."""

ANSWER_SECONDS = 10.0
RESULTS = {"keypoints": "keypoints", "scores": "action_scores"}


@dataclass
class Record:
    """What happened in the run.

    Attributes:
        images: Stamps of all images, nanoseconds.
        shown: The actions in order.
        readings: Readings by process.
        refused: What services refused.
        taught: Number of examples taught.
        forgotten: Number of gestures forgotten.
        settings: Number of thresholds set.
    """

    images: list[int] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    taught: int = 0
    forgotten: int = 0
    settings: int = 0


class Visitors:
    """Shows people to the chain, and asks for what they would ask for."""

    def __init__(self, node: CameraAndObserver, record: Record) -> None:
        """Make the clients."""
        self._node = node
        self._record = record
        self._clients: dict[type, Any] = {
            TeachMoment: node.create_client(TeachMoment, "/recognition/teach_moment"),
            Forget: node.create_client(Forget, "/recognition/forget"),
            SetParametersAtomically: node.create_client(
                SetParametersAtomically, "/action_event_publisher/set_parameters_atomically"
            ),
        }
        self._answers: list[tuple[str, Any]] = []

    def ready(self) -> bool:
        """Whether all services are there."""
        return all(client.service_is_ready() for client in self._clients.values())

    def visit(self, shown: Sequence[Scene], *, judged: bool = True, teach: bool = False) -> None:
        """Show actions of one person, who leaves; teach each if asked to."""
        for scene in shown:
            stamps = self._play(scene.images, len(scene.images))
            first, last = (stamps[min(one, len(stamps) - 1)] for one in (scene.first, scene.last))
            self._record.shown.append(Shown(scene.label, first, last, judged))
            if teach:
                start, end = time_from_ns(first), time_from_ns(last)
                self._ask(TeachMoment, label=scene.label, start=start, end=end)
                self._record.taught += 1
        frames = round(EMPTY_SECONDS * FPS)
        self._play(nobody(shown[0], frames), frames)
        self._take_answers()

    def forget(self, labels: Sequence[str]) -> None:
        """Have gestures forgotten."""
        for label in labels:
            self._ask(Forget, label=label)
            self._record.forgotten += 1
        self._take_answers()

    def set_threshold(self, value: float) -> None:
        """Set the probability at which events begin."""
        parameter = Parameter("enter_threshold", value=value).to_parameter_msg()
        self._ask(SetParametersAtomically, parameters=[parameter])
        self._record.settings += 1

    def _play(self, images: Any, count: int) -> list[int]:
        stamps = self._node.play(iter(images), FPS, count / FPS)
        self._record.images += stamps
        return stamps

    def _ask(self, service: Any, **request: Any) -> None:
        # The camera does not wait: answers are looked at when the person has left.
        answer = self._clients[service].call_async(service.Request(**request))
        self._answers.append((f"{service.__name__} {request}", answer))

    def _take_answers(self) -> None:
        end = time.monotonic() + ANSWER_SECONDS
        for asked, answer in self._answers:
            while not answer.done() and time.monotonic() < end:
                time.sleep(0.01)
            if not answer.done():
                self._record.refused.append(f"{asked}: no answer")
                continue
            result = getattr(answer.result(), "result", answer.result())
            if not getattr(result, "success", getattr(result, "successful", False)):
                reason = getattr(result, "message", getattr(result, "reason", ""))
                self._record.refused.append(f"{asked}: {reason}")
        self._answers.clear()


def run(
    minutes: float, chain_kind: str, quick: bool
) -> tuple[Record, list[ActionEvent], CameraAndObserver]:
    """Run a chain for some minutes; return what was shown, the events, and the observer.

    Args:
        minutes: How long; the last tour is finished.
        chain_kind: One of `CHAINS`.
        quick: Whether one gesture of the model and one of the person's own are enough.

    Raises:
        RuntimeError: A node did not start, or ended.
    """
    known = scenes("gestures", FPS)
    examples, later = examples_and_others(scenes("own_gestures", FPS), EXAMPLES, SHOWN_LATER)
    if quick:
        known, examples, later = known[:1], examples[:EXAMPLES], later[:1]
    labels = sorted({scene.label for scene in examples})
    record, events = Record(), list[ActionEvent]()
    with tempfile.TemporaryDirectory() as folder, ros([]), NodeRunner() as runner:
        node = CameraAndObserver()
        node.create_subscription(ActionEvent, "/action_recognition", events.append, EVENTS)
        visitors = Visitors(node, record)
        runner.add(node)
        with running_chain(chain_kind, node, 2, folder) as chain:
            wait_for(node.connected, "the connections of the chain", chain)
            wait_for(visitors.ready, "the services of the chain", chain)
            processes = {name: psutil.Process(pid) for name, pid in chain.pids.items()}
            start = time.monotonic()
            for threshold in _in_turn(start, minutes):
                visitors.visit(known)
                visitors.set_threshold(threshold)
                visitors.visit(examples, judged=False, teach=True)
                visitors.visit(later)
                visitors.forget(labels)
                for name, process in processes.items():
                    reading = _read(process, (time.monotonic() - start) / 60)
                    record.readings.setdefault(name, []).append(reading)
                chain.check()
                print(f"{(time.monotonic() - start) / 60:.0f} min", file=sys.stderr, flush=True)
    return record, events, node


def _in_turn(start: float, minutes: float) -> Iterator[float]:
    """Yield the thresholds in turn until the time is over, at least once."""
    number = 0
    while number == 0 or time.monotonic() - start < 60 * minutes:
        yield ENTER_THRESHOLDS[number % len(ENTER_THRESHOLDS)]
        number += 1


def _read(process: psutil.Process, minutes: float) -> Reading:
    resident = process.memory_info().rss / MEGABYTE
    return Reading(minutes, resident, process.num_threads(), process.num_fds())


def latencies(node: CameraAndObserver, topic: str, span: tuple[int, int]) -> list[float]:
    """Return the seconds from stamp to arrival of the messages whose stamps lie in a span."""
    first, last = span
    return [
        (arrival - stamp) / NANOSECONDS
        for stamp, arrival in node.arrived[topic]
        if first <= stamp <= last
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print memory, threads, files, latencies and events; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--chain", choices=CHAINS, default=APART)
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if not options.minutes > 0:
        raise InputError("--minutes: must be positive")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with ros_environment():
        minutes = 0.1 if options.quick else options.minutes
        record, events, node = run(minutes, options.chain, options.quick)
    begin, end = record.images[0], record.images[-1]
    part = min(5 * 60 * NANOSECONDS, (end - begin) // 2)
    spans = {"first": (begin, begin + part), "last": (end - part, end)}
    measured = {
        f"{name}, {when} {part / NANOSECONDS / 60:.1f} min": latencies(node, topic, span)
        for name, topic in RESULTS.items()
        for when, span in spans.items()
    }
    slopes = {name: growth(readings) for name, readings in record.readings.items()}
    judgement = judge(record.shown, events)
    arrived = len(node.arrived["keypoints"])
    content = {
        "images": len(record.images),
        "keypoints": arrived,
        **judgement.counts,
        "wrong": judgement.wrong,
        "outside": judgement.outside,
        "refused": record.refused,
        "slopes_mb_per_hour": slopes,
        "latency_s": {name: percentiles(seconds) for name, seconds in measured.items()},
        "readings": {
            name: [vars(one) for one in readings] for name, readings in record.readings.items()
        },
    }
    text = "\n".join(
        [
            f"{(end - begin) / NANOSECONDS / 60:.1f} min, {len(record.images)} images, "
            f"{arrived} keypoints; {record.taught} examples taught, {record.forgotten} gestures "
            f"forgotten, {record.settings} thresholds set, {len(record.refused)} refused",
            *record.refused[:5],
            ", ".join(f"{name}: {count}" for name, count in judgement.counts.items()),
            *(f"wrong: {one}" for one in judgement.wrong),
            *(f"outside: {one}" for one in judgement.outside),
            "",
            format_table(
                ["", "MB at first", "at last", "MB an hour", "threads", "files", "memory, rest"],
                [_row(name, readings, *slopes[name]) for name, readings in record.readings.items()],
            ),
            "",
            format_table(
                ["ms from capture to", *HEADER],
                [[name, *millisecond_cells(one, digits=0)] for name, one in measured.items()],
            ),
        ]
    )
    show(options, text, content)
    wrong = judgement.wrong or judgement.outside or judgement.left_open
    grown = any(
        len(readings) >= LEAST_READINGS and verdict(readings) != FLAT
        for readings in record.readings.values()
    )
    return int(bool(wrong or record.refused or grown))


def _row(name: str, readings: Sequence[Reading], slope: float, error: float) -> list[str]:
    first, last = readings[len(readings) // 5], readings[-1]
    return [
        name,
        *(f"{one.resident_mb:.1f}" for one in (first, last)),
        "-" if np.isnan(slope) else f"{slope:+.1f} ± {error:.1f}",
        *(f"{first.threads} to {last.threads}", f"{first.files} to {last.files}"),
        verdict(readings),
    ]


if __name__ == "__main__":
    run_bench(main)
