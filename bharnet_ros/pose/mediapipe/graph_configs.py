"""MediaPipe calculator graphs: one for a single person, and three for several people.

They are built from the subgraphs inside the MediaPipe wheel. A single person gets one graph, as in
`mediapipe.solutions` but without its face network; its independent parts run in parallel. Several
people share a graph that detects bodies and one that finds lone hands; the graph that finds one
body and its hands runs once for each person.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import mediapipe
from mediapipe.calculators.core import (
    constant_side_packet_calculator_pb2,
    gate_calculator_pb2,
    split_vector_calculator_pb2,
)
from mediapipe.calculators.tensor import tensors_to_detections_calculator_pb2
from mediapipe.calculators.util import thresholding_calculator_pb2
from mediapipe.framework import calculator_pb2

from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.mediapipe.graph_outputs import (
    BODY,
    BODY_OUTPUTS,
    BODY_SCORE,
    BODY_WORLD,
    HANDS_OF_BODY,
    LONE_HANDS,
    NEXT_REGION,
    REGIONS,
    SIDES,
)
from bharnet_ros.pose.scene import CERTAIN_BODY_SCORE

IMAGE, REGION = "image", "region"
"""Input streams: the image and, for the graph of one body, the region of that body."""

# Wrist, little finger and index finger of the body, in the order that HandLandmarksFromPoseCpu
# expects.
_HAND_POINTS_OF_BODY = {"left": (15, 17, 19), "right": (16, 18, 20)}
_BODY_SCORE_OF_ONE = (
    "body__poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation__pose_presence_score"
)
_MOST_LONE_HANDS = 2


def one_person_config(settings: EngineSettings) -> calculator_pb2.CalculatorGraphConfig:
    """Return the graph that finds and tracks one person, and finds lone hands.

    The palm detector gets only images without a certain body.

    Raises:
        RuntimeError: This MediaPipe version has other subgraphs inside.
    """
    config = _config(IMAGE)
    _add_constants(
        config,
        model_complexity=settings.model_complexity,
        smooth_landmarks=settings.smooth_landmarks,
        number_of_hands=_MOST_LONE_HANDS,
    )
    config.node.add(
        name="body",
        calculator="PoseLandmarkCpu",
        input_stream=[f"IMAGE:{IMAGE}"],
        input_side_packet=[
            "MODEL_COMPLEXITY:model_complexity",
            "SMOOTH_LANDMARKS:smooth_landmarks",
        ],
        output_stream=[f"LANDMARKS:{BODY}", f"WORLD_LANDMARKS:{BODY_WORLD}"],
    )
    for side in SIDES:
        _add_hand_of_body(config, side)
    _add_lone_hands(config, _without_certain_body(config))
    expanded = _expanded(config, [*BODY_OUTPUTS, *LONE_HANDS.names()])
    _set_detection_threshold(expanded, settings.min_detection_confidence)
    _set_thresholds(expanded, settings.min_tracking_confidence)
    return expanded


def detector_config(settings: EngineSettings) -> calculator_pb2.CalculatorGraphConfig:
    """Return the graph that finds all bodies of an image, as regions, the most confident first.

    A region is a rectangle around the whole body, rotated so that the spine is upright in it; its
    centre is between the hips.

    Raises:
        RuntimeError: This MediaPipe version has other subgraphs inside.
    """
    config = _config(IMAGE)
    _add_image_size(config)
    config.node.add(
        name="posedetectioncpu",
        calculator="PoseDetectionCpu",
        input_stream=[f"IMAGE:{IMAGE}"],
        output_stream=["DETECTIONS:detections"],
    )
    first = config.node.add(
        name="first",
        calculator="SplitDetectionVectorCalculator",
        input_stream=["detections"],
        output_stream=["detection"],
    )
    options = split_vector_calculator_pb2.SplitVectorCalculatorOptions
    split = first.options.Extensions[options.ext]
    split.element_only = True
    split.ranges.add(begin=0, end=1)
    config.node.add(
        name="region",
        calculator="PoseDetectionToRoi",
        input_stream=["DETECTION:detection", "IMAGE_SIZE:image_size"],
        output_stream=[f"ROI:{REGIONS}"],
    )
    expanded = _expanded(config, [REGIONS])
    _take_all_detections(expanded)
    _set_detection_threshold(expanded, settings.min_detection_confidence)
    return expanded


def person_config(settings: EngineSettings) -> calculator_pb2.CalculatorGraphConfig:
    """Return the graph that finds the landmarks of one body, in its region, and of its hands.

    The body network comes first. Its wrists lead to a crop of each hand, from which the hand
    network finds the landmarks.

    Raises:
        RuntimeError: This MediaPipe version has other subgraphs inside.
    """
    config = _config(IMAGE, REGION)
    _add_image_size(config)
    _add_constants(
        config,
        model_complexity=settings.model_complexity,
        smooth_landmarks=settings.smooth_landmarks,
    )
    config.node.add(
        name="body",
        calculator="PoseLandmarkByRoiCpu",
        input_stream=[f"IMAGE:{IMAGE}", f"ROI:{REGION}"],
        input_side_packet=["MODEL_COMPLEXITY:model_complexity"],
        output_stream=[
            "LANDMARKS:raw_landmarks",
            "AUXILIARY_LANDMARKS:raw_auxiliary_landmarks",
            "WORLD_LANDMARKS:raw_world_landmarks",
        ],
    )
    config.node.add(
        name="smoothing",
        calculator="PoseLandmarkFiltering",
        input_stream=[
            "IMAGE_SIZE:image_size",
            "NORM_LANDMARKS:raw_landmarks",
            "AUX_NORM_LANDMARKS:raw_auxiliary_landmarks",
            "WORLD_LANDMARKS:raw_world_landmarks",
        ],
        input_side_packet=["ENABLE:smooth_landmarks"],
        output_stream=[
            f"FILTERED_NORM_LANDMARKS:{BODY}",
            "FILTERED_AUX_NORM_LANDMARKS:auxiliary_landmarks",
            f"FILTERED_WORLD_LANDMARKS:{BODY_WORLD}",
        ],
    )
    config.node.add(
        name="next",
        calculator="PoseLandmarksToRoi",
        input_stream=["LANDMARKS:auxiliary_landmarks", "IMAGE_SIZE:image_size"],
        output_stream=[f"ROI:{NEXT_REGION}"],
    )
    for side in SIDES:
        _add_hand_of_body(config, side)
    expanded = _expanded(config, [*BODY_OUTPUTS, NEXT_REGION, BODY_SCORE])
    _set_thresholds(expanded, settings.min_tracking_confidence)
    return expanded


def lone_hands_config(settings: EngineSettings) -> calculator_pb2.CalculatorGraphConfig:
    """Return the graph that finds lone hands: those to which no body leads.

    Raises:
        RuntimeError: This MediaPipe version has other subgraphs inside.
    """
    config = _config(IMAGE)
    _add_constants(config, number_of_hands=_MOST_LONE_HANDS)
    _add_lone_hands(config, IMAGE)
    expanded = _expanded(config, LONE_HANDS.names())
    _set_thresholds(expanded, settings.min_tracking_confidence)
    return expanded


def _package() -> Path:
    return Path(mediapipe.__file__).parent


def _config(*inputs: str) -> calculator_pb2.CalculatorGraphConfig:
    return calculator_pb2.CalculatorGraphConfig(input_stream=inputs)


def _expanded(
    config: calculator_pb2.CalculatorGraphConfig, streams: Iterable[str]
) -> calculator_pb2.CalculatorGraphConfig:
    """Return a graph with every subgraph expanded, after a check that it has the named streams."""
    # MediaPipe looks for its networks below this folder.
    mediapipe.resource_util.set_resource_dir(str(_package().parent))
    validated = mediapipe.ValidatedGraphConfig()
    validated.initialize(graph_config=config)
    expanded = calculator_pb2.CalculatorGraphConfig.FromString(validated.binary_config)
    present = {stream.split(":")[-1] for node in expanded.node for stream in node.output_stream}
    missing = [name for name in streams if name not in present]
    if missing:
        raise RuntimeError(
            f"mediapipe {mediapipe.__version__}: its graphs lack the streams {', '.join(missing)}; "
            "install mediapipe 0.10.21"
        )
    return expanded


def _add_image_size(config: calculator_pb2.CalculatorGraphConfig) -> None:
    config.node.add(
        calculator="ImagePropertiesCalculator",
        input_stream=[f"IMAGE_CPU:{IMAGE}"],
        output_stream=["SIZE:image_size"],
    )


def _add_constants(config: calculator_pb2.CalculatorGraphConfig, **constants: int | bool) -> None:
    """Add side packets by name."""
    options = constant_side_packet_calculator_pb2.ConstantSidePacketCalculatorOptions
    node = config.node.add(
        calculator="ConstantSidePacketCalculator",
        output_side_packet=[f"PACKET:{at}:{name}" for at, name in enumerate(constants)],
    )
    packets = node.options.Extensions[options.ext].packet
    for value in constants.values():
        if isinstance(value, bool):
            packets.add(bool_value=value)
        else:
            packets.add(int_value=value)


def _add_hand_of_body(config: calculator_pb2.CalculatorGraphConfig, side: str) -> None:
    """Add the nodes from the body's wrist to the landmarks of its hand."""
    node = config.node.add(
        calculator="SplitNormalizedLandmarkListCalculator",
        input_stream=[BODY],
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
        input_stream=[f"IMAGE:{IMAGE}", f"HAND_LANDMARKS_FROM_POSE:{side}_hand_of_body"],
        output_stream=[f"HAND_LANDMARKS:{HANDS_OF_BODY[side].landmarks}"],
    )


