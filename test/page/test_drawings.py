"""The drawings of the page: probabilities, events, examples and the check."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from moving_clips import moving_clip

from bharnet_ros.page.charts import probabilities, timeline
from bharnet_ros.page.check_table import check_table, read_check
from bharnet_ros.page.history import History
from bharnet_ros.page.skeletons import skeleton_loop
from bharnet_ros.recognition.events.parameters import EventParameters

ONSET, OFFSET = 1, 2
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def history(messages) -> History:
    history = History()
    for topic, message in messages.waving([(2.0, 5.0)], 10.0):
        take = history.take_model if topic == "model_info" else history.take_scores
        take(message)
    history.take_event(messages.event("1", ONSET, 2.8, 2.0, 2.8))
    history.take_event(messages.event("1", OFFSET, 5.8, 2.0, 5.0, reason="ended"))
    return history


def test_each_class_has_a_strip_with_its_thresholds(history):
    drawn = ElementTree.fromstring(
        probabilities(history, "body_1", history.model.events.parameters)
    )
    strips = drawn.findall("div[@class='strip']")
    assert [one.get("data-label") for one in strips] == ["wave", "point"]
    wave = strips[0].find("svg")
    assert wave is not None
    heights = {one.get("class"): one.get("d") for one in wave.findall("path")}
    assert heights["enter"] == "M0 40.0H1000" and heights["exit"] == "M0 60.0H1000"
    assert strips[0].findtext("span[@class='value']") == "0.05"


def test_the_thresholds_are_those_in_use(history):
    used = EventParameters(class_parameters={"wave": {"enter_threshold": 0.9}})
    drawn = ElementTree.fromstring(probabilities(history, "body_1", used))
    path = drawn.find("div[@data-label='wave']/svg/path[@class='enter']")
    assert path is not None and path.get("d") == "M0 10.0H1000"


def test_an_event_is_marked_where_it_was(history):
    drawn = ElementTree.fromstring(
        probabilities(history, "body_1", history.model.events.parameters)
    )
    marks = drawn.findall(".//rect")
    assert [(one.get("class"), one.get("x"), one.get("width")) for one in marks] == [
        ("event", "600", "150")
    ]


def test_a_class_that_was_taught_meanwhile_has_a_strip(history, messages):
    taught = messages.model_info(class_names=("wave", "point", "jump", "background"))
    taught.name = "tiny+mine@1"
    taught.class_parameters = ["jump.enter_threshold=0.75"]
    history.take_model(taught)
    row = (0.0, 0.0, 0.9, 0.1)
    history.take_scores(messages.scores(10.1, {"body_1": row}, model_name="tiny+mine@1"))
    drawn = ElementTree.fromstring(
        probabilities(history, "body_1", history.model.events.parameters)
    )
    strip = drawn.find("div[@data-label='jump']")
    assert strip is not None and strip.findtext("span[@class='value']") == "0.90"
    assert strip.find("svg/path[@class='enter']").get("d") == "M0 25.0H1000"


def test_nobody_has_no_strips(history):
    assert probabilities(history, "body_2", history.model.events.parameters) == ""
    assert probabilities(History(), "body_1", EventParameters()) == ""


def test_the_timeline_has_a_row_for_each_person(history, messages):
    history.take_event(messages.event("2", ONSET, 9.5, 9.0, 9.5, track_id="body_2"))
    drawn = ElementTree.fromstring(timeline(history.events, history.now_ns, 20.0))
    names = [one.text for one in drawn.findall("span[@class='name']")]
    assert names == ["body_1", "body_2"]
    bars = drawn.findall("div/span")
    assert [(one.get("class"), one.text) for one in bars] == [("event", "wave"), ("open", "wave")]
    assert bars[0].get("style") == "left:60.00%;width:15.00%"
    assert timeline(history.events[1:], history.now_ns + 10**12) == ""


def test_names_from_topics_are_never_markup(messages):
    history = History()
    history.take_model(messages.model_info(class_names=(ATTACK, "point", "background")))
    history.take_scores(messages.scores(5.0, {ATTACK: (0.9, 0.05, 0.05)}))
    history.take_event(messages.event("1", ONSET, 5.0, 4.0, 5.0, label=ATTACK, track_id=ATTACK))
    for content in (
        probabilities(history, ATTACK, history.model.events.parameters),
        timeline(history.events, history.now_ns),
        check_table(read_check([ATTACK], [0.5], [1, 1], 0.0)),
    ):
        assert ATTACK.replace("<", "&lt;").replace(">", "&gt;") in content
        assert "<img" not in content


def test_an_example_moves_in_a_loop():
    drawn = ElementTree.fromstring(skeleton_loop(moving_clip("up"), "raise, example 1"))
    assert drawn.findtext("title") == "raise, example 1"
    paths = {one.get("class"): one for one in drawn.findall("path")}
    # The left hand is never seen.
    assert set(paths) == {"body", "right"}
    animate = paths["body"].find("animate")
    values = animate.get("values").split(";")
    assert len(set(values)) > 5
    assert len(animate.get("keyTimes").split(";")) == len(values)
    assert animate.get("repeatCount") == "indefinite"
    width, height = map(int, drawn.get("viewBox").split()[2:])
    assert max(width, height) <= 101


def test_an_example_in_which_nothing_is_seen_is_an_empty_drawing():
    clip = moving_clip("up")
    unseen = replace(
        clip, body=np.full_like(clip.body, np.nan), hands=np.full_like(clip.hands, np.nan)
    )
    assert ElementTree.fromstring(skeleton_loop(unseen, "none")).findall("path") == []


def test_the_check_says_what_is_taken_for_what():
    check = read_check(
        ["raise", "lower", "new"], [0.67, 0.6, 0.53], [4, 1, 0, 0, 2, 3, 0, 0, 0, 0, 0, 1], 0.05
    )
    assert check.most_alike == ("raise", "lower", 3)
    assert check.thresholds["lower"] == 0.6
    assert check.taken_for["new"] == {"none": 1}
    table = check_table(check)
    assert '<td class="right share4">4</td><td class="wrong share1">1</td>' in table
    assert "4 of 5 recognised" in table and "needs more examples" in table
    assert "about 2.0 a minute" in table
