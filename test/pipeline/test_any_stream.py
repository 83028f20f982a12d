"""Any stream of keypoint messages through the chain: nothing fails, and what begins ends."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.pipeline.keypoints_to_scores import KeypointsToScores, open_recognition
from bharnet_ros.pipeline.message_log import DUPLICATES, LATE, CollectedLog
from bharnet_ros.pipeline.scores_to_events import ScoresToEvents
from bharnet_ros.recognition.events.overrides import event_overrides
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints

pytestmark = pytest.mark.slow

STEP_S = 1 / 15

steps_s = st.sampled_from([*[STEP_S] * 12, 0.4, 3.0, 100.0, 0.0, -0.2, -0.9, -5.0])
odd_numbers = st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0, 1e-30])


def nothing(message: Any, chance: np.random.Generator, number: float) -> None:
    """Leave the message as it is."""


def odd_body(message: Any, chance: np.random.Generator, number: float) -> None:
    for person in message.people:
        person.body[chance.integers(0, len(person.body), 9)] = number


def odd_hands(message: Any, chance: np.random.Generator, number: float) -> None:
    for person in message.people:
        person.hands[chance.integers(0, len(person.hands), 30)] = number
        person.hand_score[:] = number


def odd_everything(message: Any, chance: np.random.Generator, number: float) -> None:
    for person in message.people:
        for values in (person.body, person.body_visibility, person.hands, person.hand_score):
            values[:] = number


def nobody(message: Any, chance: np.random.Generator, number: float) -> None:
    message.people = []


def three_people(message: Any, chance: np.random.Generator, number: float) -> None:
    message.people = [
        type(person)(**{**vars(person), "track_id": track})
        for person in message.people
        for track in ("body_1", "body_2", "")
    ]


def twins(message: Any, chance: np.random.Generator, number: float) -> None:
    message.people = [*message.people, *message.people]


def no_hands(message: Any, chance: np.random.Generator, number: float) -> None:
    for person in message.people:
        person.hand_present = np.array([False, False])


def no_image(message: Any, chance: np.random.Generator, number: float) -> None:
    message.image_width = message.image_height = 0


def no_stamp(message: Any, chance: np.random.Generator, number: float) -> None:
    message.header.stamp.sec = message.header.stamp.nanosec = 0


damages = st.sampled_from(
    [
        *[nothing] * 12,
        *(odd_body, odd_hands, odd_everything, nobody, three_people, twins),
        *(no_hands, no_image, no_stamp),
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[float, Callable[..., None], float, int]]:
    """Draw periods of equal damage: for each message its step in time, damage, number and seed."""
    stream = []
    for _ in range(draw(st.integers(1, 6))):
        damage, number, seed = draw(damages), draw(odd_numbers), draw(st.integers(0, 9))
        first = draw(steps_s)
        length = draw(st.integers(1, 25))
        steps = [first, *[STEP_S] * (length - 1)]
        stream += [(step, damage, number, seed + place) for place, step in enumerate(steps)]
    return stream


@cache
def frames() -> list[FrameKeypoints]:
    source = open_puppet("gestures", fps=15.0)
    return [source.truth(number) for number in range(150)]


def made(
    stream: Sequence[tuple[float, Callable[..., None], float, int]], messages: Any
) -> list[Any]:
    at = 1_000.0
    rows = []
    for place, (step, damage, number, seed) in enumerate(stream):
        at += step
        message = messages.keypoints(frames()[place % len(frames())])
        message.header = messages.header(at)
        for person in message.people:
            for name in ("body", "body_visibility", "hands", "hand_score"):
                setattr(person, name, np.array(getattr(person, name)))
        damage(message, np.random.default_rng(seed), number)
        rows.append(message)
    return rows


def through_the_chain(
    rows: Sequence[Any], bundle: Path
) -> tuple[list[ActionEvent], CollectedLog, int]:
    """Return events, log and the number of frames in the windows, as the nodes would have them."""
    log = CollectedLog()
    settings = ReplaySettings(model=str(bundle), device="cpu")
    overrides = event_overrides(settings.parameters("action_event_publisher"))
    to_events = ScoresToEvents(overrides, log, "test")
    sliding = open_recognition(settings.parameters("recognition")).sliding
    vocabulary = sliding.recognizer.vocabulary
    to_events.use_model(vocabulary.events, vocabulary.name)
    to_scores = KeypointsToScores(sliding, log)
    events: list[ActionEvent] = []
    taken = 0
    for message in rows:
        due, frame = to_scores.take(message)
        taken += frame is not None
        if due is not None:
            events += to_events.take_scores(to_scores.score(due)) or []
    return [*events, *to_events.close(OffsetReason.SOURCE_ENDED)], log, taken


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stream=streams())
def test_any_stream_leaves_no_event_open_and_no_message_uncounted(
    stream: list[Any], messages: Any, eager_bundle: Path
) -> None:
    rows = made(stream, messages)
    events, log, taken = through_the_chain(rows, eager_bundle)
    phases: dict[str, list[Phase]] = {}
    for event in events:
        phases.setdefault(event.event_id, []).append(event.phase)
        assert event.start_ns <= event.end_ns <= event.stamp_ns
        assert 0.0 <= event.score <= 1.0
    assert all(found == [Phase.ONSET, Phase.OFFSET] for found in phases.values())
    assert taken + len(log.rejected) + log.counts[DUPLICATES] + log.counts[LATE] >= len(rows)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stream=streams())
def test_a_replay_finds_and_counts_what_the_nodes_do(
    stream: list[Any],
    messages: Any,
    write_bag: Any,
    eager_bundle: Path,
    tmp_path: Path,
) -> None:
    rows = made(stream, messages)
    events, log, _ = through_the_chain(rows, eager_bundle)
    shutil.rmtree(tmp_path / "bag", ignore_errors=True)
    bag = write_bag(tmp_path / "bag", [("keypoints", one) for one in rows], in_order=True)
    try:
        with Recording(bag) as recording:
            found = replay(
                recording, ReplaySettings(model=str(eager_bundle), device="cpu"), progress=False
            )
    except InputError:
        # Nothing in it can be used.
        assert not events
        assert log.rejected
        return
    assert [without_id(event) for event in found.events] == [without_id(one) for one in events]
    assert Counter(found.counts) == log.counts
    assert found.rejected == tuple(log.rejected)


def without_id(event: ActionEvent) -> tuple[Any, ...]:
    return (event.phase, event.track_id, event.label, event.stamp_ns, event.start_ns, event.reason)
