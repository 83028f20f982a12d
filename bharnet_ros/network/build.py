"""Builds BHaRNet and its variants by name.

This is a re-implementation from the text and figures of arXiv 2503.14960.
"""

from __future__ import annotations

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.network.variants.base import Base
from bharnet_ros.network.variants.expertized import Expertized
from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.network.variants.pooling import Pooling
from bharnet_ros.network.variants.temporal import Temporal
from bharnet_ros.network.variants.unified import Unified
from bharnet_ros.types.errors import InputError

VARIANTS: dict[str, type[BHaRNet]] = {
    "base": Base,
    "expertized": Expertized,
    "pooling": Pooling,
    "temporal": Temporal,
    "unified": Unified,
}
"""Every variant by name; each takes `NetworkSettings` and returns `ExpertOutput`."""


def build_network(settings: NetworkSettings) -> BHaRNet:
    """Build the network for these settings, with random weights.

    Raises:
        InputError: The variant or a further stream is unknown, or does not fit the other settings.
    """
    if settings.variant not in VARIANTS:
        known = ", ".join(sorted(VARIANTS))
        raise InputError(f"network variant {settings.variant!r} is unknown; known are: {known}")
    skeleton = VARIANTS[settings.variant](settings)
    return Multimodal(settings, skeleton) if settings.streams else skeleton
