"""The options of commands that choose a pose engine."""

from __future__ import annotations

import argparse
from typing import Any

from bharnet_ros.pose.engines import AUTO, engine_names
from bharnet_ros.pose.roi import WHOLE_IMAGE, parse_roi


def add_engine_arguments(parser: argparse.ArgumentParser, default: str | None = AUTO) -> None:
    """Add `--engine`, `--model-folder` and `--roi`.

    Args:
        parser: Gets the options.
        default: Engine if none is named; None to leave all three to the parameters of the node.
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
    parser.add_argument(
        "--roi",
        metavar="X,Y,W,H",
        default=None if default is None else ",".join(map(str, WHOLE_IMAGE)),
        help="part of each image in which people are looked for: left and upper edge, width and "
        "height, pixels (default: the whole image)",
    )


def engine_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_engine_arguments` as arguments of `PoseExtractor`.

    Raises:
        InputError: The region of interest is none.
    """
    roi = None if arguments.roi is None else parse_roi(arguments.roi)
    return {"engine": arguments.engine, "model_folder": arguments.model_folder, "roi": roi}
