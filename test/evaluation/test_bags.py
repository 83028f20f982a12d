"""Recordings compared with the truth: one or several, intact or broken."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros import cli
from bharnet_ros.bags.topics import Stage
from bharnet_ros.evaluation import bag_jobs, bags
from bharnet_ros.evaluation.bag_jobs import BagTask, replay_bags
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import TrueAction

WAVES = [(1.0, 3.0)]


@pytest.fixture
def make(tmp_path, messages, write_bag):
    """Return a function that writes a recording of one wave, and its truth."""

    def call(name: str = "wave", label: str = "wave", folder: str = "") -> tuple[Path, Path]:
        place = tmp_path / folder
        bag = write_bag(place / name, messages.waving(WAVES, until=5.0))
        truth = place / f"{name}.csv"
        truth.write_text(f"track,label,start,end\nbody_1,{label},1,3\n")
        return bag, truth

    return call


def tasks(*words: str | Path) -> list[BagTask]:
    """Return the recordings that these arguments ask to replay."""
    parser = argparse.ArgumentParser()
    bags.add_arguments(parser)
    return bags.tasks_from(parser.parse_args([str(word) for word in words]))


def test_a_recording_and_its_truth_become_a_timeline(make):
    bag, truth = make()
    (result,) = replay_bags(tasks(bag, "--truth", truth), progress=False)
    assert result.timeline is not None
    assert result.timeline.name == "wave"
    assert result.timeline.truth == (TrueAction("wave", 1.0, 3.0, "body_1"),)
    assert [(one.start_s, one.end_s) for one in result.timeline.events] == WAVES


def test_names_in_a_parameter_file_that_are_none_are_said(make, tmp_path, capsys):
    bag, truth = make()
    file = tmp_path / "p.yaml"
    file.write_text("/**/action_event_publischer: {ros__parameters: {enter_threshold: 0.99}}\n")
    given = [str(bag), "--truth", str(truth), "--params-file", str(file), "--json"]
    assert cli.main(["evaluate", "bag", *given]) == 0
    warning = f"bharnet evaluate bag: warning: {file}: /**/action_event_publischer: is none of"
    assert capsys.readouterr().err.startswith(warning)


def test_workers_change_no_result_and_a_broken_bag_breaks_no_other(make, tmp_path):
    first, first_truth = make("first")
    second, second_truth = make("second")
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"no bag")
    todo = tasks(first, broken, second, "--truth", first_truth, first_truth, second_truth)
    alone = replay_bags(todo, progress=False)
    together = replay_bags(todo, workers=2, progress=False)
    for one, other in zip(alone, together, strict=True):
        # Compared as text, because an unknown latency is NaN.
        assert (one.problem, str(one.timeline)) == (other.problem, str(other.timeline))
    assert [result.timeline is not None for result in together] == [True, False, True]
    assert str(broken) in together[1].problem


class Deadly:
    """A path that ends the process that receives it."""

    def __str__(self) -> str:
        return "deadly.mcap"

    def __reduce__(self) -> Any:
        return os._exit, (9,)


def test_a_dying_process_breaks_only_its_own_bag(make):
    bag, truth = make()
    (task,) = tasks(bag, "--truth", truth)
    results = replay_bags([replace(task, bag=Deadly()), task], workers=2, progress=False)
    assert results[0].problem == "deadly.mcap: the process that replayed it died"
    assert results[1].timeline is not None


def test_an_unknown_label_breaks_the_bag_or_counts_as_background(make):
    bag, truth = make(label="jump")
    (broken,) = replay_bags(tasks(bag, "--truth", truth), progress=False)
    assert "wave.csv: line 2: label 'jump'" in broken.problem
    todo = tasks(bag, "--truth", truth, "--other-labels", "background")
    (accepted,) = replay_bags(todo, progress=False)
    assert accepted.timeline is not None
    assert accepted.timeline.truth == ()


def test_an_unknown_label_is_reported_before_the_replay(
    make, messages, write_bag, tmp_path, tiny_bundle, monkeypatch
):
    _, truth = make(label="jump")
    pixels = np.zeros((4, 4, 3), dtype=np.uint8)
    bag = write_bag(tmp_path / "film", [("camera", messages.image(0.0, pixels))])
    monkeypatch.setattr(bag_jobs, "replay", lambda *_, **__: pytest.fail("was replayed"))
    (result,) = replay_bags(tasks(bag, "--truth", truth, "--model", tiny_bundle))
    assert "label 'jump' is none of the model's" in result.problem


def test_the_topic_of_the_truth_is_not_read_as_events(tmp_path, messages, write_bag):
    rows = messages.waving(WAVES, until=5.0)
    rows += [
        ("truth", messages.event("a", 1, 1.0, 1.0, 1.0)),
        ("truth", messages.event("a", 2, 3.0, 1.0, 3.0, reason="ended")),
    ]
    bag = write_bag(tmp_path / "bag", rows)
    (result,) = replay_bags(tasks(bag, "--truth", "topic:/truth"), progress=False)
    assert result.timeline is not None
    assert result.timeline.truth == (TrueAction("wave", 1.0, 3.0, "body_1"),)
    assert len(result.timeline.traces) == 1


def test_a_folder_gives_the_truth_of_each_bag(make, tmp_path):
    first, _ = make("first")
    second, _ = make("second")
    todo = tasks(first, second, "--truth", tmp_path)
    assert [Path(one.truth).name for one in todo] == ["first.csv", "second.csv"]


def test_bags_with_the_same_name_are_named_by_their_paths(make):
    first, first_truth = make("wave", folder="monday")
    second, second_truth = make("wave", folder="tuesday")
    names = [one.name for one in tasks(first, second, "--truth", first_truth, second_truth)]
    assert names == [str(first), str(second)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b", "--truth", "a.csv"], "--truth: got 1 for 2 bags"),
        (["a", "--truth", "a.csv", "--workers", "0"], "--workers: must be at least 1"),
        (
            ["a", "--truth", "a.csv", "--from", "scores", "--image-topic", "/a"],
            "--image-topic: cannot be used with --from scores",
        ),
        (
            ["a", "--truth", "a.csv", "--from", "events", "--max-people", "2"],
            "--max-people: cannot be used with --from events",
        ),
        (
            ["a", "--truth", "a.csv", "--from", "keypoints", "--depth-topic", "/a"],
            "--depth-topic: cannot be used with --from keypoints",
        ),
    ],
)
def test_contradicting_arguments_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        tasks(*words)


def test_depth_options_start_from_images():
    words = ["--depth-topic", "/depth", "--camera-info-topic", "/info", "--sync-slop", "0.1"]
    (task,) = tasks("a", "--truth", "a.csv", *words)
    settings = task.settings
    assert (settings.stage, settings.wants_depth) == (Stage.IMAGES, True)
    assert (settings.depth_topic, settings.camera_info_topic) == ("/depth", "/info")
    assert settings.sync_slop_s == 0.1


def test_max_people_starts_from_images():
    (task,) = tasks("a", "--truth", "a.csv", "--max-people", "3")
    assert (task.settings.stage, task.settings.max_people) == (Stage.IMAGES, 3)


def test_a_missing_truth_in_a_folder_is_named(make, tmp_path):
    bag, _ = make("wave", folder="bags")
    with pytest.raises(ValueError, match=r"needs one of wave\.csv and wave\.txt, has 0"):
        tasks(bag, "--truth", tmp_path)


def test_the_command_prints_metrics_and_names_broken_bags(make, tmp_path, capsys):
    bag, truth = make()
    given = ["--truth", str(truth), str(truth), "--json", "--report", str(tmp_path / "report")]
    missing = tmp_path / "missing.mcap"
    assert cli.main(["evaluate", "bag", str(bag), str(missing), *given]) == bags.SOME_BROKEN
    printed = capsys.readouterr()
    assert list(json.loads(printed.out)["broken_bags"]) == [str(missing)]
    assert "missing.mcap" in printed.err
    assert (tmp_path / "report" / "report.json").is_file()


def test_an_error_names_the_bag_if_all_are_broken(tmp_path, capsys):
    given = [str(tmp_path / "no.mcap"), "--truth", "topic:/truth"]
    assert cli.main(["evaluate", "bag", *given]) == cli.BAD_INPUT
    assert "no.mcap" in capsys.readouterr().err


def test_a_report_with_the_same_bag_twice_is_refused(make, tmp_path):
    bag, truth = make()
    words = (bag, bag, "--truth", truth, truth)
    assert len(tasks(*words)) == 2
    with pytest.raises(InputError, match=f"{bag}: is given 2 times"):
        tasks(*words, "--report", tmp_path / "report")


def test_a_folder_that_is_not_a_report_is_refused_before_the_replay(
    make, tmp_path, monkeypatch, capsys
):
    bag, truth = make()
    monkeypatch.setattr(bags, "replay_bags", lambda *_, **__: pytest.fail("was replayed"))
    given = [str(bag), "--truth", str(truth), "--report", str(tmp_path)]
    assert cli.main(["evaluate", "bag", *given]) == cli.BAD_INPUT
    assert f"{tmp_path}: is not a report" in capsys.readouterr().err


def test_names_of_bags_may_have_bytes_that_are_not_utf8(make, tmp_path, capsysbinary):
    name = os.fsdecode(b"caf\xe9")
    bag, truth = make(name)
    missing = tmp_path / f"missing_{name}.mcap"
    report = tmp_path / "report"
    given = [str(bag), str(missing), "--truth", str(truth), str(truth), "--report", str(report)]
    # Unlike the captured one, the real stderr escapes such bytes.
    with contextlib.redirect_stderr(io.StringIO()):
        assert cli.main(["evaluate", "bag", *given, "--json"]) == bags.SOME_BROKEN
    assert list(json.loads(capsysbinary.readouterr().out)["broken_bags"]) == [str(missing)]
    (recording,) = json.loads((report / "report.json").read_bytes())["recordings"]
    assert recording["name"] == r"caf\udce9"
    assert r"caf\udce9" in (report / "report.html").read_text(encoding="utf-8")
