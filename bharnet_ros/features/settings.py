"""What a network is given of keypoints: frames, layouts, modalities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import get_layout

MODALITIES = ("joint", "bone", "joint_motion", "bone_motion")
"""What a stream may be given of each joint; any subset, joined along the channels."""


@dataclass(frozen=True)
class FeatureSettings:
    """What the network is given; stored in the model bundle.

    Attributes:
        frames: Frames T after resampling.
        body_layout: Layout of the body stream.
        hand_layout: Layout of the hand stream.
        modalities: Subset of `MODALITIES`, joined along the channels.
        align_heading: Turn bodies in metres about the vertical axis of the camera so that the line
            through the shoulders, its mean over the window, lies along x. From where a person is
            seen does then not matter; bodies in images are left as they are.
        fit_to_box: Scale each axis of bodies in metres so that what the people span over the window
            is -1 to 1, in place of shoulder widths around the shoulders: one who walks becomes
            small. So are skeletons of Northwestern-UCLA prepared where results on them were
            published (arXiv 2107.12213); bodies in images are left as they are.
        hanging_drop: In images, a hand whose wrist is more than so many shoulder widths below the
            shoulders hangs at rest and is left out, as one below the image of a webcam; 0 keeps
            all.
    """

    frames: int = 32
    body_layout: str = "mediapipe_upper_body"
    hand_layout: str = "mediapipe_hand"
    modalities: tuple[str, ...] = ("joint", "bone", "joint_motion")
    align_heading: bool = False
    fit_to_box: bool = False
    hanging_drop: float = 0.0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A modality or layout is unknown, the number of frames is not positive, or
                a length is negative.
        """
        if self.frames < 2:
            raise InputError(f"frames: must be at least 2, got {self.frames}")
        unknown = [name for name in self.modalities if name not in MODALITIES]
        if unknown or not self.modalities:
            raise InputError(f"modalities: {unknown} unknown; known are {', '.join(MODALITIES)}")
        get_layout(self.body_layout)
        get_layout(self.hand_layout)
        if not 0.0 <= self.hanging_drop < np.inf:
            raise InputError(f"hanging_drop: must be 0 or positive, got {self.hanging_drop}")

    @property
    def body_channels(self) -> int:
        """Channels of the body stream: each modality's coordinates of a joint, and the mask."""
        return get_layout(self.body_layout).dimensions * len(self.modalities) + 1

    @property
    def hand_channels(self) -> int:
        """Channels of the hand stream: place and shape for joints, shape for bones, the mask."""
        return sum(5 if name.startswith("joint") else 3 for name in self.modalities) + 1
