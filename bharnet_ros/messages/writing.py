"""Core types to messages: fills each field, for any message library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.messages.depth_images import encode_depth
from bharnet_ros.messages.images import encode_compressed, encode_image
from bharnet_ros.recognition.pointing import PointingRay
from bharnet_ros.types.actions import ActionEvent, ActionScores, TrackScores
from bharnet_ros.types.camera import Calibration
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FloatArray, FrameKeypoints, PersonKeypoints
from bharnet_ros.types.places import PersonPlace, Point

LARGEST_SECONDS = 2**31 - 1


@dataclass(frozen=True)
class MessageFactory:
    """Makes messages of one library from core types, whose stamps are integer nanoseconds.

    Attributes:
        find_class: Returns the class of a message type such as "sensor_msgs/msg/Image".
        pack: Converts a one-dimensional array to the library's list of numbers or flags.
            Fixed-length float32 arrays are NumPy arrays in every library.
    """

    find_class: Callable[[str], Any]
    pack: Callable[[npt.NDArray[Any]], Any]

    def time(self, nanoseconds: int) -> Any:
        """Return nanoseconds as builtin_interfaces/Time.

        Raises:
            InputError: The time does not fit into the message.
        """
        seconds, rest = divmod(int(nanoseconds), NANOSECONDS)
        if abs(seconds) > LARGEST_SECONDS:
            raise InputError(f"stamp {nanoseconds} ns does not fit into builtin_interfaces/Time")
        return self._make("builtin_interfaces", "Time", sec=seconds, nanosec=rest)

    def duration(self, nanoseconds: int) -> Any:
        """Return nanoseconds, negative ones too, as builtin_interfaces/Duration.

        The field nanosec always counts upwards.

        Raises:
            InputError: The duration does not fit into the message.
        """
        seconds, rest = divmod(int(nanoseconds), NANOSECONDS)
        if abs(seconds) > LARGEST_SECONDS:
            raise InputError(f"{nanoseconds} ns does not fit into builtin_interfaces/Duration")
        return self._make("builtin_interfaces", "Duration", sec=seconds, nanosec=rest)

    def image(self, image: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str = "") -> Any:
        """Return an (H, W, 3) uint8 RGB image captured at `stamp_ns` as sensor_msgs/Image.

        Raises:
            InputError: The image is of another shape or type.
        """
        return self._raw_image(image.shape, encode_image(image), stamp_ns, frame_id)

    def compressed_image(
        self,
        image: npt.NDArray[np.uint8],
        stamp_ns: int,
        frame_id: str = "",
        *,
        compression: str = "jpeg",
        quality: int = 95,
    ) -> Any:
        """Return an (H, W, 3) uint8 RGB image as sensor_msgs/CompressedImage.

        Raises:
            InputError: As for `images.encode_compressed`.
        """
        format_, data = encode_compressed(image, compression, quality)
        return self._make(
            "sensor_msgs",
            "CompressedImage",
            header=self._header(stamp_ns, frame_id),
            format=format_,
            data=self._bytes(data),
        )

    def depth_image(self, depth: FloatArray, stamp_ns: int, frame_id: str = "") -> Any:
        """Return (H, W) metres, NaN where unknown, as sensor_msgs/Image in millimetres.

        Raises:
            InputError: The image is of another shape.
        """
        return self._raw_image(depth.shape, encode_depth(depth), stamp_ns, frame_id)

    def camera_info(self, calibration: Calibration, stamp_ns: int, frame_id: str = "") -> Any:
        """Return a calibration as sensor_msgs/CameraInfo."""
        return self._make(
            "sensor_msgs",
            "CameraInfo",
            header=self._header(stamp_ns, frame_id),
            height=calibration.height,
            width=calibration.width,
            distortion_model=calibration.distortion_model,
            d=self.pack(np.array(calibration.d, dtype=np.float64)),
            k=np.array(calibration.k, dtype=np.float64),
            r=np.array(calibration.r, dtype=np.float64),
            p=np.array(calibration.p, dtype=np.float64),
            # Zeros mean that every pixel of the sensor is used.
            binning_x=0,
            binning_y=0,
            roi=self._make(
                "sensor_msgs",
                "RegionOfInterest",
                x_offset=0,
                y_offset=0,
                height=0,
                width=0,
                do_rectify=False,
            ),
        )

    def keypoints(self, frame: FrameKeypoints) -> Any:
        """Return all people in one frame as bharnet_ros/BodyHandKeypoints."""
        return self._make(
            "bharnet_ros",
            "BodyHandKeypoints",
            header=self._header(frame.stamp_ns, frame.frame_id),
            image_width=frame.width,
            image_height=frame.height,
            people=[self._person(person) for person in frame.people],
        )

    def scores(self, scores: ActionScores) -> Any:
        """Return the scores of all people in view as bharnet_ros/ActionScores."""
        return self._make(
            "bharnet_ros",
            "ActionScores",
            header=self._header(scores.stamp_ns, scores.frame_id),
            model_name=scores.model_name,
            tracks=[self._track(track) for track in scores.tracks],
        )

    def event(self, event: ActionEvent, publish_ns: int) -> Any:
        """Return an event that is published at `publish_ns` as bharnet_ros/ActionEvent.

        The latency is 0, for unknown, if `publish_ns` is 0: simulated time that has not begun.
        """
        return self._make(
            "bharnet_ros",
            "ActionEvent",
            header=self._header(event.stamp_ns, event.frame_id),
            event_id=event.event_id,
            phase=int(event.phase),
            track_id=event.track_id,
            class_id=int(event.class_id),
            label=event.label,
            hand=event.hand.value,
            hands_differ=bool(event.hands_differ),
            place=self._place(event.place),
            target_known=event.target_position is not None,
            target_frame=event.target_frame,
            target_position=self._vector("Point", event.target_position),
            score=float(event.score),
            body_score=float(event.body_score),
            hand_score=float(event.hand_score),
            start=self.time(event.start_ns),
            end=self.time(event.end_ns),
            latency=self.duration(publish_ns - event.stamp_ns if publish_ns else 0),
            reason=event.reason.value,
            model_name=event.model_name,
        )

    def pointing(self, rays: Sequence[PointingRay], stamp_ns: int, frame_id: str = "") -> Any:
        """Return where people point in one image as bharnet_ros/PointingRays."""
        return self._make(
            "bharnet_ros",
            "PointingRays",
            header=self._header(stamp_ns, frame_id),
            rays=[
                self._make(
                    "bharnet_ros",
                    "PointingRay",
                    track_id=ray.track_id,
                    hand=ray.hand.value,
                    origin=self._vector("Point", ray.origin),
                    direction=self._vector("Vector3", ray.direction),
                    uncertainty=float(ray.uncertainty),
                )
                for ray in rays
            ],
        )

    def _make(self, package: str, name: str, **fields: Any) -> Any:
        return self.find_class(f"{package}/msg/{name}")(**fields)

    def _header(self, stamp_ns: int, frame_id: str) -> Any:
        return self._make("std_msgs", "Header", stamp=self.time(stamp_ns), frame_id=frame_id)

    def _track(self, track: TrackScores) -> Any:
        return self._make(
            "bharnet_ros",
            "TrackScores",
            track_id=track.track_id,
            window_start=self.time(track.window_start_ns),
            window_end=self.time(track.window_end_ns),
            probabilities=self._floats(track.probabilities),
            body_probabilities=self._floats(track.body_probabilities),
            hand_probabilities=self._floats(track.hand_probabilities),
            body_reliability=float(track.body_reliability),
            hand_reliability=float(track.hand_reliability),
            hand=track.hand.value,
            hands_differ=bool(track.hands_differ),
            place=self._place(track.place),
        )

    def _place(self, place: PersonPlace) -> Any:
        box = (np.nan,) * 4 if place.box is None else place.box
        return self._make(
            "bharnet_ros",
            "PersonPlace",
            box_known=place.box is not None,
            box=np.array(box, dtype=np.float32),
            direction_known=place.direction is not None,
            direction=self._vector("Vector3", place.direction),
            position_known=place.position is not None,
            position=self._vector("Point", place.position),
        )

    def _vector(self, kind: str, values: Point | None) -> Any:
        """Return a message of geometry_msgs with x, y and z, NaN if they are not known."""
        x, y, z = (np.nan,) * 3 if values is None else values
        return self._make("geometry_msgs", kind, x=float(x), y=float(y), z=float(z))

    def _person(self, person: PersonKeypoints) -> Any:
        return self._make(
            "bharnet_ros",
            "PersonKeypoints",
            track_id=person.track_id,
            body_present=person.body_present,
            body=_flat(person.body[:, :3]),
            body_visibility=_flat(person.body[:, 3]),
            body_world=_flat(person.body_world),
            body_camera=_flat(person.body_camera),
            hand_present=self.pack(np.array(person.hands_present, dtype=np.bool_)),
            hand_score=_flat(person.hand_scores),
            hands=_flat(person.hands),
            hands_world=_flat(person.hands_world),
            hands_camera=_flat(person.hands_camera),
        )

    def _raw_image(
        self,
        shape: tuple[int, ...],
        encoded: tuple[str, int, bytes],
        stamp_ns: int,
        frame_id: str,
    ) -> Any:
        """Return sensor_msgs/Image of an array (H, W, ...) as encoding, step and data."""
        encoding, step, data = encoded
        return self._make(
            "sensor_msgs",
            "Image",
            header=self._header(stamp_ns, frame_id),
            height=shape[0],
            width=shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=step,
            data=self._bytes(data),
        )

    def _bytes(self, data: bytes) -> Any:
        return self.pack(np.frombuffer(data, dtype=np.uint8))

    def _floats(self, values: npt.NDArray[np.floating]) -> Any:
        return self.pack(np.asarray(values, dtype=np.float32))


def _flat(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
