"""The output of every variant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class ExpertOutput(NamedTuple):
    """Logits (N, K) of each expert, each further stream and of all together; features of experts.

    Attributes:
        ensemble: (N, K) the joint decision of body, hands and further streams.
        body: (N, K) the body expert alone.
        hand: (N, K) the hand expert alone, zero where no hand was seen.
        hand_seen: (N,) bool, whether a hand was seen in any frame.
        body_head: (N, K) the head trained by L_B: `body`, unless the expert has several heads.
        hand_head: (N, K) the head trained by L_H: `hand`, unless the expert has several heads.
        skeleton: (N, K) the joint decision of body and hands: `ensemble`, unless there are further
            streams.
        streams: (N, S, K) each of S further streams, in the order of the settings, zero where it
            saw nothing.
        stream_seen: (N, S) bool, whether the stream saw anything.
        body_features: (N, C_body) what the body expert's head reads, zero where no body was seen.
            A network that makes one decision has only these.
        hand_features: (N, C_hand) what the hand expert's head reads, zero where no hand was seen.
    """

    ensemble: Tensor
    body: Tensor
    hand: Tensor
    hand_seen: Tensor
    body_head: Tensor
    hand_head: Tensor
    skeleton: Tensor
    streams: Tensor
    stream_seen: Tensor
    body_features: Tensor
    hand_features: Tensor

    @classmethod
    def join(cls, parts: Iterable[ExpertOutput]) -> ExpertOutput:
        """Return the output of several batches, at least one, as one."""
        return cls(*(torch.cat(column) for column in zip(*parts, strict=True)))

    @classmethod
    def of_skeleton(
        cls,
        ensemble: Tensor,
        body: Tensor,
        hand: Tensor,
        hand_seen: Tensor,
        body_head: Tensor | None = None,
        hand_head: Tensor | None = None,
        *,
        body_features: Tensor | None = None,
        hand_features: Tensor | None = None,
    ) -> ExpertOutput:
        """Return the output of body and hands without further streams.

        `body_head` and `hand_head` are given for experts with several heads. Features that are not
        given are empty.
        """
        count, classes = ensemble.shape
        return cls(
            ensemble,
            body,
            hand,
            hand_seen,
            body if body_head is None else body_head,
            hand if hand_head is None else hand_head,
            skeleton=ensemble,
            streams=ensemble.new_zeros(count, 0, classes),
            stream_seen=hand_seen.new_zeros(count, 0),
            body_features=ensemble.new_zeros(count, 0) if body_features is None else body_features,
            hand_features=ensemble.new_zeros(count, 0) if hand_features is None else hand_features,
        )
