"""Accuracy of a model on whole clips: `bharnet evaluate clips`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bharnet_ros.datasets.arguments import (
    add_dataset_arguments,
    add_protocol_arguments,
    open_from,
    protocols_from,
)
from bharnet_ros.datasets.base import ClipDataset, RecordedClip, split
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.metrics.clips import ClipMetrics, count_metrics, format_metrics
from bharnet_ros.evaluation.tables import add_report_arguments, show
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.embedding import FloatArray
from bharnet_ros.recognition.output import WindowOutput
from bharnet_ros.resources import find_model

_CHUNK = 32
"""Clips scored at once. It bounds memory and changes no result; on a CPU, more are slower."""


class ClipModel(Protocol):
    """A model to measure: a `ClipRecognizer`, or several models together."""

    @property
    def description(self) -> BundleDescription:
        """Classes and thresholds."""

    def clip_logits(self, clips: Sequence[RecordedClip]) -> WindowOutput:
        """Return uncalibrated logits (N, K) of each expert for whole clips."""

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Return calibrated probabilities (N, K) of logits (N, K)."""


class ClipSource(Protocol):
    """A source of clips: a data set, or a perturbed one."""

    def clips(self, indices: npt.NDArray[np.integer]) -> Iterable[RecordedClip]:
        """Yield the clips of these indices."""


def clip_logits(
    recognizer: ClipModel,
    data: ClipSource,
    clips: npt.NDArray[np.integer],
    *,
    progress: bool = False,
) -> WindowOutput:
    """Return the logits (N, K) of each expert for whole clips."""
    parts = []
    for start in tqdm(range(0, len(clips), _CHUNK), unit="batch", disable=not progress):
        parts.append(recognizer.clip_logits(list(data.clips(clips[start : start + _CHUNK]))))
    return WindowOutput.join(parts)


def clip_metrics(
    logits: WindowOutput,
    recognizer: ClipModel,
    labels: npt.NDArray[np.str_],
    subjects: npt.NDArray[np.str_],
) -> ClipMetrics:
    """Return the metrics of logits compared with labels.

    Args:
        logits: (N, K) of each expert.
        recognizer: The model that computed them.
        labels: (N,) true names.
        subjects: (N,) person in each clip.

    Raises:
        InputError: No label is a class of the model.
    """
    return count_metrics(
        logits,
        recognizer.probabilities(logits.ensemble),
        labels,
        subjects,
        class_names=recognizer.description.class_names,
        rejection_threshold=recognizer.description.rejection_threshold,
        streams=list(recognizer.description.streams),
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet evaluate clips`."""
    parser.add_argument("--model", required=True, help="folder or name of a model bundle")
    add_clip_arguments(parser)


def add_clip_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the clips to classify, the device, and how to show the result."""
    add_dataset_arguments(parser, recordings=True)
    add_protocol_arguments(parser, several_folds=False)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def open_chosen_clips(
    arguments: argparse.Namespace,
) -> tuple[ClipDataset, npt.NDArray[np.integer]]:
    """Return the data set of the arguments, and the indices of the clips to classify.

    Raises:
        InputError: An argument or the data is invalid; names it.
        OSError: A file cannot be read.
    """
    protocols = protocols_from(arguments)
    data, _ = open_from(arguments)
    if not protocols:
        return data, np.arange(len(data))
    return data, split(data, protocols[0].name, protocols[0].file)[1]


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet evaluate clips` and return the exit status.

    Raises:
        InputError: An argument, the model or the data is invalid; names it.
        OSError: A file cannot be read or written.
    """
    recognizer = ClipRecognizer(load_bundle(find_model(arguments.model)), arguments.device)
    data, chosen = open_chosen_clips(arguments)
    logits = clip_logits(recognizer, data, chosen, progress=not arguments.json)
    metrics = clip_metrics(logits, recognizer, data.labels[chosen], data.subjects[chosen])
    show(arguments, format_metrics(metrics), asdict(metrics))
    return 0
