"""Accuracy against the level of a perturbation: tables, pictures and wrong arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from research.robustness import STRESSES

TinyCrossValidation = Any


def test_every_perturbation_is_measured_and_plotted(
    tiny: TinyCrossValidation, printed: Callable[[], Any], tmp_path: Path
) -> None:
    words = ("--models", *tiny.bundles, "--json", "--plots", tmp_path / "plots")
    assert tiny.study("robustness", *words) == 0
    content = printed()
    assert tiny.study("folds", "--models", *tiny.bundles, "--json") == 0
    pooled = printed()["pooled"]
    measures = ("top1", "mean_class_accuracy", "body_top1", "hand_top1")
    for name, stress in STRESSES.items():
        assert [one["level"] for one in content[name]] == list(stress.levels)
        picture = cv2.imread(str(tmp_path / "plots" / f"{name}.png"))
        assert picture.std() > 0
        # The clips are assumed to have 15 frames per second.
        unchanged = 15.0 if name == "frame_rate" else 0.0
        recorded = content[name][stress.levels.index(unchanged)]
        for measure in measures:
            assert recorded[measure] == pytest.approx(pooled[measure])


def test_a_single_perturbation_is_printed_as_a_table(
    tiny: TinyCrossValidation, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--models", *tiny.bundles, "--only", "mirrored", "--every", "2")
    assert tiny.study("robustness", *words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("people mirrored")
    assert [line.split("  ")[0] for line in lines[1:]] == ["as recorded", "all"]


def test_a_negative_seed_is_refused(
    tiny: TinyCrossValidation, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--models", tiny.bundles[0], "--only", "noise", "--seed", "-1")
    assert tiny.study("robustness", *words) == 2
    assert "seed: must not be negative, got -1" in capsys.readouterr().err
