"""Parameters that are set on active pose extraction, and the keypoints that subscribers get."""

from __future__ import annotations

import itertools

import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from bharnet_ros import msg
from bharnet_ros.nodes.conversions import image_to_message
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.runtime.qos import RELIABLE, SENSOR
from bharnet_ros.sources.puppet import open_puppet

pytestmark = [pytest.mark.ros, pytest.mark.mediapipe]

NODE = "pose_extraction"


class Robot:
    """Active pose extraction that is shown two people, and its keypoints."""

    def __init__(self, graph, wait, **parameters):
        self.wait = wait
        self.keypoints = graph.probe.listen(msg.BodyHandKeypoints, "keypoints", RELIABLE)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = graph.add_active(PoseExtraction(parameter_overrides=overrides))
        graph.on_match(self.node, "/keypoints")
        self._send = graph.probe.publisher(Image, "image_raw", SENSOR)
        self._frames = open_puppet("two_people", fps=10.0)
        self._stream = iter(self._frames)

    def show(self, images=3):
        """Show images, each when the one before is done; return the track ids in the last."""
        for frame in itertools.islice(self._stream, images):
            known = len(self.keypoints)
            stamp = round(frame.time * 1e9) + 10**9
            self._send(image_to_message(frame.image, stamp, "camera"))
            self.wait(lambda known=known: len(self.keypoints) > known, "keypoints")
        return {person.track_id for person in self.keypoints[-1].people}


@pytest.fixture
def start(graph, wait):
    """Return a function that starts a robot with parameters."""
    return lambda **parameters: Robot(graph, wait, **parameters)


def test_more_and_fewer_people_are_found_from_the_next_images_on(start, set_parameters):
    robot = start()
    (first,) = robot.show()
    assert set_parameters(NODE, max_people=2).successful
    both = robot.show(12)
    assert len(both) == 2 and first in both
    assert set_parameters(NODE, max_people=1).successful
    assert robot.show() <= both and len(robot.show()) == 1


def test_confidences_decide_from_the_next_image_on(start, set_parameters):
    robot = start()
    assert len(robot.show()) == 1
    values = {"min_tracking_confidence": 1, "min_detection_confidence": 1}
    assert set_parameters(NODE, **values).successful
    assert robot.show() == set()
    values = {"min_tracking_confidence": 0.5, "min_detection_confidence": 0.6}
    assert set_parameters(NODE, **values, smooth_landmarks=False).successful
    assert len(robot.show()) == 1


def test_another_engine_finds_the_same_people(start, set_parameters):
    robot = start(engine="direct")
    known = robot.show()
    assert set_parameters(NODE, engine="mediapipe").successful
    assert robot.show() == known
    assert robot.node.describe()["engine"] == "mediapipe"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"use_depth": True}, "parameter use_depth: cannot change while the node is active"),
        ({"max_people": 0}, "parameter max_people: must be from 1 to 16, got 0"),
        ({"max_people": 2.0}, "parameter max_people: expected a whole number, got 2.0"),
        ({"engine": "magic"}, "parameter engine: 'magic' is not one of auto, "),
        ({"engine": "direct", "model_folder": "/nowhere"}, "/nowhere"),
    ],
)
def test_what_cannot_change_is_refused_with_the_reason(start, set_parameters, ask, values, reason):
    robot = start()
    known = robot.show(1)
    result = set_parameters(NODE, **values)
    assert not result.successful and reason in result.reason and "\n" not in result.reason
    (value,) = ask(GetParameters, f"{NODE}/get_parameters", names=["max_people"]).values
    assert value.integer_value == 1
    assert robot.show(2) == known
