"""A late ensemble: several models that decide together and may take different features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import log_softmax

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.embedding import FloatArray
from bharnet_ros.recognition.output import WindowOutput, softmax
from bharnet_ros.types.errors import InputError


class LateEnsemble:
    """Averages the calibrated log-probabilities of its members.

    Each member's logits are divided by its own temperature first, so that a member that is more
    confident only because it was trained longer does not outvote the others. Up to a constant for
    each clip, averaging log-probabilities equals summing logits, which is how the experts of one
    network are joined: a class that one member rules out stays out.
    """

    def __init__(
        self,
        bundles: Sequence[ModelBundle],
        device: str = "auto",
        weights: Sequence[float] | None = None,
    ) -> None:
        """Move all networks to the device.

        Args:
            bundles: The members. Size and input modalities may differ.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            weights: Weight of each member; they need not add up to one. None weights all equally.

        Raises:
            InputError: There are no members, their classes differ, or the weights do not fit.
        """
        if not bundles:
            raise InputError("ensemble: needs at least one model")
        check_same_classes(bundles)
        given = np.ones(len(bundles)) if weights is None else np.asarray(weights, dtype=np.float64)
        if given.shape != (len(bundles),):
            raise InputError(
                f"weights: need one for each of {len(bundles)} models, got {len(given)}"
            )
        if not (np.isfinite(given).all() and (given >= 0).all() and given.sum() > 0):
            raise InputError(
                f"weights: must not be negative, and one must be positive, got {given.tolist()}"
            )
        self._weights = (given / given.sum()).tolist()
        self._members = [ClipRecognizer(bundle, device) for bundle in bundles]
        descriptions = [bundle.description for bundle in bundles]
        thresholds = [description.rejection_threshold for description in descriptions]
        self.description = replace(
            descriptions[0],
            name=" + ".join(description.name for description in descriptions),
            temperature=1.0,
            rejection_threshold=float(np.dot(self._weights, thresholds)),
            # The members' streams have no logits of their own in the ensemble.
            streams={},
        )
        """Description of the first member with name, temperature and threshold of the ensemble."""

    def clip_logits(self, clips: Sequence[RecordedClip]) -> WindowOutput:
        """Return the mean calibrated log-probabilities (N, K) of each expert.

        Streams of members count in the ensemble's logits only.

        Args:
            clips: N clips.

        Raises:
            InputError: There are no clips, or one does not fit a member's body layout.
        """
        results = [member.clip_logits(clips) for member in self._members]

        def mean(expert: str) -> FloatArray:
            parts = [
                weight * log_softmax(getattr(result, expert) / member.description.temperature, 1)
                for weight, member, result in zip(
                    self._weights, self._members, results, strict=True
                )
            ]
            joined: FloatArray = np.sum(parts, axis=0, dtype=np.float32)
            return joined

        hand_seen = np.any([result.hand_seen for result in results], axis=0)
        together = WindowOutput.of_skeleton(mean("ensemble"), mean("body"), mean("hand"), hand_seen)
        return together._replace(skeleton=mean("skeleton"))

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Return calibrated probabilities (N, K) of logits from `clip_logits`."""
        return softmax(logits)


def check_same_classes(bundles: Sequence[ModelBundle]) -> None:
    """Check that bundles have the same classes in the same order.

    Raises:
        InputError: One has other classes; names it and the first.
    """
    first = bundles[0]
    for other in bundles[1:]:
        if other.description.class_names != first.description.class_names:
            raise InputError(
                f"{other.path}: class_names: {', '.join(other.description.class_names)} are not "
                f"those of {first.path}: {', '.join(first.description.class_names)}"
            )
