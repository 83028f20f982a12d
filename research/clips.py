"""Classify whole clips with several models together, or with a blinded stream."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict

from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.clips import (
    ClipModel,
    add_clip_arguments,
    clip_logits,
    clip_metrics,
    open_chosen_clips,
)
from bharnet_ros.evaluation.metrics.clips import ClipMetrics, format_metrics
from bharnet_ros.evaluation.tables import format_table, percent, show
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError
from research.blinding import BlindedClips, parse_blinding
from research.cross_validation.arguments import add_weights
from research.cross_validation.late_ensemble import LateEnsemble


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research clips`."""
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", help="folder or name of a model bundle")
    model.add_argument(
        "--ensemble",
        nargs="+",
        metavar="MODEL",
        help="folders or names of model bundles that decide together",
    )
    add_weights(parser)
    parser.add_argument(
        "--blind",
        nargs="+",
        default=[],
        metavar="STREAM=HOW",
        help="also measure with a stream blinded: rgb=black, rgb=noise, rgb=shuffled (crops of "
        "another clip) or rgb=absent",
    )
    add_clip_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research clips`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    if arguments.weights and not arguments.ensemble:
        raise InputError("--weights needs --ensemble")
    if arguments.blind and arguments.ensemble:
        raise InputError("--blind needs --model: an ensemble has no streams of its own")
    recognizer = _open_models(arguments)
    blindings = [(text, *parse_blinding(text)) for text in arguments.blind]
    for _, stream, _ in blindings:
        if stream not in recognizer.description.streams:
            raise InputError(f"--blind: the model has no stream {stream!r}")
    data, chosen = open_chosen_clips(arguments)
    progress = not arguments.json
    reference = recognizer, data.labels[chosen], data.subjects[chosen]
    logits = clip_logits(recognizer, data, chosen, progress=progress)
    metrics = clip_metrics(logits, *reference)
    text, content = format_metrics(metrics), asdict(metrics)
    if blindings:
        alone = clip_metrics(logits._replace(ensemble=logits.skeleton), *reference)
        blind = {}
        for name, _, how in blindings:
            clips = BlindedClips(data, chosen, how)
            blind[name] = clip_metrics(
                clip_logits(recognizer, clips, chosen, progress=progress), *reference
            )
        text += "\n\n" + format_blinded({"as recorded": metrics, **blind, "skeleton alone": alone})
        content["blinded"] = {name: asdict(one) for name, one in blind.items()}
        content["skeleton_alone"] = asdict(alone)
    show(arguments, text, content)
    return 0


def _open_models(arguments: argparse.Namespace) -> ClipModel:
    if arguments.ensemble:
        bundles = [load_bundle(find_model(one)) for one in arguments.ensemble]
        return LateEnsemble(bundles, arguments.device, arguments.weights)
    return ClipRecognizer(load_bundle(find_model(arguments.model)), arguments.device)


def format_blinded(measured: Mapping[str, ClipMetrics]) -> str:
    """Return the accuracy with blinded streams as a table for a terminal."""
    rows = [
        [name, percent(one.top1), percent(one.top1_with_background)]
        for name, one in measured.items()
    ]
    return format_table(["blinded", "top-1", "background too"], rows)
