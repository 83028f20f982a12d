"""Play a recording through the chain from camera images to action events, in simulated time."""

from pathlib import Path

from launch.action import Action
from launch.actions import (
    ExecuteProcess,
    OpaqueFunction,
    Shutdown,
    TimerAction,
)
from launch.launch_description_sources import load_python_launch_file_as_module
from launch.substitutions import LaunchConfiguration

from launch import LaunchContext, LaunchDescription

recognize = load_python_launch_file_as_module(
    str(Path(__file__).resolve().parent / "recognize.launch.py")
)

LAST_IMAGE_SECONDS = 2.0
"""How long the chain has for the last image before it is shut down."""

OWN_ARGUMENTS = {
    "bag": (None, "Folder of the recording."),
    "rate": ("1.0", "How fast to play; images are dropped where this machine is too slow."),
    "start_offset": ("0.0", "Where in the recording to start, s."),
    "image_topic": ("/image_raw", "Topic of the recorded images, without /compressed."),
}
FIXED = {"use_sim_time": "true", "autostart": "true", "source": ""}
"""Arguments of recognize.launch.py that have one meaning here."""

ARGUMENTS = {
    **{name: given for name, given in recognize.ARGUMENTS.items() if name not in FIXED},
    **OWN_ARGUMENTS,
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the nodes and the player."""
    return LaunchDescription([*recognize.declare(ARGUMENTS), OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Return the nodes, and the player that starts when they are active."""
    argument = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    topic = argument["image_topic"]
    player = ExecuteProcess(
        cmd=[
            *("ros2", "bag", "play", argument["bag"]),
            *("--clock", "100"),
            *("--rate", argument["rate"]),
            *("--start-offset", argument["start_offset"]),
            "--disable-keyboard-controls",
            # Nothing else: what the chain itself once published must not come twice.
            *("--topics", topic, f"{topic}/compressed"),
        ],
        output="screen",
        additional_env=recognize.common_settings({**argument, **FIXED})["additional_env"],
        # Simulated time stands still at the end of the recording, so no open event would ever
        # end; the shutdown ends it.
        on_exit=[
            TimerAction(
                period=LAST_IMAGE_SECONDS, actions=[Shutdown(reason="the recording is over")]
            )
        ],
    )
    return recognize.chain({**argument, **FIXED}, player)
