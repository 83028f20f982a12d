"""The MediaPipe calculator graph: one body and its two hands, without the face network.

The graph is put together from the subgraphs inside the MediaPipe wheel. Two things are done that
`mediapipe.solutions` does not do: streams inside the subgraphs are observed (presence score and
world landmarks of each hand), and packets carry the real capture times, so that the smoothing
filters know the true frame rate.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
import numpy.typing as npt
from mediapipe.calculators.core import (
    constant_side_packet_calculator_pb2,
    gate_calculator_pb2,
    split_vector_calculator_pb2,
)
from mediapipe.calculators.tensor import tensors_to_detections_calculator_pb2
from mediapipe.calculators.util import thresholding_calculator_pb2
from mediapipe.framework import calculator_pb2
from mediapipe.python import packet_creator, packet_getter

from bharnet_ros.keypoints import FloatArray

SIDES = ("left", "right")
# Wrist, little finger and index finger of the body, in the order that HandLandmarksFromPoseCpu
# expects them.
_HAND_POINTS_OF_BODY = {"left": (15, 17, 19), "right": (16, 18, 20)}
_POSE_MODELS = ("lite", "full", "heavy")
# The lines that TensorFlow Lite and MediaPipe print on every start and that no setting turns off.
_STARTUP_NOISE = re.compile(
    r"INFO: Created TensorFlow Lite XNNPACK delegate"
    r"|All log messages before absl::InitializeLog"
    r"|inference_feedback_manager\.cc"
    r"|landmark_projection_calculator\.cc.*Using NORM_RECT without IMAGE_DIMENSIONS"
)


@dataclass(frozen=True, eq=False)
class HandLandmarks:
    """One hand as the network gives it.

    Attributes:
        landmarks: (21, 3) x by image width, y by image height, z by image width.
        world: (21, 3) metres, origin at the centre of the hand.
        score: Presence score in 0..1.
        left_probability: Probability in 0..1 that it is a person's left hand, in an image that is
            not mirrored.
    """

    landmarks: FloatArray
    world: FloatArray
    score: float
    left_probability: float


@dataclass(frozen=True, eq=False)
class GraphOutput:
    """What the networks found in one frame.

    Attributes:
        body: (33, 4) x by image width, y by image height, z by image width, visibility in 0..1;
            None where there is no body.
        body_world: (33, 3) metres, origin between the hips; None where there is no body.
        hands: Left and right hand of the body; None where not found.
        loose_hands: Hands found by the palm detector; it runs only in frames without a body.
    """

    body: FloatArray | None
    body_world: FloatArray | None
    hands: tuple[HandLandmarks | None, HandLandmarks | None]
    loose_hands: tuple[HandLandmarks, ...]


def _hand_streams(prefix: str) -> dict[str, str]:
    """Return the streams inside the HandLandmarkCpu subgraph whose node is `prefix`."""
    return {
        "landmarks": f"{prefix}__hand_landmarks",
        "world": f"{prefix}__hand_world_landmarks",
        "score": f"{prefix}__hand_presence_score",
        "handedness": f"{prefix}__handedness",
    }


_HAND_STREAMS = {
    # HandLandmarksFromPoseCpu gives its landmarks out under the name that our config chooses.
    **{
        side: _hand_streams(f"{side}_hand__handlandmarkcpu") | {"landmarks": f"{side}_landmarks"}
        for side in SIDES
    },
    "loose": _hand_streams("loose_hands__handlandmarkcpu")
    | {
        "landmarks": "loose_hands__single_hand_landmarks",
        "world": "loose_hands__single_hand_world_landmarks",
        "handedness": "loose_hands__single_handedness",
    },
}

_BODY_SCORE = (
    "body__poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation__pose_presence_score"
)
# A hand or a cup that fills the image is often taken for a body, with a presence score below this
# in 9 of 10 frames; bodies really there score above it in more than 9 of 10 (docs/pose.md).
_SURE_BODY_SCORE = 0.999


def build_config(
    *,
    model_complexity: int = 1,
    min_detection_confidence: float = 0.6,
    min_tracking_confidence: float = 0.5,
    smooth_landmarks: bool = True,
) -> calculator_pb2.CalculatorGraphConfig:
    """Return the graph with every subgraph expanded.

    The body network comes first. Its wrists lead to a crop of each hand, from which the hand
    network finds the landmarks. In a frame without a body, the palm detector looks for hands
    instead, so that a hand close to the camera is not lost.

    Args:
        model_complexity: Body network: 0 lite, 1 full, 2 heavy. Only `full` is in the wheel.
        min_detection_confidence: Least score in 0..1 of a newly detected body. Furniture taken for
            a person scores below 0.6, people above 0.7 (docs/pose.md). Palms keep MediaPipe's 0.5.
        min_tracking_confidence: Least presence score in 0..1 of a body or hand that is kept.
        smooth_landmarks: Smooth the body over time (one-euro filter of MediaPipe).

    Raises:
        ValueError: A parameter is out of range.
        FileNotFoundError: The wheel does not contain the body network asked for.
        RuntimeError: This MediaPipe version has other subgraphs inside.
    """
    for name, value in (
        ("min_detection_confidence", min_detection_confidence),
        ("min_tracking_confidence", min_tracking_confidence),
    ):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name}: must be in 0..1, got {value}")
    if model_complexity not in range(len(_POSE_MODELS)):
        raise ValueError(f"model_complexity: must be 0, 1 or 2, got {model_complexity}")
    package = Path(mediapipe.__file__).parent
    model = package / f"modules/pose_landmark/pose_landmark_{_POSE_MODELS[model_complexity]}.tflite"
    if not model.is_file():
        raise FileNotFoundError(
            f"model_complexity={model_complexity}: this MediaPipe wheel lacks {model}; "
            "use 1, or put the model there"
        )

    config = calculator_pb2.CalculatorGraphConfig(input_stream=["image"])
    _add_constants(config, model_complexity=model_complexity, smooth_landmarks=smooth_landmarks)
    config.node.add(
        name="body",
        calculator="PoseLandmarkCpu",
        input_stream=["IMAGE:image"],
        input_side_packet=[
            "MODEL_COMPLEXITY:model_complexity",
            "SMOOTH_LANDMARKS:smooth_landmarks",
        ],
        output_stream=["LANDMARKS:body_landmarks", "WORLD_LANDMARKS:body_world_landmarks"],
    )
    for side in SIDES:
        _add_hand_of_body(config, side)
    _add_loose_hands(config)

    # MediaPipe finds its networks below this folder.
    mediapipe.resource_util.set_resource_dir(str(package.parent))
    validated = mediapipe.ValidatedGraphConfig()
    validated.initialize(graph_config=config)
    expanded = calculator_pb2.CalculatorGraphConfig.FromString(validated.binary_config)
    _check_streams(expanded)
    for node in expanded.node:
        if node.name == "body__posedetectioncpu__TensorsToDetectionsCalculator":
            options = tensors_to_detections_calculator_pb2.TensorsToDetectionsCalculatorOptions
            node.options.Extensions[options.ext].min_score_thresh = min_detection_confidence
        elif node.name.endswith(
            ("handlandmarkcpu__ThresholdingCalculator", "segmentation__ThresholdingCalculator")
        ):
            threshold = thresholding_calculator_pb2.ThresholdingCalculatorOptions
            node.options.Extensions[threshold.ext].threshold = min_tracking_confidence
    return expanded


def _add_constants(
    config: calculator_pb2.CalculatorGraphConfig, *, model_complexity: int, smooth_landmarks: bool
) -> None:
    options = constant_side_packet_calculator_pb2.ConstantSidePacketCalculatorOptions
    node = config.node.add(
        calculator="ConstantSidePacketCalculator",
        output_side_packet=[
            "PACKET:0:model_complexity",
            "PACKET:1:smooth_landmarks",
            "PACKET:2:number_of_loose_hands",
        ],
    )
    packets = node.options.Extensions[options.ext].packet
    packets.add(int_value=model_complexity)
    packets.add(bool_value=smooth_landmarks)
    packets.add(int_value=2)


def _add_hand_of_body(config: calculator_pb2.CalculatorGraphConfig, side: str) -> None:
    """Add the chain from the body's wrist to the landmarks of its hand."""
    node = config.node.add(
        calculator="SplitNormalizedLandmarkListCalculator",
        input_stream=["body_landmarks"],
        output_stream=[f"{side}_hand_of_body"],
    )
    options = split_vector_calculator_pb2.SplitVectorCalculatorOptions
    split = node.options.Extensions[options.ext]
    split.combine_outputs = True
    for point in _HAND_POINTS_OF_BODY[side]:
        split.ranges.add(begin=point, end=point + 1)
    config.node.add(
        name=f"{side}_hand",
        calculator="HandLandmarksFromPoseCpu",
        input_stream=["IMAGE:image", f"HAND_LANDMARKS_FROM_POSE:{side}_hand_of_body"],
        output_stream=[f"HAND_LANDMARKS:{side}_landmarks"],
    )


