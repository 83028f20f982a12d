"""Trains a model bundle on recorded clips."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from pytorch_lightning.utilities import rank_zero_only

from bharnet_ros.datasets.arguments import (
    SplitProtocol,
    open_from,
    protocols_from,
)
from bharnet_ros.datasets.base import EVERYBODY, ClipDataset, split
from bharnet_ros.evaluation.metrics.clips import count_metrics, format_metrics
from bharnet_ros.evaluation.metrics.temperature import fit_temperature
from bharnet_ros.evaluation.tables import without_nan
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.recognition.background import Background
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.output import softmax
from bharnet_ros.recognition.pytorch import window_output
from bharnet_ros.recognition.weights import write_bundle
from bharnet_ros.training.card import model_card
from bharnet_ros.training.embedding import make_background
from bharnet_ros.training.everybody import load_fold_bundles, measure_folds
from bharnet_ros.training.export import export_bundle
from bharnet_ros.training.fit import fit
from bharnet_ros.training.hardware import hardware_from
from bharnet_ros.training.module import WholeClips
from bharnet_ros.training.outputs import whole_clip_output
from bharnet_ros.training.provenance import describe, under_licences
from bharnet_ros.training.settings import TrainingSettings, read_settings
from bharnet_ros.training.store.cache import cached_clips
from bharnet_ros.training.store.clips import ClipStore, Indices, class_indices, store_clips
from bharnet_ros.training.streams import training_streams
from bharnet_ros.training.targets import clip_targets, read_doubtful
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import get_layout
from bharnet_ros.types.paths import check_unused

_TEST_BATCH = 32
"""Clips per batch without gradients; larger batches are slower on a CPU."""


def train(arguments: argparse.Namespace) -> None:
    """Carry out `bharnet train`.

    Raises:
        InputError: An argument, a setting or a data file cannot be used; names it.
        OSError: A file cannot be read or written, or `--out` holds something already.
    """
    hardware = hardware_from(arguments)
    protocols = _protocols(arguments)
    outs = [arguments.out / one.name if len(protocols) > 1 else arguments.out for one in protocols]
    # The processes of other GPUs start when the first has begun to write.
    if arguments.resume is None and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        for out in outs:
            check_unused(out, force=arguments.force)
    settings = read_settings(arguments.config)
    if arguments.validate_every < 1:
        raise InputError(f"--validate-every: must be positive, got {arguments.validate_every}")
    names = ("epochs", "seed", "weights_from", "skeleton_from", "backbone_from")
    overrides = {name: getattr(arguments, name) for name in names}
    settings = replace(
        settings, **{name: value for name, value in overrides.items() if value is not None}
    )
    if settings.threads:
        torch.set_num_threads(settings.threads)
    data, kind = open_from(arguments)
    settings = with_classes_of(data, settings)
    store = _store(arguments, data, kind, settings)
    doubtful = read_doubtful(arguments.doubtful) if arguments.doubtful else frozenset()
    streams = training_streams(settings.streams, settings.crop_augmentation, store)
    fold_bundles = load_fold_bundles(arguments.everybody or [], settings)
    for protocol, out in zip(protocols, outs, strict=True):
        if protocol.name == EVERYBODY:
            trained_on, held_out = np.arange(len(data)), np.arange(0)
        else:
            trained_on, held_out = split(data, protocol.name, protocol.file)
        if arguments.licences is not None:
            trained_on = under_licences(data, trained_on, protocol.file, arguments.licences)
        description = describe(
            settings, data, trained_on, _sources(arguments), kind, protocol, arguments.licences
        )
        targets = clip_targets(
            data.labels, data.subjects, description.class_names, trained_on, doubtful
        )
        clips = WholeClips(store, held_out, targets, settings.features, _TEST_BATCH, streams)
        network = fit(
            settings,
            description,
            store,
            targets,
            trained_on,
            clips,
            streams=streams,
            hardware=hardware,
            checkpoints=out / "checkpoints",
            resume=arguments.resume,
            validate_every=arguments.validate_every,
        )
        if network is not None:
            if fold_bundles:
                output, held_out = measure_folds(
                    fold_bundles,
                    data,
                    store,
                    targets,
                    arguments.subjects_from,
                    _TEST_BATCH,
                    hardware.device,
                    streams,
                )
            else:
                output = whole_clip_output(network, clips, hardware.device)
            background = make_background(
                network,
                store,
                targets,
                trained_on,
                settings.features,
                settings.augmentation,
                settings.seed,
            )
            _write(out, description, network, output, background, data, held_out)
            if arguments.export and network.exportable:
                export_bundle(out)


def _protocols(arguments: argparse.Namespace) -> list[SplitProtocol]:
    """Return the protocols to train on in turn."""
    if arguments.everybody:
        if arguments.subjects_from is None or arguments.fold or arguments.protocol:
            raise InputError("--everybody needs --subjects-from, without --fold or --protocol")
        return [SplitProtocol(EVERYBODY, arguments.subjects_from)]
    protocols = protocols_from(arguments)
    if not protocols:
        raise InputError("--protocol, or --fold and --subjects-from, must be given")
    return protocols


def with_classes_of(data: ClipDataset, settings: TrainingSettings) -> TrainingSettings:
    """Return the settings with their class names; `all` becomes the classes of the data set.

    Raises:
        InputError: The data set has no clip of a class; names it.
    """
    known = [name for name in data.class_names if name != BACKGROUND]
    if not settings.class_names:
        return replace(settings, class_names=tuple(known))
    unknown = [name for name in settings.class_names if name not in known]
    if unknown:
        raise InputError(f"class_names: {unknown[0]!r} is not a label of the data set")
    return settings


def _store(
    arguments: argparse.Namespace, data: ClipDataset, kind: str, settings: TrainingSettings
) -> ClipStore:
    """Read all clips, from the cache if one is given."""
    layout = get_layout(settings.features.body_layout)
    clips = data.clips(np.arange(len(data)))
    if arguments.cache is None:
        return store_clips(clips, layout)
    given = (arguments.data, arguments.hands, arguments.missing)
    sources = [path for path in given if path is not None]
    return cached_clips(arguments.cache, sources, clips, layout, {"kind": kind})


def _sources(arguments: argparse.Namespace) -> list[Path]:
    """Return what clips are read from: a data set, or recordings."""
    return list(arguments.bags or [arguments.data])


def _write(
    out: Path,
    description: BundleDescription,
    network: BHaRNet,
    output: ExpertOutput,
    background: Background,
    data: ClipDataset,
    held_out: Indices,
) -> None:
    """Calibrate and measure the network on the held-out clips, and write the bundle."""
    labels = data.labels[held_out]
    arrays = window_output(output)
    temperature = fit_temperature(arrays.ensemble, class_indices(labels, description.class_names))
    metrics = count_metrics(
        arrays,
        softmax(arrays.ensemble / np.float32(temperature)),
        labels,
        data.subjects[held_out],
        class_names=description.class_names,
        rejection_threshold=description.rejection_threshold,
        streams=list(description.streams),
    )
    print(format_metrics(metrics))
    fold = description.training.get("held_out_fold")
    held_out_fold = {} if fold is None else {"held_out_fold": fold}
    measured = without_nan({**held_out_fold, **asdict(metrics)})
    finished = replace(description, temperature=temperature, metrics=measured)
    card = model_card(finished, metrics)
    write_bundle(out, finished, network.state_dict(), card, background)
    print(f"wrote {out}")
