"""`python -m research long-streams recordings`: events in a continuous data set's recordings."""

from __future__ import annotations

import argparse

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from bharnet_ros.datasets.arguments import add_dataset_arguments, open_from
from bharnet_ros.datasets.base import ContinuousDataset, split
from bharnet_ros.evaluation.event_tables import show_event_metrics
from bharnet_ros.evaluation.tables import add_report_arguments
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import Timeline
from research.cross_validation.held_out import load_by_held_out
from research.long_streams.scoring import frames_of, score_recording, timeline_of


def held_out_protocol(bundle: ModelBundle) -> str:
    """Return the protocol that a model was trained by.

    Raises:
        InputError: The bundle does not name it; names the bundle.
    """
    protocol = bundle.description.training.get("protocol")
    if not isinstance(protocol, str):
        raise InputError(
            f"{bundle.path}: training.protocol: must name the protocol of the training, "
            f"got {protocol!r}"
        )
    return protocol


def recording_timelines(
    bundle: ModelBundle,
    data: ContinuousDataset,
    *,
    device: str = "auto",
    progress: bool = False,
) -> list[Timeline]:
    """Recognise the recordings of the people that a model was not trained on.

    Args:
        bundle: Trained by a protocol of the data set that holds people out.
        data: The recordings.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        progress: Whether to show a progress bar on the terminal.

    Raises:
        InputError: The data set has no such protocol, or the protocol holds nobody out.
    """
    protocol = held_out_protocol(bundle)
    training, testing = split(data, protocol)
    people = set(data.subjects[testing].tolist())
    if people & set(data.subjects[training].tolist()):
        raise InputError(f"{bundle.path}: training.protocol: {protocol} holds nobody out")
    recognizer = Recognizer(bundle, device, threads=1)
    parameters = bundle.description.event_parameters()
    timelines = []
    chosen = np.flatnonzero(np.isin(data.recording_subjects, sorted(people)))
    for index in tqdm(chosen, desc=protocol, unit="recording", disable=not progress):
        recording = data.recording(int(index))
        frames = list(frames_of(recording.person))
        scored = score_recording(recording.name, frames, recording.actions, recognizer)
        timelines.append(timeline_of(scored, parameters))
    return timelines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research long-streams recordings`."""
    parser.add_argument(
        "--models",
        required=True,
        nargs="+",
        metavar="BUNDLE",
        help="folders of model bundles, each run on the people that its protocol holds out",
    )
    add_dataset_arguments(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research long-streams recordings`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    threadpool_limits(1, user_api="blas")
    data, kind = open_from(arguments)
    if not isinstance(data, ContinuousDataset):
        raise InputError(f"{arguments.data}: {kind} has clips only, no recordings in pixels")
    bundles = load_by_held_out(arguments.models, held_out_protocol)
    groups = {
        protocol: recording_timelines(
            bundle, data, device=arguments.device, progress=not arguments.json
        )
        for protocol, bundle in bundles.items()
    }
    show_event_metrics(arguments, groups)
    return 0