def _add_loose_hands(config: calculator_pb2.CalculatorGraphConfig) -> None:
    """Add the palm detector, fed only with images in which there is no sure body."""
    node = config.node.add(
        calculator="ThresholdingCalculator",
        input_stream=[f"FLOAT:{_BODY_SCORE}"],
        output_stream=["FLAG:sure_body"],
    )
    threshold = thresholding_calculator_pb2.ThresholdingCalculatorOptions
    node.options.Extensions[threshold.ext].threshold = _SURE_BODY_SCORE
    node = config.node.add(
        calculator="GateCalculator",
        input_stream=["image", "DISALLOW:sure_body"],
        output_stream=["image_without_sure_body"],
    )
    node.options.Extensions[
        gate_calculator_pb2.GateCalculatorOptions.ext
    ].empty_packets_as_allow = True
    config.node.add(
        name="loose_hands",
        calculator="HandLandmarkTrackingCpu",
        input_stream=["IMAGE:image_without_sure_body"],
        input_side_packet=["NUM_HANDS:number_of_loose_hands"],
        output_stream=["LANDMARKS:loose_hand_landmarks"],
    )


def _observed_streams() -> list[str]:
    hands = [name for streams in _HAND_STREAMS.values() for name in streams.values()]
    return ["body_landmarks", "body_world_landmarks", *hands]


