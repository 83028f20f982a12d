"""The second step with a fake recogniser: which keypoints fill windows, by their stamps."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bharnet_ros.messages.reading import keypoints_from_message
from bharnet_ros.pipeline.crops import RgbFeed
from bharnet_ros.pipeline.keypoints_to_scores import KeypointsToScores
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.crops import CropSettings
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, PersonKeypoints

PIXELS = np.full((48, 64, 3), 200, dtype=np.uint8)


class FakeRecognizer:
    """Scores nobody, for a model with windows of a second and a stride of 0.2 s."""

    def __init__(self, body_layout: str = "mediapipe_upper_body") -> None:
        self.description = SimpleNamespace(body_layout=body_layout, window_s=1.0, stride_s=0.2)

    def score(self, sequences, stamp_ns, frame_id, window_s) -> ActionScores:
        return ActionScores(stamp_ns, (), frame_id, "fake")


class Chain:
    """The second step, its log and the restarts that it announced."""

    def __init__(self, *, body_layout: str = "mediapipe_upper_body", rgb: bool = False) -> None:
        self.log = CollectedLog()
        self.restarts = 0
        stream = SlidingRecognizer(FakeRecognizer(body_layout), least_fill=0.0)
        feed = RgbFeed(CropSettings(size=16, moments=5), stream.window_s) if rgb else None
        self.step = KeypointsToScores(stream, self.log, feed, self._count_restart)

    def _count_restart(self) -> None:
        self.restarts += 1

    @property
    def reports(self) -> tuple[dict[str, int], list[str], list[str]]:
        return dict(self.log.counts), self.log.rejected, self.log.warnings


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def keypoints(messages):
    """Return a function that makes the keypoints message of one person at a time."""

    def make(at: float, **parts: np.ndarray):
        rng = np.random.default_rng(7)
        body = np.column_stack([rng.uniform(10, 40, (33, 3)), np.ones(33)]).astype(np.float32)
        person = PersonKeypoints("body_1", **{"body": body, **parts})
        return messages.keypoints(FrameKeypoints(round(at * 1e9), 64, 48, (person,), "camera"))

    return make


def with_stamp(message, sec: int):
    """Give a message another stamp, in whole seconds."""
    message.header.stamp = replace(message.header.stamp, sec=sec, nanosec=0)
    return message


def frames_in(due) -> int:
    """Return the number of frames in the only window that is due."""
    (sequence,) = due.sequences
    return len(sequence)


def test_windows_are_due_once_a_stride(chain, keypoints, messages):
    taken = [chain.step.take(keypoints(number / 10)) for number in range(5)]
    assert [frame.stamp_ns for _, frame in taken] == [messages.stamp_ns(n / 10) for n in range(5)]
    due = [windows for windows, _ in taken]
    assert [windows is None for windows in due] == [False, True, False, True, False]
    assert frames_in(due[4]) == 5
    scores = chain.step.score(due[4])
    assert (scores.stamp_ns, scores.frame_id) == (messages.stamp_ns(0.4), "camera")
    assert chain.reports == ({}, [], [])


def test_a_repeated_stamp_is_counted_and_its_frame_is_skipped(chain, keypoints):
    chain.step.take(keypoints(0.0))
    assert chain.step.take(keypoints(0.0)) == (None, None)
    due, _ = chain.step.take(keypoints(0.2))
    assert frames_in(due) == 2
    assert chain.restarts == 0
    assert chain.reports == ({"duplicates": 1}, [], [])


def test_a_step_back_restarts_the_windows_with_that_frame(chain, keypoints, messages):
    for number in range(10, 14):
        chain.step.take(keypoints(number / 10))
    due, frame = chain.step.take(keypoints(0.2))
    assert frame.stamp_ns == messages.stamp_ns(0.2)
    # Due at once: the stride restarts too.
    assert frames_in(due) == 1
    assert chain.restarts == 1
    warning = "stamps went back by 1.100 s; windows restart"
    assert chain.reports == ({"time jumps": 1}, [], [warning])


def test_keypoints_without_a_stamp_are_rejected_and_windows_continue(chain, keypoints):
    for at in (0.0, 0.2):
        assert chain.step.take(with_stamp(keypoints(0.0), 0)) == (None, None)
        due, _ = chain.step.take(keypoints(at))
    assert frames_in(due) == 2 and chain.restarts == 0
    problem = "header.stamp is not set; it must be the capture time"
    assert chain.reports == ({"without stamp": 2}, [problem] * 2, [])


def test_keypoints_a_little_late_are_counted_and_left_out(chain, keypoints):
    for at in (0.0, 0.1, 0.3):
        chain.step.take(keypoints(at))
    assert chain.step.take(keypoints(0.2)) == (None, None)
    due, _ = chain.step.take(keypoints(0.4))
    assert frames_in(due) == 4 and chain.restarts == 0
    warning = "messages come after later ones; they are left out"
    assert chain.reports == ({"late": 1}, [], [warning])


def test_the_stamp_of_broken_keypoints_counts(chain, keypoints):
    broken = keypoints(2.4)
    broken.people[0].body = broken.people[0].body[:-1]
    chain.step.take(keypoints(0.3))
    assert chain.step.take(broken) == (None, None)
    assert chain.step.take(keypoints(2.4)) == (None, None)
    due, _ = chain.step.take(keypoints(0.3))
    assert frames_in(due) == 1 and chain.restarts == 1
    (problem,) = chain.log.rejected
    assert problem == "track 'body_1': body has 98 numbers, not 99"
    assert dict(chain.log.counts) == {"duplicates": 1, "time jumps": 1}


def test_frames_that_are_not_messages_follow_the_same_rules(chain):
    frames = [FrameKeypoints(stamp, 64, 48) for stamp in (5 * NANOSECONDS, 5 * NANOSECONDS, 1)]
    due = [chain.step.take_frame(frame) for frame in frames]
    assert [windows is None for windows in due] == [False, True, False]
    assert chain.restarts == 1
    assert dict(chain.log.counts) == {"duplicates": 1, "time jumps": 1}


def test_after_a_reset_any_stamp_is_the_first(chain, keypoints):
    chain.step.take(keypoints(0.2))
    for at in (0.2, 0.1):
        chain.step.reset()
        due, _ = chain.step.take(keypoints(at))
        assert frames_in(due) == 1
    assert chain.restarts == 0
    assert chain.reports == ({}, [], [])


def test_missing_camera_coordinates_are_counted_and_warned_about_once(keypoints):
    chain = Chain(body_layout="mediapipe_upper_body_metric")
    measured = {"body_camera": np.ones((33, 3), dtype=np.float32)}
    for at, parts in ((0.0, {}), (0.1, {}), (0.2, measured), (0.3, {})):
        _, frame = chain.step.take(keypoints(at, **parts))
        assert frame is not None
        assert chain.step.without_depth is not bool(parts)
    assert dict(chain.log.counts) == {"without depth": 3}
    assert len(chain.log.warnings) == 2
    assert all("pose_extraction needs use_depth" in text for text in chain.log.warnings)


def crops_of(due):
    (sequence,) = due.sequences
    return None if sequence.crops is None else sequence.crops.stamps.tolist()


def test_an_image_may_come_before_or_after_its_keypoints(keypoints, messages):
    chain = Chain(rgb=True)
    early, late = keypoints(0.0), keypoints(0.2)
    chain.step.take_image(messages.image(0.0, PIXELS), early)
    due, _ = chain.step.take(early)
    assert crops_of(due) == [0.0]
    due, _ = chain.step.take(late)
    assert crops_of(due) == pytest.approx([-0.2])
    chain.step.take_image(messages.image(0.2, PIXELS), late)
    due, _ = chain.step.take(keypoints(0.4))
    assert crops_of(due) == pytest.approx([-0.4, -0.2])
    assert chain.reports == ({}, [], [])


def test_an_image_is_not_used_with_keypoints_of_another_time(keypoints, messages):
    chain = Chain(rgb=True)
    chain.step.take_image(messages.image(0.1, PIXELS), keypoints(0.1))
    due, _ = chain.step.take(keypoints(0.2))
    assert crops_of(due) is None


@pytest.mark.parametrize("image_first", [True, False])
def test_a_broken_image_is_rejected_and_its_keypoints_are_used(keypoints, messages, image_first):
    chain = Chain(rgb=True)
    message = keypoints(0.0)
    image = messages.image(0.0, PIXELS[::2])
    if image_first:
        chain.step.take_image(image, message)
    due, _ = chain.step.take(message)
    if not image_first:
        chain.step.take_image(image, message)
    assert frames_in(due) == 1 and crops_of(due) is None
    (problem,) = chain.log.rejected
    assert problem.startswith("image: image: 64 x 24 pixels, but the keypoints are of an image of")


def test_stopped_images_are_warned_about_once_until_they_return(keypoints, messages):
    chain = Chain(rgb=True)
    stopped = []
    for number in range(30):
        message = keypoints(number / 10)
        if number in (0, 20):
            chain.step.take_image(messages.image(number / 10, PIXELS), message)
        chain.step.take(message)
        stopped.append(chain.step.without_images)
    assert stopped == [False] * 11 + [True] * 9 + [False] * 10
    (warning,) = chain.log.warnings
    assert warning.startswith("no image belongs to the keypoints of the last second")
    chain.step.take(keypoints(3.1))
    assert len(chain.log.warnings) == 2


def test_after_a_step_back_crops_are_due_at_once(keypoints, messages):
    chain = Chain(rgb=True)
    for at in (2.0, 0.4):
        frame = keypoints_from_message(keypoints(at))
        due = chain.step.take_frame(frame, messages.image(at, PIXELS))
        assert crops_of(due) == [0.0]
    assert chain.restarts == 1
