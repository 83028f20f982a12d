"""How far clips are varied in training."""

from __future__ import annotations

from dataclasses import dataclass

from bharnet_ros.types.errors import InputError


@dataclass(frozen=True)
class AugmentationSettings:
    """How far clips are varied. Probabilities and shares are 0..1.

    "In images" marks settings for layouts in pixels, "in metres" those for layouts of depth
    cameras; a layout ignores the settings of the other kind.

    Attributes:
        speed: Least and greatest share of a clip that fills the window; above 1, its ends are held.
        warp: Greatest shift of the middle of the window by uneven speed, as a share of the window.
        slow_rate_probability: How often frames are left out, down to a third of the frame rate.
        frame_loss_probability: How often single frames are lost.
        mirror_probability: How often left and right are swapped.
        aspect: In images, least and greatest factor on heights, for unknown aspect ratios.
        rotation: In images, greatest camera roll, radians.
        turn: In metres, greatest rotation about the vertical axis of the camera, radians.
        tilt: In metres, greatest rotation about the axis to the right of the camera, radians.
        roll: In metres, greatest rotation about the optical axis of the camera, radians.
        stretch: In metres, least and greatest factor on each of the three axes. Each axis has its
            own factor, since a common one would be normalised away.
        noise: Standard deviation of the noise on coordinates, in shoulder widths.
        hand_gap_probability: How often each hand is missing for part of the window.
        hand_absent_probability: How often each hand is missing throughout.
        weaker_hand_absent_probability: How often only the more visible hand is kept.
        rest_probability: In images, how often part of the window becomes rest with hanging arms.
        rest_share: Least and greatest share of the window that then becomes rest.
        rest_around_probability: How often such a rest takes both ends of the window instead of one.
        background_rest_probability: In images, how often a clip becomes background: (almost) only
            rest.
        resting_hands_probability: How often each hand stays in view while it rests, as it does when
            the camera is farther away.
    """

    speed: tuple[float, float] = (0.65, 1.25)
    warp: float = 0.12
    slow_rate_probability: float = 0.4
    frame_loss_probability: float = 0.2
    mirror_probability: float = 0.5
    aspect: tuple[float, float] = (0.72, 1.15)
    rotation: float = 0.15
    turn: float = 0.5
    tilt: float = 0.1
    roll: float = 0.1
    stretch: tuple[float, float] = (0.9, 1.1)
    noise: float = 0.012
    hand_gap_probability: float = 0.25
    hand_absent_probability: float = 0.04
    weaker_hand_absent_probability: float = 0.15
    rest_probability: float = 0.25
    rest_share: tuple[float, float] = (0.1, 0.5)
    rest_around_probability: float = 0.0
    background_rest_probability: float = 0.04
    resting_hands_probability: float = 0.0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value is out of range; names the setting.
        """
        for name, value in vars(self).items():
            if isinstance(value, tuple):
                least, greatest = value
                if not 0.0 <= least <= greatest:
                    raise InputError(f"{name}: must be a range of 0 or more, got {list(value)}")
            elif not value >= 0.0:
                raise InputError(f"{name}: must not be negative, got {value}")
            elif name.endswith("probability") and value > 1.0:
                raise InputError(f"{name}: must lie in 0..1, got {value}")
