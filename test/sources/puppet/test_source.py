"""The puppet as a source of frames with truth."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from bharnet_ros.sources.puppet import draw_sequence, open_puppet, script_names
from bharnet_ros.sources.puppet.motion.gestures import GESTURES, UNKNOWN
from bharnet_ros.types.keypoints import KeypointSequence

SHIPPED_GESTURES = ("hello", "thanks", "iloveyou", "no", "yes", "please", "help", "sorry")


def middle(script: str, **options: float) -> int:
    """Return the frame in the middle of a script's first action."""
    source = open_puppet(script, **options)  # type: ignore[arg-type]
    action = source.true_actions[0]
    return round((action.start_s + action.end_s) / 2 * source.fps)


def test_a_seed_gives_the_same_frames_again_and_another_seed_does_not() -> None:
    number = middle("hello")
    first, again, other = (open_puppet("hello", seed=seed).frame(number) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.truth.people[0].hands, again.truth.people[0].hands)
    assert np.any(first.image != other.image)
    assert np.any(first.truth.people[0].body != other.truth.people[0].body)


def test_iterating_gives_every_frame_with_rising_stamps() -> None:
    source = open_puppet("rest", width=160, height=120, fps=5.0)
    frames = list(source)
    assert len(frames) == source.frame_count == len(source)
    assert [frame.time for frame in frames] == [number / 5.0 for number in range(len(frames))]
    assert frames[1].truth.stamp_ns - frames[0].truth.stamp_ns == 200_000_000
    np.testing.assert_array_equal(frames[3].image, source.frame(3).image)
    with pytest.raises(IndexError, match="frame"):
        source.frame(source.frame_count)


@pytest.mark.parametrize("size", [(64, 48), (320, 240), (641, 363), (480, 854)])
def test_frames_and_truth_have_the_size_that_was_asked_for(size: tuple[int, int]) -> None:
    width, height = size
    source = open_puppet("iloveyou", width=width, height=height)
    frame = source.frame(middle("iloveyou"))
    assert frame.image.shape == (height, width, 3)
    assert frame.image.dtype == np.uint8
    assert (frame.truth.width, frame.truth.height) == size
    person = frame.truth.people[0]
    assert person.hands_present[1]
    head = person.body[:11, :2]
    assert (head > 0).all() and (head < np.array(size)).all()
    nose = person.body[0, :2].astype(int)
    red, _, blue = frame.image[nose[1], nose[0]].astype(int)
    assert red > blue + 20, "the nose of the truth is not on skin"


def test_a_frame_may_be_smaller_than_a_head() -> None:
    source = open_puppet("hello", width=1, height=1)
    assert source.frame(middle("hello")).image.shape == (1, 1, 3)


def test_the_scripts_show_every_shipped_gesture_once_with_rest_between() -> None:
    actions = open_puppet("gestures").true_actions
    assert [action.label for action in actions] == list(SHIPPED_GESTURES)
    for before, after in itertools.pairwise(actions):
        assert 2.0 <= before.duration_s <= 3.5
        assert after.start_s - before.end_s >= 1.5
    for gesture in SHIPPED_GESTURES:
        assert [action.label for action in open_puppet(gesture).true_actions] == [gesture]


def test_hands_are_out_of_view_between_gestures_and_in_view_in_them() -> None:
    source = open_puppet("gestures")
    for action in source.true_actions:
        during = source.truth(round((action.start_s + action.end_s) / 2 * source.fps))
        assert during.people[0].hands_present[1], action.label
        before = source.truth(round((action.start_s - 0.8) * source.fps))
        assert before.people[0].hands_present == (False, False), action.label
        assert before.people[0].hand_scores.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("script", script_names())
