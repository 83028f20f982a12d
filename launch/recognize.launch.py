"""Start the chain from camera images to action events, each node in its own process."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import lifecycle_msgs.msg
import lifecycle_msgs.srv
import rclpy.node
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueCoroutine,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.ros_adapters import get_ros_node

from launch import LaunchContext, LaunchDescription

CONFIG = Path(__file__).resolve().parent.parent / "config"
FAST_DDS = "rmw_fastrtps_cpp"
PROFILES = "FASTRTPS_DEFAULT_PROFILES_FILE"
POLLS, POLL_SECONDS = 20, 0.05
"""How often, and how many seconds apart, an answer is checked before the request is repeated."""

MANAGED = ("action_event_publisher", "recognition", "pose_extraction")
"""The lifecycle nodes, in the order in which they are started."""

BOOLEANS = {"true": True, "false": False}

ARGUMENTS = {
    "namespace": ("", "Namespace of all nodes; /action_recognition stays absolute."),
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
    "model": ("", "Name or folder of a model bundle; empty: as in params_file."),
    "gestures": ("", "Folder of a gesture set of `bharnet teach`; empty: as in params_file."),
    "keep_classes": ("", "Classes of the model to recognise; empty: as in params_file."),
    "device": ("", "auto, cpu or cuda; empty: as in params_file."),
    "max_people": ("", "Maximum number of people to track; empty: as in params_file."),
    "use_rgb": ("", "Whether recognition uses images, true or false; empty: as in params_file."),
    "use_depth": (
        "",
        "Whether depth gives camera coordinates, true or false; empty: as in params_file.",
    ),
    "depth_topic": ("depth/image_rect_raw", "Topic of the depth images, registered to the images."),
    "camera_info_topic": ("camera_info", "Topic of the camera's calibration."),
    "visualize": ("false", "Whether to start the overlay: true or false."),
    "wait_for_action": ("false", "Whether to offer the action wait_for_action: true or false."),
    "pointing": ("false", "Whether to publish where people point: true or false; needs use_depth."),
    "hri_bridge": ("false", "Whether to publish people by REP-155: true or false."),
    "reactions": ("", "File of what to do about events; empty: no node reactions."),
    "source": ("", "Source that video_source plays in place of a camera; empty: no video_source."),
}
NODE_ARGUMENTS = {
    "pose_extraction": ("image_transport", "max_people", "use_depth"),
    "recognition": ("model", "gestures", "keep_classes", "device", "image_transport", "use_rgb"),
    "action_event_publisher": (),
    "overlay": ("image_transport",),
    "pointing": (),
    "hri_bridge": (),
    "reactions": (),
    "wait_for_action": (),
}
"""Arguments that set a parameter of each node, if they are not empty."""


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
    argument = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    argument = with_transport(argument)
    if not argument["source"]:
        return chain(argument)
    video = Node(
        name="video_source",
        executable="video_source",
        parameters=[
            *shared_parameters(argument),
            {"source": argument["source"], **puppet_depth(argument)},
        ],
        **common_settings(argument),
    )
    return chain(argument, video)


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


def puppet_depth(argument: dict[str, str]) -> dict[str, Any]:
    """Return the parameter that makes the puppet publish depth, if `use_depth` asks for it."""
    wanted = argument["use_depth"] and switch(argument, "use_depth")
    return {"depth": True} if wanted and argument["source"].startswith("puppet") else {}


def common_settings(argument: dict[str, str]) -> dict[str, Any]:
    """Return the settings with which every node is started."""
    return {
        "package": "bharnet_ros",
        "namespace": argument["namespace"],
        "output": "screen",
        "additional_env": middleware(os.environ),
        "arguments": ["--ros-args", "--log-level", argument["log_level"]],
        "remappings": [
            ("image_raw", argument["image_topic"]),
            ("image_raw/compressed", argument["image_topic"] + "/compressed"),
            ("depth/image_rect_raw", argument["depth_topic"]),
            ("camera_info", argument["camera_info_topic"]),
        ],
    }


def shared_parameters(argument: dict[str, str]) -> list[Any]:
    """Return the parameters for all nodes; each takes its own."""
    return [argument["params_file"], {"use_sim_time": switch(argument, "use_sim_time")}]


def chain(argument: dict[str, str], images: Action | None = None) -> list[Action]:
    """Return the nodes from images to events.

    Args:
        argument: Values of `ARGUMENTS`.
        images: Publishes images; started when all nodes are active, or at once if `autostart` is
            false. None if a camera does.
    """
    autostart = switch(argument, "autostart")
    common, shared = common_settings(argument), shared_parameters(argument)

    def parameters(node: str) -> list[Any]:
        given: dict[str, Any] = {
            name: argument[name] for name in NODE_ARGUMENTS[node] if argument[name]
        }
        for name in ("use_rgb", "use_depth"):
            if name in given:
                given[name] = switch(argument, name)
        if node == "reactions":
            given["file"] = argument["reactions"]
        if "max_people" in given:
            given["max_people"] = whole_number(argument, "max_people")
        return [*shared, given] if given else shared

    respawn = {"respawn": switch(argument, "use_respawn"), "respawn_delay": 1.0}

    managed = [
        LifecycleNode(
            name=name,
            executable=name,
            parameters=parameters(name),
            **common,
            **respawn,
        )
        for name in MANAGED
    ]
    actions: list[Action] = [one for node in managed for one in incomplete_without(node)]
    actions += managed
    actions += [
        Node(name=name, executable=name, parameters=parameters(name), **common, **respawn)
        for name, wanted in (
            ("overlay", switch(argument, "visualize")),
            ("wait_for_action", switch(argument, "wait_for_action")),
            ("pointing", switch(argument, "pointing")),
            ("hri_bridge", switch(argument, "hri_bridge")),
            ("reactions", argument["reactions"]),
        )
        if wanted
    ]
    if autostart:
        # Handlers first, because they miss transitions that happen before they are registered.
        actions = [handler for node in managed for handler in bring_up(node)] + actions
    if images is not None:
        actions = [when_all_active(managed, images), *actions] if autostart else [*actions, images]
    return actions


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


def whole_number(argument: dict[str, str], name: str) -> int:
    """Return an argument that is a whole number.

    Raises:
        ValueError: It is not.
    """
    try:
        return int(argument[name])
    except ValueError:
        raise ValueError(
            f"launch argument {name}: {argument[name]!r} is not a whole number"
        ) from None


def middleware(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that makes Fast DDS carry camera images, unless the user set it up."""
    if environment.get("RMW_IMPLEMENTATION", FAST_DDS) != FAST_DDS or PROFILES in environment:
        return {}
    return {PROFILES: str(CONFIG / "fastdds.xml")}


