"""Changes of images that a camera, its mount or a compression may make."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Change = Callable[[Image], Image]


def unchanged(image: Image) -> Image:
    """Return the image as it is."""
    return image


def mirrored(image: Image) -> Image:
    """Return an (H, W, 3) image with left and right swapped."""
    return np.ascontiguousarray(image[:, ::-1])


def smaller(image: Image, factor: float) -> Image:
    """Return an (H, W, 3) image of the same size with its content at the bottom, to the right.

    The wall goes on around it.

    Args:
        image: The image.
        factor: Size of the content, 0..1.
    """
    height, width = image.shape[:2]
    inner = cv2.resize(
        image, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA
    )
    above, aside = height - inner.shape[0], width - inner.shape[1]
    left = round(0.75 * aside)
    around = cv2.copyMakeBorder(inner, above, 0, left, aside - left, cv2.BORDER_REPLICATE)
    return np.asarray(around, dtype=np.uint8)


def blurred(image: Image, deviation: float) -> Image:
    """Return an image after a Gaussian blur with a standard deviation in pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), dtype=np.uint8)


def compressed(image: Image, quality: int) -> Image:
    """Return an image after JPEG of a quality 0..100."""
    _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


IMAGES: dict[str, Change] = {
    "unchanged": unchanged,
    "mirrored": mirrored,
    "half size": partial(smaller, factor=1 / 2),
    "a third": partial(smaller, factor=1 / 3),
    "blurred": partial(blurred, deviation=5.0),
    "JPEG 10": partial(compressed, quality=10),
}
"""Changes of the images of one person."""
