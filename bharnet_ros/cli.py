"""The `bharnet` command."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bharnet_ros import __version__

ROS_ARGUMENTS = "--ros-args"
ROS_COMMANDS = ("run", "record")
BAD_INPUT = 2


@dataclass(frozen=True)
class Command:
    """One subcommand.

    Attributes:
        name: Its words, as typed.
        help: One line.
        add_arguments: Adds its options; imports whatever they need, when called.
        run: Carries it out and returns the exit status.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: Arguments without the program; None for those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    ros_arguments: list[str] = []
    if ROS_ARGUMENTS in given:
        position = given.index(ROS_ARGUMENTS)
        given, ros_arguments = given[:position], given[position:]
    options = _parser(given).parse_args(given)
    command: Command = options.command
    if ros_arguments and command.name not in ROS_COMMANDS:
        print(f"bharnet {command.name}: error: takes no {ROS_ARGUMENTS}", file=sys.stderr)
        return BAD_INPUT
    options.ros_arguments = ros_arguments
    try:
        return command.run(options)
    except (ValueError, OSError) as error:
        print(f"bharnet {command.name}: error: {error}", file=sys.stderr)
        return BAD_INPUT


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser whose chosen subcommand alone has its options.

    Options of some commands come from modules that import torch; nobody else waits for those.
    """
    words = [word for word in given if not word.startswith("-")]
    parser = argparse.ArgumentParser(
        prog="bharnet", description="Body and hand action recognition for robots."
    )
    parser.add_argument("--version", action="version", version=f"bharnet_ros {__version__}")
    groups = {"": parser.add_subparsers(metavar="COMMAND", required=True)}
    for command in COMMANDS:
        group, _, name = command.name.rpartition(" ")
        if group not in groups:
            groups[group] = (
                groups[""]
                .add_parser(group, help=GROUPS[group])
                .add_subparsers(metavar="WHAT", required=True)
            )
        subparser = groups[group].add_parser(name, help=command.help, description=command.help)
        if words[: len(command.name.split())] == command.name.split():
            command.add_arguments(subparser)
        subparser.set_defaults(command=command)
    return parser


def _add_chain(parser: argparse.ArgumentParser) -> None:
    """Add what the whole chain can be asked for."""
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
    parser.epilog = f"Whatever follows {ROS_ARGUMENTS} goes to ROS."


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_chain(parser)
    parser.add_argument(
        "--pace",
        choices=("steady", "fast", "camera"),
        default="steady",
        help="how to play a recording. steady: at its own rate, or slower where this machine is, "
        "every image used; fast: each image as soon as the one before is done; camera: at its "
        "own rate, images dropped where this machine is too slow (default: steady)",
    )


def _run(options: argparse.Namespace) -> int:
    from bharnet_ros.nodes.run import RunOptions, run

    return run(RunOptions(**_chain_options(options)))


def _chain_options(options: argparse.Namespace) -> dict[str, Any]:
    names = (
        *("source", "image_topic", "model", "device", "width", "height", "fps"),
        *("pace", "max_people", "loop"),
        "ros_arguments",
    )
    return {name: getattr(options, name) for name in names}


def _add_record(parser: argparse.ArgumentParser) -> None:
    from bharnet_ros.replay.recording_options import add_arguments

    _add_chain(parser)
    # Never "fast": a message must not be recorded at a time before its stamp.
    parser.add_argument(
        "--pace",
        choices=("steady", "camera"),
        default="steady",
        help="steady: as fast as this machine allows, at most at the source's own rate, every "
        "image used; camera: at its own rate, images dropped where this machine is too slow "
        "(default: steady)",
    )
    add_arguments(parser)


def _record(options: argparse.Namespace) -> int:
    from bharnet_ros.nodes.run import RunOptions, record
    from bharnet_ros.replay.recording_options import read_options

    return record(RunOptions(**_chain_options(options)), read_options(options))


def _add_extract(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clip", metavar="CLIP", help="a video file or a folder of images")
    parser.add_argument("--out", metavar="FILE", required=True, help="where to write the .npz")


def _extract(options: argparse.Namespace) -> int:
    from bharnet_ros.pose.clip import run

    return run(options.clip, options.out)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="NAME", default="gestures", help="name or folder of a model bundle"
    )


def _doctor(options: argparse.Namespace) -> int:
    from bharnet_ros.nodes.doctor import examine

    return examine(options.model)


def _elsewhere(
    module: str,
) -> tuple[
    Callable[[argparse.ArgumentParser], None],
    Callable[[argparse.Namespace], int],
]:
    """Return the `add_arguments` and `run` of a module that is imported when one is called."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        importlib.import_module(module).add_arguments(parser)

    def run(options: argparse.Namespace) -> int:
        return int(importlib.import_module(module).run(options))

    return add_arguments, run


