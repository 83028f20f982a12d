"""Pose engines: the interface that each one implements, and the choice of one by name.

To add an engine, put a module with `open_engine(settings: EngineSettings) -> PoseEngine` into its
own folder beside `mediapipe/`, and add a line to `ENGINES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.scene import Scene
from bharnet_ros.types.errors import InputError

ENGINES: dict[str, str] = {
    "mediapipe": "bharnet_ros.pose.mediapipe.engine",
    "direct": "bharnet_ros.pose.direct.engine",
}
"""Engine names and their modules. A module is imported only when its engine is chosen."""


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
    """

    model_complexity: int = 1
    min_detection_confidence: float = 0.6
    min_tracking_confidence: float = 0.5
    smooth_landmarks: bool = True
    max_people: int = 1

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
    """

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

    def reset(self) -> None:
        """Forget all people and stamps; the next frame may have any stamp."""

    def close(self) -> None:
        """Free all resources. No other method is called afterwards."""


def open_engine(name: str, settings: EngineSettings) -> PoseEngine:
    """Return the engine of that name, ready for the first frame.

    Raises:
        InputError: There is no such engine, or a package that it needs is not installed.
        FileNotFoundError: The engine lacks the body network asked for.
    """
    if name not in ENGINES:
        raise InputError(f"engine: {name!r} is not one of {', '.join(ENGINES)}")
    try:
        module = importlib.import_module(ENGINES[name])
    except ModuleNotFoundError as error:
        raise InputError(
            f"engine: {name!r} needs the package {error.name}, which is not installed"
        ) from error
    engine: PoseEngine = module.open_engine(settings)
    return engine
