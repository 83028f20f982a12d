"""Resampling by time: motion is kept, and absent keypoints stay absent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bharnet_ros.features.resampling import resample
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.keypoints import FloatArray, KeypointSequence
from bharnet_ros.types.layouts import get_layout

SETTINGS = FeatureSettings(frames=16)
BODY = get_layout(SETTINGS.body_layout)
BODY_JOINTS = 33


def line(stamps: FloatArray) -> KeypointSequence:
    """Return a person whose points all move straight: 100 px + 40 px/s, with different offsets."""
    body = np.empty((len(stamps), BODY_JOINTS, 4), dtype=np.float32)
    place = 100.0 + 40.0 * stamps[:, None]
    body[..., 0] = place + np.arange(BODY_JOINTS)
    body[..., 1] = 2 * place
    body[..., 2], body[..., 3] = 0.0, 0.8
    hands = np.broadcast_to(place[..., None, None], (len(stamps), 2, 21, 3)).astype(np.float32)
    return KeypointSequence(stamps, body, hands.copy(), np.ones((len(stamps), 2)))


@pytest.mark.parametrize("rate", [5.0, 15.0, 29.97, 60.0])
def test_straight_motion_is_resampled_exactly_at_any_frame_rate(rate: float) -> None:
    stamps = 3.0 + np.arange(int(2 * rate) + 1) / rate
    batch = resample([line(stamps)], SETTINGS)
    wanted = 100.0 + 40.0 * np.linspace(stamps[0], stamps[-1], SETTINGS.frames)
    np.testing.assert_allclose(
        batch.body[0, ..., 0], wanted[:, None] + np.array(BODY.sources), rtol=1e-5
    )
    np.testing.assert_allclose(batch.body[0, :, 3, 1], 2 * wanted, rtol=1e-5)
    np.testing.assert_allclose(batch.hands[0, :, 1, 20, 0], wanted, rtol=1e-5)
    np.testing.assert_allclose(batch.body_mask, 0.8, rtol=1e-5)
    assert (batch.hand_mask == 1).all()


def test_uneven_frames_are_resampled_by_their_stamps() -> None:
    stamps = np.array([0.0, 0.02, 0.3, 0.35, 0.9, 1.0])
    batch = resample([line(stamps)], SETTINGS)
    wanted = 2 * (100.0 + 40.0 * np.linspace(0, 1, SETTINGS.frames))
    np.testing.assert_allclose(batch.body[0, :, 0, 1], wanted, rtol=1e-5)


def test_a_window_ends_at_the_newest_frame_and_repeats_the_first_before_it() -> None:
    stamps = 10.0 + np.arange(31) / 10.0
    inside = resample([line(stamps)], SETTINGS, window_s=1.5).body[0, :, 0, 1]
    times = np.linspace(11.5, 13.0, SETTINGS.frames)
    np.testing.assert_allclose(inside, 2 * (100 + 40 * times), rtol=1e-5)
    beyond = resample([line(stamps)], SETTINGS, window_s=6.0).body[0, :, 0, 1]
    times = np.maximum(np.linspace(7.0, 13.0, SETTINGS.frames), 10.0)
    np.testing.assert_allclose(beyond, 2 * (100 + 40 * times), rtol=1e-5)


def test_a_single_frame_fills_the_window() -> None:
    batch = resample([line(np.array([4.0]))], SETTINGS, window_s=2.0)
    assert (batch.body[0, :, 0, 1] == 2 * 260.0).all()
    assert (batch.hand_mask == 1).all()


def test_a_gap_is_filled_half_way_from_both_sides_only() -> None:
    sequence = line(np.array([0.0, 1.0, 2.0]))
    sequence.body[1, BODY.sources[5]] = np.nan
    sequence.hands[1, 0] = np.nan
    batch = resample([sequence], FeatureSettings(frames=9))
    seen = [True, True, True, False, False, False, True, True, True]
    assert (batch.body_mask[0, :, 5] > 0).tolist() == seen
    assert (batch.hand_mask[0, :, 0] > 0).tolist() == seen
    assert batch.body[0, :, 5, 1].tolist() == [200.0] * 3 + [0.0] * 3 + [360.0] * 3
    assert batch.hands[0, :, 0, 8, 0].tolist() == [100.0] * 3 + [0.0] * 3 + [180.0] * 3
    assert (batch.body_mask[0, :, 6] > 0).all()
    assert (batch.hand_mask[0, :, 1] == 1).all()


def test_joints_that_are_hardly_ever_visible_are_absent() -> None:
    """MediaPipe guesses where joints outside the image are; data sets round them to unseen."""
    person = line(np.arange(16) / 15)
    guessed = dataclasses.replace(person, body=person.body.copy())
    guessed.body[:, 23:25, 3] = 0.001
    unseen = dataclasses.replace(person, body=person.body.copy())
    unseen.body[:, 23:25, 3] = 0.0
    first, second = resample([guessed], SETTINGS), resample([unseen], SETTINGS)
    np.testing.assert_array_equal(first.body, second.body)
    np.testing.assert_array_equal(first.body_mask, second.body_mask)


def test_too_few_joints_for_the_body_layout_are_refused() -> None:
    sequence = line(np.arange(20) / 30.0)
    settings = FeatureSettings(body_layout="mediapipe_body")
    short = dataclasses.replace(sequence, body=sequence.body[:, :25])
    resample([short], SETTINGS)
    with pytest.raises(ValueError, match="mediapipe_body needs 29 joints, the sequence has 25"):
        resample([short], settings)
