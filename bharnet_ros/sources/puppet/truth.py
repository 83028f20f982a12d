"""Ground truth of frames: exact keypoints, with hidden parts marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.puppet.painting.backdrop import Box
from bharnet_ros.sources.puppet.painting.body import SLEEVE_RADII, arm_parts, shoulder_scale
from bharnet_ros.types.keypoints import (
    LEFT_HAND,
    RIGHT_HAND,
    FloatArray,
    FrameKeypoints,
    PersonKeypoints,
)

SEEN_SHARE = 0.5
"""A hand is present if at least this share of its landmarks is in view."""


def visible_frame(
    people: Sequence[PersonKeypoints],
    stamp_ns: int,
    width: int,
    height: int,
    boxes: Sequence[Box] = (),
) -> FrameKeypoints:
    """Return the truth of one frame from complete keypoints.

    Body landmarks outside the image or behind a box keep their exact place, with visibility 0. A
    hand that is mostly outside the image, behind a box or behind an arm is absent; the score of any
    other hand is the share of its landmarks in view. A person without body landmarks in view is
    left out. Occlusion of hands by hands and of people by people is ignored.

    Args:
        people: Complete keypoints.
        stamp_ns: Stamp of the frame, nanoseconds.
        width: Pixels.
        height: Pixels.
        boxes: Boxes in front of the people.
    """
    seen = (_visible_person(person, width, height, boxes) for person in people)
    kept = tuple(person for person in seen if (person.body[:, 3] > 0).any())
    return FrameKeypoints(stamp_ns=stamp_ns, width=width, height=height, people=kept)


def _visible_person(
    person: PersonKeypoints, width: int, height: int, boxes: Sequence[Box]
) -> PersonKeypoints:
    def in_view(points: FloatArray) -> npt.NDArray[np.bool_]:
        x, y = points[..., 0], points[..., 1]
        inside: npt.NDArray[np.bool_] = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        for box in boxes:
            inside &= ~box.covers(points)
        return inside

    body = person.body.copy()
    body[:, 3] *= in_view(body)
    seen = in_view(person.hands)
    for side in (LEFT_HAND, RIGHT_HAND):
        seen[side] &= ~_behind_arms(person, side)
    share = seen.mean(axis=1)
    hidden = share < SEEN_SHARE
    hands, hands_world, hands_camera = (
        np.where(hidden[:, None, None], np.float32(np.nan), points)
        for points in (person.hands, person.hands_world, person.hands_camera)
    )
    return replace(
        person,
        body=body,
        hands=hands,
        hands_world=hands_world,
        hands_camera=hands_camera,
        hand_scores=np.where(hidden, 0.0, share).astype(np.float32),
    )


def _behind_arms(person: PersonKeypoints, side: int) -> npt.NDArray[np.bool_]:
    """Return which of the (21,) landmarks of a hand lie under an arm that is painted after it."""
    body = person.body[:, :3].astype(np.float64)
    hand = person.hands[side].astype(np.float64)
    depth = body[15 + side, 2] + hand[:, 2].mean()
    unit = shoulder_scale(body)
    hidden = np.zeros(len(hand), dtype=np.bool_)
    for arm in (0, 1):
        joints = body[[11 + arm, 13 + arm, 15 + arm]]
        for part in arm_parts(joints):
            if part[:, 2].mean() >= depth:
                continue
            first = 0 if np.array_equal(part[0], joints[0]) else 1
            radii = np.array(SLEEVE_RADII[first : first + len(part)]) * unit
            for number in range(len(part) - 1):
                start, end = part[number, :2], part[number + 1, :2]
                way = end - start
                along = np.clip((hand[:, :2] - start) @ way / max(way @ way, 1e-9), 0.0, 1.0)
                gap = np.linalg.norm(hand[:, :2] - start - along[:, None] * way, axis=1)
                hidden |= gap < radii[number] + along * (radii[number + 1] - radii[number])
    return hidden
