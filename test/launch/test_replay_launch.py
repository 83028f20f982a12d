"""replay.launch.py, with the real launch, launch_ros and `ros2 bag play`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros import msg
from bharnet_ros.bags.convert import ConversionOptions, convert
from bharnet_ros.bags.reading import Recording
from bharnet_ros.nodes.conversions import time_to_ns
from bharnet_ros.sources.video import open_source

pytest.importorskip(
    "launch_ros.actions", reason="needs launch and launch_ros, which a ROS distribution has"
)
pytest.importorskip("ros2bag.verb.play", reason="needs ros2 bag, which a ROS distribution has")

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> Path:
    """Return a recording of the puppet, with the keypoints of each image."""
    path = tmp_path_factory.mktemp("bags") / "rest"
    options = ConversionOptions(
        image_compression="jpeg", topic="/front/image", start_ns=50_000_000_000, keypoints=True
    )
    with open_source("puppet:rest", fps=5.0) as frames:
        convert(frames, path, options, progress=False)
    return path


def test_recording_gives_events_in_simulated_time(launch, node, spin_until, bag, eager_bundle):
    events, stamps = [], []
    node.create_subscription(msg.ActionEvent, "/action_recognition", events.append, 10)
    node.create_subscription(
        msg.BodyHandKeypoints,
        "keypoints",
        lambda message: stamps.append(time_to_ns(message.header.stamp)),
        10,
    )
    process = launch(
        "replay",
        f"bag:={bag}",
        "rate:=0.5",
        "image_topic:=/front/image",
        f"model:={eager_bundle}",
        "device:=cpu",
    )
    spin_until(lambda: "process has finished cleanly" in "".join(process.lines), "the end")
    assert process.wait() == 0, "".join(process.lines)

    def ids(phase: int) -> list[str]:
        return sorted(event.event_id for event in events if event.phase == phase)

    # On a slow machine the person may have been lost and found in between.
    spin_until(lambda: ids(1) and ids(1) == ids(2), "the OFFSET of every ONSET")
    with Recording(bag) as recording:
        recorded = [
            time_to_ns(one.message.header.stamp)
            for one in recording.messages("/front/image/compressed")
        ]
    # Keypoints from the first image on, each at most once and in order, and none of the recorded
    # ones. A machine that is too slow drops images.
    assert stamps[0] == recorded[0]
    assert stamps == [stamp for stamp in recorded if stamp in set(stamps)]
    assert all(event.reason for event in events if event.phase == 2)
    assert all(time_to_ns(event.header.stamp) in recorded for event in events)
    # Latencies by the clock of the player, which ticks a hundred times a second.
    assert all(-1 <= event.latency.sec <= 10 for event in events)


def test_interrupt_ends_all_nodes_while_the_player_waits(launch, spin_until, bag):
    process = launch("replay", f"bag:={bag}", "image_topic:=/front/image")
    spin_until(lambda: "Playback until" in "".join(process.lines), "the player")
    process.interrupt()
    assert process.wait() == 0, "".join(process.lines)


def test_missing_bag_argument_is_named(launch):
    process = launch("replay")
    assert process.wait() != 0
    assert "bag" in "".join(process.lines)


def test_missing_bag_is_named(launch):
    process = launch("replay", "bag:=nowhere")
    assert process.wait() != 0
    assert "launch argument bag: 'nowhere'" in "".join(process.lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            [],
            "has no images on /image_raw or /image_raw/compressed; "
            "it has /front/image/compressed, /keypoints",
        ),
        (
            ["image_topic:=/front/image", "image_transport:=raw"],
            "has no images on /front/image; it has",
        ),
        (["image_transport:=theora"], "image_transport: 'theora' is not raw or compressed"),
    ],
)
def test_images_that_were_not_recorded_are_named(launch, bag, words, message):
    process = launch("replay", f"bag:={bag}", *words)
    assert process.wait() != 0
    assert message in "".join(process.lines)


def test_failed_player_fails_the_launch(launch, bag):
    process = launch("replay", f"bag:={bag}", "image_topic:=/front/image", "rate:=-1")
    assert process.wait() != 0
    assert "ros2 bag play failed with status 2" in "".join(process.lines)
