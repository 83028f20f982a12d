"""Recordings for tests, with every kind of message that they can hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.writing import recorded_messages
from bharnet_ros.types.camera import Calibration, PinholeCamera
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, PersonKeypoints

START_NS = 1_700_000_000 * NANOSECONDS
CLASS_NAMES = ("wave", "point", "background")

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
KEYPOINTS = "bharnet_ros/msg/BodyHandKeypoints"
SCORES = "bharnet_ros/msg/ActionScores"
EVENT = "bharnet_ros/msg/ActionEvent"
MODEL_INFO = "bharnet_ros/msg/ModelInfo"


class Messages:
    """Makes messages; `at` is the time in seconds from the start of the recording."""

    start_ns = START_NS

    def make(self, message_type: str, **fields: Any) -> Any:
        """Return a message of a type."""
        return message_types().types[message_type](**fields)

    def stamp_ns(self, at: float) -> int:
        """Return a time in nanoseconds."""
        return self.start_ns + round(at * NANOSECONDS)

    def time(self, at: float) -> Any:
        """Return a time."""
        sec, nanosec = divmod(self.stamp_ns(at), NANOSECONDS)
        return self.make("builtin_interfaces/msg/Time", sec=sec, nanosec=nanosec)

    def header(self, at: float) -> Any:
        """Return a header with a stamp."""
        return self.make("std_msgs/msg/Header", stamp=self.time(at), frame_id="camera")

    def image(self, at: float, pixels: np.ndarray) -> Any:
        """Return an rgb8 image."""
        height, width, _ = pixels.shape
        return self.make(
            IMAGE,
            header=self.header(at),
            height=height,
            width=width,
            encoding="rgb8",
            is_bigendian=0,
            step=3 * width,
            data=pixels.reshape(-1),
        )

    def compressed(self, at: float, data: bytes, format: str = "png") -> Any:
        """Return a compressed image."""
        return self.make(
            COMPRESSED,
            header=self.header(at),
            format=format,
            data=np.frombuffer(data, dtype=np.uint8),
        )

    def depth(self, at: float, depth: np.ndarray) -> Any:
        """Return (H, W) metres as a depth image in millimetres."""
        return recorded_messages().depth_image(depth, self.stamp_ns(at), "camera")

    def camera_info(self, at: float, camera: PinholeCamera) -> Any:
        """Return the calibration of a camera."""
        return recorded_messages().camera_info(Calibration.of(camera), self.stamp_ns(at), "camera")

    def keypoints(self, frame: FrameKeypoints) -> Any:
        """Return keypoints; the stamp of the frame counts from the start of the recording."""
        return self.make(
            KEYPOINTS,
            header=self.header(frame.stamp_ns / NANOSECONDS),
            image_width=frame.width,
            image_height=frame.height,
            people=[self._person(person) for person in frame.people],
        )

    def _person(self, person: PersonKeypoints) -> Any:
        def flat(values: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(values, dtype=np.float32).reshape(-1)

        return self.make(
            "bharnet_ros/msg/PersonKeypoints",
            track_id=person.track_id,
            body_present=person.body_present,
            body=flat(person.body[:, :3]),
            body_visibility=flat(person.body[:, 3]),
            body_world=flat(person.body_world),
            body_camera=flat(person.body_camera),
            hand_present=np.array(person.hands_present),
            hand_score=flat(person.hand_scores),
            hands=flat(person.hands),
            hands_world=flat(person.hands_world),
            hands_camera=flat(person.hands_camera),
        )

    def scores(
        self, at: float, people: dict[str, Sequence[float]], model_name: str = "tiny"
    ) -> Any:
        """Return scores of everyone over the last second."""
        tracks = [
            self.make(
                "bharnet_ros/msg/TrackScores",
                track_id=track_id,
                window_start=self.time(at - 1.0),
                window_end=self.time(at),
                probabilities=np.array(row, dtype=np.float32),
                body_probabilities=np.array(row, dtype=np.float32),
                hand_probabilities=np.array(row, dtype=np.float32),
                body_reliability=1.0,
                hand_reliability=1.0,
                hand="right",
                hands_differ=False,
                place=self.place(),
            )
            for track_id, row in people.items()
        ]
        return self.make(SCORES, header=self.header(at), model_name=model_name, tracks=tracks)

    def event(
        self,
        event_id: str,
        phase: int,
        at: float,
        start: float,
        end: float,
        *,
        label: str = "wave",
        reason: str = "",
        latency: float = 0.05,
        track_id: str = "body_1",
    ) -> Any:
        """Return an event; `at` is its stamp."""
        return self.make(
            EVENT,
            header=self.header(at),
            event_id=event_id,
            phase=phase,
            track_id=track_id,
            class_id=0,
            label=label,
            hand="right",
            hands_differ=False,
            place=self.place(),
            target_known=False,
            target_frame="",
            target_position=self.vector("Point", np.nan),
            score=0.875,
            body_score=0.5,
            hand_score=0.5,
            start=self.time(start),
            end=self.time(end),
            latency=self.make(
                "builtin_interfaces/msg/Duration", sec=0, nanosec=round(latency * NANOSECONDS)
            ),
            reason=reason,
            model_name="tiny",
        )

    def place(self) -> Any:
        """Return a place of which nothing is known."""
        return self.make(
            "bharnet_ros/msg/PersonPlace",
            box_known=False,
            box=np.full(4, np.nan, dtype=np.float32),
            direction_known=False,
            direction=self.vector("Vector3", np.nan),
            position_known=False,
            position=self.vector("Point", np.nan),
        )

    def vector(self, kind: str, value: float) -> Any:
        """Return a point or vector with three equal numbers."""
        return self.make(f"geometry_msgs/msg/{kind}", x=value, y=value, z=value)

    def model_info(self, at: float = 0.0, class_names: Sequence[str] = CLASS_NAMES) -> Any:
        """Return model information."""
        return self.make(
            MODEL_INFO,
            header=self.header(at),
            name="tiny",
            variant="base",
            class_names=list(class_names),
            background_id=len(class_names) - 1,
            body_layout="mediapipe_upper_body",
            hand_layout="mediapipe_hand",
            window=1.0,
            stride=0.1,
            frames=8,
            enter_threshold=0.6,
            exit_threshold=0.4,
            rejection_threshold=0.5,
            smoothing=0.3,
            min_duration=0.3,
            min_gap=0.3,
            support_share=0.5,
            class_parameters=[],
            device="cpu",
            weights_sha256="",
        )

    def waving(self, waves: Sequence[tuple[float, float]], until: float) -> list[tuple[str, Any]]:
        """Return model information, and scores of one person who waves during `waves`."""
        rows = [("model_info", self.model_info())]
        for number in range(round(until * 10) + 1):
            at = number / 10
            waving = any(start + 0.5 <= at <= end + 0.5 for start, end in waves)
            row = (0.9, 0.05, 0.05) if waving else (0.05, 0.05, 0.9)
            rows.append(("action_scores", self.scores(at, {"body_1": row})))
        return rows


def write(
    folder: Path,
    rows: Iterable[tuple[str, Any]],
    *,
    storage: str = "mcap",
    compression: str = "none",
    silent: Sequence[tuple[str, str]] = (),
    in_order: bool = False,
) -> Path:
    """Write a recording and return its folder.

    Args:
        folder: Folder to create.
        rows: Topics, with or without a leading slash, and messages; each is recorded at the time of
            its stamp.
        storage: mcap or sqlite3.
        compression: none, file, message or storage.
        silent: Topics and types that are announced but have no messages.
        in_order: Whether messages are recorded in the order of `rows`, whatever their stamps.
    """
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin[storage.upper()])
    writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    types = message_types()
    with writer:
        connections = {
            name: writer.add_connection(name, type_name, typestore=types)
            for name, type_name in silent
        }
        for number, (topic, message) in enumerate(rows):
            name = f"/{topic.removeprefix('/')}"
            type_name = message.__msgtype__
            if name not in connections:
                connections[name] = writer.add_connection(name, type_name, typestore=types)
            stamp = message.header.stamp
            log_ns = stamp.sec * NANOSECONDS + stamp.nanosec
            writer.write(
                connections[name],
                START_NS + number if in_order else log_ns,
                types.serialize_cdr(message, type_name),
            )
    return folder
