"""Keypoint streams through the recognition core: frames in, a `Timeline` out, without ROS."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason
from bharnet_ros.types.keypoints import (
    NANOSECONDS,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
)
from bharnet_ros.types.timeline import Timeline, TraceCollector, TrueAction, found_events

_SCORED_AT_ONCE = 32
"""Times whose windows go through the network together."""


@dataclass(frozen=True, eq=False)
class ScoredRecording:
    """A recording whose windows were scored, so that events can be found with any parameters.

    Attributes:
        name: Of the recording.
        class_names: Names of the classes in the order of the probabilities.
        truth: True actions.
        scores: One for each stride.
        first_ns: Stamp of the first frame, nanoseconds.
        last_ns: Stamp of the last one.
        frames: How many there are.
    """

    name: str
    class_names: tuple[str, ...]
    truth: tuple[TrueAction, ...]
    scores: tuple[ActionScores, ...]
    first_ns: int
    last_ns: int
    frames: int


def add_event_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--event`, which changes parameters of events."""
    parser.add_argument(
        "--event",
        nargs="+",
        default=[],
        type=_change,
        metavar="NAME=VALUE",
        help="parameters of events other than the default, as smoothing_s=0.1",
    )


def _change(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


def frames_of(person: KeypointSequence) -> Iterator[FrameKeypoints]:
    """Yield the frames of one person, stamped from the first one on.

    Raises:
        InputError: The body is not in MediaPipe's numbering.
    """
    track = person.track_id or "1"
    for stamp, body, hands, scores in zip(
        person.stamps - person.stamps[0], person.body, person.hands, person.hand_scores, strict=True
    ):
        one = PersonKeypoints(track_id=track, body=body, hands=hands, hand_scores=scores)
        yield FrameKeypoints(round(stamp * NANOSECONDS), person.width, person.height, (one,))


def score_frames(
    frames: Iterable[FrameKeypoints], recognizer: Recognizer, *, window_s: float | None = None
) -> list[ActionScores]:
    """Return the scores that a robot would have, had it lost no frame.

    Args:
        frames: By rising stamps.
        recognizer: What scores the windows.
        window_s: Length of the window, seconds; None means the model's.

    Raises:
        InputError: Stamps do not rise.
    """
    stream = SlidingRecognizer(recognizer, window_s=window_s)
    due = [windows for frame in frames if (windows := stream.push(frame)) is not None]
    return [
        scores
        for first in range(0, len(due), _SCORED_AT_ONCE)
        for scores in _score(recognizer, due[first : first + _SCORED_AT_ONCE], stream.window_s)
    ]


def _score(
    recognizer: Recognizer, due: Sequence[DueWindows], window_s: float
) -> Iterator[ActionScores]:
    """Yield what `SlidingRecognizer.score` gives for each; together, it takes half the time."""
    sequences = [sequence for windows in due for sequence in windows.sequences]
    tracks = iter(recognizer.score(sequences, 0, window_s=window_s).tracks)
    for windows in due:
        stamp = windows.stamp_ns
        shifted = (
            replace(one, window_start_ns=one.window_start_ns + stamp, window_end_ns=stamp)
            for one in itertools.islice(tracks, len(windows.sequences))
        )
        yield ActionScores(stamp, tuple(shifted), windows.frame_id, recognizer.description.name)


def detect_events(
    scores: Sequence[ActionScores], class_names: Sequence[str], parameters: EventParameters
) -> list[ActionEvent]:
    """Return the ONSETs and OFFSETs of a whole recording, the last events ended by its end."""
    detector = EventFinder(class_names, parameters)
    events = [event for one in scores for event in detector.update(one)]
    return events + detector.close(OffsetReason.SHUTDOWN)


def score_recording(
    name: str,
    frames: Sequence[FrameKeypoints],
    truth: Sequence[TrueAction],
    recognizer: Recognizer,
    *,
    window_s: float | None = None,
) -> ScoredRecording:
    """Score a whole recording.

    Args:
        name: Of the recording.
        frames: All of it, by rising stamps; the first stamp is zero seconds.
        truth: True actions; those that are no class of the model are left out.
        recognizer: What scores the windows.
        window_s: Length of the window, seconds; None means the model's.

    Raises:
        InputError: Stamps do not rise.
    """
    class_names = recognizer.description.class_names
    return ScoredRecording(
        name=name,
        class_names=class_names,
        truth=tuple(action for action in truth if action.label in class_names),
        scores=tuple(score_frames(frames, recognizer, window_s=window_s)),
        first_ns=frames[0].stamp_ns,
        last_ns=frames[-1].stamp_ns,
        frames=len(frames),
    )


def timeline_of(recording: ScoredRecording, parameters: EventParameters) -> Timeline:
    """Return what is true of a recording beside the events found in it with these parameters."""
    events = detect_events(recording.scores, recording.class_names, parameters)
    collector = TraceCollector()
    for scores in recording.scores:
        collector.take(scores)
    return Timeline(
        name=recording.name,
        duration_s=(recording.last_ns - recording.first_ns) / NANOSECONDS,
        truth=recording.truth,
        events=found_events(events, recording.first_ns),
        class_names=recording.class_names,
        traces=collector.traces(recording.first_ns),
        frames=recording.frames,
    )
