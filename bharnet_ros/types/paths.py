"""Paths that users write."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros.types.errors import InputError


def expand_home(path: str | Path, parameter: str) -> Path:
    """Return a path with `~` or `~user` replaced by the home folder.

    Args:
        path: As the user wrote it.
        parameter: What the path was given for; begins the error message.

    Raises:
        InputError: The home folder is unknown, such as that of a user who does not exist.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(f"{parameter}: {str(path)!r}: the home folder is unknown") from None


def check_new(path: str | Path) -> Path:
    """Return the absolute path of a file or folder that is to be created.

    Raises:
        InputError: The path starts with `~` and names the home of an unknown user.
        FileExistsError: The path exists.
        FileNotFoundError: The parent folder does not exist.
    """
    try:
        path = Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"{path}: {error}") from error
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"folder {path.parent} does not exist")
    return path


def check_unused(path: Path, *, force: bool) -> None:
    """Check that a result overwrites nothing: there is no such path, or an empty folder.

    Args:
        path: File or folder of the result.
        force: Whether it may overwrite something.

    Raises:
        FileExistsError: It would overwrite something; says how to allow it.
    """
    if not force and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(f"{path} exists already; --force overwrites it")
