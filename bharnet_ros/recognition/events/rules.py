"""The classes of an event finder, and the thresholds and times by which it decides on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bharnet_ros.recognition.events.evidence import EvidenceSettings
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

# As good as forever; longer times do not fit 64-bit nanoseconds.
_LONGEST_S = 9e9


@dataclass(frozen=True)
class Rule:
    """Thresholds and times of one class; times in nanoseconds."""

    enter: float
    exit: float
    smoothing_ns: int
    min_duration_ns: int
    min_gap_ns: int
    refractory_ns: int
    support_share: float

    @classmethod
    def of(cls, parameters: EventParameters) -> Rule:
        """Return the rule for event parameters."""
        return cls(
            enter=max(parameters.enter_threshold, parameters.rejection_threshold),
            exit=parameters.exit_threshold,
            smoothing_ns=_nanoseconds(parameters.smoothing_s),
            min_duration_ns=_nanoseconds(parameters.min_duration_s),
            min_gap_ns=_nanoseconds(parameters.min_gap_s),
            refractory_ns=_nanoseconds(parameters.refractory_s),
            support_share=parameters.support_share,
        )


@dataclass(frozen=True, eq=False)
class Rules:
    """What an event finder knows of its classes.

    Attributes:
        names: K classes in the order of the probabilities.
        background: Place of the class that never opens an event.
        parameters: Thresholds and times, for all classes and for single ones.
        of_class: (K,) rule of each class.
        evidence: How windows become evidence.
        person_timeout_ns: How long a person may be missing before the event ends, nanoseconds.
        source_timeout_ns: How long scores may be missing before all events end, nanoseconds.
    """

    names: tuple[str, ...]
    background: int
    parameters: EventParameters
    of_class: tuple[Rule, ...]
    evidence: EvidenceSettings
    person_timeout_ns: int
    source_timeout_ns: int

    @classmethod
    def of(cls, class_names: Sequence[str], parameters: EventParameters, background: str) -> Rules:
        """Return the rules for classes and their parameters.

        Raises:
            InputError: A name occurs twice, the background is missing or the only class, or there
                are parameters of an unknown class.
        """
        names = tuple(class_names)
        if len(set(names)) != len(names):
            raise InputError(f"class_names: every name must occur once, got {names}")
        if background not in names:
            raise InputError(f"class_names: background class '{background}' is not in {names}")
        if len(names) < 2:
            raise InputError(f"class_names: needs an action besides '{background}', got {names}")
        parameters.check_classes(names, background)
        rules = tuple(Rule.of(parameters.of_class(name)) for name in names)
        evidence = EvidenceSettings(
            support_threshold=np.array([(rule.enter + rule.exit) / 2.0 for rule in rules]),
            support_share=np.array([rule.support_share for rule in rules]),
            smoothing_ns=np.array([rule.smoothing_ns for rule in rules]),
            min_gap_ns=np.array([rule.min_gap_ns for rule in rules]),
        )
        return cls(
            names,
            names.index(background),
            parameters,
            rules,
            evidence,
            _nanoseconds(parameters.person_timeout_s),
            _nanoseconds(parameters.source_timeout_s),
        )

    def places(self, others: Rules) -> list[int | None]:
        """Return the place of each class of other rules among these; None where it is none.

        The background of one stands for the background of the other, whatever their names.
        """
        actions = {name: place for place, name in enumerate(self.names) if place != self.background}
        places = [actions.get(name) for name in others.names]
        places[others.background] = self.background
        return places


def _nanoseconds(seconds: float) -> int:
    return round(min(seconds, _LONGEST_S) * NANOSECONDS)
