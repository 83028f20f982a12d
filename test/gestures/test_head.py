"""The classifier of a person's own gestures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.gestures.head import Familiarity, fit_head
from bharnet_ros.types.errors import InputError


def near(directions: list[int], *, noise: float = 0.1, seed: int = 0) -> npt.NDArray[np.float32]:
    """Return embeddings (N, 8) of length 1 near axes."""
    vectors = np.eye(8)[directions]
    vectors = vectors + noise * np.random.default_rng(seed).standard_normal(vectors.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


LABELS = ["nod", "wave", "nod", "wave", "bow", "bow"]
EXAMPLES = near([0, 1, 0, 1, 2, 2])


def test_other_examples_of_the_taught_gestures_are_named() -> None:
    head = fit_head(EXAMPLES, LABELS)
    assert head.names == ("bow", "nod", "wave")
    probabilities = head.probabilities(near([0, 1, 2, 1], seed=1))
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-5)
    named = [head.names[best] for best in probabilities.argmax(1)]
    assert named == ["nod", "wave", "bow", "wave"]
    assert probabilities.max(1).min() > 0.6


def test_one_example_of_each_gesture_is_enough() -> None:
    head = fit_head(EXAMPLES[[0, 1]], ["nod", "wave"])
    named = [head.names[best] for best in head.probabilities(near([0, 1], seed=2)).argmax(1)]
    assert named == ["nod", "wave"]


def test_known_motion_is_more_familiar_than_unknown_motion() -> None:
    familiarity = Familiarity.of(EXAMPLES, LABELS)
    known, unknown = near([0, 1, 2], seed=3), near([4, 5, 6], seed=3)
    assert familiarity.measure(known).min() > familiarity.measure(unknown).max() + 0.3
    np.testing.assert_allclose(familiarity.measure(EXAMPLES[:1]), 1.0, atol=0.05)


def test_the_same_examples_give_the_same_head() -> None:
    first, second = fit_head(EXAMPLES, LABELS), fit_head(EXAMPLES, LABELS)
    np.testing.assert_array_equal(first.weight, second.weight)


def test_examples_without_labels_are_refused() -> None:
    with pytest.raises(InputError, match="got 6 embeddings and 2 labels"):
        fit_head(EXAMPLES, ["nod", "wave"])
    with pytest.raises(InputError, match="got 0 embeddings"):
        fit_head(EXAMPLES[:0], [])
