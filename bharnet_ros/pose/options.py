"""The options of commands that choose a pose engine."""

from __future__ import annotations

import argparse
from typing import Any

from bharnet_ros.pose.engines import AUTO, engine_names


def add_engine_arguments(parser: argparse.ArgumentParser, default: str | None = AUTO) -> None:
    """Add `--engine` and `--model-folder`.

    Args:
        parser: Gets the options.
        default: Engine if none is named; None to leave both to the parameters of the node.
    """
    parser.add_argument(
        "--engine",
        choices=engine_names(),
        default=default,
        help="pose engine that finds bodies and hands; auto is direct, or mediapipe where that "
        "cannot be loaded (default: auto)",
    )
    parser.add_argument(
        "--model-folder",
        metavar="DIR",
        default=None if default is None else "",
        help="folder of .tflite files that the engine direct takes in place of those of the "
        "MediaPipe wheel",
    )


def engine_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_engine_arguments` as arguments of `PoseExtractor`."""
    return {"engine": arguments.engine, "model_folder": arguments.model_folder}
