"""Start the chain from camera images to action events."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.launch_description_sources import load_python_launch_file_as_module
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from launch import LaunchContext, LaunchDescription

bring_up = load_python_launch_file_as_module(str(Path(__file__).resolve().parent / "bring_up.py"))

CONFIG = Path(__file__).resolve().parent.parent / "config"
FAST_DDS = "rmw_fastrtps_cpp"
PROFILES = "FASTRTPS_DEFAULT_PROFILES_FILE"

MANAGED = ("action_event_publisher", "recognition", "pose_extraction")
"""The lifecycle nodes, in the order in which they are started."""

BOOLEANS = {"true": True, "false": False}

ARGUMENTS = {
    "namespace": ("", "Namespace of all nodes; action_topic stays absolute by default."),
    "action_topic": ("/action_recognition", "Topic of the events; relative: in the namespace."),
    "use_sim_time": ("false", "Whether to take the time from /clock: true or false."),
    "params_file": (str(CONFIG / "recognize.yaml"), "File with the parameters of all nodes."),
    "autostart": ("true", "Whether to configure and activate the lifecycle nodes: true or false."),
    "log_level": ("info", "debug, info, warn, error or fatal."),
    "use_respawn": ("false", "Whether to restart a node that died: true or false."),
    "image_topic": (
        "image_raw",
        "Topic of the camera's images; compressed ones if it ends in /compressed.",
    ),
    "image_transport": ("", "raw or compressed; empty: as in params_file."),
    "frame_id": ("", "Frame of keypoints and events; empty: that of the images."),
    "roi": ("", "Part of the images to use, X,Y,W,H in pixels; empty: as in params_file."),
    "engine": ("", "Pose engine: auto, direct or mediapipe; empty: as in params_file."),
    "model_folder": ("", "Folder of networks of the pose engine; empty: as in params_file."),
    "model": ("", "Name or folder of a model bundle; empty: as in params_file."),
    "gestures": ("", "Folder of a gesture set of `bharnet teach`; empty: as in params_file."),
    "keep_classes": ("", "Classes of the model to recognise; empty: as in params_file."),
    "device": ("", "auto, cpu or cuda; empty: as in params_file."),
    "max_people": ("", "Maximum number of people to track; empty: as in params_file."),
    "use_rgb": ("", "Whether recognition uses images, true or false; empty: as in params_file."),
    "use_depth": ("", "Whether depth gives positions, true or false; empty: as in params_file."),
    "depth_topic": ("depth/image_rect_raw", "Topic of the depth images, registered to the images."),
    "camera_info_topic": ("camera_info", "Topic of the camera's calibration."),
    "visualize": ("false", "Whether to start the overlay: true or false."),
    "wait_for_action": ("false", "Whether to offer the action wait_for_action: true or false."),
    "pointing": ("false", "Whether to publish where people point: true or false; needs use_depth."),
    "hri_bridge": ("false", "Whether to publish people by REP-155: true or false."),
    "reactions": ("", "File of what to do about events; empty: no node reactions."),
    "one_process": ("false", "Whether the nodes from source to events share a process."),
    "page": ("false", "Whether to serve the web page on this machine: true or false."),
    "source": ("", "Source that video_source plays in place of a camera; empty: no video_source."),
}
NODE_ARGUMENTS = {
    "pose_extraction": (
        *("image_transport", "engine", "model_folder", "max_people", "roi", "frame_id"),
        "use_depth",
    ),
    "recognition": ("model", "gestures", "keep_classes", "device", "image_transport", "use_rgb"),
    "overlay": ("image_transport",),
    "video_source": ("source", "frame_id"),
}
"""Arguments that set a parameter of a node, if they are not empty."""


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the nodes."""
    return LaunchDescription([*declare(ARGUMENTS), OpaqueFunction(function=start)])


def declare(arguments: Mapping[str, tuple[str | None, str]]) -> list[Action]:
    """Return the declarations of arguments: name to default (None: required) and description."""
    return [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in arguments.items()
    ]


def start(context: LaunchContext) -> list[Action]:
    """Return the nodes for the arguments."""
    return nodes({name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS})


def nodes(argument: dict[str, str], images: Action | None = None) -> list[Action]:
    """Return the nodes for values of `ARGUMENTS`.

    `images` publishes images, as in `chain`; None for the source of the arguments or a camera.
    """
    argument = with_transport(argument)
    wanted = {
        "overlay": switch(argument, "visualize"),
        "page": switch(argument, "page"),
        "wait_for_action": switch(argument, "wait_for_action"),
        "pointing": switch(argument, "pointing"),
        "hri_bridge": switch(argument, "hri_bridge"),
        "reactions": bool(argument["reactions"]),
    }
    others = [node(name, argument) for name in wanted if wanted[name]]
    if switch(argument, "one_process"):
        return [process(argument), *others]
    if argument["source"]:
        images = node("video_source", argument)
    return [*others, *chain(argument, images)]


def with_transport(argument: dict[str, str]) -> dict[str, str]:
    """Return the arguments, with the transport that the name of the image topic says.

    Raises:
        ValueError: `image_transport` says another one.
    """
    topic, transport = argument["image_topic"], argument["image_transport"]
    if not topic.endswith("/compressed"):
        return argument
    if transport not in ("", "compressed"):
        raise ValueError(
            f"launch argument image_topic: {topic!r} is compressed, image_transport is {transport}"
        )
    base = topic.removesuffix("/compressed")
    return {**argument, "image_topic": base, "image_transport": "compressed"}


