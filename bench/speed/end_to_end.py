"""Rate, latency, CPU and memory of the whole chain, from camera images to action events.

    python -m bench.speed.end_to_end [--seconds 30] [--sizes 640x480 1280x720] [--people 1 2]
        [--json]

The nodes run together in one process (`bharnet run`), and apart, each in a process of its own, as
the launch file starts them. This process is the camera, with images that were rendered before, and
the observer: rendering takes nothing from the chain, and what the camera takes is told apart.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import psutil

from bench.measuring import HEADER, Usage, UsageMeter, millisecond_cells, percentiles
from bench.speed.camera import CameraAndObserver, Images, endless, rendered
from bench.speed.chain_process import CHAINS, ros_environment, running_chain, wait_for
from bharnet_ros.evaluation.tables import format_table, percent, without_nan
from bharnet_ros.nodes.runtime.spin import NodeRunner, ros

SCRIPTS = {1: "gestures", 2: "two_people"}
SIZES = ("640x480", "1280x720")
RESULTS = {"keypoints": "keypoints", "scores": "action_scores", "events": "/action_recognition"}
OBSERVER, WHOLE = "camera", "chain"
COLUMNS = {
    "pose_extraction": "pose",
    "recognition": "recognition",
    "action_event_publisher": "events",
    WHOLE: "chain in all",
    OBSERVER: "camera, observer",
}
"""Processes in the order of the table, and their heads."""

DRAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Case:
    """What is measured: a chain, the size of the images in pixels, and people, all followed."""

    chain: str
    width: int
    height: int
    people: int

    def __str__(self) -> str:
        """Return the head of its lines."""
        return f"{self.chain}, {self.width}x{self.height}, {self.people} followed"


@dataclass
class Result:
    """What was measured.

    Attributes:
        images_per_second: What the camera showed.
        keypoints_per_second: Of those, what came through extraction.
        dropped: Share 0..1 of the images for which no keypoints came.
        most_per_second: Keypoints each second where images come as fast as they can be used.
        latency: Seconds from the capture of the newest image used to the arrival of the result,
            by the names of `RESULTS`.
        usage: By process.
    """

    images_per_second: float
    keypoints_per_second: float
    dropped: float
    most_per_second: float
    latency: dict[str, list[float]]
    usage: dict[str, Usage] = field(default_factory=dict)


def measure(case: Case, images: Images, options: argparse.Namespace) -> Result:
    """Run a chain and show it the images.

    Raises:
        RuntimeError: A node of the chain did not start, or ended.
    """
    with ros([]), NodeRunner() as runner:
        node = CameraAndObserver()
        runner.add(node)
        with running_chain(case.chain, node, case.people) as chain:
            wait_for(node.connected, "the connections of the chain", chain)
            shown = endless(images)
            node.play(shown, options.fps, options.warm_up)
            processes = {name: psutil.Process(pid) for name, pid in chain.pids.items()}
            meter = UsageMeter({**processes, OBSERVER: psutil.Process()})
            stamps = node.play(shown, options.fps, options.seconds)
            chain.check()
            usage = meter.read()
            time.sleep(DRAIN_SECONDS)
            latency = {
                name: [
                    (arrival - stamp) / 1e9
                    for stamp, arrival in node.arrived[topic]
                    if stamps[0] <= stamp <= stamps[-1]
                ]
                for name, topic in RESULTS.items()
            }
            most = node.play_all_out(shown, options.all_out)
            chain.check()
    rate = (len(stamps) - 1) / ((stamps[-1] - stamps[0]) / 1e9)
    share = len(latency["keypoints"]) / len(stamps)
    return Result(
        images_per_second=rate,
        keypoints_per_second=rate * share,
        dropped=1.0 - share,
        most_per_second=most,
        latency=latency,
        usage=usage,
    )


def rate_table(results: dict[Case, Result]) -> str:
    """Return images and keypoints each second."""
    header = ["", "images/s", "keypoints/s", "dropped", "at most/s"]
    rows = [
        [
            str(case),
            f"{result.images_per_second:.1f}",
            f"{result.keypoints_per_second:.1f}",
            percent(result.dropped),
            f"{result.most_per_second:.1f}",
        ]
        for case, result in results.items()
    ]
    return format_table(header, rows)


def latency_table(results: dict[Case, Result]) -> str:
    """Return the percentiles from capture to each result, milliseconds."""
    header = ["ms from capture to"]
    for name in RESULTS:
        header += [name, *HEADER]
    rows = []
    for case, result in results.items():
        row = [str(case)]
        for seconds in result.latency.values():
            row += [str(len(seconds)), *millisecond_cells(seconds, digits=0)]
        rows.append(row)
    return format_table(header, rows)


def usage_table(results: dict[Case, Result]) -> str:
    """Return CPU, in cores, and resident memory of each process."""
    rows = []
    for case, result in results.items():
        chain = [usage for name, usage in result.usage.items() if name != OBSERVER]
        whole = Usage(sum(one.cpu for one in chain), sum(one.resident_mib for one in chain))
        usages = [{**result.usage, WHOLE: whole}.get(name) for name in COLUMNS]
        cells = [f"{one.cpu:.2f}, {one.resident_mib:.0f}" if one else "-" for one in usages]
        rows.append([str(case), *cells])
    return format_table(["cores, MiB", *COLUMNS.values()], rows)


def content(case: Case, result: Result) -> dict[str, object]:
    """Return a result as JSON takes it."""
    return {
        **asdict(case),
        **asdict(result),
        "latency": {
            name: {"count": len(seconds), **dict(zip(HEADER, percentiles(seconds), strict=True))}
            for name, seconds in result.latency.items()
        },
    }


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chains", nargs="+", choices=CHAINS, default=CHAINS, metavar="CHAIN")
    parser.add_argument("--sizes", nargs="+", type=_size, default=SIZES, metavar="WxH")
    parser.add_argument("--people", nargs="+", type=int, choices=SCRIPTS, default=tuple(SCRIPTS))
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, of each case")
    parser.add_argument("--warm-up", type=float, default=4.0, metavar="S", help="before that")
    parser.add_argument("--all-out", type=float, default=5.0, metavar="S", help="at any rate, then")
    parser.add_argument("--fps", type=float, default=30.0, help="images each second")
    parser.add_argument("--clip", type=float, default=15.0, metavar="S", help="length that repeats")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    for name in ("seconds", "all_out", "fps", "clip"):
        if not getattr(options, name) > 0:
            parser.error(f"--{name.replace('_', '-')} must be positive")
    if options.seconds * options.fps < 2:
        parser.error("--seconds: at least two images have to be shown")
    options.sizes = [_size(size) if isinstance(size, str) else size for size in options.sizes]
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Print rates, latencies, CPU and memory of each case."""
    options = _options(arguments)
    # A terminated bench closes what it started, as an interrupted one.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    results: dict[Case, Result] = {}
    try:
        with ros_environment():
            for (width, height), people in itertools.product(options.sizes, options.people):
                images = rendered(SCRIPTS[people], width, height, options.fps, options.clip)
                for kind in options.chains:
                    case = Case(kind, width, height, people)
                    results[case] = measure(case, images, options)
                    print(f"{case}: measured", file=sys.stderr, flush=True)
    except (RuntimeError, psutil.NoSuchProcess) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    ordered = dict(sorted(results.items(), key=lambda pair: CHAINS.index(pair[0].chain)))
    if options.json:
        print(json.dumps(without_nan([content(*pair) for pair in ordered.items()]), indent=2))
        return 0
    cores = psutil.cpu_count()
    print(f"puppet at {options.fps:g} images/s, {options.seconds:g} s each, {cores} cores")
    for table in (rate_table, latency_table, usage_table):
        print(f"\n{table(ordered)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
