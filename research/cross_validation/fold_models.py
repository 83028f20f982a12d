"""Models that were each trained without one fold of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.clips import ClipModel
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError
from research.cross_validation.held_out import held_out_fold
from research.cross_validation.late_ensemble import LateEnsemble, check_same_classes


@dataclass(frozen=True, eq=False)
class FoldModel:
    """A model, or a late ensemble, that was trained on all folds but one.

    Attributes:
        fold: The fold of people that it was not trained on.
        model: Scores clips.
        parameters: Number of parameters of its networks.
        bundles: Folders of its bundles.
    """

    fold: int
    model: ClipModel
    parameters: int
    bundles: tuple[Path, ...]


def load_fold_models(
    names: Sequence[str],
    device: str = "auto",
    *,
    ensemble: bool = False,
    weights: Sequence[float] | None = None,
) -> list[FoldModel]:
    """Load bundles that were each trained without one fold, and sort them by fold.

    Args:
        names: Folders or names of bundles.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        ensemble: Whether bundles with the same held-out fold decide together. Without it, each
            fold may have only one bundle.
        weights: Weight of each bundle of a fold, in the order of `names`.

    Raises:
        InputError: A bundle cannot be used, does not name its held-out fold, has other classes than
            the first, or shares its fold with another; names it.
    """
    if weights and not ensemble:
        raise InputError("--weights needs --ensemble")
    bundles = [load_bundle(find_model(name)) for name in names]
    check_same_classes(bundles)
    groups: dict[int, list[ModelBundle]] = {}
    for bundle in bundles:
        group = groups.setdefault(held_out_fold(bundle), [])
        if group and not ensemble:
            raise InputError(
                f"{bundle.path}: holds out fold {held_out_fold(bundle)}, and so does "
                f"{group[0].path}; --ensemble lets them decide together"
            )
        group.append(bundle)
    models = []
    for fold, group in sorted(groups.items()):
        model: ClipModel = (
            LateEnsemble(group, device, weights) if ensemble else ClipRecognizer(group[0], device)
        )
        networks = [load_network(bundle) for bundle in group]
        count = sum(one.numel() for network in networks for one in network.parameters())
        models.append(FoldModel(fold, model, count, tuple(bundle.path for bundle in group)))
    return models


def describe_models(models: Sequence[FoldModel]) -> list[dict[str, object]]:
    """Return which bundles scored which fold, for the JSON output."""
    return [
        {
            "fold": model.fold,
            "bundles": [str(path) for path in model.bundles],
            "parameters": model.parameters,
        }
        for model in models
    ]
