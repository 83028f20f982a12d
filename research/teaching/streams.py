"""`python -m research taught_streams`: people's own gestures, taught and found in recordings.

A few clips of each of a person's gestures are spliced into a recording, from which they are taught
as `bharnet teach --bag` does. The person's other clips are spliced into a second recording, with
motion that was not taught between them, in which the events are measured.
"""

from __future__ import annotations

import argparse
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from bharnet_ros.datasets.arguments import open_from
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild
from bharnet_ros.evaluation.event_tables import format_event_metrics, format_groups
from bharnet_ros.evaluation.metrics.events import measure
from bharnet_ros.evaluation.tables import show, without_nan
from bharnet_ros.gestures.gesture_set import GestureSet
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.timeline import Timeline, TrueAction
from research.long_streams.scoring import (
    add_event_arguments,
    frames_of,
    score_recording,
    timeline_of,
)
from research.long_streams.spliced import IMAGE_SIZES
from research.long_streams.splicing import SplicedRecording, Splicer
from research.teaching.product import as_clip
from research.teaching.protocol import Indices
from research.teaching.study import add_model_arguments, add_run_arguments, models_and_clips

REST = frozenset(
    {"background", "idle", "neutral", "no action", "no hands", "no sign", "none", "nothing", "rest"}
)
"""Labels under which people recorded themselves doing nothing; nobody would teach them."""

_LEAST_OTHERS = 3
"""Least clips of a gesture that are left to be found, beside those taught."""

_FRAME_RATES = (15.0, 30.0)
_AROUND_S = 1.0
"""Rest that is kept around an example, seconds."""


