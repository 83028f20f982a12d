"""Classes that come and go while events are open, as when a gesture is taught or forgotten."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_streams import feed, make_finder, parameters, phases, without_ids

from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import ActionEvent, ActionScores, OffsetReason, Phase, TrackScores
from bharnet_ros.types.errors import InputError

NAMES = ("wave", "point", "clap", "nod")


def one_hot(names: tuple[str, ...], label: str) -> np.ndarray:
    """Return probabilities of classes, of which one is likely."""
    likely = label if label in names else "background"
    return np.array([0.96 if name == likely else 0.01 for name in names])


def window(names: tuple[str, ...], stamp_ns: int, shown: dict[str, str]) -> ActionScores:
    """Return the scores of people who show these gestures."""
    return ActionScores(
        stamp_ns,
        tuple(
            TrackScores(track, stamp_ns - 10**9, stamp_ns, *[one_hot(names, label)] * 3)
            for track, label in shown.items()
        ),
    )


class Stream:
    """Shows gestures to a finder, and changes its classes."""

    def __init__(self) -> None:
        self.names = ("wave", "background")
        self.settings = EventParameters(smoothing_s=0.1, min_duration_s=0.1, min_gap_s=0.2)
        self.finder = EventFinder(self.names, self.settings, id_prefix="test")
        self.stamp_ns = 10**12
        self.events: list[ActionEvent] = []

    def show(self, shown: dict[str, str], windows: int) -> None:
        for _ in range(windows):
            self.stamp_ns += 10**8
            self.events += self.finder.update(window(self.names, self.stamp_ns, shown))

    def change(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.events += self.finder.change_classes(names, self.settings)

    def set(self, **values: float) -> None:
        self.settings = replace(self.settings, **values)
        self.change(self.names)

    def change_model(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.events += self.finder.change_model(names, self.settings, OffsetReason.REPLACED)


def test_an_open_event_goes_on_when_classes_are_added():
    stream = Stream()
    stream.show({"a": "wave"}, 5)
    stream.change(("clap", "wave", "background"))
    stream.show({"a": "wave"}, 5)
    stream.show({"a": "clap"}, 5)
    assert phases(stream.events) == [
        (Phase.ONSET, "wave", OffsetReason.NONE),
        (Phase.OFFSET, "wave", OffsetReason.REPLACED),
        (Phase.ONSET, "clap", OffsetReason.NONE),
    ]
    assert [event.class_id for event in stream.events] == [0, 0, 0]


def test_an_event_whose_class_is_gone_ends():
    stream = Stream()
    stream.change(("wave", "clap", "background"))
    stream.show({"a": "wave", "b": "clap"}, 5)
    stream.change(("clap", "background"))
    stream.show({"a": "wave", "b": "clap"}, 5)
    ended = [event for event in stream.events if event.phase is Phase.OFFSET]
    assert phases(ended) == [(Phase.OFFSET, "wave", OffsetReason.SOURCE_LOST)]
    assert [event.label for event in stream.finder.open_events] == ["clap"]


def test_impossible_classes_change_nothing():
    finder = make_finder()
    before = finder.rules
    with pytest.raises(InputError, match="every name must occur once"):
        finder.change_classes(("wave", "wave", "background"), parameters())
    assert finder.rules is before


def test_the_background_may_have_another_name():
    finder = make_finder()
    feed(finder, 0.0, 1.0, wave=0.9)
    events = finder.change_classes(("point", "wave", "none"), parameters(), background="none")
    assert events == [] and len(finder.open_events) == 1


def test_changed_thresholds_decide_from_the_next_window_on():
    stream = Stream()
    stream.set(enter_threshold=0.99)
    stream.show({"a": "wave"}, 5)
    assert not stream.events
    stream.set(enter_threshold=0.5)
    stream.show({"a": "wave"}, 5)
    assert [event.label for event in stream.finder.open_events] == ["wave"]


def test_an_event_in_progress_ends_by_the_times_it_is_given():
    stream = Stream()
    stream.show({"a": "wave"}, 5)
    stream.set(min_gap_s=1.0)
    stream.show({"a": "background"}, 5)
    assert len(stream.events) == 1
    stream.set(min_gap_s=0.1)
    stream.show({"a": "background"}, 1)
    assert [event.reason for event in stream.events] == [OffsetReason.NONE, OffsetReason.ENDED]


def test_another_model_replaces_events_and_none_overlap():
    stream = Stream()
    stream.show({"a": "wave"}, 3)
    stream.change_model(("nod", "background"))
    stream.show({"a": "nod"}, 5)
    assert phases(stream.events) == [
        (Phase.ONSET, "wave", OffsetReason.NONE),
        # Not retracted, though brief: nothing says that it was a mistake.
        (Phase.OFFSET, "wave", OffsetReason.REPLACED),
        (Phase.ONSET, "nod", OffsetReason.NONE),
    ]
    assert stream.events[2].start_ns >= stream.events[1].end_ns


settings_values = st.fixed_dictionaries(
    {},
    optional={
        "enter_threshold": st.sampled_from([0.5, 0.95, 1.0]),
        "exit_threshold": st.sampled_from([0.05, 0.3, 0.5]),
        "smoothing_s": st.sampled_from([0.0, 0.5]),
        "min_duration_s": st.sampled_from([0.0, 0.4]),
        "min_gap_s": st.sampled_from([0.0, 0.7]),
        "refractory_s": st.sampled_from([0.0, 1.0]),
        "person_timeout_s": st.sampled_from([0.0, 2.0]),
    },
)
vocabularies = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
actions = st.lists(
    st.one_of(
        st.tuples(
            st.dictionaries(st.sampled_from("ab"), st.sampled_from([*NAMES, "background"])),
            st.integers(1, 8),
        ),
        vocabularies,
    ),
    max_size=20,
)
changes = st.lists(
    st.one_of(actions, st.tuples(vocabularies).map(lambda one: [("model", *one)]), settings_values),
    max_size=8,
)


@given(changes)
@settings(deadline=None)
def test_every_onset_is_closed_once_whatever_changes_meanwhile(parts):
    steps = [step for part in parts for step in ([part] if isinstance(part, dict) else part)]
    stream = Stream()
    for step in steps:
        if isinstance(step, dict):
            stream.set(**step)
        elif step[:1] == ("model",):
            stream.change_model((*step[1], "background"))
        elif isinstance(step, list):
            stream.change((*step, "background"))
            assert {event.label for event in stream.finder.open_events} <= set(step)
        else:
            stream.show(*step)
    stream.events += stream.finder.close(OffsetReason.SHUTDOWN)
    open_on: dict[str, str] = {}
    for event in stream.events:
        if event.phase is Phase.ONSET:
            assert event.track_id not in open_on
            open_on[event.track_id] = event.event_id
        else:
            assert open_on.pop(event.track_id) == event.event_id
    assert not open_on
    counts = Counter((event.event_id, event.phase) for event in stream.events)
    assert set(counts.values()) <= {1}


@given(actions, st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, unique=True))
@settings(deadline=None)
def test_classes_that_nobody_shows_change_no_event(steps, added):
    plain, changing = Stream(), Stream()
    for stream in (plain, changing):
        stream.change((*NAMES, "background"))
    for number, step in enumerate(steps):
        if isinstance(step, list):
            changing.change((*added[: number % 4], *step, *set(NAMES) - set(step), "background"))
        else:
            for stream in (plain, changing):
                stream.show(*step)
    described = [
        [(one.phase, one.label, one.track_id, one.start_ns, one.end_ns, one.reason) for one in each]
        for each in map(without_ids, (plain.events, changing.events))
    ]
    assert described[0] == described[1]
