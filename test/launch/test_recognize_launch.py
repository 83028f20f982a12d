"""recognize.launch.py, with the real launch and launch_ros."""

from __future__ import annotations

import re

import pytest
import rclpy
from lifecycle_msgs.srv import GetState

from bharnet_ros import msg
from bharnet_ros.resources import find_resource

pytest.importorskip(
    "launch_ros.actions", reason="needs launch and launch_ros, which a ROS distribution has"
)

pytestmark = pytest.mark.ros


def state_of(node, name: str) -> str:
    client = node.create_client(GetState, f"{name}/get_state")
    try:
        if not client.wait_for_service(timeout_sec=1.0):
            return ""
        answer = client.call_async(GetState.Request())
        rclpy.spin_until_future_complete(node, answer, timeout_sec=5.0)
        return answer.result().current_state.label if answer.done() else ""
    finally:
        node.destroy_client(client)


MANAGED = ("pose_extraction", "recognition", "action_event_publisher")


def test_puppet_gives_events_and_sigint_ends_the_open_one(launch, node, spin_until, eager_bundle):
    events = []
    node.create_subscription(msg.ActionEvent, "/action_recognition", events.append, 10)
    process = launch(
        "recognize",
        "namespace:=robot1",
        "source:=puppet:rest",
        f"model:={eager_bundle}",
        "device:=cpu",
        "max_people:=2",
        "visualize:=true",
        "page:=true",
        "wait_for_action:=true",
        "pointing:=true",
        f"reactions:={find_resource('config/reactions.yaml')}",
    )
    others = ("overlay", "page", "video_source", "wait_for_action", "pointing", "reactions")
    started = {("/robot1", name) for name in (*MANAGED, *others)}

    def running() -> set[tuple[str, str]]:
        return {(space, name) for name, space in node.get_node_names_and_namespaces()}

    # Before any event: on a slow machine the puppet may have ended by then, with its node.
    spin_until(lambda: started <= running(), "all nodes")
    spin_until(lambda: events, "an ONSET")
    assert events[0].model_name == "tiny"
    process.interrupt()
    assert process.wait() == 0, "".join(process.lines)

    def ids(phase: int) -> list[str]:
        return sorted(event.event_id for event in events if event.phase == phase)

    # On a slow machine the person may have been lost and found in between.
    spin_until(lambda: ids(1) == ids(2), "the OFFSET of every ONSET")
    assert all(event.reason for event in events if event.phase == 2)


@pytest.mark.parametrize(
    "argument, reason",
    [
        ("model:=gestrues", "/recognition could not be configured"),
        ("max_people:=99", "/pose_extraction has ended"),
    ],
)
def test_chain_with_a_node_that_fails_is_called_incomplete(launch, spin_until, argument, reason):
    process = launch("recognize", argument)
    wanted = f"the chain to /action_recognition is incomplete: {reason}"
    spin_until(lambda: any(wanted in line for line in process.lines), wanted)


def test_compressed_topic_is_named_as_it_is(launch, node, spin_until):
    launch("recognize", "image_topic:=/front/image/compressed")
    spin_until(lambda: node.count_subscribers("/front/image/compressed"), "a subscription")
    assert not node.count_subscribers("/front/image/compressed/compressed")


def test_compressed_topic_with_raw_transport_is_refused(launch):
    process = launch("recognize", "image_topic:=/front/image/compressed", "image_transport:=raw")
    assert process.wait() != 0
    assert "'/front/image/compressed' is compressed" in "".join(process.lines)


def test_one_process_gives_events_on_the_topic_of_its_robot(
    launch, node, spin_until, eager_bundle, easy_source
):
    events, elsewhere = [], []
    node.create_subscription(msg.ActionEvent, "/robot2/action_recognition", events.append, 10)
    node.create_subscription(msg.ActionEvent, "/action_recognition", elsewhere.append, 10)
    process = launch(
        "recognize",
        "namespace:=robot2",
        "action_topic:=action_recognition",
        "frame_id:=robot2_camera",
        "source:=puppet:rest",
        f"model:={eager_bundle}",
        "device:=cpu",
        "engine:=mediapipe",
        "roi:=0,0,640,470",
        "one_process:=true",
        f"params_file:={easy_source}",
    )
    spin_until(lambda: events, "an ONSET")
    assert events[0].model_name == "tiny"
    assert events[0].header.frame_id == "robot2_camera"
    process.interrupt()
    assert process.wait() == 0, "".join(process.lines)
    spin_until(lambda: events[-1].phase == 2, "an OFFSET")
    assert not elsewhere
    assert "".join(process.lines).count("process started") == 1


def test_without_autostart_nodes_stay_unconfigured(launch, node, spin_until):
    launch("recognize", "autostart:=false")
    spin_until(
        lambda: [state_of(node, name) for name in MANAGED] == ["unconfigured"] * 3,
        "three unconfigured nodes",
    )


def test_node_that_died_is_active_again(launch, node, spin_until, eager_bundle):
    process = launch("recognize", "use_respawn:=true", f"model:={eager_bundle}", "device:=cpu")
    spin_until(
        lambda: [state_of(node, name) for name in MANAGED] == ["active"] * 3, "three active nodes"
    )
    process.kill("recognition")
    spin_until(lambda: state_of(node, "recognition") != "active", "the end of recognition")
    spin_until(lambda: state_of(node, "recognition") == "active", "recognition again")
    assert [state_of(node, name) for name in MANAGED] == ["active"] * 3


def test_interrupt_ends_all_nodes_while_they_start(launch, spin_until):
    process = launch("recognize")
    spin_until(lambda: "process started" in "".join(process.lines), "a process")
    process.interrupt()
    assert process.wait() == 0, "".join(process.lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("autostart:=perhaps", r"autostart: 'perhaps' is not true or false"),
        ("max_people:=several", r"max_people: 'several' is not a whole number"),
        ("roi:=1,2,3", r"roi: '1,2,3' is not 4 whole numbers"),
        ("one_process:=true autostart:=false", r"autostart: must be true with one_process"),
    ],
)
def test_wrong_argument_is_named(launch, words, message):
    process = launch("recognize", *words.split())
    assert process.wait() != 0
    assert re.search(message, "".join(process.lines))
