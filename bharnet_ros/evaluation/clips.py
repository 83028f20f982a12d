"""How well a model names whole clips: top-1, mean class accuracy, confusion, rejection."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from bharnet_ros.actions import BACKGROUND
from bharnet_ros.datasets.arguments import (
    add_dataset_arguments,
    add_protocol_arguments,
    open_from,
    protocols_from,
)
from bharnet_ros.datasets.clip import RecordedClip, split
from bharnet_ros.evaluation.blinding import BlindedClips, parse_blinding
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.late_ensemble import LateEnsemble
from bharnet_ros.evaluation.report import add_report_arguments, format_table, percent, show
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.recognition.bundle import BundleDescription, load_bundle
from bharnet_ros.resources import find_model

_CHUNK = 32
"""Clips scored at once: bounds memory, changes no result. On a CPU, more are slower."""

_WIDEST_CONFUSION = 20
"""Classes of which a terminal shows the confusion matrix; of more, what is confused most often."""


class ClipModel(Protocol):
    """What is measured: a `ClipRecognizer`, or a `LateEnsemble` of several."""

    @property
    def description(self) -> BundleDescription:
        """Classes and thresholds."""

    def clip_logits(self, clips: Sequence[RecordedClip]) -> ExpertLogits:
        """Return uncalibrated logits (N, K) of each expert for whole clips."""

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Return calibrated probabilities (N, K) of logits (N, K)."""


class ClipSource(Protocol):
    """Where clips come from: a data set, or a perturbed one."""

    def clips(self, indices: npt.NDArray[np.integer]) -> Iterable[RecordedClip]:
        """Yield the clips of these indices."""


@dataclass(frozen=True)
class ClipMetrics:
    """What a model makes of clips with known labels, and of clips with labels it does not know.

    Attributes:
        clips: Clips whose label is a class of the model.
        subjects: People in them; 0 where the data set does not name them.
        clips_with_hands: Those of the clips that show a hand.
        top1: Share named rightly when choosing among the classes other than background.
        mean_class_accuracy: The same, averaged over the classes that occur.
        top1_with_background: Share named rightly when background may be chosen too.
        body_top1: `top1` of the body expert alone.
        hand_top1: `top1` of the hand expert alone; a clip that shows no hand counts as missed.
        recall: For each class, the share of its clips named rightly.
        class_names: Order of the confusion matrix, background last.
        confusion: Rows are true classes, columns what was chosen with background allowed.
        unknown_clips: Clips whose label the model does not know.
        unknown_rejected: Share of them that was taken for background, or for a class with less
            than the rejection threshold; not a number where there are none.
        skeleton_top1: `top1` of body and hands together: `top1` itself, unless there are further
            streams.
        stream_top1: `top1` of each further stream alone, by name; a clip in which it saw nothing
            counts as missed.
    """

    clips: int
    subjects: int
    clips_with_hands: int
    top1: float
    mean_class_accuracy: float
    top1_with_background: float
    body_top1: float
    hand_top1: float
    recall: dict[str, float]
    class_names: list[str]
    confusion: list[list[int]]
    unknown_clips: int
    unknown_rejected: float
    skeleton_top1: float
    stream_top1: dict[str, float]


