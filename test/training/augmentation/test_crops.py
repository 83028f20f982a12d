"""Crops for training: other light, blinding, mirroring, and the times of the window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.training.augmentation.crops import (
    BLIND,
    CropAugmentation,
    TrainingCrops,
    blind,
    varied,
)
from bharnet_ros.training.augmentation.keypoints import augmented_batch
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.store.clips import ClipStore, store_clips
from bharnet_ros.types.crops import CropSequence
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.layouts import get_layout

SIZE, FRAMES = 8, 41
UNCHANGED = CropAugmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
OPTIONS = {"size": SIZE, "moments": 4}
LAYOUT = get_layout("mediapipe_upper_body")
RIGID = AugmentationSettings(rest_probability=0.0, background_rest_probability=0.0)


def clock(person: int) -> KeypointSequence:
    """Return a person whose crops have the frame number as red; left crops are also blue."""
    random = np.random.default_rng(person)
    body = random.uniform(100, 300, (FRAMES, 33, 4)).astype(np.float32)
    body[..., 3] = 1.0
    stamps = np.arange(FRAMES) / 20
    pixels = np.zeros((FRAMES, 2, SIZE, SIZE, 3), dtype=np.uint8)
    pixels[..., 0] = np.arange(FRAMES)[:, None, None, None]
    pixels[..., 1] = person
    pixels[:, 0, ..., 2] = 200
    return KeypointSequence(
        stamps=stamps,
        body=body,
        hands=random.uniform(100, 300, (FRAMES, 2, 21, 3)).astype(np.float32),
        hand_scores=np.ones((FRAMES, 2), dtype=np.float32),
        crops=CropSequence(stamps, pixels, np.ones((FRAMES, 2), dtype=bool)),
    )


@pytest.fixture(scope="module")
def store() -> ClipStore:
    people = [clock(number) for number in range(3)]
    return store_clips(
        [RecordedClip(f"clip {n}", (one,), "wave") for n, one in enumerate(people)], LAYOUT
    )


def crops_for(store: ClipStore, augmentation: CropAugmentation = UNCHANGED) -> TrainingCrops:
    assert store.crops is not None
    return TrainingCrops(store.crops, OPTIONS, augmentation)


def batch_of(
    store: ClipStore, clips: npt.NDArray[np.int64], settings: AugmentationSettings, seed: int = 0
) -> KeypointBatch:
    random = np.random.default_rng(seed)
    return augmented_batch(store, clips, 16, LAYOUT, settings, random)[0]


def test_whole_clips_show_crops_up_to_their_end(store: ClipStore) -> None:
    clips = np.asarray([2, 0])
    given = crops_for(store).of(clips, store.resampled(clips, 16))
    assert given.values.shape == (2, 4, 2, 3, SIZE, SIZE)
    assert given.values[:, :, 1, 0, 0, 0].tolist() == [[10, 20, 30, 40]] * 2
    assert given.values[:, 0, 1, 1, 0, 0].tolist() == [2, 0]
    assert given.mask.all()


def test_moments_follow_the_window(store: ClipStore) -> None:
    clips = np.arange(3).repeat(20)
    settings = replace(
        RIGID, speed=(0.3, 0.6), warp=0.0, mirror_probability=0.0, frame_loss_probability=0.0
    )
    keypoints = batch_of(store, clips, settings)
    assert keypoints.times is not None
    given = crops_for(store).of(clips, keypoints, np.random.default_rng(0))
    red = given.values[:, :, 1, 0, 0, 0].astype(float)
    # The last moment is the newest frame of the window.
    np.testing.assert_allclose(red[:, -1], keypoints.times[:, -1] * 20, atol=1.01)
    length = 20 * (keypoints.times[:, -1] - keypoints.times[:, 0])
    assert length.max() < 0.61 * FRAMES
    np.testing.assert_allclose(red[:, -1] - red[:, 0], length * 3 / 4, atol=2.01)
    assert len(np.unique(red[:, -1])) > 10
    assert (given.values[:, 0, 1, 1, 0, 0] == clips).all()


def test_a_mirrored_person_gets_the_crops_of_the_other_hand(store: ClipStore) -> None:
    clips = np.arange(3).repeat(10)
    keypoints = batch_of(store, clips, replace(RIGID, mirror_probability=0.5))
    assert keypoints.mirrored is not None
    mirrored = keypoints.mirrored
    assert mirrored.any() and not mirrored.all()
    given = crops_for(store).of(clips, keypoints, np.random.default_rng(0))
    blue = given.values[:, -1, :, 2, 0, 0]
    assert blue[~mirrored].tolist() == [[200, 0]] * int((~mirrored).sum())
    assert blue[mirrored].tolist() == [[0, 200]] * int(mirrored.sum())


def test_crops_are_absent_while_a_window_rests(store: ClipStore) -> None:
    """The object in the hand must not be learned as rest."""
    clips = np.zeros(40, dtype=np.int64)
    resting = replace(RIGID, background_rest_probability=1.0)
    keypoints = batch_of(store, clips, resting)
    given = crops_for(store).of(clips, keypoints, np.random.default_rng(0))
    assert given.mask.mean() < 0.2
    partly = replace(RIGID, rest_probability=1.0, rest_share=(0.5, 0.5))
    given = crops_for(store).of(clips, batch_of(store, clips, partly), np.random.default_rng(0))
    assert 0.3 < given.mask.mean() < 0.7


def test_windows_are_blinded_in_each_way_as_often_as_set(store: ClipStore) -> None:
    clips = np.zeros(300, dtype=np.int64)
    keypoints = store.resampled(clips, 16)
    half = crops_for(store, replace(UNCHANGED, blind_probability=0.5))
    given = half.of(clips, keypoints, np.random.default_rng(0))
    absent = ~given.mask.any((1, 2))
    black = ~absent & ~given.values.any((1, 2, 3, 4, 5))
    for found in (absent, black):
        assert 0.1 < found.mean() < 0.25
    never = crops_for(store).of(clips, keypoints, np.random.default_rng(0))
    plain = crops_for(store).of(clips, keypoints)
    np.testing.assert_array_equal(never.values, plain.values)
    np.testing.assert_array_equal(never.mask, plain.mask)


@pytest.mark.parametrize("how", BLIND)
def test_blinded_crops_keep_at_most_their_colours(how: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 2, SIZE, SIZE, 3), dtype=np.uint8)
    present = np.ones((2, 3, 2), dtype=bool)
    before = pixels.copy()
    changed, there = blind(pixels, present, how, np.random.default_rng(1))
    np.testing.assert_array_equal(pixels, before)
    assert there.any() == (how != "absent")
    if how == "black":
        assert not changed.any()
    if how == "scrambled":
        flat, old = (one.reshape(12, -1, 3) for one in (changed, before))
        assert not np.array_equal(flat, old)
        # Whole pixels change places: their channels stay together.
        for crop, was in zip(flat, old, strict=True):
            assert sorted(map(tuple, crop.tolist())) == sorted(map(tuple, was.tolist()))


def test_an_unknown_way_to_blind_is_named() -> None:
    nothing = np.zeros((1, 1, 1, SIZE, SIZE, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="'fog' is not a way to blind a stream; known are: black"):
        blind(nothing, np.ones((1, 1, 1), dtype=bool), "fog", np.random.default_rng(0))


def test_crops_of_a_window_change_alike_and_differ_from_other_windows() -> None:
    pixels = np.full((4, 3, 2, SIZE, SIZE, 3), 120, dtype=np.uint8)
    light = replace(UNCHANGED, brightness=0.3, contrast=0.3, colour=0.3)
    changed = varied(pixels, light, np.random.default_rng(0))
    assert changed.dtype == np.uint8
    for window in changed:
        assert len(np.unique(window.reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(changed[:, 0, 0, 0, 0], axis=0)) == 4
    np.testing.assert_array_equal(varied(pixels, UNCHANGED, np.random.default_rng(0)), pixels)


def test_shifted_crops_keep_the_visible_part() -> None:
    pixels = np.zeros((30, 2, 1, SIZE, SIZE, 3), dtype=np.uint8)
    pixels[..., 4, 4, :] = 255
    moved = varied(pixels, replace(UNCHANGED, shift=0.25), np.random.default_rng(0))
    assert (moved.any(-1).sum((3, 4)) == 1).all()
    rows, columns = (moved.any((1, 2, 5)).any(axis).argmax(1) for axis in (2, 1))
    assert set(rows.tolist()) == set(columns.tolist()) == {2, 3, 4, 5, 6}
    # Both moments of a window are shifted alike.
    np.testing.assert_array_equal(moved[:, 0], moved[:, 1])


@pytest.mark.parametrize("name", ["brightness", "blind_probability", "shift"])
def test_a_value_out_of_range_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: must lie in 0\.\.1, got 1\.5"):
        CropAugmentation(**{name: 1.5})


def test_crops_that_do_not_fit_the_settings_are_refused(store: ClipStore) -> None:
    assert store.crops is not None
    with pytest.raises(ValueError, match=r"streams\.rgb: 2 regions of 32 .* has 2 of 8"):
        TrainingCrops(store.crops, {"size": 32}, UNCHANGED)
