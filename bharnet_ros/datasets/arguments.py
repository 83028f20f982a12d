"""Command-line arguments that name a data set and its split."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from bharnet_ros.bags.labelled import RECORDINGS, LabelledRecordings
from bharnet_ros.bags.truth import truths_of
from bharnet_ros.datasets.base import ClipDataset
from bharnet_ros.datasets.opening import KINDS, guess_kind, open_dataset
from bharnet_ros.types.errors import InputError


@dataclass(frozen=True)
class SplitProtocol:
    """A published split of a data set.

    Attributes:
        name: One of the data set's `protocols`.
        file: The list that defines the protocol, if it needs one.
        fold: Number of the held-out fold of people, if the protocol is a fold.
    """

    name: str
    file: Path | None = None
    fold: int | None = None


def add_dataset_arguments(parser: argparse.ArgumentParser, *, recordings: bool = False) -> None:
    """Declare `--data` and the other arguments that open a data set.

    Args:
        parser: Of the command.
        recordings: Whether recordings with their truth can take the place of `--data`.
    """
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="file or folder of a data set, see docs/data.md")
    if recordings:
        _add_recording_arguments(parser, source)
    parser.add_argument("--kind", choices=KINDS, help="kind of the data set (default: guessed)")
    parser.add_argument(
        "--hands",
        type=Path,
        metavar="DIR",
        help="for depth cameras: keypoints that `bharnet data extract` wrote for the videos",
    )
    parser.add_argument(
        "--missing",
        type=Path,
        metavar="FILE",
        help="for NTU RGB+D: the authors' list of samples with missing skeletons",
    )


def _add_recording_arguments(
    parser: argparse.ArgumentParser, source: argparse._MutuallyExclusiveGroup
) -> None:
    source.add_argument(
        "--bags", nargs="+", type=Path, metavar="BAG", help="recordings in place of a data set"
    )
    parser.add_argument(
        "--truth",
        nargs="+",
        metavar="TRUTH",
        help="true actions of --bags, as for `bharnet evaluate bag`; what lies between them "
        "counts as background",
    )
    parser.add_argument(
        "--test-bags",
        nargs="+",
        type=Path,
        default=(),
        metavar="BAG",
        help="those of --bags to test on, not to train on (default: the last)",
    )


def add_protocol_arguments(parser: argparse.ArgumentParser, *, several_folds: bool) -> None:
    """Declare `--protocol` and `--split-file`, and `--fold` and `--subjects-from` for folds.

    Args:
        parser: Of the command.
        several_folds: Whether `--fold` takes several numbers.
    """
    parser.add_argument(
        "--protocol", help="which clips are for training and which for testing, for example x_sub"
    )
    parser.add_argument(
        "--split-file", type=Path, metavar="FILE", help="the list that defines the protocol"
    )
    parser.add_argument(
        "--fold",
        type=int,
        nargs="+" if several_folds else 1,
        metavar="K",
        help="test on the subjects of this fold; short for --protocol fold_K"
        + (" (several folds: each in turn)" if several_folds else ""),
    )
    parser.add_argument(
        "--subjects-from",
        type=Path,
        metavar="FILE",
        help="sources.csv with the fold of each subject; the --split-file of --fold",
    )


def open_from(arguments: argparse.Namespace) -> tuple[ClipDataset, str]:
    """Open the data set that the arguments name; return it and its kind.

    Raises:
        InputError: The data set cannot be used; names what is wrong.
        OSError: A file cannot be read.
    """
    if getattr(arguments, "bags", None):
        return _open_recordings(arguments), RECORDINGS
    for name in ("truth", "test_bags"):
        if getattr(arguments, name, None):
            raise InputError(f"--{name.replace('_', '-')}: has no effect without --bags")
    path: Path = arguments.data
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    kind = arguments.kind or guess_kind(path)
    data = open_dataset(path, kind, hands=arguments.hands, missing=arguments.missing)
    return data, kind


def _open_recordings(arguments: argparse.Namespace) -> ClipDataset:
    # The cache knows a recording by its files, but not the truth that cuts it.
    for name in ("kind", "hands", "missing", "cache"):
        if getattr(arguments, name, None) is not None:
            raise InputError(f"--{name}: does not apply to --bags")
    if arguments.truth is None:
        raise InputError("--bags needs --truth")
    truths = truths_of(arguments.bags, arguments.truth)
    return LabelledRecordings(arguments.bags, truths, arguments.test_bags)


def protocols_from(arguments: argparse.Namespace) -> list[SplitProtocol]:
    """Return the protocols that the arguments name; empty if they name none.

    Raises:
        InputError: Arguments that need each other are not both given, or exclude each other.
    """
    if getattr(arguments, "bags", None):
        if any((arguments.fold, arguments.subjects_from, arguments.protocol, arguments.split_file)):
            raise InputError("--bags: --test-bags says what to test on")
        return [SplitProtocol(RECORDINGS)]
    if (arguments.fold is None) != (arguments.subjects_from is None):
        raise InputError("--fold and --subjects-from need each other")
    if arguments.fold is not None:
        if arguments.protocol is not None or arguments.split_file is not None:
            raise InputError("--fold and --subjects-from exclude --protocol and --split-file")
        return [
            SplitProtocol(f"fold_{fold}", arguments.subjects_from, fold) for fold in arguments.fold
        ]
    if arguments.protocol is None:
        if arguments.split_file is not None:
            raise InputError("--split-file needs --protocol")
        return []
    number = arguments.protocol.removeprefix("fold_")
    is_fold = number != arguments.protocol and number.isdecimal()
    fold = int(number) if is_fold else None
    return [SplitProtocol(arguments.protocol, arguments.split_file, fold)]
