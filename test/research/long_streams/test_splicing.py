"""Recordings spliced from clips: truth, pauses, hands that go down and come up, determinism."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bharnet_ros.types.keypoints import KeypointSequence
from research.long_streams.splicing import (
    SplicedRecording,
    Splicer,
    SplicingSettings,
    back_and_forth,
    resting_runs,
    with_hanging_arms,
)

RATE = 20.0
FRAMES = 30


def clip(
    label: str, *, raised: bool = True, hand: bool = True, x: float = 300.0
) -> KeypointSequence:
    """Return a person with both wrists above the shoulders, or hanging below them."""
    body = np.full((FRAMES, 33, 4), np.nan, dtype=np.float32)
    body[..., 3] = 0.0
    wrist_y = 150.0 if raised else 360.0
    places = {0: (x, 130), 11: (x + 50, 200), 12: (x - 50, 200), 13: (x + 60, 280)}
    places |= {14: (x - 60, 280), 15: (x + 70, wrist_y), 16: (x - 70, wrist_y)}
    places |= dict.fromkeys((17, 19, 21), (x + 75, wrist_y))
    places |= dict.fromkeys((18, 20, 22), (x - 75, wrist_y))
    for joint, place in places.items():
        body[:, joint] = (*place, 0.0, 1.0)
    hands = np.full((FRAMES, 2, 21, 3), np.nan, dtype=np.float32)
    if hand:
        hands[:, 0] = (x + 70, wrist_y, 0.0)
    scores = np.zeros((FRAMES, 2), dtype=np.float32)
    scores[:, 0] = hand
    stamps = np.arange(FRAMES) / 15.0
    return KeypointSequence(stamps, body, hands, scores, 640, 480, label=label, subject="ann")


def spliced(
    *,
    seed: int = 0,
    seconds: float = 60.0,
    unknown: int = 20,
    settings: SplicingSettings | None = None,
) -> SplicedRecording:
    gestures = [clip(("wave", "point")[number % 2]) for number in range(40)]
    others = [clip("jump") for _ in range(unknown)]
    random = np.random.default_rng(seed)
    return Splicer(gestures, others, RATE, random, settings or SplicingSettings()).splice(seconds)


def test_the_truth_is_where_the_clips_are() -> None:
    recording = spliced()
    assert 60.0 <= recording.person.duration < 70.0
    np.testing.assert_allclose(np.diff(recording.person.stamps), 1 / RATE)
    for action in (*recording.truth, *recording.unknown):
        first, last = round(action.start_s * RATE), round(action.end_s * RATE)
        assert last - first == FRAMES - 1
        np.testing.assert_array_equal(recording.person.body[first : last + 1], clip("wave").body)
        # Just before and after, the hands are already moving.
        assert recording.person.body[first - 1, 15, 1] > 150.0
        assert recording.person.body[last + 1, 15, 1] > 150.0
    assert [action.label for action in recording.truth[:3]] == ["wave", "point", "wave"]
    assert {action.label for action in recording.unknown} == {"jump"}


def test_a_pause_or_an_unknown_motion_separates_two_gestures() -> None:
    recording = spliced(seconds=200.0)
    between = list(itertools.pairwise(recording.truth))
    for before, after in between:
        gap = after.start_s - before.end_s
        unknown = [one for one in recording.unknown if before.end_s < one.start_s < after.start_s]
        assert gap > (FRAMES / RATE + 0.6 if unknown else 1.3)
        if not unknown:
            assert gap < 4.9
    share = len(recording.unknown) / len(recording.truth)
    assert 0.15 < share < 0.55


def test_an_unknown_motion_may_be_entered_without_a_pause() -> None:
    quick = SplicingSettings(unknown_probability=1.0, passing_probability=1.0)
    recording = spliced(settings=quick, seconds=20.0)
    actions = sorted((*recording.truth, *recording.unknown), key=lambda one: one.start_s)
    gaps = [after.start_s - before.end_s for before, after in itertools.pairwise(actions)]
    assert min(gaps) >= 0.3
    assert max(gaps) <= 0.85


def test_hands_hang_out_of_view_in_a_pause() -> None:
    recording = spliced(unknown=0)
    for before, after in itertools.pairwise(recording.truth):
        middle = round((before.end_s + after.start_s) / 2 * RATE)
        assert np.isnan(recording.person.hands[middle]).all()
        assert not recording.person.hand_scores[middle].any()
        drop = recording.person.body[middle, 15:17, 1] - recording.person.body[middle, 11:13, 1]
        assert (drop > 110.0).all()
    # It also begins and ends that way.
    assert np.isnan(recording.person.hands[[0, -1]]).all()
    assert not recording.own_rest


def test_a_hand_moves_with_its_wrist_until_it_is_lost() -> None:
    recording = spliced(unknown=0)
    seen = np.isfinite(recording.person.hands[:, 0, 0, 0])
    wrists = recording.person.body[seen, 15, :2]
    np.testing.assert_allclose(recording.person.hands[seen, 0, 0, :2], wrists, atol=1e-3)
    assert (recording.person.hand_scores[:, 0] > 0).tolist() == seen.tolist()
    assert np.ptp(wrists[:, 1]) > 0


def test_motion_is_smooth_where_clips_meet() -> None:
    recording = spliced()
    steps = np.abs(np.diff(recording.person.body[:, 15, 1]))
    # An arm comes down by at least 110 and at most 240 pixels within three frames or more.
    assert steps.max() < 150.0


def test_the_same_seed_gives_the_same_recording() -> None:
    one, same, other = spliced(seed=3), spliced(seed=3), spliced(seed=4)
    np.testing.assert_array_equal(one.person.body, same.person.body)
    assert one.truth == same.truth != other.truth


def test_a_persons_own_resting_frames_are_used_if_there_are_any() -> None:
    resting = clip("idle", raised=False, hand=False, x=123.0)
    recording = Splicer([clip("wave")] * 4, [resting], RATE, np.random.default_rng(0)).splice(30.0)
    assert recording.own_rest
    assert recording.person.body[0, 0, 0] == 123.0


def test_resting_needs_low_wrists_and_no_hand() -> None:
    assert [len(run) for run in resting_runs(clip("", raised=False, hand=False))] == [FRAMES]
    assert not resting_runs(clip("", raised=True, hand=False))
    assert not resting_runs(clip("", raised=False, hand=True))


def test_frames_are_played_back_and_forth() -> None:
    played = back_and_forth(np.arange(5.0), 40, np.random.default_rng(0))
    assert set(np.abs(np.diff(played)).tolist()) == {1.0}
    assert set(played.tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert back_and_forth(np.asarray([7.0]), 3, np.random.default_rng(0)).tolist() == [7.0] * 3


def test_arms_hang_and_nothing_else_moves() -> None:
    body = clip("wave").body
    hanging = with_hanging_arms(body, np.random.default_rng(0))
    still = [0, 11, 12]
    np.testing.assert_array_equal(hanging[:, still], body[:, still])
    drop = hanging[:, 15:17, 1] - body[:, 11:13, 1]
    assert (drop >= 120.0).all()
    assert (drop <= 190.0).all()
    fingers = hanging[:, 17, :2] - hanging[:, 15, :2]
    np.testing.assert_allclose(fingers, body[:, 17, :2] - body[:, 15, :2], atol=1e-4)


def test_there_must_be_a_gesture() -> None:
    with pytest.raises(ValueError, match="gestures: need at least one"):
        Splicer([], [], RATE, np.random.default_rng(0)).splice(1.0)
