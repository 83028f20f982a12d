"""Choosing the stage and the topic that a replay starts from."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.topics import Stage, choose_stage
from bharnet_ros.types.keypoints import FrameKeypoints

PIXELS = np.zeros((4, 4, 3), dtype=np.uint8)
DEPTH = np.ones((4, 4), dtype=np.float32)


@pytest.fixture
def choose(tmp_path, messages, write_bag):
    """Return a function that writes a bag of some topics and chooses from it."""
    makers = {
        "image": lambda: messages.image(1.0, PIXELS),
        "compressed": lambda: messages.compressed(1.0, b"png"),
        "depth": lambda: messages.depth(1.0, DEPTH),
        "compressed depth": lambda: messages.compressed(1.0, b"", "16UC1; compressedDepth png"),
        "keypoints": lambda: messages.keypoints(FrameKeypoints(1_000_000_000, 4, 4)),
        "scores": lambda: messages.scores(1.0, {}),
        "events": lambda: messages.event("a", 1, 1.0, 0.5, 1.0),
        "info": lambda: messages.model_info(1.0),
    }

    def call(topics, stage=None, topic=None, excluded=(), silent=()):
        rows = [(name, makers[kind]()) for name, kind in topics.items()]
        folder = write_bag(tmp_path / "bag", rows, silent=silent)
        with Recording(folder) as recording:
            return choose_stage(recording, stage, topic, excluded)

    return call


@pytest.mark.parametrize("stage", list(Stage))
def test_the_latest_stage_is_taken(choose, stage):
    kinds = {"events": "events", "scores": "scores", "keypoints": "keypoints", "images": "image"}
    names = list(kinds)[list(kinds).index(stage.value) :]
    assert choose({f"/{name}": kinds[name] for name in names}) == (stage, f"/{stage.value}")


def test_an_earlier_stage_can_be_asked_for(choose):
    topics = {"/camera": "image", "/keypoints": "keypoints"}
    assert choose(topics, Stage.IMAGES) == (Stage.IMAGES, "/camera")


def test_a_topic_decides_the_stage(choose):
    topics = {"/camera": "image", "/keypoints": "keypoints"}
    assert choose(topics, topic="/camera") == (Stage.IMAGES, "/camera")


def test_several_cameras_are_listed(choose):
    with pytest.raises(ValueError, match=r"images: /left, /right; choose one with --image-topic"):
        choose({"/left": "image", "/right": "compressed"})


def test_raw_and_compressed_images_are_one_camera(choose):
    topics = {"/camera/image_raw/compressed": "compressed", "/camera/image_raw": "image"}
    assert choose(topics) == (Stage.IMAGES, "/camera/image_raw")


def test_compressed_images_alone_are_taken(choose):
    assert choose({"/camera/compressed": "compressed"}) == (Stage.IMAGES, "/camera/compressed")


@pytest.mark.parametrize("kind", ["depth", "compressed depth"])
def test_depth_is_not_taken_for_a_camera(choose, kind):
    assert choose({"/camera": "image", "/depth": kind}) == (Stage.IMAGES, "/camera")


def test_depth_alone_cannot_be_replayed(choose):
    with pytest.raises(ValueError, match=r"has no messages with events or .*its topics are /depth"):
        choose({"/depth": "depth"})


def test_an_excluded_topic_is_not_chosen(choose):
    topics = {"/truth": "events", "/scores": "scores"}
    assert choose(topics, excluded=["/truth"]) == (Stage.SCORES, "/scores")


def test_an_empty_topic_of_events_is_not_chosen_by_default(choose, tmp_path):
    silent = [("/action_recognition", "bharnet_ros/msg/ActionEvent")]
    assert choose({"/scores": "scores"}, silent=silent)[0] is Stage.SCORES


def test_an_empty_topic_of_events_can_be_asked_for(choose):
    silent = [("/action_recognition", "bharnet_ros/msg/ActionEvent")]
    found = choose({"/scores": "scores"}, Stage.EVENTS, silent=silent)
    assert found == (Stage.EVENTS, "/action_recognition")


@pytest.mark.parametrize(
    ("stage", "topic", "message"),
    [
        (Stage.KEYPOINTS, None, r"has no messages with keypoints; its topics are /info"),
        (None, None, r"has no messages with events or scores or keypoints or images"),
        (None, "/nowhere", r"has no topic /nowhere; it has /info"),
        (None, "/info", r"topic /info: has bharnet_ros/msg/ModelInfo, which cannot be replayed"),
    ],
)
def test_missing_topics_are_named(choose, stage, topic, message):
    with pytest.raises(ValueError, match=message):
        choose({"/info": "info"}, stage, topic)


def test_topic_of_another_stage_is_refused(choose):
    with pytest.raises(ValueError, match=r"topic /camera: has images, not scores"):
        choose({"/camera": "image"}, Stage.SCORES, "/camera")
