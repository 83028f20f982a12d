"""The command `bharnet page`: a web page to see the chain, teach it and tune it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

from bharnet_ros.nodes.options import ChainOptions, add_chain_arguments, read_chain_options
from bharnet_ros.recognition.background import BACKGROUND_FILE
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.paths import expand_home

TAKES_ROS_ARGUMENTS = True

_DEFAULT_MODEL = "gestures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet page`."""
    add_chain_arguments(parser, without_source="a chain that runs")
    parser.set_defaults(pace=None)
    parser.description = (
        "Serve a web page to see the chain, teach it and tune it. With --source or --image-topic "
        "the chain is started too; without, the page attaches to a chain that runs."
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace of the chain (default: that of ROS)"
    )
    parser.add_argument("--port", type=int, metavar="PORT", help="TCP port (default: 8090)")
    parser.add_argument(
        "--listen",
        action="store_true",
        help="let other machines use the page, with a token that is printed (default: only this "
        "machine)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet page` and return the exit status.

    Raises:
        InputError: An argument cannot be used; names it.
        OSError: The folder of the gesture set cannot be made.
    """
    port = arguments.port
    if port is not None and not 0 <= port <= 65535:
        raise InputError(f"--port: must be from 0 to 65535, got {port}")
    chain = _chain_to_start(read_chain_options(arguments))
    return _server().run_page(
        chain,
        namespace=arguments.namespace,
        port=port,
        listen=arguments.listen,
        ros_arguments=arguments.ros_arguments,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    try:
        return int(_server().run_page_node(arguments))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _server() -> ModuleType:
    """Return the module that serves the page.

    rclpy and NiceGUI take seconds to import; `--help` works without them.

    Raises:
        InputError: NiceGUI is not installed.
    """
    try:
        return importlib.import_module("bharnet_ros.nodes.page.main")
    except ModuleNotFoundError as error:
        if error.name in ("nicegui", "fastapi", "uvicorn"):
            raise InputError('the page needs NiceGUI: pip install "nicegui>=3.18,<4"') from None
        raise


def _chain_to_start(options: ChainOptions) -> ChainOptions | None:
    """Return the chain to start; None to attach to one that runs.

    Raises:
        InputError: Options of the chain are given, but nothing to start it with.
        OSError: The folder of the gesture set cannot be made, or there is no such model.
    """
    if options.source is None and options.image_topic is None:
        plain = ChainOptions(ros_arguments=options.ros_arguments)
        given = [
            one.name
            for one in fields(options)
            if getattr(options, one.name) != getattr(plain, one.name)
        ]
        if given:
            raise InputError(
                f"--{given[0].replace('_', '-')}: needs --source or --image-topic, because "
                "without one no chain is started"
            )
        return None
    if options.source is not None:  # one that ends would leave an empty page
        options = replace(options, loop=True)
    if options.gestures is not None:
        folder = expand_home(options.gestures, "--gestures")
    elif (find_model(options.model or _DEFAULT_MODEL) / BACKGROUND_FILE).exists():
        folder = _own_gestures()
    else:  # this model cannot be taught
        return options
    folder.mkdir(parents=True, exist_ok=True)
    return replace(options, gestures=str(folder))


def _own_gestures() -> Path:
    """Return the folder of the user's gesture set, so that teaching needs no preparation."""
    data = os.environ.get("XDG_DATA_HOME") or str(expand_home("~/.local/share", "XDG_DATA_HOME"))
    return Path(data) / "bharnet_ros" / "gestures"
