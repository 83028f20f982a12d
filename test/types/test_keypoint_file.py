"""Keypoint files: what they may hold, and that the same clip gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from moving_clips import moving_clip

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES


def clip(**changes: object) -> ClipKeypoints:
    fields: dict[str, object] = {
        "stamp": np.arange(4) / 30,
        "body": np.zeros((4, 33, 4), np.float32),
        "hands": np.zeros((4, 2, 21, 3), np.float32),
        "hand_scores": np.zeros((4, 2), np.float32),
        "width": 640,
        "height": 480,
        **changes,
    }
    return ClipKeypoints(**fields)  # type: ignore[arg-type]


def test_metres_and_the_motion_are_kept(tmp_path: Path) -> None:
    camera = np.random.default_rng(0).random((4, 33, 3)).astype(np.float32)
    camera[1] = np.nan
    full = clip(body_camera=camera, motion=(0.03, 0.09))
    full.save(tmp_path / "clip.npz")
    read = ClipKeypoints.load(tmp_path / "clip.npz")
    assert read.motion == (0.03, 0.09)
    assert read.body_camera is not None
    np.testing.assert_array_equal(read.body_camera, camera)
    assert read.to_bytes() == full.to_bytes()
    clip().save(tmp_path / "plain.npz")
    plain = ClipKeypoints.load(tmp_path / "plain.npz")
    assert (plain.body_camera, plain.motion) == (None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"motion": (0.05, 0.02)}, "motion: must lie within the clip, got 0.05 to 0.02"),
        ({"motion": (0.05, 3.0)}, "motion: must lie within the clip"),
        ({"body_camera": np.zeros((3, 33, 3))}, r"body_camera: expected shape \(4, 33, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        clip(**changes)


def test_a_mirrored_person_uses_the_other_side():
    given = moving_clip("aside")
    mirrored = given.mirrored()
    wrists = [MEDIAPIPE_BODY_NAMES.index(f"{side}_wrist") for side in ("left", "right")]
    np.testing.assert_allclose(
        mirrored.body[:, wrists[0], 0], given.width - given.body[:, wrists[1], 0]
    )
    np.testing.assert_array_equal(mirrored.hands[:, 0, :, 1:], given.hands[:, 1, :, 1:])
    np.testing.assert_array_equal(mirrored.hand_scores, given.hand_scores[:, ::-1])
    np.testing.assert_allclose(mirrored.mirrored().body, given.body, atol=1e-4)
