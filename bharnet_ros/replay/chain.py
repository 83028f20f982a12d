"""The chain from images to events without a graph: one class for what each node decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bharnet_ros.actions import ActionEvent, ActionScores, OffsetReason
from bharnet_ros.evaluation.timeline import TraceCollector
from bharnet_ros.keypoints import FrameKeypoints
from bharnet_ros.message_reading import (
    Message,
    image_from_message,
    scores_from_message,
    time_to_ns,
)
from bharnet_ros.recognition.detection import event_overrides, make_detector
from bharnet_ros.recognition.event_parameters import DetectedModel
from bharnet_ros.replay.depth import RecordedDepth
from bharnet_ros.replay.recording import Recorded
from bharnet_ros.stamps import StampOrder, Step

if TYPE_CHECKING:
    # Recordings of scores need neither MediaPipe nor torch, and should not wait for them.
    from bharnet_ros.pose.extractor import PoseExtractor
    from bharnet_ros.recognition.rgb_feed import RgbFeed
    from bharnet_ros.recognition.stream import RecognitionStream

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
            ValueError: The image cannot be used.
        """
        message = recorded.message
        stamp_ns = time_to_ns(message.header.stamp)
        if stamp_ns <= 0:
            raise ValueError("header.stamp is not set; it has to be the capture time")
        step = _step(self._order, stamp_ns, self._counts)
        if step is Step.REPEATED:
            return None
        if step is Step.BACK:
            self._extractor.reset()
        image = image_from_message(message)
        found = self._extractor.extract(image, stamp_ns, message.header.frame_id)
        return found if self._depth is None else self._depth.place(found, recorded), image


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


class ScoresToEvents:
    """What the node `action_event_publisher` does with scores, on the clock of their stamps.

    Args:
        model: What the model says of its events.
        name: Its name, which scores must bear; None to take those of any model.
        parameters: Of the node.
        id_prefix: What event ids begin with.
        counts: Counts stamps that went back.

    Attributes:
        events: All so far.
        class_names: Names of the classes in the order of the probabilities.
    """

    def __init__(
        self,
        model: DetectedModel,
        name: str | None,
        parameters: Mapping[str, Any],
        id_prefix: str,
        counts: Counter[str],
    ) -> None:
        """Start with nobody in view.

        Raises:
            ValueError: A parameter is out of range, or the model's classes cannot be used.
        """
        self._overrides = event_overrides(parameters)
        self._id_prefix = id_prefix
        self._counts = counts
        self._models = 0
        self._order = StampOrder()
        self.events: list[ActionEvent] = []
        self.traces = TraceCollector()
        self._use(model, name)

    def change_model(self, model: DetectedModel, name: str | None) -> None:
        """End every event and go on with another model of the same classes.

        Raises:
            ValueError: Its thresholds cannot be used.
        """
        self.close()
        self._use(model, name)

    def take(self, message: Message) -> None:
        """Take a message of scores.

        Raises:
            ValueError: The scores cannot be used, or are another model's.
        """
        self.take_scores(scores_from_message(message, len(self.class_names)))

    def take_scores(self, scores: ActionScores) -> None:
        """Do the same with scores that are no message."""
        if self._name is not None and scores.model_name != self._name:
            raise ValueError(
                f"scores of model {scores.model_name!r}, but the model is {self._name!r}"
            )
        self.events += self._detector.update(scores)
        _step(self._order, scores.stamp_ns, self._counts)
        self.traces.take(scores)

    def close(self) -> None:
        """End every event, since nothing more comes."""
        self.events += self._detector.close(OffsetReason.SOURCE_LOST)

    def _use(self, model: DetectedModel, name: str | None) -> None:
        self._models += 1
        prefix = self._id_prefix if self._models == 1 else f"{self._id_prefix}-model{self._models}"
        self._name = name
        self._detector = make_detector(model, self._overrides, id_prefix=prefix)
        self.class_names = self._detector.class_names


def _step(order: StampOrder, stamp_ns: int, counts: Counter[str]) -> Step:
    step = order.take(stamp_ns)
    counts[DUPLICATES] += step is Step.REPEATED
    counts[JUMPS] += step is Step.BACK
    return step
