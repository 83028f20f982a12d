"""Where a model bundle lies."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros.resources import find_resource


def find_model(model: str) -> Path:
    """Return the folder of a model bundle.

    Args:
        model: Path of a folder, or the name of a bundle that comes with the package.

    Raises:
        FileNotFoundError: There is no such folder; names what was looked for.
    """
    folder = Path(model).expanduser()
    if folder.exists() or len(folder.parts) != 1:
        return folder
    return find_resource(f"models/{model}")
