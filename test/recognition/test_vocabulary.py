"""Which classes a recogniser scores, and how their probabilities are combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.vocabulary import Vocabulary
from bharnet_ros.types.errors import InputError


@dataclass
class Taught:
    """Taught classes with the same probabilities for every window."""

    class_names: tuple[str, ...]
    name: str = "mine@1"
    class_parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def description(tiny_bundle: Path):
    return load_bundle(tiny_bundle).description


OF_MODEL = np.asarray([[0.5, 0.3, 0.2]], dtype=np.float32)
"""Of wave, point and background."""


def test_without_taught_classes_nothing_changes(description) -> None:
    vocabulary = Vocabulary.of(description)
    assert vocabulary.class_names == description.class_names == ("wave", "point", "background")
    assert vocabulary.name == description.name
    np.testing.assert_array_equal(vocabulary.combine(OF_MODEL, None), OF_MODEL)


def test_taught_classes_stand_between_those_of_the_model_and_background(description) -> None:
    vocabulary = Vocabulary.of(description, Taught(("nod", "bow")))
    assert vocabulary.class_names == ("wave", "point", "nod", "bow", "background")
    assert vocabulary.name == "tiny+mine@1"
    assert vocabulary.events.background_id == 4
    known = np.asarray([[0.5, 0.1, 0.4]], dtype=np.float32)
    combined = vocabulary.combine(OF_MODEL, known)
    np.testing.assert_allclose(combined, [[0.2, 0.12, 0.5, 0.1, 0.08]], rtol=1e-6)


def test_a_taught_class_takes_the_place_of_one_of_the_same_name(description) -> None:
    vocabulary = Vocabulary.of(description, Taught(("wave",)))
    assert vocabulary.class_names == ("point", "wave", "background")
    combined = vocabulary.combine(OF_MODEL, np.asarray([[0.6, 0.4]], dtype=np.float32))
    np.testing.assert_allclose(combined, [[0.12, 0.6, 0.28]], rtol=1e-6)


@pytest.mark.parametrize(
    ("keep", "names", "combined"),
    [
        (("point",), ("point", "nod", "background"), [0.12, 0.6, 0.28]),
        ((), ("nod", "background"), [0.6, 0.4]),
    ],
)
def test_classes_that_are_not_kept_count_as_background(
    description, keep: tuple[str, ...], names: tuple[str, ...], combined: list[float]
) -> None:
    vocabulary = Vocabulary.of(description, Taught(("nod",)), keep)
    assert vocabulary.class_names == names
    known = np.asarray([[0.6, 0.4]], dtype=np.float32)
    np.testing.assert_allclose(vocabulary.combine(OF_MODEL, known), [combined], rtol=1e-6)


def test_some_classes_of_the_model_can_be_kept_alone(description) -> None:
    vocabulary = Vocabulary.of(description, None, ("point",))
    assert vocabulary.class_names == ("point", "background")
    np.testing.assert_allclose(vocabulary.combine(OF_MODEL, None), [[0.3, 0.7]], rtol=1e-6)


def test_event_parameters_of_single_classes_follow_the_classes(description) -> None:
    own = {"wave": {"enter_threshold": 0.9}, "point": {"min_gap_s": 0.7}}
    taught = Taught(("wave",), class_parameters={"wave": {"support_share": 0.2}})
    events = Vocabulary.of(replace(description, class_parameters=own), taught).events
    assert events.class_names == ("point", "wave", "background")
    assert events.parameters.class_parameters == {
        "point": {"min_gap_s": 0.7},
        "wave": {"support_share": 0.2},
    }


def test_unknown_and_missing_classes_are_refused(description) -> None:
    with pytest.raises(InputError, match="class 'jump': is not one of model tiny: wave, point"):
        Vocabulary.of(description, None, ("jump",))
    with pytest.raises(InputError, match="none of the model is kept"):
        Vocabulary.of(description, None, ())