def test_what_the_truth_calls_seen_is_in_the_image(script: str) -> None:
    source = open_puppet(script)
    for number in range(0, source.frame_count, max(7, source.frame_count // 100)):
        frame = source.truth(number)
        size = np.array([frame.width, frame.height])
        for person in frame.people:
            seen = person.body[person.body[:, 3] > 0, :2]
            assert ((seen >= 0) & (seen < size)).all()
            assert np.isfinite(person.body_world).all()
            for hand, score in zip(person.hands, person.hand_scores, strict=True):
                if score == 0:
                    assert np.isnan(hand).all()
                else:
                    inside = ((hand[:, :2] >= 0) & (hand[:, :2] < size)).all(axis=1)
                    assert inside.mean() >= score - 1e-6 >= 0.5 - 1e-6


def test_two_people_have_their_own_tracks_sides_and_actions() -> None:
    source = open_puppet("two_people")
    frame = source.truth(source.frame_count // 2)
    first, second = frame.people
    assert first.body[:, 0].max() < second.body[:, 0].min()
    assert {action.track_id for action in source.true_actions} == {first.track_id, second.track_id}


def test_a_person_enters_acts_and_leaves() -> None:
    source = open_puppet("enter_and_leave")
    present = [bool(source.truth(number).people) for number in range(source.frame_count)]
    assert not present[0] and not present[-1]
    changes = np.flatnonzero(np.diff(np.array(present, dtype=int)))
    assert len(changes) == 2, "came or went more than once"
    action = source.true_actions[0]
    assert changes[0] < action.start_s * source.fps < action.end_s * source.fps < changes[1]


def test_a_hand_behind_the_box_is_absent_and_comes_back() -> None:
    source = open_puppet("occluded_hand")
    action = source.true_actions[0]
    held = range(round((action.start_s + 0.5) * 30), round((action.end_s - 0.5) * 30))
    seen = np.array([source.truth(number).people[0].hands_present[1] for number in held])
    assert 0.2 < seen.mean() < 0.9
    assert seen[0] and seen[-1]
    hidden = source.frame(held[int(np.flatnonzero(~seen)[len(seen[~seen]) // 2])])
    wrist = hidden.truth.people[0].body[16]
    assert wrist[3] == 0
    box_colour = hidden.image[int(wrist[1]), int(wrist[0])].astype(int)
    np.testing.assert_allclose(box_colour, (150, 116, 78), atol=25)


def test_a_hand_that_an_arm_covers_is_absent() -> None:
    source = open_puppet("unknown")
    (folding,) = (action for action in source.true_actions if action.label == "folding_arms")
    person = source.truth(round((folding.start_s + folding.end_s) / 2 * source.fps)).people[0]
    left = person.body[[15, 17, 19], :2]
    assert ((left > 0) & (left < (640, 480))).all(), "the hand should be in the image"
    assert person.hands_present == (False, True)


def test_an_unknown_script_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"juggling.*gestures.*hello.*two_people"):
        open_puppet("juggling")


@pytest.mark.parametrize("wrong", [{"fps": 0.0}, {"width": 0}, {"height": -1}, {"seed": -1}])
def test_an_invalid_size_rate_or_seed_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        open_puppet("rest", **wrong)  # type: ignore[arg-type]


def sequence(frames: int = 3, landmarks: int = 33) -> KeypointSequence:
    """Record the truth of a few frames."""
    source = open_puppet("iloveyou")
    people = [source.truth(middle("iloveyou") + number).people[0] for number in range(frames)]
    return KeypointSequence(
        stamps=np.arange(frames) / 30.0 + 5.0,
        body=np.stack([person.body[:landmarks] for person in people]),
        hands=np.stack([person.hands for person in people]),
        hand_scores=np.stack([person.hand_scores for person in people]),
        width=640,
        height=480,
    )


def test_a_sequence_is_drawn_where_its_keypoints_are() -> None:
    recorded = sequence()
    frames = list(draw_sequence(recorded))
    assert [frame.time for frame in frames] == pytest.approx([0.0, 1 / 30, 2 / 30])
    for number, frame in enumerate(frames):
        person = frame.truth.people[0]
        np.testing.assert_allclose(person.body, recorded.body[number])
        np.testing.assert_allclose(person.hands, recorded.hands[number])
        for x, y in person.hands[1, [4, 5, 8, 9, 17, 20], :2].astype(int):
            red, _, blue = frame.image[y, x].astype(int)
            assert red > blue + 30, "a landmark of the hand is not on skin"
        assert not frame.truth.people[0].hands_present[0]


def test_a_sequence_can_be_drawn_larger_and_without_legs_or_depth() -> None:
    recorded = sequence(landmarks=25)
    recorded.body[..., 2] = np.nan
    recorded.hands[..., 2] = np.nan
    (first, *_) = draw_sequence(recorded, width=1280, height=720)
    assert first.image.shape == (720, 1280, 3)
    person = first.truth.people[0]
    np.testing.assert_allclose(person.body[0, :2], recorded.body[0, 0, :2] * (2.0, 1.5))
    assert np.isnan(person.body[25:, 0]).all()
    x, y = person.hands[1, 9, :2].astype(int)
    assert int(first.image[y, x, 0]) > int(first.image[y, x, 2]) + 30


def test_a_person_of_whom_nothing_is_known_leaves_the_background() -> None:
    recorded = sequence(frames=1)
    recorded.body[:] = np.nan
    recorded.hands[:] = np.nan
    (empty,) = draw_sequence(recorded)
    assert empty.image.std(axis=(0, 1)).max() < 40


def test_a_sequence_of_another_layout_or_without_size_is_refused() -> None:
    recorded = sequence(frames=1)
    kinect = KeypointSequence(
        recorded.stamps,
        recorded.body[:, :25],
        recorded.hands,
        recorded.hand_scores,
        body_layout="kinect_v2",
    )
    with pytest.raises(ValueError, match="body_layout"):
        next(draw_sequence(kinect))
    unsized = KeypointSequence(recorded.stamps, recorded.body, recorded.hands, recorded.hand_scores)
    with pytest.raises(ValueError, match="width, height"):
        next(draw_sequence(unsized))


@pytest.mark.parametrize(("script", "people"), [("long", 1), ("long_two_people", 2)])
def test_long_scripts_show_all_gestures_and_motions_with_rest_between(
    script: str, people: int
) -> None:
    source = open_puppet(script, fps=10.0)
    assert source.frame_count == 6000
    tracks = {action.track_id for action in source.true_actions}
    assert len(tracks) == people
    for track in tracks:
        actions = [action for action in source.true_actions if action.track_id == track]
        counts = Counter(action.label for action in actions)
        assert set(GESTURES) | {gesture.label for gesture in UNKNOWN.values()} == set(counts)
        assert min(counts.values()) >= max(counts.values()) - 1 >= 5
        rests = [later.start_s - before.end_s for before, later in itertools.pairwise(actions)]
        assert min(rests) >= 0.999
        assert max(rests) <= 4.001
        assert actions[-1].end_s < 600.0
