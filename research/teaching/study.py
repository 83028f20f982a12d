"""Teach people's own gestures from a few clips, and name their other clips."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict

import numpy as np
from threadpoolctl import threadpool_limits

from bharnet_ros.datasets.arguments import (
    add_dataset_arguments,
    add_protocol_arguments,
    open_from,
    protocols_from,
)
from bharnet_ros.datasets.base import ClipDataset, split
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild, read_subject_folds
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.clips import clip_logits
from bharnet_ros.evaluation.tables import (
    add_report_arguments,
    format_table,
    percent,
    show,
    without_nan,
)
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError
from research.cross_validation.held_out import held_out_fold, load_by_held_out
from research.teaching.product import teach_by_product
from research.teaching.protocol import (
    EmbeddedClips,
    Indices,
    Taught,
    TeachingResult,
    measure_teaching,
)


def embed_clips(
    bundle: ModelBundle, data: ClipDataset, rows: Indices, device: str, *, progress: bool
) -> EmbeddedClips:
    """Embed clips of people whom the model was not trained on.

    Raises:
        InputError: The bundle has no embeddings, or does not say on which labels it was trained.
    """
    seen = _labels_trained_on(bundle)
    recognizer = ClipRecognizer(bundle, device, threads=1)
    embeddings = recognizer.embed(clip_logits(recognizer, data, rows, progress=progress))
    labels = data.labels[rows]
    unseen = np.asarray([label not in seen for label in labels.tolist()])
    return EmbeddedClips(embeddings, labels, data.subjects[rows], unseen)


def _labels_trained_on(bundle: ModelBundle) -> Collection[str]:
    labels = bundle.description.training.get("labels")
    if not isinstance(labels, list):
        raise InputError(f"{bundle.path}: training.labels: must list the labels of its training")
    return set(labels)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research teaching`."""
    add_model_arguments(parser)
    parser.add_argument(
        "--draws", type=int, default=5, help="how often examples are drawn (default: %(default)s)"
    )
    parser.add_argument(
        "--product",
        action="store_true",
        help="also teach as `bharnet teach` does; needs a file of the holistic_wild format",
    )
    add_run_arguments(parser)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the models, and the clips of people whom they were not trained on."""
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument(
        "--model",
        help="folder or name of a model that saw none of the people in the data, or none of those "
        "that the protocol leaves to test on",
    )
    models.add_argument(
        "--models",
        nargs="+",
        metavar="BUNDLE",
        help="models that were each trained without one fold of people, with --subjects-from",
    )
    add_dataset_arguments(parser)
    add_protocol_arguments(parser, several_folds=False)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare seed, device and report."""
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research teaching`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    if arguments.draws < 1:
        raise InputError(f"--draws: must be positive, got {arguments.draws}")
    # Fits of a few examples are too small to share among threads.
    threadpool_limits(1, user_api="blas")
    data, _ = open_from(arguments)
    if (data.subjects == "").any():
        raise InputError(f"{arguments.data}: names no person in some clips")
    models = list(models_and_clips(arguments, data))
    parts = [
        embed_clips(bundle, data, rows, arguments.device, progress=not arguments.json)
        for bundle, rows in models
    ]
    result = measure_teaching(parts, draws=arguments.draws, seed=arguments.seed)
    by_product: dict[int, Taught] = {}
    if arguments.product:
        if not isinstance(data, HolisticWild):
            raise InputError(f"{arguments.data}: must be a file of the holistic_wild format")
        by_product = teach_by_product(
            *(models, data, arguments.device),
            draws=arguments.draws,
            seed=arguments.seed,
            progress=not arguments.json,
        )
    text, content = format_teaching(result, by_product), content_of(result, by_product)
    show(arguments, text, without_nan(content))
    return 0


def models_and_clips(
    arguments: argparse.Namespace, data: ClipDataset
) -> Iterator[tuple[ModelBundle, Indices]]:
    """Yield each model with the clips of people whom it was not trained on."""
    if arguments.model is not None:
        protocols = protocols_from(arguments)
        rows = split(data, protocols[0].name, protocols[0].file)[1] if protocols else None
        yield (
            load_bundle(find_model(arguments.model)),
            np.arange(len(data)) if rows is None else rows,
        )
        return
    if arguments.subjects_from is None:
        raise InputError("--models needs --subjects-from, the sources.csv with each person's fold")
    folds = read_subject_folds(arguments.subjects_from)
    bundles = load_by_held_out(arguments.models, lambda one: f"fold {held_out_fold(one)}")
    for bundle in bundles.values():
        fold = held_out_fold(bundle)
        held_out = [folds.get(subject) == fold for subject in data.subjects.tolist()]
        if not any(held_out):
            raise InputError(f"{arguments.subjects_from}: nobody in the data is of fold {fold}")
        yield bundle, np.flatnonzero(held_out)


def content_of(
    result: TeachingResult, by_product: Mapping[int, Taught] | None = None
) -> dict[str, object]:
    """Return a result for JSON: shares 0..1 by the number of examples, and what they rest on."""
    measured: Mapping[str, dict[int, Taught]] = {
        "own": result.own,
        "unseen_labels": result.unseen_labels,
        "shown_by_others": result.shown_by_others,
    }
    if by_product:
        measured = {**measured, "product": dict(by_product)}
    return {
        **{
            name: {str(count): one.right for count, one in taught.items()}
            for name, taught in measured.items()
        },
        "unknown_auroc": result.unknown_auroc,
        "unknown_people": result.unknown_people,
        "details": {
            name: {str(count): asdict(one) for count, one in taught.items()}
            for name, taught in measured.items()
        },
    }


def format_teaching(result: TeachingResult, by_product: Mapping[int, Taught] | None = None) -> str:
    """Return a result as a table for a terminal."""
    rows = []
    for heading, taught in (
        ("own gestures", result.own),
        ("labels never seen in training", result.unseen_labels),
        ("taught by another person", result.shown_by_others),
        ("own gestures, by bharnet teach", by_product or {}),
    ):
        for count, one in taught.items():
            rows.append(
                [heading, str(count), percent(one.right), str(one.people), f"{one.choices:.1f}"]
            )
    table = format_table(
        ["taught", "clips each", "named rightly", "people", "to choose from"], rows
    )
    return (
        f"{table}\n\nunknown motion told from taught gestures: AUROC {result.unknown_auroc:.3f} "
        f"({result.unknown_people} people)"
    )
