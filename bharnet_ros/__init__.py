"""Body and hand action recognition for robots (BHaRNet on ROS 2)."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pkgutil import extend_path

__version__ = "0.1.0"


class _GeneratedFinder:
    """Finds the generated messages of the installed package when this one is a checkout.

    Nothing else is taken from there: a module of an older installation would hide that the checkout
    moved or deleted it.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Return the spec of a generated module; None for any other module."""
        parent, _, module = name.rpartition(".")
        if parent != __name__:
            return None
        if module not in ("action", "msg", "srv") and not module.startswith(f"{__name__}_s__"):
            return None
        return PathFinder.find_spec(name, extend_path(list(__path__), __name__))


# Last, so that messages beside this file come first.
sys.meta_path.append(_GeneratedFinder)
