"""Gestures that no shipped model knows, for teaching them."""

from __future__ import annotations

import numpy as np

from bharnet_ros.sources.puppet.motion import hand_shapes
from bharnet_ros.sources.puppet.motion.gestures import Gesture, Style, arm, wave
from bharnet_ros.sources.puppet.motion.kinematics import Pose, blend_arms


def waving(time: float, style: Style) -> Pose:
    """Open hand beside the head, the forearm swinging from side to side."""
    swing = style.size * wave(time, 1.4, style)
    raised = arm(
        (0.30 + 0.05 * swing, 0.17, 0.16),
        (0.10 + 0.45 * swing, 1.0, 0.10),
        (0.0, -0.05, 1.0),
        hand_shapes.OPEN,
        style,
    )
    return Pose(right=raised)


def pointing_left(time: float, style: Style) -> Pose:
    """Left arm stretched out to the side, the index finger pointing."""
    sway = 0.015 * style.size * wave(time, 0.7, style)
    stretched = arm(
        (0.24, sway, 0.24),
        (1.0, 0.10, 0.10),
        (0.0, -0.6, 0.8),
        hand_shapes.POINTING,
        style,
        (0.6, -0.8, -0.2),
    )
    return Pose(left=stretched, head=np.array([-0.25, 0.0, 0.0]))


def clapping(time: float, style: Style) -> Pose:
    """Both flat hands before the chest, apart and together."""
    apart = style.size * (0.5 - 0.5 * wave(time, 1.2, style))
    together = arm(
        (0.035, -0.12, 0.27), (-0.05, 1.0, 0.35), (-1.0, 0.0, 0.25), hand_shapes.FLAT, style
    )
    open_ = arm((0.19, -0.12, 0.26), (0.10, 1.0, 0.35), (-0.9, 0.0, 0.45), hand_shapes.FLAT, style)
    both = blend_arms(together, open_, apart)
    return Pose(right=both, left=both)


OWN: dict[str, Gesture] = {
    "wave": Gesture("wave", waving),
    "point_left": Gesture("point_left", pointing_left),
    "clap": Gesture("clap", clapping),
}
