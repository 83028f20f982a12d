"""Runs the MediaPipe graphs, and returns their outputs as arrays.

Packets carry the true capture times, so that the smoothing filters know the true frame rate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import mediapipe
import numpy as np
import numpy.typing as npt
from mediapipe.framework import calculator_pb2
from mediapipe.framework.formats import rect_pb2
from mediapipe.python import packet_creator, packet_getter

from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.mediapipe import graph_configs, graph_outputs
from bharnet_ros.pose.mediapipe.graph_outputs import HandOutputs
from bharnet_ros.pose.mediapipe.quiet import without_startup_noise
from bharnet_ros.pose.scene import BodyLandmarks, HandLandmarks
from bharnet_ros.types.keypoints import FloatArray


@dataclass(frozen=True)
class Region:
    """Where a body is in the image: a rotated rectangle whose centre is between the hips.

    Attributes:
        x: Centre by image width.
        y: Centre by image height.
        width: By image width.
        height: By image height.
        rotation: Clockwise, radians.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float


@dataclass(frozen=True, eq=False)
class TrackedBody(BodyLandmarks):
    """A body found in the region in which it was expected.

    Attributes:
        score: Presence score in 0..1.
        next_region: Where to expect it in the next frame.
    """

    score: float
    next_region: Region


def image_packet(image: npt.NDArray[np.uint8]) -> Any:
    """Return an (H, W, 3) RGB image, contiguous, as a packet that several graphs can share."""
    return packet_creator.create_image_frame(image, image_format=mediapipe.ImageFormat.SRGB)


class Graph:
    """A running calculator graph. Not thread-safe: one frame at a time."""

    def __init__(
        self, config: calculator_pb2.CalculatorGraphConfig, outputs: Iterable[str]
    ) -> None:
        """Start a graph, and keep the packets of the named output streams."""
        self._graph: Any = mediapipe.CalculatorGraph(graph_config=config)
        self._outputs = tuple(outputs)
        self._packets: dict[str, list[Any]] = {}
        for name in self._outputs:
            self._graph.observe_output_stream(name, self._keep, False)
        self._start()

    def _start(self) -> None:
        with without_startup_noise():
            self._graph.start_run()
            self._graph.wait_until_idle()
        self._first_frame = True

    def _keep(self, stream: str, packet: Any) -> None:
        self._packets[stream].append(packet)

    def send(self, timestamp_us: int, inputs: Mapping[str, Any]) -> None:
        """Start to process a frame.

        Args:
            timestamp_us: Capture time in microseconds, greater than the previous one.
            inputs: Packets, by the name of their input stream.

        Raises:
            RuntimeError: MediaPipe refused the frame.
        """
        # New lists, because another thread may still read those of the previous frame.
        self._packets = {name: [] for name in self._outputs}
        # MediaPipe prints its one-time lines while it processes the first frame.
        quiet = without_startup_noise() if self._first_frame else contextlib.nullcontext()
        with quiet:
            for stream, packet in inputs.items():
                self._graph.add_packet_to_input_stream(
                    stream=stream, packet=packet.at(timestamp_us)
                )
            if self._first_frame:
                self._graph.wait_until_idle()
        self._first_frame = False

    def wait(self) -> dict[str, list[Any]]:
        """Wait for the frame, and return its output packets by stream.

        Raises:
            RuntimeError: MediaPipe refused the frame.
        """
        self._graph.wait_until_idle()
        return self._packets

    def reset(self) -> None:
        """Forget all earlier frames; the next timestamp may have any value."""
        self._graph.close()
        self._start()

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()


class ImageGraph(Graph):
    """A graph that processes whole images."""

    def begin(self, image: Any, timestamp_us: int) -> None:
        """Start to process an image from `image_packet`; raises as `send` does."""
        self.send(timestamp_us, {graph_configs.IMAGE: image})


class OnePersonGraph(ImageGraph):
    """Finds and tracks one person, and searches for lone hands if there is none."""

    def __init__(self, settings: EngineSettings) -> None:
        """Start the graph."""
        outputs = [*graph_outputs.BODY_OUTPUTS, *graph_outputs.LONE_HANDS.names()]
        super().__init__(graph_configs.one_person_config(settings), outputs)

    def result(self) -> Callable[[], tuple[BodyLandmarks | None, list[HandLandmarks]]]:
        """Wait; return a function that returns the body, None if there is none, and the lone hands.

        There are at most two lone hands. The function may be called at any time, on any thread.
        """
        packets = self.wait()
        return lambda: (_body(packets), _hands(packets, graph_outputs.LONE_HANDS))


