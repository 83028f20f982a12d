"""The gestures of the shipped model, as people perform these ASL signs at a webcam.

Every gesture is a function of time: places, directions and hand shapes were written by hand.
Places are (outwards, up, forward) in metres from the middle of the shoulders, see `ArmPose`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bharnet_ros.sources.puppet.motion import hand_shapes
from bharnet_ros.sources.puppet.motion.kinematics import ArmPose, Pose, blend_arms, smooth_step
from bharnet_ros.types.keypoints import FloatArray

Directions = Sequence[float]


@dataclass(frozen=True)
class Style:
    """How one performance differs from the next.

    Attributes:
        pace: Factor on the speed of repeated movements.
        size: Factor on their extent.
        shift: (3,) metres added to the place of the hands: outwards, up, forward.
    """

    pace: float = 1.0
    size: float = 1.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Style:
        """Draw a mild variation."""
        shift = tuple(float(value) for value in random.uniform(-0.012, 0.012, 3))
        return cls(
            pace=float(random.uniform(0.92, 1.08)),
            size=float(random.uniform(0.92, 1.08)),
            shift=(shift[0], shift[1], shift[2]),
        )


@dataclass(frozen=True)
class Gesture:
    """One motion with a name.

    Attributes:
        label: Name that recognition should give it; unknown motions have one too.
        perform: Pose at a time in seconds since the hands arrived.
        duration: Seconds that the hands stay in the motion.
        raise_time: Seconds from rest into the motion, and back again.
    """

    label: str
    perform: Callable[[float, Style], Pose]
    duration: float = 2.3
    raise_time: float = 0.45


def arm(
    wrist: Directions,
    pointing: Directions,
    palm: Directions,
    shape: FloatArray,
    style: Style,
    elbow: Directions = (0.45, -1.0, -0.1),
) -> ArmPose:
    """Return an arm whose wrist is moved by the style's shift."""
    return ArmPose(
        wrist=np.array(wrist, dtype=np.float64) + np.array(style.shift),
        pointing=np.array(pointing, dtype=np.float64),
        palm=np.array(palm, dtype=np.float64),
        elbow=np.array(elbow, dtype=np.float64),
        shape=shape,
    )


def resting(time: float) -> Pose:
    """Arms hanging, breathing and swaying a little."""
    sway = 0.004 * np.sin(2 * np.pi * 0.23 * time)
    breath = 0.003 * np.sin(2 * np.pi * 0.27 * time + 1.0)
    head = np.array(
        [0.05 * np.sin(0.9 * time), 0.02 * np.sin(1.3 * time), 0.02 * np.sin(0.7 * time)]
    )
    return Pose(place=np.array([sway, breath, 0.0]), lean=0.5 * sway, head=head)


def wave(time: float, frequency: float, style: Style) -> float:
    """Return a cosine, 1 at time zero, at the style's pace."""
    return float(np.cos(2 * np.pi * frequency * style.pace * time))


def hello(time: float, style: Style) -> Pose:
    """Open hand at the temple that moves outwards, twice, like a salute that waves."""
    out = style.size * (0.5 - 0.5 * wave(time, 0.85, style))
    temple = arm(
        (0.20, 0.16, 0.17), (-0.70, 0.80, 0.12), (-0.10, 0.0, 1.0), hand_shapes.OPEN, style
    )
    away = arm((0.29, 0.14, 0.19), (-0.05, 1.0, 0.15), (-0.05, -0.1, 1.0), hand_shapes.OPEN, style)
    return Pose(right=blend_arms(temple, away, out))


def thanks(time: float, style: Style) -> Pose:
    """Both flat hands from the chin, palms to the face, forward and down, and back."""
    out = style.size * (0.5 - 0.5 * wave(time, 0.7, style))
    chin = arm(
        (0.13, 0.00, 0.15), (-0.60, 0.90, 0.05), (-0.30, 0.05, -1.0), hand_shapes.FLAT, style
    )
    away = arm(
        (0.14, -0.07, 0.27), (-0.48, 0.80, 0.45), (-0.20, 0.35, -1.0), hand_shapes.FLAT, style
    )
    both = blend_arms(chin, away, out)
    return Pose(right=both, left=both, head=np.array([0.0, 0.05 * out, 0.0]))


