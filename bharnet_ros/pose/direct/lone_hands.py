"""Finds and tracks hands to which no body leads.

After MediaPipe's graph `hand_landmark_tracking_cpu`.
"""

from __future__ import annotations

import numpy as np

from bharnet_ros.pose.direct.detector import Detection, Detector
from bharnet_ros.pose.direct.hand import HandFinder, region_from_landmarks
from bharnet_ros.pose.direct.regions import Region, overlaps, rotation_of
from bharnet_ros.pose.scene import HandLandmarks

MOST_HANDS = 2

_WRIST, _MIDDLE = 0, 2
_ROOM, _HIGHER = 2.6, -0.5
_SAME = 0.5
"""Overlap (intersection over union) above which two regions are of the same hand."""


def region_of_palm(palm: Detection) -> Region:
    """Return the region of the hand whose palm was detected."""
    left, top, right, bottom = palm.box
    rotation = rotation_of(palm.points[_WRIST], palm.points[_MIDDLE])
    box = Region((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, rotation)
    return box.expanded(_ROOM, _HIGHER)


class LoneHands:
    """Tracks up to `MOST_HANDS` hands; looks for palms while there are fewer."""

    def __init__(self, detector: Detector, finder: HandFinder) -> None:
        """Start without hands."""
        self._detector = detector
        self._finder = finder
        self._regions: list[Region] = []

    def reset(self) -> None:
        """Forget all hands."""
        self._regions = []

    def find(self, image: np.ndarray) -> tuple[HandLandmarks, ...]:
        """Return the hands in an image (H, W, 3)."""
        regions = list(self._regions)
        if len(regions) < MOST_HANDS:
            for palm in self._detector.find(image)[:MOST_HANDS]:
                region = region_of_palm(palm)
                known = np.array([other.box for other in regions]).reshape(-1, 4)
                if (overlaps(region.box, known) <= _SAME).all():
                    regions.append(region)
        found = self._finder.find(image, regions, len(regions))
        hands = tuple(hand for hand in found if hand is not None)[:MOST_HANDS]
        size = image.shape[1], image.shape[0]
        self._regions = [region_from_landmarks(hand.landmarks[:, :2] * size) for hand in hands]
        return hands
