"""The options of commands that replay recordings: where to start, which model and parameters."""

from __future__ import annotations

import argparse
from pathlib import Path

from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.types.actions import KEEP_NONE
from bharnet_ros.types.errors import InputError

_IMAGE_OPTIONS = (
    *("image_topic", "max_people", "engine", "model_folder", "roi"),
    *("use_depth", "depth_topic", "camera_info_topic"),
)
"""Options that start the replay from images."""


def add_replay_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `replay_settings_from` reads."""
    parser.add_argument(
        "--from",
        dest="stage",
        choices=[stage.value for stage in Stage],
        help="what to read from the bags; the rest is computed (default: the latest stage there)",
    )
    topic = parser.add_mutually_exclusive_group()
    topic.add_argument("--image-topic", metavar="TOPIC", help="read the images of this topic")
    topic.add_argument("--topic", metavar="TOPIC", help="start from this topic")
    parser.add_argument(
        "--max-people",
        type=int,
        metavar="N",
        help="greatest number of people to track in images (default: as in the parameters, 1)",
    )
    add_engine_arguments(parser, default=None)
    parser.add_argument(
        "--use-depth",
        action="store_true",
        help="read images, and locate people in camera coordinates by the recorded depth",
    )
    parser.add_argument(
        "--depth-topic",
        metavar="TOPIC",
        help="depth registered to the images (default: the only one)",
    )
    parser.add_argument(
        "--camera-info-topic",
        metavar="TOPIC",
        help="camera information of the images (default: the only one, or the only one in the "
        "namespace of the images)",
    )
    parser.add_argument(
        "--sync-slop",
        type=float,
        metavar="SECONDS",
        help="greatest difference between the stamps of an image and its depth or camera "
        "information (default: as in the parameters, 0.02)",
    )
    parser.add_argument("--model", help="folder or name of a model bundle")
    parser.add_argument(
        "--gestures", metavar="DIR", help="gesture set of `bharnet teach` to recognise too"
    )
    parser.add_argument(
        "--only", action="store_true", help="with --gestures: recognise no classes of the model"
    )
    parser.add_argument("--device", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--params-file",
        type=Path,
        metavar="FILE",
        help="parameters of the nodes (default: config/recognize.yaml)",
    )


def replay_settings_from(arguments: argparse.Namespace) -> ReplaySettings:
    """Return the settings of a replay.

    Raises:
        InputError: An option for images is given, and the replay starts from something else.
    """
    stage = None if arguments.stage is None else Stage(arguments.stage)
    for option in _IMAGE_OPTIONS:
        if getattr(arguments, option) not in (None, False):
            if stage not in (None, Stage.IMAGES):
                name = option.replace("_", "-")
                raise InputError(f"--{name}: cannot be used with --from {arguments.stage}")
            stage = Stage.IMAGES
    return ReplaySettings(
        stage=stage,
        topic=arguments.image_topic or arguments.topic,
        model=arguments.model,
        gestures=arguments.gestures,
        keep_classes=KEEP_NONE if arguments.only else None,
        device=arguments.device,
        parameter_file=arguments.params_file,
        max_people=arguments.max_people,
        **engine_options(arguments),
        use_depth=arguments.use_depth,
        depth_topic=arguments.depth_topic,
        camera_info_topic=arguments.camera_info_topic,
        sync_slop_s=arguments.sync_slop,
    )
