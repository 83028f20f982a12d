"""Run keypoint recordings through the recognition core: frames in, a `Timeline` out, no ROS."""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import (
    NANOSECONDS,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
)
from bharnet_ros.types.timeline import Timeline, TraceCollector, TrueAction, found_events

_SCORED_AT_ONCE = 32
"""Number of strides whose windows go through the network together."""


@dataclass(frozen=True, eq=False)
class ScoredRecording:
    """A recording with scored windows, in which events can be found with any parameters.

    Attributes:
        name: Name of the recording.
        class_names: Names of the classes in the order of the probabilities.
        truth: True actions.
        scores: Scores of each stride.
        first_ns: Stamp of the first frame, nanoseconds.
        last_ns: Stamp of the last frame, nanoseconds.
        frames: Number of frames.
    """

    name: str
    class_names: tuple[str, ...]
    truth: tuple[TrueAction, ...]
    scores: tuple[ActionScores, ...]
    first_ns: int
    last_ns: int
    frames: int


def add_event_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--event`, which overrides event parameters."""
    parser.add_argument(
        "--event",
        nargs="+",
        default=[],
        type=_event_parameter,
        metavar="NAME=VALUE",
        help="event parameters that override the default, such as smoothing_s=0.1",
    )


def _event_parameter(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER") from None


def frames_of(person: KeypointSequence) -> Iterator[FrameKeypoints]:
    """Yield the frames of one person; the first has stamp zero.

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
    """Return the scores that a robot would compute if it lost no frame.

    Args:
        frames: Frames with rising stamps.
        recognizer: Scores the windows.
        window_s: Length of the window, seconds; None means the model's.

    Raises:
        InputError: Stamps do not rise, or the window is not positive and finite.
    """
    if window_s is not None and not 0 < window_s < math.inf:
        raise InputError(f"window_s: must be positive and finite, got {window_s}")
    sliding = SlidingRecognizer(recognizer, window_s=window_s)
    due = [windows for frame in frames if (windows := sliding.push(frame)) is not None]
    return [
        scores
        for first in range(0, len(due), _SCORED_AT_ONCE)
        for scores in _score(recognizer, due[first : first + _SCORED_AT_ONCE], sliding.window_s)
    ]


def _score(
    recognizer: Recognizer, due: Sequence[DueWindows], window_s: float
) -> Iterator[ActionScores]:
    """Yield what `SlidingRecognizer.score` returns for each; together, it takes half the time."""
    sequences = [sequence for windows in due for sequence in windows.sequences]
    tracks = iter(recognizer.score(sequences, 0, window_s=window_s).tracks)
    for windows in due:
        stamp = windows.stamp_ns
        shifted = (
            replace(one, window_start_ns=one.window_start_ns + stamp, window_end_ns=stamp)
            for one in itertools.islice(tracks, len(windows.sequences))
        )
        yield ActionScores(stamp, tuple(shifted), windows.frame_id, recognizer.vocabulary.name)


def find_events(
    scores: Sequence[ActionScores], class_names: Sequence[str], parameters: EventParameters
) -> list[ActionEvent]:
    """Return the ONSETs and OFFSETs of a recording; events still open at its end are closed."""
    finder = EventFinder(class_names, parameters)
    events = [event for one in scores for event in finder.update(one)]
    return events + finder.close(OffsetReason.SHUTDOWN)


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
        name: Name of the recording.
        frames: All frames, with rising stamps; the first stamp is zero seconds.
        truth: True actions; those that are no class of the model are left out.
        recognizer: Scores the windows.
        window_s: Length of the window, seconds; None means the model's.

    Raises:
        InputError: Stamps do not rise, or the window is not positive and finite.
    """
    class_names = recognizer.vocabulary.class_names
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
    """Return the truth of a recording with the events that these parameters find in it."""
    events = find_events(recording.scores, recording.class_names, parameters)
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
