"""Late ensembles: the scores of several models together, and which models fit together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.evaluation.clip_recognizer import ClipRecognizer
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.embedding import FloatArray
from research.cross_validation.late_ensemble import LateEnsemble

TinyCrossValidation = Any


@pytest.fixture(scope="module")
def clips(tiny: TinyCrossValidation) -> list[RecordedClip]:
    data = read_holistic_wild(tiny.data)
    return list(data.clips(np.arange(len(data))))


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory, make_bundle: Callable[..., Path]) -> list:
    folder = tmp_path_factory.mktemp("members")
    return [
        load_bundle(make_bundle(folder / "joint", seed=1, modalities=("joint",), temperature=0.5)),
        load_bundle(make_bundle(folder / "bone", seed=2, modalities=("bone", "bone_motion"))),
    ]


def calibrated(bundle: Any, clips: list[RecordedClip], expert: str) -> FloatArray:
    recognizer = ClipRecognizer(bundle, "cpu")
    return recognizer.probabilities(getattr(recognizer.clip_logits(clips), expert))


@pytest.mark.parametrize("expert", ["ensemble", "body", "hand"])
def test_probabilities_are_the_geometric_mean_of_the_members(
    members: list, clips: list[RecordedClip], expert: str
) -> None:
    together = LateEnsemble(members, "cpu")
    first, second = (calibrated(one, clips, expert) for one in members)
    expected = np.sqrt(first * second)
    expected = expected / expected.sum(1, keepdims=True)

    found = together.probabilities(getattr(together.clip_logits(clips), expert))

    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert not np.allclose(found, first, atol=1e-3)


def test_a_member_of_weight_zero_changes_nothing(members: list, clips: list[RecordedClip]) -> None:
    together = LateEnsemble(members, "cpu", weights=[3.0, 0.0])
    found = together.probabilities(together.clip_logits(clips).ensemble)
    np.testing.assert_allclose(found, calibrated(members[0], clips, "ensemble"), rtol=1e-4)


def test_streams_of_members_count_within_the_ensemble(
    members: list, rgb_bundle: Path, cropped: Any
) -> None:
    seen = [cropped.holding("cup", seed) for seed in range(3)]
    clips = [RecordedClip(f"clip {seed}", (one,), "cup") for seed, one in enumerate(seen)]
    joined = [load_bundle(rgb_bundle), members[0]]
    together = LateEnsemble(joined, "cpu")
    logits = together.clip_logits(clips)
    assert logits.streams.shape == (3, 0, 3) and together.description.streams == {}
    assert not np.allclose(logits.ensemble, logits.skeleton, atol=1e-4)
    for expert in ("ensemble", "skeleton"):
        first, second = (calibrated(one, clips, expert) for one in joined)
        expected = np.sqrt(first * second)
        found = together.probabilities(getattr(logits, expert))
        np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True), rtol=1e-4)


def test_clips_without_hands_are_marked(members: list, clips: list[RecordedClip]) -> None:
    seen = LateEnsemble(members, "cpu").clip_logits(clips).hand_seen
    assert seen.tolist() == [True] * (len(clips) - 1) + [False]


def test_other_classes_are_refused_with_the_names_of_both_bundles(
    members: list, make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    other = load_bundle(make_bundle(tmp_path / "other", class_names=("nod", "background")))
    with pytest.raises(ValueError, match=r"other: class_names: nod, background .*joint: wave"):
        LateEnsemble([members[0], other], "cpu")


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, float("nan")]])
def test_weights_that_do_not_fit_are_refused(members: list, weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights: "):
        LateEnsemble(members, "cpu", weights)


def test_clips_are_evaluated_by_several_models_together(
    tiny: TinyCrossValidation,
    members: list,
    clips: list[RecordedClip],
    printed: Callable[[], Any],
) -> None:
    paths = [one.path for one in members]
    assert tiny.study("clips", "--ensemble", *paths, "--fold", "2", "--json") == 0
    metrics = printed()
    together = LateEnsemble(members, "cpu")
    choice = together.clip_logits(clips[8:]).ensemble[:, :2].argmax(1)
    assert metrics["clips"] == 4
    assert metrics["top1"] == pytest.approx((choice == np.asarray([1, 0, 1, 0])).mean())


def test_weights_without_an_ensemble_are_refused(
    tiny: TinyCrossValidation, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--model", tiny.bundles[0], "--weights", "1", "--fold", "0")
    assert tiny.study("clips", *words) == 2
    assert "--weights needs --ensemble" in capsys.readouterr().err