def iloveyou(time: float, style: Style) -> Pose:
    """Thumb, index and little finger out, palm to the camera, rocking slightly."""
    rock = style.size * 0.10 * wave(time, 0.8, style)
    raised = arm(
        (0.25 + 0.08 * rock, 0.09, 0.17),
        (-0.18 + rock, 1.0, 0.08),
        (-0.10, -0.05, 1.0),
        hand_shapes.I_LOVE_YOU,
        style,
    )
    return Pose(right=raised)


def no(time: float, style: Style) -> Pose:
    """Index and middle finger snap onto the thumb."""
    closed = smooth_step(1.6 * (0.5 - 0.5 * wave(time, 1.5, style)) - 0.3)
    shape = hand_shapes.BEAK_OPEN + (hand_shapes.BEAK_CLOSED - hand_shapes.BEAK_OPEN) * closed
    raised = arm((0.25, 0.05, 0.20), (-0.15, 1.0, 0.12), (-0.45, -0.10, 1.0), shape, style)
    return Pose(right=raised, head=np.array([0.10 * wave(time, 0.75, style), 0.0, 0.0]))


def yes(time: float, style: Style) -> Pose:
    """A fist that nods at the wrist."""
    nod = style.size * (0.46 - 0.46 * wave(time, 1.97, style))
    elbow = (0.03, -1.36, 0.01)
    upright = arm(
        (0.214, 0.16, 0.207),
        (0.04, 1.16, 0.15),
        (-0.23, 0.21, 1.29),
        hand_shapes.FIST,
        style,
        elbow,
    )
    nodding = arm(
        (0.257, 0.116, 0.239),
        (0.06, 0.47, 1.67),
        (-0.20, -0.55, 1.32),
        hand_shapes.FIST,
        style,
        elbow,
    )
    head = np.array([0.0, 0.03 * nod, 0.0])
    return Pose(right=blend_arms(upright, nodding, nod), head=head)


def please(time: float, style: Style) -> Pose:
    """Flat hand that circles on the chest."""
    sideways, upwards = _circle(time, 0.034, 0.83, style)
    raised = arm(
        (0.04 + sideways, -0.06 + upwards, 0.135),
        (-1.05, 0.53, -0.04),
        (-0.79, 0.15, -0.84),
        hand_shapes.FLAT,
        style,
        (0.98, -1.11, 0.11),
    )
    return Pose(right=raised)


def sorry(time: float, style: Style) -> Pose:
    """Fist that circles on the chest."""
    sideways, upwards = _circle(time, 0.1, 2.3, style)
    raised = arm(
        (0.05 + sideways, -0.13 + upwards, 0.2),
        (-0.6, 0.7, 0.1),
        (-0.65, 0.0, -0.75),
        hand_shapes.THUMB_SIDE_FIST,
        style,
        (0.9, -1.1, 0.1),
    )
    return Pose(right=raised)


def help_(time: float, style: Style) -> Pose:
    """Fist with the thumb up on the other flat palm, both rising."""
    rise = style.size * 0.10 * (0.5 - 0.5 * wave(time, 1.0, style))
    fist = arm(
        (0.048, -0.045 + rise, 0.22),
        (-0.95, 0.56, 0.32),
        (-0.14, -0.12, -0.96),
        hand_shapes.THUMB_UP,
        style,
        (0.87, -0.88, -0.09),
    )
    plate = arm(
        (0.037, -0.13 + rise, 0.263),
        (-0.85, 0.46, 0.32),
        (-0.01, 0.75, -0.70),
        hand_shapes.FLAT,
        replace(style, shift=(-style.shift[0], *style.shift[1:])),
        (0.87, -0.68, 0.09),
    )
    return Pose(right=fist, left=plate)


def _circle(time: float, radius: float, frequency: float, style: Style) -> tuple[float, float]:
    angle = 2 * np.pi * frequency * style.pace * time
    return float(radius * style.size * np.sin(angle)), float(radius * style.size * np.cos(angle))


