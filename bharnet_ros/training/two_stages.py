"""Training in two stages: the skeleton alone, then further streams beside it as it is."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros.network.base import BHaRNet
from bharnet_ros.network.multimodal import Multimodal
from bharnet_ros.recognition.bundle import BundleDescription, load_bundle


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
