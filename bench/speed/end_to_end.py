"""Measure rate, latency, CPU and memory of the chain from camera images to action events.

    python -m bench.speed.end_to_end [--seconds 30] [--sizes 640x480 1280x720] [--people 1 2]
        [--json]

The nodes run together in one process (`bharnet run`), and apart, each in a process of its own, as
the launch file starts them. This process is the camera and the observer. It renders the images
beforehand, so that rendering takes no time from the chain, and its own usage is listed separately.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import psutil

from bench.command_line import run_bench
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
"""Columns of the table by process, in order."""

DRAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Case:
    """A case to measure: a chain, the size of the images in pixels, and the number of people."""

    chain: str
    width: int
    height: int
    people: int

    def __str__(self) -> str:
        """Return the first cell of the rows of this case."""
        return f"{self.chain}, {self.width}x{self.height}, {self.people} followed"


@dataclass
class Result:
    """Measurements of one case.

    Attributes:
        images_per_second: Rate of the camera.
        keypoints_per_second: Rate of the keypoints from these images.
        dropped: Share 0..1 of the images without keypoints.
        most_per_second: Rate of the keypoints when images come as fast as extraction takes them.
        latency: Seconds from the capture of the newest image used to the arrival of the result,
            by the names of `RESULTS`.
        usage: CPU and memory by process.
    """

    images_per_second: float
    keypoints_per_second: float
    dropped: float
    most_per_second: float
    latency: dict[str, list[float]]
    usage: dict[str, Usage] = field(default_factory=dict)


def measure(case: Case, images: Images, options: argparse.Namespace) -> Result:
    """Run a chain on the images and measure it.

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
            most = node.play_at_full_rate(shown, options.all_out)
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
    """Return the table of rates per second."""
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
    """Return the table of latencies from capture to each result, milliseconds."""
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
    """Return the table of CPU, in cores, and resident memory of each process."""
    rows = []
    for case, result in results.items():
        chain = [usage for name, usage in result.usage.items() if name != OBSERVER]
        whole = Usage(sum(one.cpu for one in chain), sum(one.resident_mib for one in chain))
        usages = [{**result.usage, WHOLE: whole}.get(name) for name in COLUMNS]
        cells = [f"{one.cpu:.2f}, {one.resident_mib:.0f}" if one else "-" for one in usages]
        rows.append([str(case), *cells])
    return format_table(["cores, MiB", *COLUMNS.values()], rows)


def content(case: Case, result: Result) -> dict[str, object]:
    """Return a result for JSON."""
    return {
        **asdict(case),
        **asdict(result),
        "latency": {
            name: {"count": len(seconds), **dict(zip(HEADER, percentiles(seconds), strict=True))}
            for name, seconds in result.latency.items()
        },
    }


def image_size(text: str) -> tuple[int, int]:
    """Parse a size such as 640x480.

    Raises:
        argparse.ArgumentTypeError: It has another form, or a side is not positive.
    """
    width, _, height = text.partition("x")
    try:
        size = int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT") from None
    if min(size) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: both sides must be positive")
    return size


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chains", nargs="+", choices=CHAINS, default=CHAINS, metavar="CHAIN")
    parser.add_argument("--sizes", nargs="+", type=image_size, default=SIZES, metavar="WxH")
    parser.add_argument("--people", nargs="+", type=int, choices=SCRIPTS, default=tuple(SCRIPTS))
    parser.add_argument("--seconds", type=float, default=30.0, help="measured time of each case")
    parser.add_argument("--warm-up", type=float, default=4.0, metavar="S", help="time before it")
    parser.add_argument("--all-out", type=float, default=5.0, metavar="S", help="time at full rate")
    parser.add_argument("--fps", type=float, default=30.0, help="images per second")
    parser.add_argument(
        "--clip", type=float, default=15.0, metavar="S", help="rendered time, repeated"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    for name in ("seconds", "all_out", "fps", "clip"):
        if not 0 < getattr(options, name) < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be positive and finite")
    if not 0 <= options.warm_up < math.inf:
        parser.error("--warm-up must not be negative")
    if options.seconds * options.fps < 2:
        parser.error("--seconds: must be long enough for two images")
    options.sizes = [image_size(one) if isinstance(one, str) else one for one in options.sizes]
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Print rates, latencies, CPU and memory of each case."""
    options = _options(arguments)
    # A terminated bench ends its processes, as an interrupted one does.
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
    run_bench(main)
