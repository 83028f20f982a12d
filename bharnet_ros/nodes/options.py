"""Options that `bharnet run`, `record` and `page` share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields

from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.types.actions import KEEP_NONE
from bharnet_ros.types.arguments import refuse_idle


@dataclass(frozen=True)
class ChainOptions:
    """What to run; None leaves a parameter at its default.

    Attributes:
        source: A source as `open_source` takes it; None for the default of the node.
        image_topic: Camera topic that replaces the source; its images are compressed if its name
            ends in /compressed.
        model: Name or path of a model bundle.
        gestures: Folder of a gesture set.
        keep_classes: Classes of the model to recognise.
        device: "auto", "cpu" or "cuda".
        width: Pixels, of the puppet or a webcam.
        height: Pixels, of the puppet or a webcam.
        fps: Frames per second of a webcam, or in place of the source's own rate.
        pace: How a recording is played. "steady" uses every image, at the rate of the recording or
            slower if this machine is slow. "fast" sends each image as soon as the one before is
            processed. "camera" keeps the rate of the recording, and a slow machine drops images.
        max_people: Maximum number of people to track.
        engine: Pose engine.
        model_folder: Folder of networks of the pose engine.
        roi: Part of the images in which people are looked for: x, y, width and height, pixels.
        wait_for_action: Whether to offer the action `wait_for_action`.
        reactions: File of what to do about events.
        loop: Whether the source restarts at its end, or a lost webcam is reopened when it is back.
        ros_arguments: Passed on to ROS.
    """

    source: str | None = None
    image_topic: str | None = None
    model: str | None = None
    gestures: str | None = None
    keep_classes: str | None = None
    device: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    pace: str = "steady"
    max_people: int | None = None
    engine: str | None = None
    model_folder: str | None = None
    roi: Sequence[int] | None = None
    wait_for_action: bool = False
    reactions: str | None = None
    loop: bool = False
    ros_arguments: Sequence[str] = ()

    @property
    def compressed(self) -> bool:
        """Whether the images of the camera topic are compressed."""
        return self.image_topic is not None and self.image_topic.endswith("/compressed")


def add_chain_arguments(
    parser: argparse.ArgumentParser, *, without_source: str = "puppet:gestures"
) -> None:
    """Add the options of `ChainOptions` to a command, except `--pace`.

    Args:
        parser: Parser of the command.
        without_source: What the command takes without a source, for the help.
    """
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--source",
        metavar="SOURCE",
        help="puppet:SCRIPT, a video file, a folder of images, a webcam by its index or device, or "
        f"the address of a stream, such as rtsp://CAMERA/PATH (default: {without_source})",
    )
    source.add_argument(
        "--image-topic",
        metavar="TOPIC",
        help="use the images of this topic; they are compressed if it ends in /compressed",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="name or folder of a model bundle (default: gestures)"
    )
    parser.add_argument(
        "--gestures",
        metavar="DIR",
        help="gesture set of `bharnet teach` whose gestures are recognised too",
    )
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument(
        "--only",
        dest="keep_classes",
        action="store_const",
        const=KEEP_NONE,
        help="with --gestures: recognise no classes of the model",
    )
    classes.add_argument(
        "--keep-classes",
        metavar="NAMES",
        help="classes of the model to recognise, separated by commas (default: all)",
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), help="where the model runs (default: auto)"
    )
    parser.add_argument(
        "--max-people",
        type=int,
        metavar="N",
        help="maximum number of people to track; each costs about as much time as the first "
        "(default: 1)",
    )
    add_engine_arguments(parser, default=None)
    parser.add_argument(
        "--width",
        type=int,
        metavar="PIXELS",
        help="width of the puppet's or a webcam's images; needs --height",
    )
    parser.add_argument(
        "--height", type=int, metavar="PIXELS", help="height of the puppet's or a webcam's images"
    )
    parser.add_argument(
        "--fps",
        type=float,
        metavar="RATE",
        help="frames per second of a webcam, or in place of the source's own rate",
    )
    parser.add_argument(
        "--loop",
        action="store_true",
        help="restart the source at its end, or reopen a lost webcam when it is back",
    )
    parser.add_argument(
        "--wait-for-action",
        action="store_true",
        help="offer the action wait_for_action, for behaviour trees",
    )
    parser.add_argument(
        "--reactions",
        metavar="FILE",
        help="do what this file says when an action begins or ends",
    )
    parser.epilog = "Whatever follows --ros-args goes to ROS."


def read_chain_options(arguments: argparse.Namespace) -> ChainOptions:
    """Return the options that `add_chain_arguments` added, and `--pace`.

    Raises:
        InputError: An option can have no effect, or the region of interest is none; names it.
    """
    if arguments.image_topic is not None:
        names = ("width", "height", "fps", "loop", "pace")
        refuse_idle(arguments, names, "with --image-topic: the camera decides")
    # Imports OpenCV, which `--help` works without.
    from bharnet_ros.sources.webcam import is_webcam

    source = (arguments.source or "").strip()
    if source and is_webcam(source):
        refuse_idle(arguments, ("pace",), "on a webcam, which sets the pace itself")
    given = {field.name: getattr(arguments, field.name) for field in fields(ChainOptions)}
    given |= {"pace": given["pace"] or ChainOptions.pace, **engine_options(arguments)}
    return ChainOptions(**given)