def _check_streams(config: calculator_pb2.CalculatorGraphConfig) -> None:
    present = {stream.split(":")[-1] for node in config.node for stream in node.output_stream}
    missing = [name for name in _observed_streams() if name not in present]
    if missing:
        raise RuntimeError(
            f"mediapipe {mediapipe.__version__}: its graphs lack the streams {', '.join(missing)}; "
            "install mediapipe 0.10.21"
        )


class BodyHandGraph:
    """A running graph. Not thread-safe: one frame at a time."""

    def __init__(self, config: calculator_pb2.CalculatorGraphConfig) -> None:
        """Start the graph that `build_config` returned."""
        self._graph: Any = mediapipe.CalculatorGraph(graph_config=config)
        self._packets: dict[str, list[Any]] = {name: [] for name in _observed_streams()}
        for name in self._packets:
            self._graph.observe_output_stream(name, self._keep, False)
        self._start()

    def _start(self) -> None:
        with without_startup_noise():
            self._graph.start_run()
            self._graph.wait_until_idle()
        self._first_frame = True

    def _keep(self, stream: str, packet: Any) -> None:
        self._packets[stream].append(packet)

    def process(self, image: npt.NDArray[np.uint8], timestamp_us: int) -> GraphOutput:
        """Run the networks on one frame.

        Args:
            image: (H, W, 3) RGB, contiguous.
            timestamp_us: Capture time in microseconds, greater than the one before.

        Raises:
            RuntimeError: MediaPipe refused the frame.
        """
        for packets in self._packets.values():
            packets.clear()
        packet = packet_creator.create_image_frame(
            image, image_format=mediapipe.ImageFormat.SRGB
        ).at(timestamp_us)
        # The networks are opened while the first frame runs.
        quiet = without_startup_noise() if self._first_frame else contextlib.nullcontext()
        with quiet:
            self._graph.add_packet_to_input_stream(stream="image", packet=packet)
            self._graph.wait_until_idle()
        self._first_frame = False

        body = self._packets["body_landmarks"]
        body_world = self._packets["body_world_landmarks"]
        hands = {side: self._hands_of(_HAND_STREAMS[side]) for side in SIDES}
        return GraphOutput(
            body=_body_points(packet_getter.get_proto(body[0])) if body else None,
            body_world=_points(packet_getter.get_proto(body_world[0])) if body_world else None,
            hands=(next(iter(hands["left"]), None), next(iter(hands["right"]), None)),
            loose_hands=tuple(self._hands_of(_HAND_STREAMS["loose"])),
        )

    def _hands_of(self, streams: dict[str, str]) -> list[HandLandmarks]:
        landmarks = self._packets[streams["landmarks"]]
        if not landmarks:
            return []
        # Scores come for every crop, the other streams only for crops that passed the threshold.
        passed = [p.timestamp.value for p in landmarks]
        scores = {
            p.timestamp.value: packet_getter.get_float(p) for p in self._packets[streams["score"]]
        }
        return [
            HandLandmarks(
                landmarks=_points(packet_getter.get_proto(landmark)),
                world=_points(packet_getter.get_proto(world)),
                score=scores[timestamp],
                left_probability=_left_probability(packet_getter.get_proto(handedness)),
            )
            for timestamp, landmark, world, handedness in zip(
                passed,
                landmarks,
                self._packets[streams["world"]],
                self._packets[streams["handedness"]],
                strict=True,
            )
        ]

    def reset(self) -> None:
        """Forget everything seen; timestamps may start anew."""
        self._graph.close()
        self._start()

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()


def _points(landmarks: Any) -> FloatArray:
    """Return (N, 3) x, y, z of a MediaPipe landmark list."""
    return np.array([(p.x, p.y, p.z) for p in landmarks.landmark], dtype=np.float32)


def _body_points(landmarks: Any) -> FloatArray:
    """Return (N, 4) x, y, z, visibility of a MediaPipe landmark list."""
    return np.array([(p.x, p.y, p.z, p.visibility) for p in landmarks.landmark], dtype=np.float32)


def _left_probability(handedness: Any) -> float:
    """Return the probability of a left hand.

    The network was trained on mirrored images: what it calls right is a left hand for a camera
    that looks at the person.
    """
    best = handedness.classification[0]
    return float(best.score if best.label == "Right" else 1.0 - best.score)


@contextlib.contextmanager
def without_startup_noise() -> Iterator[None]:
    """Keep the lines that MediaPipe prints on each start off stderr; every other line passes."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in _worth_printing(caught):
                os.write(2, line)


def _worth_printing(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line for line in lines if not _STARTUP_NOISE.search(line.decode(errors="replace")))
