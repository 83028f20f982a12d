"""What a replay starts from: chosen once, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, choose_stage, origin_of


@dataclass(frozen=True)
class ReplayPlan:
    """What a replay starts from.

    Attributes:
        stage: Kind of messages that are taken from the recording.
        topic: Their topic.
        origin_ns: Stamp at which the recording starts, nanoseconds.
    """

    stage: Stage
    topic: str
    origin_ns: int


def plan_replay(
    recording: Recording, settings: ReplaySettings, left_out: Sequence[str] = ()
) -> ReplayPlan:
    """Choose what a replay starts from.

    Args:
        recording: An open recording.
        settings: What was asked for.
        left_out: Topics that hold something else, such as the truth.

    Raises:
        InputError: There is no such topic, or several would do; names file and topic.
    """
    stage, topic = choose_stage(recording, settings.stage, settings.topic, left_out)
    return ReplayPlan(stage, topic, origin_of(recording, topic if stage is Stage.IMAGES else None))
