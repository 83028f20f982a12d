"""Scores windows of keypoints: calibrated class probabilities from one model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.modalities import NetworkInput, network_input
from bharnet_ros.features.resampling import KeypointBatch, resample
from bharnet_ros.features.streams import StreamInput, prepare_streams
from bharnet_ros.recognition.backends import AUTO, open_backend
from bharnet_ros.recognition.background import BACKGROUND_FILE
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.embedding import Embeddings, FloatArray
from bharnet_ros.recognition.hands import acting_hands
from bharnet_ros.recognition.output import WindowOutput, softmax
from bharnet_ros.recognition.vocabulary import TaughtClasses, Vocabulary
from bharnet_ros.types.actions import ActionScores, TrackScores
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import HAND_LANDMARKS, NANOSECONDS, KeypointSequence
from bharnet_ros.types.layouts import get_layout


class Recognizer:
    """Scores the windows of any number of people in one batch."""

    def __init__(
        self, bundle: ModelBundle, device: str = AUTO, *, backend: str = AUTO, threads: int = 0
    ) -> None:
        """Load the network.

        Args:
            bundle: The model.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.
            backend: Back end that runs the network, one of `backends.BACKENDS`.
            threads: CPU threads of one inference; 0 leaves the number to the back end.

        Raises:
            BundleError: The network of the bundle cannot be used; names the file.
            InputError: There is no such device or back end, or it is not installed.
        """
        self.description = bundle.description
        self.background = bundle.background
        """Embedding space and background of the model, if it has them."""
        self.vocabulary = Vocabulary.of(self.description)
        """The classes that `score` gives probabilities of."""
        self._preparations = prepare_streams(self.description.streams)
        self._backend = open_backend(bundle, device, backend, threads)

    @property
    def backend(self) -> str:
        """What runs the network: one of `backends.BACKENDS`."""
        return self._backend.name

    @property
    def device(self) -> str:
        """Device of the network: `cpu` or `cuda:N`."""
        return self._backend.device

    def teach(self, taught: TaughtClasses | None, keep: Sequence[str] | None = None) -> None:
        """Score taught classes beside those of the model from now on.

        May be called while another thread scores: its scores are of the old or the new classes.

        Args:
            taught: The classes; None forgets those taught before.
            keep: Classes of the model to keep; None keeps all.

        Raises:
            InputError: As for `Vocabulary.of`.
        """
        self.vocabulary = Vocabulary.of(self.description, taught, keep)

    def warm_up(self, people: int = 1) -> None:
        """Run once on made-up people, so that the first real window is not delayed."""
        features = self.description.features
        layout = get_layout(features.body_layout)
        joints = len(layout)
        random = np.random.default_rng(0)
        frames = features.frames
        batch = KeypointBatch(
            body=random.uniform(0, 100, (people, frames, joints, layout.dimensions)).astype(
                np.float32
            ),
            body_mask=np.ones((people, frames, joints), dtype=np.float32),
            hands=random.uniform(0, 100, (people, frames, 2, HAND_LANDMARKS, 3)).astype(np.float32),
            hand_mask=np.ones((people, frames, 2), dtype=np.float32),
        )
        streams = {name: one.example(people) for name, one in self._preparations.items()}
        self._backend.run(network_input(batch, features), streams)

    def logits(
        self, sequences: Sequence[KeypointSequence], window_s: float | None = None
    ) -> WindowOutput:
        """Return the uncalibrated output of the network.

        Args:
            sequences: N people.
            window_s: Seconds before the newest frame to use; None uses each whole sequence.

        Raises:
            InputError: A sequence does not fit the model's body layout.
            ValueError: There are no sequences.
        """
        if not sequences:
            raise ValueError("sequences: need at least one")
        batch = resample(sequences, self.description.features, window_s)
        inputs = network_input(batch, self.description.features)
        return self._backend.run(inputs, self._stream_inputs(sequences, window_s))

    def embed(self, output: WindowOutput) -> Embeddings:
        """Return the embeddings of windows whose output `logits` returned.

        Raises:
            InputError: The model has no embedding space; names the model.
        """
        if output.embeddings is None:
            raise InputError(
                f"model {self.description.name}: has no embeddings; `bharnet train` writes "
                f"{BACKGROUND_FILE} beside the weights"
            )
        return output.embeddings

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Return calibrated probabilities (..., K) of logits (..., K)."""
        return softmax(logits / np.float32(self.description.temperature))

    def score(
        self,
        sequences: Sequence[KeypointSequence],
        stamp_ns: int,
        frame_id: str = "",
        window_s: float | None = None,
    ) -> ActionScores:
        """Score all people in view at one time.

        A window that shows hands in less than the model's `least_hand_share` of its frames becomes
        background, unless it shows a taught class. The scores of the single experts stay as they
        are; those of taught classes are the same for both.

        Args:
            sequences: One for each person; stamps in seconds.
            stamp_ns: Capture time of the newest frame, nanoseconds; the last stamp of each sequence
                is taken to be this time.
            frame_id: Optical frame of the camera.
            window_s: Length of the window, seconds; None means the model's.

        Raises:
            InputError: A sequence does not fit the model's body layout.
        """
        vocabulary = self.vocabulary
        tracks: tuple[TrackScores, ...] = ()
        if sequences:
            length = self.description.window_s if window_s is None else window_s
            batch = resample(sequences, self.description.features, length)
            inputs = network_input(batch, self.description.features)
            output = self._backend.run(inputs, self._stream_inputs(sequences, length))
            probabilities = self.probabilities(
                np.stack([output.ensemble, output.body, output.hand])
            )
            joint_share = (batch.body_mask > 0).mean((1, 2))
            hand_share = inputs.hand_mask.any(2).mean(1)
            handless = hand_share < self.description.least_hand_share
            probabilities[0, handless] = 0.0
            probabilities[0, handless, self.description.background_id] = 1.0
            taught = vocabulary.taught
            known = None if taught is None else taught.probabilities(self.embed(output))
            fused, body, hand = vocabulary.combine(probabilities, known)
            acting = acting_hands(
                *(batch, inputs, self.description.features, fused, hand),
                vocabulary.events.background_id,
                lambda rows, shown: self._score_hands(rows, shown, sequences, length, vocabulary),
            )
            tracks = tuple(
                TrackScores(
                    track_id=sequence.track_id,
                    window_start_ns=stamp_ns - round(min(length, sequence.duration) * NANOSECONDS),
                    window_end_ns=stamp_ns,
                    probabilities=fused[row],
                    body_probabilities=body[row],
                    hand_probabilities=hand[row],
                    body_reliability=float(joint_share[row]),
                    hand_reliability=float(hand_share[row]),
                    hand=acting[row][0],
                    hands_differ=acting[row][1],
                )
                for row, sequence in enumerate(sequences)
            )
        return ActionScores(stamp_ns, tracks, frame_id, vocabulary.name)

    def _score_hands(
        self,
        rows: npt.NDArray[np.intp],
        inputs: NetworkInput,
        sequences: Sequence[KeypointSequence],
        window_s: float,
        vocabulary: Vocabulary,
    ) -> FloatArray:
        """Return what the hand expert says (n, M) of some windows of which it sees one hand."""
        output = self._backend.run(
            inputs, self._stream_inputs([sequences[row] for row in rows], window_s)
        )
        taught = vocabulary.taught
        known = None if taught is None else taught.probabilities(self.embed(output))
        return vocabulary.combine(self.probabilities(output.hand), known)

    def _stream_inputs(
        self, sequences: Sequence[KeypointSequence], window_s: float | None
    ) -> dict[str, StreamInput]:
        """Prepare the input of the further streams for N people."""
        return {name: one.of(sequences, window_s) for name, one in self._preparations.items()}
