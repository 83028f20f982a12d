"""Fits a network to clips with Lightning: batches, checkpoints, averaged weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
from pytorch_lightning.callbacks import TQDMProgressBar, WeightAveraging
from pytorch_lightning.profilers import SimpleProfiler
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.training.checkpoint import check_checkpoint
from bharnet_ros.training.hardware import Hardware, waiting_share
from bharnet_ros.training.initial_weights import take_backbone, take_skeleton, take_weights
from bharnet_ros.training.module import AugmentedClips, TrainingModule, WholeClips
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import ClipStore, Indices
from bharnet_ros.training.streams import TrainingStream
from bharnet_ros.training.targets import ClipTargets


def fit(
    settings: TrainingSettings,
    description: BundleDescription,
    store: ClipStore,
    targets: ClipTargets,
    trained_on: Indices,
    held_out: WholeClips,
    *,
    streams: Mapping[str, TrainingStream] | None = None,
    hardware: Hardware,
    checkpoints: Path,
    resume: Path | None = None,
    validate_every: int = 1,
) -> BHaRNet | None:
    """Train a network and return it with its averaged weights, on the CPU.

    Args:
        settings: What to train.
        description: The bundle that the network is for.
        store: Keypoints of all clips.
        targets: Targets of every clip.
        trained_on: Indices of the clips to train on.
        held_out: The clips whose accuracy is shown.
        streams: Sources of input for further streams, by name.
        hardware: What to train on.
        checkpoints: Folder for the checkpoint of the last epoch and a profile.
        resume: Checkpoint to continue from.
        validate_every: Number of epochs from one validation to the next.

    Returns:
        The network; None in all but the first of several processes.

    Raises:
        InputError: The checkpoint, or weights that the settings name, do not fit; see
            `check_checkpoint`, `take_weights`, `take_skeleton` and `take_backbone`.
        OSError: The file of the checkpoint or of the backbone cannot be read.
    """
    lightning.seed_everything(settings.seed)
    profiler = SimpleProfiler(dirpath=checkpoints, filename="profile")
    callbacks: list[Any] = [
        WeightAveraging(multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay)),
        TQDMProgressBar(refresh_rate=20),
        lightning.callbacks.ModelCheckpoint(
            checkpoints, filename="last", enable_version_counter=False
        ),
    ]
    trainer = lightning.Trainer(
        max_epochs=settings.epochs,
        callbacks=callbacks,
        profiler=profiler,
        logger=False,
        default_root_dir=checkpoints,
        gradient_clip_val=5.0,
        check_val_every_n_epoch=validate_every,
        **hardware.trainer_options(),
    )
    clips_per_step = settings.batch_size * hardware.processes
    batches = max(len(trained_on) // clips_per_step, 1)
    clips = AugmentedClips(
        store,
        trained_on,
        targets,
        settings.features,
        settings.augmentation,
        batch_size=settings.batch_size,
        batches=batches,
        class_balance=settings.class_balance,
        twins=settings.loss.contrast_weight > 0,
        seed=settings.seed,
        rank=trainer.global_rank,
        streams=streams,
    )
    module = TrainingModule(
        description.network_settings(),
        settings,
        steps=batches * settings.epochs,
        targets=targets,
        choices=_choices(description, targets.classes[held_out.clips]),
    )
    if settings.weights_from is not None:
        take_weights(module.network, Path(settings.weights_from), description)
    if settings.backbone_from is not None:
        take_backbone(module.network, Path(settings.backbone_from), description)
    if settings.skeleton_from is not None:
        take_skeleton(module.network, Path(settings.skeleton_from), description)
    if resume is not None:
        # The next epoch draws other clips than the finished ones.
        clips.epoch = check_checkpoint(resume, module)
    trainer.fit(
        module,
        DataLoader(clips, batch_size=None),
        DataLoader(held_out, batch_size=None),
        ckpt_path=resume,
    )
    if not trainer.is_global_zero:
        return None
    print(f"{waiting_share(profiler):.1%} of the time was spent waiting for data")
    return module.network.cpu().eval()


def _choices(description: BundleDescription, classes: Indices) -> list[int]:
    """Return the classes that may be predicted: background only if some clips are background."""
    all_classes = range(len(description.class_names))
    background = description.background_id
    if (classes == background).any():
        return list(all_classes)
    return [index for index in all_classes if index != background]
