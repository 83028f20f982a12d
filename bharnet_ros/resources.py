"""Where the files that come with the package lie: config/, launch/ and models/."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = "bharnet_ros"


def find_resource(name: str) -> Path:
    """Return the path of a file or folder that comes with the package.

    In a checkout this is the file of the checkout; else the one in share/bharnet_ros of the prefix
    that this module is installed in, be it of pip or of colcon. Going up from this module instead
    of asking the ament index never pairs this code with the files of another installation.

    Args:
        name: Path relative to the checkout's root, such as "config/recognize.yaml".

    Raises:
        FileNotFoundError: It is not there; names every place looked at.
    """
    package = Path(__file__).absolute().parent
    root = package.parent
    if (root / "package.xml").is_file():
        candidates = [root / name]
    else:
        candidates = [folder / "share" / _PACKAGE / name for folder in package.parents]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    places = ", ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(f"{name} is not part of this installation; looked for {places}")
