"""What a user of MediaPipe would run: one graph for a body, its hands, and lone hands."""

from __future__ import annotations

from typing import Any

from mediapipe.calculators.core import (
    constant_side_packet_calculator_pb2,
    gate_calculator_pb2,
    split_vector_calculator_pb2,
)
from mediapipe.calculators.util import thresholding_calculator_pb2
from mediapipe.framework import calculator_pb2

from bharnet_ros.pose.people import SURE_BODY_SCORE

OUTPUTS = ["body_landmarks", "body_world_landmarks", "left_landmarks", "right_landmarks"]
_HAND_POINTS_OF_BODY = {"left": (15, 17, 19), "right": (16, 18, 20)}
_BODY_SCORE = (
    "body__poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation__pose_presence_score"
)


def bare_config() -> calculator_pb2.CalculatorGraphConfig:
    """Return the subgraphs that `PoseExtractor` runs apart, tied into one graph for one person."""
    config = calculator_pb2.CalculatorGraphConfig(input_stream=["image"])
    constants = config.node.add(
        calculator="ConstantSidePacketCalculator",
        output_side_packet=["PACKET:0:model_complexity", "PACKET:1:smooth", "PACKET:2:lone_hands"],
    )
    packets = _options(
        constants, constant_side_packet_calculator_pb2.ConstantSidePacketCalculatorOptions
    ).packet
    packets.add(int_value=1)
    packets.add(bool_value=True)
    packets.add(int_value=2)
    config.node.add(
        name="body",
        calculator="PoseLandmarkCpu",
        input_stream=["IMAGE:image"],
        input_side_packet=["MODEL_COMPLEXITY:model_complexity", "SMOOTH_LANDMARKS:smooth"],
        output_stream=["LANDMARKS:body_landmarks", "WORLD_LANDMARKS:body_world_landmarks"],
    )
    for side in _HAND_POINTS_OF_BODY:
        _add_hand_of_body(config, side)
    _add_lone_hands(config)
    return config


def _options(node: Any, kind: Any) -> Any:
    return node.options.Extensions[kind.ext]


def _add_hand_of_body(config: calculator_pb2.CalculatorGraphConfig, side: str) -> None:
    node = config.node.add(
        calculator="SplitNormalizedLandmarkListCalculator",
        input_stream=["body_landmarks"],
        output_stream=[f"{side}_hand_of_body"],
    )
    split = _options(node, split_vector_calculator_pb2.SplitVectorCalculatorOptions)
    split.combine_outputs = True
    for point in _HAND_POINTS_OF_BODY[side]:
        split.ranges.add(begin=point, end=point + 1)
    config.node.add(
        calculator="HandLandmarksFromPoseCpu",
        input_stream=["IMAGE:image", f"HAND_LANDMARKS_FROM_POSE:{side}_hand_of_body"],
        output_stream=[f"HAND_LANDMARKS:{side}_landmarks"],
    )


def _add_lone_hands(config: calculator_pb2.CalculatorGraphConfig) -> None:
    """Add the palm detector, fed only with images in which there is no sure body."""
    node = config.node.add(
        calculator="ThresholdingCalculator",
        input_stream=[f"FLOAT:{_BODY_SCORE}"],
        output_stream=["FLAG:sure_body"],
    )
    threshold = _options(node, thresholding_calculator_pb2.ThresholdingCalculatorOptions)
    threshold.threshold = SURE_BODY_SCORE
    node = config.node.add(
        calculator="GateCalculator",
        input_stream=["image", "DISALLOW:sure_body"],
        output_stream=["image_without_sure_body"],
    )
    _options(node, gate_calculator_pb2.GateCalculatorOptions).empty_packets_as_allow = True
    config.node.add(
        calculator="HandLandmarkTrackingCpu",
        input_stream=["IMAGE:image_without_sure_body"],
        input_side_packet=["NUM_HANDS:lone_hands"],
        output_stream=["LANDMARKS:lone_hand_landmarks"],
    )
