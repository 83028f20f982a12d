"""Draws keypoints and current actions on images."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.types.keypoints import LEFT_HAND, FrameKeypoints, PersonKeypoints
from bharnet_ros.types.layouts import BODY_BONES, HAND_BONES, LEAST_VISIBILITY

BODY_COLOUR = (64, 200, 255)
LEFT_COLOUR = (255, 170, 40)
RIGHT_COLOUR = (120, 255, 90)
TEXT_COLOUR = (255, 255, 255)
TEXT_BACKGROUND = (20, 20, 20)
# OpenCV draws only within 16-bit coordinates and fails far outside the image.
FAR = 1 << 14

Colour = tuple[int, int, int]


def draw_frame(
    image: npt.NDArray[np.uint8], frame: FrameKeypoints, actions: Mapping[str, str]
) -> npt.NDArray[np.uint8]:
    """Return a copy of `image` with the keypoints and the current action of each person.

    Args:
        image: (H, W, 3) uint8 RGB.
        frame: Keypoints in pixels of this image.
        actions: Text to write beside a person, by track id.
    """
    drawn = image.copy()
    for person in frame.people:
        draw_person(drawn, person)
        text = actions.get(person.track_id)
        if text:
            _draw_text(drawn, text, _text_anchor(drawn, person))
    return drawn


def draw_person(image: npt.NDArray[np.uint8], person: PersonKeypoints) -> None:
    """Draw one person's keypoints into an (H, W, 3) uint8 RGB image, in place."""
    size = max(1, round(min(image.shape[:2]) / 240))
    body = person.body[:, :2].copy()
    body[person.body[:, 3] < LEAST_VISIBILITY] = np.nan
    _draw_points(image, body, BODY_BONES, BODY_COLOUR, size + 1)
    for side in (0, 1):
        colour = LEFT_COLOUR if side == LEFT_HAND else RIGHT_COLOUR
        _draw_points(image, person.hands[side, :, :2], HAND_BONES, colour, size)


def _draw_points(
    image: npt.NDArray[np.uint8],
    points: npt.NDArray[np.floating],
    bones: tuple[tuple[int, int], ...],
    colour: Colour,
    size: int,
) -> None:
    present = np.isfinite(points).all(axis=1)
    pixels = np.clip(np.nan_to_num(points), -FAR, FAR).round().astype(int)
    for first, second in bones:
        if present[first] and present[second]:
            start, end = (tuple(map(int, pixels[joint])) for joint in (first, second))
            cv2.line(image, start, end, colour, size, cv2.LINE_AA)
    joints = {joint for bone in bones for joint in bone}
    for joint in joints:
        if present[joint]:
            centre = tuple(map(int, pixels[joint]))
            cv2.circle(image, centre, size + 1, colour, cv2.FILLED, cv2.LINE_AA)


def _text_anchor(image: npt.NDArray[np.uint8], person: PersonKeypoints) -> tuple[int, int]:
    """Return the lower left corner of a person's text, above the head and inside the image."""
    height, width = image.shape[:2]
    points = np.concatenate([person.body[:, :2], person.hands[:, :, :2].reshape(-1, 2)])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return 8, height - 8
    x, y = points.min(axis=0)
    return int(np.clip(x, 4, width - 4)), int(np.clip(y - height / 10, height / 15, height - 8))


def _draw_text(image: npt.NDArray[np.uint8], text: str, anchor: tuple[int, int]) -> None:
    height, width = image.shape[:2]
    scale = height / 560
    thickness = max(1, round(height / 320))
    (text_width, text_height), baseline = cv2.getTextSize(
        text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness
    )
    x = max(0, min(anchor[0], width - text_width - 4))
    y = anchor[1]
    cv2.rectangle(
        image,
        (x - 4, y - text_height - 4),
        (x + text_width + 4, y + baseline),
        TEXT_BACKGROUND,
        cv2.FILLED,
    )
    cv2.putText(
        image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, TEXT_COLOUR, thickness, cv2.LINE_AA
    )
