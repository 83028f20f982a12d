"""Crops of many clips end to end: from the right clip, nearest to the right time."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.training.store.crops import CropStore, store_crops
from bharnet_ros.types.crops import CropSequence

SIZE = 8


def crops_of(number: int, stamps: list[float], *, regions: int = 2) -> CropSequence:
    """Return crops whose red is the number of the clip and whose green is the index of the time."""
    pixels = np.zeros((len(stamps), regions, SIZE, SIZE, 3), dtype=np.uint8)
    pixels[..., 0] = number
    pixels[..., 1] = np.arange(len(stamps))[:, None, None, None]
    present = np.ones((len(stamps), regions), dtype=bool)
    present[0, 0] = False
    return CropSequence(np.asarray(stamps), pixels, present)


@pytest.fixture
def store() -> CropStore:
    """Return the crops of four clips, of which the second has none and the third no image."""
    nothing = crops_of(2, [0.0])
    empty = CropSequence(nothing.stamps[:0], nothing.pixels[:0], nothing.present[:0])
    found = store_crops([crops_of(1, [0.0, 0.2, 0.4]), None, empty, crops_of(4, [0.1, 0.3])])
    assert found is not None
    return found


def test_each_clip_gets_its_own_crops_nearest_to_the_given_times(store: CropStore) -> None:
    clips, times = np.asarray([3, 0, 3]), np.asarray([[0.1, 0.31], [0.39, 0.05], [0.3, 0.29]])
    pixels, present = store.at(clips, times)
    assert pixels.shape == (3, 2, 2, SIZE, SIZE, 3)
    assert pixels[:, :, 0, 0, 0, 0].tolist() == [[4, 4], [1, 1], [4, 4]]
    assert pixels[:, :, 0, 0, 0, 1].tolist() == [[0, 1], [2, 0], [1, 1]]
    assert present[:, :, 0].tolist() == [[False, True], [True, False], [True, True]]
    assert present[:, :, 1].all()


def test_clips_without_crops_show_nothing(store: CropStore) -> None:
    pixels, present = store.at(np.asarray([1, 2]), np.asarray([[0.0], [0.0]]))
    assert pixels.shape == (2, 1, 2, SIZE, SIZE, 3)
    assert not present.any()


def test_a_time_far_from_all_crops_shows_nothing(store: CropStore) -> None:
    present = store.at(np.asarray([0]), np.asarray([[0.6, 0.7, np.nan]]))[1]
    assert present[0, :, 1].tolist() == [True, False, False]


def test_where_no_clip_has_crops_there_is_no_store() -> None:
    assert store_crops([None, None]) is None


def test_clips_with_different_crops_are_refused() -> None:
    with pytest.raises(ValueError, match="crops: differ between clips, 1 of 8 pixels and 2"):
        store_crops([crops_of(0, [0.0]), crops_of(1, [0.0], regions=1)])
