"""Ground truth of a recording as a CSV file: `track,label,start,end`.

Apart from the reading of it, which knows data sets: what records on a robot must not.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from bharnet_ros.evaluation.timeline import TrueAction

COLUMNS = ("track", "label", "start", "end")


def write_truth(path: Path, actions: Sequence[TrueAction]) -> None:
    """Write true actions in seconds from the start of the recording, to the millisecond.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for action in actions:
            times = (f"{action.start_s:.3f}", f"{action.end_s:.3f}")
            writer.writerow((action.track_id, action.label, *times))