@dataclass(frozen=True)
class StreamSettings:
    """What is taught and how long the recordings are.

    Attributes:
        examples: Clips taught of each gesture.
        minutes: Length of each person's recording; a person with few clips has a shorter one.
        seed: Random seed. Each person's recordings depend only on it and on that person.
    """

    examples: int = 5
    minutes: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: One is out of range; names it.
        """
        if self.examples < 1:
            raise InputError(f"--examples: must be positive, got {self.examples}")
        if not self.minutes > 0:
            raise InputError(f"--minutes: must be positive, got {self.minutes}")
        if self.seed < 0:
            raise InputError(f"--seed: must not be negative, got {self.seed}")


@dataclass(frozen=True, eq=False)
class Lesson:
    """What one person teaches, and the recording in which it is looked for.

    Attributes:
        subject: The person.
        taught: Recording of the examples.
        stream: Recording of other clips, and of motion that was not taught.
    """

    subject: str
    taught: SplicedRecording
    stream: SplicedRecording


def lesson_of(data: HolisticWild, clips: Indices, settings: StreamSettings) -> Lesson | None:
    """Splice a person's clips into a lesson; return None if there are too few.

    A label is taught if enough clips are left to look for; the others are motion that was not
    taught. If all could be taught, one is left out for that.

    Args:
        data: All clips.
        clips: (N,) indices of the person's clips.
        settings: What is taught.
    """
    subject = str(data.subjects[clips[0]])
    random = np.random.default_rng((settings.seed, zlib.crc32(subject.encode())))
    rate = float(random.uniform(*_FRAME_RATES))
    width, height = IMAGE_SIZES[random.integers(len(IMAGE_SIZES))]
    by_label: dict[str, list[KeypointSequence]] = {}
    for clip in random.permutation(clips):
        sequence = data.sequence(int(clip), width=width, height=height)
        # As in the recordings of `long-streams spliced`.
        if sequence.body[..., 3].any(1).all():
            name = gesture_name(sequence.label or "")
            by_label.setdefault(name, []).append(replace(sequence, label=name))
    taught = sorted(
        label
        for label, given in by_label.items()
        if label not in REST and len(given) >= settings.examples + _LEAST_OTHERS
    )
    if len(taught) == len(by_label) > 2:
        taught.remove(taught[random.integers(len(taught))])
    if not taught:
        return None
    examples = [one for label in taught for one in by_label[label][: settings.examples]]
    others = [one for label in taught for one in by_label[label][settings.examples :]]
    unknown = [one for label, given in by_label.items() if label not in taught for one in given]
    examples, others, unknown = (
        [chosen[place] for place in random.permutation(len(chosen))]
        for chosen in (examples, others, unknown)
    )
    return Lesson(
        subject,
        Splicer(examples, [], rate, random).splice(float("inf")),
        Splicer(others, unknown, rate, random).splice(60.0 * settings.minutes),
    )


def gesture_name(label: str) -> str:
    """Return a label as the name of a gesture; forbidden characters become others."""
    name = re.sub(r"[^\w .+-]", "_", label).strip(" .")
    return name if name[:1].isalnum() else f"gesture {name}".strip()


def gestures_in(recording: SplicedRecording) -> GestureSet:
    """Return the examples in a recording, each with the rest around it."""
    gestures = GestureSet()
    for action in recording.truth:
        gestures = gestures.with_examples(action.label, [_example(recording.person, action)])
    return gestures


def _example(person: KeypointSequence, action: TrueAction) -> ClipKeypoints:
    near = (person.stamps >= action.start_s - _AROUND_S) & (
        person.stamps <= action.end_s + _AROUND_S
    )
    first = float(person.stamps[near][0])
    return replace(as_clip(person, near), motion=(action.start_s - first, action.end_s - first))


def taught_timelines(
    recognizer: Recognizer,
    data: HolisticWild,
    rows: Indices,
    settings: StreamSettings,
    events: dict[str, float],
    *,
    progress: bool,
) -> Iterator[tuple[Timeline, float]]:
    """Yield a recording of each person with the events found in it, and `Teacher.false_share`.

    Args:
        recognizer: A model that was not trained on these people.
        data: All clips.
        rows: Indices of the clips of these people.
        settings: What is taught.
        events: Event parameters that override the model's.
        progress: Whether to show a progress bar on the terminal.
    """
    teacher = Teacher(recognizer)
    people = np.unique(data.subjects[rows])
    for subject in tqdm(people, unit="person", disable=not progress):
        lesson = lesson_of(data, rows[data.subjects[rows] == subject], settings)
        if lesson is None:
            continue
        taught = teacher.teach(gestures_in(lesson.taught), lesson.subject)
        recognizer.teach(taught, keep=())
        frames = list(frames_of(lesson.stream.person))
        scored = score_recording(lesson.subject, frames, lesson.stream.truth, recognizer)
        parameters = recognizer.vocabulary.events.parameters.with_overrides(events)
        yield timeline_of(scored, parameters), teacher.false_share(taught)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research taught_streams`."""
    add_model_arguments(parser)
    default = StreamSettings()
    parser.add_argument(
        "--examples",
        type=int,
        default=default.examples,
        help="clips taught of each gesture (default: %(default)s)",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=default.minutes,
        help="greatest length of each person's recording (default: %(default)g)",
    )
    add_event_arguments(parser)
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research taught_streams`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    settings = StreamSettings(arguments.examples, arguments.minutes, arguments.seed)
    threadpool_limits(1, user_api="blas")
    data, _ = open_from(arguments)
    if not isinstance(data, HolisticWild):
        raise InputError(f"{arguments.data}: must be a file of the holistic_wild format")
    groups: dict[str, Sequence[Timeline]] = {}
    false_shares: list[float] = []
    for bundle, rows in models_and_clips(arguments, data):
        recognizer = Recognizer(bundle, arguments.device, threads=1)
        found = list(
            taught_timelines(
                recognizer,
                data,
                rows,
                settings,
                dict(arguments.event),
                progress=not arguments.json,
            )
        )
        groups[str(bundle.path)] = [timeline for timeline, _ in found]
        false_shares += [share for _, share in found]
    timelines = [one for group in groups.values() for one in group]
    if not timelines:
        raise InputError(f"{arguments.data}: nobody shows a gesture often enough to be taught")
    pooled = measure(timelines)
    table = format_groups(
        {**{name: measure(group) for name, group in groups.items()}, "all": pooled}
    )
    content = {
        "f1": pooled.total.f1,
        "false_per_minute": pooled.false_per_minute,
        "onset_delay_s": pooled.onset_delay.median_s,
        "unknown_share": float(np.mean(false_shares)),
        "people": len(timelines),
        "examples": settings.examples,
        "details": asdict(pooled),
    }
    expected = (
        f"unknown motion in which an event would begin, as `bharnet gestures check` estimates it: "
        f"{content['unknown_share']:.1%}"
    )
    text = f"{table}\n\n{format_event_metrics(pooled)}\n\n{expected}"
    show(arguments, text, without_nan(content))
    return 0
