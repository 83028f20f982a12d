"""Parameters of the nodes, for a replay."""

from __future__ import annotations

import pytest

from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.messages.reading import event_model_from_message
from bharnet_ros.recognition.events.overrides import (
    EventOverrides,
    event_overrides,
    make_event_finder,
)
from bharnet_ros.types.errors import InputError


def write(tmp_path, text: str):
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    return ReplaySettings(parameter_file=path)


def test_defaults_are_those_of_a_launch():
    events = ReplaySettings().parameters("action_event_publisher")
    assert events["enter_threshold"] == -1.0
    assert ReplaySettings().parameters("recognition")["model"] == "gestures"
    assert ReplaySettings().parameters("pose_extraction")["model_complexity"] == 1


def test_the_command_line_overrides_parameters():
    parameters = ReplaySettings(model="other", device="cpu").parameters("recognition")
    assert (parameters["model"], parameters["device"]) == ("other", "cpu")
    assert ReplaySettings().parameters("pose_extraction")["max_people"] == 1
    assert ReplaySettings(max_people=3).parameters("pose_extraction")["max_people"] == 3
    assert ReplaySettings().parameters("pose_extraction")["roi"] == [0, 0, 0, 0]
    assert ReplaySettings(roi=[1, 2, 3, 4]).parameters("pose_extraction")["roi"] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "asked", [{"use_depth": True}, {"depth_topic": "/depth"}, {"camera_info_topic": "/info"}]
)
def test_asking_for_depth_or_one_of_its_topics_uses_depth(asked):
    assert ReplaySettings().parameters("pose_extraction")["use_depth"] is False
    parameters = ReplaySettings(**asked, sync_slop_s=0.5).parameters("pose_extraction")
    assert (parameters["use_depth"], parameters["sync_slop_s"]) == (True, 0.5)


def test_depth_can_be_asked_for_by_the_parameters(tmp_path):
    settings = write(
        tmp_path, "pose_extraction:\n  ros__parameters:\n    use_depth: true\n"
    ).parameters("pose_extraction")
    assert (settings["use_depth"], settings["sync_slop_s"]) == (True, 0.02)


def test_a_file_overrides_the_parameters_that_it_names(tmp_path):
    settings = write(
        tmp_path,
        "/robot/action_event_publisher:\n  ros__parameters:\n    min_gap_s: 1\n",
    )
    parameters = settings.parameters("action_event_publisher")
    assert parameters["min_gap_s"] == 1.0
    assert parameters["smoothing_s"] == -1.0


@pytest.mark.parametrize("name", ["any_node", "nested", "plain", "slash_star_star"])
def test_a_file_counts_whatever_its_pattern(shared_case, name):
    file = shared_case("08-parameter-file-of-all-nodes") / f"{name}.yaml"
    settings = ReplaySettings(parameter_file=file)
    assert settings.parameters("action_event_publisher")["enter_threshold"] == 0.99
    assert settings.parameters("recognition")["window_s"] == 0.0
    assert settings.unknown_names() == []


def test_an_integer_is_taken_for_a_number(shared_case):
    file = shared_case("21-integer-for-a-double") / "p.yaml"
    value = ReplaySettings(parameter_file=file).parameters("recognition")["window_s"]
    assert (value, type(value)) == (2.0, float)


def test_names_that_are_no_node_or_parameter_are_said(tmp_path):
    settings = write(
        tmp_path,
        "/**/recognitoin:\n  ros__parameters:\n    window_s: 1\n"
        "/**:\n  ros__parameters:\n    use_sim_time: true\n    windw_s: 1\n    window_s: 3\n",
    )
    node, parameter = settings.unknown_names()
    assert node.startswith("/**/recognitoin: is none of the nodes video_source, pose_extraction, ")
    assert parameter == "/**: none of the nodes has a parameter windw_s"
    assert settings.parameters("recognition")["window_s"] == 3.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", r"parameters\.yaml: is not valid YAML"),
        ("- 1", r"parameters\.yaml: has no parameters of nodes"),
        ("recognition: 1", r"parameters\.yaml: recognition: has no ros__parameters"),
        (
            "recognition:\n  ros__parameters:\n    speed: 1",
            r"parameters\.yaml: recognition has no parameter speed",
        ),
        (
            "recognition:\n  ros__parameters:\n    window_s: long",
            r"parameters\.yaml: recognition: window_s: expected a number, got 'long'",
        ),
        (
            "/a/recognition:\n  ros__parameters:\n    window_s: 1\n"
            "/b/recognition:\n  ros__parameters:\n    window_s: 2",
            r"parameters\.yaml: recognition: has parameters in several namespaces: /a, /b",
        ),
    ],
)
def test_wrong_file_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        write(tmp_path, text).parameters("recognition")


def test_list_with_a_wrong_type_is_named(tmp_path):
    settings = write(
        tmp_path, "action_event_publisher:\n  ros__parameters:\n    class_parameters: [1]\n"
    )
    with pytest.raises(InputError, match=r"class_parameters: expected a list of texts, got \[1\]"):
        settings.parameters("action_event_publisher")


def test_file_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"parameters\.yaml: is not valid YAML: 'utf-8' codec"):
        ReplaySettings(parameter_file=path).parameters("recognition")


def test_thresholds_and_times_come_from_the_model_unless_given(messages):
    given = event_overrides(
        {"enter_threshold": -1.0, "exit_threshold": 0.25, "smoothing_s": -1.0, "min_gap_s": 0.1}
    )
    model = event_model_from_message(messages.model_info())
    parameters = make_event_finder(model, given).rules.parameters
    assert parameters.enter_threshold == pytest.approx(0.6)
    assert parameters.exit_threshold == 0.25
    assert (parameters.smoothing_s, parameters.min_gap_s) == (0.3, 0.1)


def test_model_without_its_background_is_refused(messages):
    info = messages.model_info()
    info.background_id = 7
    with pytest.raises(ValueError, match="background_id 7 is not the index of one of 3"):
        make_event_finder(event_model_from_message(info), EventOverrides())
