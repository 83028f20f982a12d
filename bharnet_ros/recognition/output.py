"""What the network says of windows, as arrays, whichever back end ran it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.recognition.embedding import Embeddings, FloatArray


class WindowOutput(NamedTuple):
    """Uncalibrated logits (N, K) of N windows, and their embeddings.

    Attributes:
        ensemble: (N, K) the joint decision of body, hands and further streams.
        body: (N, K) the body expert alone.
        hand: (N, K) the hand expert alone, zero where no hand was seen.
        hand_seen: (N,) bool, whether a hand was seen in any frame.
        skeleton: (N, K) the joint decision of body and hands: `ensemble`, unless there are further
            streams.
        streams: (N, S, K) each of S further streams, zero where it saw nothing.
        stream_seen: (N, S) bool, whether the stream saw anything.
        embeddings: Embeddings of the windows; None if the model has no embedding space.
    """

    ensemble: FloatArray
    body: FloatArray
    hand: FloatArray
    hand_seen: npt.NDArray[np.bool_]
    skeleton: FloatArray
    streams: FloatArray
    stream_seen: npt.NDArray[np.bool_]
    embeddings: Embeddings | None = None

    @classmethod
    def of_skeleton(
        cls,
        ensemble: FloatArray,
        body: FloatArray,
        hand: FloatArray,
        hand_seen: npt.NDArray[np.bool_],
        embeddings: Embeddings | None = None,
    ) -> WindowOutput:
        """Return the output of body and hands without further streams."""
        count, classes = ensemble.shape
        return cls(
            ensemble,
            body,
            hand,
            hand_seen,
            skeleton=ensemble,
            streams=np.zeros((count, 0, classes), dtype=np.float32),
            stream_seen=np.zeros((count, 0), dtype=bool),
            embeddings=embeddings,
        )

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> WindowOutput:
        """Return the output of some of the windows."""
        taken: dict[str, Any] = {name: array[rows] for name, array in self._arrays().items()}
        embeddings = None if self.embeddings is None else self.embeddings.take(rows)
        return WindowOutput(**taken, embeddings=embeddings)

    @classmethod
    def join(cls, parts: Sequence[WindowOutput]) -> WindowOutput:
        """Return the output of several batches, at least one, as one."""
        arrays = [part._arrays() for part in parts]
        joined: dict[str, Any] = {
            name: np.concatenate([one[name] for one in arrays]) for name in arrays[0]
        }
        known = [part.embeddings for part in parts if part.embeddings is not None]
        return cls(**joined, embeddings=Embeddings.join(known) if known else None)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {name: value for name, value in self._asdict().items() if name != "embeddings"}


def softmax(logits: FloatArray) -> FloatArray:
    """Return the probabilities (..., K) of logits (..., K)."""
    likely: FloatArray = np.exp(logits - logits.max(-1, keepdims=True))
    likely /= likely.sum(-1, keepdims=True)
    return likely
