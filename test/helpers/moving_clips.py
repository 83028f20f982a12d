"""Clips of a person who rests, moves an arm and rests again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES

_DIRECTIONS = {"up": (0.0, -1.0), "aside": (1.0, 0.0), "down": (0.0, 1.0)}
_RATE = 20.0
_REST_S, _MOTION_S = 1.0, 1.2


def moving_clip(direction: str, *, seed: int = 0) -> ClipKeypoints:
    """Return a person whose right wrist goes in a direction and back; the right hand is seen then.

    Args:
        direction: `up`, `aside` or `down`.
        seed: Seed of the jitter and of how far the wrist goes.
    """
    random = np.random.default_rng(seed)
    frames = round((2 * _REST_S + _MOTION_S) * _RATE) + 1
    stamp = np.arange(frames) / _RATE
    away = np.clip((stamp - _REST_S) / _MOTION_S, 0.0, 1.0)
    share = np.sin(np.pi * away) * random.uniform(0.9, 1.1)
    body = np.full((frames, 33, 4), 0.9, dtype=np.float32)
    places = {"shoulder": (60, 0), "elbow": (75, 60), "wrist": (75, 120), "hip": (40, 160)}
    for joint, name in enumerate(MEDIAPIPE_BODY_NAMES):
        sign = -1 if name.startswith("right") else 1
        part = name.rpartition("_")[2]
        x, y = places.get(part, (5 + joint, -60))
        body[:, joint, :2] = (320 + sign * x, 200 + y)
        body[:, joint, 2] = 0.0
    wrist = MEDIAPIPE_BODY_NAMES.index("right_wrist")
    step = np.asarray(_DIRECTIONS[direction]) * 150
    body[:, wrist, :2] += share[:, None] * step
    body[..., :2] += random.normal(0, 0.5, (frames, 33, 2))
    hands = np.full((frames, 2, 21, 3), np.nan, dtype=np.float32)
    moving = share > 0.2
    spread = np.stack([np.arange(21) % 5, -(np.arange(21) // 4), np.zeros(21)], axis=1) * 8.0
    hands[moving, 1] = spread
    hands[moving, 1, :, :2] += body[moving, wrist, None, :2]
    scores = np.zeros((frames, 2), dtype=np.float32)
    scores[moving, 1] = 1.0
    return ClipKeypoints(
        stamp, body, hands, scores, 640, 480, motion=(_REST_S, _REST_S + _MOTION_S)
    )


def performance(
    *directions: str, start_s: float = 100.0, track_id: str = "body_1"
) -> Iterator[FrameKeypoints]:
    """Yield the frames of a person who makes one motion after the other and rests between.

    Args:
        directions: The motions.
        start_s: Stamp of the first frame, seconds.
        track_id: Identity of the person.
    """
    for number, direction in enumerate(directions):
        clip = moving_clip(direction, seed=number)
        for stamp_ns, person in clip.frames():
            yield FrameKeypoints(
                round(start_s * NANOSECONDS) + stamp_ns,
                clip.width,
                clip.height,
                (replace(person, track_id=track_id),),
                "camera",
            )
        start_s += float(clip.stamp[-1]) + 1.0 / _RATE
