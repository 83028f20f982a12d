"""A pose engine that takes other settings between two frames, while images keep coming."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.engines import EngineSettings, OpenedEngine, PoseEngine, open_engine
from bharnet_ros.pose.scene import Scene

WARM_UP_SHAPE = (480, 640, 3)


class ChangingEngine:
    """Runs a pose engine and, after a change, another in its place."""

    def __init__(self, opened: OpenedEngine, asked: str) -> None:
        """Take an engine.

        Args:
            opened: The engine.
            asked: The name by which it was asked for.
        """
        self._engine: PoseEngine = opened.engine
        # What the newest change asked for; it may still wait for its first frame.
        self._newest: PoseEngine = opened.engine
        self._asked = asked
        self._changes: deque[Callable[[], None]] = deque()
        self._retired: list[PoseEngine] = []

    def load_change(
        self, asked: str, settings: EngineSettings
    ) -> tuple[OpenedEngine | None, Callable[[], None]]:
        """Load what other settings need; may run while another thread processes frames.

        Args:
            asked: Name of the engine, as for `open_engine`.
            settings: Its settings.

        Returns:
            The engine that will take the place of this one, None if none has to; and a function
            that makes the change, from the next frame on. Call it before the next `load_change`.

        Raises:
            InputError, OSError: As `open_engine` says.
        """
        change = self._newest.change(settings) if asked == self._asked else None
        if change is not None:
            return None, lambda: self._changes.append(change)
        opened = open_engine(asked, settings)
        opened.engine.process(np.zeros(WARM_UP_SHAPE, dtype=np.uint8), 0)()
        opened.engine.reset()

        def replace() -> None:
            self._retired.append(self._engine)
            self._engine = opened.engine

        def ask() -> None:
            self._newest, self._asked = opened.engine, asked
            self._changes.append(replace)

        return opened, ask

    def process(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> Callable[[], Scene]:
        """Find the people in one frame, by the settings that are due."""
        self._make_changes()
        scene = self._engine.process(image, stamp_ns)
        retired, self._retired = self._retired, []
        if not retired:
            return scene

        def first() -> Scene:
            # Scenes are read in order, so those of the engines before have all been read.
            for engine in retired:
                engine.close()
            return scene()

        return first

    def reset(self) -> None:
        """Forget all people and stamps."""
        self._engine.reset()

    def close(self) -> None:
        """Free the engines."""
        self._make_changes()
        for engine in (self._engine, *self._retired):
            engine.close()

    def _make_changes(self) -> None:
        while self._changes:
            self._changes.popleft()()
