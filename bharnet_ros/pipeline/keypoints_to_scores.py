"""The second step of the chain: keypoints in, class scores out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.stamps import StampOrder, Step

if TYPE_CHECKING:
    # Recordings of scores need neither MediaPipe nor torch, and should not wait for them.
    from bharnet_ros.pipeline.crops import RgbFeed
    from bharnet_ros.recognition.sliding import RecognitionStream
from bharnet_ros.pipeline.images_to_keypoints import Image, _step


class KeypointsToScores:
    """What the node `recognition` does with each frame, without ever being too slow.

    Args:
        stream: Windows and model.
        counts: Counts repeated stamps and stamps that went back.
        rgb: Cuts crops, where the model looks at images and is to.
    """

    def __init__(
        self, stream: RecognitionStream, counts: Counter[str], rgb: RgbFeed | None = None
    ) -> None:
        """Start with no frame."""
        self._rgb = rgb
        self._stream = stream
        self._counts = counts
        self._order = StampOrder()

    def take(self, frame: FrameKeypoints, image: Image | None = None) -> ActionScores | None:
        """Return the scores when a stride has passed, else None.

        Args:
            frame: Everybody in view.
            image: (H, W, 3) RGB that they were found in, where it is known.
        """
        step = _step(self._order, frame.stamp_ns, self._counts)
        if step is Step.REPEATED:
            return None
        if step is Step.BACK:
            self._stream.reset()
            if self._rgb is not None:
                self._rgb.reset()
        crops = None
        if self._rgb is not None and image is not None and self._rgb.due(frame.stamp_ns):
            crops = self._rgb.cut(image, frame)
        return self._stream.update(frame, crops)
