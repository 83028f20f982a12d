"""Teaches a model the gestures of a set: from examples to classes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from bharnet_ros.gestures.gesture_set import GestureSet
from bharnet_ros.gestures.taught import EmbeddedExample, TaughtGestures
from bharnet_ros.gestures.windows import example_windows
from bharnet_ros.recognition.background import Background
from bharnet_ros.recognition.embedding import Embeddings
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import KeypointSequence

_BATCH = 32


class Teacher:
    """Embeds examples with one model, each example once, and fits classes to them.

    Attributes:
        recognizer: The model.
        window_s: Length of the sliding window in which gestures will be seen, seconds.
    """

    def __init__(self, recognizer: Recognizer, window_s: float | None = None) -> None:
        """Start without examples.

        Args:
            recognizer: The model.
            window_s: Length of the sliding window, seconds; None means the model's.

        Raises:
            InputError: The model has no embeddings; names it.
        """
        self.recognizer = recognizer
        self.window_s = recognizer.description.window_s if window_s is None else window_s
        self._background = _background_of(recognizer)
        self._embedded: dict[str, EmbeddedExample] = {}

    def embed(self, example: ClipKeypoints, *, either_hand: bool = False) -> EmbeddedExample:
        """Return an example as the model sees it.

        Args:
            example: The example.
            either_hand: Whether the other side of the body may show the same.

        Raises:
            InputError: The example has no frames.
        """
        key, mirrored = _keys(example)
        if key not in self._embedded:
            self._embedded[key] = self._embed(example)
        embedded = self._embedded[key]
        if not either_hand:
            return embedded
        if mirrored not in self._embedded:
            self._embedded[mirrored] = self._embed(example.mirrored())
        return replace(embedded, mirrored=self._embedded[mirrored].shown)

    def embed_set(self, gestures: GestureSet) -> dict[str, list[EmbeddedExample]]:
        """Return the examples of each gesture of a set as the model sees them."""
        return {
            name: [self.embed(one, either_hand=name in gestures.either_hand) for one in examples]
            for name, examples in gestures.gestures.items()
        }

    def teach(self, gestures: GestureSet, name: str) -> TaughtGestures:
        """Return the classes of a set, and forget examples that are not in it.

        Args:
            gestures: The set.
            name: Name of the set.

        Raises:
            InputError: The set has no gestures, or one of them shows neither body nor hands.
        """
        embedded = self.embed_set(gestures)
        background = [self.embed(one) for one in gestures.background]
        examples = itertools.chain(gestures.background, *gestures.gestures.values())
        kept = {key for one in examples for key in _keys(one)}
        self._embedded = {key: one for key, one in self._embedded.items() if key in kept}
        return self.fit(embedded, background, name=f"{name}@{gestures.revision}")

    def fit(
        self,
        examples: Mapping[str, list[EmbeddedExample]],
        background: Iterable[EmbeddedExample] = (),
        *,
        name: str = "gestures",
    ) -> TaughtGestures:
        """Return classes for embedded examples.

        Args:
            examples: Examples of each gesture.
            background: Examples of what is none of them.
            name: Name of the classes.

        Raises:
            InputError: As for `TaughtGestures`.
        """
        none = [part for one in background for part in (one.shown, one.rest)]
        return TaughtGestures(
            examples,
            name=name,
            rest=Embeddings.join([self.embed_windows(()), *none]),
            others_rest=_embeddings_of(self._background, "rest"),
            window_s=self.window_s,
        )

    def _embed(self, example: ClipKeypoints) -> EmbeddedExample:
        layout = self.recognizer.description.body_layout
        windows = example_windows(example, self.window_s, layout)
        return EmbeddedExample(
            self.embed_windows(windows.shown), self.embed_windows(windows.rest), windows.duration_s
        )

    def false_share(self, taught: TaughtGestures) -> float:
        """Return the share 0..1 of unknown motion in which an event of a gesture would begin.

        The motion is that of other people, in windows of the model's background; 0 without them.
        """
        unknown = taught.probabilities(_embeddings_of(self._background, "unknown"))
        begins = (unknown[:, :-1] >= list(taught.enter_thresholds.values())).any(1)
        return float(begins.mean()) if len(begins) else 0.0

    def embed_windows(self, windows: Iterable[KeypointSequence]) -> Embeddings:
        """Return the embeddings of windows; there may be none."""
        sequences = list(windows)
        size = self._background.space.body.projection.shape[1]
        unseen = np.zeros(0, dtype=bool)
        nothing = np.zeros((0, self._background.space.size), dtype=np.float32)
        parts = [Embeddings(nothing, size, unseen, unseen)]
        for start in range(0, len(sequences), _BATCH):
            output = self.recognizer.logits(sequences[start : start + _BATCH], self.window_s)
            parts.append(self.recognizer.embed(output))
        return Embeddings.join(parts)


def _keys(example: ClipKeypoints) -> tuple[str, str]:
    """Return the names of an example and of its mirror image."""
    return example.sha256, f"{example.sha256}/mirrored"


def _background_of(recognizer: Recognizer) -> Background:
    if recognizer.background is None:
        raise InputError(
            f"model {recognizer.description.name}: cannot be taught gestures: it has no embeddings"
        )
    return recognizer.background


def _embeddings_of(background: Background, kind: str) -> Embeddings:
    """Return background windows of one kind."""
    vectors = background.of_kind(kind)
    size = background.space.body.projection.shape[1]
    # A part that was not seen is exactly zero.
    return Embeddings(vectors, size, vectors[:, :size].any(1), vectors[:, size:].any(1))
