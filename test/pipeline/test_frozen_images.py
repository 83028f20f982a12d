"""Images that stay the same, pixel for pixel, are those of a frozen camera."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pipeline.frozen_images import FrozenImages
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS

STILL = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def log() -> CollectedLog:
    return CollectedLog()


@pytest.fixture
def images(log):
    return FrozenImages(log, 2.0)


def taken(images: FrozenImages, *times: float, image: np.ndarray = STILL) -> list[bool]:
    return [images.take(image.copy(), round(at * NANOSECONDS)) for at in times]


def one_pixel_changed(row: int = 17, column: int = 21) -> np.ndarray:
    changed = STILL.copy()
    changed[row, column, 1] ^= 1
    return changed


def test_images_that_stay_the_same_for_too_long_are_frozen(images, log):
    assert taken(images, 1.0, 2.0, 3.0, 3.1, 4.0) == [False, False, False, True, True]
    assert images.frozen and log.counts == {"frozen": 2}
    assert log.warnings == [images.problem()]
    assert images.problem().startswith("the camera has frozen: for 2 s all images have had the sam")


@pytest.mark.parametrize("place", [(0, 0), (17, 21), (47, 63)])
def test_one_pixel_that_changes_shows_that_the_camera_works(images, log, place):
    assert taken(images, 1.0, 3.1) == [False, True]
    assert taken(images, 3.2, image=one_pixel_changed(*place)) == [False]
    assert not images.frozen and not images.problem()
    # The camera may freeze again, and has the same time as before.
    assert taken(images, 3.3, 5.3, 5.4) == [False, False, True]
    assert len(log.warnings) == 2


def test_noise_is_never_frozen(images, log):
    times = np.arange(1.0, 60.0, 0.5)
    for number, at in enumerate(times):
        assert taken(images, at, image=STILL if number % 2 else one_pixel_changed()) == [False]
    assert not log.counts and not log.warnings


def test_another_size_is_another_image(images):
    assert taken(images, 1.0, 3.1) == [False, True]
    assert taken(images, 3.2, image=STILL[:24]) == [False]


def test_after_a_reset_the_time_begins_anew(images):
    assert taken(images, 1.0, 3.1) == [False, True]
    images.reset()
    assert not images.frozen
    assert taken(images, 1.0, 2.9, 3.1) == [False, False, True]


def test_a_time_of_zero_lets_images_stay_the_same(log):
    assert not any(taken(FrozenImages(log, 0.0), 1.0, 100.0, 1000.0))


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_an_impossible_time_is_refused_by_name(log, seconds):
    with pytest.raises(InputError, match="frozen_timeout_s: must not be negative"):
        FrozenImages(log, seconds)