def node(name: str, argument: dict[str, str], kind: type[Node] = Node) -> Node:
    """Return a node in its own process."""
    given = given_parameters(argument, name)
    return kind(
        name=name,
        executable=name,
        parameters=[*shared_parameters(argument), *([given] if given else [])],
        **common_settings(argument),
        # The end of a source is no death.
        **({} if name == "video_source" else respawn(argument)),
    )


def process(argument: dict[str, str]) -> Node:
    """Return the process of the nodes from images to events, which activates them.

    Raises:
        ValueError: They should stay unconfigured.
    """
    if not switch(argument, "autostart"):
        raise ValueError("launch argument autostart: must be true with one_process")
    source = argument["source"]
    given = {
        f"/**/{name}": {"ros__parameters": given_parameters(argument, name)}
        for name in (*MANAGED, *(["video_source"] if source else []))
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
        yaml.safe_dump(given, file)
    # The topic is remapped by the settings.
    images = ("--source", source) if source else ("--image-topic", "image_raw")
    # Without a namespace, `bharnet run` gives topics names that nobody else knows.
    settings = common_settings({**argument, "namespace": argument["namespace"] or "/"})
    return Node(
        executable="bharnet",
        arguments=["run", *images],
        parameters=[*shared_parameters(argument), file.name],
        **settings,
        # The end of a source is no death.
        **({} if source else respawn(argument)),
    )


def given_parameters(argument: dict[str, str], name: str) -> dict[str, Any]:
    """Return the parameters of a node that arguments replace.

    Raises:
        ValueError: An argument has the wrong type.
    """
    names = NODE_ARGUMENTS.get(name, ())
    given: dict[str, Any] = {one: argument[one] for one in names if argument[one]}
    for one in ("use_rgb", "use_depth"):
        if one in given:
            given[one] = switch(argument, one)
    if name == "reactions":
        given["file"] = argument["reactions"]
    if "max_people" in given:
        given["max_people"] = whole_numbers(argument, "max_people", 1)[0]
    if "roi" in given:
        given["roi"] = whole_numbers(argument, "roi", 4)
    if name == "video_source" and argument["use_depth"] and switch(argument, "use_depth"):
        # Only the puppet has depth of its own.
        given |= {"depth": True} if argument["source"].startswith("puppet") else {}
    return given


def common_settings(argument: dict[str, str]) -> dict[str, Any]:
    """Return the settings with which every process is started."""
    return {
        "package": "bharnet_ros",
        "namespace": argument["namespace"],
        "output": "screen",
        "additional_env": middleware(os.environ),
        "ros_arguments": ["--log-level", argument["log_level"]],
        "remappings": [
            ("image_raw", argument["image_topic"]),
            ("image_raw/compressed", argument["image_topic"] + "/compressed"),
            ("depth/image_rect_raw", argument["depth_topic"]),
            ("camera_info", argument["camera_info_topic"]),
            ("/action_recognition", argument["action_topic"]),
        ],
    }


def shared_parameters(argument: dict[str, str]) -> list[Any]:
    """Return the parameters for all nodes; each takes its own."""
    return [argument["params_file"], {"use_sim_time": switch(argument, "use_sim_time")}]


def respawn(argument: dict[str, str]) -> dict[str, Any]:
    """Return the settings of a process that is restarted when it dies, if this is wanted."""
    return {"respawn": switch(argument, "use_respawn"), "respawn_delay": 1.0}


def chain(argument: dict[str, str], images: Action | None = None) -> list[Action]:
    """Return the nodes from images to events, each in its own process.

    Args:
        argument: Values of `ARGUMENTS`.
        images: Publishes images; started when all nodes are active, or at once if `autostart` is
            false. None if a camera does.
    """
    managed = [node(name, argument, LifecycleNode) for name in MANAGED]
    # Handlers first, because they miss transitions that happen before they are registered.
    handlers = [one for node in managed for one in bring_up.incomplete_without(node)]
    if not switch(argument, "autostart"):
        return [*handlers, *managed, *([images] if images is not None else [])]
    handlers += [one for node in managed for one in bring_up.bring_up(node)]
    if images is not None:
        handlers.append(bring_up.when_all_active(managed, images))
    return [*handlers, *managed]


def switch(argument: dict[str, str], name: str) -> bool:
    """Return an argument that is true or false.

    Raises:
        ValueError: It is neither.
    """
    try:
        return BOOLEANS[argument[name].lower()]
    except KeyError:
        raise ValueError(
            f"launch argument {name}: {argument[name]!r} is not true or false"
        ) from None


def whole_numbers(argument: dict[str, str], name: str, count: int) -> list[int]:
    """Return an argument that is a whole number, or several with commas between them.

    Raises:
        ValueError: It is not, or not so many.
    """
    what = "a whole number" if count == 1 else f"{count} whole numbers"
    words = argument[name].split(",")
    try:
        if len(words) == count:
            return [int(word) for word in words]
    except ValueError:
        pass
    raise ValueError(f"launch argument {name}: {argument[name]!r} is not {what}")


def middleware(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that makes Fast DDS carry camera images, unless the user set it up."""
    if environment.get("RMW_IMPLEMENTATION", FAST_DDS) != FAST_DDS or PROFILES in environment:
        return {}
    return {PROFILES: str(CONFIG / "fastdds.xml")}
