"""Scores of clips by models that were not trained on the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.evaluation.metrics.clips import (
    ClipMetrics,
    count_metrics,
    gesture_classes,
    true_gestures,
)
from bharnet_ros.recognition.embedding import FloatArray
from bharnet_ros.recognition.output import WindowOutput, softmax
from bharnet_ros.types.errors import InputError


@dataclass(frozen=True, eq=False)
class OutOfFoldScores:
    """Scores of N clips by models that were not trained on the people in them.

    Attributes:
        class_names: (K,) in the order of the logits.
        logits: (N, K) of ensemble, body and hand expert, not calibrated.
        temperatures: (N,) temperature of the model that scored each clip.
        rejection_thresholds: (N,) rejection threshold of that model.
        labels: (N,) true labels, including labels that are no class.
        subjects: (N,) person in each clip.
        folds: (N,) fold of that person.
        clips: (N,) index of the clip in the data set.
        hand_share: (N,) share 0..1 of the recorded frames that show a hand.
        streams: Names of the models' streams beside the skeleton, in the order of the logits.
    """

    class_names: tuple[str, ...]
    logits: WindowOutput
    temperatures: npt.NDArray[np.floating]
    rejection_thresholds: npt.NDArray[np.floating]
    labels: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]
    folds: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]
    hand_share: npt.NDArray[np.floating]
    streams: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of clips N."""
        return len(self.labels)

    @property
    def gestures(self) -> list[str]:
        """Names of the classes other than background."""
        return gesture_classes(self.class_names)[0]

    def truth(self) -> npt.NDArray[np.int64]:
        """Return the index (N,) of each label among the gestures, -1 for other labels."""
        return true_gestures(self.labels, self.gestures)

    def chosen(self) -> npt.NDArray[np.int64]:
        """Return the index (N,) of the gesture that the ensemble scores highest."""
        columns = gesture_classes(self.class_names)[1]
        return self.logits.ensemble[:, columns].argmax(1)

    def probabilities(self) -> FloatArray:
        """Return the ensemble's probabilities (N, K), with the temperature of each clip's model."""
        return softmax(self.logits.ensemble / self.temperatures[:, None].astype(np.float32))

    def subset(self, chosen: npt.NDArray[np.bool_]) -> OutOfFoldScores:
        """Return the clips for which `chosen` (N,) is true."""
        index = np.flatnonzero(chosen)
        return OutOfFoldScores(
            self.class_names,
            self.logits.take(index),
            self.temperatures[index],
            self.rejection_thresholds[index],
            self.labels[index],
            self.subjects[index],
            self.folds[index],
            self.clips[index],
            self.hand_share[index],
            self.streams,
        )

    def of_body_alone(self) -> OutOfFoldScores:
        """Return a copy in which the body expert's logits replace those of the ensemble."""
        return replace(self, logits=self.logits._replace(ensemble=self.logits.body))

    def metrics(self) -> ClipMetrics:
        """Compute the metrics over all clips together.

        Raises:
            InputError: No label is a class.
        """
        return count_metrics(
            self.logits,
            self.probabilities(),
            self.labels,
            self.subjects,
            class_names=self.class_names,
            rejection_threshold=self.rejection_thresholds,
            streams=self.streams,
        )


def check_same_clips(variants: Sequence[OutOfFoldScores]) -> None:
    """Check that variants scored the same clips, with the same classes.

    Raises:
        InputError: There are no variants, or one differs from the first; names its `--models`.
    """
    if not variants:
        raise InputError("variants: need at least one")
    first = variants[0]
    for number, scores in enumerate(variants[1:], 2):
        if scores.class_names != first.class_names or not np.array_equal(scores.clips, first.clips):
            raise InputError(
                f"--models: group {number} covers folds {sorted(set(scores.folds.tolist()))} with "
                f"the classes {', '.join(scores.class_names)}, the first covers "
                f"{sorted(set(first.folds.tolist()))} with {', '.join(first.class_names)}"
            )
