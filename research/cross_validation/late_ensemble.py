"""Several models as one: a late ensemble of bundles that may be given different features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.types.errors import InputError


class LateEnsemble:
    """Averages the calibrated log-probabilities of its members.

    Each member's logits are divided by its own temperature first, so that one that was trained
    longer, and is surer for no better reason, does not outvote the others. An average of
    log-probabilities is, up to a constant for each clip, the sum of logits by which the experts of
    one network are joined: a class that one member rules out stays out.
    """

    def __init__(
        self,
        bundles: Sequence[ModelBundle],
        device: str = "auto",
        weights: Sequence[float] | None = None,
    ) -> None:
        """Bring all networks to the device: `auto`, `cpu`, `cuda` or `cuda:N`.

        Args:
            bundles: The members. Size and input modalities may differ.
            device: Where to compute.
            weights: How much each member counts, of any sum; None counts all the same.

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
            raise InputError(f"weights: must be positive, got {given.tolist()}")
        self._weights = (given / given.sum()).tolist()
        self._members = [ClipRecognizer(bundle, device) for bundle in bundles]
        descriptions = [bundle.description for bundle in bundles]
        thresholds = [description.rejection_threshold for description in descriptions]
        self.description = replace(
            descriptions[0],
            name=" + ".join(description.name for description in descriptions),
            temperature=1.0,
            rejection_threshold=float(np.dot(self._weights, thresholds)),
            # What further streams say stays within the members.
            streams={},
        )
        """The first member's, but for what is the ensemble's own: name, temperature, threshold."""

    def clip_logits(self, clips: Sequence[RecordedClip]) -> ExpertLogits:
        """Return the mean calibrated log-probabilities (N, K) of each expert, on the CPU.

        What further streams of members say is in that of the ensemble, and nowhere by itself.

        Args:
            clips: N clips.

        Raises:
            InputError: There are no clips, or one does not fit a member's body layout.
        """
        results = [member.clip_logits(clips) for member in self._members]

        def mean(expert: str) -> Tensor:
            parts = [
                weight
                * torch.log_softmax(getattr(result, expert) / member.description.temperature, 1)
                for weight, member, result in zip(
                    self._weights, self._members, results, strict=True
                )
            ]
            return torch.stack(parts).sum(0)

        hand_seen = torch.stack([result.hand_seen for result in results]).any(0)
        together = ExpertLogits.of_skeleton(mean("ensemble"), mean("body"), mean("hand"), hand_seen)
        return together._replace(skeleton=mean("skeleton"))

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return calibrated probabilities (N, K) of what `clip_logits` returned."""
        return torch.softmax(logits, dim=1)


def check_same_classes(bundles: Sequence[ModelBundle]) -> None:
    """Check that bundles have the same classes in the same order.

    Raises:
        InputError: One does not; names it and the first.
    """
    first = bundles[0]
    for other in bundles[1:]:
        if other.description.class_names != first.description.class_names:
            raise InputError(
                f"{other.path}: class_names: {', '.join(other.description.class_names)} are not "
                f"those of {first.path}: {', '.join(first.description.class_names)}"
            )