def gesture_classes(class_names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the names other than background, and the columns of their logits."""
    columns = [column for column, name in enumerate(class_names) if name != BACKGROUND]
    return [class_names[column] for column in columns], columns


def true_gestures(labels: npt.NDArray[np.str_], gestures: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the index (N,) of each label among the gestures, -1 where it is none of them."""
    index = {name: position for position, name in enumerate(gestures)}
    return np.asarray([index.get(label, -1) for label in labels.tolist()], dtype=np.int64)


def clip_logits(
    recognizer: ClipModel,
    data: ClipSource,
    clips: npt.NDArray[np.integer],
    *,
    progress: bool = False,
) -> ExpertLogits:
    """Return the logits (N, K) of each expert for whole clips."""
    parts = []
    for start in tqdm(range(0, len(clips), _CHUNK), unit="batch", disable=not progress):
        parts.append(recognizer.clip_logits(list(data.clips(clips[start : start + _CHUNK]))))
    return ExpertLogits(*(torch.cat(column) for column in zip(*parts, strict=True)))


def clip_metrics(
    logits: ExpertLogits,
    recognizer: ClipModel,
    labels: npt.NDArray[np.str_],
    subjects: npt.NDArray[np.str_],
) -> ClipMetrics:
    """Compare logits with labels.

    Args:
        logits: (N, K) of each expert.
        recognizer: The model they come from.
        labels: (N,) true names.
        subjects: (N,) person in each clip.

    Raises:
        ValueError: No label is a class of the model.
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


def count_metrics(
    logits: ExpertLogits,
    probabilities: torch.Tensor,
    labels: npt.NDArray[np.str_],
    subjects: npt.NDArray[np.str_],
    *,
    class_names: Sequence[str],
    rejection_threshold: float | npt.NDArray[np.floating],
    streams: Sequence[str] = (),
) -> ClipMetrics:
    """Compare logits and probabilities, of one model or of several, with labels.

    Args:
        logits: (N, K) of each expert.
        probabilities: (N, K) calibrated, of the ensemble.
        labels: (N,) true names.
        subjects: (N,) person in each clip.
        class_names: (K,) in the order of the logits, background among them.
        rejection_threshold: Least probability of known motion, for all clips or (N,) for each.
        streams: Names of the further streams, in the order of the logits.

    Raises:
        ValueError: No label is a class.
    """
    names, columns = gesture_classes(class_names)
    truth = true_gestures(labels, names)
    known = truth >= 0
    if not known.any():
        raise ValueError(f"label: no clip has a label that the model knows: {', '.join(names)}")

    def right(one: torch.Tensor) -> npt.NDArray[np.bool_]:
        return one[:, columns].argmax(1).numpy() == truth

    hits = right(logits.ensemble)
    hand_hits = right(logits.hand) & logits.hand_seen.numpy()
    stream_hits = {
        name: right(logits.streams[:, place]) & logits.stream_seen[:, place].numpy()
        for place, name in enumerate(streams)
    }
    reordered = probabilities.numpy()[:, [*columns, class_names.index(BACKGROUND)]]
    choice = reordered.argmax(1)
    rejected = (choice == len(names)) | (reordered.max(1) < rejection_threshold)
    recall = {
        name: float(hits[truth == index].mean())
        for index, name in enumerate(names)
        if (truth == index).any()
    }
    confusion = np.zeros((len(names) + 1, len(names) + 1), dtype=np.int64)
    np.add.at(confusion, (np.where(known, truth, len(names)), choice), 1)
    return ClipMetrics(
        clips=int(known.sum()),
        subjects=len(set(subjects[known].tolist()) - {""}),
        clips_with_hands=int(logits.hand_seen.numpy()[known].sum()),
        top1=float(hits[known].mean()),
        mean_class_accuracy=float(np.mean(list(recall.values()))),
        top1_with_background=float((choice == truth)[known].mean()),
        body_top1=float(right(logits.body)[known].mean()),
        hand_top1=float(hand_hits[known].mean()),
        recall=recall,
        class_names=[*names, BACKGROUND],
        confusion=confusion.tolist(),
        unknown_clips=int((~known).sum()),
        unknown_rejected=float(rejected[~known].mean()) if (~known).any() else float("nan"),
        skeleton_top1=float(right(logits.skeleton)[known].mean()),
        stream_top1={name: float(found[known].mean()) for name, found in stream_hits.items()},
    )


def format_metrics(metrics: ClipMetrics) -> str:
    """Return the metrics as text for a terminal.

    Where no clip is background and none was taken for it, nothing is said of background; where no
    clip shows a hand, nothing of the experts, since the body expert is the ensemble.
    """
    background = metrics.unknown_clips > 0 or any(row[-1] for row in metrics.confusion)
    measures = [("top-1", metrics.top1), ("mean class accuracy", metrics.mean_class_accuracy)]
    if background:
        measures.append(("top-1, background too", metrics.top1_with_background))
    if metrics.clips_with_hands:
        measures += [
            ("body expert alone", metrics.body_top1),
            ("hand expert alone", metrics.hand_top1),
        ]
    if metrics.stream_top1:
        measures.append(("skeleton alone", metrics.skeleton_top1))
    measures += [(f"{name} alone", value) for name, value in metrics.stream_top1.items()]
    lines = [count_clips(metrics), *(f"{name:<25}{value:7.2%}" for name, value in measures)]
    if metrics.unknown_clips:
        rejected = f"{metrics.unknown_rejected:7.2%} (of {metrics.unknown_clips})"
        lines.append(f"{'other labels rejected':<25}{rejected}")
    recall = [[name, percent(value)] for name, value in metrics.recall.items()]
    lines += ["", format_table(["class", "recall"], recall), "", _format_confusion(metrics)]
    return "\n".join(lines)


def count_clips(metrics: ClipMetrics) -> str:
    """Return how many clips were judged, and of how many people where that is known."""
    of_people = f" of {metrics.subjects} people" if metrics.subjects else ""
    return f"{metrics.clips} clips{of_people}"


def _format_confusion(metrics: ClipMetrics) -> str:
    """Return the confusion matrix; of many classes, those that are confused most often."""
    counts = np.asarray(metrics.confusion)
    used = np.flatnonzero(counts.any(0) | counts.any(1))
    names = [metrics.class_names[index] for index in used]
    counts = counts[np.ix_(used, used)]
    if len(names) <= _WIDEST_CONFUSION:
        rows = [
            [f"{number:>2} {name}", *map(str, row)]
            for number, (name, row) in enumerate(zip(names, counts, strict=True), start=1)
        ]
        heading = ["confusion (rows: truth)", *(str(number) for number in range(1, len(names) + 1))]
        return format_table(heading, rows)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:_WIDEST_CONFUSION]
    pairs = [np.unravel_index(place, counts.shape) for place in order if counts.flat[place]]
    rows = [
        [f"{names[truth]}, taken for {names[taken]}", str(counts[truth, taken])]
        for truth, taken in pairs
    ]
    return format_table(["confused most often", "clips"], rows)


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Declare `--weights`, of the models of a late ensemble."""
    parser.add_argument(
        "--weights",
        nargs="+",
        type=float,
        metavar="WEIGHT",
        help="how much each model of an ensemble counts, in their order (default: all the same)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet evaluate clips`."""
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", help="folder or name of a model bundle")
    model.add_argument(
        "--ensemble",
        nargs="+",
        metavar="MODEL",
        help="folders or names of model bundles, which decide together",
    )
    add_weights(parser)
    add_dataset_arguments(parser)
    add_protocol_arguments(parser, several_folds=False)
    parser.add_argument(
        "--blind",
        nargs="+",
        default=[],
        metavar="STREAM=HOW",
        help="measure also with a further stream blinded, as rgb=black, rgb=noise, rgb=shuffled "
        "(crops of another clip) or rgb=absent",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet evaluate clips`; returns the exit status.

    Raises:
        ValueError: An argument, the model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    protocols = protocols_from(arguments)
    if arguments.weights and not arguments.ensemble:
        raise ValueError("--weights needs --ensemble")
    if arguments.blind and arguments.ensemble:
        raise ValueError("--blind needs --model: an ensemble shows no streams of its members")
    recognizer: ClipModel
    if arguments.ensemble:
        bundles = [load_bundle(find_model(one)) for one in arguments.ensemble]
        recognizer = LateEnsemble(bundles, arguments.device, arguments.weights)
    else:
        recognizer = ClipRecognizer(load_bundle(find_model(arguments.model)), arguments.device)
    ways = [parse_blinding(text) for text in arguments.blind]
    for stream, _ in ways:
        if stream not in recognizer.description.streams:
            raise ValueError(f"--blind: the model has no stream {stream!r}")
    data, _ = open_from(arguments)
    chosen = np.arange(len(data))
    if protocols:
        _, chosen = split(data, protocols[0].name, protocols[0].file)
    logits = clip_logits(recognizer, data, chosen, progress=not arguments.json)
    about = recognizer, data.labels[chosen], data.subjects[chosen]
    metrics = clip_metrics(logits, *about)
    text, content = format_metrics(metrics), asdict(metrics)
    if ways:
        alone = clip_metrics(logits._replace(ensemble=logits.skeleton), *about)
        blind = {}
        for name, (_, how) in zip(arguments.blind, ways, strict=True):
            clips = BlindedClips(data, chosen, how)
            found = clip_logits(recognizer, clips, chosen, progress=not arguments.json)
            blind[name] = clip_metrics(found, *about)
        text += "\n\n" + format_blinded({"as recorded": metrics, **blind, "skeleton alone": alone})
        content["blinded"] = {name: asdict(one) for name, one in blind.items()}
        content["skeleton_alone"] = asdict(alone)
    show(arguments, text, content)
    return 0


def format_blinded(measured: Mapping[str, ClipMetrics]) -> str:
    """Return what is left of the accuracy with a stream blinded, as a table for a terminal."""
    rows = [
        [name, percent(one.top1), percent(one.top1_with_background)]
        for name, one in measured.items()
    ]
    return format_table(["blinded", "top-1", "background too"], rows)
