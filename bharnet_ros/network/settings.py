"""What decides the shape of a network; stored in the model bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bharnet_ros.network.layers.backbone import BackboneSettings
from bharnet_ros.types.errors import InputError

ATTENTION_PLACES = ("none", "before", "after")
"""Where interactive branches look at each other: nowhere, before their blocks, or after."""

FUSIONS = ("sum", "noisy_or")
"""How the logits of both streams become one decision."""


@dataclass(frozen=True)
class InteractionSettings:
    """How body and hands work together. A variant reads what concerns it.

    Attributes:
        branch_blocks: Blocks at the end of a backbone that fork into an expertized and an
            interactive branch (variant `expertized`).
        attention: One of `ATTENTION_PLACES` (variant `expertized`); `none` switches the
            cross-attention of variant `pooling` off too.
        heads: Heads of each cross-attention; must divide the channels of the last stages.
        fusion: One of `FUSIONS`.
        presence_aware: Whether the hand stream's say grows with the share of frames that show a
            hand.
    """

    branch_blocks: int = 1
    attention: str = "after"
    heads: int = 4
    fusion: str = "sum"
    presence_aware: bool = False

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value is unknown or not positive; names the field.
        """
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
    """Everything that is needed to build a network.

    Attributes:
        variant: Name in `bharnet.VARIANTS`.
        classes: Number of classes K.
        body_channels: C of the body stream's input.
        hand_channels: C of the hand stream's input.
        body_layout: Joint layout of the body stream.
        hand_layout: Joint layout of the hand stream.
        body: Size of the body expert; variant `unified` has this one backbone only.
        hand: Size of the hand expert.
        interaction: How the two work together.
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
    """Check that these are options of streams by name.

    Raises:
        InputError: They are something else; names the field.
    """
    if not isinstance(streams, Mapping):
        raise InputError(f"streams: expected options by name, got {streams!r}")
    for name, options in streams.items():
        if not isinstance(options, Mapping):
            raise InputError(f"streams.{name}: expected options, got {options!r}")
