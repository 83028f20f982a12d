"""A tiny cross-validation: clips of six people in three folds, and a model for each fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bundles
import numpy as np
import pytest
import tiny_data

from bharnet_ros.recognition.output import WindowOutput
from research.__main__ import main
from research.cross_validation.out_of_fold import OutOfFoldScores

CLASS_NAMES = ("wave", "point", "background")
FOLDS = {"ann": 0, "bob": 0, "cem": 1, "dan": 1, "eva": 2, "fay": 2}
CLIPS = (
    # Nobody points in fold 1, and fold 2 has no unknown motion.
    *(("wave", "ann"), ("point", "ann"), ("jump", "bob"), ("wave", "bob")),
    *(("wave", "cem"), ("wave", "cem"), ("jump", "dan"), ("wave", "dan")),
    *(("point", "eva"), ("wave", "eva"), ("point", "fay"), ("wave", "fay")),
)


@dataclass(frozen=True)
class TinyCrossValidation:
    """Files of a cross-validation, and a method that runs `python -m research` on them."""

    data: Path
    sources: Path
    bundles: tuple[Path, ...]

    def study(self, name: str, *words: str | Path) -> int:
        """Run `python -m research NAME` on the clips and return the exit status."""
        given = (*words, "--data", self.data, "--subjects-from", self.sources, "--device", "cpu")
        return main([*name.split(), *map(str, given)])


@pytest.fixture(scope="session")
def make_bundle() -> Callable[..., Path]:
    """Return the function that writes a bundle with random weights."""
    return bundles.make_bundle


@pytest.fixture(scope="session")
def tiny(
    tmp_path_factory: pytest.TempPathFactory, make_bundle: Callable[..., Path]
) -> TinyCrossValidation:
    """Return clips of three folds and a bundle for each fold; the last clip shows no hand."""
    folder = tmp_path_factory.mktemp("cross_validation")
    labels, subjects = zip(*CLIPS, strict=True)
    arrays = tiny_data.tiny_arrays(labels, subjects)
    hands = np.cumsum(arrays["hands_xyz_delta"], axis=0)
    hands[arrays["offsets"][-2] :] = 0
    arrays["hands_xyz_delta"] = tiny_data.differences(hands / tiny_data.STEPS)
    return TinyCrossValidation(
        tiny_data.write_clips(folder / "clips.npz", arrays),
        tiny_data.write_sources(folder / "sources.csv", FOLDS),
        tuple(
            make_bundle(folder / f"fold{fold}", seed=fold, held_out_fold=fold) for fold in range(3)
        ),
    )


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], Any]:
    """Return a function that returns the JSON printed since it was last called."""
    return lambda: json.loads(capsys.readouterr().out)


@pytest.fixture
def make_scores() -> Callable[..., OutOfFoldScores]:
    """Return a function that makes scores of clips (label, subject, fold, logits)."""

    def make(
        clips: list[tuple[str, str, int, list[float]]], body: list[list[float]] | None = None
    ) -> OutOfFoldScores:
        labels, subjects, folds, ensemble = zip(*clips, strict=True)
        together = np.float32(ensemble)
        alone = together if body is None else np.float32(body)
        seen = np.ones(len(clips), dtype=bool)
        return OutOfFoldScores(
            class_names=CLASS_NAMES,
            logits=WindowOutput.of_skeleton(together, alone, together - alone, seen),
            temperatures=np.ones(len(clips)),
            rejection_thresholds=np.full(len(clips), 0.5),
            labels=np.asarray(labels),
            subjects=np.asarray(subjects),
            folds=np.asarray(folds),
            clips=np.arange(len(clips)),
            hand_share=np.linspace(0, 1, len(clips)),
        )

    return make
