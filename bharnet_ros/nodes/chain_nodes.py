"""The nodes of a chain in one process: creates them, and tells how far they are."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.parameter import Parameter

from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.event_printer import EventPrinter
from bharnet_ros.nodes.options import ChainOptions
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.reactions import ReactionsNode
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.recorder import PRIVATE, Recorder
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.managed import ManagedNode
from bharnet_ros.nodes.video_source import VideoSource
from bharnet_ros.nodes.wait_for_action import WaitForActionServer
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC

WAITING_SOURCE_TIMEOUT_SECONDS = 60.0

_INNER_TOPICS = ("keypoints", "action_scores", "model_info")
_TOPICS_OF_SOURCE = (*_INNER_TOPICS, "image_raw", CAMERA_INFO_TOPIC, DEPTH_TOPIC)
"""Topics that a run without a namespace has for itself, so that two runs do not mix."""


@dataclass(frozen=True)
class Chain:
    """The nodes; None for those that were not asked for."""

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


def ros_arguments(options: ChainOptions) -> list[str]:
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


def make_source(options: ChainOptions) -> VideoSource:
    """Return the node that plays the source."""
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


def make_chain(
    options: ChainOptions, video: VideoSource | None, recorder: Recorder | None
) -> Chain:
    """Return the chain with its further nodes.

    Args:
        options: What to run.
        video: Plays the source; None if images come from a topic.
        recorder: Records what the others publish; None to record nothing.
    """
    plays_recording = video is not None and not video.live
    # A recording that waits for a slow machine is not lost, and its end is announced.
    source_waits = plays_recording and options.pace != "camera"
    events = ActionEventPublisher(
        parameter_overrides=_overrides(
            source_timeout_s=WAITING_SOURCE_TIMEOUT_SECONDS if source_waits else None,
        )
    )
    return Chain(
        video=video,
        pose=PoseExtraction(
            subscribes=video is None,
            parameter_overrides=_overrides(
                # Scenes of a recording may stand still.
                frozen_timeout_s=0.0 if plays_recording else None,
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
