"""Finds bodies and palms in whole images: anchors, boxes and their merging.

The networks are those of BlazePose (arXiv 2006.10204) and MediaPipe Hands (arXiv 2006.10214); the
settings are those of MediaPipe's graphs `pose_detection_cpu` and `palm_detection_cpu`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from bharnet_ros.pose.direct.regions import Region, crop, overlaps, whole_image
from bharnet_ros.pose.direct.runtime import Network
from bharnet_ros.types.keypoints import FloatArray

_SAME = 0.3
"""Overlap (intersection over union) above which boxes show the same."""

_CLIPPED = 100.0


@dataclass(frozen=True, eq=False)
class Detection:
    """Something found in an image.

    Attributes:
        score: 0..1.
        box: (4,) left, top, right and bottom, pixels.
        points: (K, 2) its key points, pixels.
    """

    score: float
    box: FloatArray
    points: FloatArray


class Detector:
    """Runs a detection network over whole images."""

    def __init__(self, network: Network, *, strides: Sequence[int], least_score: float) -> None:
        """Prepare the anchors.

        Args:
            network: Gives boxes (1, A, 4 + 2 K) and scores (1, A, 1).
            strides: Stride of each layer, pixels; equal ones in a row share their places.
            least_score: Least score of a detection, 0..1.
        """
        self._network = network
        self.least_score = least_score
        self._anchors = anchors(network.size, strides)

    def find(self, image: np.ndarray) -> list[Detection]:
        """Return what is found in an image (H, W, 3), the most certain first."""
        region = whole_image(image.shape[1], image.shape[0])
        crop(image, region, self._network.inputs[0], black_border=True)
        boxes, scores = self._network.run()
        size = self._network.size
        return decode(boxes[0], scores[0, :, 0], self._anchors, size, region, self.least_score)


def anchors(size: int, strides: Sequence[int]) -> FloatArray:
    """Return the centres (A, 2) of the anchors, 0..1 of the input.

    There are two at each place of each layer; layers of the same stride come place by place.
    """
    found = []
    for stride, layers in groupby(strides):
        cells = -(-size // stride)
        places = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(places, places)
        centres = np.stack([x, y], axis=2).reshape(-1, 2)
        found.append(np.repeat(centres, 2 * len(list(layers)), axis=0))
    return np.concatenate(found)


def decode(
    boxes: FloatArray,
    scores: FloatArray,
    centres: FloatArray,
    size: int,
    region: Region,
    least_score: float,
) -> list[Detection]:
    """Return the detections in the output of a network, merged, the most certain first.

    Args:
        boxes: (A, 4 + 2 K) centre, width, height and key points of each box, pixels of the input
            from its anchor.
        scores: (A,) logits.
        centres: (A, 2) anchors.
        size: Width and height of the input, pixels.
        region: The part of the image that the input shows.
        least_score: Least score of a detection, 0..1.
    """
    sure = 1.0 / (1.0 + np.exp(-np.clip(scores.astype(np.float64), -_CLIPPED, _CLIPPED)))
    kept = np.flatnonzero(sure >= least_score)
    if not len(kept):
        return []
    kept = kept[np.argsort(-sure[kept], kind="stable")]
    points = boxes[kept].reshape(len(kept), -1, 2).astype(np.float64) / size
    points[:, 0] += centres[kept]
    points[:, 2:] += centres[kept, None]
    half = points[:, 1] / 2
    corners = np.concatenate([points[:, 0] - half, points[:, 0] + half], axis=1)
    rows = np.concatenate([corners, points[:, 2:].reshape(len(kept), -1)], axis=1)
    return [
        Detection(score, placed[:2].ravel(), placed[2:])
        for score, row in _merged(sure[kept], rows)
        for placed in [_placed(row.reshape(-1, 2), region)]
    ]


def _placed(points: FloatArray, region: Region) -> FloatArray:
    return region.to_image(np.column_stack([points, np.zeros(len(points))]))[:, :2]


def _merged(scores: FloatArray, rows: FloatArray) -> list[tuple[float, FloatArray]]:
    """Merge boxes that overlap, each time with the most certain one left, by their scores."""
    left = np.arange(len(scores))
    merged = []
    while len(left):
        overlap = overlaps(rows[left[0], :4], rows[left, :4])
        same = left[overlap > _SAME]
        if not len(same):
            break
        weights = scores[same] / scores[same].sum()
        merged.append((float(scores[left[0]]), weights @ rows[same]))
        left = left[overlap <= _SAME]
    return merged
