"""Keypoint records: absence is NaN, and a wrong shape or stamp is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    LEFT_HAND,
    RIGHT_HAND,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
    absent,
    absent_body,
)


def sequence(frames: int = 4, joints: int = 25, **changes: Any) -> KeypointSequence:
    fields: dict[str, Any] = {
        "stamps": np.arange(frames) / 25.0,
        "body": np.zeros((frames, joints, 4), dtype=np.float32),
        "hands": np.zeros((frames, 2, HAND_LANDMARKS, 3), dtype=np.float32),
        "hand_scores": np.ones((frames, 2), dtype=np.float32),
    }
    return KeypointSequence(**{**fields, **changes})


def test_a_person_who_was_not_found_is_absent_and_not_at_the_origin() -> None:
    person = PersonKeypoints("a")
    assert not person.body_present
    assert person.hands_present == (False, False)
    for name in ("hands", "body_world", "hands_world", "body_camera", "hands_camera"):
        assert np.isnan(getattr(person, name)).all(), name
    assert np.isnan(person.body[:, :3]).all()
    assert (person.body[:, 3] == 0).all(), "an absent landmark is not visible"
    assert (person.hand_scores == 0).all()


def test_people_do_not_share_their_arrays() -> None:
    first, second = PersonKeypoints("a"), PersonKeypoints("b")
    first.body[0] = 1.0
    first.hand_scores[LEFT_HAND] = 1.0
    assert not second.body_present
    assert second.hand_scores[LEFT_HAND] == 0


def test_absent_arrays_are_float32() -> None:
    assert absent(2, 3).dtype == absent_body().dtype == np.float32
    assert absent(2, 3).shape == (2, 3)
    assert absent_body().shape == (BODY_LANDMARKS, 4)


def test_one_landmark_makes_a_body_present() -> None:
    body = absent_body()
    body[BODY_LANDMARKS - 1] = (320.0, 240.0, 0.0, 0.9)
    assert PersonKeypoints("a", body=body).body_present


@pytest.mark.parametrize(
    ("found", "present"),
    [
        ((LEFT_HAND,), (True, False)),
        ((RIGHT_HAND,), (False, True)),
        ((LEFT_HAND, RIGHT_HAND), (True, True)),
    ],
)
def test_each_hand_is_present_or_absent_by_itself(
    found: tuple[int, ...], present: tuple[bool, bool]
) -> None:
    hands = absent(2, HAND_LANDMARKS, 3)
    hands[list(found)] = 10.0
    assert PersonKeypoints("a", hands=hands).hands_present == present


def test_a_hand_at_the_origin_is_present() -> None:
    hands = np.zeros((2, HAND_LANDMARKS, 3), dtype=np.float32)
    assert PersonKeypoints("a", hands=hands).hands_present == (True, True)


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("body", (25, 4), (33, 4)),
        ("body", (33, 3), (33, 4)),
        ("hands", (21, 3), (2, 21, 3)),
        ("hand_scores", (1,), (2,)),
        ("body_world", (33, 4), (33, 3)),
        ("hands_world", (2, 20, 3), (2, 21, 3)),
        ("body_camera", (32, 3), (33, 3)),
        ("hands_camera", (2, 21, 2), (2, 21, 3)),
    ],
)
def test_a_wrong_shape_of_a_person_is_refused_by_name(
    name: str, shape: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    arrays: dict[str, Any] = {name: np.zeros(shape)}
    with pytest.raises(ValueError) as error:
        PersonKeypoints("a", **arrays)
    assert str(error.value) == f"{name}: expected shape {expected}, got {shape}"


def test_a_frame_may_show_no_people() -> None:
    assert FrameKeypoints(stamp_ns=1, width=640, height=480).people == ()


def test_a_sequence_knows_its_length_and_duration() -> None:
    clip = sequence(frames=26)
    assert len(clip) == 26
    assert clip.duration == pytest.approx(1.0)
    assert sequence(frames=1).duration == 0.0


@pytest.mark.parametrize("joints", [20, 25, 33])
def test_a_sequence_takes_any_body_layout(joints: int) -> None:
    assert sequence(joints=joints).body.shape[1] == joints


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stamps", np.zeros(0)),
        ("stamps", np.array(0.0)),
        ("stamps", np.zeros((4, 1))),
        ("stamps", np.array([0.0, 0.1, 0.1, 0.2])),
        ("stamps", np.array([0.0, 0.2, 0.1, 0.3])),
        ("stamps", np.array([0.0, 0.1, np.nan, 0.3])),
        ("body", np.zeros((3, 25, 4))),
        ("body", np.zeros((4, 25, 3))),
        ("body", np.zeros((4, 100))),
        ("hands", np.zeros((4, 21, 3))),
        ("hands", np.zeros((3, 2, 21, 3))),
        ("hand_scores", np.zeros(4)),
        ("hand_scores", np.zeros((3, 2))),
    ],
)
def test_a_sequence_that_does_not_fit_together_is_refused_by_name(
    name: str, value: np.ndarray
) -> None:
    changes: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"^{name}: "):
        sequence(**changes)


def test_people_of_frames_become_a_sequence() -> None:
    hands = np.arange(126, dtype=np.float32).reshape(2, 21, 3)
    seen = PersonKeypoints("a", hands=hands, hand_scores=np.float32([0.5, 1.0]))
    clip = KeypointSequence.of([(0.5, PersonKeypoints("a")), (0.7, seen)], width=640, label="wave")
    assert clip.stamps.tolist() == [0.5, 0.7]
    assert clip.body.shape == (2, 33, 4)
    assert np.isnan(clip.hands[0]).all()
    np.testing.assert_array_equal(clip.hands[1], hands)
    assert clip.hand_scores.tolist() == [[0.0, 0.0], [0.5, 1.0]]
    assert (clip.width, clip.label) == (640, "wave")


def test_a_sequence_needs_at_least_one_frame() -> None:
    with pytest.raises(ValueError, match="frames: a sequence needs at least one"):
        KeypointSequence.of([])
