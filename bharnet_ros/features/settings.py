"""Settings of the network's input: frames, layouts, modalities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types
from bharnet_ros.types.layouts import get_layout

MODALITIES = ("joint", "bone", "joint_motion", "bone_motion")
"""Features of a joint that can be chosen; any subset, joined along the channels."""


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of the network's input; stored in the model bundle.

    Attributes:
        frames: Frames T after resampling.
        body_layout: Joint layout of the body.
        hand_layout: Joint layout of the hands.
        modalities: Subset of `MODALITIES`, joined along the channels.
        align_heading: Turn bodies in metres about the vertical axis of the camera so that the line
            through the shoulders, averaged over the window, lies along x. The direction from which
            a person is seen then does not matter. Bodies in images are left as they are.
        fit_to_box: Scale each axis of bodies in metres so that the people span -1 to 1 over the
            window, instead of using shoulder widths around the shoulders. A person who walks
            becomes small. Published results on Northwestern-UCLA use skeletons prepared in this
            way (arXiv 2107.12213). Bodies in images are left as they are.
        hanging_drop: In images, leave out a hand whose wrist is more than this many shoulder widths
            below the shoulders: it hangs at rest. A webcam would not have it in view. 0 keeps all
            hands.
        hip_confidence: In images, greatest confidence of the hips. Webcams rarely have them in
            view, so a network that webcams taught takes hips in view for a sign of something else.
            1 keeps every confidence.
    """

    frames: int = 32
    body_layout: str = "mediapipe_upper_body"
    hand_layout: str = "mediapipe_hand"
    modalities: tuple[str, ...] = ("joint", "bone", "joint_motion")
    align_heading: bool = False
    fit_to_box: bool = False
    hanging_drop: float = 0.0
    hip_confidence: float = 1.0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value has the wrong type, a modality or layout is unknown, there are fewer
                than two frames, a length is negative, or a confidence is out of range; names the
                field.
        """
        check_field_types(FeatureSettings, vars(self))
        if self.frames < 2:
            raise InputError(f"frames: must be at least 2, got {self.frames}")
        unknown = [name for name in self.modalities if name not in MODALITIES]
        if unknown or not self.modalities:
            raise InputError(f"modalities: {unknown} unknown; known are {', '.join(MODALITIES)}")
        get_layout(self.body_layout)
        get_layout(self.hand_layout)
        if not 0.0 <= self.hanging_drop < np.inf:
            raise InputError(f"hanging_drop: must be 0 or positive, got {self.hanging_drop}")
        if not 0.0 < self.hip_confidence <= 1.0:
            raise InputError(
                f"hip_confidence: must be greater than 0 and at most 1, got {self.hip_confidence}"
            )

    @property
    def body_channels(self) -> int:
        """Channels of the body's input: the coordinates of each modality, and the mask."""
        return get_layout(self.body_layout).dimensions * len(self.modalities) + 1

    @property
    def hand_channels(self) -> int:
        """Channels of a hand's input: place and shape for joints, shape for bones, and the mask."""
        return sum(5 if name.startswith("joint") else 3 for name in self.modalities) + 1
