"""The training module: batches of clips, the ensemble loss, the optimiser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.features.tensors import StreamTensors, network_tensors
from bharnet_ros.network.build import build_network
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.training.augmentation.keypoints import augmented_batch
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.label_heads import LabelHeads
from bharnet_ros.training.losses import ensemble_loss
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.training.streams import TrainingStream
from bharnet_ros.training.targets import ClipTargets, Targets
from bharnet_ros.types.layouts import get_layout

Batch = tuple[Tensor, Tensor, Tensor, Tensor, StreamTensors, Targets]


class AugmentedClips(IterableDataset[Batch]):
    """Batches of augmented clips; rare classes are drawn more often than their share."""

    def __init__(
        self,
        store: ClipStore,
        clips: npt.NDArray[np.int64],
        targets: ClipTargets,
        features: FeatureSettings,
        augmentation: AugmentationSettings,
        *,
        batch_size: int,
        batches: int,
        class_balance: float,
        twins: bool = False,
        seed: int,
        rank: int = 0,
        streams: Mapping[str, TrainingStream] | None = None,
    ) -> None:
        """Prepare an epoch of `batches` batches.

        Args:
            store: Keypoints of all clips.
            clips: (M,) indices of the clips to draw from.
            targets: Targets of every clip.
            features: Input features of the network.
            augmentation: How clips are varied.
            batch_size: Clips per batch.
            batches: Batches per epoch.
            class_balance: 0 draws classes by their share of the clips, 1 draws all equally often.
            twins: Whether half of a batch are other clips of the same people and labels as the
                first half.
            seed: Seed of drawing and variation.
            rank: Number of this process among those that train together; each draws its own clips.
            streams: Sources of input for further streams, by name.
        """
        self.store = store
        self.clips = clips
        self.targets = targets
        self.features = features
        self.augmentation = augmentation
        self.batch_size = batch_size
        self.batches = batches
        self.seed = seed
        self.rank = rank
        self.streams = streams or {}
        self.epoch = 0
        drawn = targets.classes[clips]
        share = np.bincount(drawn)[drawn] ** -float(class_balance)
        self.chances = share / share.sum()
        self.twins = twins
        own = targets.own_labels[clips]
        order = np.argsort(own, kind="stable")
        self._of_same_label = clips[order]
        self._bounds = np.searchsorted(own[order], np.arange(own.max() + 2))

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the next epoch."""
        random = np.random.default_rng((self.seed, self.epoch, self.rank))
        self.epoch += 1
        layout = get_layout(self.features.body_layout)
        for _ in range(self.batches):
            chosen = self._draw(random)
            keypoints, only_rest = augmented_batch(
                self.store, chosen, self.features.frames, layout, self.augmentation, random
            )
            assert keypoints.mirrored is not None
            mirrored = keypoints.mirrored[:: keypoints.people]
            inputs = network_input(keypoints, self.features)
            streams = {
                name: stream.of(chosen, keypoints, random) for name, stream in self.streams.items()
            }
            targets = self.targets.of(chosen, only_rest, mirrored)
            yield (*network_tensors(inputs, streams), targets)

    def _draw(self, random: np.random.Generator) -> npt.NDArray[np.int64]:
        """Return the clips (N,) of a batch."""
        if not self.twins:
            return random.choice(self.clips, self.batch_size, p=self.chances)
        half = self.batch_size // 2
        first = random.choice(self.clips, self.batch_size - half, p=self.chances)
        own = self.targets.own_labels[first[:half]]
        low, high = self._bounds[own], self._bounds[own + 1]
        return np.concatenate([first, self._of_same_label[random.integers(low, high)]])


class WholeClips(Dataset[Batch]):
    """Batches of whole, unvaried clips, made on request."""

    def __init__(
        self,
        store: ClipStore,
        clips: npt.NDArray[np.int64],
        targets: ClipTargets,
        features: FeatureSettings,
        batch_size: int,
        streams: Mapping[str, TrainingStream] | None = None,
    ) -> None:
        """Divide clips into batches, in their order.

        Args:
            store: Keypoints of all clips.
            clips: (M,) indices of the clips.
            targets: Targets of every clip.
            features: Input features of the network.
            batch_size: Clips per batch.
            streams: As in `AugmentedClips`.
        """
        self.store = store
        self.clips = clips
        self.targets = targets
        self.features = features
        self.batch_size = batch_size
        self.streams = streams or {}

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-len(self.clips) // self.batch_size)

    def __getitem__(self, batch: int) -> Batch:
        """Return one batch.

        Raises:
            IndexError: There are fewer batches.
        """
        if batch >= len(self):
            raise IndexError(f"batch {batch} of {len(self)}")
        clips = self.clips[batch * self.batch_size : (batch + 1) * self.batch_size]
        keypoints = self.store.resampled(clips, self.features.frames)
        inputs = network_input(keypoints, self.features)
        streams = {name: stream.of(clips, keypoints) for name, stream in self.streams.items()}
        return (*network_tensors(inputs, streams), self.targets.of(clips))


class TrainingModule(lightning.LightningModule):
    """The network with its loss and its optimiser; validation uses unvaried clips."""

    def __init__(
        self,
        network: NetworkSettings,
        settings: TrainingSettings,
        steps: int,
        targets: ClipTargets,
        choices: list[int] | None = None,
    ) -> None:
        """Build a network with random weights.

        Args:
            network: Settings of the network.
            settings: Settings of the training run.
            steps: Number of batches in the whole training.
            targets: Targets of all clips, for the heads over their labels.
            choices: Classes that validation may predict; None stands for all.
        """
        super().__init__()
        # Not a buffer: buffers are averaged along with the weights.
        self.choices = list(range(network.classes)) if choices is None else choices
        self.network = build_network(network)
        self.label_heads = LabelHeads(
            self.network.feature_channels, targets, settings.loss, settings.body.dropout
        )
        self.settings = settings
        self.steps = steps

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Return the loss of a batch."""
        *inputs, targets = batch
        output: ExpertOutput = self.network(*inputs)
        loss = ensemble_loss(output, targets.classes, self.settings.loss)
        loss = loss + self.label_heads(output, targets)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Log the accuracy of each expert and of the ensemble."""
        *inputs, targets = batch
        classes = targets.classes
        logits: ExpertOutput = self.network(*inputs)
        choices = torch.tensor(self.choices, device=classes.device)
        for name, expert in (
            ("ensemble", logits.ensemble),
            ("body", logits.body),
            ("hand", logits.hand),
        ):
            correct = choices[expert[:, choices].argmax(1)] == classes
            if name == "hand":
                correct &= logits.hand_seen
            self.log(
                f"{name}_accuracy",
                correct.float().mean(),
                prog_bar=True,
                batch_size=len(classes),
                sync_dist=True,
            )

    def configure_optimizers(self) -> Any:
        """Return AdamW with one cycle of the learning rate.

        Weights decay. Biases, the scales of norms and the offsets of taps, whose zero is the centre
        of a window, do not.
        """
        decay = self.settings.weight_decay
        parameters = list(self.parameters())
        optimiser = torch.optim.AdamW(
            [
                {"params": [one for one in parameters if one.ndim > 1], "weight_decay": decay},
                {"params": [one for one in parameters if one.ndim < 2], "weight_decay": 0.0},
            ],
            lr=self.settings.learning_rate,
            # Not the default on a CPU, where one call for each small tensor is slow.
            foreach=True,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.settings.learning_rate, total_steps=self.steps, pct_start=0.15
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
