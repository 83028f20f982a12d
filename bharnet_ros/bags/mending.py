"""The command `bharnet mend`: end an .mcap file that was cut off, so that it can be read."""

from __future__ import annotations

import argparse
from pathlib import Path

from bharnet_ros.types.errors import InputError

MCAP = ".mcap"
_MAGIC = b"\x89MCAP0\r\n"
_HEAD_BYTES = 9
"""An operation code and the length of what follows."""
_FOOTER, _DATA_END = 0x02, 0x0F
_END = (
    bytes([_DATA_END, *(4).to_bytes(8, "little"), *bytes(4)])
    + bytes([_FOOTER, *(20).to_bytes(8, "little"), *bytes(20)])
    + _MAGIC
)
"""The end of a file without a summary: readers then go through all of it."""


def is_cut_off(file: Path) -> bool:
    """Return whether an .mcap file lacks its end.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as content:
        content.seek(max(file.stat().st_size - len(_MAGIC), 0))
        return content.read() != _MAGIC


def mend(file: Path) -> None:
    """End an .mcap file after its last whole record, in place; what follows that is lost.

    Raises:
        InputError: It is no .mcap file; names it.
        OSError: It cannot be read or written.
    """
    with file.open("r+b") as content:
        if content.read(len(_MAGIC)) != _MAGIC:
            raise InputError(f"{file}: is not an mcap file")
        size = file.stat().st_size
        end = content.tell()
        while True:
            head = content.read(_HEAD_BYTES)
            following = end + _HEAD_BYTES + int.from_bytes(head[1:], "little")
            whole = len(head) == _HEAD_BYTES and following <= size
            if not whole or head[0] in (_DATA_END, _FOOTER):
                break
            end = content.seek(following)
        content.truncate(end)
        content.seek(end)
        content.write(_END)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet mend`."""
    parser.add_argument(
        "bag", metavar="BAG", type=Path, help="a recording that was cut off: folder or .mcap file"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet mend` and return the exit status.

    Raises:
        InputError: There is nothing to mend; names the path.
        OSError: A file cannot be read or written.
    """
    from bharnet_ros.bags.reading import Recording

    path: Path = arguments.bag
    files = sorted(path.glob(f"*{MCAP}")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: holds no {MCAP} file")
    for file in files:
        if is_cut_off(file):
            mend(file)
        with Recording(file) as recording:
            count = sum(topic.messages for topic in recording.topics)
            print(f"{file}: {count} messages can be read")
    return 0