def _without_certain_body(config: calculator_pb2.CalculatorGraphConfig) -> str:
    """Add a gate, and return its stream of the images without a certain body."""
    node = config.node.add(
        calculator="ThresholdingCalculator",
        input_stream=[f"FLOAT:{_BODY_SCORE_OF_ONE}"],
        output_stream=["FLAG:certain_body"],
    )
    threshold = thresholding_calculator_pb2.ThresholdingCalculatorOptions
    node.options.Extensions[threshold.ext].threshold = CERTAIN_BODY_SCORE
    node = config.node.add(
        calculator="GateCalculator",
        input_stream=[IMAGE, "DISALLOW:certain_body"],
        output_stream=["image_without_certain_body"],
    )
    node.options.Extensions[
        gate_calculator_pb2.GateCalculatorOptions.ext
    ].empty_packets_as_allow = True
    return "image_without_certain_body"


def _add_lone_hands(config: calculator_pb2.CalculatorGraphConfig, images: str) -> None:
    """Add the palm detector and the tracking of the hands that it finds."""
    config.node.add(
        name="lone_hands",
        calculator="HandLandmarkTrackingCpu",
        input_stream=[f"IMAGE:{images}"],
        input_side_packet=["NUM_HANDS:number_of_hands"],
        output_stream=["LANDMARKS:hand_landmarks"],
    )


