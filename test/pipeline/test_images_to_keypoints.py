"""The first step with a fake pose engine: which images give keypoints, by their stamps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from bharnet_ros.pipeline.images_to_keypoints import ImagesToKeypoints, open_extractor
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pose import engines
from bharnet_ros.pose.scene import BodyLandmarks, Scene

MODULE = "fake_engine_of_the_first_step"
PIXELS = np.zeros((24, 32, 3), dtype=np.uint8)
RESET = "reset"


class FakeEngine:
    """Finds the same body in every image, or nobody, and records its calls."""

    def __init__(self) -> None:
        self.calls: list[int | str] = []
        self.somebody = True

    def process(self, image: np.ndarray, stamp_ns: int) -> Callable[[], Scene]:
        self.calls.append(stamp_ns)
        body = np.linspace(0.25, 0.75, 33 * 4, dtype=np.float32).reshape(33, 4)
        if not self.somebody:
            return lambda: Scene((), ())
        return lambda: Scene((BodyLandmarks(body, body[:, :3], (None, None)),), ())

    def reset(self) -> None:
        self.calls.append(RESET)

    def close(self) -> None:
        pass


@pytest.fixture
def engine(monkeypatch):
    """Register the engine `fake` and return it."""
    engine = FakeEngine()
    module = ModuleType(MODULE)
    module.open_engine = lambda settings: engine
    monkeypatch.setitem(sys.modules, MODULE, module)
    monkeypatch.setitem(engines.ENGINES, "fake", MODULE)
    return engine


@pytest.fixture
def log() -> CollectedLog:
    return CollectedLog()


@pytest.fixture
def extractor(engine):
    parameters = {"engine": "fake", "image_transport": "raw", "use_depth": False, "max_people": 2}
    with open_extractor(parameters) as extractor:
        yield extractor


@pytest.fixture
def step(extractor, log):
    return ImagesToKeypoints(extractor, log)


def with_stamp(message, sec: int, nanosec: int = 0):
    """Give a message another stamp."""
    message.header.stamp = replace(message.header.stamp, sec=sec, nanosec=nanosec)
    return message


def reports(log: CollectedLog) -> tuple[dict[str, int], list[str], list[str]]:
    return dict(log.counts), log.rejected, log.warnings


def test_each_image_gives_the_keypoints_of_its_time(step, log, engine, messages):
    frames = [step.take(messages.image(at, PIXELS)) for at in (0.0, 0.1)]
    stamps = [messages.stamp_ns(0.0), messages.stamp_ns(0.1)]
    assert [frame.stamp_ns for frame in frames] == engine.calls == stamps
    assert {(frame.width, frame.height, frame.frame_id) for frame in frames} == {(32, 24, "camera")}
    assert {person.track_id for frame in frames for person in frame.people} == {"body_1"}
    assert step.newest_ns == stamps[-1]
    assert reports(log) == ({}, [], [])


def test_a_repeated_stamp_is_counted_and_its_image_is_skipped(step, log, engine, messages):
    taken = [step.take(messages.image(at, PIXELS)) for at in (0.1, 0.1, 0.2)]
    assert [frame is None for frame in taken] == [False, True, False]
    assert engine.calls == [messages.stamp_ns(0.1), messages.stamp_ns(0.2)]
    assert reports(log) == ({"duplicates": 1}, [], [])


def test_a_step_back_restarts_tracking_with_that_image(step, log, engine, messages):
    before, after = (step.take(messages.image(at, PIXELS)) for at in (2.0, 0.5))
    assert engine.calls == [messages.stamp_ns(2.0), RESET, messages.stamp_ns(0.5)]
    assert (before.people[0].track_id, after.people[0].track_id) == ("body_1", "body_2")
    assert step.newest_ns == messages.stamp_ns(0.5)
    warning = "stamps went back by 1.500 s; tracking restarts"
    assert reports(log) == ({"time jumps": 1}, [], [warning])


@pytest.mark.parametrize("stamp", [(0, 0), (-1, 0), (-1, 500_000_000)])
def test_an_image_without_a_stamp_is_rejected_and_tracking_continues(
    step, log, engine, messages, stamp
):
    assert step.take(with_stamp(messages.image(0.0, PIXELS), *stamp)) is None
    assert step.newest_ns is None
    frames = [step.take(messages.image(0.0, PIXELS))]
    assert step.take(with_stamp(messages.image(0.0, PIXELS), *stamp)) is None
    assert step.newest_ns == messages.stamp_ns(0.0)
    frames.append(step.take(messages.image(0.1, PIXELS)))
    assert [frame.people[0].track_id for frame in frames] == ["body_1", "body_1"]
    assert RESET not in engine.calls
    problem = "header.stamp is not set; it must be the capture time"
    assert reports(log) == ({"without stamp": 2}, [problem] * 2, [])


def test_images_a_little_late_are_counted_and_left_out(step, log, engine, messages):
    taken = [step.take(messages.image(at, PIXELS)) for at in (1.0, 1.2, 1.1, 0.2, 1.2, 1.3)]
    assert engine.calls == [messages.stamp_ns(at) for at in (1.0, 1.2, 1.3)]
    assert {one.people[0].track_id for one in taken if one is not None} == {"body_1"}
    warning = "messages come after later ones; they are left out"
    assert reports(log) == ({"late": 2, "duplicates": 1}, [], [warning] * 2)


def test_one_nanosecond_after_zero_is_a_stamp(step, log, messages):
    frame = step.take(with_stamp(messages.image(0.0, PIXELS), 0, 1))
    assert frame.stamp_ns == 1 and not log.rejected


def test_the_stamp_of_a_broken_image_counts(step, log, engine, messages):
    broken = messages.image(2.2, PIXELS)
    broken.encoding = "8SC1"
    assert step.take(broken) is None
    assert step.take(messages.image(2.2, PIXELS)) is None
    assert step.take(messages.image(0.1, PIXELS)) is not None
    assert engine.calls == [RESET, messages.stamp_ns(0.1)]
    (problem,) = log.rejected
    assert problem.startswith("encoding: '8SC1' is not supported")
    assert dict(log.counts) == {"duplicates": 1, "time jumps": 1}


def test_after_a_reset_any_stamp_is_the_first(step, log, engine, messages):
    taken = [step.take(messages.image(0.2, PIXELS))]
    for at in (0.2, 0.1):
        step.reset()
        assert step.newest_ns is None
        taken.append(step.take(messages.image(at, PIXELS)))
    assert [frame.people[0].track_id for frame in taken] == ["body_1", "body_2", "body_3"]
    assert engine.calls.count(RESET) == 2
    assert reports(log) == ({}, [], [])


def test_networks_may_run_ahead_of_the_interpretation_over_a_step_back(step, log, messages):
    outputs = [step.run_networks(messages.image(at, PIXELS)) for at in (2.3, 2.3, 0.1)]
    assert outputs[1] is None
    frames = [step.interpret(output) for output in outputs if output is not None]
    assert [frame.stamp_ns for frame in frames] == [messages.stamp_ns(2.3), messages.stamp_ns(0.1)]
    assert [frame.people[0].track_id for frame in frames] == ["body_1", "body_2"]
    assert dict(log.counts) == {"duplicates": 1, "time jumps": 1}


def test_images_of_a_frozen_camera_are_skipped_until_it_works_again(step, log, engine, messages):
    taken = [step.take(messages.image(at, PIXELS)) for at in (1.0, 2.0, 3.1, 3.2)]
    assert [one is None for one in taken] == [False, False, True, True]
    assert step.problem() and log.warnings == [step.problem()]
    # Stamps count all the same, and a step back makes any image the first.
    assert step.newest_ns == messages.stamp_ns(3.2)
    assert step.take(messages.image(3.3, PIXELS + 1)) is not None
    assert step.take(messages.image(0.5, PIXELS + 1)) is not None
    assert not step.problem() and log.counts == {"frozen": 2, "time jumps": 1}


def test_an_empty_room_may_stand_still(step, log, engine, messages):
    engine.somebody = False
    assert all(step.take(messages.image(at, PIXELS)) is not None for at in (1.0, 2.0, 3.1, 3.2))
    assert log.counts == {"frozen": 2} and log.warnings == [step.problem()]


def test_depth_is_added_to_the_keypoints(step, messages):
    class Depth:
        def place(self, frame):
            return replace(frame, frame_id=f"{frame.frame_id} with depth")

    step.depth = Depth()
    assert step.take(messages.image(0.1, PIXELS)).frame_id == "camera with depth"


def test_a_name_that_is_given_to_the_camera_makes_depth_no_stranger(extractor, log, messages):
    class Depth:
        placed = ()

        def place(self, frame):
            self.placed += (frame.frame_id,)
            return frame

    step = ImagesToKeypoints(extractor, log, "front_camera")
    step.depth = Depth()
    assert step.take(messages.image(0.1, PIXELS)).frame_id == "front_camera"
    assert step.depth.placed == ("camera",)
