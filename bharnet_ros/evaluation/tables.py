"""Output of results: aligned tables for a terminal, JSON for programs."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bharnet_ros.types.files import write_whole


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--json` and `--out`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON to this file")


def show(arguments: argparse.Namespace, text: str, content: Mapping[str, Any]) -> None:
    """Print the text, or the content if JSON is asked for, and write the content to `--out`.

    Args:
        arguments: Arguments of a command that called `add_report_arguments`.
        text: Tables.
        content: The same as data.

    Raises:
        OSError: The file cannot be written.
    """
    encoded = json.dumps(without_nan(content), indent=2, ensure_ascii=False, allow_nan=False)
    encoded = printable(encoded)
    if arguments.out is not None:
        write_whole(arguments.out, f"{encoded}\n".encode())
    print(encoded if arguments.json else text)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with the first column aligned left and the others aligned right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def percent(share: float) -> str:
    """Return a share 0..1 as text; a dash for NaN."""
    return "-" if math.isnan(share) else f"{share:.2%}"


def without_nan(content: Any) -> Any:
    """Replace NaN and infinity, which JSON does not know, by None."""
    if isinstance(content, Mapping):
        return {str(name): without_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_nan(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def printable(text: str) -> str:
    """Escape bytes of a file name that are not UTF-8, as they cannot be printed or written.

    Python turns such bytes into lone surrogates. The escape, such as \\udce9, is valid JSON.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
