"""The chain in one process: creates its nodes, runs them, and stops them in order."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter

from bharnet_ros.bags.options import RecordingOptions
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.event_printer import EventPrinter
from bharnet_ros.nodes.options import ChainOptions
from bharnet_ros.nodes.pose_extraction import WITH_HANDS, WITH_PERSON, PoseExtraction
from bharnet_ros.nodes.reactions import ReactionsNode
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.recorder import PRIVATE, Recorder
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.given_names import unknown_to_chain
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.runtime.spin import GivenUpError, NodeRunner, Stop, ros, stop_signals
from bharnet_ros.nodes.video_source import VideoSource
from bharnet_ros.nodes.wait_for_action import WaitForActionServer
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC
from bharnet_ros.types.actions import BACKGROUND, OffsetReason
from bharnet_ros.types.errors import InputError

POLL_SECONDS = 0.02
LAST_IMAGE_SECONDS = 1.0
DRAIN_SECONDS = 15.0
PRINT_SECONDS = 2.0
WAITING_SOURCE_TIMEOUT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
RECORD_SECONDS = 15.0

_INNER_TOPICS = ("keypoints", "action_scores", "model_info")
_TOPICS_OF_SOURCE = (*_INNER_TOPICS, "image_raw", CAMERA_INFO_TOPIC, DEPTH_TOPIC)
"""Topics that a run without a namespace has for itself, so that two runs do not mix."""

SUCCESS = 0
CHAIN_FAILED = 1


@dataclass(frozen=True)
class _Chain:
    video: VideoSource | None
    pose: PoseExtraction
    recognition: Recognition
    events: ActionEventPublisher
    printer: EventPrinter
    recorder: Recorder | None
    reacting: tuple[Node, ...]

    @property
    def command(self) -> str:
        """The command that runs it."""
        return "bharnet run" if self.recorder is None else "bharnet record"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        nodes = (self.video, self.pose, self.recognition, self.events, self.printer, self.recorder)
        return tuple(node for node in (*nodes, *self.reacting) if node is not None)

    @property
    def managed(self) -> tuple[ManagedNode, ...]:
        """The lifecycle nodes, last first: started in this order, each finds its subscribers."""
        return self.events, self.recognition, self.pose

    def drained(self) -> bool:
        """Return whether everything that pose extraction took has passed through the chain."""
        return (
            self.pose.idle
            and self.recognition.idle
            and self.recognition.last_input_ns == self.pose.last_stamp_ns
            and self.events.last_stamp_ns == self.recognition.last_output_ns
        )

    def connected(self) -> bool:
        """Return whether every publisher has found every subscription of the chain."""
        subscriptions = Counter(
            subscription.topic_name for node in self.nodes for subscription in node.subscriptions
        )
        return all(
            publisher.get_subscription_count() >= subscriptions[publisher.topic_name]
            for node in self.nodes
            for publisher in node.publishers
        )

    def unrecorded(self) -> int:
        """Return the number of published messages that have not reached the recorder."""
        if self.recorder is None:
            return 0
        publishers: dict[str, NodeCounters | None] = {
            "image_raw": self.video.counters if self.video is not None else None,
            "keypoints": self.pose.counters,
            "action_scores": self.recognition.counters,
            "action_recognition": self.events.counters,
        }
        if self.video is not None:
            publishers |= dict.fromkeys(self.video.companion_topics, self.video.counters)
        return sum(
            counters.totals["published"] - self.recorder.counts[name]
            for name, counters in publishers.items()
            if counters is not None and name in self.recorder.topics
        )


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
    """Run the chain until the source ends, or until SIGINT or SIGTERM.

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
    arguments = _ros_arguments(options)
    with stop_signals() as stop, ros(arguments), NodeRunner() as runner:
        video = _make_source(options) if options.image_topic is None else None
        if video is not None:
            runner.add(video)
            video.prepare()
        chain = _make_chain(options, video, make_recorder and make_recorder(stop.set))
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


def _ros_arguments(options: ChainOptions) -> list[str]:
    """Return the arguments for ROS, with the names of the topics within this chain.

    The user's own names come first, so they win.
    """
    arguments = list(options.ros_arguments) or ["--ros-args"]
    names = {}
    if not any("__ns:=" in word for word in arguments):
        inner = _INNER_TOPICS if options.image_topic is not None else _TOPICS_OF_SOURCE
        names = {topic: f"{PRIVATE}{uuid.uuid4().hex[:8]}/{topic}" for topic in inner}
    if options.image_topic is not None:
        images = "image_raw/compressed" if options.compressed else "image_raw"
        names[images] = options.image_topic
    for topic, name in names.items():
        arguments += ["-r", f"{topic}:={name}"]
    return arguments


def _make_source(options: ChainOptions) -> VideoSource:
    return VideoSource(
        parameter_overrides=_overrides(
            source=options.source,
            width=options.width,
            height=options.height,
            fps=options.fps,
            as_fast_as_possible=True if options.pace == "fast" else None,
            wait_for_keypoints=True if options.pace != "camera" else None,
            loop=options.loop or None,
        )
    )


def _make_chain(
    options: ChainOptions, video: VideoSource | None, recorder: Recorder | None
) -> _Chain:
    # A recording that waits for a slow machine is not lost, and its end is announced.
    source_waits = video is not None and not video.live and options.pace != "camera"
    events = ActionEventPublisher(
        parameter_overrides=_overrides(
            source_timeout_s=WAITING_SOURCE_TIMEOUT_SECONDS if source_waits else None,
        )
    )
    return _Chain(
        video=video,
        pose=PoseExtraction(
            subscribes=video is None,
            parameter_overrides=_overrides(
                # Scenes of a recording may stand still.
                frozen_timeout_s=0.0 if video is not None and not video.live else None,
                image_transport="compressed" if options.compressed else None,
                engine=options.engine,
                model_folder=options.model_folder,
                roi=options.roi,
                max_people=options.max_people,
            ),
        ),
        recognition=Recognition(
            parameter_overrides=_overrides(
                model=options.model,
                gestures=options.gestures,
                keep_classes=options.keep_classes,
                device=options.device,
                image_transport="compressed" if options.compressed else None,
            )
        ),
        events=events,
        printer=EventPrinter(
            lambda: video.first_stamp_ns if video is not None else None,
            options.pace != "fast",
            events.has_published,
        ),
        recorder=recorder,
        reacting=(
            *([WaitForActionServer()] if options.wait_for_action else []),
            *([_make_reactions(options.reactions)] if options.reactions is not None else []),
        ),
    )


def _make_reactions(file: str) -> ReactionsNode:
    return ReactionsNode(parameter_overrides=_overrides(file=file))


def _overrides(**values: Any) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in values.items() if value is not None]


def _activate(chain: _Chain, runner: NodeRunner, stop: Stop) -> None:
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


def _drain(chain: _Chain) -> None:
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


def _summarise(chain: _Chain, options: ChainOptions, classes: Sequence[str]) -> None:
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
