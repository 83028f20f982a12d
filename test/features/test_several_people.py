"""Features of several people: batches keep them apart, samples share a coordinate frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from feature_inputs import METRES, PIXELS, features, person, samples, tracked

from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.resampling import resample
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.layouts import get_layout


def test_people_of_a_batch_do_not_affect_each_other() -> None:
    people = [person(1), person(2, frames=9)]
    people[1].hands[:, 0] = np.nan
    together = network_input(resample(people, PIXELS), PIXELS)
    for row, alone in enumerate(map(features, people)):
        for name, values in vars(alone).items():
            assert np.array_equal(values[0], getattr(together, name)[row]), name


@pytest.mark.parametrize(("settings", "make"), [(PIXELS, person), (METRES, tracked)])
def test_the_place_of_a_missing_second_person_is_empty(
    settings: FeatureSettings, make: Callable[..., KeypointSequence]
) -> None:
    alone, stacked = features(make(), settings), samples(settings, [make()])
    joints = len(get_layout(settings.body_layout))
    assert stacked.body.shape == (1, settings.body_channels, 16, joints, 2)
    assert stacked.hands.shape == (1, settings.hand_channels, 16, 21, 4)
    assert (stacked.body_mask.shape, stacked.hand_mask.shape) == ((1, 16, 2), (1, 16, 4))
    for name, values in vars(alone).items():
        both = getattr(stacked, name)
        half = both.shape[-1] // 2
        np.testing.assert_array_equal(both[..., :half], values, err_msg=name)
        assert not both[..., half:].any(), name


@pytest.mark.parametrize(("settings", "make"), [(PIXELS, person), (METRES, tracked)])
def test_people_of_a_clip_share_the_frame_of_the_first(
    settings: FeatureSettings, make: Callable[..., KeypointSequence]
) -> None:
    first, twin = make(), make()
    step = 0.5 * np.median(np.linalg.norm(first.body[:, 4, :2] - first.body[:, 8, :2], axis=-1))
    twin.body[..., 0] += step
    given = samples(settings, [first, twin])
    alone = features(first, settings)
    np.testing.assert_array_equal(given.body[..., :1], alone.body)
    apart = given.body[0, 0, :, :, 1] - given.body[0, 0, :, :, 0]
    assert apart.min() > 0.1
    np.testing.assert_allclose(apart, apart[0, 0], atol=1e-3)
    rest = np.delete(given.body, 0, axis=1)
    np.testing.assert_allclose(rest[..., 1], rest[..., 0], atol=1e-4)


def test_the_frame_is_the_second_persons_if_the_first_is_not_seen() -> None:
    unseen, seen = tracked(1), tracked(2)
    unseen.body[..., :3] = np.nan
    unseen.hands[:] = np.nan
    given, alone = samples(METRES, [unseen, seen]), features(seen, METRES)
    assert not given.body[..., 0].any()
    np.testing.assert_array_equal(given.body[..., 1:], alone.body)
    np.testing.assert_array_equal(given.hands[..., 2:], alone.hands)


def test_clips_with_different_numbers_of_people_form_one_batch() -> None:
    pair, alone = [tracked(1), tracked(2)], [tracked(3)]
    together = samples(METRES, pair, alone, [*pair, tracked(4)])
    for row, clip in enumerate((pair, alone, pair)):
        for name, values in vars(samples(METRES, clip)).items():
            np.testing.assert_array_equal(values[0], getattr(together, name)[row], err_msg=name)
