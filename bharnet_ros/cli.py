"""The `bharnet` command.

Each folder lists its own commands in `commands.py`. A command is a module with `add_arguments`,
which declares its arguments, and `run`, which carries it out and returns the exit status.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

import bharnet_ros.bags.commands
import bharnet_ros.datasets.commands
import bharnet_ros.evaluation.commands
import bharnet_ros.gestures.commands
import bharnet_ros.nodes.commands
import bharnet_ros.training.commands
from bharnet_ros import __version__
from bharnet_ros.types.errors import InputError, one_line

Commands = Mapping[str, tuple[str, str]]
"""Maps each command to its one-line help and the module that implements it."""

COMMANDS: Commands = {
    **bharnet_ros.nodes.commands.COMMANDS,
    **bharnet_ros.gestures.commands.COMMANDS,
    **bharnet_ros.bags.commands.COMMANDS,
    **bharnet_ros.training.commands.COMMANDS,
    **bharnet_ros.evaluation.commands.COMMANDS,
    **bharnet_ros.datasets.commands.COMMANDS,
}
GROUPS = {"evaluate": "measure a model", "data": "create a data set"}
RENAMED = {
    "extract": "bharnet data extract",
    "crop": "bharnet data crop",
    "draw": "bharnet data puppet",
    "evaluate folds": "python -m research folds",
    "evaluate compare": "python -m research compare",
    "evaluate sparse": "python -m research sparse-hands",
    "evaluate robustness": "python -m research robustness",
    "evaluate calibration": "python -m research calibration",
    "evaluate ceiling": "python -m research label-ceiling",
    "evaluate streams": "python -m research long-streams spliced",
    "evaluate puppet": "python -m research long-streams puppet",
    "evaluate recordings": "python -m research long-streams recordings",
    "bench network": "python -m research network-cost",
}
"""Maps commands of earlier versions to the commands that replace them."""

ROS_ARGUMENTS = "--ros-args"
BAD_INPUT = 2
INTERRUPTED = 130
"""As shells report a program that SIGINT ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `bharnet` and return its exit status.

    Args:
        arguments: Command-line arguments without the program name; `sys.argv[1:]` if None.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for old, new in RENAMED.items():
        if given[: len(old.split())] == old.split():
            print(f"bharnet {old}: error: this command is now `{new}`", file=sys.stderr)
            return BAD_INPUT
    parser = argparse.ArgumentParser(
        prog="bharnet", description="Body and hand action recognition for robots."
    )
    parser.add_argument("--version", action="version", version=f"bharnet_ros {__version__}")
    return run_command(parser, COMMANDS, GROUPS, given)


def run_command(
    parser: argparse.ArgumentParser,
    commands: Commands,
    groups: Mapping[str, str],
    arguments: Sequence[str],
) -> int:
    """Run one of several commands and return its exit status.

    An `InputError` or `OSError` becomes one line on stderr and status 2, unless `--debug` is given.
    Ctrl-C becomes one line and status 130. Any other exception propagates: it is a bug.

    Args:
        parser: Parser with the name of the program; the commands are added to it.
        commands: All commands.
        groups: One-line help for each first word that several commands share.
        arguments: Command-line arguments without the program name.
    """
    try:
        return _run_command(parser, commands, groups, arguments)
    except KeyboardInterrupt:
        # Not again, while the interpreter closes what is open.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(f"\n{parser.prog}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run_command(
    parser: argparse.ArgumentParser,
    commands: Commands,
    groups: Mapping[str, str],
    arguments: Sequence[str],
) -> int:
    given, ros_arguments = _split_ros_arguments(arguments)
    name, module = _add_commands(parser, commands, groups, given)
    options = parser.parse_args(given)
    program = f"{parser.prog} {name}"
    if ros_arguments and not getattr(module, "TAKES_ROS_ARGUMENTS", False):
        print(f"{program}: error: takes no {ROS_ARGUMENTS}", file=sys.stderr)
        return BAD_INPUT
    options.ros_arguments = ros_arguments
    assert module is not None, "the parser refuses unknown commands"
    try:
        return int(module.run(options))
    except (InputError, OSError) as error:
        if options.debug:
            raise
        print(f"{program}: error: {one_line(_text(error))}", file=sys.stderr)
        return BAD_INPUT


def _text(error: Exception) -> str:
    """Return the text of an error; of the system's, the path and what is wrong with it."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)


def _split_ros_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    given = list(arguments)
    if ROS_ARGUMENTS not in given:
        return given, []
    position = given.index(ROS_ARGUMENTS)
    return given[:position], given[position:]


def _add_commands(
    parser: argparse.ArgumentParser,
    commands: Commands,
    groups: Mapping[str, str],
    given: Sequence[str],
) -> tuple[str, ModuleType | None]:
    """Add all commands to a parser; return the name and the module of the chosen one.

    Only the chosen module is imported: many import torch, and other commands should not wait
    for that.
    """
    words = [word for word in given if not word.startswith("-")]
    chosen: tuple[str, ModuleType | None] = "", None
    subparsers = {"": parser.add_subparsers(metavar="COMMAND", required=True)}
    for name, (help_line, module_name) in commands.items():
        group, _, last = name.rpartition(" ")
        if group not in subparsers:
            subparsers[group] = (
                subparsers[""]
                .add_parser(group, help=groups[group])
                .add_subparsers(metavar="WHAT", required=True)
            )
        subparser = subparsers[group].add_parser(last, help=help_line, description=help_line)
        if words[: len(name.split())] == name.split():
            module = importlib.import_module(module_name)
            module.add_arguments(subparser)
            chosen = name, module
        subparser.add_argument(
            "--debug", action="store_true", help="show the traceback of an input error"
        )
    return chosen


if __name__ == "__main__":
    sys.exit(main())
