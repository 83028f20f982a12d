"""Models of which each is run on the people that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError


def load_by_held_out(
    names: Sequence[str], held_out: Callable[[ModelBundle], str]
) -> dict[str, ModelBundle]:
    """Load bundles, by the people whom each was not trained on, in their order.

    Args:
        names: Names or folders of bundles.
        held_out: Returns the name of those people; raises InputError where a bundle does not say.

    Raises:
        InputError: A bundle cannot be used, or holds out the people of one before it; names it.
        OSError: A file cannot be read.
    """
    bundles: dict[str, ModelBundle] = {}
    for name in names:
        bundle = load_bundle(find_model(name))
        people = held_out(bundle)
        if people in bundles:
            raise InputError(
                f"{bundle.path}: holds out {people}, as {bundles[people].path} before it does"
            )
        bundles[people] = bundle
    return bundles
