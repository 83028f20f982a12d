"""Arguments that all commands on a cross-validation share, and what they load."""

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
    """Declare the arguments that all commands on a cross-validation share.

    Args:
        parser: Parser of the command.
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
    """Declare the further arguments of commands that perturb clips."""
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="score only every N-th clip of a fold, to save time (default: 1, all of them)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Declare `--weights`, the weights of the models of an ensemble."""
    parser.add_argument(
        "--weights",
        nargs="+",
        type=float,
        metavar="WEIGHT",
        help="weight of each model of an ensemble, in their order (default: all equal)",
    )


def load_models(arguments: argparse.Namespace, names: Sequence[str]) -> list[FoldModel]:
    """Load bundles as the arguments say.

    Args:
        arguments: Those that `add_cross_validation_arguments` declares.
        names: Bundles of one `--models`.

    Raises:
        InputError: A bundle cannot be used; names it.
    """
    return load_fold_models(
        names, arguments.device, ensemble=arguments.ensemble, weights=arguments.weights
    )


def read_clips(arguments: argparse.Namespace) -> tuple[HolisticWild, Path]:
    """Return the clips, and the file with the fold of each subject.

    Args:
        arguments: Those that `add_cross_validation_arguments` declares.

    Raises:
        InputError: A file cannot be used; names it.
        OSError: A file cannot be read.
    """
    return read_holistic_wild(arguments.data), arguments.subjects_from


def score_variants(
    arguments: argparse.Namespace,
) -> tuple[list[list[FoldModel]], list[OutOfFoldScores]]:
    """Load the models of each `--models` and score the clips whose label is a class.

    Args:
        arguments: Those that `add_cross_validation_arguments` declares.

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
