"""The first step of the chain: images in, keypoints out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from bharnet_ros.bags.reading import Recorded
from bharnet_ros.bags.recorded_depth import RecordedDepth
from bharnet_ros.messages.reading import (
    image_from_message,
    time_to_ns,
)
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.stamps import StampOrder, Step

if TYPE_CHECKING:
    # Recordings of scores need neither MediaPipe nor torch, and should not wait for them.
    from bharnet_ros.pose.extractor import PoseExtractor


Image: TypeAlias = npt.NDArray[np.uint8]


JUMPS = "time jumps"


DUPLICATES = "duplicates"


class ImagesToKeypoints:
    """What the node `pose_extraction` does with each image.

    Args:
        extractor: Finds people; is closed by whoever made it.
        counts: Counts repeated stamps and stamps that went back.
        depth: Places people before the camera, where that is wanted.
    """

    def __init__(
        self, extractor: PoseExtractor, counts: Counter[str], depth: RecordedDepth | None = None
    ) -> None:
        """Start with no image."""
        self._extractor = extractor
        self._counts = counts
        self._depth = depth
        self._order = StampOrder()

    def take(self, recorded: Recorded) -> tuple[FrameKeypoints, Image] | None:
        """Return the keypoints of an image, and its pixels; None where it is a repetition.

        Raises:
            InputError: The image cannot be used.
        """
        message = recorded.message
        stamp_ns = time_to_ns(message.header.stamp)
        if stamp_ns <= 0:
            raise InputError("header.stamp is not set; it has to be the capture time")
        step = _step(self._order, stamp_ns, self._counts)
        if step is Step.REPEATED:
            return None
        if step is Step.BACK:
            self._extractor.reset()
        image = image_from_message(message)
        found = self._extractor.extract(image, stamp_ns, message.header.frame_id)
        return found if self._depth is None else self._depth.place(found, recorded), image


def _step(order: StampOrder, stamp_ns: int, counts: Counter[str]) -> Step:
    step = order.take(stamp_ns)
    counts[DUPLICATES] += step is Step.REPEATED
    counts[JUMPS] += step is Step.BACK
    return step
