"""Measure how much worse images may get before gestures of the puppet are lost.

    python -m bench.accuracy.margins [--seeds 3] [--models NAME ...] [--only CONDITION ...] [--json]

For each condition and seed, the puppet's images are changed, keypoints are extracted by the engine
`direct` and actions are recognised by each model. A seed chooses a person and a variation of the
motion. *Recognised*: actions with an event of their label. *False*: events without an action of
their label. *Covered*: share of an action's duration that its events cover, median and least.
*Margin*: the best smoothed score that the action's class held for `min_duration_s`, less its
`enter_threshold`. Below zero, the action begins no event. The least of all seeds is shown. The
cells of the second table are this margin and the least share covered, by gesture.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bench.accuracy.worse_images import IMAGES, Change, unchanged
from bench.command_line import run_bench
from bharnet_ros.evaluation.metrics.overlaps import same_label, shared_time
from bharnet_ros.evaluation.metrics.tracks import assign_tracks
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.events.evidence import TrackEvidence
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.recognition.events.rules import Rules
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import PuppetSource, open_puppet
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.keypoints import (
    NANOSECONDS,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
)
from bharnet_ros.types.timeline import Timeline, TrueAction
from research.long_streams.scoring import ScoredRecording, score_recording, timeline_of
from research.perturbations import mirror

MODELS = ("gestures", "gestures_light")
SCRIPT, SCRIPT_OF_TWO = "gestures", "two_people"

TWO_PEOPLE, MIRRORED_KEYPOINTS, EXACT = "two people", "mirrored keypoints", "exact keypoints"
CONDITIONS = (*IMAGES, TWO_PEOPLE, MIRRORED_KEYPOINTS, EXACT)


@dataclass(frozen=True)
class Performance:
    """What became of one true action.

    Attributes:
        label: The action.
        covered: Share 0..1 of its duration that events of its label cover; 0 if there is none.
        margin: Best smoothed score that it held for long enough, less its enter threshold.
    """

    label: str
    covered: float
    margin: float


@dataclass(frozen=True)
class Judgement:
    """What became of the true actions of a recording, and its false events.

    Attributes:
        actions: The true actions.
        false: Number of events that share no time with a true action of their label.
    """

    actions: tuple[Performance, ...]
    false: int


def extract(puppet: PuppetSource, change: Change, people: int) -> list[FrameKeypoints]:
    """Return the keypoints that are found in every frame.

    Args:
        puppet: The frames.
        change: Changes each image.
        people: Largest number of people to find.
    """
    with PoseExtractor(engine="direct", max_people=people) as extractor:
        return [extractor.extract(change(frame.image), frame.truth.stamp_ns) for frame in puppet]


def mirror_frame(frame: FrameKeypoints) -> FrameKeypoints:
    """Return the keypoints of a frame with left and right swapped; world coordinates are lost."""
    people = []
    for person in frame.people:
        one = KeypointSequence.of([(0.0, person)], width=frame.width, height=frame.height)
        other = mirror(one)
        people.append(
            PersonKeypoints(
                person.track_id, other.body[0], other.hands[0], hand_scores=other.hand_scores[0]
            )
        )
    return replace(frame, people=tuple(people))


def recordings(
    seed: int, conditions: Sequence[str], fps: float = 15.0
) -> Iterator[tuple[str, list[FrameKeypoints], tuple[TrueAction, ...]]]:
    """Yield the name, the keypoints and the true actions under each condition.

    Args:
        seed: Chooses the person and the variation of the motion.
        conditions: Names of `CONDITIONS`.
        fps: Frames per second.
    """
    one = open_puppet(SCRIPT, fps=fps, seed=seed)
    found: list[FrameKeypoints] = []
    for name, change in IMAGES.items():
        if name in conditions:
            frames = extract(one, change, people=1)
            found = frames if change is unchanged else found
            yield name, frames, one.true_actions
    if TWO_PEOPLE in conditions:
        two = open_puppet(SCRIPT_OF_TWO, fps=fps, seed=seed)
        yield TWO_PEOPLE, extract(two, unchanged, people=2), two.true_actions
    if MIRRORED_KEYPOINTS in conditions:
        frames = [mirror_frame(frame) for frame in found or extract(one, unchanged, people=1)]
        yield MIRRORED_KEYPOINTS, frames, one.true_actions
    if EXACT in conditions:
        yield EXACT, [one.truth(number) for number in range(len(one))], one.true_actions


def judge(recording: ScoredRecording, parameters: EventParameters) -> Judgement:
    """Return what became of the true actions of a recording.

    Args:
        recording: The recording with its scores.
        parameters: Thresholds and times of events.
    """
    timeline = timeline_of(recording, parameters)
    rules = Rules.of(recording.class_names, parameters, BACKGROUND)
    tracks = assign_tracks(timeline)
    own = np.array(
        [
            [event.track_id == tracks[action.track_id] for action in timeline.truth]
            for event in timeline.events
        ],
        dtype=np.bool_,
    ).reshape(len(timeline.events), len(timeline.truth))
    shared = np.maximum(shared_time(timeline.events, timeline.truth), 0.0)
    shared *= own & same_label(timeline.events, timeline.truth)
    levels = smoothed_scores(recording, rules)
    return Judgement(
        tuple(
            Performance(
                action.label,
                float(covered / action.duration_s),
                _margin(timeline, action, levels.get(tracks[action.track_id] or ""), rules),
            )
            for action, covered in zip(timeline.truth, shared.sum(0), strict=True)
        ),
        int((~(shared > 0.0).any(1)).sum()),
    )


Levels = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Stamps (S,) in seconds from the start, and smoothed probabilities (S, K)."""


