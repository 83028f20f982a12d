"""`bharnet train`: from recorded clips to a model bundle."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, TQDMProgressBar
from torch.utils.data import DataLoader, TensorDataset

from bharnet_ros.actions import BACKGROUND
from bharnet_ros.datasets.holistic_wild import HolisticWild, read_holistic_wild, read_subject_folds
from bharnet_ros.evaluation.clips import (
    ClipMetrics,
    choose_clips,
    clip_logits,
    clip_metrics,
    format_metrics,
)
from bharnet_ros.features import network_input, resample
from bharnet_ros.network.base import BHaRNet
from bharnet_ros.recognition.bundle import BundleDescription, ModelBundle, write_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.skeleton.layouts import get_layout
from bharnet_ros.training.calibration import fit_temperature
from bharnet_ros.training.clips import store_clips
from bharnet_ros.training.module import AugmentedClips, TrainingModule, input_tensors
from bharnet_ros.training.settings import TrainingSettings, read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet train`."""
    parser.add_argument("--config", required=True, type=Path, help="YAML file of settings")
    parser.add_argument("--data", required=True, type=Path, help="file of the holistic_wild format")
    parser.add_argument(
        "--subjects-from", required=True, type=Path, help="sources.csv with a fold for each subject"
    )
    parser.add_argument(
        "--fold",
        required=True,
        type=int,
        nargs="+",
        help="fold of subjects that is never trained on; of several, each in turn",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        help="folder of the model bundle; with several folds, of one bundle fold_K for each",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--epochs", type=int, help="overrides the setting")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet train`; returns the exit status.

    Raises:
        ValueError: Settings or data cannot be used; names file and key.
        OSError: A file cannot be read or written.
    """
    settings = read_settings(arguments.config)
    if arguments.epochs is not None:
        settings = replace(settings, epochs=arguments.epochs)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    data = read_holistic_wild(arguments.data)
    several = len(arguments.fold) > 1
    for fold in arguments.fold:
        out = arguments.out / f"fold_{fold}" if several else arguments.out
        _train_fold(arguments, settings, data, fold, out)
    return 0


def _train_fold(
    arguments: argparse.Namespace,
    settings: TrainingSettings,
    data: HolisticWild,
    fold: int,
    out: Path,
) -> None:
    """Train on all folds but one, measure on that one, and write the bundle."""
    folds = read_subject_folds(arguments.subjects_from)
    held_out = choose_clips(data, folds, fold)
    trained_on = np.setdiff1d(np.arange(len(data)), held_out)
    description = describe(settings, data, trained_on, arguments, fold)
    network = train(
        settings,
        description,
        data,
        trained_on,
        held_out,
        device=arguments.device,
        checkpoints=out / "checkpoints",
        resume=arguments.resume,
    )

    recognizer = Recognizer(ModelBundle(out, description, network), "cpu")
    logits = clip_logits(recognizer, data, held_out)
    classes = class_indices(data.labels[held_out], settings.class_names)
    temperature = fit_temperature(logits.ensemble, torch.from_numpy(classes))
    recognizer.description = replace(description, temperature=temperature)
    metrics = clip_metrics(logits, recognizer, data.labels[held_out], data.subjects[held_out])
    print(format_metrics(metrics))
    finished = replace(
        recognizer.description,
        metrics={"held_out_fold": fold, **asdict(metrics)},
    )
    write_bundle(out, finished, network.state_dict(), model_card(finished, metrics))
    print(f"wrote {out}")


def class_indices(
    labels: npt.NDArray[np.str_], class_names: tuple[str, ...]
) -> npt.NDArray[np.int64]:
    """Return the class of each label; labels that are no class are background."""
    names = (*class_names, BACKGROUND)
    background = len(class_names)
    return np.asarray([names.index(label) if label in names else background for label in labels])


def describe(
    settings: TrainingSettings,
    data: HolisticWild,
    trained_on: npt.NDArray[np.int64],
    arguments: argparse.Namespace,
    fold: int,
) -> BundleDescription:
    """Return the description of the bundle that a training run will yield."""
    with arguments.subjects_from.open(newline="", encoding="utf-8") as file:
        licences = {row["subject"]: row.get("licence", "") for row in csv.DictReader(file)}
    people = sorted(set(data.subjects[trained_on].tolist()))
    return BundleDescription(
        name=settings.name,
        variant=settings.variant,
        class_names=(*settings.class_names, BACKGROUND),
        features=settings.features,
        body=settings.body,
        hand=settings.hand,
        interaction=settings.interaction,
        window_s=settings.window_s,
        stride_s=settings.stride_s,
        enter_threshold=settings.enter_threshold,
        exit_threshold=settings.exit_threshold,
        rejection_threshold=settings.rejection_threshold,
        least_hand_share=settings.least_hand_share,
        training={
            "data": arguments.data.stem,
            "held_out_fold": fold,
            "clips": len(trained_on),
            "people": len(people),
            "licences_of_sources": dict(Counter(licences.get(one, "unknown") for one in people)),
            "settings": asdict(settings),
        },
    )


def train(
    settings: TrainingSettings,
    description: BundleDescription,
    data: HolisticWild,
    trained_on: npt.NDArray[np.int64],
    held_out: npt.NDArray[np.int64],
    *,
    device: str,
    checkpoints: Path,
    resume: Path | None = None,
) -> BHaRNet:
    """Train a network and return it with its averaged weights.

    Args:
        settings: What to train.
        description: The bundle that it is for.
        data: All clips.
        trained_on: Indices of the clips to learn from.
        held_out: Indices of the clips whose accuracy is shown after each epoch.
        device: `auto`, `cpu` or `cuda`.
        checkpoints: Folder in which a checkpoint of the last epoch is kept.
        resume: Checkpoint to go on from.
    """
    lightning.seed_everything(settings.seed)
    features = settings.features
    store = store_clips(
        data.sequences(trained_on),
        get_layout(features.body_layout),
        description.class_names,
        description.background_id,
    )
    batches = max(len(store) // settings.batch_size, 1)
    clips = AugmentedClips(
        store,
        features,
        settings.augmentation,
        description.background_id,
        batch_size=settings.batch_size,
        batches=batches,
        class_balance=settings.class_balance,
        seed=settings.seed,
    )
    inputs = network_input(resample(list(data.sequences(held_out)), features), features)
    classes = class_indices(data.labels[held_out], settings.class_names)
    validation = TensorDataset(*input_tensors(inputs), torch.from_numpy(classes))
    module = TrainingModule(
        description.network_settings(), settings, steps=batches * settings.epochs
    )
    callbacks: list[Any] = [
        EMAWeightAveraging(decay=settings.average_decay),
        TQDMProgressBar(refresh_rate=20),
        lightning.callbacks.ModelCheckpoint(
            checkpoints, filename="last", enable_version_counter=False
        ),
    ]
    trainer = lightning.Trainer(
        max_epochs=settings.epochs,
        accelerator={"auto": "auto", "cpu": "cpu", "cuda": "gpu"}[device],
        devices=1,
        callbacks=callbacks,
        logger=False,
        default_root_dir=checkpoints,
        gradient_clip_val=5.0,
    )
    trainer.fit(
        module,
        DataLoader(clips, batch_size=None),
        DataLoader(validation, batch_size=256),
        ckpt_path=resume,
    )
    return module.network.cpu().eval()


def model_card(description: BundleDescription, metrics: ClipMetrics) -> str:
    """Return the text of a model card."""
    training = description.training
    licences = ", ".join(
        f"{licence} ({count} people)" for licence, count in training["licences_of_sources"].items()
    )
    classes = ", ".join(name for name in description.class_names if name != BACKGROUND)
    recall = "\n".join(f"| {name} | {value:.1%} |" for name, value in metrics.recall.items())
    return f"""# {description.name}

BHaRNet, variant `{description.variant}`: a body expert and a hand expert over
{description.window_s:g} s windows of MediaPipe keypoints ({description.features.frames} frames).
It knows these gestures: {classes}; all else is `{BACKGROUND}`.

## Training data

`{training["data"]}`: {training["clips"]} webcam clips of {training["people"]} people, published by
themselves as MediaPipe keypoints. Licences of the source repositories: {licences}. The people of
fold {training["held_out_fold"]} were never trained on. Only the weights are distributed here.

## Measured on the people of fold {training["held_out_fold"]}

{metrics.clips} clips of {metrics.subjects} people. The temperature was fitted on the same people,
which changes probabilities and leaves every choice as it was.

| measure | value |
|---|---|
| top-1 of the gestures | {metrics.top1:.1%} |
| mean class accuracy | {metrics.mean_class_accuracy:.1%} |
| top-1 where background may be chosen too | {metrics.top1_with_background:.1%} |
| body expert alone | {metrics.body_top1:.1%} |
| hand expert alone | {metrics.hand_top1:.1%} |
| other labels rejected ({metrics.unknown_clips} clips) | {metrics.unknown_rejected:.1%} |

| gesture | recall |
|---|---|
{recall}

Reproduce with

    bharnet evaluate clips --model models/{description.name} --data {training["data"]}.npz \\
        --subjects-from sources.csv --fold {training["held_out_fold"]}

## Limits

One second or so of an isolated gesture, performed at a webcam by a person seen from the front:
that is what it was trained on. Signs differ by country and by person; it is no sign language
translator. Rare gestures come from few people and are the least certain.
"""
