"""The newest frame of a source that sends its frames in real time, with its capture time."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.frame import Frame, FrameSource, rgb

# A webcam that is slow to set its exposure may need seconds for its first frame.
FRAME_TIMEOUT_SECONDS = 5.0
CLOSE_SECONDS = 1.0


class LiveSource(FrameSource):
    """A camera, read by a thread.

    The thread takes every frame, so that no queue before it ever holds an old one. A consumer
    slower than the camera gets the newest frame; the frames between count as skipped.

    Args:
        name: The source, as messages name it.
        kind: What it is, in a word.
        capture: The camera, an open `cv2.VideoCapture`.
        fps: Frames per second, as far as the camera knows.

    Raises:
        OSError: The camera gives no frame; the message says why, if known.
    """

    def __init__(self, name: str, kind: str, capture: Any, *, fps: float) -> None:
        """Start the thread and wait for the first frame."""
        super().__init__(name, fps=fps, frame_count=None, live=True)
        self._kind = kind
        self._capture = capture
        self._changed = threading.Condition()
        self._newest: tuple[npt.NDArray[np.uint8], float] | None = None
        self._start: float | None = None
        self._closed = False
        self._ended = False
        self._reader = threading.Thread(target=self._read, name=f"{kind} {name}", daemon=True)
        self._reader.start()
        self._wait_for_frame()
        if self._newest is None:
            raise OSError(f"source: {self._close_and_explain()}")

    def __iter__(self) -> Iterator[Frame]:
        """Yield the newest frame each time, until closed.

        Raises:
            OSError: The camera was lost: no frame came for `FRAME_TIMEOUT_SECONDS`, or it ended.
        """
        while True:
            self._wait_for_frame()
            if self._closed:
                return
            with self._changed:
                newest, self._newest = self._newest, None
            if newest is None:
                raise OSError(self._close_and_explain())
            image, captured = newest
            assert self._start is not None
            yield Frame(rgb(image), captured - self._start)

    def age(self, frame: Frame) -> float:
        assert self._start is not None
        return max(time.monotonic() - self._start - frame.time, 0.0)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # If the camera hangs, the reader is blocked for as long as OpenCV waits for a frame.
        self._reader.join(CLOSE_SECONDS)

    @abstractmethod
    def _grab(self) -> bool | None:
        """Wait for the next frame and take it; return False to be called again, None at the end."""

    @abstractmethod
    def _decode(self) -> npt.NDArray[np.uint8] | None:
        """Decode the grabbed frame to (H, W, 3) BGR; None if it cannot be decoded."""

    def _capture_time(self, last: float) -> float:
        """Return the capture time of the frame just grabbed, seconds on the monotonic clock.

        Args:
            last: Capture time of the frame before, seconds.
        """
        return time.monotonic()

    def _failure_reason(self) -> str:
        """Return why there are no frames, as the end of a message; empty if unknown."""
        return ""

    def _wait_for_frame(self) -> None:
        """Wait for a new frame, the end or `close`, for at most `FRAME_TIMEOUT_SECONDS`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest is not None or self._ended or self._closed,
                FRAME_TIMEOUT_SECONDS,
            )

    def _close_and_explain(self) -> str:
        """Close the camera; return a message that it gave no frame, with the reason if known."""
        ended = self._ended
        self.close()
        if ended:
            return f"{self._kind} {self.name} has ended"
        # While the reader holds the camera, the reason would always be that it is busy.
        reason = "" if self._reader.is_alive() else self._failure_reason()
        return f"{self._kind} {self.name} gave no frame for {FRAME_TIMEOUT_SECONDS:g} s{reason}"

    def _read(self) -> None:
        last = 0.0
        try:
            while not self._closed:
                grabbed = self._grab()
                if grabbed is None:
                    break
                if not grabbed:
                    continue
                captured = self._capture_time(last)
                image = self._decode()
                with self._changed:
                    if image is None or self._newest is not None:
                        self.skipped += 1
                    if image is not None:
                        last = captured
                        if self._start is None:
                            self._start = captured
                        self._newest = (image, captured)
                        self._changed.notify_all()
        finally:
            self._capture.release()
            with self._changed:
                self._ended = True
                self._changed.notify_all()
