"""What all commands on a cross-validation take, and what they load by it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bharnet_ros.datasets.readers.holistic_wild import HolisticWild, read_holistic_wild
from bharnet_ros.evaluation.tables import add_report_arguments
from research.cross_validation.cross_validation import score_folds
from research.cross_validation.fold_models import FoldModel, load_fold_models
from research.cross_validation.out_of_fold import OutOfFoldScores


def add_cross_validation_arguments(
    parser: argparse.ArgumentParser, *, variants: bool = False
) -> None:
    """Declare what all commands on a cross-validation take.

    Args:
        parser: Of the command.
        variants: Whether `--models` may be given several times, once for each variant.
    """
    parser.add_argument(
        "--models",
        required=True,
        nargs="+",
        action="append" if variants else "store",
        metavar="BUNDLE",
        help="folders of model bundles, each scored on the fold of people that it was not trained "
        "on" + ("; give it once for each variant of the network" if variants else ""),
    )
    parser.add_argument(
        "--ensemble",
        action="store_true",
        help="let bundles that hold out the same fold decide together",
    )
    add_weights(parser)
    parser.add_argument("--data", required=True, type=Path, help="file of the holistic_wild format")
    parser.add_argument(
        "--subjects-from", required=True, type=Path, help="sources.csv with a fold for each subject"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_report_arguments(parser)


def add_perturbation_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what commands that perturb clips take besides."""
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="score each N-th clip of a fold only, to save time (default: 1, all of them)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of chance (default: 0)")


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Declare `--weights` of the models of an ensemble."""
    parser.add_argument(
        "--weights",
        nargs="+",
        type=float,
        metavar="WEIGHT",
        help="how much each model of an ensemble counts, in their order (default: all the same)",
    )


def load_models(arguments: argparse.Namespace, names: Sequence[str]) -> list[FoldModel]:
    """Load the bundles of these names as the arguments say.

    Args:
        arguments: Of a command that declared them by `add_cross_validation_arguments`.
        names: One use of its `--models`.

    Raises:
        InputError: A bundle cannot be used; names it.
    """
    return load_fold_models(
        names, arguments.device, ensemble=arguments.ensemble, weights=arguments.weights
    )


def read_clips(arguments: argparse.Namespace) -> tuple[HolisticWild, Path]:
    """Read the clips; returns them and the file with the fold of each subject.

    Args:
        arguments: Of a command that declared them by `add_cross_validation_arguments`.

    Raises:
        InputError: A file cannot be used; names it.
        OSError: A file cannot be read.
    """
    return read_holistic_wild(arguments.data), arguments.subjects_from


def score_variants(
    arguments: argparse.Namespace,
) -> tuple[list[list[FoldModel]], list[OutOfFoldScores]]:
    """Load every use of `--models` and score the clips that have a class.

    Args:
        arguments: Of a command that declared them by `add_cross_validation_arguments`.

    Raises:
        InputError: A bundle or a file cannot be used; names it.
        OSError: A file cannot be read.
    """
    variants = [load_models(arguments, names) for names in arguments.models]
    data, sources = read_clips(arguments)
    scores = [
        score_folds(models, data, sources, known_only=True, progress=not arguments.json)
        for models in variants
    ]
    return variants, scores
