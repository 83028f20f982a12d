"""What every variant returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class ExpertLogits(NamedTuple):
    """Logits (N, K) of each stream and of all together, and which samples had a hand.

    Attributes:
        ensemble: (N, K) what all streams decide together.
        body: (N, K) what the body stream alone says.
        hand: (N, K) what the hand stream alone says, zero where no hand was seen.
        hand_seen: (N,) bool, whether a hand was seen in any frame.
        body_head: (N, K) the head that L_B judges: `body`, unless the stream has several heads.
        hand_head: (N, K) the head that L_H judges.
        skeleton: (N, K) what body and hands decide together: `ensemble`, unless there are further
            streams.
        streams: (N, S, K) what each of S further streams says, in the order of the settings, zero
            where it saw nothing.
        stream_seen: (N, S) bool, whether it saw anything.
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
        """Return the logits of body and hands where there is no further stream.

        Heads of their own are those of streams that have several.
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
