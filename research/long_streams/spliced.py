"""`python -m research long-streams spliced`: events in recordings spliced from people's clips.

Each model is run on the people that it was not trained on.
"""

from __future__ import annotations

import argparse
import itertools
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from bharnet_ros.datasets.base import EVERYBODY, split
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild, read_holistic_wild
from bharnet_ros.evaluation.event_tables import show_event_metrics
from bharnet_ros.evaluation.metrics.clips import gesture_classes
from bharnet_ros.evaluation.tables import add_report_arguments
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import Timeline
from research.cross_validation.held_out import held_out_fold, load_by_held_out
from research.long_streams.scoring import (
    ScoredRecording,
    add_event_arguments,
    frames_of,
    score_recording,
    timeline_of,
)
from research.long_streams.splicing import SplicedRecording, Splicer, SplicingSettings

IMAGE_SIZES = ((640, 480), (640, 360))
"""Image sizes in pixels; each person gets one, since the data set does not record them."""


@dataclass(frozen=True)
class RecordingSettings:
    """How recordings are spliced.

    Attributes:
        minutes: Length of each person's recording; a person with few clips has a shorter one.
        frame_rate: Lowest and highest frames per second; each person gets one in between.
        splicing: How clips follow each other.
        seed: Random seed. Each person's recording depends only on it and on that person.
    """

    minutes: float = 1.0
    frame_rate: tuple[float, float] = (15.0, 30.0)
    splicing: SplicingSettings = field(default_factory=SplicingSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: One is out of range; names it.
        """
        if not self.minutes > 0:
            raise InputError(f"minutes: must be positive, got {self.minutes}")
        lowest, highest = self.frame_rate
        if not 0 < lowest <= highest < math.inf:
            raise InputError(
                f"frame_rate: must be finite, positive and rising, got {lowest} to {highest}"
            )
        if self.seed < 0:
            raise InputError(f"seed: must not be negative, got {self.seed}")


def spliced_recording(
    data: HolisticWild,
    clips: npt.NDArray[np.integer],
    class_names: Sequence[str],
    settings: RecordingSettings,
) -> SplicedRecording | None:
    """Splice the clips of one person; return None if no clip shows a gesture that is a class.

    Clips with a frame in which nobody was found are left out.

    Args:
        data: All clips.
        clips: (N,) indices of the person's clips.
        class_names: Names of the model's classes.
        settings: How recordings are spliced.
    """
    subject = str(data.subjects[clips[0]])
    random = np.random.default_rng((settings.seed, zlib.crc32(subject.encode())))
    rate = float(random.uniform(*settings.frame_rate))
    width, height = IMAGE_SIZES[random.integers(len(IMAGE_SIZES))]
    known = np.isin(data.labels, gesture_classes(class_names)[0])
    sequences = {}
    for of_gestures in (True, False):
        chosen = random.permutation(clips[known[clips] == of_gestures])
        read = (data.sequence(int(one), width=width, height=height) for one in chosen)
        sequences[of_gestures] = [one for one in read if one.body[..., 3].any(1).all()]
    if not sequences[True]:
        return None
    splicer = Splicer(sequences[True], sequences[False], rate, random, settings.splicing)
    return splicer.splice(60.0 * settings.minutes)


def tested_on(bundle: ModelBundle) -> str:
    """Return the name of the people to test a model on: its held-out fold, or everybody.

    Raises:
        InputError: The bundle does not name its held-out fold; names the bundle.
    """
    if bundle.description.training.get("protocol") == EVERYBODY:
        return EVERYBODY
    return f"fold {held_out_fold(bundle)}"


def scored_recordings(
    bundle: ModelBundle,
    data: HolisticWild,
    sources: Path,
    settings: RecordingSettings,
    *,
    device: str = "auto",
    window_s: float | None = None,
    progress: bool = False,
) -> list[ScoredRecording]:
    """Score a spliced recording of each person that a model was not trained on.

    Args:
        bundle: A model of a cross-validation, which names its held-out fold of people, or a model
            trained on everybody, which must have seen nobody in `data`.
        data: All clips.
        sources: sources.csv with the fold of each subject.
        settings: How recordings are spliced.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        window_s: Length of the sliding window, seconds; None means the model's.
        progress: Whether to show a progress bar on the terminal.

    Raises:
        InputError: The bundle does not name its held-out fold, or nobody in that fold shows a
            gesture that the model knows.
        OSError: `sources` cannot be read.
    """
    group = tested_on(bundle)
    testing = np.arange(len(data))
    if group != EVERYBODY:
        _, testing = split(data, f"fold_{held_out_fold(bundle)}", sources)
    recognizer = Recognizer(bundle, device, threads=1)
    names = bundle.description.class_names
    scored = []
    people = np.unique(data.subjects[testing])
    for subject in tqdm(people, desc=group, unit="person", disable=not progress):
        clips = testing[data.subjects[testing] == subject]
        recording = spliced_recording(data, clips, names, settings)
        if recording is None:
            continue
        frames = list(frames_of(recording.person))
        name = f"{group.replace(' ', '_')}/{subject}"
        scored.append(score_recording(name, frames, recording.truth, recognizer, window_s=window_s))
    if not scored:
        raise InputError(f"{bundle.path}: {group}: nobody shows a gesture that the model knows")
    return scored


def by_frame_rate(
    groups: Mapping[str, Sequence[Timeline]], limits: tuple[float, float]
) -> dict[str, list[Timeline]]:
    """Return the recordings of all groups in three bands of frame rate, without empty bands.

    Args:
        groups: Recordings by group.
        limits: Lowest and highest frames per second that they may have.
    """
    borders = np.linspace(*limits, 4)
    bands: dict[str, list[Timeline]] = {}
    for position, (lowest, highest) in enumerate(itertools.pairwise(borders.tolist())):
        band = [
            one
            for timelines in groups.values()
            for one in timelines
            if np.searchsorted(borders[1:3], (one.frames - 1) / one.duration_s) == position
        ]
        if band:
            bands[f"{lowest:.3g} to {highest:.3g} fps"] = band
    return bands


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research long-streams spliced`."""
    parser.add_argument(
        "--models",
        required=True,
        nargs="+",
        metavar="BUNDLE",
        help="names or folders of model bundles, each run on the people it was not trained on",
    )
    parser.add_argument("--data", required=True, type=Path, help="file of the holistic_wild format")
    parser.add_argument(
        "--subjects-from", required=True, type=Path, help="sources.csv with a fold for each subject"
    )
    default = RecordingSettings()
    parser.add_argument(
        "--minutes",
        type=float,
        default=default.minutes,
        help="greatest length of each person's recording (default: 1)",
    )
    parser.add_argument(
        "--frame-rate",
        type=float,
        nargs=2,
        default=default.frame_rate,
        metavar=("LEAST", "GREATEST"),
        help="range of frames per second; each person gets one in it (default: 15 30)",
    )
    parser.add_argument(
        "--window",
        type=float,
        metavar="S",
        help="length of the window in seconds (default: the model's)",
    )
    add_event_arguments(parser)
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research long-streams spliced`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    settings = RecordingSettings(
        minutes=arguments.minutes, frame_rate=tuple(arguments.frame_rate), seed=arguments.seed
    )
    threadpool_limits(1, user_api="blas")
    bundles = load_by_held_out(arguments.models, tested_on)
    data = read_holistic_wild(arguments.data)
    groups: dict[str, list[Timeline]] = {}
    for name, bundle in bundles.items():
        scored = scored_recordings(
            bundle,
            data,
            arguments.subjects_from,
            settings,
            device=arguments.device,
            window_s=arguments.window,
            progress=not arguments.json,
        )
        parameters = bundle.description.event_parameters().with_overrides(dict(arguments.event))
        groups[name] = [timeline_of(one, parameters) for one in scored]
    show_event_metrics(arguments, groups, by_frame_rate(groups, settings.frame_rate))
    return 0
