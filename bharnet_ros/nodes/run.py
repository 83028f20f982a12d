"""The command `bharnet run`: the whole chain in one process, one printed line for each event."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields

TAKES_ROS_ARGUMENTS = True


@dataclass(frozen=True)
class RunOptions:
    """What `bharnet run` is asked for; None leaves a parameter at its default.

    Attributes:
        source: What `open_source` takes; None for the default of the node.
        image_topic: Camera topic to use in place of a source; of compressed images where its name
            ends as theirs do.
        model: Name or path of a model bundle.
        device: "auto", "cpu" or "cuda".
        width: Pixels, of the puppet or a webcam.
        height: Pixels, of the puppet or a webcam.
        fps: Frames per second in place of the source's own, or asked of a webcam.
        pace: How a recording is played. "steady": at its own rate, or slower where this machine
            is, and every image is used. "fast": each image as soon as the one before is done.
            "camera": at its own rate, and images are dropped where this machine is too slow.
        max_people: How many people are followed at most.
        loop: Whether the source starts again at its end, or a lost webcam when it is back.
        ros_arguments: Passed on to ROS.
    """

    source: str | None = None
    image_topic: str | None = None
    model: str | None = None
    device: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    pace: str = "steady"
    max_people: int | None = None
    loop: bool = False
    ros_arguments: Sequence[str] = ()

    @property
    def compressed(self) -> bool:
        """Whether the images of the camera topic are compressed."""
        return self.image_topic is not None and self.image_topic.endswith("/compressed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet run`."""
    add_chain_arguments(parser)
    parser.add_argument(
        "--pace",
        choices=("steady", "fast", "camera"),
        default="steady",
        help="how to play a recording. steady: at its own rate, or slower where this machine is, "
        "every image used; fast: each image as soon as the one before is done; camera: at its "
        "own rate, images dropped where this machine is too slow (default: steady)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet run`; returns the exit status.

    Raises:
        InputError: An argument cannot be used; names it.
    """
    # rclpy takes a second to import and may be missing; `--help` works without it.
    from bharnet_ros.nodes.chain import run_chain

    return run_chain(chain_options(arguments))


def add_chain_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that `bharnet run` and `bharnet record` share."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--source",
        metavar="SOURCE",
        help="puppet:SCRIPT, a video file, a folder of images or a webcam by its index or device "
        "(default: puppet:gestures)",
    )
    source.add_argument(
        "--image-topic",
        metavar="TOPIC",
        help="take the images of this topic, not of a source; compressed ones where it ends in "
        "/compressed",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="name or folder of a model bundle (default: gestures)"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where to compute")
    parser.add_argument(
        "--max-people",
        type=int,
        metavar="N",
        help="how many people to follow at most; each costs about as much time as the first "
        "(default: 1)",
    )
    parser.add_argument(
        "--width", type=int, metavar="PIXELS", help="of the puppet or a webcam, with --height"
    )
    parser.add_argument("--height", type=int, metavar="PIXELS")
    parser.add_argument(
        "--fps",
        type=float,
        metavar="RATE",
        help="frames each second: asked of a webcam, or in place of the source's own",
    )
    parser.add_argument(
        "--loop",
        action="store_true",
        help="start again at the end, or when a lost webcam is back",
    )
    parser.epilog = "Whatever follows --ros-args goes to ROS."


def chain_options(arguments: argparse.Namespace) -> RunOptions:
    """Return the options of the chain from parsed arguments."""
    return RunOptions(
        **{field.name: getattr(arguments, field.name) for field in fields(RunOptions)}
    )
