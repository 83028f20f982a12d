"""People and gestures for REP-155: keypoints and action events in, topics of /humans/bodies out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Point, PointStamped
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Header

from bharnet_ros.messages.humans import (
    BodyIds,
    gesture_name,
    parse_gesture_names,
    region_corners,
    skeleton_points,
)
from bharnet_ros.msg import ActionEvent, BodyHandKeypoints
from bharnet_ros.nodes.conversions import event_from_message, keypoints_from_message
from bharnet_ros.nodes.runtime.counters import NodeCounters
from bharnet_ros.nodes.runtime.diagnostics import NodeDiagnostics
from bharnet_ros.nodes.runtime.optional_packages import import_package
from bharnet_ros.nodes.runtime.parameters import declare_parameters, read_parameters
from bharnet_ros.nodes.runtime.qos import EVENTS, RELIABLE
from bharnet_ros.nodes.runtime.spin import run_node
from bharnet_ros.nodes.runtime.watching import age
from bharnet_ros.pose.places import find_place
from bharnet_ros.types.actions import Phase
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, PersonKeypoints
from bharnet_ros.types.parameters import ParameterSpec

BODIES = "/humans/bodies"

CHECK_SECONDS = 0.2

LEAST_SILENCE_S = 1.0
"""Without keypoints for less, nobody is given up: a slow chain is not one that has stopped."""

PARAMETERS = (
    ParameterSpec(
        "gesture_names",
        # ROS reads an empty array as one of bytes.
        [""],
        "Gestures with a name in hri_msgs/Gesture, beside those of the package: each LABEL=NAME, "
        "such as stop=RIGHT_HAND_RAISED.",
        read_only=True,
    ),
    ParameterSpec(
        "track_timeout_s",
        1.0,
        "How long a person may be out of view before their id is given up, s.",
        low=0.0,
        high=60.0,
        read_only=True,
    ),
)


@dataclass(frozen=True)
class _Body:
    """The publishers of one person."""

    skeleton: Publisher
    region: Publisher
    position: Publisher
    gesture: Publisher

    @property
    def publishers(self) -> tuple[Publisher, ...]:
        """All of them."""
        return self.skeleton, self.region, self.position, self.gesture


class HriBridge(Node):
    """Publishes who is in view, where, and what they do, as REP-155 names it.

    A person has a random id, which ends when they are out of view: whoever comes then, with the
    same track id or not, has another one. When keypoints stop, nobody is in view.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Subscribe.

        Raises:
            InputError: hri_msgs is not installed, or a parameter cannot be used.
        """
        self._messages = import_package("hri_msgs.msg", "hri_bridge")
        super().__init__("hri_bridge", **kwargs)
        declare_parameters(self, PARAMETERS)
        settings = read_parameters(self, PARAMETERS)
        self._names = parse_gesture_names(settings["gesture_names"])
        self._timeout_ns = round(settings["track_timeout_s"] * NANOSECONDS)
        self._silence_s = max(settings["track_timeout_s"], LEAST_SILENCE_S)
        self._heard_s = time.monotonic()
        self.counters = NodeCounters()
        self._ids = BodyIds()
        self._bodies: dict[str, _Body] = {}
        self._camera = ""
        self._tracked = self.create_publisher(self._messages.IdsList, f"{BODIES}/tracked", RELIABLE)
        self.create_subscription(BodyHandKeypoints, "keypoints", self._on_keypoints, RELIABLE)
        self.create_subscription(ActionEvent, "/action_recognition", self._on_event, EVENTS)
        self._diagnostics = NodeDiagnostics(self, self.counters, dict)
        self.create_timer(
            CHECK_SECONDS, self._check_silence, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def _on_keypoints(self, message: BodyHandKeypoints) -> None:
        self.counters.count("received")
        try:
            frame = keypoints_from_message(message)
        except ValueError as error:
            self._diagnostics.reject(str(error))
            return
        if min(frame.width, frame.height) < 1:
            self._diagnostics.reject("keypoints: the image has no size, which REP-155 divides by")
            return
        self._heard_s = time.monotonic()
        self._camera = frame.frame_id
        self._close(self._ids.forget_unseen(frame.stamp_ns, self._timeout_ns))
        for person in frame.people:
            self._publish_body(person, frame, message.header)
        ids = sorted(self._ids.current.values())
        self._tracked.publish(self._messages.IdsList(header=message.header, ids=ids))
        self.counters.published(age(self, frame.stamp_ns))

    def _check_silence(self) -> None:
        """Give up everybody when keypoints have stopped."""
        if not self._bodies or time.monotonic() - self._heard_s <= self._silence_s:
            return
        self._close(self._ids.forget_all())
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._camera)
        self._tracked.publish(self._messages.IdsList(header=header, ids=[]))

    def _publish_body(self, person: PersonKeypoints, frame: FrameKeypoints, header: Header) -> None:
        messages = self._messages
        body_id = self._ids.of(person.track_id, frame.stamp_ns)
        body = self._bodies.get(body_id) or self._open(body_id)
        self._bodies[body_id] = body
        points = skeleton_points(person.body, frame.width, frame.height).tolist()
        body.skeleton.publish(
            messages.Skeleton2D(
                header=header,
                skeleton=[
                    messages.NormalizedPointOfInterest2D(x=x, y=y, c=c) for x, y, c in points
                ],
            )
        )
        place = find_place(person, frame.width, frame.height)
        if place.box is not None:
            xmin, ymin, xmax, ymax = region_corners(place.box, frame.width, frame.height)
            body.region.publish(
                messages.NormalizedRegionOfInterest2D(
                    header=header,
                    **{"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax, "c": 1.0},
                )
            )
        if place.position is not None:
            x, y, z = place.position
            body.position.publish(PointStamped(header=header, point=Point(x=x, y=y, z=z)))

    def _open(self, body_id: str) -> _Body:
        messages, topic = self._messages, f"{BODIES}/{body_id}"
        return _Body(
            self.create_publisher(messages.Skeleton2D, f"{topic}/skeleton2d", RELIABLE),
            self.create_publisher(messages.NormalizedRegionOfInterest2D, f"{topic}/roi", RELIABLE),
            self.create_publisher(PointStamped, f"{topic}/position", RELIABLE),
            self.create_publisher(messages.Gesture, f"{topic}/gesture", RELIABLE),
        )

    def _close(self, body_ids: Iterable[str]) -> None:
        for body_id in body_ids:
            for publisher in self._bodies.pop(body_id).publishers:
                self.destroy_publisher(publisher)

    def _on_event(self, message: ActionEvent) -> None:
        try:
            event = event_from_message(message)
        except ValueError as error:
            self._diagnostics.reject(str(error))
            return
        if event.frame_id != self._camera:
            # Other cameras may use the same topic, and count their people in the same way.
            return
        name = gesture_name(event.label, event.hand, self._names)
        body_id = self._ids.current.get(event.track_id)
        if event.phase is not Phase.ONSET or name is None or body_id is None:
            return
        gesture = self._messages.Gesture(header=message.header)
        gesture.gesture = getattr(self._messages.Gesture, name)
        self._bodies[body_id].gesture.publish(gesture)
        self.counters.count("gestures")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    return run_node(HriBridge, arguments)
