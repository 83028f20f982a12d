"""The command `bharnet label`: the actions found in a recording, as a first guess at its truth."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from bharnet_ros.bags.convert import truth_path
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_arguments import add_replay_arguments, replay_settings_from
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.truth import write_truth
from bharnet_ros.types.paths import check_new
from bharnet_ros.types.timeline import TrueAction, found_events


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet label`."""
    parser.add_argument("bag", type=Path, metavar="BAG", help="folder, .mcap or .db3")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="table to write (default: BAG.truth.csv)"
    )
    add_replay_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet label`.

    Raises:
        InputError: An argument or the recording cannot be used; names it.
        OSError: A file cannot be read, the table exists already or cannot be written.
    """
    out = check_new(arguments.out or truth_path(arguments.bag))
    actions = guess_truth(arguments.bag, replay_settings_from(arguments))
    write_truth(out, actions)
    print(f"{out}: {len(actions)} actions; correct them before you measure or train")
    return 0


def guess_truth(bag: Path, settings: ReplaySettings, *, progress: bool = True) -> list[TrueAction]:
    """Return the events of a recording as if they were true, in the order of their starts.

    An event that begins before the last one of its person ends is shortened: a truth has one action
    of a person at a time.

    Args:
        bag: The recording.
        settings: How to replay it; recorded events are taken as they are, where there are any.
        progress: Whether to draw a progress bar on stderr.

    Raises:
        InputError, OSError: As `replay` says.
    """
    with Recording(bag) as recording:
        found = replay(recording, settings, progress=progress)
    actions = []
    ends: dict[str, float] = {}
    for one in sorted(found_events(found.events, found.origin_ns), key=lambda one: one.start_s):
        start_s = max(one.start_s, ends.get(one.track_id, -math.inf))
        if start_s < one.end_s:
            actions.append(TrueAction(one.label, start_s, one.end_s, one.track_id))
            ends[one.track_id] = one.end_s
    return actions
