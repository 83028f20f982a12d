"""The third step: which scores make events, by their stamps and their model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bharnet_ros.messages.reading import event_model_from_message
from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pipeline.scores_to_events import ScoresToEvents
from bharnet_ros.recognition.events.overrides import EventOverrides
from bharnet_ros.types.actions import OffsetReason, Phase

WAVE = {"body_1": (0.9, 0.05, 0.05)}
REST = {"body_1": (0.05, 0.05, 0.9)}
AT_ONCE = {"smoothing_s": 0.0, "min_duration_s": 0.0, "min_gap_s": 0.0}


@pytest.fixture
def log() -> CollectedLog:
    return CollectedLog()


@pytest.fixture
def model(messages):
    return event_model_from_message(messages.model_info())


@pytest.fixture
def step(log, model) -> ScoresToEvents:
    """Return the step with a model whose events begin and end without delay."""
    step = ScoresToEvents(EventOverrides(AT_ONCE), log, "test")
    step.use_model(model, "tiny")
    return step


def with_stamp_zero(message):
    """Set all times of a message of scores to zero."""
    zero = replace(message.header.stamp, sec=0, nanosec=0)
    message.header.stamp = zero
    for track in message.tracks:
        track.window_start = track.window_end = zero
    return message


def summary(taken) -> list[tuple[Phase, str, OffsetReason]]:
    """Return the events of scores that were not rejected."""
    _, events = taken
    return [(event.phase, event.event_id, event.reason) for event in events]


ONSET = [(Phase.ONSET, "test-1", OffsetReason.NONE)]


def reports(log: CollectedLog) -> tuple[dict[str, int], list[str], list[str]]:
    return dict(log.counts), log.rejected, log.warnings


def test_an_action_has_one_onset_and_one_offset(step, log, messages):
    rows = [WAVE, WAVE, REST, REST]
    taken = [step.take(messages.scores(at / 10, row)) for at, row in enumerate(rows)]
    assert [scores.stamp_ns for scores, _ in taken] == [messages.stamp_ns(n / 10) for n in range(4)]
    events = [event for one in taken for event in summary(one)]
    assert events == [*ONSET, (Phase.OFFSET, "test-1", OffsetReason.ENDED)]
    assert step.open_events == 0
    assert reports(log) == ({}, [], [])


def test_a_repeated_stamp_is_counted_and_changes_nothing(step, log, messages):
    assert summary(step.take(messages.scores(0.1, WAVE))) == ONSET
    scores, events = step.take(messages.scores(0.1, REST))
    assert (scores.stamp_ns, events) == (messages.stamp_ns(0.1), [])
    assert step.open_events == 1
    assert reports(log) == ({"duplicates": 1}, [], [])


def test_a_step_back_ends_every_event(step, log, messages):
    step.take(messages.scores(2.0, WAVE))
    events = summary(step.take(messages.scores(0.5, REST)))
    assert events == [(Phase.OFFSET, "test-1", OffsetReason.TIME_JUMP)]
    assert step.open_events == 0
    warning = "stamps went back by 1.500 s; events end"
    assert reports(log) == ({"time jumps": 1}, [], [warning])


def test_scores_after_a_step_back_may_begin_an_event_at_once(step, messages):
    step.take(messages.scores(2.0, WAVE))
    events = summary(step.take(messages.scores(0.5, WAVE)))
    assert events == [
        (Phase.OFFSET, "test-1", OffsetReason.TIME_JUMP),
        (Phase.ONSET, "test-2", OffsetReason.NONE),
    ]


def test_scores_without_a_stamp_are_rejected_and_events_stay_open(step, log, messages):
    assert step.take(with_stamp_zero(messages.scores(0.0, WAVE))) is None
    assert summary(step.take(messages.scores(0.0, WAVE))) == ONSET
    assert step.take(with_stamp_zero(messages.scores(0.0, REST))) is None
    assert summary(step.take(messages.scores(0.1, WAVE))) == []
    problem = "header.stamp is not set; it must be the capture time"
    assert reports(log) == ({"without stamp": 2}, [problem] * 2, [])


def test_scores_a_little_late_are_counted_and_change_nothing(step, log, messages):
    assert summary(step.take(messages.scores(0.2, WAVE))) == ONSET
    for _ in range(9):
        assert step.take(messages.scores(0.1, REST)) is None
    assert summary(step.take(messages.scores(0.3, WAVE))) == []
    assert step.open_events == 1
    warning = "messages come after later ones; they are left out"
    assert reports(log) == ({"late": 9}, [], [warning] * 9)


@pytest.mark.parametrize("at", [0.2, 2.5, 9.8])
@pytest.mark.parametrize(
    ("row", "model_name", "problem"),
    [
        ((0.9, 0.05, 0.05), "other", "scores of model 'other', but the model is 'tiny'"),
        ((0.9, 0.1), "tiny", "track 'body_1': probabilities has 2 classes, not 3"),
        ((np.nan, 0.5, 0.5), "tiny", "track 'body_1': probabilities is not finite"),
        ((1.5, 0.0, 0.0), "tiny", "must be in 0..1"),
    ],
)
def test_rejected_scores_change_nothing_whatever_their_stamp(
    step, log, messages, row, model_name, problem, at
):
    step.take(messages.scores(2.5, WAVE))
    assert step.take(messages.scores(at, {"body_1": row}, model_name)) is None
    assert step.open_events == 1
    assert summary(step.take(messages.scores(2.6, WAVE))) == []
    counts, rejected, warnings = reports(log)
    assert (counts, len(rejected), warnings) == ({}, 1, [])
    assert problem in rejected[0]


def test_scores_before_the_model_are_counted_and_their_stamps_forgotten(log, model, messages):
    step = ScoresToEvents(EventOverrides(AT_ONCE), log, "test")
    assert (step.class_names, step.open_events) == ((), 0)
    assert step.take(messages.scores(2.0, WAVE)) is None
    step.use_model(model, "tiny")
    assert step.class_names == ("wave", "point", "background")
    assert summary(step.take(messages.scores(0.5, WAVE))) == ONSET
    warning = "scores arrive, but no usable model_info yet"
    assert reports(log) == ({"before model_info": 1}, [], [warning])


def test_a_model_without_a_name_takes_the_scores_of_any_model(step, model, messages):
    step.use_model(model, None)
    assert len(summary(step.take(messages.scores(0.1, WAVE, "other")))) == 1


def test_event_ids_stay_unique_over_models(step, model, messages):
    assert summary(step.take(messages.scores(0.1, WAVE))) == ONSET
    closed = step.close(OffsetReason.SOURCE_LOST)
    assert [(event.event_id, event.phase) for event in closed] == [("test-1", Phase.OFFSET)]
    step.use_model(model, "tiny")
    (event,) = summary(step.take(messages.scores(0.2, WAVE)))
    assert event == (Phase.ONSET, "test-model2-1", OffsetReason.NONE)


def test_an_unusable_model_leaves_no_model(step, log, model, messages):
    with pytest.raises(ValueError, match="background_id 7"):
        step.use_model(replace(model, background_id=7), "tiny")
    assert step.class_names == ()
    assert step.take(messages.scores(0.1, WAVE)) is None
    assert step.close(OffsetReason.SHUTDOWN) == []
    assert dict(log.counts) == {"before model_info": 1}


def test_late_scores_begin_no_event_even_after_a_change_of_the_model(step, model, messages):
    step.take(messages.scores(2.0, REST))
    step.forget_model()
    step.use_model(model, "tiny")
    assert step.take(messages.scores(1.5, WAVE)) is None
    assert step.open_events == 0
    assert summary(step.take(messages.scores(2.1, WAVE))) != []


def test_a_reset_forgets_the_model_and_the_last_stamp(step, log, model, messages):
    step.take(messages.scores(2.0, WAVE))
    step.reset()
    assert step.open_events == 0
    assert step.take(messages.scores(1.1, WAVE)) is None
    step.use_model(model, "tiny")
    assert len(summary(step.take(messages.scores(0.5, WAVE)))) == 1
    assert dict(log.counts) == {"before model_info": 1}


def taught(messages, name: str, class_names: tuple[str, ...], weights: str = "w"):
    """Return the information of a model with further classes."""
    info = messages.model_info(class_names=class_names)
    info.name, info.weights_sha256 = name, weights
    return info


@pytest.fixture
def learning(log, messages) -> ScoresToEvents:
    """Return the step with a model that was told of by a message, and an open event."""
    step = ScoresToEvents(EventOverrides(AT_ONCE), log, "test")
    assert step.take_model(taught(messages, "tiny", ("wave", "point", "background"))) == ([], "")
    assert summary(step.take(messages.scores(0.1, WAVE))) == ONSET
    return step


def test_a_taught_class_leaves_open_events_open(learning, log, messages):
    names = ("wave", "point", "clap", "background")
    assert learning.take_model(taught(messages, "tiny+own@1", names)) == ([], "")
    row = {"body_1": (0.9, 0.02, 0.03, 0.05)}
    _, events = learning.take(messages.scores(0.2, row, "tiny+own@1"))
    assert (events, learning.open_events, log.rejected) == ([], 1, [])


def test_scores_that_were_on_their_way_are_read_by_their_own_classes(learning, log, messages):
    names = ("clap", "wave", "background")
    learning.take_model(taught(messages, "tiny+own@1", names))
    scores, events = learning.take(messages.scores(0.2, {"body_1": (0.7, 0.2, 0.1)}))
    # `point` is gone, so it counts as background.
    np.testing.assert_allclose(scores.tracks[0].probabilities, (0.0, 0.7, 0.3), atol=1e-6)
    assert (events, scores.model_name, log.rejected) == ([], "tiny+own@1", [])


def test_a_forgotten_class_ends_its_event(learning, messages):
    events, problem = learning.take_model(taught(messages, "tiny+own@2", ("point", "background")))
    assert [(one.phase, one.reason) for one in events] == [(Phase.OFFSET, OffsetReason.SOURCE_LOST)]
    assert (problem, learning.open_events) == ("", 0)


@pytest.mark.parametrize(("name", "weights"), [("tiny", "v"), ("other", "v"), ("other", "")])
def test_another_model_replaces_every_event(learning, messages, name, weights):
    names = ("wave", "point", "background")
    events, problem = learning.take_model(taught(messages, name, names, weights))
    assert [one.reason for one in events] == [OffsetReason.REPLACED] and not problem


def test_a_model_that_may_have_restarted_ends_every_event(learning, messages):
    names = ("wave", "point", "background")
    events, _ = learning.take_model(taught(messages, "tiny", names, ""))
    assert [one.reason for one in events] == [OffsetReason.SOURCE_LOST]


def test_the_same_model_told_again_leaves_open_events_open(learning, messages):
    names = ("wave", "point", "background")
    assert learning.take_model(taught(messages, "tiny", names)) == ([], "")
    assert summary(learning.take(messages.scores(0.2, WAVE))) == [] and learning.open_events == 1


def test_late_scores_of_a_replaced_model_are_counted_and_not_an_error(learning, log, messages):
    learning.take_model(taught(messages, "other", ("nod", "background"), "v"))
    assert learning.take(messages.scores(0.2, WAVE)) is None
    assert (log.counts["of a replaced model"], log.rejected) == (1, [])
    _, events = learning.take(messages.scores(0.2, {"body_1": (0.9, 0.1)}, "other"))
    # Its id is new, and it does not overlap with the event before.
    assert [(one.event_id, one.label) for one in events] == [("test-2", "nod")]


def test_scores_of_a_replaced_model_that_go_on_are_warned_of(learning, log, messages):
    learning.take_model(taught(messages, "other", ("nod", "background"), "v"))
    for stamp in (0.2, 1.2, 2.2):
        assert learning.take(messages.scores(stamp, WAVE)) is None
    assert log.warnings == []
    assert learning.take(messages.scores(2.3, WAVE)) is None
    (warning,) = log.warnings
    assert "scores of model 'tiny' go on, but 'other' has replaced it" in warning


def test_classes_that_are_back_after_another_model_are_recognised(learning, log, messages):
    plain, more = ("wave", "point", "background"), ("wave", "point", "clap", "background")
    learning.take_model(taught(messages, "tiny+own@1", more))
    learning.take_model(taught(messages, "other", ("nod", "background"), "v"))
    learning.take_model(taught(messages, "tiny+own@1", more))
    learning.take_model(taught(messages, "tiny", plain))
    assert len(summary(learning.take(messages.scores(0.2, WAVE)))) == 1
    assert (dict(log.counts), log.rejected) == ({}, [])


def test_changed_thresholds_decide_from_the_next_scores_on(learning, messages):
    learning.change_overrides(EventOverrides({**AT_ONCE, "enter_threshold": 1.0}))
    ended = summary(learning.take(messages.scores(0.2, REST)))
    assert [(phase, reason) for phase, _, reason in ended] == [(Phase.OFFSET, OffsetReason.ENDED)]
    assert summary(learning.take(messages.scores(0.3, WAVE))) == []
    learning.change_overrides(EventOverrides(AT_ONCE))
    assert summary(learning.take(messages.scores(0.4, WAVE)))[0][0] is Phase.ONSET


@pytest.mark.parametrize(
    ("values", "own", "problem"),
    [
        ({"enter_threshold": 0.3}, {}, r"exit_threshold: must not exceed enter_threshold \(0.3\)"),
        ({}, {"clap": {"min_gap_s": 1.0}}, "'clap' is not an action; known are wave, point"),
        ({}, {"wave": {"exit_threshold": 0.9}}, "class_parameters: wave.exit_threshold"),
    ],
)
def test_overrides_that_do_not_fit_the_model_change_nothing(
    learning, messages, values, own, problem
):
    with pytest.raises(ValueError, match=problem):
        learning.change_overrides(EventOverrides(values, own))
    assert summary(learning.take(messages.scores(0.2, WAVE))) == [] and learning.open_events == 1


def test_parameters_of_a_class_that_waits_for_it_may_stay(log, messages):
    waiting = {"clap": {"min_gap_s": 1.0}}
    step = ScoresToEvents(EventOverrides(AT_ONCE, waiting), log, "test")
    step.take_model(taught(messages, "tiny", ("wave", "background")))
    step.change_overrides(EventOverrides({**AT_ONCE, "enter_threshold": 0.9}, waiting))


def test_model_information_that_cannot_be_used_ends_every_event(learning, messages):
    broken = taught(messages, "tiny+own@1", ("wave", "wave", "background"))
    events, problem = learning.take_model(broken)
    assert [one.reason for one in events] == [OffsetReason.SOURCE_LOST]
    assert "every name must occur once" in problem and learning.class_names == ()


def test_parameters_of_a_forgotten_class_wait_for_it(log, messages):
    overrides = EventOverrides(AT_ONCE, {"point": {"enter_threshold": 0.95}})
    step = ScoresToEvents(overrides, log, "test")
    step.take_model(taught(messages, "tiny", ("wave", "point", "background")))
    assert step.take_model(taught(messages, "tiny+own@1", ("wave", "background"))) == ([], "")
    step.take_model(taught(messages, "tiny+own@2", ("wave", "point", "background")))
    row = {"body_1": (0.05, 0.9, 0.05)}
    assert step.take(messages.scores(0.2, row, "tiny+own@2"))[1] == []
