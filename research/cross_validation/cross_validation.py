"""Score clips with the models of a cross-validation, each on people it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.base import RecordedClip, split
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild
from bharnet_ros.evaluation.clips import ClipSource, clip_logits
from bharnet_ros.evaluation.metrics.clips import gesture_classes
from bharnet_ros.recognition.output import WindowOutput
from bharnet_ros.types.errors import InputError
from research.cross_validation.fold_models import FoldModel
from research.cross_validation.out_of_fold import OutOfFoldScores
from research.perturbations import Perturbation


class PerturbedClips:
    """Clips of a data set with a random perturbation, which does not depend on the other clips."""

    def __init__(self, data: ClipSource, perturb: Perturbation, seed: int) -> None:
        """Perturb the clips of `data`; the same seed and clip give the same result.

        Raises:
            InputError: The seed is negative.
        """
        if seed < 0:
            raise InputError(f"seed: must not be negative, got {seed}")
        self._data = data
        self._perturb = perturb
        self._seed = seed

    def clips(self, indices: npt.NDArray[np.integer]) -> Iterator[RecordedClip]:
        """Yield the perturbed clips of these indices; all people of a clip are perturbed alike.

        Raises:
            InputError: A clip cannot be perturbed; names it.
        """
        for index, clip in zip(indices, self._data.clips(indices), strict=True):
            seed = (self._seed, int(index))
            try:
                people = [self._perturb(one, np.random.default_rng(seed)) for one in clip.people]
            except InputError as error:
                raise InputError(f"clip {clip.name}: {error}") from error
            yield replace(clip, people=tuple(people))


def score_folds(
    models: Sequence[FoldModel],
    data: HolisticWild,
    sources: Path,
    *,
    known_only: bool = False,
    every: int = 1,
    perturb: Perturbation | None = None,
    seed: int = 0,
    progress: bool = False,
) -> OutOfFoldScores:
    """Score the clips of each model's held-out fold, in the order of the folds.

    Args:
        models: At most one for each fold.
        data: All clips.
        sources: sources.csv with the fold of each subject.
        known_only: Leave out the clips whose label is no class.
        every: Score only every N-th clip of a fold.
        perturb: Perturbation of each clip before it is scored.
        seed: Seed of the perturbation.
        progress: Whether to show a progress bar on the terminal.

    Raises:
        InputError: A subject has no fold, a fold has no clips, the models have different streams,
            a clip cannot be perturbed, or `every` or `seed` is out of range.
        OSError: `sources` cannot be read.
    """
    if every < 1:
        raise InputError(f"every: must be at least 1, got {every}")
    class_names = models[0].model.description.class_names
    streams = [tuple(model.model.description.streams) for model in models]
    for model, found in zip(models, streams, strict=True):
        if found != streams[0]:
            raise InputError(
                f"models: the streams of fold {model.fold} are {', '.join(found) or 'none'}, "
                f"those of fold {models[0].fold} are {', '.join(streams[0]) or 'none'}"
            )
    source: ClipSource = data if perturb is None else PerturbedClips(data, perturb, seed)
    parts, chosen = [], []
    for model in models:
        _, clips = split(data, f"fold_{model.fold}", sources)
        if known_only:
            clips = clips[np.isin(data.labels[clips], gesture_classes(class_names)[0])]
        clips = clips[::every]
        if not len(clips):
            raise InputError(f"fold {model.fold}: no clip has a label that the model knows")
        chosen.append(clips)
        parts.append(clip_logits(model.model, source, clips, progress=progress))
    clips = np.concatenate(chosen)
    lengths = [len(part) for part in chosen]
    descriptions = [model.model.description for model in models]
    return OutOfFoldScores(
        class_names=class_names,
        logits=WindowOutput.join(parts),
        temperatures=np.repeat([one.temperature for one in descriptions], lengths),
        rejection_thresholds=np.repeat([one.rejection_threshold for one in descriptions], lengths),
        labels=data.labels[clips],
        subjects=data.subjects[clips],
        folds=np.repeat([model.fold for model in models], lengths),
        clips=clips,
        hand_share=_hand_share(data)[clips],
        streams=streams[0],
    )


def _hand_share(data: HolisticWild) -> npt.NDArray[np.floating]:
    """Return (N,) share of the frames of each clip that show a hand."""
    shown = data.hand_present.any(axis=1).astype(np.float64)
    return np.add.reduceat(shown, data.offsets[:-1]) / np.diff(data.offsets)
