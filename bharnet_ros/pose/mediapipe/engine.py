"""The pose engine `mediapipe`, which runs the networks inside the MediaPipe wheel."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import mediapipe
import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.engines import EngineSettings, PoseEngine
from bharnet_ros.pose.mediapipe.people import TICKS, OnePerson, People
from bharnet_ros.pose.scene import Scene
from bharnet_ros.types.errors import InputError

_START_US = TICKS
"""Graph time of the first frame. MediaPipe's filters take zero for no time, and so would begin with
the second frame."""

_BODY_NETWORKS = ("lite", "full", "heavy")


class MediaPipeEngine:
    """Tracks bodies and their hands with MediaPipe's graphs; implements `PoseEngine`."""

    run_by = f"MediaPipe {version('mediapipe')}, 32-bit floats"

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks.

        Raises:
            InputError: A folder of networks is named.
            FileNotFoundError: The wheel does not contain the body network asked for.
        """
        if settings.model_folder:
            raise InputError("model_folder: the engine 'mediapipe' has its networks in its wheel")
        _check_body_network(settings.model_complexity)
        self._people: OnePerson | People = (
            OnePerson(settings) if settings.max_people == 1 else People(settings)
        )
        self._first_stamp_ns = 0
        self._last_us: int | None = None

    def process(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> Callable[[], Scene]:
        """Run the networks on one frame.

        Raises:
            RuntimeError: MediaPipe refused the frame.
        """
        timestamp_us = self._next_timestamp(stamp_ns)
        scene = self._people.process(image, timestamp_us)
        self._last_us = timestamp_us
        return scene

    def _next_timestamp(self, stamp_ns: int) -> int:
        """Return graph time: microseconds from `_START_US` on, at least `TICKS` apart."""
        if self._last_us is None:
            self._first_stamp_ns = stamp_ns
            return _START_US
        passed_us = (stamp_ns - self._first_stamp_ns) // 1000
        return max(_START_US + passed_us, self._last_us + TICKS)

    def change(self, settings: EngineSettings) -> None:
        """Return None: the graphs are built for their settings."""

    def reset(self) -> None:
        """Forget all people and stamps."""
        self._people.reset()
        self._last_us = None

    def close(self) -> None:
        """Free the networks."""
        self._people.close()


def open_engine(settings: EngineSettings) -> PoseEngine:
    """Return the engine with its networks loaded.

    Raises:
        InputError: A folder of networks is named.
        FileNotFoundError: The wheel does not contain the body network asked for.
    """
    return MediaPipeEngine(settings)


def _check_body_network(model_complexity: int) -> None:
    file = f"pose_landmark_{_BODY_NETWORKS[model_complexity]}.tflite"
    model = Path(mediapipe.__file__).parent / "modules" / "pose_landmark" / file
    if not model.is_file():
        raise FileNotFoundError(
            f"model_complexity={model_complexity}: this MediaPipe wheel lacks {model}; "
            "use 1, or put the model there"
        )
