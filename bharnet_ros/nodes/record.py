"""The command `bharnet record`: run the chain and record what its nodes publish."""

from __future__ import annotations

import argparse

from bharnet_ros.bags.options import add_recording_arguments, read_options
from bharnet_ros.nodes.run import add_chain_arguments, chain_options

TAKES_ROS_ARGUMENTS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet record`."""
    add_chain_arguments(parser)
    # Never "fast": a message must not be recorded at a time before its stamp.
    parser.add_argument(
        "--pace",
        choices=("steady", "camera"),
        default="steady",
        help="steady: as fast as this machine allows, at most at the source's own rate, every "
        "image used; camera: at its own rate, images dropped where this machine is too slow "
        "(default: steady)",
    )
    add_recording_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet record`; returns the exit status.

    Raises:
        InputError: An argument cannot be used; names it.
        OSError: The recording cannot be written.
    """
    from bharnet_ros.nodes.chain import record_chain

    return record_chain(chain_options(arguments), read_options(arguments))
