"""Pose engines: the interface that each one implements, and the choice of one by name.

To add an engine, put a module with `open_engine(settings: EngineSettings) -> PoseEngine` into its
own folder beside `mediapipe/`, and add a line to `ENGINES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.scene import Scene
from bharnet_ros.types.errors import InputError, one_line

ENGINES: dict[str, str] = {
    "mediapipe": "bharnet_ros.pose.mediapipe.engine",
    "direct": "bharnet_ros.pose.direct.engine",
}
"""Engine names and their modules. A module is imported only when its engine is chosen."""

AUTO = "auto"
"""The choice of the engine `direct`, or of `mediapipe` where that cannot be loaded."""

_PREFERRED, _FALLBACK = "direct", "mediapipe"


@dataclass(frozen=True)
class EngineSettings:
    """Settings that every engine takes.

    Attributes:
        model_complexity: Body network: 0 lite, 1 full, 2 heavy. An engine may lack some.
        min_detection_confidence: Least score in 0..1 of a newly detected body. Furniture taken for
            a person scores below 0.6, people above 0.7 (bench/RESULTS.md).
        min_tracking_confidence: Least presence score in 0..1 of a body or hand that is kept.
        smooth_landmarks: Smooth the body over time, by the stamps.
        max_people: Largest number of people tracked at once.
        model_folder: Folder of .tflite files, which an engine may take in place of those of the
            MediaPipe wheel; empty for the wheel alone.
    """

    model_complexity: int = 1
    min_detection_confidence: float = 0.6
    min_tracking_confidence: float = 0.5
    smooth_landmarks: bool = True
    max_people: int = 1
    model_folder: str = ""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A parameter is out of range.
        """
        for name in ("min_detection_confidence", "min_tracking_confidence"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InputError(f"{name}: must be in 0..1, got {value}")
        if self.model_complexity not in (0, 1, 2):
            raise InputError(f"model_complexity: must be 0, 1 or 2, got {self.model_complexity}")
        if self.max_people < 1:
            raise InputError(f"max_people: must be positive, got {self.max_people}")


class PoseEngine(Protocol):
    """Finds bodies and hands in the images of one camera, and tracks them from frame to frame.

    One thread at a time calls the methods, not always the same one.

    Attributes:
        run_by: What runs the networks, its version and its precision, in a few words.
    """

    run_by: str

    def process(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> Callable[[], Scene]:
        """Find the people in one frame.

        Args:
            image: (H, W, 3) RGB, contiguous. Its size may change from frame to frame.
            stamp_ns: Capture time in nanoseconds. Stamps rise strictly until `reset`; steps may be
                as short as a nanosecond, or very long.

        Returns:
            A function that returns the scene. It is called at most once and by one thread,
            possibly while `process` runs on a later frame in another thread, or after `reset`.
        """

    def change(self, settings: EngineSettings) -> Callable[[], None] | None:
        """Prepare other settings; another thread may call this while a frame is processed.

        Returns:
            A function that makes the change between two frames and keeps the people; None if an
            engine has to be loaded for these settings.
        """

    def reset(self) -> None:
        """Forget all people and stamps; the next frame may have any stamp."""

    def close(self) -> None:
        """Free all resources. No other method is called afterwards."""


@dataclass(frozen=True)
class OpenedEngine:
    """An engine that is ready for the first frame.

    Attributes:
        name: Its name, one of `ENGINES`.
        engine: The engine.
        note: Why it is not the preferred one, in one line that names both; empty if it is, or if
            it was asked for by name.
    """

    name: str
    engine: PoseEngine
    note: str = ""


def engine_names() -> tuple[str, ...]:
    """Return what may be asked for: `AUTO`, or an engine by its name."""
    return AUTO, *ENGINES


def open_engine(name: str, settings: EngineSettings) -> OpenedEngine:
    """Return an engine, ready for the first frame.

    Args:
        name: One of `engine_names()`.
        settings: Settings of the engine. If `AUTO` falls back, its `model_folder` does not count.

    Raises:
        InputError: There is no such engine, or it lacks a package or a file; with `AUTO`, no engine
            can be loaded.
        OSError: A file of the engine that was named cannot be read.
    """
    if name != AUTO:
        return OpenedEngine(name, _load(name, settings))
    try:
        return OpenedEngine(_PREFERRED, _load(_PREFERRED, settings))
    except Exception as error:  # whatever a broken package raises, the other engine may work
        reason = _one_line(error)
    try:
        engine = _load(_FALLBACK, replace(settings, model_folder=""))
    except (InputError, OSError) as error:
        raise InputError(f"{reason}; {_one_line(error)}") from error
    return OpenedEngine(
        _FALLBACK, engine, f"using the pose engine {_FALLBACK!r}, because {_PREFERRED!r}: {reason}"
    )


def _load(name: str, settings: EngineSettings) -> PoseEngine:
    if name not in ENGINES:
        raise InputError(f"engine: {name!r} is not one of {', '.join(engine_names())}")
    try:
        module = importlib.import_module(ENGINES[name])
    except ModuleNotFoundError as error:
        raise InputError(
            f"engine: {name!r} needs the package {error.name}, which is not installed"
        ) from error
    except ImportError as error:
        raise InputError(f"engine: {name!r} cannot be loaded: {_one_line(error)}") from error
    try:
        engine: PoseEngine = module.open_engine(settings)
    except RuntimeError as error:  # of the library that runs the networks
        raise InputError(f"engine: {name!r} cannot be loaded: {_one_line(error)}") from error
    return engine


def _one_line(error: Exception) -> str:
    text = one_line(str(error))
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"
