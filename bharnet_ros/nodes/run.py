"""The command `bharnet run`: run the chain and print one line for each event message."""

from __future__ import annotations

import argparse

from bharnet_ros.nodes.options import add_chain_arguments, read_chain_options

TAKES_ROS_ARGUMENTS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet run`."""
    add_chain_arguments(parser)
    parser.add_argument(
        "--pace",
        choices=("steady", "fast", "camera"),
        help="how to play a recording. steady: use every image, at the rate of the recording or "
        "slower if this machine is slow; fast: send each image as soon as the one before is "
        "processed; camera: keep the rate of the recording, a slow machine drops images "
        "(default: steady)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet run` and return the exit status.

    Raises:
        InputError: An argument cannot be used; names it.
        OSError: The source cannot be opened.
    """
    # rclpy takes a second to import and may be missing; `--help` works without it.
    from bharnet_ros.nodes.chain import run_chain
    from bharnet_ros.nodes.runtime.spin import run_process

    options = read_chain_options(arguments)
    return run_process(lambda: run_chain(options))
