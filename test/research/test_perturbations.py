"""Perturbations: their strength, the coordinates they change, and the same for the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.resampling import resample
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES
from research.perturbations import add_noise, change_frame_rate, drop_frames, mirror, remove_hands

FRAMES = 40
LEFT_SHOULDER = MEDIAPIPE_BODY_NAMES.index("left_shoulder")
RIGHT_SHOULDER = MEDIAPIPE_BODY_NAMES.index("right_shoulder")


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def sequence() -> KeypointSequence:
    """Return a person in 40 random poses; the left hand is absent at first, the nose throughout."""
    random = seeded(1)
    body = random.uniform(0, 400, (FRAMES, 33, 4)).astype(np.float32)
    body[..., 3] = random.uniform(0.1, 1.0, (FRAMES, 33))
    body[:, 0] = (np.nan, np.nan, np.nan, 0.0)
    hands = random.uniform(0, 400, (FRAMES, 2, 21, 3)).astype(np.float32)
    hands[:10, 0] = np.nan
    return KeypointSequence(
        stamps=np.arange(FRAMES) / 15.0,
        body=body,
        hands=hands,
        hand_scores=np.isfinite(hands).all((2, 3)).astype(np.float32),
        width=640,
        height=480,
        label="wave",
        subject="ann",
    )


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_the_given_share_of_frames_is_dropped(sequence: KeypointSequence, share: float) -> None:
    left = drop_frames(sequence, share, seeded())
    kept = np.searchsorted(sequence.stamps, left.stamps)
    assert len(left) == FRAMES - round(share * FRAMES)
    assert left.stamps[[0, -1]].tolist() == sequence.stamps[[0, -1]].tolist()
    np.testing.assert_array_equal(left.hands, sequence.hands[kept])
    np.testing.assert_array_equal(left.body, sequence.body[kept])
    assert (left.label, left.subject) == ("wave", "ann")


def test_a_higher_share_drops_all_frames_that_a_lower_one_drops(sequence: KeypointSequence) -> None:
    few, many = (drop_frames(sequence, share, seeded()) for share in (0.2, 0.6))
    assert set(many.stamps.tolist()) < set(few.stamps.tolist())


def test_the_first_and_the_last_frame_are_never_dropped(sequence: KeypointSequence) -> None:
    ends = drop_frames(sequence, 1.0, seeded())
    assert ends.stamps.tolist() == sequence.stamps[[0, -1]].tolist()
    assert len(drop_frames(ends, 1.0, seeded())) == 2


def test_noise_is_in_units_of_the_shoulder_width(sequence: KeypointSequence) -> None:
    body = sequence.body.copy()
    body[:, LEFT_SHOULDER, :2], body[:, RIGHT_SHOULDER, :2] = (300.0, 100.0), (100.0, 100.0)
    steady = replace(sequence, body=body)

    noisy = add_noise(steady, 0.05, seeded())

    for before, after in (
        (steady.body[:, 1:, :2], noisy.body[:, 1:, :2]),
        (steady.hands[10:], noisy.hands[10:]),
    ):
        assert (after - before).std() == pytest.approx(0.05 * 200.0, rel=0.05)
        assert abs((after - before).mean()) < 1.0
    np.testing.assert_array_equal(noisy.body[..., 3], steady.body[..., 3])
    assert np.isnan(noisy.hands[:10, 0]).all() and np.isnan(noisy.body[:, 0, :3]).all()


def test_noise_without_visible_shoulders_is_scaled_by_the_hands(
    sequence: KeypointSequence,
) -> None:
    body, hands = sequence.body.copy(), sequence.hands.copy()
    body[:, 11, 3] = 0.0
    hands[:, :, 0] = (100.0, 100.0, 0.0)
    hands[:, :, 9] = (100.0, 120.0, 0.0)
    hidden = replace(sequence, body=body, hands=hands)
    noisy = add_noise(hidden, 0.1, np.random.default_rng(0))
    # A hand of 20 pixels stands for shoulders 70 pixels apart.
    assert np.nanstd(noisy.hands - hands) == pytest.approx(7.0, rel=0.05)


def test_noise_leaves_a_clip_without_anybody_as_it_is(sequence: KeypointSequence) -> None:
    body, hands = np.full_like(sequence.body, np.nan), np.full_like(sequence.hands, np.nan)
    nobody = replace(sequence, body=body, hands=hands)
    noisy = add_noise(nobody, 0.1, np.random.default_rng(0))
    np.testing.assert_array_equal(noisy.body, body)
    np.testing.assert_array_equal(noisy.hands, hands)


def test_mirroring_swaps_sides_and_reverses_itself(
    sequence: KeypointSequence,
) -> None:
    mirrored = mirror(sequence)
    np.testing.assert_allclose(
        mirrored.body[:, LEFT_SHOULDER, 0], 640 - sequence.body[:, RIGHT_SHOULDER, 0]
    )
    np.testing.assert_array_equal(
        mirrored.body[:, LEFT_SHOULDER, 1:], sequence.body[:, RIGHT_SHOULDER, 1:]
    )
    np.testing.assert_allclose(mirrored.hands[..., 0, :, 0], 640 - sequence.hands[:, 1, :, 0])
    np.testing.assert_array_equal(mirrored.hand_scores[:, 0], sequence.hand_scores[:, 1])
    again = mirror(mirrored)
    for name in ("body", "hands", "hand_scores"):
        np.testing.assert_allclose(getattr(again, name), getattr(sequence, name), atol=1e-4)


def test_mirroring_swaps_the_two_hands_in_the_network_input(
    sequence: KeypointSequence,
) -> None:
    settings = FeatureSettings(frames=FRAMES)
    before = network_input(resample([sequence], settings), settings)
    after = network_input(resample([mirror(sequence)], settings), settings)
    np.testing.assert_allclose(after.hands, before.hands[..., ::-1], atol=1e-3)


@pytest.mark.parametrize("rate", [8.0, 10.0, 25.0, 60.0])
def test_another_frame_rate_shows_the_same_motion(sequence: KeypointSequence, rate: float) -> None:
    time = sequence.stamps[:, None]
    body = sequence.body.copy()
    body[..., 0], body[..., 1] = 50 + 30 * time, 200 - 20 * time
    moving = replace(sequence, body=body)

    changed = change_frame_rate(moving, rate)

    assert changed.stamps[-1] == moving.stamps[-1]
    np.testing.assert_allclose(np.diff(changed.stamps), 1 / rate, atol=1e-9)
    assert 0 <= changed.stamps[0] - moving.stamps[0] < 1 / rate
    np.testing.assert_allclose(
        changed.body[:, 5, :2],
        np.stack([50 + 30 * changed.stamps, 200 - 20 * changed.stamps], -1),
        rtol=1e-4,
    )


def test_the_recorded_frame_rate_changes_nothing(sequence: KeypointSequence) -> None:
    body = sequence.body.copy()
    body[:, 0] = 7.0, 7.0, 7.0, 0.5
    whole = replace(sequence, body=body)
    same = change_frame_rate(whole, 15.0)
    np.testing.assert_allclose(same.stamps, whole.stamps, atol=1e-9)
    for name in ("body", "hands", "hand_scores"):
        np.testing.assert_allclose(getattr(same, name), getattr(whole, name), atol=1e-3)


def test_absent_parts_stay_absent_at_another_frame_rate(sequence: KeypointSequence) -> None:
    changed = change_frame_rate(sequence, 30.0)
    middle = (sequence.stamps[9] + sequence.stamps[10]) / 2
    absent = np.isnan(changed.hands[:, 0]).all((1, 2))
    assert absent[changed.stamps < middle - 1e-6].all()
    assert not absent[changed.stamps > middle + 1e-6].any()
    assert np.array_equal(changed.hand_scores[:, 0] == 0, absent)
    assert np.isnan(changed.body[:, 0, :3]).all() and not changed.body[:, 0, 3].any()


@pytest.mark.parametrize("block", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.75, 1.0])
def test_hands_are_removed_from_the_given_share_of_frames(
    sequence: KeypointSequence, share: float, block: bool
) -> None:
    left = remove_hands(sequence, share, seeded(), block=block)
    gone = np.flatnonzero(np.isnan(left.hands[:, 1]).all((1, 2)))
    assert len(gone) == round(share * FRAMES)
    assert np.isnan(left.hands[gone]).all() and not left.hand_scores[gone].any()
    kept = np.setdiff1d(np.arange(FRAMES), gone)
    np.testing.assert_array_equal(left.hands[kept], sequence.hands[kept])
    np.testing.assert_array_equal(left.body, sequence.body)
    contiguous = bool((np.diff(gone) == 1).all())
    assert contiguous == (block or share in (0.0, 1.0))


@pytest.mark.parametrize(
    "perturb",
    [
        lambda sequence, random: drop_frames(sequence, 0.5, random),
        lambda sequence, random: add_noise(sequence, 0.1, random),
        lambda sequence, random: remove_hands(sequence, 0.5, random, block=True),
        lambda sequence, random: remove_hands(sequence, 0.5, random, block=False),
    ],
)
def test_the_seed_fixes_the_result_and_the_original_is_unchanged(
    sequence: KeypointSequence, perturb
) -> None:
    original = sequence.hands.copy(), sequence.body.copy()
    one, same, other = (perturb(sequence, seeded(seed)) for seed in (0, 0, 5))
    np.testing.assert_array_equal(one.hands, same.hands)
    np.testing.assert_array_equal(one.body, same.body)
    assert not np.array_equal(one.hands, other.hands, equal_nan=True)
    np.testing.assert_array_equal(sequence.hands, original[0])
    np.testing.assert_array_equal(sequence.body, original[1])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_out_of_range_are_refused(sequence: KeypointSequence, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        drop_frames(sequence, share, seeded())
    with pytest.raises(ValueError, match="share"):
        remove_hands(sequence, share, seeded(), block=True)


def test_frame_rate_must_be_positive(sequence: KeypointSequence) -> None:
    with pytest.raises(ValueError, match="frames_per_second"):
        change_frame_rate(sequence, 0.0)