class DetectorGraph(ImageGraph):
    """Finds all bodies of an image."""

    def __init__(self, settings: EngineSettings) -> None:
        """Start the graph."""
        super().__init__(graph_configs.detector_config(settings), [graph_outputs.REGIONS])

    def result(self) -> list[Region]:
        """Wait; return the regions of the bodies, the most confident first."""
        found = self.wait()[graph_outputs.REGIONS]
        return [_region(rect) for rect in packet_getter.get_proto_list(found[0])] if found else []


class PersonGraph(Graph):
    """Finds the landmarks of one body and its hands, frame by frame."""

    def __init__(self, settings: EngineSettings) -> None:
        """Start the graph."""
        outputs = [*graph_outputs.BODY_OUTPUTS, graph_outputs.BODY_SCORE, graph_outputs.NEXT_REGION]
        super().__init__(graph_configs.person_config(settings), outputs)

    def begin(self, image: Any, region: Region, timestamp_us: int) -> None:
        """Start to process a region of an image from `image_packet`; raises as `send` does."""
        rect = rect_pb2.NormalizedRect(
            x_center=region.x,
            y_center=region.y,
            width=region.width,
            height=region.height,
            rotation=region.rotation,
        )
        inputs = {
            graph_configs.IMAGE: image,
            graph_configs.REGION: packet_creator.create_proto(rect),
        }
        self.send(timestamp_us, inputs)

    def result(self) -> TrackedBody | None:
        """Wait; return the body in the region, None if there is none."""
        packets = self.wait()
        body = _body(packets)
        if body is None:
            return None
        return TrackedBody(
            body=body.body,
            world=body.world,
            hands=body.hands,
            score=packet_getter.get_float(packets[graph_outputs.BODY_SCORE][0]),
            next_region=_region(packet_getter.get_proto(packets[graph_outputs.NEXT_REGION][0])),
        )


class LoneHandsGraph(ImageGraph):
    """Finds lone hands: those to which no body leads."""

    def __init__(self, settings: EngineSettings) -> None:
        """Start the graph."""
        super().__init__(
            graph_configs.lone_hands_config(settings), graph_outputs.LONE_HANDS.names()
        )

    def result(self) -> list[HandLandmarks]:
        """Wait; return the hands found, at most two."""
        return _hands(self.wait(), graph_outputs.LONE_HANDS)


def _body(packets: Mapping[str, list[Any]]) -> BodyLandmarks | None:
    if not packets[graph_outputs.BODY]:
        return None
    left, right = (
        next(iter(_hands(packets, graph_outputs.HANDS_OF_BODY[side])), None)
        for side in graph_outputs.SIDES
    )
    return BodyLandmarks(
        body=_body_points(packet_getter.get_proto(packets[graph_outputs.BODY][0])),
        world=_points(packet_getter.get_proto(packets[graph_outputs.BODY_WORLD][0])),
        hands=(left, right),
    )


def _hands(packets: Mapping[str, list[Any]], outputs: HandOutputs) -> list[HandLandmarks]:
    landmarks = packets[outputs.landmarks]
    # Scores come for every crop, the other outputs only for crops that passed the threshold.
    scores = {
        packet.timestamp.value: packet_getter.get_float(packet) for packet in packets[outputs.score]
    }
    return [
        HandLandmarks(
            landmarks=_points(packet_getter.get_proto(landmark)),
            world=_points(packet_getter.get_proto(world)),
            score=scores[landmark.timestamp.value],
            left_probability=_left_probability(packet_getter.get_proto(handedness)),
        )
        for landmark, world, handedness in zip(
            landmarks, packets[outputs.world], packets[outputs.handedness], strict=True
        )
    ]


def _region(rect: Any) -> Region:
    return Region(rect.x_center, rect.y_center, rect.width, rect.height, rect.rotation)


def _points(landmarks: Any) -> FloatArray:
    """Return (N, 3) x, y, z of a MediaPipe landmark list."""
    return np.array([(p.x, p.y, p.z) for p in landmarks.landmark], dtype=np.float32)


def _body_points(landmarks: Any) -> FloatArray:
    """Return (N, 4) x, y, z, visibility of a MediaPipe landmark list."""
    return np.array([(p.x, p.y, p.z, p.visibility) for p in landmarks.landmark], dtype=np.float32)


def _left_probability(handedness: Any) -> float:
    """Return the probability of a left hand.

    The network was trained on mirrored images: the hand that it calls right is the person's left
    hand in an image that is not mirrored.
    """
    best = handedness.classification[0]
    return float(best.score if best.label == "Right" else 1.0 - best.score)
