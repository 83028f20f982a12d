"""What a replay reads is chosen before it starts."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay_plan import ReplayPlan, plan_replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage
from bharnet_ros.types.errors import InputError


@pytest.fixture
def plan(tmp_path, messages, write_bag):
    """Return a function that writes a recording and plans its replay."""

    def call(rows, excluded=(), **settings):
        with Recording(write_bag(tmp_path / "bag", rows)) as recording:
            return plan_replay(recording, ReplaySettings(**settings), excluded)

    return call


def test_scores_are_planned_with_their_model_information(plan, messages):
    rows = [
        ("/left/action_scores", messages.scores(1.0, {})),
        ("/left/model_info", messages.model_info()),
        ("/right/model_info", messages.model_info()),
    ]
    assert plan(rows) == ReplayPlan(
        Stage.SCORES, "/left/action_scores", messages.stamp_ns(1.0), "/left/model_info"
    )


def test_several_topics_of_model_information_are_refused(plan, messages):
    rows = [
        ("/action_scores", messages.scores(1.0, {})),
        ("/left/model_info", messages.model_info()),
        ("/right/model_info", messages.model_info()),
    ]
    with pytest.raises(InputError, match="several topics with model information: /left"):
        plan(rows)


def test_images_are_planned_with_the_first_stamp_of_their_camera(plan, messages):
    pixels = np.zeros((4, 4, 3), dtype=np.uint8)
    rows = [
        ("/left", messages.image(1.0, pixels)),
        ("/right", messages.image(2.0, pixels)),
        ("/model_info", messages.model_info()),
    ]
    assert plan(rows, topic="/right") == ReplayPlan(
        Stage.IMAGES, "/right", messages.stamp_ns(2.0), None
    )


EVENTS = ("/action_recognition", "event", ("a", 1, 2.0, 1.0, 1.5))
SCORES = ("/action_scores", "scores", (1.0, {}))
INFO = ("/model_info", "model_info", ())


@pytest.mark.parametrize(
    ("recorded", "option", "value"),
    [
        ((EVENTS, INFO), "model", "gestrues"),
        ((EVENTS,), "parameter_file", "my.yaml"),
        ((EVENTS,), "device", "cuda"),
        ((SCORES, INFO), "device", "cuda"),
        ((EVENTS,), "sync_slop_s", 0.1),
    ],
)
def test_setting_without_an_effect_is_refused(plan, messages, recorded, option, value):
    rows = [(topic, getattr(messages, kind)(*values)) for topic, kind, values in recorded]
    name = {"parameter_file": "params-file", "sync_slop_s": "sync-slop"}.get(option, option)
    with pytest.raises(InputError, match=f"bag: --{name} has no effect"):
        plan(rows, **{option: value})


def test_model_names_the_classes_where_nothing_else_does(plan, messages):
    rows = [("/action_recognition", messages.event("a", 1, 2.0, 1.0, 1.5))]
    assert plan(rows, model="gestures").stage is Stage.EVENTS


def test_an_excluded_topic_is_not_planned(plan, messages):
    rows = [
        ("/truth", messages.event("a", 1, 2.0, 1.0, 1.5)),
        ("/action_scores", messages.scores(1.0, {})),
    ]
    assert plan(rows, excluded=["/truth"]).topic == "/action_scores"
