"""Published landmarks: files and clips that do not fit are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.types.errors import InputError

pytest.importorskip("mediapipe", reason="the bench runs MediaPipe")


def test_published_landmarks_are_read_as_pixels(bench: Any, tmp_path: Path) -> None:
    path = tmp_path / "hand.json"
    path.write_text(json.dumps([[[1.0, 2.0, 9.0]] * 21] * 3), encoding="utf-8")
    golden = bench("accuracy.golden").read_golden(path, 21)
    assert golden.shape == (3, 21, 2)
    assert golden[2, 20].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[1, 2", b"{}", b"[[[1, 2]]]", b"[[[1, 2], [3]]]", b'[[["a", "b"]]]'],
)
def test_a_file_without_landmarks_is_refused_by_name(
    bench: Any, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "hand.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"^{path}: "):
        bench("accuracy.golden").read_golden(path, 21)


@pytest.mark.parametrize("frames", [0, 2, 4])
def test_a_clip_of_another_length_is_refused_by_name(bench: Any, frames: int) -> None:
    golden, sizes = np.zeros((3, 21, 2)), np.ones(3)
    with pytest.raises(InputError, match=r"^clip\.mp4: must have the 3 frames"):
        bench("accuracy.golden").compare(
            "clip.mp4", iter(range(frames)), lambda frame: None, golden, sizes
        )


def test_errors_are_normalised_by_the_size(bench: Any) -> None:
    golden, sizes = np.zeros((2, 21, 2)), np.full(2, 4.0)
    found = iter([np.full((21, 2), 3.0) * (1.0, 0.0), None])
    result = bench("accuracy.golden").compare(
        "clip.mp4", iter(range(2)), lambda frame: next(found), golden, sizes
    )
    assert (result["frames"], result["found"]) == (2, 1)
    assert (result["mean_pixels"], result["mean_normalised"]) == (3.0, 0.75)
