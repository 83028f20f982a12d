"""Overlap of events with true actions, and their best matching."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharnet_ros.evaluation.metrics.overlaps import best_matching, find_overlaps
from bharnet_ros.types.timeline import ANYBODY, FoundEvent, Timeline, TrueAction


def wave(start_s: float, end_s: float, track_id: str = "body_1") -> FoundEvent:
    """Return an event."""
    return FoundEvent("wave", start_s, end_s, 0.9, track_id, end_s, end_s)


@pytest.mark.parametrize(
    ("start", "end", "shared", "tiou"),
    [
        (2.0, 6.0, 4.0, 1.0),
        (4.0, 8.0, 2.0, 2 / 6),
        (0.0, 12.0, 4.0, 4 / 12),
        (3.0, 5.0, 2.0, 2 / 4),
        (6.0, 9.0, None, None),  # they touch but share no time
        (3.0, 3.0, 0.0, 0.0),  # an instant within
        (7.0, 7.0, None, None),
    ],
)
def test_shared_time_and_tiou_of_an_event(
    start: float, end: float, shared: float | None, tiou: float | None
) -> None:
    timeline = Timeline("one", 20.0, (TrueAction("wave", 2.0, 6.0),), (wave(start, end),))
    overlaps = find_overlaps([timeline], [{}])
    if shared is None:
        assert len(overlaps.event_index) == 0
    else:
        assert overlaps.shared_s.tolist() == [shared]
        assert overlaps.tiou.tolist() == [pytest.approx(tiou)]


def test_the_same_instant_overlaps_completely() -> None:
    timeline = Timeline("one", 20.0, (TrueAction("wave", 2.0, 2.0),), (wave(2.0, 2.0),))
    assert find_overlaps([timeline], [{}]).tiou.tolist() == [1.0]


def test_people_and_recordings_are_kept_apart() -> None:
    truth = (
        TrueAction("wave", 0.0, 4.0, "ann"),
        TrueAction("point", 0.0, 4.0, "bob"),
        TrueAction("wave", 0.0, 4.0, ANYBODY),
        TrueAction("wave", 0.0, 4.0, "cem"),
    )
    events = (wave(0.0, 4.0, "body_1"), wave(0.0, 4.0, "body_2"))
    tracks = {"ann": "body_1", "bob": "body_2", "cem": None}
    overlaps = find_overlaps(
        [Timeline("one", 4.0, truth, events), Timeline("two", 4.0, truth[:1], events[:1])],
        [tracks, {"ann": "body_1"}],
    )
    pairs = set(zip(overlaps.event_index.tolist(), overlaps.truth_index.tolist(), strict=True))
    assert pairs == {(0, 0), (0, 2), (1, 1), (1, 2), (2, 4)}
    assert overlaps.event_recording.tolist() == [0, 0, 1]
    assert overlaps.truth_recording.tolist() == [0, 0, 0, 0, 1]
    wrong = overlaps.truth_index[~overlaps.same_label].tolist()
    assert wrong == [1]


def test_as_many_pairs_as_possible_are_matched() -> None:
    # Event 0 overlaps action 0 most, but then event 1 would stay unmatched.
    event, true = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert best_matching(event, true, np.array([0.9, 0.1, 0.2])).tolist() == [1, 2]
    # Of equally many pairs, those with the greater sum.
    event, true = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert best_matching(event, true, np.array([0.6, 0.5, 0.5, 0.6])).tolist() == [0, 3]
    assert best_matching(event[:0], true[:0], np.empty(0)).tolist() == []


@settings(deadline=None)
@given(
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(0, 16), max_size=8)
)
def test_no_other_matching_is_better(weights: dict[tuple[int, int], int]) -> None:
    pairs = sorted(weights)
    event = np.array([one for one, _ in pairs], dtype=np.intp)
    true = np.array([one for _, one in pairs], dtype=np.intp)
    weight = np.array([weights[pair] / 16.0 for pair in pairs])

    def worth(chosen: tuple[int, ...]) -> tuple[int, float]:
        return len(chosen), float(weight[list(chosen)].sum())

    def allowed(chosen: tuple[int, ...]) -> bool:
        return (
            len({event[one] for one in chosen}) == len({true[one] for one in chosen}) == len(chosen)
        )

    every = (chosen for size in range(5) for chosen in combinations(range(len(pairs)), size))
    best = max(worth(chosen) for chosen in every if allowed(chosen))
    found = tuple(best_matching(event, true, weight).tolist())
    assert allowed(found)
    assert worth(found) == pytest.approx(best)
