"""The classifier of a person's own gestures."""

from __future__ import annotations

import numpy as np
import pytest
from embedded import embedded, near

from bharnet_ros.gestures.head import fit_head
from bharnet_ros.recognition.embedding import Parts
from bharnet_ros.types.errors import InputError

LABELS = ["nod", "wave", "nod", "wave", "bow", "bow"]
EXAMPLES = near([0, 1, 0, 1, 2, 2])


def test_other_examples_of_the_taught_gestures_are_named() -> None:
    head = fit_head(embedded(EXAMPLES), LABELS)
    assert head.names == ("bow", "nod", "wave")
    probabilities = head.probabilities(embedded(near([0, 1, 2, 1], seed=1)))
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-5)
    named = [head.names[best] for best in probabilities.argmax(1)]
    assert named == ["nod", "wave", "bow", "wave"]
    assert probabilities.max(1).min() > 0.6


def test_one_example_of_each_gesture_is_enough() -> None:
    head = fit_head(embedded(EXAMPLES[[0, 1]]), ["nod", "wave"])
    others = embedded(near([0, 1], seed=2))
    named = [head.names[best] for best in head.probabilities(others).argmax(1)]
    assert named == ["nod", "wave"]


def test_the_same_examples_give_the_same_head() -> None:
    first, second = (fit_head(embedded(EXAMPLES), LABELS) for _ in range(2))
    np.testing.assert_array_equal(first.weight, second.weight)


def test_examples_without_labels_are_refused() -> None:
    with pytest.raises(InputError, match="got 6 embeddings and 2 labels"):
        fit_head(embedded(EXAMPLES), ["nod", "wave"])
    with pytest.raises(InputError, match="got 0 embeddings"):
        fit_head(embedded(EXAMPLES[:0]), [])


def test_what_does_not_count_for_a_gesture_does_not_speak_against_it() -> None:
    """Numbers 0 to 3 are of the body: *nod* is made with the body, *point* with a hand."""
    examples, labels = embedded(near([0, 0, 6, 6])), ["nod", "nod", "point", "point"]
    nodding_with_a_hand = np.zeros((1, 8), dtype=np.float32)
    nodding_with_a_hand[0, [0, 6]] = [0.6, 0.8]
    named = []
    for parts in ({}, {"nod": Parts(hand=False)}):
        head = fit_head(examples, labels, parts=parts)
        named.append(head.names[int(head.probabilities(embedded(nodding_with_a_hand)).argmax())])
    assert named == ["point", "nod"]


def test_a_window_that_counts_more_pulls_more() -> None:
    vectors = np.concatenate([EXAMPLES, near([3], seed=5), near([3], seed=6)])
    labels = [*LABELS, "nod", "wave"]
    weights = np.ones(len(labels), dtype=np.float32)
    weights[-1] = 5.0
    head = fit_head(embedded(vectors), labels, weights=weights)
    (between,) = head.probabilities(embedded(near([3], seed=7)))
    assert head.names[int(between.argmax())] == "wave"
