"""The actions that can happen: the classes of the model without its background."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bharnet_ros.messages.reading import Message


@dataclass(frozen=True)
class Labels:
    """Class names of a model.

    Attributes:
        model: Name of the model.
        classes: (K,) class names in the order of the probabilities.
        background: Index of the class for rest and unknown motion, which no event has.
    """

    model: str
    classes: tuple[str, ...]
    background: int

    @classmethod
    def of_message(cls, message: Message) -> Labels:
        """Return the labels in a ModelInfo message."""
        return cls(message.name, tuple(message.class_names), int(message.background_id))

    @property
    def places(self) -> dict[str, int]:
        """Index of each action among the classes."""
        return {name: index for index, name in enumerate(self.classes) if index != self.background}

    def problem(self, wanted: Iterable[str]) -> str:
        """Return which of some labels no event can have, and which there are; empty if all can."""
        places = self.places
        for label in wanted:
            if label not in places:
                return (
                    f"label {label!r}: is not an action of model {self.model}, which has "
                    f"{', '.join(places) or 'none'}"
                )
        return ""
