"""Settings of the shape of a network; stored in the model bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types

ATTENTION_PLACES = ("none", "before", "after")
"""Where interactive branches attend to each other: nowhere, before their blocks, or after."""

FUSIONS = ("sum", "noisy_or")
"""Ways of fusing the logits of both experts into one decision."""


@dataclass(frozen=True)
class BackboneSettings:
    """Size of a backbone.

    Attributes:
        channels: Channels of each stage.
        depths: Blocks of each stage; every stage but the first begins with temporal stride 2.
        channels_per_topology: Channels that share a refined graph; 1 as in CTR-GCN.
        dropout: Probability with which a pooled feature is dropped in training.
        readout: Channels of temporal convolutions over all joints together, which follow the
            blocks; all but the first have stride 2. None of them: features are averaged over
            joints.
        maximum: Whether features are pooled over time by the maximum too, beside the mean.
    """

    channels: tuple[int, ...] = (64, 128, 256)
    depths: tuple[int, ...] = (4, 3, 3)
    channels_per_topology: int = 1
    dropout: float = 0.0
    readout: tuple[int, ...] = ()
    maximum: bool = False

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value has the wrong type or is out of range, or channels and depths
                differ in number; names the field.
        """
        check_field_types(BackboneSettings, vars(self))
        if len(self.channels) != len(self.depths) or not self.channels:
            raise InputError(
                f"channels {self.channels} and depths {self.depths}: need one of each per stage"
            )
        if min(self.channels) < 1 or min(self.depths) < 1:
            raise InputError(f"channels {self.channels}, depths {self.depths}: must be positive")
        if self.readout and min(self.readout) < 1:
            raise InputError(f"readout {self.readout}: must be positive")
        if self.channels_per_topology < 1:
            raise InputError(
                f"channels_per_topology: must be positive, got {self.channels_per_topology}"
            )
        if not 0.0 <= self.dropout <= 1.0:
            raise InputError(f"dropout: must lie in 0..1, got {self.dropout}")

    @property
    def feature_channels(self) -> int:
        """C of a pooled feature vector."""
        width = self.readout[-1] if self.readout else self.channels[-1]
        return width * (2 if self.maximum else 1)

    def blocks(self, in_channels: int) -> list[tuple[int, int, int]]:
        """Return channels in, channels out and stride of each block, given the input's channels."""
        blocks = []
        for stage, (width, depth) in enumerate(zip(self.channels, self.depths, strict=True)):
            for block in range(depth):
                blocks.append((in_channels, width, 2 if stage > 0 and block == 0 else 1))
                in_channels = width
        return blocks


@dataclass(frozen=True)
class InteractionSettings:
    """How body and hands interact. A variant reads the settings that concern it.

    Attributes:
        branch_blocks: Blocks at the end of a backbone that fork into an expertized and an
            interactive branch (variant `expertized`).
        attention: One of `ATTENTION_PLACES` (variant `expertized`); `none` also switches off the
            cross-attention of variant `pooling`.
        heads: Heads of each cross-attention; must divide the channels of the last stages.
        fusion: One of `FUSIONS`.
        presence_aware: Whether the weight of the hand expert grows with the share of frames that
            show a hand.
    """

    branch_blocks: int = 1
    attention: str = "after"
    heads: int = 4
    fusion: str = "sum"
    presence_aware: bool = False

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value has the wrong type, is unknown or is not positive; names the field.
        """
        check_field_types(InteractionSettings, vars(self))
        for name, value, known in (
            ("attention", self.attention, ATTENTION_PLACES),
            ("fusion", self.fusion, FUSIONS),
        ):
            if value not in known:
                raise InputError(f"{name}: {value!r} is unknown; known are: {', '.join(known)}")
        for name in ("branch_blocks", "heads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: must be positive, got {getattr(self, name)}")


@dataclass(frozen=True)
class NetworkSettings:
    """Everything needed to build a network.

    Attributes:
        variant: Name in `build.VARIANTS`.
        classes: Number of classes K.
        body_channels: C of the body's input.
        hand_channels: C of the hands' input.
        body_layout: Joint layout of the body.
        hand_layout: Joint layout of the hands.
        body: Size of the body expert; variant `unified` has only this backbone.
        hand: Size of the hand expert.
        interaction: How body and hands interact.
        streams: Options of further streams that join the ensemble, by name (`streams.STREAMS`).
    """

    variant: str
    classes: int
    body_channels: int
    hand_channels: int
    body_layout: str
    hand_layout: str
    body: BackboneSettings = field(default_factory=BackboneSettings)
    hand: BackboneSettings = field(default_factory=BackboneSettings)
    interaction: InteractionSettings = field(default_factory=InteractionSettings)
    streams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def check_streams(streams: object) -> None:
    """Check that a value holds the options of streams by name.

    Raises:
        InputError: It does not; names the field.
    """
    if not isinstance(streams, Mapping):
        raise InputError(f"streams: expected options by name, got {streams!r}")
    for name, options in streams.items():
        if not isinstance(options, Mapping):
            raise InputError(f"streams.{name}: expected options, got {options!r}")
