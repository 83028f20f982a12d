"""Classes taught from embedded examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from embedded import embedded, near

from bharnet_ros.gestures.taught import EmbeddedExample, TaughtGestures
from bharnet_ros.recognition.embedding import Embeddings, FloatArray
from bharnet_ros.types.errors import InputError

NOTHING = embedded(np.zeros((0, 8), dtype=np.float32))
REST = embedded(near([3, 3, 3], seed=9))


def example(axis: int, *, seed: int, duration_s: float = 1.0) -> EmbeddedExample:
    """Return an example with three windows near an axis, and rest around it."""
    return EmbeddedExample(
        embedded(near([axis] * 3, seed=seed)), embedded(near([3], seed=seed)), duration_s
    )


def taught(**axes: int) -> TaughtGestures:
    """Return gestures of three examples near these axes."""
    return TaughtGestures(
        {
            name: [example(axis, seed=10 * axis + number) for number in range(3)]
            for name, axis in axes.items()
        },
        name="mine",
        rest=NOTHING,
        others_rest=REST,
        window_s=2.0,
    )


def test_a_window_like_the_examples_is_that_gesture() -> None:
    gestures = taught(wave=1, nod=0, point=6)
    assert gestures.class_names == ("wave", "nod", "point")
    probabilities = gestures.probabilities(embedded(near([1, 0, 6], seed=50)))
    assert probabilities.argmax(1).tolist() == [0, 1, 2]
    assert probabilities.max(1).min() > 0.7
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-5)


def test_rest_and_unknown_motion_are_none_of_them() -> None:
    probabilities = taught(wave=1, nod=0).probabilities(embedded(near([3, 2, 7], seed=51)))
    assert probabilities.argmax(1).tolist() == [2, 2, 2]
    assert probabilities[:, 2].min() > 0.7


def test_without_a_rest_of_their_own_people_rest_as_others_do() -> None:
    def likely(rest: Embeddings) -> FloatArray:
        gestures = TaughtGestures(
            {"wave": [replace(example(1, seed=5), rest=rest)]},
            name="mine",
            rest=NOTHING,
            others_rest=REST,
            window_s=2.0,
        )
        return gestures.probabilities(embedded(near([1, 3, 2], seed=51)))

    # Whole clips are taught without rest around them.
    np.testing.assert_allclose(likely(NOTHING), likely(REST), atol=1e-6)


def test_one_gesture_alone_can_be_taught() -> None:
    probabilities = taught(wave=1).probabilities(embedded(near([1, 3, 5], seed=52)))
    assert (probabilities[:, 0] > 0.5).tolist() == [True, False, False]


def test_a_window_in_which_nothing_was_seen_is_none_of_them() -> None:
    blind = embedded(np.zeros((1, 8), dtype=np.float32))
    assert taught(wave=1, nod=0).probabilities(blind)[0, 2] == 1.0


def test_hands_that_the_examples_did_not_show_do_not_speak_against_a_gesture() -> None:
    vectors = near([0] * 6, noise=0.05)
    vectors[:, 4:] = 0.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gestures = TaughtGestures(
        {"nod": [EmbeddedExample(embedded(vectors), NOTHING, 1.0)]},
        name="mine",
        rest=NOTHING,
        others_rest=REST,
        window_s=2.0,
    )
    nodding_with_a_hand = np.zeros((1, 8), dtype=np.float32)
    nodding_with_a_hand[0, [0, 6]] = [0.6, 0.8]
    assert gestures.probabilities(embedded(nodding_with_a_hand))[0, 0] > 0.7


def test_a_short_gesture_fills_less_of_a_window() -> None:
    gestures = TaughtGestures(
        {
            "snap": [example(1, seed=1, duration_s=0.5)],
            "stir": [example(0, seed=2, duration_s=9.0)],
        },
        name="mine",
        rest=NOTHING,
        others_rest=REST,
        window_s=2.0,
    )
    shares = {name: own["support_share"] for name, own in gestures.class_parameters.items()}
    assert shares["snap"] == pytest.approx(shares["stir"] / 4)


@pytest.mark.parametrize(("examples", "threshold"), [(1, 0.53), (3, 0.6), (5, 0.67), (9, 0.67)])
def test_few_examples_lower_the_threshold(examples: int, threshold: float) -> None:
    gestures = TaughtGestures(
        {"snap": [example(1, seed=seed) for seed in range(examples)]},
        name="mine",
        rest=NOTHING,
        others_rest=REST,
        window_s=2.0,
    )
    assert gestures.class_parameters["snap"]["enter_threshold"] == pytest.approx(threshold)


def test_a_gesture_that_shows_nothing_is_refused_by_name() -> None:
    blind = EmbeddedExample(embedded(np.zeros((2, 8), dtype=np.float32)), NOTHING, 1.0)
    with pytest.raises(InputError, match="gesture 'nod': neither a body nor a hand was seen"):
        TaughtGestures({"nod": [blind]}, name="mine", rest=NOTHING, others_rest=REST, window_s=2.0)


def test_the_other_side_is_the_same_gesture_where_either_hand_may_show_it() -> None:
    """The mirrored motion lies elsewhere in the embedding, and so does that of another gesture."""
    shown = [example(1, seed=seed) for seed in range(3)]
    other = [example(0, seed=10 + seed) for seed in range(3)]
    mirrored = [replace(one, mirrored=embedded(near([6] * 3, seed=30))) for one in shown]
    windows = embedded(near([1, 6, 0], seed=40))
    for examples, found in ((shown, [0, 2, 1]), (mirrored, [0, 0, 1])):
        gestures = TaughtGestures(
            {"wave": examples, "nod": other},
            name="mine",
            rest=NOTHING,
            others_rest=REST,
            window_s=2.0,
        )
        probabilities = gestures.probabilities(windows)
        assert probabilities.shape == (3, 3)
        assert probabilities.argmax(1).tolist() == found
        np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-5)
