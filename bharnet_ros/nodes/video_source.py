"""Publishes the frames of a webcam, a stream, a file, a folder or the puppet as camera images."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image

from bharnet_ros.msg import BodyHandKeypoints
from bharnet_ros.nodes.conversions import (
    camera_info_to_message,
    depth_image_to_message,
    image_to_message,
    time_to_ns,
)
from bharnet_ros.nodes.playback.acknowledgements import Acknowledgements
from bharnet_ros.nodes.playback.live import LivePlayer
from bharnet_ros.nodes.playback.player import Player, PlayerSettings
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import NodeDiagnostics
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.nodes.runtime.spin import leave, run_node
from bharnet_ros.nodes.runtime.watching import age
from bharnet_ros.pipeline.depth import CAMERA_INFO_TOPIC, DEPTH_TOPIC
from bharnet_ros.sources.frame import Frame, FrameSource
from bharnet_ros.sources.stream import without_password
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.camera import Calibration, read_calibration
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "source",
        "puppet:gestures",
        "puppet:SCRIPT, a video file, a folder of images, a webcam by its index or device, or the "
        "address of a stream, such as rtsp://CAMERA/PATH.",
        read_only=True,
        or_integer=True,
    ),
    ParameterSpec(
        "fps",
        0.0,
        "Frames per second of a webcam, or in place of the source's own rate; 0 keeps that rate.",
        low=0.0,
        high=1000.0,
        read_only=True,
    ),
    ParameterSpec(
        "as_fast_as_possible",
        False,
        "Publish images without waiting until they are due; slow subscribers drop some.",
        read_only=True,
    ),
    ParameterSpec(
        "wait_for_keypoints",
        False,
        "Hold each image of a recording until the keypoints of the last have arrived, so that none "
        "is dropped.",
        read_only=True,
    ),
    ParameterSpec(
        "loop",
        False,
        "Restart a recording at its end, with stamps that keep rising; reopen a lost webcam when "
        "it is back.",
        read_only=True,
    ),
    ParameterSpec(
        "wait_for_subscriber",
        True,
        "Start a recording only when its images have a subscriber.",
        read_only=True,
    ),
    ParameterSpec(
        "frame_id",
        "camera_color_optical_frame",
        "Optical frame of the camera (REP-103).",
        read_only=True,
    ),
    ParameterSpec(
        "width",
        0,
        "Width of the puppet's or a webcam's images, pixels; 0 is 640, or the nearest that the "
        "webcam has.",
        low=0,
        high=4096,
        read_only=True,
    ),
    ParameterSpec(
        "height",
        0,
        "Height of the puppet's or a webcam's images, pixels; 0 is 480, or the nearest that the "
        "webcam has.",
        low=0,
        high=4096,
        read_only=True,
    ),
    ParameterSpec(
        "camera_info_url",
        "",
        "Calibration file of a webcam or recording, as camera_calibration writes it; not for the "
        "puppet, whose camera is known.",
        read_only=True,
    ),
    ParameterSpec(
        "depth",
        False,
        "Whether the puppet's camera also publishes depth, on depth/image_rect_raw.",
        read_only=True,
    ),
)

REOPENING_SECONDS = 0.3
"""How long the end waits for an attempt to reopen a lost source."""


class VideoSource(Node):
    """Publishes frames on `image_raw`; the process ends when the source ends.

    A known calibration goes out on `camera_info` and depth on `depth/image_rect_raw`, both before
    their image and with its stamp.

    Stamps of a webcam are capture times, those of a stream times of arrival. Stamps of a recording
    are the source's own times, counted from the start, as a camera would have set them. If images
    are published as fast as possible or wait for keypoints, durations stay true, and latencies show
    how far the images are from a camera's. A live source never waits.

    Attributes:
        counters: Counts of the node.
        failure: Why the source failed while it was played; empty if it did not.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters; `start` opens the source."""
        super().__init__("video_source", **kwargs)
        declare_parameters(self, PARAMETERS)
        self.counters = NodeCounters()
        self._settings = read_parameters(self, PARAMETERS)
        self._source = without_password(self._settings["source"])
        self._player: Player | LivePlayer | None = None
        self._publisher = self.create_publisher(Image, "image_raw", SENSOR)
        self._calibration: Calibration | None = None
        self._camera_info: Publisher | None = None
        self._depth: Publisher | None = None
        self._diagnostics = NodeDiagnostics(self, self.counters, self._describe, self._warning)
        self._acknowledgements: Acknowledgements | None = None
        self._thread: threading.Thread | None = None
        self._first_stamp_ns: int | None = None
        self._last_stamp_ns: int | None = None
        self.failure = ""
        self._take: Callable[[Image], None] | None = None

    @property
    def first_stamp_ns(self) -> int | None:
        """Stamp of the first frame, nanoseconds; None before it."""
        return self._first_stamp_ns

    @property
    def last_stamp_ns(self) -> int | None:
        """Stamp of the newest frame, nanoseconds; None before the first."""
        return self._last_stamp_ns

    @property
    def live(self) -> bool:
        """Whether the open source is a webcam or a stream."""
        return isinstance(self._player, LivePlayer)

    @property
    def companion_topics(self) -> tuple[str, ...]:
        """Topics published with every image, of `CAMERA_INFO_TOPIC` and `DEPTH_TOPIC`."""
        publishers = {CAMERA_INFO_TOPIC: self._camera_info, DEPTH_TOPIC: self._depth}
        return tuple(name for name, publisher in publishers.items() if publisher is not None)

    def hand_to(self, take: Callable[[Image], None]) -> None:
        """Hand every image to `take` too; it then goes through DDS only if somebody subscribes.

        Call it before `start`.
        """
        self._take = take

    def prepare(self) -> None:
        """Open the source, so that `start` cannot fail.

        Raises:
            InputError, OSError: The source cannot be opened; the message names it.
        """
        frames = self._open()
        self._player = (
            self._make_live_player(frames) if frames.live else self._make_recording_player(frames)
        )
        url = self._settings["camera_info_url"]
        if frames.camera is not None:
            if url:
                raise InputError(f"camera_info_url: the camera of {frames.name} is known already")
            self._calibration = Calibration.of(frames.camera)
        elif url:
            self._calibration = read_calibration(url)
        if self._calibration is not None:
            self._camera_info = self.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, SENSOR)
        if self._settings["depth"]:
            self._depth = self.create_publisher(Image, DEPTH_TOPIC, SENSOR)

    def start(self, on_end: Callable[[], None]) -> None:
        """Open the source, unless `prepare` has done so, and start to publish.

        Args:
            on_end: Called when the source has ended or failed.

        Raises:
            InputError, OSError: The source cannot be opened; the message names it.
        """
        if self._player is None:
            self.prepare()
        assert self._player is not None
        if self._acknowledgements is not None:
            self.create_subscription(BodyHandKeypoints, "keypoints", self._on_keypoints, RELIABLE)
        self.get_logger().info(f"source: {self._player.frames.name}")
        self._thread = threading.Thread(
            target=self._run, args=(self._player, on_end), name="video source", daemon=True
        )
        self._thread.start()

    def finish(self) -> None:
        """Stop publishing and close the source."""
        if self._player is not None:
            self._player.stop()
        if self._thread is not None:
            self._thread.join(REOPENING_SECONDS)
            if self._thread.is_alive() and self._warning():
                # It may be within foreign code for seconds; it closes what it opens then.
                leave(self._thread)
                self._thread = self._player = None
                return
            self._thread.join()
            self._thread = None
        if self._player is not None:
            self._player.frames.close()
            self._player = None

    def _open(self) -> FrameSource:
        return open_source(
            self._settings["source"],
            width=self._settings["width"] or None,
            height=self._settings["height"] or None,
            fps=self._settings["fps"] or None,
            depth=self._settings["depth"],
        )

    def _make_live_player(self, frames: FrameSource) -> LivePlayer:
        return LivePlayer(
            frames,
            self._open if self._settings["loop"] or frames.reopens else None,
            now_ns=self._now_ns,
            publish=self._publish,
            counters=self.counters,
            logger=self.get_logger(),
        )

    def _make_recording_player(self, frames: FrameSource) -> Player:
        if self._settings["wait_for_keypoints"]:
            self._acknowledgements = Acknowledgements(
                expected=lambda: self.count_publishers(self.resolve_topic_name("keypoints")) > 0
            )
        return Player(
            frames,
            self._open,
            PlayerSettings(self._settings["as_fast_as_possible"], self._settings["loop"]),
            acknowledgements=self._acknowledgements,
            ready=self._may_start,
            now_ns=self._now_ns,
            publish=self._publish,
            counters=self.counters,
            logger=self.get_logger(),
        )

    def _describe(self) -> dict[str, str]:
        return {"source": self._source}

    def _warning(self) -> str:
        return self._player.lost if isinstance(self._player, LivePlayer) else ""

    def _may_start(self) -> bool:
        # Simulated time begins with the first message on /clock: before it, no stamp is right.
        if not self._now_ns():
            return False
        waits = self._settings["wait_for_subscriber"]
        return not waits or self._take is not None or self._publisher.get_subscription_count() > 0

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _run(self, player: Player | LivePlayer, on_end: Callable[[], None]) -> None:
        try:
            player.run()
        except (InputError, OSError) as error:
            self.failure = str(error)
            self.get_logger().error(f"source {self._source}: {error}")
        except Exception as error:  # on this thread it would be lost, and the exit status with it
            self.failure = f"internal error: {error}"
            text = "".join(traceback.format_exception(error))
            self.get_logger().error(f"source {self._source}: internal error: {text}")
        finally:
            on_end()

    def _publish(self, frame: Frame, stamp_ns: int) -> None:
        header = (stamp_ns, self._settings["frame_id"])
        if self._calibration is not None and self._camera_info is not None:
            height, width = frame.image.shape[:2]
            if (self._calibration.width, self._calibration.height) != (width, height):
                raise InputError(
                    f"camera_info_url: the calibration is for {self._calibration.width} x "
                    f"{self._calibration.height} pixels, the images have {width} x {height}"
                )
            self._camera_info.publish(camera_info_to_message(self._calibration, *header))
        if self._depth is not None and frame.depth is not None:
            self._depth.publish(depth_image_to_message(frame.depth, *header))
        message = image_to_message(frame.image, *header)
        if self._take is not None:
            self._take(message)
        if self._take is None or self._publisher.get_subscription_count():
            self._publisher.publish(message)
        self.counters.published(age(self, stamp_ns))
        if self._first_stamp_ns is None:
            self._first_stamp_ns = stamp_ns
        self._last_stamp_ns = stamp_ns

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        assert self._acknowledgements is not None
        self._acknowledgements.acknowledge(time_to_ns(message.header.stamp))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process, until the source ends."""
    nodes: list[VideoSource] = []

    def start(node: Node, end: Callable[[], None]) -> None:
        assert isinstance(node, VideoSource)
        nodes.append(node)
        node.start(end)

    status = run_node(VideoSource, arguments, start=start)
    return status or int(any(node.failure for node in nodes))
