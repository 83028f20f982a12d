"""Annotated images and RViz markers, computed only while they have subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Point
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from bharnet_ros.msg import ActionEvent, BodyHandKeypoints
from bharnet_ros.nodes.conversions import (
    image_from_message,
    image_to_message,
    keypoints_from_message,
    time_to_ns,
)
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import NodeDiagnostics
from bharnet_ros.nodes.runtime.image_matcher import ImageMatcher, ImageMessage
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import EVENTS, RELIABLE
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.nodes.runtime.watching import age
from bharnet_ros.nodes.runtime.worker import LatestWorker
from bharnet_ros.pose.drawing import draw_frame
from bharnet_ros.types.actions import Phase
from bharnet_ros.types.keypoints import FloatArray, PersonKeypoints
from bharnet_ros.types.layouts import BODY_BONES, HAND_BONES
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "image_transport",
        "raw",
        "Which images to draw on: raw (image_raw) or compressed (image_raw/compressed: jpeg, png).",
        choices=("raw", "compressed"),
        read_only=True,
    ),
    ParameterSpec(
        "image_buffer",
        10,
        "Maximum number of images that wait for their keypoints.",
        low=1,
        high=100,
        read_only=True,
    ),
    ParameterSpec(
        "marker_lifetime",
        0.5,
        "How long RViz shows a marker that is not renewed, s.",
        low=0.0,
        high=10.0,
        read_only=True,
    ),
)

MOST_ACTIONS = 256
"""Current actions to remember: a publisher that dies leaves some that nothing ends."""

CHECK_SECONDS = 0.2
LEFT_WRIST = 15
LINE_WIDTH = 0.01
BODY_RGB = (0.25, 0.78, 1.0)
HAND_RGB = ((1.0, 0.67, 0.16), (0.47, 1.0, 0.35))


class Overlay(Node):
    """Draws keypoints and current actions on the image in which they were found."""

    def __init__(self, **kwargs: Any) -> None:
        """Create the publishers; the node subscribes to its inputs while these have subscribers."""
        super().__init__("overlay", **kwargs)
        declare_parameters(self, PARAMETERS)
        self._settings = read_parameters(self, PARAMETERS)
        self.counters = NodeCounters()
        self._images = ImageMatcher(self, self.counters, self._settings["image_buffer"])
        self.actions: dict[tuple[str, str], tuple[str, str]] = {}
        """Event id and text of the current action by frame of the camera and track id."""
        self._overlay = self.create_publisher(Image, "overlay", RELIABLE)
        self._markers = self.create_publisher(MarkerArray, "markers", RELIABLE)
        self._keypoints_input: Subscription | None = None
        # Always subscribed: events are rare, and the current actions must be known at any time.
        self.create_subscription(ActionEvent, "/action_recognition", self._on_event, EVENTS)
        self._worker = LatestWorker("overlay", self._draw, self._unexpected)
        self._diagnostics = NodeDiagnostics(self, self.counters, dict)
        self.create_timer(
            CHECK_SECONDS, self._update_inputs, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def finish(self) -> None:
        """Stop the worker."""
        self._worker.close()

    def _update_inputs(self) -> None:
        images_wanted = self._overlay.get_subscription_count() > 0
        keypoints_wanted = images_wanted or self._markers.get_subscription_count() > 0
        if images_wanted:
            self._images.open(self._settings["image_transport"])
        else:
            self._images.close()
        if keypoints_wanted and self._keypoints_input is None:
            self._keypoints_input = self.create_subscription(
                BodyHandKeypoints, "keypoints", self._on_keypoints, RELIABLE
            )
        elif not keypoints_wanted and self._keypoints_input is not None:
            self.destroy_subscription(self._keypoints_input)
            self._keypoints_input = None

    def _on_event(self, message: ActionEvent) -> None:
        # Other cameras and robots may use the same topic, and count their people in the same way.
        person = message.header.frame_id, message.track_id
        if message.phase == Phase.ONSET:
            # A person does one action at a time: this one is the newest.
            self.actions.pop(person, None)
            self.actions[person] = (message.event_id, f"{message.label} {message.score:.2f}")
            for oldest in list(self.actions)[:-MOST_ACTIONS]:
                del self.actions[oldest]
        elif person in self.actions and self.actions[person][0] == message.event_id:
            del self.actions[person]

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        self.counters.count("received")
        if self._markers.get_subscription_count():
            self._markers.publish(self._marker_array(message))
        image = self._images.pop(time_to_ns(message.header.stamp))
        if image is None:
            return
        if not self._worker.submit((image, message, self._actions_of(message))):
            self.counters.count("dropped")

    def _actions_of(self, message: BodyHandKeypoints) -> dict[str, str]:
        """Return the texts of the current actions before the camera of a message, by track id."""
        camera = message.header.frame_id
        return {
            track: text for (frame, track), (_, text) in self.actions.items() if frame == camera
        }

    def _draw(self, job: tuple[ImageMessage, BodyHandKeypoints, dict[str, str]]) -> None:
        image_message, keypoints, actions = job
        try:
            image = image_from_message(image_message)
        except ValueError as error:
            self.counters.rejected(f"image: {error}")
            return
        drawn = draw_frame(image, keypoints_from_message(keypoints), actions)
        stamp_ns = time_to_ns(keypoints.header.stamp)
        self._overlay.publish(image_to_message(drawn, stamp_ns, keypoints.header.frame_id))
        self.counters.published(age(self, stamp_ns))

    def _unexpected(self, error: Exception) -> None:
        self._diagnostics.reject(f"internal error: {error}")

    def _marker_array(self, message: BodyHandKeypoints) -> MarkerArray:
        frame = keypoints_from_message(message)
        actions = self._actions_of(message)
        markers = []
        for person in frame.people:
            markers += person_markers(
                person,
                message.header,
                actions.get(person.track_id, ""),
                self._settings["marker_lifetime"],
            )
        return MarkerArray(markers=markers)


def person_markers(
    person: PersonKeypoints, header: Header, action: str, lifetime: float
) -> list[Marker]:
    """Return line markers of the body and each hand, and a text marker, in metres.

    With camera coordinates, a person stands where depth measured them; joints without are placed
    relative to the others by world coordinates. Without any, the hips stand at the origin of the
    camera's optical frame. A hand without camera coordinates is attached to its wrist, because its
    world coordinates start at its own centre.

    Args:
        person: One person.
        header: Frame and stamp of the markers.
        action: Text above the head; empty for none.
        lifetime: Seconds for which RViz shows a marker.
    """
    body = _placed(person.body_world, person.body_camera)
    markers = [_lines(body, BODY_BONES, BODY_RGB)]
    for side in (0, 1):
        hand = person.hands_world[side]
        on_wrist = hand - hand[0] + body[LEFT_WRIST + side]
        placed = _placed(on_wrist, person.hands_camera[side])
        markers.append(_lines(placed, HAND_BONES, HAND_RGB[side]))
    if action and np.isfinite(body[0]).all():
        text = Marker(type=Marker.TEXT_VIEW_FACING, text=action)
        x, y, z = (float(value) for value in body[0])
        text.pose.position = Point(x=x, y=y - 0.3, z=z)
        text.scale.z = 0.12
        text.color.r = text.color.g = text.color.b = text.color.a = 1.0
        markers.append(text)
    seconds, rest = divmod(lifetime, 1.0)
    for index, marker in enumerate(markers):
        marker.header = header
        marker.ns = person.track_id
        marker.id = index
        marker.lifetime.sec, marker.lifetime.nanosec = int(seconds), int(rest * 1e9)
        if marker.type == Marker.LINE_LIST and not marker.points:
            marker.action = Marker.DELETE
    return markers


def _placed(points: FloatArray, measured: FloatArray) -> FloatArray:
    """Return (N, 3) measured points; the others are placed relative to them.

    Args:
        points: (N, 3) metres around any origin, NaN if absent.
        measured: (N, 3) metres in the camera's frame, NaN if unknown.
    """
    known = np.isfinite(measured).all(axis=1)
    both = known & np.isfinite(points).all(axis=1)
    if not both.any():
        return points
    shift = np.median((measured - points)[both], axis=0)
    return np.where(known[:, None], measured, points + shift)


def _lines(
    points: npt.NDArray[np.floating],
    bones: tuple[tuple[int, int], ...],
    rgb: tuple[float, float, float],
) -> Marker:
    marker = Marker(type=Marker.LINE_LIST)
    marker.pose.orientation.w = 1.0
    marker.scale.x = LINE_WIDTH
    marker.color.r, marker.color.g, marker.color.b = rgb
    marker.color.a = 1.0
    present = np.isfinite(points).all(axis=1)
    for bone in bones:
        if present[list(bone)].all():
            for joint in bone:
                x, y, z = (float(value) for value in points[joint])
                marker.points.append(Point(x=x, y=y, z=z))
    return marker


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(Overlay, arguments)
