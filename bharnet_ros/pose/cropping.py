"""Cuts crops around the hands and the upper body out of an image."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.types.crops import CropSettings, FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import (
    LEFT_HAND,
    RIGHT_HAND,
    FloatArray,
    FrameKeypoints,
    PersonKeypoints,
)
from bharnet_ros.types.layouts import SHOULDERS_PER_HAND

_SHOULDERS, _ELBOWS, _WRISTS = (11, 12), (13, 14), (15, 16)
_SIDES = {"left_hand": LEFT_HAND, "right_hand": RIGHT_HAND}
_LEAST_VISIBILITY = 0.5

_LEAST_BESIDE_HANDS = 0.8
"""Least plausible shoulder width, as a share of the width estimated from the hands."""

_BEYOND_WRIST = 0.35
"""Distance from the wrist to the middle of a hand that was not found, in forearm lengths."""

_AROUND_BODY = 1.25
"""Side of the square around shoulders, elbows and wrists, relative to the span of these."""

_LEAST_PIXELS = 6.0
"""Least side of a square that is worth scaling up."""

_LEAST_INSIDE = 0.5
"""Least share of a square that must lie in the image."""

Square = tuple[float, float, float]
"""Centre x, centre y and side, pixels."""


def cut_crops(
    image: npt.NDArray[np.uint8], person: PersonKeypoints, settings: CropSettings
) -> FrameCrops:
    """Cut out the regions of one person.

    The square around a hand reaches `hand_reach` shoulder widths to each side, whatever the pose of
    the fingers. If the hand was not found, often because it holds an object, the square lies beyond
    the body's wrist. Pixels outside the image are black. A region is absent if it was
    not found, or if less than half of it lies in the image.

    Args:
        image: (H, W, 3) uint8 RGB.
        person: Keypoints in pixels of that image.
        settings: Which regions to cut, and their size.

    Raises:
        InputError: The image is not (H, W, 3) uint8 or has no pixels.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(f"image: expected (H, W, 3) uint8 RGB, got {image.shape} {image.dtype}")
    size = settings.size
    pixels = np.zeros((len(settings.regions), size, size, 3), dtype=np.uint8)
    present = np.zeros(len(settings.regions), dtype=bool)
    for number, region in enumerate(settings.regions):
        square = region_square(person, region, settings)
        if square is not None and _worth_cutting(square, image.shape[1], image.shape[0]):
            pixels[number] = _cut(image, square, size)
            present[number] = True
    return FrameCrops(pixels, present)


def cut_all(
    image: npt.NDArray[np.uint8], frame: FrameKeypoints, settings: CropSettings
) -> dict[str, FrameCrops]:
    """Cut out the regions of each person in a frame, by track id; arguments as for `cut_crops`."""
    return {person.track_id: cut_crops(image, person, settings) for person in frame.people}


def region_square(person: PersonKeypoints, region: str, settings: CropSettings) -> Square | None:
    """Return the square of a region in the image, None if it was not found."""
    if region == "upper_body":
        points = _seen(person.body, (*_SHOULDERS, *_ELBOWS, *_WRISTS))
        if not np.isfinite(points[:2]).all():
            return None
        low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
        middle = (low + high) / 2
        return float(middle[0]), float(middle[1]), _AROUND_BODY * float((high - low).max())
    side = _SIDES[region]
    hand = person.hands[side, :, :2]
    elbow, wrist = _seen(person.body, (_ELBOWS[side], _WRISTS[side]))
    if np.isfinite(hand).all():
        centre = (hand.min(axis=0) + hand.max(axis=0)) / 2
    elif np.isfinite(wrist).all():
        forearm = wrist - elbow
        centre = wrist + _BEYOND_WRIST * np.where(np.isfinite(forearm), forearm, 0.0)
    else:
        return None
    width = _shoulder_width(person)
    if width is None:
        return None
    return float(centre[0]), float(centre[1]), 2 * settings.hand_reach * width


def _seen(body: FloatArray, landmarks: tuple[int, ...]) -> FloatArray:
    """Return (L, 2) pixels of landmarks, NaN where they are barely visible."""
    points = body[list(landmarks)]
    return np.where(points[:, 3:] >= _LEAST_VISIBILITY, points[:, :2], np.nan)


def _shoulder_width(person: PersonKeypoints) -> float | None:
    """Return the shoulder width in pixels, from a hand if the shoulders are not visible."""
    left, right = _seen(person.body, _SHOULDERS)
    width = float(np.linalg.norm(left - right))
    # The shoulders of a person who stands sideways or reaches for the camera look narrow compared
    # with the hands. A false body found in a picture of only a hand is far too small.
    palms = np.linalg.norm(person.hands[:, 9, :2] - person.hands[:, 0, :2], axis=1)
    found = palms[np.isfinite(palms)]
    from_hands = SHOULDERS_PER_HAND * float(found.max()) if len(found) else np.nan
    if np.isfinite(width):
        return max(width, _LEAST_BESIDE_HANDS * from_hands) if np.isfinite(from_hands) else width
    return from_hands if np.isfinite(from_hands) else None


def _worth_cutting(square: Square, width: int, height: int) -> bool:
    x, y, side = square
    if side < _LEAST_PIXELS:
        return False
    inside_x = min(x + side / 2, width) - max(x - side / 2, 0.0)
    inside_y = min(y + side / 2, height) - max(y - side / 2, 0.0)
    return inside_x > 0 and inside_y > 0 and inside_x * inside_y >= _LEAST_INSIDE * side * side


def _cut(image: npt.NDArray[np.uint8], square: Square, size: int) -> npt.NDArray[np.uint8]:
    """Return the square scaled to (S, S, 3), black outside the image."""
    x, y, side = square
    left, top = round(x - side / 2), round(y - side / 2)
    length = max(round(side), 1)
    part = image[max(top, 0) : max(top + length, 0), max(left, 0) : max(left + length, 0)]
    beyond_bottom = max(top + length - image.shape[0], 0)
    beyond_right = max(left + length - image.shape[1], 0)
    beyond = (max(-top, 0), beyond_bottom, max(-left, 0), beyond_right)
    whole = cv2.copyMakeBorder(part, *beyond, cv2.BORDER_CONSTANT) if any(beyond) else part
    method = cv2.INTER_AREA if length > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(whole, (size, size), interpolation=method), dtype=np.uint8)
