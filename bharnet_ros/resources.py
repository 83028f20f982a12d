"""Finds the files that come with the package, such as config/, launch/ and models/."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = "bharnet_ros"

_DESCRIPTION = "model.json"
"""File that makes a folder a model bundle."""


def find_resource(name: str) -> Path:
    """Return the path of a file or folder that comes with the package.

    In a checkout this is the checkout's own file. Otherwise it lies in share/bharnet_ros of the
    prefix into which pip or colcon installed this module. The search goes up from this module and
    does not ask the ament index, so that this code never uses the files of another installation.

    Args:
        name: Path relative to the checkout's root, such as "config/recognize.yaml".

    Raises:
        FileNotFoundError: There is no such path; the message names it.
    """
    path = _find_root() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: {name} is not part of this installation")
    return path


def find_model(model: str | Path) -> Path:
    """Return the folder of a model bundle.

    A plain name is a bundle in the current folder, else one of the package. Another folder of that
    name, such as a user's gesture set, does not hide a bundle of the package.

    Args:
        model: Path of a folder, or the name of a bundle that comes with the package.

    Raises:
        FileNotFoundError: A plain name is neither a folder here nor a bundle of the package, or the
            path begins with the home folder of an unknown user.
    """
    try:
        folder = Path(model).expanduser()
    except RuntimeError:
        raise FileNotFoundError(f"model: {str(model)!r}: the home folder is unknown") from None
    if len(folder.parts) != 1 or (folder / _DESCRIPTION).exists():
        return folder
    try:
        return find_resource(f"models/{model}")
    except FileNotFoundError:
        if folder.exists():
            return folder
        known = ", ".join(path.parent.name for path in _bundles())
        raise FileNotFoundError(
            f"model {str(model)!r} is neither a folder here nor in the package, which has {known}"
        ) from None


def _bundles() -> list[Path]:
    """Return the descriptions of the bundles of the package."""
    return sorted(find_resource("models").glob(f"*/{_DESCRIPTION}"))


def _find_root() -> Path:
    # Not resolved: colcon's --symlink-install links each file into the prefix to be searched.
    package = Path(__file__).absolute().parent
    if (package.parent / "package.xml").is_file():
        return package.parent
    for folder in package.parents:
        share = folder / "share" / _PACKAGE
        if share.is_dir():
            return share
    raise FileNotFoundError(f"no share/{_PACKAGE} in any folder above {package}")
