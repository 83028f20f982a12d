"""`python -m research long-streams`, on small models and small data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_data

from bharnet_ros import cli
from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.weights import load_network, write_bundle
from research.__main__ import main
from research.long_streams.spliced import RecordingSettings, spliced_recording


def test_each_fold_is_recognised_by_the_model_that_did_not_train_on_it(
    tiny: Any, printed: Callable[[], Any]
) -> None:
    words = ("--models", *tiny.bundles, "--minutes", "0.2", "--json")
    assert tiny.study("long-streams spliced", *words) == 0
    result = printed()
    assert list(result["groups"]) == ["fold 0", "fold 1", "fold 2"]
    assert {one["recordings"] for one in result["groups"].values()} == {2}
    assert result["pooled"]["recordings"] == 6
    assert sum(one["recordings"] for one in result["divided"].values()) == 6
    true = sum(one["total"]["true_actions"] for one in result["groups"].values())
    assert result["pooled"]["total"]["true_actions"] == true > 0
    assert tiny.study("long-streams spliced", *words) == 0
    assert printed() == result
    assert tiny.study("long-streams spliced", *words, "--seed", "1") == 0
    assert printed() != result


def test_a_model_of_everybody_is_run_on_everybody_in_the_file(
    tiny: Any, tmp_path: Path, printed: Callable[[], Any]
) -> None:
    bundle = load_bundle(tiny.bundles[0])
    description = replace(bundle.description, training={"protocol": "everybody"})
    write_bundle(tmp_path / "all", description, load_network(bundle).state_dict(), "# All\n")
    words = ("--models", tmp_path / "all", "--minutes", "0.1", "--json")
    assert tiny.study("long-streams spliced", *words) == 0
    groups = printed()["groups"]
    assert {name: one["recordings"] for name, one in groups.items()} == {"everybody": 6}


def test_the_table_has_a_row_for_each_fold(tiny: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert tiny.study("long-streams spliced", "--models", tiny.bundles[0], "--minutes", "0.1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["recordings", "minutes", "true"]
    assert [line.split("  ")[0] for line in lines[1:3]] == ["fold 0", "all"]
    bands = [line.split("  ")[0] for line in lines if " fps" in line]
    assert bands
    assert set(bands) <= {"15 to 20 fps", "20 to 25 fps", "25 to 30 fps"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--minutes", "0"), "minutes: must be positive"),
        (("--frame-rate", "30", "15"), "frame_rate: must be finite, positive and rising"),
        (("--frame-rate", "15", "inf"), "frame_rate: must be finite, positive and rising"),
        (("--seed", "-1"), "seed: must not be negative"),
        (("--minutes", "0.1", "--window", "inf"), "window_s: must be positive and finite"),
        (("--minutes", "0.1", "--event", "speed=1"), "speed: is not an event parameter"),
        (("--minutes", "0.1", "--event", "min_gap_s=-1"), "min_gap_s: must be finite"),
    ],
)
def test_impossible_recordings_are_refused(
    tiny: Any, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert tiny.study("long-streams spliced", "--models", tiny.bundles[0], *words) == cli.BAD_INPUT
    assert message in capsys.readouterr().err


def test_event_parameters_need_a_name_and_a_number(
    tiny: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("smoothing_s", "smoothing_s=fast"):
        with pytest.raises(SystemExit):
            tiny.study("long-streams spliced", "--models", tiny.bundles[0], "--event", text)
        assert f"'{text}' is not NAME=NUMBER" in capsys.readouterr().err


def test_two_models_of_one_fold_are_refused(tiny: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--models", tiny.bundles[1], tiny.bundles[1], "--minutes", "0.1")
    assert tiny.study("long-streams spliced", *words) == cli.BAD_INPUT
    assert f"holds out fold 1, and so does {tiny.bundles[1]}" in capsys.readouterr().err


def test_a_recording_depends_on_the_seed_and_the_person_alone(tmp_path: Path) -> None:
    labels, subjects = ("wave", "jump") * 6, ("ann",) * 6 + ("bob",) * 6
    arrays = tiny_data.tiny_arrays(labels, subjects)
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))
    names, settings = ("wave", "point", "background"), RecordingSettings(minutes=0.3)
    clips = np.flatnonzero(data.subjects == "bob")
    one = spliced_recording(data, clips, names, settings)
    assert one is not None
    assert one.person.subject == "bob"
    assert {action.label for action in one.truth} == {"wave"}
    assert {action.label for action in one.unknown} <= {"jump"}
    same = spliced_recording(data, clips, names, settings)
    other = spliced_recording(data, clips, names, RecordingSettings(minutes=0.3, seed=1))
    assert same is not None and other is not None
    np.testing.assert_array_equal(one.person.body, same.person.body)
    assert one.truth != other.truth
    rate = 1 / np.diff(one.person.stamps).mean()
    assert 15.0 <= rate <= 30.0
    assert spliced_recording(data, clips[data.labels[clips] == "jump"], names, settings) is None


def test_clips_without_a_body_in_some_frame_are_left_out(tmp_path: Path) -> None:
    arrays = tiny_data.tiny_arrays(("wave", "wave"), ("ann", "ann"))
    arrays["body_visibility"][:12] = 0
    data = read_holistic_wild(tiny_data.write_clips(tmp_path / "clips.npz", arrays))
    recording = spliced_recording(data, np.arange(2), ("wave", "background"), RecordingSettings())
    assert recording is not None
    assert len(recording.truth) == 1


def test_held_out_people_are_recognised_in_their_recordings(
    tmp_path: Path, make_bundle: Callable[..., Path], printed: Callable[[], Any]
) -> None:
    names = np.asarray(["ann_stop_001", "bob_stop_001", "bob_left_001"])
    label = np.repeat([3, 3, 5], 90)
    label[:40] = 10
    xy = np.random.default_rng(0).uniform(-1, 2, (270, 8, 2)).astype(np.float32)
    data = tmp_path / "guide.npz"
    np.savez(data, xy=xy, label=label, offsets=np.arange(4) * 90, names=names)
    bundles = []
    for person in ("ann", "bob"):
        classes = ("stop", "left", "background")
        folder = make_bundle(tmp_path / person, class_names=classes)
        _trained_by(folder, f"leave_one_out_{person}")
        bundles.append(str(folder))
    words = ["long-streams", "recordings", "--models", *bundles, "--data", str(data), "--json"]
    assert main(words) == 0
    groups = printed()["groups"]
    counts = {
        name: (one["recordings"], one["total"]["true_actions"]) for name, one in groups.items()
    }
    assert counts == {"leave_one_out_ann": (1, 1), "leave_one_out_bob": (2, 2)}


def test_data_without_recordings_is_refused(
    tmp_path: Path,
    tiny: Any,
    make_bundle: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    words = ["long-streams", "recordings", "--models", str(bundle), "--data", str(tiny.data)]
    assert main(words) == cli.BAD_INPUT
    assert "holistic_wild has clips only" in capsys.readouterr().err


def test_the_puppet_is_recognised_at_several_frame_rates(
    eager_bundle: Path, printed: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["long-streams", "puppet", "--model", str(eager_bundle), "--minutes", "0.1", "--json"]
    assert main([*words, "--fps", "10", "15", "--people", "1", "2"]) == 0
    groups = printed()["groups"]
    assert list(groups) == ["1 x 10 fps", "1 x 15 fps", "2 x 10 fps", "2 x 15 fps"]
    assert [one["frames"] for one in groups.values()] == [60, 90, 60, 90]
    # Each person has one event, which never ends.
    assert [one["total"]["events"] for one in groups.values()] == [1, 1, 2, 2]
    assert main([*words, "--people", "3"]) == cli.BAD_INPUT
    assert "people: there are scripts for 1 and 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--minutes", "inf"), "minutes: must be positive and finite"),
        (("--fps", "inf"), "fps: must be positive and finite"),
        (("--seed", "-1"), "seed: must not be negative"),
    ],
)
def test_impossible_recordings_of_the_puppet_are_refused(
    eager_bundle: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    given = ["long-streams", "puppet", "--model", str(eager_bundle), *words]
    assert main(given) == cli.BAD_INPUT
    assert message in capsys.readouterr().err


def test_event_parameters_are_chosen_on_at_least_two_folds(
    tiny: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--models", tiny.bundles[0], "--data", tiny.data, "--subjects-from", tiny.sources]
    given = ["long-streams", "event-parameters", *map(str, words)]
    assert main(given) == cli.BAD_INPUT
    assert "--models: needs two folds at least" in capsys.readouterr().err


def _trained_by(folder: Path, protocol: str) -> None:
    bundle = load_bundle(folder)
    description = replace(bundle.description, training={"protocol": protocol})
    write_bundle(
        folder, description, load_network(bundle).state_dict(), "# A model with random weights\n"
    )
