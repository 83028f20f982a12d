"""Blinded streams: the crops that are left, and the command that measures the accuracy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.datasets.readers.cropped import CroppedClips
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.evaluation.clips import clip_logits
from bharnet_ros.recognition.bundle import load_bundle
from research.__main__ import main
from research.blinding import BLINDED, BlindedClips, parse_blinding


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, cropped: Any) -> Path:
    return Path(cropped.write_objects(tmp_path_factory.mktemp("data") / "objects", train=2, test=2))


def test_each_way_changes_the_crops_as_its_name_says(objects: Path) -> None:
    data = CroppedClips(objects)
    chosen = np.arange(len(data))
    for how in BLINDED["rgb"]:
        clips = list(BlindedClips(data, chosen, how).clips(chosen))
        assert [clip.name for clip in clips] == data.names.tolist()
        for clip, plain in zip(clips, data.clips(chosen), strict=True):
            crops, before = clip.people[0].crops, plain.people[0].crops
            assert before is not None
            np.testing.assert_array_equal(clip.people[0].body, plain.people[0].body)
            if how == "absent":
                assert crops is None
                continue
            assert crops is not None
            np.testing.assert_allclose(crops.stamps, before.stamps)
            np.testing.assert_array_equal(crops.present, before.present)
            assert crops.pixels.any() == (how != "black")
            assert not np.array_equal(crops.pixels, before.pixels)


def test_shuffled_crops_are_those_of_other_clips_each_used_once(objects: Path) -> None:
    data, chosen = CroppedClips(objects), np.asarray([5, 0, 2, 7])

    def seen(clips: Any) -> list[bytes]:
        return [clip.people[0].crops.pixels.tobytes() for clip in clips]

    own = seen(data.clips(chosen))
    given = seen(BlindedClips(data, chosen, "shuffled").clips(chosen))
    assert sorted(own) == sorted(given)
    assert all(one != other for one, other in zip(own, given, strict=True))
    assert given == seen(BlindedClips(data, chosen, "shuffled").clips(chosen))
    # The result does not depend on how many clips are read at a time.
    assert given[2:] == seen(BlindedClips(data, chosen, "shuffled").clips(chosen[2:]))


def test_without_crops_the_skeleton_decides(objects: Path, rgb_bundle: Path) -> None:
    data = CroppedClips(objects)
    chosen = np.arange(len(data))
    recognizer = ClipRecognizer(load_bundle(rgb_bundle), "cpu")
    plain = clip_logits(recognizer, data, chosen)
    assert plain.stream_seen.all()
    for how in ("absent", "black"):
        found = clip_logits(recognizer, BlindedClips(data, chosen, how), chosen)
        assert not found.stream_seen.any()
        np.testing.assert_allclose(found.ensemble, plain.skeleton, atol=1e-5)


@pytest.mark.parametrize("text", ["rgb", "rgb=", "rgb=fog", "sonar=black", "=black", ""])
def test_an_unknown_way_is_refused_with_a_list_of_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=f"--blind: '{text}' is unknown; known are: rgb=black, "):
        parse_blinding(text)


@pytest.fixture
def evaluate(objects: Path) -> Callable[..., int]:
    """Return a function that runs `python -m research clips` on the test clips."""

    def run(*words: str | Path) -> int:
        given = ("--data", objects, "--protocol", "folders", "--device", "cpu", *words)
        return main(["clips", *map(str, given)])

    return run


def test_blinded_accuracy_is_printed_beside_the_skeleton_alone(
    evaluate: Callable[..., int],
    random_rgb: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ways = [f"rgb={how}" for how in BLINDED["rgb"]]
    assert evaluate("--model", random_rgb, "--blind", *ways) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("rgb alone") for line in lines)
    heading = next(row for row, line in enumerate(lines) if line.startswith("blinded"))
    names = [line.rsplit(maxsplit=2)[0].strip() for line in lines[heading + 1 :]]
    assert names == ["as recorded", *ways, "skeleton alone"]
    values = {
        name: line.split()[-2:] for name, line in zip(names, lines[heading + 1 :], strict=True)
    }
    assert values["rgb=absent"] == values["rgb=black"] == values["skeleton alone"]


@pytest.fixture(scope="module")
def random_rgb(
    tmp_path_factory: pytest.TempPathFactory, cropped: Any, make_bundle: Callable[..., Path]
) -> Path:
    """Return a model with random weights for the classes of the clips."""
    pytest.importorskip("torchvision.models", reason="needs the torchvision that fits torch")
    names = (*cropped.COLOURS, "background")
    folder = tmp_path_factory.mktemp("models") / "rgb"
    return make_bundle(folder, class_names=names, streams={"rgb": cropped.STREAM})


def test_models_without_the_stream_and_ensembles_are_refused(
    evaluate: Callable[..., int],
    random_rgb: Path,
    tiny_bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words, complaint in (
        (("--model", tiny_bundle, "--blind", "rgb=black"), "the model has no stream 'rgb'"),
        (("--model", random_rgb, "--blind", "rgb=fog"), "--blind: 'rgb=fog' is unknown"),
        (("--ensemble", random_rgb, "--blind", "rgb=black"), "--blind needs --model"),
    ):
        assert evaluate(*words) == 2
        assert complaint in capsys.readouterr().err
