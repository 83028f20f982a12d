"""Gesture sets in memory and on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.gestures import gesture_set
from bharnet_ros.gestures.gesture_set import (
    GestureSet,
    GestureSetError,
    check_gesture_name,
    open_gesture_set,
    read_gesture_set,
    write_gesture_set,
)
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints


def clip(seed: int, frames: int = 5) -> ClipKeypoints:
    random = np.random.default_rng(seed)
    return ClipKeypoints(
        stamp=np.arange(frames) / 30,
        body=random.random((frames, 33, 4)).astype(np.float32),
        hands=random.random((frames, 2, 21, 3)).astype(np.float32),
        hand_scores=np.ones((frames, 2), dtype=np.float32),
        width=640,
        height=480,
        motion=(1 / 30, 3 / 30),
    )


TWO = (
    GestureSet(model="gestures", model_sha256="abc")
    .with_examples("come here", [clip(0), clip(1)])
    .with_examples("nein", [clip(2)], either_hand=True)
    .with_background([clip(3)])
)


def listed(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def same(first: GestureSet, second: GestureSet) -> bool:
    return (
        first.names == second.names
        and all(
            [one.to_bytes() for one in first.gestures[name]]
            == [one.to_bytes() for one in second.gestures[name]]
            for name in first.names
        )
        and [one.to_bytes() for one in first.background]
        == [one.to_bytes() for one in second.background]
        and (first.model, first.model_sha256, first.either_hand)
        == (second.model, second.model_sha256, second.either_hand)
    )


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_gesture_set(tmp_path / "mine", TWO)
    read = read_gesture_set(tmp_path / "mine")
    assert same(read, TWO)
    assert read.gestures["nein"][0].motion == pytest.approx((1 / 30, 3 / 30))
    before = {path: path.read_bytes() for path in (tmp_path / "mine").rglob("*") if path.is_file()}
    write_gesture_set(tmp_path / "mine", read)
    assert before == {path: path.read_bytes() for path in before}


def test_examples_that_are_no_longer_named_are_deleted(tmp_path: Path) -> None:
    write_gesture_set(tmp_path, TWO)
    assert len(listed(tmp_path)) == 5
    write_gesture_set(tmp_path, TWO.without("come here").renamed("nein", "no"))
    read = read_gesture_set(tmp_path)
    assert read.names == ("no",)
    assert {Path(name).parent.name for name in listed(tmp_path)} == {"", "no", "background"}
    assert len(listed(tmp_path)) == 3


@pytest.mark.parametrize("writes", range(4))
def test_an_interrupted_write_leaves_the_set_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    write_gesture_set(tmp_path, TWO)
    later = TWO.without("nein").with_examples("stop", [clip(7), clip(8), clip(9)])
    whole, count = gesture_set.write_whole, 0

    def interrupted(path: Path, content: bytes) -> None:
        nonlocal count
        if count == writes:
            raise OSError(28, "No space left on device")
        count += 1
        whole(path, content)

    with monkeypatch.context() as full:
        full.setattr(gesture_set, "write_whole", interrupted)
        with pytest.raises(OSError, match="No space left"):
            write_gesture_set(tmp_path, later)
    assert same(read_gesture_set(tmp_path), TWO)
    write_gesture_set(tmp_path, later)
    assert same(read_gesture_set(tmp_path), later)
    assert len(listed(tmp_path)) == 1 + 2 + 3 + 1


def test_gestures_are_added_to_replaced_removed_and_renamed() -> None:
    assert len(TWO.with_examples("nein", [clip(4)]).gestures["nein"]) == 2
    assert len(TWO.with_examples("come here", [clip(4)], instead=True).gestures["come here"]) == 1
    assert TWO.renamed("come here", "come").names == ("come", "nein")
    for wrong, message in (
        (lambda: TWO.without("jump"), "'jump': is not in the set; known are: come here, nein"),
        (lambda: TWO.renamed("nein", "come here"), "there is one of this name already"),
        (lambda: TWO.with_examples("empty", []), "'empty': has no examples"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()


def test_single_examples_are_removed_but_not_the_last() -> None:
    first, second, other = (clip(seed) for seed in range(3))
    gestures = GestureSet({"raise": (first, second)}, background=(other,))
    assert gestures.without_example("raise", first.sha256).gestures["raise"] == (second,)
    assert gestures.without_example("background", other.sha256).background == ()
    with pytest.raises(InputError, match="gesture 'raise': has no example 'beef'"):
        gestures.without_example("raise", "beef")
    with pytest.raises(InputError, match="gesture 'jump': is not in the set"):
        gestures.without_example("jump", first.sha256)
    with pytest.raises(InputError, match="this is its last example; forget the gesture"):
        gestures.without_example("raise", first.sha256).without_example("raise", second.sha256)


@pytest.mark.parametrize("name", ["hello", "come here", "5 fingers", "süß", "thumbs-up", "v1.2"])
def test_names_that_a_folder_may_have_are_taken(name: str) -> None:
    check_gesture_name(name)


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".hidden", "a\\b", "a\n", "x" * 65, "end.", "end ", "background", "_"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^gesture "):
        check_gesture_name(name)


def test_damaged_sets_are_refused_by_file(tmp_path: Path) -> None:
    with pytest.raises(GestureSetError, match=r"gestures\.json: no such file"):
        read_gesture_set(tmp_path)
    write_gesture_set(tmp_path, TWO)
    path = tmp_path / "gestures.json"
    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    first = content["gestures"]["nein"][0]

    def refused(message: str, **changes: object) -> None:
        path.write_text(json.dumps({**content, **changes}), encoding="utf-8")
        with pytest.raises(GestureSetError, match=message):
            read_gesture_set(tmp_path)

    refused(r"gestures\.json: format: expected 1", format=2)
    refused(r"gestures\.json: .*name", gestures={"a/b": [first]})
    refused("has no examples", gestures={"nein": []})
    outside = {**first, "file": "../../secret.npz"}
    refused("lies outside of the set", gestures={"nein": [outside]})
    refused("cannot be read: No such file", gestures={"nein": [{**first, "file": "nein/x.npz"}]})
    refused("sha256 is", gestures={"nein": [{**first, "sha256": "0" * 64}]})
    refused(r"gestures\.json", gestures=[1])
    without = {name: value for name, value in content.items() if name != "model"}
    path.write_text(json.dumps(without), encoding="utf-8")
    with pytest.raises(GestureSetError, match="model is missing"):
        read_gesture_set(tmp_path)
    path.write_text(text[:50], encoding="utf-8")
    with pytest.raises(GestureSetError, match="cannot be read as JSON"):
        read_gesture_set(tmp_path)
    path.write_text(text, encoding="utf-8")
    example = tmp_path / "examples" / first["file"]
    example.write_bytes(example.read_bytes()[:-20])
    with pytest.raises(GestureSetError, match="sha256 is"):
        read_gesture_set(tmp_path)


def test_an_empty_folder_and_an_interrupted_first_write_are_an_empty_set(tmp_path):
    assert open_gesture_set(tmp_path).names == ()
    (tmp_path / "examples" / "wave").mkdir(parents=True)
    (tmp_path / ".gestures.json.17").write_text("{")
    assert open_gesture_set(tmp_path).names == ()
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(GestureSetError, match=r"gestures\.json: no such file"):
        open_gesture_set(tmp_path)


def test_a_missing_folder_is_no_empty_set(tmp_path):
    with pytest.raises(GestureSetError, match="missing: no such folder; make an empty one"):
        open_gesture_set(tmp_path / "missing")


def test_what_cannot_be_deleted_does_not_break_a_set(tmp_path):
    write_gesture_set(tmp_path, TWO)
    (tmp_path / "examples" / "nein" / ".checkpoints").mkdir()
    write_gesture_set(tmp_path, TWO.without("nein"))
    assert read_gesture_set(tmp_path).names == ("come here",)
