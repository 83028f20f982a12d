"""The output of every variant."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class ExpertLogits(NamedTuple):
    """Logits (N, K) of each expert, each further stream and of all together.

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

    @classmethod
    def of_skeleton(
        cls,
        ensemble: Tensor,
        body: Tensor,
        hand: Tensor,
        hand_seen: Tensor,
        body_head: Tensor | None = None,
        hand_head: Tensor | None = None,
    ) -> ExpertLogits:
        """Return the logits of body and hands without further streams.

        `body_head` and `hand_head` are given for experts with several heads.
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
        )
