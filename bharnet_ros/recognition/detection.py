"""The event detector that a model asks for, on the robot and offline alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from bharnet_ros.recognition.events import EventDetector, EventParameters

FROM_MODEL = -1.0
"""Value of a threshold parameter that leaves the decision to the model bundle."""

THRESHOLDS = ("enter_threshold", "exit_threshold", "rejection_threshold")


class DetectedModel(Protocol):
    """What a model says of its events: a bundle's description, or a message of type ModelInfo."""

    @property
    def class_names(self) -> Sequence[str]:
        """Classes in the order of the probabilities."""

    @property
    def background_id(self) -> int:
        """Index of the class for rest and unknown motion."""

    @property
    def enter_threshold(self) -> float:
        """Probability 0..1 at which an event may begin."""

    @property
    def exit_threshold(self) -> float:
        """Probability 0..1 below which it ends."""

    @property
    def rejection_threshold(self) -> float:
        """Least probability 0..1 that counts as known motion."""


def without_model_values(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return the parameters of `action_event_publisher` that are not left to the model."""
    return {name: value for name, value in parameters.items() if value != FROM_MODEL}


def make_detector(
    model: DetectedModel, settings: Mapping[str, float], *, id_prefix: str | None = None
) -> EventDetector:
    """Return a detector for the scores of a model.

    Args:
        model: What the model says.
        settings: Fields of `EventParameters` that replace what the model says.
        id_prefix: Of `EventDetector`.

    Raises:
        ValueError: A value is out of range, or the background is none of the classes.
    """
    names = tuple(model.class_names)
    if not 0 <= model.background_id < len(names):
        raise ValueError(
            f"background_id {model.background_id} is not the index of one of "
            f"{len(names)} class_names"
        )
    # A message carries 32 bits of each threshold; a bundle must not decide otherwise.
    values = {name: float(np.float32(getattr(model, name))) for name in THRESHOLDS}
    return EventDetector(
        names,
        EventParameters(**{**values, **settings}),
        background=names[model.background_id],
        id_prefix=id_prefix,
    )
