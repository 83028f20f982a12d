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
