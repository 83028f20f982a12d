"""Recordings with their true actions as a data set, and training on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_runs import WEBCAM, described, write

from bharnet_ros import cli
from bharnet_ros.bags.labelled import RECORDINGS, LabelledRecordings
from bharnet_ros.datasets.base import split
from bharnet_ros.sources.puppet import open_puppet

TRUTH = "track,label,start,end\n,wave,1.1,3.9\nbody_9,point,5.7,8.5\n"


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory, messages, write_bag) -> list[Path]:
    """Return two recordings of the puppet's exact keypoints, ten seconds each."""
    folder = tmp_path_factory.mktemp("days")
    bags = []
    for seed in range(2):
        source = open_puppet("gestures", fps=15.0, seed=seed)
        frames = [source.truth(number) for number in range(150)]
        rows = [("keypoints", messages.keypoints(frame)) for frame in frames]
        bags.append(write_bag(folder / f"day{seed}", rows))
    return bags


@pytest.fixture(scope="module")
def truths(days: list[Path]) -> Path:
    """Return a folder with the truth of both; the puppet's track is body_1."""
    folder = days[0].parent / "truths"
    folder.mkdir()
    for bag in days:
        (folder / f"{bag.name}.csv").write_text(TRUTH.replace("body_9", "1"))
    return folder


def sources(days: list[Path], truths: Path) -> list[str]:
    return [str(truths / f"{bag.name}.csv") for bag in days]


def test_true_actions_and_what_lies_between_become_clips(days: list[Path], truths: Path) -> None:
    data = LabelledRecordings(days, sources(days, truths))
    first = [data.clip(number) for number in range(len(data) // 2)]
    assert [clip.label for clip in first[:2]] == ["wave", "point"]
    assert {clip.label for clip in first[2:]} == {"background"}
    assert first[0].people[0].duration == pytest.approx(2.8, abs=0.14)
    # 0 to 1.1 s, 3.9 to 5.7 s and 8.5 s to the end
    rest = sorted(clip.people[0].duration for clip in first[2:])
    assert rest == pytest.approx([1.1, 1.43, 1.8], abs=0.14)
    assert first[0].subject == "day0"
    assert first[1].subject == "day0/1"
    assert np.isfinite(first[0].people[0].body[:, 0]).all()


def test_the_last_recording_is_tested_on_unless_others_are_named(
    days: list[Path], truths: Path
) -> None:
    data = LabelledRecordings(days, sources(days, truths))
    training, testing = split(data, RECORDINGS)
    assert {data.clip(number).name[:4] for number in training} == {"day0"}
    assert {data.clip(number).name[:4] for number in testing} == {"day1"}
    named = LabelledRecordings(days, sources(days, truths), days[:1])
    assert {named.clip(number).name[:4] for number in split(named, RECORDINGS)[1]} == {"day0"}
    assert named.tested == ("day0",)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bags", "day0", "--truth", "truths"], "a recording to train on and another to test on"),
        (["--bags", "day0", "day1"], "--bags needs --truth"),
        (["--bags", "day0", "day1", "--truth", "a.csv"], "--truth: got 1 for 2 bags"),
        (
            ["--bags", "day0", "day1", "--truth", "truths", "--test-bags", "day2"],
            "--test-bags: day2 is not one of --bags",
        ),
        (["--bags", "day0", "day1", "--truth", "truths", "--fold", "1"], "--test-bags says what"),
        (["--bags", "day0", "day1", "--truth", "truths", "--kind", "ntu"], "--kind: does not appl"),
        (["--bags", "day0", "day1", "--truth", "truths", "--cache", "x"], "--cache: does not appl"),
        (["--data", "day0", "--fold", "0", "--subjects-from", "x", "--truth", "a"], "--truth: has"),
        (["--bags", "day0", "day1", "--data", "day0"], "not allowed with argument"),
    ],
)
def test_arguments_that_do_not_fit_recordings_are_refused(
    days: list[Path],
    truths: Path,
    tmp_path: Path,
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")
    monkeypatch.chdir(days[0].parent)
    config = str(write(tmp_path, WEBCAM))
    given = ["train", "--config", config, "--out", str(tmp_path / "model"), *words]
    try:
        status = cli.main(given)
    except SystemExit as exit:  # argparse
        status = exit.code
    assert status == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_recordings_train_a_model_that_goes_on_from_another(
    days: list[Path], truths: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")
    config = str(write(tmp_path, WEBCAM))
    recordings = ["--bags", *map(str, days), "--truth", str(truths)]
    train = ["train", "--config", config, "--device", "cpu", "--no-export", *recordings]
    first, second = tmp_path / "first", tmp_path / "second"
    assert cli.main([*train, "--epochs", "1", "--out", str(first)]) == 0
    further = ["--weights-from", str(first), "--epochs", "1", "--out", str(second)]
    assert cli.main([*train, *further]) == 0
    training = described(second).training
    assert (training["data"], training["tested_on"]) == ("day0, day1", ["day1"])
    assert (training["kind"], training["people"]) == (RECORDINGS, 2)
    assert "--test-bags day1" in (second / "README.md").read_text()
    capsys.readouterr()

    evaluate = ["evaluate", "clips", "--model", str(second), "--device", "cpu", *recordings]
    assert cli.main(evaluate) == 0
    assert "2 clips of 2 people" in capsys.readouterr().out
