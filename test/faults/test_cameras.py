"""What a controller hears when the camera, or the node that looks at its images, fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import image_from_message, time_to_ns
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.resources import find_resource
from bharnet_ros.sources.puppet import open_puppet

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.mediapipe]

CAMERA = ("-p", "source:=puppet:rest", "-p", "loop:=true", "-p", "fps:=15.0")
SMALL = ("-p", "width:=320", "-p", "height:=240")
CHANGES = {
    "bgr8": cv2.COLOR_RGB2BGR,
    "rgb8": None,
    "mono8": cv2.COLOR_RGB2GRAY,
    "yuv422": cv2.COLOR_RGB2YUV_UYVY,
    "bayer_of_another_world": None,
    "bgra8": cv2.COLOR_RGB2BGRA,
}
"""Encodings, in turn, and how OpenCV makes them of RGB."""


@contextmanager
def camera(chain, words: Sequence[str], through: Sequence[str] = ()) -> Iterator[None]:
    """Run a camera beside a chain, which is killed at the end."""
    chain.launch("video_source", words, through=through)
    try:
        yield
    finally:
        chain.kill("video_source")
        del chain.processes["video_source"]


def test_an_event_ends_when_pose_extraction_is_killed_and_begins_when_it_is_back(filmed) -> None:
    filmed.kill("pose_extraction")
    filmed.feed.show(15)
    filmed.end_events()
    assert set(filmed.controller.reasons()) == {"source_lost"}
    filmed.start("pose_extraction")
    filmed.check_alive()


def test_an_event_ends_when_the_camera_is_killed_and_begins_when_it_is_back(filmed) -> None:
    filmed.end_events()
    filmed.controller.events.clear()
    for _ in range(2):
        with camera(filmed, [*CAMERA, *SMALL]):
            filmed.await_event()
        filmed.end_events()
    assert set(filmed.controller.reasons()) == {"source_lost"}
    filmed.check_alive()


def test_images_with_one_stamp_again_and_again_end_an_event(filmed) -> None:
    still = filmed.feed.stand_still()
    filmed.show_until(lambda: not filmed.controller.open(), "the OFFSET", still)
    assert set(filmed.controller.reasons()) == {"source_lost"}
    filmed.check_alive()


def test_the_same_pixels_with_new_stamps_end_an_event_and_are_named(filmed) -> None:
    pixels = filmed.feed.message().data

    def freeze(image) -> None:
        image.data = pixels

    messages: list[str] = []
    filmed.controller.create_subscription(
        DiagnosticArray,
        "/diagnostics",
        lambda report: messages.extend(status.message for status in report.status),
        RELIABLE,
    )
    filmed.show_until(lambda: not filmed.controller.open(), "the OFFSET", freeze)
    assert set(filmed.controller.reasons()) == {"source_lost"}
    text = "/image_raw: the camera has frozen: for 2 s all images have had the same pixels"
    filmed.show_until(lambda: any(one.startswith(text) for one in messages), "warning", freeze)
    assert len([line for line in filmed.log("pose_extraction") if text in line]) == 1
    filmed.check_alive()


def test_encodings_may_change_and_an_unknown_one_is_refused_by_name(filmed) -> None:
    found: list[msg.BodyHandKeypoints] = []
    filmed.controller.create_subscription(
        msg.BodyHandKeypoints, "keypoints", found.append, RELIABLE
    )

    def encode(image: Image) -> None:
        if CHANGES[encoding] is not None:
            pixels = cv2.cvtColor(image_from_message(image), CHANGES[encoding])
            image.data = pixels.tobytes()
            image.step = len(image.data) // image.height
        image.encoding = encoding

    for encoding in CHANGES:
        if encoding == "bayer_of_another_world":
            filmed.feed.show(10, encode)
            continue
        begun_ns = filmed.feed.stamp_ns
        filmed.show_until(
            lambda begun_ns=begun_ns: [
                one for one in found if one.people and time_to_ns(one.header.stamp) > begun_ns
            ],
            f"a person in {encoding}",
            encode,
        )
    lines = filmed.log("pose_extraction")
    refused = [line for line in lines if "bayer_of_another_world" in line]
    assert refused
    assert all(
        "/image_raw: encoding: 'bayer_of_another_world' is not supp" in one for one in refused
    )
    filmed.check_alive()


def test_images_of_four_thousand_columns_arrive_and_none_is_lost(
    filmed, wait, tmp_path: Path
) -> None:
    filmed.end_events()
    puppet = open_puppet("gestures", width=640, height=360, fps=15)
    for number in range(4):
        large = cv2.resize(puppet.frame(number).image, (3840, 2160))
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.ascontiguousarray(large[:, :, ::-1]))
    # As config/fastdds.xml says.
    profile = tmp_path / "fastdds.xml"
    usual = find_resource("config/fastdds.xml").read_text()
    profile.write_text(usual.replace("8388608", "33554432"))
    lost: list[str] = []

    def note_lost(report: DiagnosticArray) -> None:
        for status in report.status:
            if status.name == "/pose_extraction: bharnet_ros":
                values = {pair.key: pair.value for pair in status.values}
                lost.append(values.get("lost", "0"))

    found: list[msg.BodyHandKeypoints] = []
    node = filmed.controller
    node.create_subscription(DiagnosticArray, "/diagnostics", note_lost, RELIABLE)
    node.create_subscription(msg.BodyHandKeypoints, "keypoints", found.append, RELIABLE)
    wait(lambda: node.count_subscribers("keypoints") > 1, "the subscription")
    wait(lambda: lost, "the number of lost images")
    before, lost_before = len(node.onsets()), lost[-1]
    words = ("-p", f"source:={tmp_path}", "-p", "loop:=true", "-p", "fps:=3.0")
    with camera(filmed, words, ("env", f"FASTRTPS_DEFAULT_PROFILES_FILE={profile}")):
        wait(lambda: len(found) >= 10, "keypoints of ten images")
        filmed.await_event()
    filmed.end_events()
    assert len(node.onsets()) == before + 1
    reports = len(lost)
    wait(lambda: len(lost) > reports, "that number afterwards")
    assert lost[-1] == lost_before
    filmed.check_alive()
