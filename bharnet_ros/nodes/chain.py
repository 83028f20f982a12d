"""The chain in one process: runs its nodes, and stops them in order."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence

from rclpy.lifecycle import TransitionCallbackReturn

from bharnet_ros.bags.options import RecordingOptions
from bharnet_ros.nodes.chain_nodes import Chain, make_chain, make_source, ros_arguments
from bharnet_ros.nodes.options import ChainOptions
from bharnet_ros.nodes.pose_extraction import WITH_HANDS, WITH_PERSON
from bharnet_ros.nodes.recorder import Recorder
from bharnet_ros.nodes.runtime.given_names import unknown_to_chain
from bharnet_ros.nodes.runtime.spin import GivenUpError, NodeRunner, Stop, ros, stop_signals
from bharnet_ros.types.actions import BACKGROUND, OffsetReason
from bharnet_ros.types.errors import InputError

POLL_SECONDS = 0.02
LAST_IMAGE_SECONDS = 1.0
DRAIN_SECONDS = 15.0
PRINT_SECONDS = 2.0
CONNECT_SECONDS = 10.0
RECORD_SECONDS = 15.0

SUCCESS = 0
CHAIN_FAILED = 1


def record_chain(options: ChainOptions, recording: RecordingOptions) -> int:
    """Run the chain as `run_chain` does, and record what its nodes publish.

    Returns:
        Exit status, as `run_chain` does.

    Raises:
        InputError, GivenUpError: As `run_chain`; or nothing was recorded.
        OSError: As `run_chain`; or the recording already exists, or cannot be written.
    """
    bag = recording.open()
    try:
        with bag:
            status = run_chain(
                options, lambda stop: Recorder(bag, recording, stop, compressed=options.compressed)
            )
            if status != SUCCESS and not bag.count:
                bag.discard()
                return status
    except OSError:
        if bag.count:
            print(f"bharnet record: what was recorded stays in {bag.path}", file=sys.stderr)
        raise
    print(f"bharnet record: {bag.count} messages recorded in {bag.path}", file=sys.stderr)
    return status


def run_chain(
    options: ChainOptions, make_recorder: Callable[[Callable[[], None]], Recorder] | None = None
) -> int:
    """Run the chain until the source ends, nobody reads the output, or SIGINT or SIGTERM comes.

    Args:
        options: What to run.
        make_recorder: Creates a node that records what the others publish; gets a function that
            ends the run.

    Returns:
        Exit status: 0, or 1 if the source fails while it is played.

    Raises:
        InputError: An option, a parameter or a ROS argument cannot be used; names it.
        OSError: The source cannot be opened, or the recording cannot be written.
        GivenUpError: A signal came before the chain was complete.
    """
    arguments = ros_arguments(options)
    with stop_signals() as stop, ros(arguments), NodeRunner() as runner:
        video = make_source(options) if options.image_topic is None else None
        if video is not None:
            runner.add(video)
            video.prepare()
        chain = make_chain(options, video, make_recorder and make_recorder(stop.set))
        chain.printer.on_closed = stop.set
        for node in chain.nodes:
            if node is not video:
                runner.add(node)
        for line in unknown_to_chain(arguments, chain.nodes):
            print(f"{chain.command}: warning: {line}", file=sys.stderr)
        ended = threading.Event()

        def on_end() -> None:
            ended.set()
            stop.set()

        _activate(chain, runner, stop)
        if chain.recorder is not None:
            chain.recorder.is_ours = chain.events.has_published
            runner.call(chain.recorder, chain.recorder.subscribe)
            _wait(lambda: stop.is_set() or chain.connected(), CONNECT_SECONDS)
        if stop.is_set():
            raise GivenUpError
        if chain.video is not None:
            if not chain.pose.subscribes:
                chain.video.hand_to(chain.pose.take)
            chain.video.start(on_end)
        stop.wait()
        if ended.is_set():
            _drain(chain)
            failed = chain.video is not None and chain.video.failure
            reason = OffsetReason.SOURCE_LOST if failed else OffsetReason.SOURCE_ENDED
            runner.call(chain.events, lambda: chain.events.close_events(reason))
        classes = chain.events.class_names
        for node in (chain.video, *reversed(chain.managed)):
            if node is not None:
                runner.call(node, node.finish)
        _wait(
            lambda: chain.printer.printed >= chain.events.counters.totals["published"],
            PRINT_SECONDS,
        )
        _wait(lambda: not chain.unrecorded(), RECORD_SECONDS)
        _summarise(chain, options, classes)
        if chain.recorder is not None and chain.recorder.failure:
            raise OSError(chain.recorder.failure)
        return CHAIN_FAILED if chain.video is not None and chain.video.failure else SUCCESS


def _activate(chain: Chain, runner: NodeRunner, stop: Stop) -> None:
    """Configure and activate every lifecycle node.

    Raises:
        InputError: One cannot be started; says which and why.
        GivenUpError: A signal came meanwhile.
    """

    def check_events() -> None:
        chain.events.check_model(chain.recognition.events)

    for node in chain.managed:
        node.logs_failures = False
        for transition in (node.trigger_configure, node.trigger_activate):
            if runner.call(node, transition, stop.is_set) is not TransitionCallbackReturn.SUCCESS:
                raise InputError(f"{node.get_name()}: {node.failure}")
            if transition == chain.recognition.trigger_configure:
                # Before scores arrive that nobody could use.
                runner.call(chain.events, check_events)


def _drain(chain: Chain) -> None:
    """Wait until the last images have passed through the whole chain."""
    if (video := chain.video) is not None:
        # Not for long: the last image may have been dropped on its way.
        _wait(lambda: chain.pose.last_stamp_ns == video.last_stamp_ns, LAST_IMAGE_SECONDS)
    _wait(chain.drained, DRAIN_SECONDS)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _summarise(chain: Chain, options: ChainOptions, classes: Sequence[str]) -> None:
    """Print on stderr how much of the source was used, to explain a run without events."""
    pose = chain.pose.counters.report(time.monotonic())
    published = chain.events.counters.totals["published"]
    lines = [f"{pose.totals['published']} images worked on, {pose.totals['dropped']} dropped"]
    if chain.video is not None:
        totals = chain.video.counters.totals
        skipped = f", {totals['dropped']} of them skipped" if totals["dropped"] else ""
        lines.insert(0, f"{totals['received']} frames{skipped}")
    topic = chain.events.resolve_topic_name("/action_recognition")
    lines.append(f"{published} messages on {topic}")
    if chain.unrecorded():
        lines.append(f"{chain.unrecorded()} messages did not come to the recorder")
    if options.pace != "fast" and pose.latency is not None:
        lines.append(f"keypoints after {pose.latency[0] * 1e3:.0f} ms (median)")
    print(f"{chain.command}: " + "; ".join(lines), file=sys.stderr)
    if (images := pose.totals["published"]) and not published:
        actions = ", ".join(name for name in classes if name != BACKGROUND)
        print(
            f"{chain.command}: a person in {pose.totals.get(WITH_PERSON, 0)} of {images} images, "
            f"hands in {pose.totals.get(WITH_HANDS, 0)}; nothing of: {actions or 'no known class'}",
            file=sys.stderr,
        )
