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
    return ReplayPlan(
        stage, topic, origin_ns, model_info_topic(recording, topic) if described else None
    )
