"""The puppet's head: a painted picture, placed by the landmarks of the face."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from bharnet_ros.sources.puppet.motion.kinematics import HEAD_LANDMARKS
from bharnet_ros.sources.puppet.painting.shading import Colour, Image, ellipse, tone
from bharnet_ros.types.keypoints import FloatArray

# The picture's edges, in metres from the point between the ears.
_LEFT, _TOP, _RIGHT, _BOTTOM = -0.115, -0.165, 0.115, 0.145
_PIXELS_PER_METRE = 1000.0
# Weight of each landmark in placing the flat picture: ears lie far behind it.
_WEIGHTS = np.array([0.6, 1, 1, 1, 1, 1, 1, 0.35, 0.35, 1, 1])


def draw_head(image: Image, points: FloatArray, skin: Colour, hair: Colour) -> None:
    """Draw a head so that eyes, ears, nose and mouth lie on their landmarks.

    Args:
        image: (H, W, 3) RGB, drawn into.
        points: (11, 2) pixels, the first eleven body landmarks; NaN where absent.
        skin: RGB.
        hair: RGB.
    """
    known = np.isfinite(points).all(axis=1)
    if known.sum() < 3:
        return
    transform = _placement(points[known], known)
    _draw_skull(image, points, transform, hair)
    head = _head_picture(skin, hair)
    height, width = head.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    placed = corners @ transform[:, :2].T + transform[:, 2]
    low = np.floor(placed.min(axis=0)).astype(int)
    high = np.ceil(placed.max(axis=0)).astype(int) + 1
    low = np.maximum(low, 0)
    high = np.minimum(high, [image.shape[1], image.shape[0]])
    if (high <= low).any():
        return
    transform[:, 2] -= low
    # Bilinear sampling skips pixels when it shrinks a picture: shrink smoothly beforehand.
    shrink = float(np.sqrt(max(abs(np.linalg.det(transform[:, :2])), 1e-6)))
    if 1.4 * shrink * min(width, height) <= 0.5:
        return  # The head is smaller than a pixel.
    if shrink < 0.5:
        head = np.asarray(
            cv2.resize(head, None, fx=shrink * 1.4, fy=shrink * 1.4, interpolation=cv2.INTER_AREA),
            dtype=np.uint8,
        )
        transform[:, :2] /= np.array([head.shape[1] / width, head.shape[0] / height])
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    warped = cv2.warpAffine(head, transform, size, flags=cv2.INTER_LINEAR)
    target = image[low[1] : high[1], low[0] : high[0]]
    alpha = warped[..., 3:].astype(np.uint16)
    mixed = warped[..., :3] * alpha + target * (255 - alpha)
    target[:] = (mixed // 255).astype(np.uint8)


def _draw_skull(image: Image, points: FloatArray, transform: FloatArray, hair: Colour) -> None:
    """Draw the back of the head, which shows when the face is turned aside."""
    between_ears = points[[7, 8]].mean(axis=0)
    if not np.isfinite(between_ears).all():
        return
    up = -transform[:, 1] * _PIXELS_PER_METRE
    side = np.array([-up[1], up[0]])
    # Partly follows the middle of the picture, so that the neck still carries both.
    picture = transform @ np.array([-_LEFT * _PIXELS_PER_METRE, -_TOP * _PIXELS_PER_METRE, 1.0])
    middle = 0.6 * between_ears + 0.4 * picture
    ellipse(image, middle + 0.048 * up, np.stack([0.084 * side, 0.100 * up]), hair)


def _placement(points: FloatArray, known: FloatArray) -> FloatArray:
    """Return the least-squares affine map, (2, 3), from the picture to the image."""
    origin = np.array([_LEFT, _TOP])
    flat = (HEAD_LANDMARKS[known, :2] - origin) * _PIXELS_PER_METRE
    weights = _WEIGHTS[known, None]
    rows = np.column_stack([flat, np.ones(len(flat))])
    solution, *_ = np.linalg.lstsq(rows * weights, points * weights, rcond=None)
    return np.ascontiguousarray(solution.T)


@lru_cache(maxsize=8)
def _head_picture(skin: Colour, hair: Colour) -> Image:
    """Paint a head from the front: (H, W, 4) RGB and opacity."""
    x, y = np.meshgrid(
        np.arange(_LEFT, _RIGHT, 1 / _PIXELS_PER_METRE),
        np.arange(_TOP, _BOTTOM, 1 / _PIXELS_PER_METRE),
    )
    painter = _Painter(x, y)
    brown = tone(skin, 0.55)
    painter.paint(hair, painter.oval(0.0, -0.050, 0.088, 0.104))
    for side in (-1.0, 1.0):
        painter.paint(tone(skin, 0.80), painter.oval(side * 0.079, 0.004, 0.012, 0.026))
    face = np.maximum(
        painter.oval(0.0, -0.015, 0.075, 0.108), painter.oval(0.0, 0.040, 0.062, 0.078)
    )
    painter.paint(skin, face)
    _shade_face(painter, skin, face)
    hairline = painter.oval(0.0, -0.078, 0.086, 0.074) * (
        1.0 - painter.oval(0.012, -0.016, 0.064, 0.084)
    )
    painter.paint(hair, np.where(y < 0.0, hairline, 0.0))
    painter.paint(tone(hair, 1.35), painter.glow(-0.03, -0.12, 0.045, 0.02) * hairline * 0.5)
    for side in (-1.0, 1.0):
        _paint_eye(painter, side, skin, hair)
    _paint_nose(painter, skin)
    lips = (skin[0] * 0.80, skin[1] * 0.50, skin[2] * 0.50)
    painter.paint(lips, painter.oval(0.0, 0.066, 0.027, 0.0085))
    painter.paint(tone(lips, 1.18), painter.oval(0.0, 0.0705, 0.018, 0.004) * 0.7)
    painter.paint(tone(brown, 0.6), painter.oval(0.0, 0.0655, 0.026, 0.0016) * 0.9)
    painter.paint(brown, painter.glow(0.0, 0.083, 0.020, 0.006) * 0.35)
    return painter.picture()


def _shade_face(painter: _Painter, skin: Colour, face: FloatArray) -> None:
    edge = np.clip(np.hypot(painter.x / 0.078, (painter.y - 0.008) / 0.112), 0, 1) ** 4
    painter.paint(tone(skin, 0.62), edge * face * 0.75)
    painter.paint(tone(skin, 1.12), painter.glow(-0.012, -0.058, 0.035, 0.022) * face * 0.5)
    for side in (-1.0, 1.0):
        painter.paint(
            tone(skin, 1.10), painter.glow(side * 0.042, 0.022, 0.018, 0.014) * face * 0.5
        )
        painter.paint(
            tone(skin, 0.72), painter.glow(side * 0.032, -0.022, 0.022, 0.015) * face * 0.6
        )
        painter.paint(
            tone(skin, 0.80), painter.glow(side * 0.052, 0.060, 0.014, 0.028) * face * 0.5
        )


def _paint_eye(painter: _Painter, side: float, skin: Colour, hair: Colour) -> None:
    x, y = side * 0.0315, -0.017
    painter.paint(tone(skin, 0.50), painter.oval(x, y - 0.001, 0.0165, 0.0082))
    white = painter.oval(x, y + 0.0006, 0.0150, 0.0066)
    painter.paint((236.0, 233.0, 228.0), white)
    painter.paint((70.0, 48.0, 34.0), painter.oval(x, y, 0.0066, 0.0066) * white)
    painter.paint((12.0, 10.0, 10.0), painter.oval(x, y, 0.0033, 0.0033) * white)
    painter.paint((250.0, 250.0, 250.0), painter.oval(x - 0.002, y - 0.002, 0.0012, 0.0012))
    painter.paint((30.0, 20.0, 18.0), painter.oval(x, y - 0.0066, 0.0165, 0.0022))
    painter.paint(tone(hair, 0.9), painter.oval(side * 0.034, y - 0.0215, 0.020, 0.0042) * 0.92)


def _paint_nose(painter: _Painter, skin: Colour) -> None:
    painter.paint(tone(skin, 1.12), painter.glow(-0.001, 0.004, 0.0055, 0.030) * 0.7)
    painter.paint(tone(skin, 0.74), painter.glow(0.012, 0.012, 0.006, 0.022) * 0.5)
    painter.paint(tone(skin, 0.78), painter.glow(0.0, 0.041, 0.018, 0.006) * 0.7)
    painter.paint(tone(skin, 1.16), painter.glow(-0.002, 0.026, 0.008, 0.007) * 0.7)
    for side in (-1.0, 1.0):
        painter.paint(tone(skin, 0.80), painter.oval(side * 0.0145, 0.032, 0.0055, 0.0062) * 0.5)
        painter.paint(tone(skin, 0.40), painter.oval(side * 0.0080, 0.0375, 0.0042, 0.0022) * 0.8)


class _Painter:
    """Paints soft shapes, in metres, over one another."""

    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        self.x = x
        self.y = y
        self._colour = np.zeros((*x.shape, 3))
        self._opacity = np.zeros(x.shape)

    def oval(self, x: float, y: float, width: float, height: float) -> FloatArray:
        """Return the coverage, 0..1, of an ellipse with a rim about a pixel and a half wide."""
        radius = np.hypot((self.x - x) / width, (self.y - y) / height)
        return np.clip((1.0 - radius) * min(width, height) * _PIXELS_PER_METRE / 1.5 + 0.5, 0, 1)

    def glow(self, x: float, y: float, width: float, height: float) -> FloatArray:
        """Return a coverage, 0..1, that fades like a Gaussian."""
        return np.exp(-(((self.x - x) / width) ** 2) - ((self.y - y) / height) ** 2)

    def paint(self, colour: Colour, coverage: FloatArray) -> None:
        """Lay a colour over what is there."""
        self._colour += (np.array(colour) - self._colour) * coverage[..., None]
        self._opacity = np.maximum(self._opacity, coverage)

    def picture(self) -> Image:
        """Return the picture with its opacity."""
        opacity = np.clip(self._opacity * 255, 0, 255)[..., None]
        colour = np.clip(self._colour, 0, 255)
        return np.ascontiguousarray(np.concatenate([colour, opacity], axis=2).astype(np.uint8))
