"""Examples of gestures in a recording, cut out by its true actions."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bharnet_ros.bags.mistakes import SUFFIX, read_mistakes
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay_result import message_notes
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, choose_stage, origin_of
from bharnet_ros.bags.truth import TOPIC, TruthRow, read_truth
from bharnet_ros.gestures.watching import AROUND_NS, example_between
from bharnet_ros.messages.reading import keypoints_from_message, time_to_ns
from bharnet_ros.pipeline.images_to_keypoints import ImagesToKeypoints, open_extractor
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, KeypointSequence
from bharnet_ros.types.timeline import ANYBODY, TrueAction

_SHORTEST_REST_S, _LONGEST_REST_S = 0.5, 2.0
"""Pieces of what happens between true actions."""


class FoundExamples(NamedTuple):
    """Examples in a recording.

    Attributes:
        by_label: Examples of each label.
        notes: What was left out, and why.
    """

    by_label: dict[str, list[ClipKeypoints]]
    notes: list[str]


@dataclass
class _Action:
    """A true action and the frames around it."""

    row: TruthRow
    start_ns: int
    end_ns: int
    frames: list[FrameKeypoints] = field(default_factory=list)

    def example(self) -> ClipKeypoints:
        """Return the example.

        Raises:
            InputError: The person is not in view; names the line of the truth.
        """
        track = self.row.action.track_id
        try:
            return example_between(
                self.frames, self.start_ns, self.end_ns, None if track == ANYBODY else track
            )
        except InputError as error:
            raise InputError(f"{self.row.location}: {self.row.action.label}: {error}") from error


def examples_in(
    bag: Path,
    truth: str,
    settings: ReplaySettings | None = None,
    *,
    known: Collection[str] = (),
) -> FoundExamples:
    """Return an example of each true action in a recording.

    Args:
        bag: The recording, with keypoints or images.
        truth: Its true actions, as for `read_truth`, or the report of an evaluation, as for
            `read_mistakes`. Actions that are called `background` are examples of what is no
            gesture.
        settings: How to read the recording.
        known: Gestures whose mistakes in a report are taken.

    Raises:
        InputError: The recording or the truth cannot be used, there is no true action, or somebody
            is not in view; names the file, and the line if there is one. Of a report, mistakes
            whose person is not in view are left out instead, unless that is all of them.
        OSError: A file cannot be read.
    """
    of_report = truth.endswith(SUFFIX)

    def rows_of(recording: Recording, origin_ns: int) -> Sequence[TruthRow]:
        if of_report:
            return read_mistakes(Path(truth), recording.name, known)
        return read_truth(truth, recording, origin_ns)

    examples: dict[str, list[ClipKeypoints]] = {}
    actions, notes = _shown(bag, truth, settings or ReplaySettings(), rows_of)
    for action in actions:
        try:
            example = action.example()
        except InputError as error:
            if not of_report:
                raise
            notes.append(str(error))
            continue
        examples.setdefault(action.row.action.label, []).append(example)
    if not examples:
        raise InputError(notes[-1])
    return FoundExamples(examples, notes)


def labelled_clips(
    bag: Path, truth: str, settings: ReplaySettings | None = None
) -> list[tuple[TrueAction, KeypointSequence]]:
    """Return each true action in a recording, and what people did between them as `background`.

    Args:
        bag: The recording, with keypoints or images.
        truth: Its true actions, as for `read_truth`.
        settings: How to read the recording.

    Raises:
        InputError: As for `examples_in`.
        OSError: A file cannot be read.
    """

    def rows_of(recording: Recording, origin_ns: int) -> Sequence[TruthRow]:
        rows = read_truth(truth, recording, origin_ns)
        end_s = (recording.end_ns - recording.start_ns) / NANOSECONDS
        return [*rows, *_between(rows, end_s)] if rows else []

    clips = []
    actions, _ = _shown(bag, truth, settings or ReplaySettings(), rows_of)
    for action in actions:
        try:
            example = action.example()
        except InputError:
            if action.row.location:
                raise
            continue  # between two actions, nobody needs to be in view
        clips.append((action.row.action, example.motion_sequence()))
    return clips


def _between(rows: Sequence[TruthRow], end_s: float) -> Iterator[TruthRow]:
    """Yield pieces of background, without a location, from what no true action covers."""
    at = 0.0
    for start_s, stop_s in [
        *sorted((row.action.start_s, row.action.end_s) for row in rows),
        (end_s, end_s),
    ]:
        pieces = math.ceil((start_s - at) / _LONGEST_REST_S)
        if start_s - at >= _SHORTEST_REST_S:
            for times in pairwise(np.linspace(at, start_s, pieces + 1).tolist()):
                yield TruthRow(TrueAction(BACKGROUND, *times), "")
        at = max(at, stop_s)


def _shown(
    bag: Path,
    truth: str,
    settings: ReplaySettings,
    rows_of: Callable[[Recording, int], Sequence[TruthRow]],
) -> tuple[list[_Action], list[str]]:
    """Return what happened in a recording with its frames, and notes on its messages.

    Args:
        bag: The recording.
        truth: Source of the truth.
        settings: How to read the recording.
        rows_of: Returns what happened, of the open recording and its origin, nanoseconds.
    """
    excluded = [truth.removeprefix(TOPIC)] if truth.startswith(TOPIC) else []
    with Recording(bag) as recording:
        stage, topic = choose_stage(
            *(recording, settings.stage, settings.topic, excluded),
            among=(Stage.KEYPOINTS, Stage.IMAGES),
        )
        origin_ns = origin_of(recording, topic if stage is Stage.IMAGES else None)
        rows = rows_of(recording, origin_ns)
        if not rows:
            raise InputError(f"{truth}: has no true actions")
        actions = [
            _Action(
                row,
                origin_ns + round(row.action.start_s * NANOSECONDS),
                origin_ns + round(row.action.end_s * NANOSECONDS),
            )
            for row in rows
        ]
        log = CollectedLog()
        for frame in _frames(recording, stage, topic, settings, log):
            for action in actions:
                if action.start_ns - AROUND_NS <= frame.stamp_ns <= action.end_ns + AROUND_NS:
                    action.frames.append(frame)
        if log.rejected and not any(action.frames for action in actions):
            raise InputError(f"{bag}: topic {topic}: {log.rejected[-1]}")
    return actions, message_notes(log, topic)


def _frames(
    recording: Recording, stage: Stage, topic: str, settings: ReplaySettings, log: CollectedLog
) -> Iterator[FrameKeypoints]:
    """Yield the keypoints of each message that can be used; their stamps are set and rise."""
    newest_ns = 0
    for frame in _all_frames(recording, stage, topic, settings, log):
        if frame.stamp_ns > newest_ns:
            newest_ns = frame.stamp_ns
            yield frame


def _all_frames(
    recording: Recording, stage: Stage, topic: str, settings: ReplaySettings, log: CollectedLog
) -> Iterator[FrameKeypoints]:
    if stage is Stage.KEYPOINTS:
        stamps = StampCheck(log, "")
        for one in recording.messages(topic):
            try:
                stamps.take(time_to_ns(one.message.header.stamp))
                yield keypoints_from_message(one.message)
            except ValueError as error:
                log.reject(str(error))
        return
    extraction = settings.parameters("pose_extraction")
    with closing(open_extractor(extraction)) as extractor:
        to_keypoints = ImagesToKeypoints(
            extractor, log, frozen_timeout_s=extraction["frozen_timeout_s"]
        )
        for one in recording.messages(topic):
            frame = to_keypoints.take(one.message)
            if frame is not None:
                yield frame
