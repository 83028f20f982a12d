"""The training module: batches of augmented clips, the ensemble loss, the optimiser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from bharnet_ros.features import FeatureSettings, NetworkInput, network_input
from bharnet_ros.network.bharnet import build_network
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.skeleton.layouts import get_layout
from bharnet_ros.training.augmentation import AugmentationSettings, augmented_batch
from bharnet_ros.training.clips import ClipStore
from bharnet_ros.training.losses import ensemble_loss
from bharnet_ros.training.settings import TrainingSettings

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def input_tensors(inputs: NetworkInput) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the arrays of a network input as tensors, in the order the network takes them."""
    return (
        torch.from_numpy(inputs.body),
        torch.from_numpy(inputs.body_mask),
        torch.from_numpy(inputs.hands),
        torch.from_numpy(inputs.hand_mask),
    )


class AugmentedClips(IterableDataset[Batch]):
    """Endless batches of augmented clips, rare classes more often than by their share."""

    def __init__(
        self,
        store: ClipStore,
        features: FeatureSettings,
        augmentation: AugmentationSettings,
        background_id: int,
        *,
        batch_size: int,
        batches: int,
        class_balance: float,
        seed: int,
    ) -> None:
        """Prepare an epoch of `batches` batches.

        Args:
            store: The clips.
            features: What the network is given.
            augmentation: How clips are varied.
            background_id: Class of windows that show only rest.
            batch_size: Clips in a batch.
            batches: Batches in an epoch.
            class_balance: 0 draws classes by their share of the clips, 1 all equally often.
            seed: Seed of the drawing and of the variation.
        """
        self.store = store
        self.features = features
        self.augmentation = augmentation
        self.background_id = background_id
        self.batch_size = batch_size
        self.batches = batches
        self.seed = seed
        self.epoch = 0
        share = np.bincount(store.classes)[store.classes] ** -class_balance
        self.chances = share / share.sum()

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the next epoch."""
        random = np.random.default_rng((self.seed, self.epoch))
        self.epoch += 1
        layout = get_layout(self.features.body_layout)
        for _ in range(self.batches):
            chosen = random.choice(len(self.store), self.batch_size, p=self.chances)
            keypoints, classes = augmented_batch(
                self.store,
                chosen,
                self.features.frames,
                layout,
                self.background_id,
                self.augmentation,
                random,
            )
            inputs = network_input(keypoints, self.features)
            yield (*input_tensors(inputs), torch.from_numpy(classes))


class TrainingModule(lightning.LightningModule):
    """The network with its loss and its optimiser; validated on clips as they are."""

    def __init__(self, network: NetworkSettings, settings: TrainingSettings, steps: int) -> None:
        """Build a network with random weights; `steps` is the length of the whole training."""
        super().__init__()
        self.network = build_network(network)
        self.settings = settings
        self.steps = steps

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Return the loss of a batch."""
        *inputs, classes = batch
        loss = ensemble_loss(self.network(*inputs), classes, self.settings.loss)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Log the share of clips that each expert and the ensemble name rightly."""
        *inputs, classes = batch
        logits = self.network(*inputs)
        for name in ("ensemble", "body", "hand"):
            right = (getattr(logits, name).argmax(1) == classes).float().mean()
            self.log(f"{name}_accuracy", right, prog_bar=True, batch_size=len(classes))

    def configure_optimizers(self) -> Any:
        """Return AdamW with one cycle of the learning rate."""
        optimiser = torch.optim.AdamW(
            self.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.settings.learning_rate, total_steps=self.steps, pct_start=0.15
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
