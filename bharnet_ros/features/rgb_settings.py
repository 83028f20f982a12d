"""What the stream `rgb` is given and how large it is; stored in the model bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bharnet_ros.types.crops import CropSettings
from bharnet_ros.types.errors import InputError

RGB = "rgb"
"""Name of the stream."""


@dataclass(frozen=True)
class RgbSettings:
    """Settings of the stream.

    Attributes:
        crops: Which crops it is given.
        backbone: Name of a network of torchvision.
        channels: C of the tokens.
        full_size: Whether the backbone takes its first step of two pixels as it was made to.
    """

    crops: CropSettings = field(default_factory=CropSettings)
    backbone: str = "shufflenet_v2_x0_5"
    channels: int = 64
    full_size: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> RgbSettings:
        """Return the settings that options say, those of the crops among the others.

        Raises:
            InputError: An option is unknown or has a wrong value; names it.
        """
        of_crops = {one.name for one in fields(CropSettings)}
        own = {one.name for one in fields(cls)} - {"crops"}
        unknown = sorted(set(options) - of_crops - own)
        if unknown:
            known = ", ".join(sorted(of_crops | own))
            raise InputError(f"{unknown[0]}: is no option; known are {known}")
        crops = {name: value for name, value in options.items() if name in of_crops}
        if "regions" in crops:
            crops["regions"] = tuple(crops["regions"])
        rest = {name: value for name, value in options.items() if name in own}
        return cls(crops=CropSettings(**crops), **rest)

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: The channels are not positive.
        """
        if self.channels < 1:
            raise InputError(f"channels: must be positive, got {self.channels}")
