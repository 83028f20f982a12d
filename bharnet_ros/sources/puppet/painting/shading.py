"""Shaded, anti-aliased shapes, of which the puppet is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.types.keypoints import FloatArray

Image = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]

_SHIFT = 4
_SCALE = 1 << _SHIFT
_ARC = np.linspace(-np.pi / 2, np.pi / 2, 9)
_CIRCLE = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
_CIRCLE_POINTS = np.column_stack([np.cos(_CIRCLE), np.sin(_CIRCLE)])
# The light comes from above and a little from the left of the image.
_LIGHT = np.array([-0.35, -0.6])
# From the rim inwards: radius, shift towards the light in radii, brightness.
_LAYERS = ((1.0, 0.0, 0.66), (0.86, 0.06, 0.86), (0.66, 0.14, 0.97), (0.40, 0.26, 1.04))
_FARTHEST = 20_000.0


def tone(colour: Colour, brightness: float) -> Colour:
    """Return an RGB colour made darker or brighter."""
    red, green, blue = (min(255.0, channel * brightness) for channel in colour)
    return red, green, blue


def fill(image: Image, points: FloatArray, colour: Colour) -> None:
    """Fill a convex polygon given by (N, 2) pixels."""
    if np.abs(points).max() < _FARTHEST:
        cv2.fillConvexPoly(image, _fixed(points), colour, cv2.LINE_AA, _SHIFT)


def fill_any(image: Image, points: FloatArray, colour: Colour) -> None:
    """Fill a polygon of any form given by (N, 2) pixels."""
    if np.abs(points).max() < _FARTHEST:
        cv2.fillPoly(image, [_fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def stroke(image: Image, points: FloatArray, colour: Colour, thickness: float) -> None:
    """Draw a line through (N, 2) pixels, at least one pixel thick."""
    if np.abs(points).max() < _FARTHEST:
        width = max(1, round(thickness))
        cv2.polylines(image, [_fixed(points)], False, colour, width, cv2.LINE_AA, _SHIFT)


def limb(
    image: Image,
    joints: FloatArray,
    radii: FloatArray,
    colour: Colour,
    layers: Sequence[tuple[float, float, float]] = _LAYERS,
) -> None:
    """Draw a tapered limb with round ends, brighter towards the light, without seams at joints.

    Args:
        image: (H, W, 3) RGB, drawn into.
        joints: (N, 2) pixels, N at least 2.
        radii: (N,) pixels at the joints.
        colour: RGB at full light.
        layers: From the rim inwards: radius, shift towards the light in radii, brightness.
    """
    way = np.diff(joints, axis=0)
    angle = np.arctan2(way[:, 1], way[:, 0])[:, None]
    turned = np.concatenate([_ARC + angle + np.pi, _ARC + angle], axis=1)
    unit = np.stack([np.cos(turned), np.sin(turned)], axis=-1)
    ends = np.stack([joints[:-1], joints[1:]], axis=1).repeat(len(_ARC), axis=1)
    reach = np.stack([radii[:-1], radii[1:]], axis=1).repeat(len(_ARC), axis=1)[..., None]
    for size, shift, brightness in layers:
        outlines = ends + reach * (size * unit + shift * _LIGHT)
        if np.abs(outlines).max() >= _FARTHEST:
            return
        shade = tone(colour, brightness)
        for outline in _fixed(outlines):
            cv2.fillConvexPoly(image, outline, shade, cv2.LINE_AA, _SHIFT)


def rounded_hull(
    image: Image,
    centres: FloatArray,
    radii: FloatArray,
    colour: Colour,
    layers: Sequence[tuple[float, float, float]] = _LAYERS,
) -> None:
    """Draw the hull around circles, shaded from its rim inwards.

    Args:
        image: (H, W, 3) RGB, drawn into.
        centres: (N, 2) pixels.
        radii: (N,) pixels.
        colour: RGB at full light.
        layers: As for `limb`; the hull shrinks towards its middle.
    """
    middle = centres.mean(axis=0)
    circles = centres[:, None] + radii[:, None, None] * _CIRCLE_POINTS
    if np.abs(circles).max() >= _FARTHEST:
        return
    hull: FloatArray = cv2.convexHull(circles.reshape(-1, 2).astype(np.float32))[:, 0]
    radius = float(radii.mean())
    for size, shift, brightness in layers:
        points = middle + (hull - middle) * (0.45 + 0.55 * size) + radius * shift * _LIGHT
        fill(image, points, tone(colour, brightness))


def ellipse(image: Image, centre: FloatArray, axes: FloatArray, colour: Colour) -> None:
    """Fill an ellipse with (2, 2) half axes as rows, in pixels."""
    fill(image, centre + _CIRCLE_POINTS @ axes, colour)


def _fixed(points: FloatArray) -> npt.NDArray[np.int32]:
    return np.rint(points * _SCALE).astype(np.int32)