GROUPS = {"evaluate": "measure a model", "bench": "measure what things cost"}

COMMANDS = (
    Command("run", "print the action events of a source", _add_run, _run),
    Command(
        "crop",
        "write the keypoints of videos with crops around hands and body",
        *_elsewhere("bharnet_ros.datasets.crop"),
    ),
    Command(
        "draw",
        "write labelled clips of the puppet holding things, with crops",
        *_elsewhere("bharnet_ros.datasets.draw"),
    ),
    Command("extract", "write the keypoints of a clip to a file", _add_extract, _extract),
    Command("record", "record what the chain makes of a source", _add_record, _record),
    Command(
        "convert",
        "write a clip as a ROS recording (rosbag2)",
        *_elsewhere("bharnet_ros.replay.convert"),
    ),
    Command(
        "evaluate clips",
        "classify the clips of a keypoint file",
        *_elsewhere("bharnet_ros.evaluation.clips"),
    ),
    Command(
        "evaluate folds",
        "score each model of a cross-validation on its own fold",
        *_elsewhere("bharnet_ros.evaluation.folds"),
    ),
    Command(
        "evaluate compare",
        "compare variants of the network on the same people",
        *_elsewhere("bharnet_ros.evaluation.comparison"),
    ),
    Command(
        "evaluate sparse",
        "hold the ensemble against the body expert where hands are missing",
        *_elsewhere("bharnet_ros.evaluation.sparse"),
    ),
    Command(
        "evaluate robustness",
        "measure lost frames, noise, mirroring and other frame rates",
        *_elsewhere("bharnet_ros.evaluation.robustness"),
    ),
    Command(
        "evaluate calibration",
        "measure calibration and the rejection of unknown motion",
        *_elsewhere("bharnet_ros.evaluation.calibration"),
    ),
    Command(
        "evaluate bag",
        "hold the events of recordings against the truth",
        *_elsewhere("bharnet_ros.evaluation.bags"),
    ),
    Command(
        "evaluate ceiling",
        "list what every model always misses: wrong labels, foreign signs",
        *_elsewhere("bharnet_ros.evaluation.ceiling"),
    ),
    Command(
        "evaluate streams",
        "find events in long streams spliced from unseen people's clips",
        *_elsewhere("bharnet_ros.evaluation.streams"),
    ),
    Command(
        "evaluate recordings",
        "find events in the recordings of a continuous data set",
        *_elsewhere("bharnet_ros.evaluation.recordings"),
    ),
    Command(
        "evaluate puppet",
        "find events in minutes of the puppet, by its exact keypoints",
        *_elsewhere("bharnet_ros.evaluation.puppet_streams"),
    ),
    Command(
        "bench network",
        "count a network's parameters and multiplications, and time its folding",
        *_elsewhere("bharnet_ros.evaluation.network_cost"),
    ),
    Command("train", "train a model", *_elsewhere("bharnet_ros.training.train")),
    Command("doctor", "tell whether everything needed is here and works", _add_doctor, _doctor),
)


if __name__ == "__main__":
    sys.exit(main())
