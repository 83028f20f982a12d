"""Where the networks lie: in the MediaPipe wheel, which is not imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

BODY_NETWORKS = ("lite", "full", "heavy")

BODY_DETECTOR = "pose_detection/pose_detection.tflite"
PALM_DETECTOR = "palm_detection/palm_detection_full.tflite"
HAND = "hand_landmark/hand_landmark_full.tflite"
RECROP = "holistic_landmark/hand_recrop.tflite"


def body_network(complexity: int) -> str:
    """Return the file of the body network: 0 lite, 1 full, 2 heavy."""
    return f"pose_landmark/pose_landmark_{BODY_NETWORKS[complexity]}.tflite"


def find_model(name: str) -> Path:
    """Return the path of a network in the MediaPipe wheel.

    Raises:
        FileNotFoundError: MediaPipe is not installed, or lacks the network.
    """
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("mediapipe is not installed: its wheel holds the networks")
    path = Path(spec.origin).parent / "modules" / name
    if not path.is_file():
        raise FileNotFoundError(f"this MediaPipe wheel lacks {path}; put the model there")
    return path
