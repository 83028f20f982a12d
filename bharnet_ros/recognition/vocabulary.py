"""The classes that a recogniser scores: those of its model, and those taught beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.embedding import Embeddings, FloatArray
from bharnet_ros.recognition.events.parameters import ClassParameters, EventModel
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError


class TaughtClasses(Protocol):
    """Classes that were taught after training."""

    @property
    def name(self) -> str:
        """Name that no other classes have; other examples give another name."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """J names."""

    @property
    def class_parameters(self) -> ClassParameters:
        """Event parameters of single classes."""

    def probabilities(self, embeddings: Embeddings) -> FloatArray:
        """Return the probability (N, J + 1) of each class; the last is that of none of them."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Classes of a model that are kept, then those taught, then `background`.

    A taught class takes the place of a class of the model with the same name. What the model says
    of classes that are not kept counts as background.

    Attributes:
        name: Name of the model, in brackets the classes that are kept if not all are, and the name
            of the taught classes after a plus sign. Other classes have another name.
        class_names: M classes in the order of the probabilities.
        events: What an event finder needs to know of them.
        taught: The taught classes; None if there are none.
        kept: (K,) place of each class of the model among the M.
    """

    name: str
    class_names: tuple[str, ...]
    events: EventModel
    taught: TaughtClasses | None
    kept: tuple[int, ...]

    @classmethod
    def of(
        cls,
        description: BundleDescription,
        taught: TaughtClasses | None = None,
        keep: Sequence[str] | None = None,
    ) -> Vocabulary:
        """Return the classes of a model with those taught.

        Args:
            description: The model.
            taught: Classes taught beside those of the model.
            keep: Classes of the model to keep; None keeps all.

        Raises:
            InputError: A class to keep is not one of the model, or no class is left; names it.
        """
        own = [name for name in description.class_names if name != BACKGROUND]
        for name in keep or ():
            if name not in own:
                raise InputError(
                    f"class {name!r}: is not one of model {description.name}: {', '.join(own)}"
                )
        if taught is None and keep is None:
            whole = tuple(range(len(description.class_names)))
            events = description.event_model()
            return cls(description.name, description.class_names, events, None, whole)
        added = () if taught is None else taught.class_names
        kept = [name for name in own if name not in added and (keep is None or name in keep)]
        names = (*kept, *added, BACKGROUND)
        if len(names) == 1:
            raise InputError("classes: none of the model is kept, and none is taught")
        parameters = description.event_parameters()
        own_values = {
            label: values for label, values in parameters.class_parameters.items() if label in kept
        }
        if taught is not None:
            own_values.update(taught.class_parameters)
        parameters = replace(parameters, class_parameters=own_values)
        places = tuple(
            names.index(name) if name in kept else len(names) - 1
            for name in description.class_names
        )
        name = description.name if keep is None else f"{description.name}[{','.join(kept)}]"
        name = name if taught is None else f"{name}+{taught.name}"
        return cls(name, names, EventModel(names, len(names) - 1, parameters), taught, places)

    @cached_property
    def _placement(self) -> FloatArray:
        """Zeros and ones (K, M) that put each class of the model into its place."""
        return np.eye(len(self.class_names), dtype=np.float32)[list(self.kept)]

    @property
    def changed(self) -> bool:
        """Whether the classes are not those of the model."""
        return len(self.kept) != len(self.class_names) or self.kept != tuple(range(len(self.kept)))

    def combine(self, probabilities: FloatArray, taught: FloatArray | None) -> FloatArray:
        """Return the probabilities (..., N, M) of all classes.

        Args:
            probabilities: (..., N, K) of the classes of the model.
            taught: (N, J + 1) of the taught classes and none of them; None without taught classes.
        """
        if not self.changed:
            return probabilities
        combined: FloatArray = probabilities @ self._placement
        if taught is not None:
            combined *= taught[:, -1:]
            combined[..., -taught.shape[1] : -1] = taught[:, :-1]
        return combined