def smoothed_scores(recording: ScoredRecording, rules: Rules) -> dict[str, Levels]:
    """Return the smoothed scores of each track, by which events begin."""
    evidence: dict[str, TrackEvidence] = {}
    rows: dict[str, list[tuple[float, npt.NDArray[np.float64]]]] = {}
    for scores in recording.scores:
        for person in scores.tracks:
            track = person.track_id
            if track in evidence:
                evidence[track].observe(person, scores.stamp_ns)
            else:
                evidence[track] = TrackEvidence(person, scores.stamp_ns, rules.evidence)
            at = (scores.stamp_ns - recording.first_ns) / NANOSECONDS
            rows.setdefault(track, []).append((at, evidence[track].smoothed))
    return {
        track: (np.array([at for at, _ in found]), np.stack([level for _, level in found]))
        for track, found in rows.items()
    }


def held(stamps: npt.NDArray[np.float64], level: npt.NDArray[np.float64], time: float) -> float:
    """Return the highest level that is held for a time in seconds; 0 if none is held so long.

    Args:
        stamps: (S,) seconds, rising.
        level: (S,) the level at each.
        time: Seconds.
    """
    best = 0.0
    for first, stamp in enumerate(stamps):
        end = int(np.searchsorted(stamps, stamp + time - 1e-6))
        if end < len(stamps):
            best = max(best, float(level[first : end + 1].min()))
    return best


def _margin(timeline: Timeline, action: TrueAction, levels: Levels | None, rules: Rules) -> float:
    """Return the margin of an action, by the scores from its start to that of the next action."""
    class_id = timeline.class_names.index(action.label)
    rule = rules.of_class[class_id]
    if levels is None:
        return -rule.enter
    stamps, rows = levels
    later = [
        other.start_s
        for other in timeline.truth
        if other.track_id == action.track_id and other.start_s > action.start_s
    ]
    during = (stamps >= action.start_s) & (stamps < min(later, default=math.inf))
    level = held(stamps[during], rows[during, class_id], rule.min_duration_ns / NANOSECONDS)
    return level - rule.enter


def summary_row(condition: str, judgements: Sequence[Judgement]) -> tuple[str, ...]:
    """Return the cells of the table of all gestures."""
    actions = [action for one in judgements for action in one.actions]
    covered = np.array([action.covered for action in actions])
    return (
        condition,
        f"{int((covered > 0).sum())}/{len(actions)}",
        str(sum(one.false for one in judgements)),
        f"{np.median(covered):.0%}",
        f"{covered.min():.0%}",
        f"{min(action.margin for action in actions):+.2f}",
    )


def label_row(
    condition: str, judgements: Sequence[Judgement], labels: Sequence[str]
) -> tuple[str, ...]:
    """Return the cells of the table by gesture."""
    cells = []
    for label in labels:
        shown = [action for one in judgements for action in one.actions if action.label == label]
        if not shown:
            cells.append("-")
            continue
        margin = min(action.margin for action in shown)
        cells.append(f"{margin:+.2f} {min(action.covered for action in shown):4.0%}")
    return (condition, *cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="number of seeds")
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="NAME")
    parser.add_argument(
        "--only", nargs="+", choices=CONDITIONS, default=CONDITIONS, metavar="CONDITION"
    )
    parser.add_argument("--fps", type=float, default=15.0, help="images a second")
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be positive")
    threadpool_limits(1, user_api="blas")
    recognizers = {
        name: Recognizer(load_bundle(find_model(name)), "cpu", threads=1) for name in options.models
    }
    found: dict[str, dict[str, list[Judgement]]] = {name: {} for name in recognizers}
    for seed in range(options.seeds):
        for condition, frames, truth in recordings(seed, options.only, options.fps):
            for name, recognizer in recognizers.items():
                scored = score_recording(f"{condition} {seed}", frames, truth, recognizer)
                judgement = judge(scored, recognizer.description.event_parameters())
                found[name].setdefault(condition, []).append(judgement)
    show(options, format_margins(found), {"seeds": options.seeds, **_as_data(found)})
    return 0


def format_margins(found: dict[str, dict[str, list[Judgement]]]) -> str:
    """Return the tables of each model, by model and condition."""
    parts = []
    for name, conditions in found.items():
        actions = [a for many in conditions.values() for one in many for a in one.actions]
        labels = list(dict.fromkeys(action.label for action in actions))
        header = (name, "recognised", "false", "covered", "least", "margin")
        rows = [summary_row(*one) for one in conditions.items()]
        parts.append(format_table(header, rows))
        rows = [label_row(*one, labels) for one in conditions.items()]
        parts.append(format_table((name, *labels), rows))
    return "\n\n".join(parts)


def _as_data(found: dict[str, dict[str, list[Judgement]]]) -> dict[str, object]:
    return {
        name: {condition: [asdict(one) for one in many] for condition, many in conditions.items()}
        for name, conditions in found.items()
    }


if __name__ == "__main__":
    run_bench(main)
