"""Load models that are each run on the people that they were not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError


def load_by_held_out(
    names: Sequence[str], held_out: Callable[[ModelBundle], str]
) -> dict[str, ModelBundle]:
    """Load bundles, keyed by the people that each was not trained on, in the order of `names`.

    Args:
        names: Names or folders of bundles.
        held_out: Returns the name of these people; raises InputError if the bundle does not
            name them.

    Raises:
        InputError: A bundle cannot be used, or holds out the people of an earlier one; names it.
        OSError: A file cannot be read.
    """
    bundles: dict[str, ModelBundle] = {}
    for name in names:
        bundle = load_bundle(find_model(name))
        people = held_out(bundle)
        if people in bundles:
            raise InputError(
                f"{bundle.path}: holds out {people}, and so does {bundles[people].path}"
            )
        bundles[people] = bundle
    return bundles


def held_out_fold(bundle: ModelBundle) -> int:
    """Return the fold of people that the model was not trained on.

    Raises:
        InputError: The bundle does not name it; names the bundle.
    """
    fold = bundle.description.training.get("held_out_fold")
    if not isinstance(fold, int):
        raise InputError(
            f"{bundle.path}: training.held_out_fold: must be the number of the fold of people that "
            f"the model was not trained on, got {fold!r}"
        )
    return fold
