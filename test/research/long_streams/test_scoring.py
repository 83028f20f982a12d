"""Keypoint recordings through the recognition core, compared with the core on a robot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.events.finder import EventParameters
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.timeline import TrueAction
from research.long_streams.scoring import (
    find_events,
    frames_of,
    score_frames,
    score_recording,
    timeline_of,
)


@pytest.fixture(scope="module")
def recognizer(eager_bundle: Path) -> Recognizer:
    return Recognizer(load_bundle(eager_bundle), "cpu")


@pytest.fixture(scope="module")
def frames() -> list[FrameKeypoints]:
    source = open_puppet("two_people", fps=12.0)
    return [source.truth(number) for number in range(90)]


def test_scores_equal_those_on_a_robot(
    recognizer: Recognizer, frames: list[FrameKeypoints]
) -> None:
    sliding = SlidingRecognizer(recognizer)
    expected = [scores for frame in frames if (scores := sliding.update(frame))]
    found = score_frames(frames, recognizer)
    assert [one.stamp_ns for one in found] == [one.stamp_ns for one in expected]
    assert sum(len(one.tracks) for one in found) > 60
    for one, other in zip(found, expected, strict=True):
        assert len(one.tracks) == len(other.tracks)
        for person, wanted in zip(one.tracks, other.tracks, strict=True):
            assert person.track_id == wanted.track_id
            assert person.window_start_ns == wanted.window_start_ns
            assert person.window_end_ns == wanted.window_end_ns
            np.testing.assert_allclose(person.probabilities, wanted.probabilities, atol=1e-5)


def test_a_timeline_holds_truth_events_and_traces(
    recognizer: Recognizer, frames: list[FrameKeypoints]
) -> None:
    truth = [TrueAction("wave", 1.0, 2.0, "1"), TrueAction("jump", 3.0, 4.0, "1")]
    parameters = recognizer.description.event_parameters()
    scored = score_recording("two", frames, truth, recognizer)
    timeline = timeline_of(scored, parameters)
    assert timeline.truth == tuple(truth[:1])
    assert timeline.duration_s == pytest.approx(89 / 12, abs=1e-6)
    assert timeline.frames == 90
    # This model chooses its first class for all motion, from the first frame to the last.
    assert [(event.track_id, event.label) for event in timeline.events] == [
        ("1", "wave"),
        ("2", "wave"),
    ]
    assert all(event.start_s == 0.0 and event.reason == "shutdown" for event in timeline.events)
    assert [trace.track_id for trace in timeline.traces] == ["1", "2"]
    for trace in timeline.traces:
        assert trace.probabilities.shape == (len(trace.stamps_s), 3)
        assert (np.diff(trace.stamps_s) > 0).all()
    assert timeline_of(scored, parameters).events == timeline.events


def test_parameters_decide_what_becomes_an_event(
    recognizer: Recognizer, frames: list[FrameKeypoints]
) -> None:
    scores = score_frames(frames, recognizer)
    patient = EventParameters(min_duration_s=60.0)
    assert not find_events(scores, recognizer.description.class_names, patient)


def test_overrides_change_only_the_named_parameters(recognizer: Recognizer) -> None:
    description = recognizer.description
    parameters = description.event_parameters().with_overrides({"smoothing_s": 0.1})
    assert parameters.smoothing_s == 0.1
    assert parameters.enter_threshold == description.enter_threshold
    assert parameters.rejection_threshold == description.rejection_threshold
    assert parameters.min_gap_s == EventParameters().min_gap_s


def test_the_first_frame_of_a_sequence_has_stamp_zero(frames: list[FrameKeypoints]) -> None:
    window = TrackWindow(60.0)
    for frame in frames:
        window.add(frame.stamp_ns + 5, frame.people[0])
    sequence = window.sequence(640, 480)
    back = list(frames_of(sequence))
    assert [one.stamp_ns for one in back] == pytest.approx([one.stamp_ns for one in frames], abs=2)
    assert {(one.width, one.height) for one in back} == {(640, 480)}
    for one, other in zip(back, frames, strict=True):
        np.testing.assert_array_equal(one.people[0].body, other.people[0].body)
        assert one.people[0].track_id == "1"


@pytest.mark.parametrize("window_s", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_windows_are_refused(
    recognizer: Recognizer, frames: list[FrameKeypoints], window_s: float
) -> None:
    with pytest.raises(InputError, match="window_s: must be positive and finite"):
        score_frames(frames, recognizer, window_s=window_s)
