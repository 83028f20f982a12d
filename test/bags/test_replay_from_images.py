"""A replay from images and from keypoints: the same events, with hands and places."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet.source import open_puppet
from bharnet_ros.types.actions import Hand, OffsetReason, Phase
from bharnet_ros.types.keypoints import NANOSECONDS

FRAMES = 16
RATE = 10.0


def play(bag, progress=False, excluded=(), **settings):
    with Recording(bag) as recording:
        return replay(recording, ReplaySettings(**settings), excluded=excluded, progress=progress)


@pytest.fixture(scope="module")
def frames():
    """Return drawn images with the time of each, the first at 1 s."""
    source = open_puppet("gestures", width=320, height=240, fps=RATE)
    return [(1.0 + one.time, one.image) for one in map(source.frame, range(FRAMES))]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory, messages, write_bag, frames):
    """Return a recording of the images and of the keypoints in them."""
    rows = []
    with PoseExtractor() as extractor:
        for at, image in frames:
            stamp = messages.start_ns + round(at * NANOSECONDS)
            keypoints = extractor.extract(image, stamp)
            rows.append(("camera/image_raw", messages.image(at, image)))
            relative = replace(keypoints, stamp_ns=stamp - messages.start_ns)
            rows.append(("keypoints", messages.keypoints(relative)))
    folder = tmp_path_factory.mktemp("filmed") / "filmed"
    return write_bag(folder, rows, compression="storage")


@pytest.fixture(scope="module")
def from_images(filmed, eager_bundle):
    return play(filmed, stage=Stage.IMAGES, model=str(eager_bundle), device="cpu")


@pytest.mark.mediapipe
def test_images_become_events(from_images):
    onset, offset = from_images.events
    assert (onset.label, onset.phase, offset.phase) == ("wave", Phase.ONSET, Phase.OFFSET)
    assert offset.reason is OffsetReason.SOURCE_ENDED
    assert from_images.duration_s == pytest.approx((FRAMES - 1) / RATE)
    assert (from_images.frames, from_images.dropped, from_images.notes) == (FRAMES, 0, ())


def test_keypoints_become_the_same_events_as_their_images(filmed, from_images, eager_bundle):
    found = play(filmed, model=str(eager_bundle), device="cpu")
    assert found.stage is Stage.KEYPOINTS
    assert found.events == from_images.events
    assert found.origin_ns == from_images.origin_ns
    for one, other in zip(found.traces, from_images.traces, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_images_go_to_the_engine_that_the_parameters_name(tmp_path, filmed, eager_bundle):
    file = tmp_path / "parameters.yaml"
    file.write_text("pose_extraction:\n  ros__parameters:\n    engine: holistic\n")
    with pytest.raises(ValueError, match="engine: 'holistic' is not one of auto, mediapipe"):
        play(filmed, stage=Stage.IMAGES, model=str(eager_bundle), parameter_file=file)


def test_images_that_cannot_be_used_are_dropped(
    tmp_path, messages, write_bag, frames, eager_bundle
):
    rows = [
        ("image/compressed", messages.compressed(at, cv2.imencode(".png", image)[1].tobytes()))
        for at, image in frames[:3]
    ]
    rows.insert(1, ("image/compressed", messages.compressed(1.05, b"no picture")))
    rows.append(rows[-1])
    found = play(write_bag(tmp_path / "bag", rows), model=str(eager_bundle), device="cpu")
    assert (found.frames, found.dropped) == (3, 1)
    assert any("1 messages on /image/compressed cannot be used" in note for note in found.notes)
    assert any("1 messages had the stamp of the one before" in note for note in found.notes)


def recorded_people(messages, write_bag, folder, camera=None):
    """Record keypoints with depth of a puppet that greets, and its camera if there is one."""
    puppet = open_puppet("hello")
    rows = [] if camera is None else [("camera_info", messages.camera_info(0.0, camera))]
    for number in range(0, len(puppet), 2):
        rows.append(("keypoints", messages.keypoints(puppet.truth(number))))
    return write_bag(folder, rows)


def test_computed_events_tell_the_hand_and_where_the_person_is(tmp_path, messages, write_bag):
    camera = open_puppet("hello").camera
    bag = recorded_people(messages, write_bag, tmp_path / "seen", camera)
    found = play(bag, model="gestures", device="cpu")
    onset = next(event for event in found.events if event.label == "hello")
    assert onset.hand is Hand.RIGHT
    left, _, width, _ = onset.place.box
    x, _, z = onset.place.direction
    assert camera.cx + camera.fx * x / z == pytest.approx(left + width / 2, abs=0.1)
    assert onset.place.position == pytest.approx((0.0, 0.15, 1.05), abs=0.1)
    (event,) = [one for one in found.timeline([]).events if one.label == "hello"]
    assert (event.hand, event.position) == ("right", onset.place.position)


def test_without_recorded_camera_information_the_direction_is_that_of_the_position(
    tmp_path, messages, write_bag
):
    bag = recorded_people(messages, write_bag, tmp_path / "seen")
    onset = play(bag, model="gestures", device="cpu").events[0]
    position = np.array(onset.place.position)
    assert onset.place.direction == pytest.approx(position / np.linalg.norm(position))
