"""Metrics of whole clips: top-1, mean class accuracy, recall, confusion and rejection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.tables import format_table, percent
from bharnet_ros.recognition.embedding import FloatArray
from bharnet_ros.recognition.output import WindowOutput
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError

_WIDEST_CONFUSION = 20
"""Most classes of a printed confusion matrix; with more, the most frequent pairs are listed."""


@dataclass(frozen=True)
class ClipMetrics:
    """Results on clips with labels that the model knows, and on clips with other labels.

    Attributes:
        clips: Clips whose label is a class of the model.
        subjects: People in these clips; 0 if the data set does not name them.
        clips_with_hands: The number of these clips that show a hand.
        top1: Share classified correctly among the classes other than background.
        mean_class_accuracy: The same, averaged over the classes that occur.
        top1_with_background: Share classified correctly when background may be chosen too.
        body_top1: `top1` of the body expert alone.
        hand_top1: `top1` of the hand expert alone; a clip without hands counts as missed.
        recall: For each class, the share of its clips classified correctly.
        class_names: Order of the confusion matrix, background last.
        confusion: Rows are true classes, columns the chosen ones, background allowed.
        unknown_clips: Clips whose label the model does not know.
        unknown_rejected: Share of them classified as background, or with a probability below the
            rejection threshold; NaN without such clips.
        skeleton_top1: `top1` of body and hands together; equal to `top1` without further streams.
        stream_top1: `top1` of each further stream alone, by name; a clip without data of the stream
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
    """Return the class names other than background, and the columns of their logits."""
    columns = [column for column, name in enumerate(class_names) if name != BACKGROUND]
    return [class_names[column] for column in columns], columns


def true_gestures(labels: npt.NDArray[np.str_], gestures: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the index (N,) of each label among the gestures, -1 for any other label."""
    index = {name: position for position, name in enumerate(gestures)}
    return np.asarray([index.get(label, -1) for label in labels.tolist()], dtype=np.int64)


def count_metrics(
    logits: WindowOutput,
    probabilities: FloatArray,
    labels: npt.NDArray[np.str_],
    subjects: npt.NDArray[np.str_],
    *,
    class_names: Sequence[str],
    rejection_threshold: float | npt.NDArray[np.floating],
    streams: Sequence[str] = (),
) -> ClipMetrics:
    """Return the metrics of logits and probabilities, of one model or of several.

    Args:
        logits: (N, K) of each expert.
        probabilities: (N, K) calibrated probabilities of the ensemble.
        labels: (N,) true names.
        subjects: (N,) person in each clip.
        class_names: (K,) in the order of the logits, background among them.
        rejection_threshold: Least probability of known motion: one for all clips, or (N,).
        streams: Names of the further streams, in the order of the logits.

    Raises:
        InputError: No label is a class.
    """
    names, columns = gesture_classes(class_names)
    truth = true_gestures(labels, names)
    known = truth >= 0
    if not known.any():
        raise InputError(f"label: no clip has a label that the model knows: {', '.join(names)}")

    def right(scores: FloatArray) -> npt.NDArray[np.bool_]:
        return scores[:, columns].argmax(1) == truth

    hits = right(logits.ensemble)
    hand_hits = right(logits.hand) & logits.hand_seen
    stream_hits = {
        name: right(logits.streams[:, place]) & logits.stream_seen[:, place]
        for place, name in enumerate(streams)
    }
    reordered = probabilities[:, [*columns, class_names.index(BACKGROUND)]]
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
        clips_with_hands=int(logits.hand_seen[known].sum()),
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

    The lines about background are left out if no clip is background and none was taken for it. The
    lines about the experts are left out if no clip shows a hand: the body expert is the ensemble.
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
    """Return the number of clips as text, and of people if it is known."""
    of_people = f" of {metrics.subjects} people" if metrics.subjects else ""
    return f"{metrics.clips} clips{of_people}"


def _format_confusion(metrics: ClipMetrics) -> str:
    """Return the confusion matrix or, with many classes, the most frequent confusions."""
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