def _take_all_detections(config: calculator_pb2.CalculatorGraphConfig) -> None:
    """Make regions of all detections, where MediaPipe's subgraph takes only the first."""
    (first,) = (at for at, node in enumerate(config.node) if node.name == "first")
    del config.node[first]
    tags = {
        "DETECTION:detection": "DETECTIONS:detections",
        "NORM_RECT:region__raw_roi": "NORM_RECTS:region__raw_roi",
    }
    for node in config.node:
        for streams in (node.input_stream, node.output_stream):
            for at, stream in enumerate(streams):
                streams[at] = tags.get(stream, stream)


def _set_detection_threshold(
    config: calculator_pb2.CalculatorGraphConfig, threshold: float
) -> None:
    """Set the least score of a new body; palms keep MediaPipe's 0.5."""
    options = tensors_to_detections_calculator_pb2.TensorsToDetectionsCalculatorOptions
    for node in config.node:
        if node.name.endswith("posedetectioncpu__TensorsToDetectionsCalculator"):
            node.options.Extensions[options.ext].min_score_thresh = threshold


def _set_thresholds(config: calculator_pb2.CalculatorGraphConfig, threshold: float) -> None:
    options = thresholding_calculator_pb2.ThresholdingCalculatorOptions
    for node in config.node:
        # The threshold for a wrist in view, which starts the search for its hand, is unchanged.
        if node.name.endswith(
            ("handlandmarkcpu__ThresholdingCalculator", "segmentation__ThresholdingCalculator")
        ):
            node.options.Extensions[options.ext].threshold = threshold
