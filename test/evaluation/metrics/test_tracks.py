"""Assignment of tracks to people."""

from __future__ import annotations

import numpy as np

from bharnet_ros.evaluation.metrics.tracks import assign_tracks
from bharnet_ros.types.timeline import ANYBODY, FoundEvent, ScoreTrace, Timeline, TrueAction


def found(label: str, start_s: float, end_s: float, track_id: str) -> FoundEvent:
    """Return an event."""
    return FoundEvent(label, start_s, end_s, 0.9, track_id, end_s, end_s)


def recording(truth: list[TrueAction], events: list[FoundEvent], *traces: ScoreTrace) -> Timeline:
    """Return a recording of a minute."""
    return Timeline("one", 60.0, tuple(truth), tuple(events), ("wave", "point"), traces)


def test_tracks_are_assigned_by_the_greatest_total_shared_time() -> None:
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("wave", 4.0, 9.0, "bob")]
    events = [found("wave", 0.0, 10.0, "body_1"), found("wave", 0.0, 8.0, "body_2")]
    # body_1 shares 10 s with ann and 5 s with bob, body_2 8 s and 4 s: 10 + 4 against 5 + 8.
    assert assign_tracks(recording(truth, events)) == {"ann": "body_1", "bob": "body_2"}


def test_shared_time_with_the_same_label_counts_first() -> None:
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("point", 0.0, 10.0, "bob")]
    events = [found("point", 0.0, 10.0, "body_1"), found("wave", 0.0, 1.0, "body_2")]
    assert assign_tracks(recording(truth, events)) == {"ann": "body_2", "bob": "body_1"}


def test_people_with_wrong_labels_only_are_assigned_by_shared_time() -> None:
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("wave", 30.0, 40.0, "bob")]
    events = [found("point", 31.0, 39.0, "body_1"), found("point", 1.0, 9.0, "body_2")]
    assert assign_tracks(recording(truth, events)) == {"ann": "body_2", "bob": "body_1"}


def test_people_without_events_are_assigned_by_the_scores() -> None:
    stamps = np.arange(0.0, 10.0)
    traces = [
        ScoreTrace(track, stamps, np.full((10, 2), scores, np.float32))
        for track, scores in (("body_1", (0.2, 0.8)), ("body_2", (0.7, 0.3)))
    ]
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("jump", 0.0, 10.0, "bob")]
    # bob cannot be assigned: the model has no class "jump".
    assert assign_tracks(recording(truth, [], *traces)) == {"ann": "body_2", "bob": None}


def test_a_track_shows_at_most_one_person() -> None:
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("wave", 20.0, 25.0, "bob")]
    events = [found("wave", 0.0, 10.0, "body_1"), found("wave", 20.0, 25.0, "body_1")]
    assert assign_tracks(recording(truth, events)) == {"ann": "body_1", "bob": None}


def test_actions_of_anybody_need_no_track() -> None:
    events = [found("wave", 0.0, 10.0, "body_1")]
    assert assign_tracks(recording([TrueAction("wave", 0.0, 9.0, ANYBODY)], events)) == {}
    assert assign_tracks(recording([TrueAction("wave", 0.0, 9.0, "ann")], [])) == {"ann": None}
