"""Settings of the stream `rgb`: its input and its size; stored in the model bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bharnet_ros.types.crops import CropSettings
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types

RGB = "rgb"
"""Name of the stream."""


@dataclass(frozen=True)
class RgbSettings:
    """Settings of the stream `rgb`.

    Attributes:
        crops: Crops that it takes.
        backbone: Name of a torchvision network.
        channels: C of the tokens.
        full_size: Whether the first convolution of the backbone keeps its stride of two pixels,
            which suits full-size images.
    """

    crops: CropSettings = field(default_factory=CropSettings)
    backbone: str = "shufflenet_v2_x0_5"
    channels: int = 64
    full_size: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> RgbSettings:
        """Return the settings for options, which include those of the crops.

        Raises:
            InputError: An option is unknown or has a wrong value; names it.
        """
        crop_names = {one.name for one in fields(CropSettings)}
        own_names = {one.name for one in fields(cls)} - {"crops"}
        unknown = sorted(map(str, set(options) - crop_names - own_names))
        if unknown:
            known = ", ".join(sorted(crop_names | own_names))
            raise InputError(f"{unknown[0]}: is not an option; known are {known}")
        crops = {name: value for name, value in options.items() if name in crop_names}
        check_field_types(CropSettings, crops)
        if "regions" in crops:
            crops["regions"] = tuple(crops["regions"])
        own = {name: value for name, value in options.items() if name in own_names}
        return cls(crops=CropSettings(**crops), **own)

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value has the wrong type, or the channels are not positive; names the
                field.
        """
        check_field_types(RgbSettings, vars(self))
        if self.channels < 1:
            raise InputError(f"channels: must be positive, got {self.channels}")
