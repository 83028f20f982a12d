"""What of a person a camera can see: exact keypoints, with hidden parts marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bharnet_ros.keypoints import FrameKeypoints, PersonKeypoints
from bharnet_ros.puppet.backdrop import Box

SEEN_SHARE = 0.5
"""A hand is present where at least this share of its landmarks is in view."""


def visible_frame(
    people: Sequence[PersonKeypoints],
    stamp_ns: int,
    width: int,
    height: int,
    boxes: Sequence[Box] = (),
) -> FrameKeypoints:
    """Return the truth of one frame from complete keypoints.

    Body landmarks out of the image or behind a box keep their exact place with visibility 0; a
    hand that is mostly so is absent, another has the share in view as its score; a person of
    whom no body landmark is in view is left out.

    Args:
        people: Complete keypoints.
        stamp_ns: Nanoseconds.
        width: Pixels.
        height: Pixels.
        boxes: Things before the people.
    """
    seen = (_visible_person(person, width, height, boxes) for person in people)
    kept = tuple(person for person in seen if (person.body[:, 3] > 0).any())
    return FrameKeypoints(stamp_ns=stamp_ns, width=width, height=height, people=kept)


def _visible_person(
    person: PersonKeypoints, width: int, height: int, boxes: Sequence[Box]
) -> PersonKeypoints:
    def in_view(points: np.ndarray) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        for box in boxes:
            inside &= ~box.covers(points)
        return inside

    body = person.body.copy()
    body[:, 3] *= in_view(body)
    share = in_view(person.hands).mean(axis=1)
    hidden = share < SEEN_SHARE
    hands, hands_world = person.hands.copy(), person.hands_world.copy()
    hands[hidden] = np.nan
    hands_world[hidden] = np.nan
    scores = np.where(hidden, 0.0, share).astype(np.float32)
    return replace(person, body=body, hands=hands, hands_world=hands_world, hand_scores=scores)
