"""`bharnet train`: from recorded clips to a model bundle."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import TQDMProgressBar, WeightAveraging
from pytorch_lightning.profilers import SimpleProfiler
from pytorch_lightning.utilities import move_data_to_device
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from bharnet_ros.actions import BACKGROUND
from bharnet_ros.datasets.arguments import (
    Protocol,
    add_dataset_arguments,
    add_protocol_arguments,
    open_from,
    protocols_from,
)
from bharnet_ros.datasets.clip import ClipDataset, split
from bharnet_ros.datasets.holistic_wild import read_subject_licences
from bharnet_ros.evaluation.clips import count_metrics, format_metrics
from bharnet_ros.evaluation.report import without_nan
from bharnet_ros.network.base import BHaRNet
from bharnet_ros.network.logits import ExpertLogits
from bharnet_ros.network.multimodal import Multimodal
from bharnet_ros.recognition.bundle import BundleDescription, load_bundle, write_bundle
from bharnet_ros.recognition.recognizer import resolve_device
from bharnet_ros.skeleton.layouts import get_layout
from bharnet_ros.training.cache import cached_clips
from bharnet_ros.training.calibration import fit_temperature
from bharnet_ros.training.card import model_card
from bharnet_ros.training.clips import ClipStore, class_indices, store_clips
from bharnet_ros.training.hardware import (
    Hardware,
    add_hardware_arguments,
    hardware_from,
    waiting_share,
)
from bharnet_ros.training.module import AugmentedClips, TrainingModule, WholeClips
from bharnet_ros.training.settings import TrainingSettings, read_settings
from bharnet_ros.training.training_streams import TrainingStreams, training_streams

Indices = npt.NDArray[np.int64]

_TESTED_AT_ONCE = 32
"""Clips of a batch without gradients. On a CPU, more are slower."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet train`."""
    parser.add_argument("--config", required=True, type=Path, help="YAML file of settings")
    add_dataset_arguments(parser)
    add_protocol_arguments(parser, several_folds=True)
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        help="folder of the model bundle; with several folds, of one bundle fold_K for each",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="keep the parsed clips in this folder, and read them from there the next time",
    )
    add_hardware_arguments(parser)
    parser.add_argument("--epochs", type=int, help="overrides the setting")
    parser.add_argument(
        "--skeleton-from",
        metavar="DIR",
        help="overrides the setting: bundle whose skeleton is taken, so that only further streams "
        "are trained",
    )
    parser.add_argument("--seed", type=int, help="overrides the setting")
    parser.add_argument(
        "--licences",
        nargs="+",
        metavar="NAME",
        help="train only on people all of whose sources have one of these licences, as MIT",
    )
    parser.add_argument(
        "--validate-every",
        type=int,
        default=1,
        metavar="N",
        help="show the accuracy of the held-out clips after every N-th epoch (default: 1)",
    )
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet train`; returns the exit status.

    Raises:
        ValueError: An argument, settings or data cannot be used; names it, or file and key.
        OSError: A file cannot be read or written.
    """
    hardware = hardware_from(arguments)
    protocols = protocols_from(arguments)
    if not protocols:
        raise ValueError("--protocol is needed, or --fold and --subjects-from")
    settings = read_settings(arguments.config)
    if arguments.validate_every < 1:
        raise ValueError(f"--validate-every: must be positive, got {arguments.validate_every}")
    given = {name: getattr(arguments, name) for name in ("epochs", "seed", "skeleton_from")}
    settings = replace(settings, **{name: one for name, one in given.items() if one is not None})
    if settings.threads:
        torch.set_num_threads(settings.threads)
    data, kind = open_from(arguments)
    settings = with_classes_of(data, settings)
    store = _store(arguments, data, kind, settings)
    for protocol in protocols:
        out = arguments.out / protocol.name if len(protocols) > 1 else arguments.out
        trained_on, held_out = split(data, protocol.name, protocol.file)
        if arguments.licences is not None:
            trained_on = under_licences(data, trained_on, protocol.file, arguments.licences)
        description = describe(settings, data, trained_on, arguments.data, kind, protocol)
        classes = class_indices(data.labels, description.class_names)
        network = train(
            settings,
            description,
            store,
            classes,
            trained_on,
            held_out,
            hardware=hardware,
            checkpoints=out / "checkpoints",
            resume=arguments.resume,
            validate_every=arguments.validate_every,
        )
        if network is not None:
            clips = WholeClips(
                *(store, held_out, classes, settings.features, _TESTED_AT_ONCE),
                _streams(settings, store),
            )
            logits = whole_clip_logits(network, clips, hardware.device)
            _write(out, description, network, logits, data, held_out)
    return 0


def with_classes_of(data: ClipDataset, settings: TrainingSettings) -> TrainingSettings:
    """Return the settings with the names of their classes, those of the data set if it is all.

    Raises:
        ValueError: The data set has no clip of a class; names it.
    """
    known = [name for name in data.class_names if name != BACKGROUND]
    if not settings.class_names:
        return replace(settings, class_names=tuple(known))
    strange = [name for name in settings.class_names if name not in known]
    if strange:
        raise ValueError(f"class_names: {strange[0]!r} is no label of the data set")
    return settings


def _store(
    arguments: argparse.Namespace, data: ClipDataset, kind: str, settings: TrainingSettings
) -> ClipStore:
    """Read all clips, from the cache where there is one."""
    layout = get_layout(settings.features.body_layout)
    clips = data.clips(np.arange(len(data)))
    if arguments.cache is None:
        return store_clips(clips, layout)
    given = (arguments.data, arguments.hands, arguments.missing)
    sources = [path for path in given if path is not None]
    return cached_clips(arguments.cache, sources, clips, layout, {"kind": kind})


def _write(
    out: Path,
    description: BundleDescription,
    network: BHaRNet,
    logits: ExpertLogits,
    data: ClipDataset,
    held_out: Indices,
) -> None:
    """Calibrate and measure on the clips that were held out, and write the bundle."""
    labels = data.labels[held_out]
    classes = torch.from_numpy(class_indices(labels, description.class_names))
    temperature = fit_temperature(logits.ensemble, classes)
    metrics = count_metrics(
        logits,
        torch.softmax(logits.ensemble / temperature, dim=1),
        labels,
        data.subjects[held_out],
        class_names=description.class_names,
        rejection_threshold=description.rejection_threshold,
        streams=list(description.streams),
    )
    print(format_metrics(metrics))
    fold = description.training.get("held_out_fold")
    held = {} if fold is None else {"held_out_fold": fold}
    told = without_nan({**held, **asdict(metrics)})
    finished = replace(description, temperature=temperature, metrics=told)
    write_bundle(out, finished, network.state_dict(), model_card(finished, metrics))
    print(f"wrote {out}")


def describe(
    settings: TrainingSettings,
    data: ClipDataset,
    trained_on: Indices,
    path: Path,
    kind: str,
    protocol: Protocol,
) -> BundleDescription:
    """Return the description of the bundle that a training run will yield.

    Args:
        settings: What is trained, with the names of its classes.
        data: All clips.
        trained_on: Indices of the clips to learn from.
        path: Of the data set.
        kind: Of the data set.
        protocol: Which divided the clips.
    """
    people = sorted(set(data.subjects[trained_on].tolist()) - {""})
    fold = {} if protocol.fold is None else {"held_out_fold": protocol.fold}
    licences = {} if protocol.fold is None else _licences(protocol.file, people)
    return replace(
        settings.bundle_description(),
        training={
            "data": path.name,
            "kind": kind,
            "protocol": protocol.name,
            "split": protocol.file.name if protocol.file else None,
            **fold,
            "clips": len(trained_on),
            "people": len(people),
            "licences_of_sources": licences,
            "settings": asdict(settings),
        },
    )


def under_licences(
    data: ClipDataset, clips: Indices, sources: Path | None, licences: list[str]
) -> Indices:
    """Return those of the clips whose people published them under these licences alone.

    Args:
        data: All clips.
        clips: Indices of the clips to choose from.
        sources: The sources.csv with the licence of each person's sources.
        licences: Names of licences as that file has them.

    Raises:
        ValueError: There is no such file, or nobody published under one of the licences.
    """
    if sources is None:
        raise ValueError("--licences: needs the sources.csv of --subjects-from")
    of_people = read_subject_licences(sources)
    for name in licences:
        if not any(name in found for found in of_people.values()):
            raise ValueError(f"--licences: nobody in {sources} published under {name!r}")
    chosen = {one for one, found in of_people.items() if found <= set(licences)}
    return clips[np.isin(data.subjects[clips], sorted(chosen))]


def _licences(sources: Path | None, people: list[str]) -> dict[str, int]:
    """Return how many people published under each licence, by the sources.csv of the folds."""
    if sources is None:
        return {}
    licences = read_subject_licences(sources)
    told = (" and ".join(sorted(licences.get(one, {"unknown"}))) for one in people)
    return dict(Counter(told))


def train(
    settings: TrainingSettings,
    description: BundleDescription,
    store: ClipStore,
    classes: Indices,
    trained_on: Indices,
    held_out: Indices,
    *,
    hardware: Hardware,
    checkpoints: Path,
    resume: Path | None = None,
    validate_every: int = 1,
) -> BHaRNet | None:
    """Train a network and return it with its averaged weights, on the CPU.

    Args:
        settings: What to train.
        description: The bundle that it is for.
        store: Keypoints of all clips.
        classes: (N,) class of all clips.
        trained_on: Indices of the clips to learn from.
        held_out: Indices of the clips whose accuracy is shown after each epoch.
        hardware: What to train on.
        checkpoints: Folder in which a checkpoint of the last epoch, and a profile, are kept.
        resume: Checkpoint to go on from.
        validate_every: Epochs from one such showing to the next.

    Returns:
        None in all but the first of several processes.
    """
    lightning.seed_everything(settings.seed)
    features, streams = settings.features, _streams(settings, store)
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
    at_once = settings.batch_size * hardware.processes
    batches = max(len(trained_on) // at_once, 1)
    clips = AugmentedClips(
        store,
        trained_on,
        classes,
        features,
        settings.augmentation,
        description.background_id,
        batch_size=settings.batch_size,
        batches=batches,
        class_balance=settings.class_balance,
        seed=settings.seed,
        rank=trainer.global_rank,
        streams=streams,
    )
    module = TrainingModule(
        description.network_settings(),
        settings,
        steps=batches * settings.epochs,
        choices=_choices(description, classes[held_out]),
    )
    if settings.skeleton_from is not None:
        take_skeleton(module.network, Path(settings.skeleton_from), description)
    trainer.fit(
        module,
        DataLoader(clips, batch_size=None),
        DataLoader(
            WholeClips(store, held_out, classes, features, _TESTED_AT_ONCE, streams),
            batch_size=None,
        ),
        ckpt_path=resume,
    )
    if not trainer.is_global_zero:
        return None
    print(f"{waiting_share(profiler):.1%} of the time was spent waiting for data")
    return module.network.cpu().eval()


def _streams(settings: TrainingSettings, store: ClipStore) -> TrainingStreams | None:
    """Return what gives the further streams of the settings their input."""
    return training_streams(settings.streams, settings.crop_augmentation, store)


def take_skeleton(network: BHaRNet, folder: Path, description: BundleDescription) -> None:
    """Give a network with further streams the trained skeleton of a bundle, and freeze it.

    Args:
        network: Whose skeleton it becomes.
        folder: Of the bundle.
        description: The bundle that the network is for.

    Raises:
        BundleError: The folder is no model bundle.
        ValueError: There are no further streams to train, the bundle's network is another one or
            means something else, or it was trained on clips that are held out now.
    """
    if not isinstance(network, Multimodal):
        raise ValueError("skeleton_from: there are no further streams, so nothing would be trained")
    bundle = load_bundle(folder)
    # What weights of the same shapes do not tell.
    for name in ("class_names", "features", "interaction"):
        found, expected = getattr(bundle.description, name), getattr(description, name)
        if found != expected:
            raise ValueError(f"skeleton_from: {folder}: {name}: is {found}, need {expected}")
    before, now = bundle.description.training, description.training
    of_same_data = all(before.get(name) == now.get(name) for name in ("data", "kind"))
    if of_same_data and before.get("protocol") != now.get("protocol"):
        raise ValueError(
            f"skeleton_from: {folder}: was trained by protocol {before.get('protocol')}, so on "
            f"clips that {now.get('protocol')} holds out"
        )
    trained = bundle.network
    if isinstance(trained, Multimodal):
        trained = trained.skeleton
    try:
        network.skeleton.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise ValueError(f"skeleton_from: {folder}: is another network: {reason}") from error
    network.freeze_skeleton()


def _choices(description: BundleDescription, classes: Indices) -> list[int]:
    """Return the classes to choose among: background only if some of the clips are background."""
    everything = range(len(description.class_names))
    background = description.background_id
    if (classes == background).any():
        return list(everything)
    return [index for index in everything if index != background]


def whole_clip_logits(network: BHaRNet, clips: WholeClips, device: str) -> ExpertLogits:
    """Return the logits (M, K) of each expert for whole clips, on the CPU.

    Args:
        network: In evaluation mode; it is on the CPU again afterwards.
        clips: M clips in batches.
        device: `auto`, `cpu` or `cuda`.
    """
    where = resolve_device(device)
    network.to(where)
    parts = []
    with torch.inference_mode():
        for batch in (clips[number] for number in range(len(clips))):
            *inputs, _ = move_data_to_device(batch, where)
            logits = network(*inputs)
            parts.append([tensor.cpu() for tensor in logits])
    network.cpu()
    return ExpertLogits(*(torch.cat(column) for column in zip(*parts, strict=True)))
