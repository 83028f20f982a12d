"""`bharnet teach --from` and `bharnet gestures`: sets on disk."""

from __future__ import annotations

from pathlib import Path

import bundles
import pytest
from moving_clips import moving_clip

from bharnet_ros import cli
from bharnet_ros.gestures.gesture_set import read_gesture_set


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.embedding_bundle(tmp_path_factory.mktemp("manage") / "model")


@pytest.fixture
def bharnet(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Return a function that runs `bharnet` and returns status, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        status = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    kinds = [(direction, seed) for direction in ("up", "aside") for seed in (0, 1)]
    paths = [tmp_path / f"{direction}_{seed}.npz" for direction, seed in kinds]
    for path, (direction, seed) in zip(paths, kinds, strict=True):
        moving_clip(direction, seed=seed).save(path)
    return paths


def test_clips_become_gestures(bharnet, model: Path, tmp_path: Path, clips: list[Path]) -> None:
    folder = tmp_path / "mine"
    taught = ("--gestures", folder, "--model", model)
    status, out, _ = bharnet("teach", "up", "--from", *clips[:2], *taught)
    assert status == 0
    assert "up: 2 examples added, 2 in all" in out
    assert "1 gestures, learned in" in out
    assert bharnet("teach", "aside", "--from", clips[2], *taught)[0] == 0
    assert bharnet("teach", "up", "--from", clips[0], *taught)[0] == 0
    gestures = read_gesture_set(folder)
    assert {name: len(given) for name, given in gestures.gestures.items()} == {"up": 3, "aside": 1}
    assert gestures.model == "tiny"
    assert bharnet("teach", "up", "--replace", "--from", clips[1], *taught)[0] == 0
    assert len(read_gesture_set(folder).gestures["up"]) == 1


def test_a_set_is_listed_checked_and_changed(
    bharnet, model: Path, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "mine"
    taught = ("--gestures", folder, "--model", model)
    bharnet("teach", "up", "--from", *clips[:2], *taught)
    bharnet("teach", "aside", "--from", *clips[2:], *taught)
    assert "up: 2 examples, 1.2 to 1.2 s" in bharnet("gestures", "list", folder)[1]
    out = bharnet("gestures", "check", folder, "--model", model)[1]
    assert "of 2 examples recognised by the others" in out
    assert bharnet("gestures", "rename", folder, "up", "raise")[:2] == (0, "up: now raise\n")
    assert bharnet("gestures", "remove", folder, "aside")[0] == 0
    assert read_gesture_set(folder).names == ("raise",)
    assert bharnet("gestures", "remove", folder, "raise")[0] == 0
    assert bharnet("gestures", "list", folder)[1] == "no gestures\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("teach", "a/b"), "gesture 'a/b': a name has"),
        (("teach", "background"), "gesture 'background': this name stands for"),
        (("teach", "up", "up"), "names: one occurs twice"),
        (("teach", "up", "--examples", "0"), "examples: must be positive"),
        (("teach", "up", "down", "--from", "clip.npz"), "examples of one gesture, but several"),
        (("teach", "up", "--from", "missing.npz"), "missing.npz"),
        (("teach", "up", "--source", "missing.mp4"), "'missing.mp4' does not exist"),
        (("teach", "up", "--source", "puppet:missing"), "script: 'missing' is unknown"),
    ],
)
def test_what_cannot_be_taught_is_named(
    bharnet, model: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    folder = tmp_path / "mine"
    status, _, err = bharnet(*words, "--gestures", folder, "--model", model)
    assert status != 0
    assert message in err
    assert not folder.exists()


def test_a_folder_that_holds_something_else_is_left_alone(
    bharnet, model: Path, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "holiday.jpg").write_text("sun")
    status, _, err = bharnet(
        "teach", "up", "--from", clips[0], "--gestures", folder, "--model", model
    )
    assert status == 2
    assert "is this a gesture set?" in err
    assert [one.name for one in folder.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list", "missing"), "missing/gestures.json: no such file"),
        (("remove", "{set}", "wave"), "gesture 'wave': is not in the set; known are: up"),
        (("rename", "{set}", "up", "x/y"), "gesture 'x/y': a name has"),
        (("check", "{set}", "--model", "missing"), "missing"),
    ],
)
def test_wrong_names_leave_the_set_as_it_was(
    bharnet, model: Path, tmp_path: Path, clips: list[Path], words: tuple[str, ...], message: str
) -> None:
    folder = tmp_path / "mine"
    bharnet("teach", "up", "--from", clips[0], "--gestures", folder, "--model", model)
    before = (folder / "gestures.json").read_bytes()
    status, _, err = bharnet("gestures", *(word.format(set=folder) for word in words))
    assert status != 0
    assert message in err
    assert (folder / "gestures.json").read_bytes() == before
