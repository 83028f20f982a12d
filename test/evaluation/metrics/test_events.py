"""Numbers of a whole recording: worked examples by hand, and what must hold for any recording."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bharnet_ros.evaluation.event_tables import format_event_metrics
from bharnet_ros.evaluation.metrics.events import EventMetrics, measure
from bharnet_ros.evaluation.tables import without_nan
from bharnet_ros.types.timeline import ANYBODY, FoundEvent, ScoreTrace, Timeline, TrueAction


def event(
    label: str,
    start_s: float,
    end_s: float,
    score: float = 0.9,
    track_id: str = "body_1",
    latency_s: float = math.nan,
) -> FoundEvent:
    """Return an event that was published half a second after its times."""
    return FoundEvent(
        label, start_s, end_s, score, track_id, start_s + 0.5, end_s + 0.5, latency_s=latency_s
    )


def recording(
    truth: list[TrueAction], events: list[FoundEvent], name: str = "one", duration_s: float = 60.0
) -> Timeline:
    """Return a recording without scores."""
    return Timeline(name, duration_s, tuple(truth), tuple(events), frames=600, dropped=6)


def by_hand() -> Timeline:
    """Return a minute in which nearly everything that can go wrong goes wrong once."""
    return recording(
        [
            TrueAction("wave", 4.0, 8.0),
            TrueAction("wave", 14.0, 18.0),
            TrueAction("point", 24.0, 28.0),
            TrueAction("point", 34.0, 38.0),
        ],
        [
            event("wave", 5.0, 9.0, score=0.9, latency_s=0.1),  # 3 s of 5: right
            event("wave", 17.0, 21.0, score=0.8, latency_s=0.2),  # 1 s of 7: badly timed
            event("wave", 24.0, 29.0, score=0.7, latency_s=0.3),  # 4 s of 5: wrong label
            event("point", 50.0, 52.0, score=0.6),  # nothing there: false
        ],  # and nobody found the last one: missed
    )


def test_everything_that_goes_wrong_is_counted_once() -> None:
    metrics = measure([by_hand()])
    assert (metrics.total.true_actions, metrics.total.events, metrics.total.matched) == (4, 4, 1)
    assert (metrics.total.precision, metrics.total.recall, metrics.total.f1) == (0.25, 0.25, 0.25)
    wave, point = metrics.labels["wave"], metrics.labels["point"]
    assert (wave.precision, wave.recall) == (pytest.approx(1 / 3), 1 / 2)
    assert wave.f1 == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert (point.precision, point.recall, point.f1) == (0.0, 0.0, 0.0)
    assert (metrics.badly_timed, metrics.wrong_label, metrics.missed, metrics.false) == (1, 1, 1, 1)
    assert metrics.confusion.labels == ("point", "wave", "nothing")
    assert metrics.confusion.counts == ((0, 1, 1), (0, 2, 0), (1, 0, 0))


def test_mistakes_are_listed_by_the_seconds_that_are_wrong() -> None:
    told = [(one.kind.value, one.severity_s) for one in measure([by_hand()]).mistakes]
    assert told == [
        ("badly_timed", 6.0),  # 14 to 17 and 18 to 21
        ("wrong_label", 5.0),  # 24 to 29
        ("missed", 4.0),  # 34 to 38
        ("false", 2.0),  # 50 to 52
    ]


def test_what_is_right_is_told_with_its_truth() -> None:
    timeline = by_hand()
    (match,) = measure([timeline]).matches
    assert match.recording == timeline.name
    assert (match.truth, match.event) == (timeline.truth[0], timeline.events[0])


def test_times_of_what_is_matched() -> None:
    metrics = measure([by_hand()])
    assert (metrics.onset_delay.count, metrics.onset_delay.median_s) == (1, 1.5)
    assert (metrics.start_error.median_s, metrics.end_error.median_s) == (1.0, 1.0)
    # 0.1, 0.2 and 0.3 s: 95 % of the way from the first to the last is 0.29.
    assert metrics.latency.count == 3
    assert metrics.latency.p50_s == pytest.approx(0.2)
    assert metrics.latency.p95_s == pytest.approx(0.29)
    assert metrics.latency.p99_s == pytest.approx(0.298)


def test_errors_have_signs_and_sizes() -> None:
    truth = [TrueAction("wave", start, start + 4.0) for start in (10.0, 20.0, 30.0)]
    shifts = (-1.0, 0.5, -0.25)
    events = [
        event("wave", one.start_s + shift, one.end_s + shift)
        for one, shift in zip(truth, shifts, strict=True)
    ]
    spread = measure([recording(truth, events)]).start_error
    assert (spread.count, spread.median_s, spread.absolute_median_s) == (3, -0.25, 0.5)
    # The 90th percentile of three lies 0.8 of the way from the second to the third.
    assert spread.p90_s == pytest.approx(-0.25 + 0.8 * 0.75)
    assert spread.absolute_p90_s == pytest.approx(0.5 + 0.8 * 0.5)


def test_false_events_are_counted_by_minute_of_background() -> None:
    metrics = measure([by_hand()])
    # 60 s less four actions of 4 s. Of the event from 17 to 21 more than half is background too.
    assert metrics.background_s == 44.0
    assert metrics.false_in_background == 2
    assert metrics.false_per_minute == pytest.approx(2 / (44 / 60))
    assert (metrics.frames, metrics.dropped) == (600, 6)


def test_average_precision_by_overlap() -> None:
    metrics = measure([by_hand()])
    assert [one.tiou for one in metrics.overlaps] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    first, half, last = metrics.overlaps[0], metrics.overlaps[4], metrics.overlaps[6]
    # tIoU 1/7 is enough for 0.1: waves right, right, wrong by falling score.
    assert first.average_precision == {"point": 0.0, "wave": 1.0}
    assert (first.map_actions, first.f1) == (0.5, 0.5)
    # The whole recording: right, right, wrong, wrong; half of what is true is found.
    assert first.map_videos == 0.5
    # From 0.2 on only the first, of two waves and of four actions.
    assert half.average_precision == {"point": 0.0, "wave": 0.5}
    assert (half.map_videos, half.f1) == (0.25, 0.25)
    # 3/5 is not enough for 0.7.
    assert (last.map_actions, last.map_videos, last.f1) == (0.0, 0.0, 0.0)


def test_fragments_and_merged_actions() -> None:
    truth = [TrueAction("wave", 0.0, 10.0), TrueAction("point", 20.0, 24.0)]
    truth.append(TrueAction("point", 26.0, 30.0))
    events = [event("wave", 1.0, 4.0), event("wave", 5.0, 9.0), event("point", 20.0, 30.0)]
    metrics = measure([recording(truth, events)])
    assert (metrics.fragmented, metrics.merged) == (1, 1)
    # A neighbour that reaches a little into the action is no fragment of it.
    slid = [event("wave", 0.0, 9.0), event("wave", 9.5, 14.0)]
    assert measure([recording(truth, slid)]).fragmented == 0


def test_early_recognition() -> None:
    # Scores each second: "point" at 11 s, "wave" from 12 s on; the ONSET comes at 16.5 s.
    stamps = np.arange(9.0, 22.0)
    wave = np.where(stamps < 12.0, 0.2, 0.8).astype(np.float32)
    trace = ScoreTrace("body_1", stamps, np.stack([wave, 1.0 - wave], axis=1))
    one = replace(
        recording([TrueAction("wave", 10.5, 20.5)], [event("wave", 16.0, 20.0)]),
        class_names=("wave", "point"),
        traces=(trace,),
    )
    early = measure([one]).early
    assert [point.fraction for point in early] == pytest.approx([0.1 * n for n in range(1, 11)])
    # 10 % are over at 11.5 s, 20 % at 12.5 s; 60 % at 16.5 s.
    assert [point.by_scores for point in early] == [0.0] + [1.0] * 9
    assert [point.by_events for point in early] == [0.0] * 5 + [1.0] * 5


def test_scores_from_before_the_action_do_not_name_it() -> None:
    trace = ScoreTrace("body_1", np.array([1.0, 14.0]), np.array([[0.9, 0.1]] * 2, np.float32))
    one = replace(
        recording([TrueAction("wave", 10.0, 20.0)], []),
        class_names=("wave", "point"),
        traces=(trace,),
    )
    assert [point.by_scores for point in measure([one]).early] == [0.0] * 3 + [1.0] * 7


def test_who_is_never_found_is_missed_and_leaves_background() -> None:
    truth = [TrueAction("wave", 0.0, 10.0, "ann"), TrueAction("wave", 20.0, 30.0, "bob")]
    metrics = measure([recording(truth, [event("wave", 0.0, 10.0, track_id="body_7")])])
    assert [(one.person, one.track_id) for one in metrics.assignments] == [
        ("ann", "body_7"),
        ("bob", None),
    ]
    assert (metrics.missed, metrics.total.recall, metrics.background_s) == (1, 0.5, 50.0)


def test_rest_is_no_action() -> None:
    truth = [TrueAction("wave", 0.0, 10.0), TrueAction("background", 10.0, 60.0)]
    metrics = measure([recording(truth, [event("wave", 0.0, 10.0)])])
    assert (metrics.total.recall, metrics.background_s) == (1.0, 50.0)
    assert "background" not in metrics.confusion.labels


def test_without_truth_nothing_is_claimed() -> None:
    metrics = measure([recording([], [event("wave", 0.0, 10.0)])])
    assert (metrics.total.precision, metrics.false, metrics.false_per_minute) == (0.0, 1, 1.0)
    for unknown in (metrics.total.recall, metrics.overlaps[0].map_actions):
        assert math.isnan(unknown)
    assert math.isnan(metrics.onset_delay.median_s) and math.isnan(metrics.latency.p50_s)
    assert math.isnan(metrics.overlaps[0].map_videos)
    assert all(math.isnan(point.by_events) for point in metrics.early)


def test_numbers_are_json_and_text() -> None:
    silent = recording([], [], name="two")
    for metrics in (measure([by_hand(), silent]), measure([silent])):
        content = json.loads(json.dumps(without_nan(asdict(metrics)), allow_nan=False))
        assert content["recordings"] == metrics.recordings
        assert "tIoU" in format_event_metrics(metrics)
    content = without_nan(asdict(measure([by_hand()])))
    assert content["mistakes"][0]["kind"] == "badly_timed"
    assert content["mistakes"][0]["event"]["latency_s"] == 0.2
    text = format_event_metrics(measure([by_hand()]))
    assert "false per minute of it    2.73" in text
    assert ["wave", "2", "3", "1", "33.33%", "50.00%", "40.00%", "50.00%"] in [
        row.split() for row in text.splitlines()
    ]


def test_many_labels_show_what_is_confused_most() -> None:
    truth = [TrueAction(f"sign {number}", number, number + 1.0) for number in range(30)]
    events = [event(one.label, one.start_s, one.end_s) for one in truth[2:]]
    events += [event("sign 7", 0.0, 1.0), event("sign 7", 1.0, 2.0)]
    text = format_event_metrics(measure([recording(truth, events)]))
    assert text.splitlines()[-2:] == ["sign 0, sign 7      1", "sign 1, sign 7      1"]


@pytest.mark.parametrize(
    ("arguments", "complaint"), [({"tious": (0.0,)}, "tious"), ({"tiou": 1.5}, "tiou")]
)
def test_impossible_overlaps_are_refused(arguments: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        measure([by_hand()], **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no recording"):
        measure([])


# Sixteenths of a second: sums and differences of such times are exact.
def seconds(most: int = 800) -> st.SearchStrategy[float]:
    """Return times."""
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
    """Return the recording with everything later."""
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
    """Return everything but where things lie, to compare; what is not a number equals itself."""
    content = asdict(metrics)
    for told in content["matches"] + content["mistakes"]:
        del told["truth"], told["event"]
    return json.dumps(without_nan(content))


@settings(deadline=None, max_examples=40)
@given(recordings)
def test_shifting_all_times_changes_nothing(timeline: Timeline) -> None:
    assert numbers(measure([timeline])) == numbers(measure([shifted(timeline, 8.0)]))


@settings(deadline=None, max_examples=40)
@given(st.lists(recordings, min_size=2, max_size=4))
def test_the_order_of_recordings_does_not_matter(timelines: list[Timeline]) -> None:
    named = [replace(one, name=f"{number}") for number, one in enumerate(timelines)]
    assert numbers(measure(named)) == numbers(measure(named[::-1]))


@settings(deadline=None, max_examples=40)
@given(st.lists(recordings, min_size=1, max_size=3))
def test_everything_is_counted_once(timelines: list[Timeline]) -> None:
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
def test_a_false_event_never_helps(timeline: Timeline, wrong: FoundEvent) -> None:
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
def test_perfect_events_are_perfect(done: list[tuple[str, float, float]]) -> None:
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


def test_a_thousand_events_take_no_time() -> None:
    random = np.random.default_rng(0)
    starts = np.sort(random.uniform(0.0, 2000.0, (2, 1000)))
    long = recording(
        [TrueAction("wave", start, start + 3.0) for start in starts[0]],
        [event("wave", start, start + 3.0, score=start % 1.0) for start in starts[1]],
        duration_s=2010.0,
    )
    began = time.process_time()
    measure([long])
    assert time.process_time() - began < 1.0
