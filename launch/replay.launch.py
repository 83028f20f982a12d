"""Play a recording through the chain from camera images to action events, in simulated time."""

import asyncio
from pathlib import Path

import diagnostic_msgs.msg
import rclpy.node
import rosbag2_interfaces.srv
import rosbag2_py
from launch.action import Action
from launch.actions import (
    ExecuteProcess,
    OpaqueFunction,
    Shutdown,
    TimerAction,
)
from launch.events.process import ProcessExited
from launch.launch_description_sources import load_python_launch_file_as_module
from launch.substitutions import LaunchConfiguration
from launch_ros.ros_adapters import get_ros_node

from launch import LaunchContext, LaunchDescription

recognize = load_python_launch_file_as_module(
    str(Path(__file__).resolve().parent / "recognize.launch.py")
)

LAST_IMAGE_SECONDS = 2.0
"""Time for the chain to process the last image before the shutdown."""

READ_AHEAD = 100
"""Number of messages that the player holds in memory; 1000 raw images would be a gigabyte."""

PLAYER = "/rosbag2_player"

OWN_ARGUMENTS = {
    "bag": (None, "Folder of the recording."),
    "rate": ("1.0", "How fast to play; a machine that is too slow drops images."),
    "start_offset": ("0.0", "Where in the recording to start, s."),
    "image_topic": ("/image_raw", "Topic of the recorded images."),
}
FIXED = {"use_sim_time": "true", "autostart": "true", "source": "", "one_process": "false"}
"""Arguments of recognize.launch.py with fixed values here."""

ARGUMENTS = {
    **{name: text for name, text in recognize.ARGUMENTS.items() if name not in FIXED},
    **OWN_ARGUMENTS,
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the nodes and the player."""
    return LaunchDescription([*recognize.declare(ARGUMENTS), OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Return the nodes, and the player, which waits for them."""
    argument = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    argument = recognize.with_transport({**argument, **FIXED})
    transports = recorded_transports(argument)
    if len(transports) == 1:
        argument["image_transport"] = next(iter(transports))
    topics = list(transports.values())
    if argument["use_depth"] and recognize.switch(argument, "use_depth"):
        topics += [
            absolute(argument["namespace"], argument[name])
            for name in ("depth_topic", "camera_info_topic")
        ]
    player = ExecuteProcess(
        cmd=[
            *("ros2", "bag", "play", argument["bag"]),
            *("--clock", "100"),
            *("--rate", argument["rate"]),
            *("--start-offset", argument["start_offset"]),
            *("--read-ahead-queue-size", str(READ_AHEAD)),
            # Otherwise it plays at once, and subscribers that find it later miss the beginning.
            "--start-paused",
            "--disable-keyboard-controls",
            # Nothing else: recorded outputs of the chain must not mix with the new ones.
            *("--topics", *topics),
        ],
        output="screen",
        additional_env=recognize.common_settings(argument)["additional_env"],
        on_exit=end,
    )
    names = [absolute(argument["namespace"], name) for name in recognize.MANAGED]

    async def resume(context: LaunchContext) -> None:
        node = get_ros_node(context)
        await simulated_time(node, names)
        await recognize.bring_up.first_answer(
            node, rosbag2_interfaces.srv.Resume, f"{PLAYER}/resume"
        )

    return [player, *recognize.nodes(argument, recognize.bring_up.until_shutdown(resume))]


def absolute(namespace: str, name: str) -> str:
    """Return the absolute form of a name that may be relative to a namespace."""
    return name if name.startswith("/") else f"/{namespace}/{name}".replace("//", "/")


def recorded_transports(argument: dict[str, str]) -> dict[str, str]:
    """Return the topic of the images for each transport with which they were recorded.

    Args:
        argument: Values of `ARGUMENTS`.

    Raises:
        ValueError: The recording cannot be read, or has no such images; names it and the topic.
    """
    bag, topic, wanted = argument["bag"], argument["image_topic"], argument["image_transport"]
    topics = {"raw": topic, "compressed": f"{topic}/compressed"}
    if wanted and wanted not in topics:
        raise ValueError(f"launch argument image_transport: {wanted!r} is not raw or compressed")
    try:
        metadata = rosbag2_py.Info().read_metadata(bag, "")
    except RuntimeError as error:
        raise ValueError(f"launch argument bag: {bag!r} cannot be read: {error}") from None
    recorded = sorted(
        {one.topic_metadata.name for one in metadata.topics_with_message_count if one.message_count}
    )
    candidates = {wanted: topics[wanted]} if wanted else topics
    found = {name: image for name, image in candidates.items() if image in recorded}
    if not found:
        expected = " or ".join(candidates.values())
        raise ValueError(
            f"launch argument image_topic: {bag} has no images on {expected}; "
            f"it has {', '.join(recorded) or 'no messages'}"
        )
    return found


async def simulated_time(node: rclpy.node.Node, names: list[str]) -> None:
    """Wait until nodes receive the player's clock: their diagnostics are stamped with its time.

    Args:
        node: Subscribes to /diagnostics.
        names: Full names of the nodes.
    """
    waiting = set(names)

    def take(message: diagnostic_msgs.msg.DiagnosticArray) -> None:
        stamp = message.header.stamp
        if stamp.sec or stamp.nanosec:
            waiting.difference_update(one.name.split(":")[0] for one in message.status)

    subscription = node.create_subscription(
        diagnostic_msgs.msg.DiagnosticArray, "/diagnostics", take, 10
    )
    try:
        while waiting:
            await asyncio.sleep(recognize.bring_up.POLL_SECONDS)
    finally:
        node.destroy_subscription(subscription)


def end(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """Return the actions that end the launch after the last image.

    Simulated time stands still at the end of the recording, so an open event would never end; the
    shutdown ends it.

    Raises:
        RuntimeError: The player failed.
    """
    if context.is_shutdown:
        return []
    if event.returncode:
        raise RuntimeError(f"ros2 bag play failed with status {event.returncode}")
    shutdown = Shutdown(reason="the recording is over")
    return [TimerAction(period=LAST_IMAGE_SECONDS, actions=[shutdown])]