def bring_up(node: LifecycleNode) -> list[Action]:
    """Return handlers that configure `node` whenever it starts, and then activate it."""

    def change(transition: int) -> ChangeState:
        return ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)

    async def configure(context: LaunchContext) -> None:
        # The services of a killed node remain visible for seconds, and requests to them are lost.
        # An answer shows that the new node is there.
        service = f"{node.node_name}/get_state"
        await first_answer(get_ros_node(context), lifecycle_msgs.srv.GetState, service)
        context.emit_event_sync(change(transitions.TRANSITION_CONFIGURE))

    transitions = lifecycle_msgs.msg.Transition
    return [
        RegisterEventHandler(
            OnProcessStart(target_action=node, on_start=[until_shutdown(configure)])
        ),
        # Only after configuring: a node that an operator deactivated stays inactive.
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state="configuring",
                goal_state="inactive",
                entities=[EmitEvent(event=change(transitions.TRANSITION_ACTIVATE))],
            )
        ),
    ]


def incomplete_without(node: LifecycleNode) -> list[Action]:
    """Return handlers that say that the chain is incomplete; a robot's launch may go on without."""

    def report(what: str) -> Action:
        def say(context: LaunchContext) -> list[Action]:
            text = f"the chain to /action_recognition is incomplete: {node.node_name} {what}"
            return [] if context.is_shutdown else [LogInfo(msg=text)]

        return OpaqueFunction(function=say)

    failed = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="unconfigured",
        entities=[report("could not be configured; its error is above")],
    )
    ended = OnProcessExit(target_action=node, on_exit=[report("has ended")])
    return [RegisterEventHandler(failed), RegisterEventHandler(ended)]


def until_shutdown(work: Callable[[LaunchContext], Awaitable[None]]) -> Action:
    """Return an action that runs a coroutine, and stops it when the launch is shut down."""

    async def run(context: LaunchContext) -> None:
        # A cancelled task would end the launch at once, before its processes.
        with contextlib.suppress(asyncio.CancelledError):
            # A coroutine that starts after the shutdown is not cancelled.
            if not context.is_shutdown:
                await work(context)

    return OpaqueCoroutine(coroutine=run)


async def first_answer(client_node: rclpy.node.Node, service_type: Any, service: str) -> None:
    """Wait until a service answers an empty request; repeat the request until then.

    Args:
        client_node: The node that sends the request.
        service_type: Type of the service.
        service: Name of the service.
    """
    client = client_node.create_client(service_type, service)
    try:
        while True:
            answer = client.call_async(service_type.Request())
            for _ in range(POLLS):
                if answer.done():
                    return
                await asyncio.sleep(POLL_SECONDS)
            client.remove_pending_request(answer)
    finally:
        client_node.destroy_client(client)


def when_all_active(managed: list[LifecycleNode], images: Action) -> Action:
    """Return a handler that starts `images` once, when all `managed` nodes are active."""
    waiting = {id(node) for node in managed}

    def activated(context: LaunchContext) -> list[Action]:
        node = id(context.locals.event.action)
        if node not in waiting:
            return []
        waiting.remove(node)
        return [] if waiting else [images]

    return RegisterEventHandler(
        OnStateTransition(
            start_state="activating",
            goal_state="active",
            entities=[OpaqueFunction(function=activated)],
        )
    )
