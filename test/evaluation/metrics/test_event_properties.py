"""Properties of the event metrics that hold for any recording."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
from event_examples import event, recording
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bharnet_ros.evaluation.metrics.events import EventMetrics, measure
from bharnet_ros.evaluation.tables import without_nan
from bharnet_ros.types.timeline import ANYBODY, FoundEvent, Timeline, TrueAction


# Sixteenths of a second: sums and differences of such times are exact.
def seconds(most: int = 800) -> st.SearchStrategy[float]:
    """Return times up to `most` ticks."""
    return st.integers(0, most).map(lambda ticks: ticks / 16.0)


labels = st.sampled_from(["wave", "point", "clap"])
scores = st.integers(0, 8).map(lambda eighths: eighths / 8.0)
events = st.builds(
    lambda label, start, length, score, track: event(label, start, start + length, score, track),
    labels,
    seconds(),
    seconds(64),
    scores,
    st.sampled_from(["body_1", "body_2"]),
)
actions = st.builds(
    lambda label, start, length, track: TrueAction(label, start, start + length, track),
    labels,
    seconds(),
    seconds(64),
    st.sampled_from([ANYBODY, "ann", "bob"]),
)
recordings = st.builds(
    lambda truth, found: recording(truth, found, duration_s=100.0),
    st.lists(actions, max_size=6),
    st.lists(events, max_size=6),
)


def shifted(timeline: Timeline, by_s: float) -> Timeline:
    """Return the recording with all times later."""
    return replace(
        timeline,
        truth=tuple(
            replace(one, start_s=one.start_s + by_s, end_s=one.end_s + by_s)
            for one in timeline.truth
        ),
        events=tuple(
            replace(
                one,
                start_s=one.start_s + by_s,
                end_s=one.end_s + by_s,
                onset_s=one.onset_s + by_s,
                offset_s=one.offset_s + by_s,
            )
            for one in timeline.events
        ),
    )


def numbers(metrics: EventMetrics) -> str:
    """Return everything except truth and events as JSON, in which NaN equals NaN."""
    content = asdict(metrics)
    for pair in content["matches"] + content["mistakes"]:
        del pair["truth"], pair["event"]
    return json.dumps(without_nan(content))


@settings(deadline=None, max_examples=40)
@given(recordings)
def test_shifting_all_times_changes_no_metric(timeline: Timeline) -> None:
    assert numbers(measure([timeline])) == numbers(measure([shifted(timeline, 8.0)]))


@settings(deadline=None, max_examples=40)
@given(st.lists(recordings, min_size=2, max_size=4))
def test_the_order_of_recordings_does_not_matter(timelines: list[Timeline]) -> None:
    named = [replace(one, name=f"{number}") for number, one in enumerate(timelines)]
    assert numbers(measure(named)) == numbers(measure(named[::-1]))


@settings(deadline=None, max_examples=40)
@given(st.lists(recordings, min_size=1, max_size=3))
def test_each_event_and_action_is_counted_once(timelines: list[Timeline]) -> None:
    metrics = measure(timelines)
    counts = np.array(metrics.confusion.counts)
    assert counts[:-1].sum() == metrics.total.true_actions
    assert counts[:, :-1].sum() == metrics.total.events
    pairs = metrics.total.matched + metrics.badly_timed + metrics.wrong_label
    assert pairs + metrics.missed == metrics.total.true_actions
    assert pairs + metrics.false == metrics.total.events
    assert all(
        0.0 <= one.map_actions <= 1.0 or math.isnan(one.map_actions) for one in metrics.overlaps
    )
    f1 = [one.f1 for one in metrics.overlaps]
    assert math.isnan(f1[0]) or f1 == sorted(f1, reverse=True)


@settings(deadline=None, max_examples=40)
@given(recordings, events)
def test_a_false_event_never_improves_a_metric(timeline: Timeline, wrong: FoundEvent) -> None:
    wrong = replace(wrong, label="jump")
    worse = measure([replace(timeline, events=(*timeline.events, wrong))])
    before = measure([timeline])
    if timeline.events:
        assert worse.total.precision <= before.total.precision
    assert worse.total.matched == before.total.matched
    for old, new in zip(before.overlaps, worse.overlaps, strict=True):
        assert math.isnan(old.map_videos) or new.map_videos <= old.map_videos


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(labels, seconds(64).filter(bool), scores), min_size=1, max_size=8))
@example([("wave", 0.0625, score) for score in (0.0, 0.125, 0.125, 0.125, 0.25, 0.25)])
def test_events_equal_to_the_truth_get_perfect_metrics(
    done: list[tuple[str, float, float]],
) -> None:
    truth, found = [], []
    for number, (label, length, score) in enumerate(done):
        start = 8.0 * number
        person, track = [("ann", "body_2"), ("bob", "body_1")][number % 2]
        truth.append(TrueAction(label, start, start + length, person))
        found.append(event(label, start, start + length, score, track))
    metrics = measure([recording(truth, found, duration_s=100.0)])
    for one in metrics.overlaps:
        assert (one.map_actions, one.map_videos, one.f1) == (1.0, 1.0, 1.0)
    assert (metrics.total.precision, metrics.total.recall, metrics.total.f1) == (1.0, 1.0, 1.0)
    assert (metrics.false_in_background, metrics.fragmented, metrics.merged) == (0, 0, 0)
    assert not metrics.mistakes
    assert metrics.start_error.absolute_p90_s == metrics.end_error.absolute_p90_s == 0.0
