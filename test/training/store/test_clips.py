"""Stored clips: one or more people, whole or at any time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.datasets.base import RecordedClip, stack_people
from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.training.store.clips import ClipStore, class_indices, store_clips
from bharnet_ros.types.layouts import get_layout

PARTS = ("body", "body_mask", "hands", "hand_mask")


def assert_same(found: KeypointBatch, expected: KeypointBatch) -> None:
    assert found.people == expected.people
    for part in PARTS:
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part), err_msg=part)


def test_whole_clips_are_the_same_as_in_evaluation(webcam: Path, webcam_store: ClipStore) -> None:
    data, chosen = read_holistic_wild(webcam), np.asarray([7, 0, 11])
    expected = stack_people(list(data.clips(chosen)), FeatureSettings(frames=9), people=1)
    assert_same(webcam_store.resampled(chosen, 9), expected)


def test_several_people_are_the_same_as_in_evaluation(
    meetings: list[RecordedClip], meeting_store: ClipStore
) -> None:
    settings = FeatureSettings(frames=7, body_layout="kinect_v1")
    assert_same(
        meeting_store.resampled(np.arange(3), 7), stack_people(meetings, settings, people=2)
    )
    assert meeting_store.people == 2


def test_people_are_interpolated_between_two_frames(meeting_store: ClipStore) -> None:
    clip = np.asarray([1])
    first, second, middle = (
        meeting_store.at(clip, np.asarray([[3]]), np.asarray([[4]]), np.asarray([[weight]])).body
        for weight in (0.0, 1.0, 0.5)
    )
    assert first.shape == (2, 1, 20, 3)
    np.testing.assert_allclose(middle, (first + second) / 2, atol=1e-6)
    # They walk off by a centimetre a frame.
    np.testing.assert_allclose((second - first)[..., 2], 0.01, atol=1e-6)


def test_absent_hands_take_no_memory(meeting_store: ClipStore) -> None:
    assert meeting_store.hands.shape == (len(meeting_store.body), 2, 63)
    assert meeting_store.hands.strides == (0, 0, 0)
    assert not meeting_store.hand_present.any()


def test_labels_that_are_not_a_class_are_background() -> None:
    labels = np.asarray(["wave", "jump", "point", "wave"])
    assert class_indices(labels, ("background", "wave", "point")).tolist() == [1, 0, 2, 1]


def test_storing_no_clips_is_refused() -> None:
    with pytest.raises(ValueError, match="clips: there are no clips"):
        store_clips([], get_layout("kinect_v1"))


def test_a_layout_that_does_not_fit_is_named(meetings: list[RecordedClip]) -> None:
    with pytest.raises(ValueError, match="layout kinect_v2 needs 25 joints, the sequence has 20"):
        store_clips(meetings, get_layout("kinect_v2"))
