"""Where the networks lie: in a folder of the user, or in the MediaPipe wheel (not imported)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from bharnet_ros.types.errors import InputError

BODY_NETWORKS = ("lite", "full", "heavy")

BODY_DETECTOR = "pose_detection/pose_detection.tflite"
PALM_DETECTOR = "palm_detection/palm_detection_full.tflite"
HAND = "hand_landmark/hand_landmark_full.tflite"
RECROP = "holistic_landmark/hand_recrop.tflite"


def body_network(complexity: int) -> str:
    """Return the file of the body network: 0 lite, 1 full, 2 heavy."""
    return f"pose_landmark/pose_landmark_{BODY_NETWORKS[complexity]}.tflite"


def find_models(complexity: int, folder: str = "") -> dict[str, Path]:
    """Return the paths of all networks, by their names here.

    Args:
        complexity: Body network: 0 lite, 1 full, 2 heavy.
        folder: Folder of networks, in MediaPipe's sub-folders or without; what it lacks is taken
            from the MediaPipe wheel. Empty for the wheel alone.

    Raises:
        InputError: A network is missing; names the parameter and the file.
    """
    names = (BODY_DETECTOR, body_network(complexity), HAND, RECROP, PALM_DETECTOR)
    own = _in_folder(Path(folder).expanduser(), names) if folder else {}
    wheel = wheel_folder()
    return {name: own[name] if name in own else _in_wheel(name, wheel, folder) for name in names}


def wheel_folder() -> Path | None:
    """Return the folder of the networks in the MediaPipe wheel, None if it is not installed."""
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "modules"


def _in_folder(folder: Path, names: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"model_folder: {folder} is not a folder")
    found = {
        name: path
        for name in names
        for path in (folder / name, folder / Path(name).name)
        if path.is_file()
    }
    if not found:
        files = ", ".join(Path(name).name for name in names)
        raise InputError(f"model_folder: {folder} holds none of {files}")
    return found


def _in_wheel(name: str, wheel: Path | None, folder: str) -> Path:
    file = Path(name).name
    parameter = "model_complexity" if name.startswith("pose_landmark/") else "model_folder"
    place = f"neither in {folder} nor" if folder else "not"
    if wheel is None:
        lacking = f"{folder} lacks {file}, and the" if folder else f"{file} is missing: the"
        raise InputError(
            f"model_folder: {lacking} package mediapipe, which has it, is not installed; its wheel "
            "alone is enough: pip install --no-deps mediapipe==0.10.21"
        )
    if not (wheel / name).is_file():
        raise InputError(
            f"{parameter}: {file} is {place} in this MediaPipe wheel; put it into a folder and "
            "name that as model_folder"
        )
    return wheel / name
