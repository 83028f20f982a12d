"""The command `bharnet train`: its arguments, which need no PyTorch."""

from __future__ import annotations

import argparse
from pathlib import Path

from bharnet_ros.datasets.arguments import add_dataset_arguments, add_protocol_arguments
from bharnet_ros.types.arguments import add_force_argument
from bharnet_ros.types.packages import require_training

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
"""Lightning's names of the precisions that training supports."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet train`."""
    parser.add_argument("--config", required=True, type=Path, help="YAML file with the settings")
    add_dataset_arguments(parser, recordings=True)
    add_protocol_arguments(parser, several_folds=True)
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        help="folder for the model bundle; with several folds, for one bundle fold_K each",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="cache the parsed clips in this folder and read them from there the next time",
    )
    _add_hardware_arguments(parser)
    parser.add_argument("--epochs", type=int, help="overrides the setting")
    parser.add_argument(
        "--weights-from",
        metavar="DIR",
        help="overrides the setting: bundle of the same network whose weights training starts from",
    )
    parser.add_argument(
        "--skeleton-from",
        metavar="DIR",
        help="overrides the setting: bundle whose skeleton is used unchanged, so that only further "
        "streams are trained",
    )
    parser.add_argument(
        "--backbone-from",
        metavar="FILE",
        help="overrides the setting: initial weights of the crop backbone, from torchvision",
    )
    parser.add_argument("--seed", type=int, help="overrides the setting")
    parser.add_argument(
        "--licences",
        nargs="+",
        metavar="NAME",
        help="train only on people all of whose sources have one of these licences, such as MIT",
    )
    parser.add_argument(
        "--doubtful",
        type=Path,
        metavar="FILE",
        help="CSV of people and labels that are likely wrong, as `python -m research "
        "label-ceiling` writes it: training takes these clips for a gesture of their person only",
    )
    parser.add_argument(
        "--validate-every",
        type=int,
        default=1,
        metavar="N",
        help="show the accuracy of the held-out clips after every N-th epoch (default: 1)",
    )
    parser.add_argument(
        "--everybody",
        type=Path,
        nargs="+",
        metavar="BUNDLE",
        help="train on all people; temperature and numbers come from these bundles of the same "
        "settings, which were each trained without one fold of --subjects-from",
    )
    parser.add_argument("--resume", type=Path, help="checkpoint to continue from")
    add_force_argument(parser)
    parser.add_argument(
        "--no-export",
        dest="export",
        action="store_false",
        help="do not write the network for ONNX Runtime: `bharnet export` can do it later",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet train`; return the exit status.

    Raises:
        InputError: PyTorch or another package is not installed, or an argument, the settings or the
            data are invalid; names it.
        OSError: A file cannot be read or written.
    """
    require_training()
    from bharnet_ros.training.train import train

    train(arguments)
    return 0


def _add_hardware_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments for `hardware.hardware_from`."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument(
        "--precision", default=PRECISIONS[0], help=f"one of {', '.join(PRECISIONS)}"
    )
    parser.add_argument(
        "--devices", type=int, default=1, metavar="N", help="GPUs per machine (default: 1)"
    )
    parser.add_argument(
        "--nodes", type=int, default=1, metavar="N", help="number of machines (default: 1)"
    )
