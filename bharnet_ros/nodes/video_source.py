"""Frames of a webcam, file, folder or the puppet as camera images."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image

from bharnet_ros.camera import Calibration, read_calibration
from bharnet_ros.conversions import (
    camera_info_to_message,
    depth_image_to_message,
    image_to_message,
    time_to_ns,
)
from bharnet_ros.frames import Frame, FrameSource
from bharnet_ros.keypoints import NANOSECONDS
from bharnet_ros.msg import BodyHandKeypoints
from bharnet_ros.nodes.diagnostics import NodeDiagnostics
from bharnet_ros.nodes.managed import LOG_PERIOD
from bharnet_ros.nodes.meter import Meter
from bharnet_ros.nodes.pacing import Pacer
from bharnet_ros.nodes.parameters import ParameterSpec, declare_parameters, read_parameters
from bharnet_ros.nodes.qos import RELIABLE, SENSOR
from bharnet_ros.nodes.spin import run_node
from bharnet_ros.pose.depth_messages import CAMERA_INFO_TOPIC, DEPTH_TOPIC
from bharnet_ros.video import open_source

PARAMETERS = (
    ParameterSpec(
        "source",
        "puppet:gestures",
        "puppet:SCRIPT, a video file, a folder of images, or a webcam by its index or device.",
        read_only=True,
        or_integer=True,
    ),
    ParameterSpec(
        "fps",
        0.0,
        "Frames each second, asked of a webcam; 0 is the true rate of the source.",
        low=0.0,
        high=1000.0,
        read_only=True,
    ),
    ParameterSpec(
        "as_fast_as_possible",
        False,
        "Publish images without waiting for their time; takers drop what is too fast for them.",
        read_only=True,
    ),
    ParameterSpec(
        "wait_for_keypoints",
        False,
        "Hold each image of a recording back until the keypoints of the one before have come: none "
        "is dropped.",
        read_only=True,
    ),
    ParameterSpec(
        "loop",
        False,
        "Start again at the end, with stamps that keep rising; open a lost webcam again when it is "
        "back.",
        read_only=True,
    ),
    ParameterSpec(
        "wait_for_subscriber",
        True,
        "Hold a recording back until somebody takes its images.",
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
        "Width of the images of the puppet or a webcam, pixels; 0 is 640, or what a webcam has "
        "nearest to it.",
        low=0,
        high=4096,
        read_only=True,
    ),
    ParameterSpec(
        "height",
        0,
        "Height of the images of the puppet or a webcam, pixels; 0 is 480, or what a webcam has "
        "nearest to it.",
        low=0,
        high=4096,
        read_only=True,
    ),
    ParameterSpec(
        "camera_info_url",
        "",
        "Calibration file of a webcam or recording, as camera_calibration writes it; the puppet's "
        "camera is known.",
        read_only=True,
    ),
    ParameterSpec(
        "depth",
        False,
        "Whether the puppet's camera measures depth too, on depth/image_rect_raw.",
        read_only=True,
    ),
)

POLL_SECONDS = 0.05
REOPEN_SECONDS = 1.0
ANSWER_SECONDS = 5.0
UNLIKELY_ANSWER_SECONDS = 0.5


class VideoSource(Node):
    """Publishes frames on `image_raw`; ends by itself where the source ends.

    What is known of the camera goes out on `camera_info`, and depth on `depth/image_rect_raw`,
    both before their image and with its stamp.

    Stamps are the times at which a webcam took the frames, or a camera would have taken those of a
    recording: the source's own times, counted from the start. Where images come as fast as
    possible, or are held back, durations still hold, and latencies tell how far the images are
    from a camera's. A webcam is never held back.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare parameters; `start` opens the source."""
        super().__init__("video_source", **kwargs)
        declare_parameters(self, PARAMETERS)
        self.meter = Meter()
        self._settings = read_parameters(self, PARAMETERS)
        self._frames: FrameSource | None = None
        self._publisher = self.create_publisher(Image, "image_raw", SENSOR)
        self._calibration: Calibration | None = None
        self._camera_info: Publisher | None = None
        self._depth: Publisher | None = None
        self._lost = ""
        self._diagnostics = NodeDiagnostics(self, self.meter, self._describe, lambda: self._lost)
        self._answers = threading.Condition()
        self._answered_ns = 0
        self._patience = ANSWER_SECONDS
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._first_stamp_ns: int | None = None
        self._last_stamp_ns: int | None = None
        self.failure = ""

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
        """Whether the source, which is open, is a webcam."""
        return self._frames is not None and self._frames.live

    @property
    def beside_images(self) -> tuple[str, ...]:
        """What goes out with every image, of `CAMERA_INFO_TOPIC` and `DEPTH_TOPIC`."""
        publishers = {CAMERA_INFO_TOPIC: self._camera_info, DEPTH_TOPIC: self._depth}
        return tuple(name for name, publisher in publishers.items() if publisher is not None)

    def prepare(self) -> None:
        """Open the source, so that `start` cannot fail.

        Raises:
            ValueError, OSError: The source cannot be opened; the message names it.
        """
        self._frames = self._open()
        url = self._settings["camera_info_url"]
        if self._frames.camera is not None:
            if url:
                raise ValueError(f"camera_info_url: the camera of {self._frames.name} is known")
            self._calibration = Calibration.of(self._frames.camera)
        elif url:
            self._calibration = read_calibration(url)
        if self._calibration is not None:
            self._camera_info = self.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, SENSOR)
        if self._settings["depth"]:
            self._depth = self.create_publisher(Image, DEPTH_TOPIC, SENSOR)

    def start(self, on_end: Callable[[], None]) -> None:
        """Open the source, unless `prepare` has, and begin to publish.

        Args:
            on_end: Called when the source has ended.

        Raises:
            ValueError, OSError: The source cannot be opened; the message names it.
        """
        if self._frames is None:
            self.prepare()
        assert self._frames is not None
        if self._settings["wait_for_keypoints"] and not self.live:
            self.create_subscription(BodyHandKeypoints, "keypoints", self._on_keypoints, RELIABLE)
        self.get_logger().info(f"source: {self._frames.name}")
        self._thread = threading.Thread(
            target=self._run, args=(on_end,), name="video source", daemon=True
        )
        self._thread.start()

    def finish(self) -> None:
        """Stop to publish and close the source."""
        self._stop.set()
        with self._answers:
            self._answers.notify_all()
        if self._frames is not None and self._frames.live:
            # Ends the wait for its next picture.
            self._frames.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def _open(self) -> FrameSource:
        return open_source(
            self._settings["source"],
            width=self._settings["width"] or None,
            height=self._settings["height"] or None,
            fps=self._settings["fps"] or None,
            depth=self._settings["depth"],
        )

    def _describe(self) -> dict[str, str]:
        return {"source": self._settings["source"]}

    def _run(self, on_end: Callable[[], None]) -> None:
        try:
            if self.live:
                self._relay()
            else:
                self._play()
        except (ValueError, OSError, RuntimeError) as error:
            self.failure = str(error)
            self.get_logger().error(f"source {self._settings['source']}: {error}")
        finally:
            on_end()

    def _relay(self) -> None:
        """Publish what a webcam gives until the node stops."""
        while not self._stop.is_set():
            try:
                self._relay_until_lost()
            except OSError as error:
                if not self._settings["loop"]:
                    raise
                self._lost = str(error)
                self.get_logger().error(f"source {self._settings['source']}: {error}; waiting")
                self._open_again()

    def _relay_until_lost(self) -> None:
        assert self._frames is not None
        # Those that nobody asked for, while models were loaded, are no loss.
        skipped = self._frames.skipped
        for frame in self._frames:
            stamp_ns = self.get_clock().now().nanoseconds - round(
                self._frames.age(frame) * NANOSECONDS
            )
            self.meter.count("received", 1 + self._frames.skipped - skipped)
            self.meter.count("dropped", self._frames.skipped - skipped)
            skipped = self._frames.skipped
            if self._stop.is_set():
                return
            self._publish(frame, stamp_ns)

    def _open_again(self) -> None:
        """Wait until the webcam is back, or the node stops."""
        assert self._frames is not None
        self._frames.close()
        while not self._stop.wait(REOPEN_SECONDS):
            try:
                self._frames = self._open()
            except OSError as error:
                self._lost = str(error)
                self.get_logger().warning(str(error), throttle_duration_sec=LOG_PERIOD)
            else:
                self._lost = ""
                self.get_logger().info(f"source {self._settings['source']}: is back")
                return

    def _play(self) -> None:
        """Publish a recording until it ends or the node stops."""
        assert self._frames is not None
        if self._settings["wait_for_subscriber"]:
            while not self._stop.is_set() and not self._publisher.get_subscription_count():
                self._stop.wait(POLL_SECONDS)
        period = 1.0 / self._frames.fps
        pacer = Pacer(self.get_clock().now().nanoseconds, period)
        round_start = 0.0
        while not self._stop.is_set():
            time = round_start
            for frame in self._frames:
                time = round_start + frame.time
                self.meter.count("received")
                # Only now, when the next frame is made: making it and working on the one before
                # go on side by side.
                self._wait_for_answer()
                stamp_ns = self._stamp_when_due(pacer, time)
                if self._stop.is_set():
                    return
                if stamp_ns is None:
                    self.meter.count("dropped")
                else:
                    self._publish(frame, stamp_ns)
            if not self._settings["loop"]:
                return
            round_start = time + period
            self._frames.close()
            self._frames = self._open()

    def _stamp_when_due(self, pacer: Pacer, time: float) -> int | None:
        """Wait for the time of a frame and return its stamp, or None where it is to be skipped.

        Args:
            pacer: Keeps the rate.
            time: Time of the frame in the source, seconds.
        """
        if self._settings["as_fast_as_possible"]:
            return pacer.stamp(time)
        now_ns = self.get_clock().now().nanoseconds
        if self._settings["wait_for_keypoints"]:
            wait_ns = pacer.stamp(time) - now_ns
        else:
            delayed_ns = pacer.delayed_ns
            decision = pacer.decide(time, now_ns)
            if decision is None:
                return None
            wait_ns = decision
            if pacer.delayed_ns > delayed_ns:
                self._report_delay(pacer)
        # The node's clock may be simulated: it is asked again rather than trusted to run on.
        while wait_ns > 0 and not self._stop.wait(min(wait_ns / NANOSECONDS, POLL_SECONDS)):
            wait_ns = pacer.stamp(time) - self.get_clock().now().nanoseconds
        return pacer.stamp(time)

    def _report_delay(self, pacer: Pacer) -> None:
        self.get_logger().warning(
            f"source {self._settings['source']}: this machine is too slow for its rate; it is "
            f"played slower, by {pacer.delayed_ns / NANOSECONDS:.1f} s so far",
            throttle_duration_sec=LOG_PERIOD,
        )

    def _publish(self, frame: Frame, stamp_ns: int) -> None:
        about = (stamp_ns, self._settings["frame_id"])
        if self._calibration is not None and self._camera_info is not None:
            height, width = frame.image.shape[:2]
            if (self._calibration.width, self._calibration.height) != (width, height):
                raise ValueError(
                    f"camera_info_url: is of a camera of {self._calibration.width} x "
                    f"{self._calibration.height} pixels, the images have {width} x {height}"
                )
            self._camera_info.publish(camera_info_to_message(self._calibration, *about))
        if self._depth is not None and frame.depth is not None:
            self._depth.publish(depth_image_to_message(frame.depth, *about))
        self._publisher.publish(image_to_message(frame.image, *about))
        self.meter.published((self.get_clock().now().nanoseconds - stamp_ns) / NANOSECONDS)
        if self._first_stamp_ns is None:
            self._first_stamp_ns = stamp_ns
        self._last_stamp_ns = stamp_ns

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        with self._answers:
            self._answered_ns = time_to_ns(message.header.stamp)
            self._answers.notify_all()

    def _wait_for_answer(self) -> None:
        """Wait until the keypoints of the last image have come, if anybody makes them."""
        stamp_ns = self._last_stamp_ns
        if (
            not self._settings["wait_for_keypoints"]
            or stamp_ns is None
            or not self.count_publishers("keypoints")
        ):
            return
        with self._answers:
            answered = self._answers.wait_for(
                lambda: self._answered_ns >= stamp_ns or self._stop.is_set(), self._patience
            )
        # Whoever did not answer once may never do; the source must not crawl for that.
        self._patience = ANSWER_SECONDS if answered else UNLIKELY_ANSWER_SECONDS
        if not answered:
            self.meter.count("unanswered")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process, until the source ends."""
    failures: list[VideoSource] = []

    def start(node: Node, end: Callable[[], None]) -> None:
        assert isinstance(node, VideoSource)
        failures.append(node)
        node.start(end)

    status = run_node(VideoSource, arguments, start=start)
    return status or int(any(node.failure for node in failures))
