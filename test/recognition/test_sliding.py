"""The sliding recogniser: strides in capture time, and one window for each person in view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer, open_sliding_recognizer
from bharnet_ros.recognition.window import TrackWindow
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def tiny(tiny_bundle: Path) -> Recognizer:
    return Recognizer(load_bundle(tiny_bundle), "cpu")


def person(track_id: str, seed: int) -> PersonKeypoints:
    random = np.random.default_rng(seed)
    body = random.uniform(0, 400, (33, 4)).astype(np.float32)
    body[:, 3] = 1.0
    return PersonKeypoints(track_id, body=body)


def frame(seconds: float, *tracks: str) -> FrameKeypoints:
    stamp = round(seconds * 1000) * 1_000_000
    people = tuple(person(track, stamp // 1_000_000 + ord(track)) for track in tracks)
    return FrameKeypoints(stamp, 640, 480, people)


def play(sliding: SlidingRecognizer, start: float, end: float, *tracks: str) -> list[ActionScores]:
    times = np.arange(start, end - 1e-9, 0.05)
    scores = [sliding.update(frame(float(time), *tracks)) for time in times]
    return [one for one in scores if one is not None]


def test_scores_come_once_a_stride_of_capture_time(tiny: Recognizer) -> None:
    sliding = SlidingRecognizer(tiny, stride_s=0.2)
    stamps = [scores.stamp_ns for scores in play(sliding, 0.0, 2.0, "a")]
    assert np.diff(stamps).tolist() == [SECOND // 5] * 9
    assert stamps[0] == 0


def test_a_stride_of_zero_scores_each_frame(tiny: Recognizer) -> None:
    assert len(play(SlidingRecognizer(tiny, stride_s=0.0), 0.0, 1.0, "a")) == 20


def test_the_mean_stride_is_kept_if_no_multiple_of_the_frame_interval(tiny: Recognizer) -> None:
    sliding = SlidingRecognizer(tiny, stride_s=0.1)
    scored = [sliding.update(frame(n / 15)) is not None for n in range(150)]
    assert sum(scored) == pytest.approx(100, abs=1)


def test_a_person_is_scored_as_soon_as_half_a_window_was_seen(tiny: Recognizer) -> None:
    first = next(s for s in play(SlidingRecognizer(tiny), 0.0, 1.0, "a") if s.tracks)
    assert first.stamp_ns == SECOND // 2


def test_a_stamp_that_goes_back_is_refused_and_changes_nothing(tiny: Recognizer) -> None:
    disturbed, calm = SlidingRecognizer(tiny), SlidingRecognizer(tiny)
    play(disturbed, 0.0, 1.0, "a")
    play(calm, 0.0, 1.0, "a")
    for back in (0.95, 0.5):
        with pytest.raises(ValueError, match="stamp_ns"):
            disturbed.update(frame(back, "a", "b"))
    after, expected = play(disturbed, 1.0, 1.5, "a"), play(calm, 1.0, 1.5, "a")
    assert [one.stamp_ns for one in after] == [one.stamp_ns for one in expected]
    for one, other in zip(after, expected, strict=True):
        assert [track.track_id for track in one.tracks] == ["a"]
        np.testing.assert_array_equal(one.tracks[0].probabilities, other.tracks[0].probabilities)


def test_stamps_may_start_again_after_a_reset(tiny: Recognizer) -> None:
    sliding = SlidingRecognizer(tiny)
    play(sliding, 10.0, 11.0, "a")
    sliding.reset()
    scores = play(sliding, 0.0, 1.0, "a")
    assert scores[0].tracks == (), "the window from before the reset is gone"
    assert scores[-1].tracks


def test_two_people_have_the_same_scores_as_each_alone(tiny: Recognizer) -> None:
    together = play(SlidingRecognizer(tiny), 0.0, 1.2, "a", "b")[-1]
    assert [track.track_id for track in together.tracks] == ["a", "b"]
    for track in together.tracks:
        alone = play(SlidingRecognizer(tiny), 0.0, 1.2, track.track_id)[-1].tracks[0]
        np.testing.assert_allclose(track.probabilities, alone.probabilities, atol=1e-5)


def test_a_person_who_is_not_in_view_is_not_scored(tiny: Recognizer) -> None:
    sliding = SlidingRecognizer(tiny)
    play(sliding, 0.0, 1.0, "a", "b")
    for scores in play(sliding, 1.0, 1.5, "a"):
        assert [track.track_id for track in scores.tracks] == ["a"]


def test_a_person_is_remembered_up_to_the_timeout_and_forgotten_after(tiny: Recognizer) -> None:
    for gone_s, remembered in ((0.3, True), (0.6, False)):
        sliding = SlidingRecognizer(tiny, stride_s=0.0, track_timeout_s=0.4)
        play(sliding, 0.0, 1.0, "a", "b")
        play(sliding, 1.0, 0.95 + gone_s, "a")
        back = sliding.update(frame(0.95 + gone_s, "a", "b"))
        assert back is not None
        assert ("b" in [track.track_id for track in back.tracks]) is remembered, gone_s


def test_the_same_track_twice_in_a_frame_counts_once(tiny: Recognizer) -> None:
    scores = play(SlidingRecognizer(tiny), 0.0, 1.0, "a", "a")[-1]
    assert [track.track_id for track in scores.tracks] == ["a"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window_s", 0.0),
        ("window_s", float("inf")),
        ("window_s", 1e300),
        ("stride_s", -0.1),
        ("stride_s", float("nan")),
        ("stride_s", float("inf")),
        ("track_timeout_s", 0.0),
        ("track_timeout_s", float("inf")),
        ("least_fill", 1.5),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(tiny: Recognizer, name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"^{name}: "):
        SlidingRecognizer(tiny, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("window_s", [0.0, float("nan"), float("inf"), 1e300])
def test_a_window_must_have_a_length(window_s: float) -> None:
    with pytest.raises(InputError, match=r"^window_s: must be positive and finite"):
        TrackWindow(window_s)


@pytest.mark.parametrize("threads", [0, -1, 10**12])
def test_a_wrong_number_of_threads_is_refused(tiny_bundle: Path, threads: int) -> None:
    with pytest.raises(InputError, match=f"^threads: must be a positive 32-bit .*{threads}"):
        open_sliding_recognizer(
            load_bundle(tiny_bundle),
            "cpu",
            backend="torch",
            threads=threads,
            window_s=0.0,
            stride_s=0.0,
            track_timeout_s=1.0,
        )


@pytest.mark.parametrize("gesture", ["hello", "iloveyou"])
def test_a_gesture_gets_the_same_class_at_any_frame_rate(gesture: str) -> None:
    from bharnet_ros.resources import find_model

    recognizer = Recognizer(load_bundle(find_model("gestures")), "cpu")
    found = {}
    for fps in (10.0, 15.0, 25.0, 30.0, 60.0):
        puppet = open_puppet(gesture, fps=fps)
        act = puppet.true_actions[0]
        last = min(round(act.end_s * 10) / 10, (puppet.frame_count - 1) / fps)
        sliding = SlidingRecognizer(recognizer, stride_s=0.0, least_fill=0.0)
        for number in range(round(last * fps)):
            due = sliding.push(puppet.truth(number))
        assert due is not None
        (track,) = sliding.score(due).tracks
        found[fps] = recognizer.description.class_names[int(track.probabilities.argmax())]
    assert len(set(found.values())) == 1, found