def scratching_head(time: float, style: Style) -> Pose:
    """Fingers on the crown that scratch."""
    scratch = 0.012 * style.size * wave(time, 2.6, style)
    raised = arm(
        (0.20 + scratch, 0.30, 0.02),
        (-0.75, 0.35, -0.1),
        (-0.4, -0.9, -0.1),
        hand_shapes.SCRATCHING,
        style,
        (1.0, 0.2, 0.0),
    )
    return Pose(right=raised, head=np.array([0.1, 0.08, -0.1]))


def stretching(time: float, style: Style) -> Pose:
    """Both arms up and out, fists closed."""
    reach = smooth_step(time / 1.0)
    both = arm(
        (0.30 + 0.12 * reach, 0.10 + 0.22 * reach, -0.02),
        (0.45, 1.0, 0.0),
        (0.1, 0.0, 1.0),
        hand_shapes.FIST,
        style,
        (1.0, -0.3, -0.2),
    )
    return Pose(right=both, left=both, head=np.array([0.0, -0.12 * reach, 0.0]))


def folding_arms(time: float, style: Style) -> Pose:
    """Forearms crossed before the chest, hands on the other arm."""
    breath = 0.004 * wave(time, 0.3, style)
    right = arm(
        (-0.085, -0.150 + breath, 0.18),
        (-0.9, 0.30, -0.40),
        (0.2, -0.2, -1.0),
        hand_shapes.HOLDING,
        style,
        (0.8, -0.9, 0.1),
    )
    left = arm(
        (-0.05, -0.195 + breath, 0.13),
        (-1.0, 0.0, -0.3),
        (0.1, -0.2, -1.0),
        hand_shapes.RELAXED,
        style,
        (0.8, -0.9, 0.1),
    )
    return Pose(right=right, left=left)


def drinking(time: float, style: Style) -> Pose:
    """A hand that holds a cup goes to the mouth and down again."""
    up = smooth_step(1.5 * (0.5 - 0.5 * wave(time, 0.45, style)))
    low = arm(
        (0.12, -0.20, 0.26), (-0.45, 0.35, 0.75), (-0.9, 0.0, -0.35), hand_shapes.HOLDING, style
    )
    mouth = arm(
        (0.11, 0.055, 0.18), (-0.60, 0.65, 0.05), (-0.7, -0.3, -0.6), hand_shapes.HOLDING, style
    )
    return Pose(right=blend_arms(low, mouth, up), head=np.array([0.0, -0.12 * up, 0.0]))


def presenting(time: float, style: Style) -> Pose:
    """A grip before the shoulder, palm half to the camera, that rocks and moves to and fro."""
    rock = style.size * wave(time, 0.6, style)
    raised = arm(
        (0.16 + 0.03 * rock, -0.04, 0.24),
        (0.75, 0.35 + 0.12 * rock, 0.25),
        (-0.25, -0.05, 1.0),
        hand_shapes.HOLDING,
        style,
    )
    return Pose(right=raised)


GESTURES: dict[str, Gesture] = {
    "hello": Gesture("hello", hello, duration=2.35),
    "thanks": Gesture("thanks", thanks, duration=2.6),
    "iloveyou": Gesture("iloveyou", iloveyou),
    "no": Gesture("no", no),
    "yes": Gesture("yes", yes),
    "please": Gesture("please", please),
    "help": Gesture("help", help_, duration=2.5),
    "sorry": Gesture("sorry", sorry),
}
"""The gestures of the shipped model."""

UNKNOWN: dict[str, Gesture] = {
    "scratching_head": Gesture("scratching_head", scratching_head),
    "stretching": Gesture("stretching", stretching, raise_time=0.8),
    "folding_arms": Gesture("folding_arms", folding_arms, raise_time=0.6),
    "drinking": Gesture("drinking", drinking),
}
"""Motions that are none of these gestures."""

PRESENTING = Gesture("presenting", presenting, duration=1.6)
"""Holding up a thing; the motion does not depend on which."""
