"""The chain from images to events without a graph: one class for what each node decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bharnet_ros.messages.reading import (
    Message,
    scores_from_message,
)
from bharnet_ros.recognition.events.overrides import event_overrides, make_detector
from bharnet_ros.recognition.events.parameters import DetectedModel
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.stamps import StampOrder
from bharnet_ros.types.timeline import TraceCollector

if TYPE_CHECKING:
    # Recordings of scores need neither MediaPipe nor torch, and should not wait for them.
    pass
from bharnet_ros.pipeline.images_to_keypoints import _step


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
            InputError: A parameter is out of range, or the model's classes cannot be used.
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
            InputError: Its thresholds cannot be used.
        """
        self.close()
        self._use(model, name)

    def take(self, message: Message) -> None:
        """Take a message of scores.

        Raises:
            InputError: The scores cannot be used, or are another model's.
        """
        self.take_scores(scores_from_message(message, len(self.class_names)))

    def take_scores(self, scores: ActionScores) -> None:
        """Do the same with scores that are no message."""
        if self._name is not None and scores.model_name != self._name:
            raise InputError(
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
