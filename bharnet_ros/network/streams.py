"""Streams beside body and hands: their base class, registry and heads.

docs/extending.md shows how to add a stream.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from bharnet_ros.network.layers.attention import CrossAttention
from bharnet_ros.network.layers.expert import Classifier
from bharnet_ros.network.layers.instances import observed_mean
from bharnet_ros.network.layers.tokens import Tokens
from bharnet_ros.types.errors import InputError


class Stream(nn.Module, ABC):
    """Turns the observations of another sensor in a window into tokens.

    Attributes:
        channels: C of the tokens.
    """

    channels: int

    @abstractmethod
    def forward(self, values: Tensor, mask: Tensor) -> Tokens:
        """Return tokens (N, L, C) of N windows.

        Args:
            values: (N, M, ...) what the sensor observed at M times, any value where it observed
                nothing.
            mask: (N, M) or (N, M, R), 1 where it observed something.
        """


StreamMaker = Callable[[Mapping[str, Any]], Stream]

STREAMS: dict[str, StreamMaker] = {}
"""Builds each stream from its options, by the name of the stream in settings."""


def register_stream(name: str) -> Callable[[StreamMaker], StreamMaker]:
    """Return a decorator that registers a stream under this name.

    Raises:
        ValueError: The name is already registered.
    """

    def register(make: StreamMaker) -> StreamMaker:
        if name in STREAMS:
            raise ValueError(f"stream {name!r} is registered twice")
        STREAMS[name] = make
        return make

    return register


def build_stream(name: str, options: Mapping[str, Any]) -> Stream:
    """Build the stream of this name, with random weights.

    Raises:
        InputError: The name is unknown, or an option is wrong; names it.
    """
    if name not in STREAMS:
        known = ", ".join(sorted(STREAMS))
        raise InputError(f"streams: {name!r} is unknown; known are: {known}")
    try:
        return STREAMS[name](options)
    except (OverflowError, TypeError, ValueError) as error:
        raise InputError(f"streams.{name}: {error}") from error


class GuidedStream(nn.Module):
    """A stream with two heads: one reads its tokens, the other what the body attends to in them.

    This applies the design of variant `expertized` to any sensor. The first head specialises. The
    second reads what the body's tokens took from the stream's tokens by cross-attention. If the
    stream saw nothing in a sample, both give logits of exactly zero.

    Source: arXiv 2503.14960, the RGB extension guided by body features, after MMNet (IEEE TPAMI
    2023), whose body features weight regions of the image.
    """

    def __init__(
        self, stream: Stream, body_channels: int, classes: int, heads: int, dropout: float
    ) -> None:
        """Build both heads.

        Args:
            stream: Makes the tokens.
            body_channels: C of the body's tokens.
            classes: Number of classes K.
            heads: Heads of the attention; must divide `body_channels`.
            dropout: Probability with which a pooled feature is dropped in training.
        """
        super().__init__()
        self.stream = stream
        self.attention = CrossAttention(body_channels, stream.channels, heads)
        self.expertized_head = Classifier(stream.channels, classes, dropout)
        self.interactive_head = Classifier(body_channels, classes, dropout)

    def forward(self, values: Tensor, mask: Tensor, body: Tokens) -> tuple[Tensor, Tensor]:
        """Return logits (N, K), zero where nothing was seen, and (N,) bool, whether it was."""
        tokens = self.stream(values, mask)
        seen = (tokens.present > 0).any(dim=1)
        own = self.expertized_head(observed_mean(tokens.values, tokens.present, 1), seen)
        taken = self.attention.update(body.values, *tokens)
        guided = seen & (body.present > 0).any(dim=1)
        return own + self.interactive_head(observed_mean(taken, body.present, 1), guided), seen
