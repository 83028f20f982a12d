"""The command `bharnet record`: run the chain and record what its nodes publish."""

from __future__ import annotations

import argparse

from bharnet_ros.bags.options import add_recording_arguments, read_options
from bharnet_ros.nodes.options import add_chain_arguments, read_chain_options
from bharnet_ros.types.arguments import refuse_idle

TAKES_ROS_ARGUMENTS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet record`."""
    add_chain_arguments(parser)
    # Never "fast": it could record a message at a time before its stamp.
    parser.add_argument(
        "--pace",
        choices=("steady", "camera"),
        help="how to play a recording. steady: use every image, at the rate of the recording or "
        "slower if this machine is slow; camera: keep the rate of the recording, a slow machine "
        "drops images (default: steady)",
    )
    add_recording_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet record` and return the exit status.

    Raises:
        InputError: An argument cannot be used; names it.
        OSError: The source cannot be opened, or the recording cannot be written.
    """
    # rclpy takes a second to import and may be missing; `--help` works without it.
    from bharnet_ros.nodes.chain import record_chain
    from bharnet_ros.nodes.runtime.spin import run_process

    chain, recording = read_chain_options(arguments), read_options(arguments)
    if chain.compressed:
        why = "on images that arrive compressed: they are recorded unchanged"
        refuse_idle(arguments, ("raw", "format", "quality"), why)
    return run_process(lambda: record_chain(chain, recording))
