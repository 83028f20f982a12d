"""two_cameras.launch.py, with the real launch and launch_ros."""

from __future__ import annotations

import pytest

from bharnet_ros import msg

pytest.importorskip(
    "launch_ros.actions", reason="needs launch and launch_ros, which a ROS distribution has"
)

pytestmark = pytest.mark.ros


def test_one_topic_has_the_events_of_both_cameras(
    launch, node, spin_until, eager_bundle, easy_source
):
    events = []
    node.create_subscription(msg.ActionEvent, "/action_recognition", events.append, 100)
    process = launch(
        "two_cameras",
        "front_source:=puppet:rest",
        "rear_source:=puppet:rest",
        f"model:={eager_bundle}",
        "device:=cpu",
        "controller:=bharnet_ros/overlay",
        "one_process:=true",
        f"params_file:={easy_source}",
    )

    def cameras(phase: int) -> dict[str, str]:
        return {one.event_id: one.header.frame_id for one in events if one.phase == phase}

    both = {"front_camera_optical_frame", "rear_camera_optical_frame"}
    spin_until(lambda: set(cameras(1).values()) == both, "an ONSET of each camera")
    nodes = {(space, name) for name, space in node.get_node_names_and_namespaces()}
    assert {("/", "overlay"), ("/front", "pose_extraction"), ("/rear", "recognition")} <= nodes
    process.interrupt()
    assert process.wait() == 0, "".join(process.lines)
    spin_until(lambda: cameras(1) == cameras(2), "the OFFSET of every ONSET")


def test_controller_that_is_no_executable_is_named(launch):
    process = launch("two_cameras", "controller:=my_controller")
    assert process.wait() != 0
    assert "controller: 'my_controller' is not PACKAGE/EXECUTABLE" in "".join(process.lines)
