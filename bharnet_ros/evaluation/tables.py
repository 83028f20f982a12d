"""How results are shown: aligned tables for a terminal, JSON for everything else."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--json` and `--out`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to this file too")


def show(arguments: argparse.Namespace, text: str, content: Mapping[str, Any]) -> None:
    """Print the text, or the content as JSON, and write the file that was asked for.

    Raises:
        OSError: The file cannot be written.
    """
    encoded = json.dumps(without_nan(content), indent=2, ensure_ascii=False, allow_nan=False)
    if arguments.out is not None:
        arguments.out.write_text(encoded + "\n", encoding="utf-8")
    print(encoded if arguments.json else text)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column is aligned left and whose others are aligned right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def percent(share: float) -> str:
    """Return a share 0..1 as text; a dash where it is not a number."""
    return "-" if math.isnan(share) else f"{share:.2%}"


def without_nan(content: Any) -> Any:
    """Replace what is not a number, which JSON does not know, by null."""
    if isinstance(content, Mapping):
        return {str(name): without_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_nan(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
