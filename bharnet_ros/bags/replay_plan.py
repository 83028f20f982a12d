"""The topics that a replay reads, chosen once before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, choose_stage, model_info_topic, origin_of
from bharnet_ros.types.errors import InputError

_SCORED = (Stage.KEYPOINTS, Stage.IMAGES)
"""Stages from which a replay computes scores."""


@dataclass(frozen=True)
class ReplayPlan:
    """What a replay starts from.

    Attributes:
        stage: Kind of messages that are read.
        topic: Their topic.
        origin_ns: Stamp at which the recording starts, nanoseconds.
        model_info: For events and scores, the topic that describes their model; else, and if there
            is none, None.
    """

    stage: Stage
    topic: str
    origin_ns: int
    model_info: str | None = None


def plan_replay(
    recording: Recording, settings: ReplaySettings, excluded: Sequence[str] = ()
) -> ReplayPlan:
    """Choose what a replay starts from.

    The topics of the depth beside images are chosen by `RecordedDepth`.

    Args:
        recording: An open recording.
        settings: What was asked for.
        excluded: Topics never to choose, such as that of the truth.

    Raises:
        InputError: A topic is missing, or several fit; names file and topic.
    """
    stages = _SCORED if settings.chooses_classes else tuple(Stage)
    if settings.stage is not None and settings.stage not in stages:
        raise InputError(
            f"{recording.path}: recorded {settings.stage.value} are of the classes that were "
            "recognised then; other classes need keypoints or images"
        )
    stage, topic = choose_stage(recording, settings.stage, settings.topic, excluded, among=stages)
    origin_ns = origin_of(recording, topic if stage is Stage.IMAGES else None)
    described = stage in (Stage.EVENTS, Stage.SCORES)
    info = model_info_topic(recording, topic) if described else None
    _refuse_idle(recording, settings, stage, info is not None)
    return ReplayPlan(stage, topic, origin_ns, info)


def _refuse_idle(
    recording: Recording, settings: ReplaySettings, stage: Stage, described: bool
) -> None:
    """Refuse settings that can have no effect on what was recorded.

    Args:
        recording: An open recording.
        settings: What was asked for.
        stage: Kind of messages that are read.
        described: Whether the recording says which model they are of.

    Raises:
        InputError: A setting can have no effect; names it.
    """
    idle = {
        # Without a description of the model, it names the classes.
        "model": stage is Stage.EVENTS and described and settings.model,
        "params-file": stage is Stage.EVENTS and settings.parameter_file,
        "device": stage not in _SCORED and settings.device,
    }
    for option, given in idle.items():
        if given:
            raise InputError(
                f"{recording.path}: --{option} has no effect on recorded {stage.value}; --from "
                "keypoints or --from images computes them anew"
            )
    if settings.sync_slop_s is not None:
        parameters = settings.parameters("pose_extraction")
        if stage is not Stage.IMAGES or not parameters["use_depth"]:
            raise InputError(f"{recording.path}: --sync-slop has no effect without --use-depth")
