"""The files for RViz and Foxglove name topics, types and fields that the nodes publish."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from bharnet_ros import msg
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.overlay import Overlay
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.video_source import VideoSource
from bharnet_ros.resources import find_resource

pytestmark = pytest.mark.ros

RVIZ_TYPES = {"rviz_default_plugins/Image": Image, "rviz_default_plugins/MarkerArray": MarkerArray}
PANEL_TYPES = {
    "Image": Image,
    "3D": MarkerArray,
    "StateTransitions": msg.ActionEvent,
    "RawMessages": msg.ActionEvent,
    "Plot": msg.ActionScores,
    "DiagnosticSummary": DiagnosticArray,
}


@pytest.fixture
def published(graph, tiny_bundle) -> dict[str, type]:
    """Return the types of what the nodes publish, by topic."""
    model = [Parameter("model", value=str(tiny_bundle))]
    nodes = [Overlay(), Recognition(parameter_overrides=model), ActionEventPublisher()]
    for node in nodes:
        graph.add(node)
    for node in nodes[1:]:
        assert graph.call(node.trigger_configure) is TransitionCallbackReturn.SUCCESS
    return {one.topic_name: one.msg_type for node in nodes for one in node.publishers}


@pytest.fixture
def default_frame(graph) -> str:
    """Return the frame that the source gives to images by default."""
    return graph.add(VideoSource()).get_parameter("frame_id").value


def panels() -> dict[str, dict]:
    return json.loads(find_resource("config/foxglove.json").read_text())["configById"]


def paths_in(panel: dict) -> list[str]:
    """Return the topics that a panel names, with the fields of their messages that it shows."""
    single = [panel.get("topicPath"), panel.get("topicToRender")]
    image = panel.get("imageMode", {}).get("imageTopic")
    several = [path["value"] for path in panel.get("paths", [])]
    return [path for path in (*single, image, *several, *panel.get("topics", {})) if path]


def check_fields(message_type: type, fields: list[str]) -> None:
    """Assert that a message has a field that has the next field, and so on."""
    for number, field in enumerate(fields):
        name, indexed = re.fullmatch(r"(\w+)(\[[\d:]+\])?", field).groups()
        kind = message_type.get_fields_and_field_types()[name]
        assert bool(indexed) == kind.startswith("sequence<"), field
        if number + 1 < len(fields):
            package, _, inner = kind.removeprefix("sequence<").rstrip(">").partition("/")
            message_type = getattr(import_module(f"{package}.msg"), inner)


def test_rviz_shows_what_the_overlay_publishes(published, default_frame):
    content = yaml.safe_load(find_resource("config/recognize.rviz").read_text())
    manager = content["Visualization Manager"]
    shown = {
        "/" + display["Topic"]["Value"]: RVIZ_TYPES[display["Class"]]
        for display in manager["Displays"]
        if "Topic" in display
    }
    assert shown == {"/overlay": Image, "/markers": MarkerArray}
    assert shown.items() <= published.items()
    assert manager["Global Options"]["Fixed Frame"] == default_frame


def test_foxglove_shows_overlay_markers_events_and_scores(published, default_frame):
    topics = set()
    for name, panel in panels().items():
        paths = paths_in(panel)
        assert paths, name
        for path in paths:
            topic, *fields = path.split(".")
            assert published[topic] is PANEL_TYPES[name.partition("!")[0]], path
            check_fields(published[topic], fields)
            topics.add(topic)
    assert {"/overlay", "/markers", "/action_recognition", "/action_scores"} <= topics
    assert panels()["3D!people"]["followTf"] == default_frame


def test_every_panel_of_foxglove_has_a_place():
    def placed(area) -> list[str]:
        return [area] if isinstance(area, str) else placed(area["first"]) + placed(area["second"])

    layout = json.loads(find_resource("config/foxglove.json").read_text())["layout"]
    assert sorted(placed(layout)) == sorted(panels())
