"""A small file of the holistic_wild format and its sources.csv, for tests that need clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

STEPS = 4096
"""Coordinates are stored as differences in units of 1/4096 of the image."""


def differences(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Return coordinates (F, ...) as the file stores them: each frame minus the one before."""
    steps = np.round(values * STEPS).astype(np.int64)
    return np.diff(steps, axis=0, prepend=np.zeros_like(steps[:1])).astype(np.int16)


def tiny_arrays(
    labels: tuple[str, ...], subjects: tuple[str, ...], *, frames: int = 12, seed: int = 0
) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a file with one clip of people in random poses for each label.

    The left hand is absent from the first half of each clip; the right hand is always present.

    Args:
        labels: (N,) gesture of each clip.
        subjects: (N,) person in each clip.
        frames: Frames of each clip.
        seed: Seed of the poses.
    """
    random = np.random.default_rng(seed)
    count = len(labels) * frames
    body = random.integers(1, STEPS, (count, 25, 2)) / STEPS
    hands = random.integers(1, STEPS, (count, 2, 21, 3)) / STEPS
    hands[np.arange(count) % frames < frames // 2, 0] = 0.0
    return {
        "body_xy_delta": differences(body),
        "body_visibility": random.integers(0, 256, (count, 25)).astype(np.uint8),
        "hands_xyz_delta": differences(hands),
        "offsets": np.arange(len(labels) + 1, dtype=np.int32) * frames,
        "label": np.asarray(labels),
        "subject": np.asarray(subjects),
    }


def write_clips(path: Path, arrays: dict[str, npt.NDArray[np.generic]]) -> Path:
    """Write arrays as a file of the holistic_wild format and return its path."""
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def write_sources(
    path: Path, folds: dict[str, int], licences: tuple[tuple[str, str], ...] = ()
) -> Path:
    """Write a sources.csv with the fold of each subject and return its path.

    Args:
        path: Path of the file.
        folds: Fold of each subject.
        licences: Subjects and the licence of one of their sources; others have one source, MIT.
    """
    others = [(subject, "MIT") for subject in folds if subject not in dict(licences)]
    sources = [*others, *licences]
    rows = "".join(f"{subject},{folds[subject]},{licence}\n" for subject, licence in sources)
    path.write_text(f"subject,fold,licence\n{rows}", encoding="utf-8")
    return path
