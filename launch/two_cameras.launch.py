"""Recognise actions before two cameras, for one controller.

An example: copy it, and name your cameras. Each has nodes in a namespace of its own. The events of
both go to one topic: `header.frame_id` tells the camera, and `track_id` the people before it. A
page shows one camera (`bharnet page --namespace front`), and REP-155 has one list of people for a
robot: neither is started here.
"""

from pathlib import Path

from launch.action import Action
from launch.actions import OpaqueFunction
from launch.launch_description_sources import load_python_launch_file_as_module
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription

recognize = load_python_launch_file_as_module(
    str(Path(__file__).resolve().parent / "recognize.launch.py")
)

CAMERAS = ("front", "rear")

OWN_ARGUMENTS = {
    **{f"{name}_image_topic": (f"/{name}/image_raw", "Topic of its images.") for name in CAMERAS},
    **{f"{name}_source": ("", "What to play in place of this camera.") for name in CAMERAS},
    "controller": ("", "Node that acts on the events, PACKAGE/EXECUTABLE; empty: none."),
}
OF_CAMERA = ("namespace", "frame_id", "image_topic", "source", "page", "hri_bridge")
"""Arguments of recognize.launch.py that are not the same for both cameras."""

ARGUMENTS = {
    **{name: text for name, text in recognize.ARGUMENTS.items() if name not in OF_CAMERA},
    **OWN_ARGUMENTS,
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the nodes of both cameras and the controller."""
    return LaunchDescription([*recognize.declare(ARGUMENTS), OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Return the nodes for the arguments."""
    argument = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    actions = controller(argument)
    if argument["reactions"]:
        # One node for both cameras: each of two would react to the events of both.
        once = {"namespace": "", "image_topic": "image_raw"}
        actions.append(recognize.node("reactions", {**argument, **once}))
    for name in CAMERAS:
        of_camera = {
            "namespace": name,
            "frame_id": f"{name}_camera_optical_frame",
            "image_topic": argument[f"{name}_image_topic"],
            "source": argument[f"{name}_source"],
            "reactions": "",
            "page": "false",
            "hri_bridge": "false",
        }
        actions += recognize.nodes({**argument, **of_camera})
    return actions


def controller(argument: dict[str, str]) -> list[Action]:
    """Return the node that acts on the events, if there is one.

    Raises:
        ValueError: The argument does not name an executable of a package.
    """
    if not argument["controller"]:
        return []
    package, _, executable = argument["controller"].partition("/")
    if not package or not executable:
        raise ValueError(
            f"launch argument controller: {argument['controller']!r} is not PACKAGE/EXECUTABLE"
        )
    remappings = [("/action_recognition", argument["action_topic"])]
    return [Node(package=package, executable=executable, remappings=remappings, output="screen")]
