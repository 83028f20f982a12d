"""The report of an evaluation: `report.json` for programs and `report.html` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bharnet_ros import __version__
from bharnet_ros.evaluation.metrics.events import EventMetrics
from bharnet_ros.evaluation.metrics.outcomes import recordings_by_name
from bharnet_ros.evaluation.report.content import page_content
from bharnet_ros.evaluation.tables import printable, without_nan
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import unfinished_folder
from bharnet_ros.types.timeline import Timeline

PAGE = "report.html"
NUMBERS = "report.json"
FORMAT = 1
"""Version of the layout of `report.json`."""

_TEMPLATES = Path(__file__).parent


def write_report(
    folder: Path,
    timelines: Sequence[Timeline],
    metrics: EventMetrics,
    *,
    command: str = "",
) -> None:
    """Write a folder with `report.json` and a self-contained `report.html`.

    The folder appears with both files or not at all, and replaces only an older report. The same
    input gives the same bytes.

    Args:
        folder: Folder to write; missing parents are created.
        timelines: The recordings, with different names.
        metrics: Their metrics, from `measure`.
        command: Command that creates the report again.

    Raises:
        InputError: `folder` exists and is not a report, or two recordings have the same name.
        OSError: A file cannot be written.
    """
    check_replaceable(folder)
    recordings_by_name(timelines)
    numbers = json.dumps(
        report_numbers(timelines, metrics, command), indent=1, ensure_ascii=False, allow_nan=False
    )
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.jinja")
    page = template.render(**page_content(timelines, metrics), command=command, version=__version__)
    _write_whole(folder, {NUMBERS: numbers + "\n", PAGE: page + "\n"})


def report_numbers(
    timelines: Sequence[Timeline], metrics: EventMetrics, command: str = ""
) -> dict[str, Any]:
    """Return the content of `report.json`; docs/report.md describes it."""
    recordings = [
        {
            "name": timeline.name,
            "duration_s": timeline.duration_s,
            "frames": timeline.frames,
            "dropped": timeline.dropped,
            "class_names": timeline.class_names,
            "truth": [asdict(action) for action in timeline.truth],
            "events": [asdict(event) for event in timeline.events],
        }
        for timeline in timelines
    ]
    content = {
        "format": FORMAT,
        "version": __version__,
        "command": command,
        "metrics": asdict(metrics),
        "recordings": recordings,
    }
    plain: dict[str, Any] = without_nan(_plain(content))
    return plain


def _plain(content: Any) -> Any:
    """Convert NumPy scalars, which JSON does not know, to Python numbers."""
    if isinstance(content, Mapping):
        return {name: _plain(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return content.item() if isinstance(content, np.generic) else content


def check_replaceable(folder: Path) -> None:
    """Check that a report can be written here without destroying other files.

    Raises:
        InputError: The path is a file, or a folder that holds something else; names it.
        OSError: The folder cannot be read.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file, but a report is a folder")
    strangers = sorted(file.name for file in folder.iterdir() if file.name not in (NUMBERS, PAGE))
    if strangers:
        raise InputError(
            f"{folder}: is not a report, it holds {strangers[0]}; choose another folder or empty it"
        )


def _write_whole(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files to a new folder, then move it into place.

    Raises:
        OSError: The folder cannot be written; an older one is kept.
    """
    with unfinished_folder(folder) as fresh:
        old = fresh.with_name(f"{fresh.name}.old")
        for name, text in files.items():
            (fresh / name).write_text(printable(text), encoding="utf-8", newline="\n")
        if folder.exists():
            folder.rename(old)
        try:
            fresh.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
