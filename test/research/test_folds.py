"""A whole cross-validation: which model scores which clips, the metrics, refused bundles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.output import softmax
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.types.errors import InputError
from research.cross_validation.cross_validation import score_folds
from research.cross_validation.fold_models import load_fold_models
from research.cross_validation.out_of_fold import OutOfFoldScores
from research.folds import cross_validation_result
from research.perturbations import add_noise

TinyCrossValidation = Any


def scored(tiny: TinyCrossValidation, **options: Any) -> OutOfFoldScores:
    # The models are loaded in another order than that of the folds.
    models = load_fold_models([str(path) for path in tiny.bundles[::-1]], "cpu")
    return score_folds(models, read_holistic_wild(tiny.data), tiny.sources, **options)


def test_each_clip_is_scored_by_the_model_that_never_saw_its_person(
    tiny: TinyCrossValidation,
) -> None:
    scores = scored(tiny)
    data = read_holistic_wild(tiny.data)
    assert scores.folds.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert scores.labels.tolist() == data.labels[scores.clips].tolist()
    assert scores.subjects.tolist() == data.subjects[scores.clips].tolist()
    for fold, bundle in enumerate(tiny.bundles):
        rows = scores.folds == fold
        alone = Recognizer(load_bundle(bundle), "cpu").logits(
            list(data.sequences(scores.clips[rows]))
        )
        assert alone.embeddings is None
        pairs = zip(scores.subset(rows).logits[:-1], alone[:-1], strict=True)
        for found, expected in pairs:
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_share_of_frames_with_a_hand_is_the_recorded_one(tiny: TinyCrossValidation) -> None:
    assert scored(tiny).hand_share.tolist() == [1.0] * 11 + [0.0]


def test_a_part_of_the_clips_can_be_scored(tiny: TinyCrossValidation) -> None:
    known = scored(tiny, known_only=True)
    assert len(known) == 10 and "jump" not in known.labels
    assert scored(tiny, every=3).clips.tolist() == [0, 3, 4, 7, 8, 11]
    with pytest.raises(ValueError, match="every"):
        scored(tiny, every=0)


def test_a_clip_that_cannot_be_perturbed_is_named(tiny: TinyCrossValidation) -> None:
    def fail(sequence, random):
        raise InputError("body: no frame shows both shoulders")

    with pytest.raises(InputError, match=r"^clip .+: body: no frame shows both shoulders"):
        scored(tiny, perturb=fail)


def test_random_noise_of_a_clip_does_not_depend_on_other_clips(tiny: TinyCrossValidation) -> None:
    def noise(sequence, random):
        return add_noise(sequence, 0.1, random)

    everything, some = (scored(tiny, perturb=noise, seed=3, every=n) for n in (1, 2))
    np.testing.assert_allclose(
        everything.logits.ensemble[::2], some.logits.ensemble, rtol=1e-4, atol=1e-5
    )
    other = scored(tiny, perturb=noise, seed=4)
    assert not np.allclose(everything.logits.ensemble, other.logits.ensemble)


def test_metrics_equal_those_counted_by_hand(
    make_scores: Callable[..., OutOfFoldScores],
) -> None:
    scores = make_scores(
        [
            ("wave", "ann", 0, [3.0, 0.0, 0.0]),
            ("wave", "ann", 0, [0.0, 3.0, 0.0]),
            ("point", "bob", 0, [0.0, 3.0, 5.0]),
            ("jump", "bob", 0, [0.0, 0.0, 5.0]),
            # Nobody points in this fold, and all labels are known.
            ("wave", "cem", 1, [3.0, 0.0, 0.0]),
        ]
    )
    result = cross_validation_result(scores)

    assert result.folds[0].top1 == pytest.approx(2 / 3)
    assert result.folds[0].mean_class_accuracy == pytest.approx((1 / 2 + 1) / 2)
    assert result.folds[1].recall == {"wave": 1.0}
    assert result.mean["top1"] == pytest.approx((2 / 3 + 1) / 2)
    assert result.deviation["top1"] == pytest.approx(np.std([2 / 3, 1], ddof=1))
    assert result.mean["unknown_rejected"] == 1.0
    assert np.isnan(result.deviation["unknown_rejected"])
    assert result.pooled.top1 == pytest.approx(3 / 4)
    assert result.pooled.mean_class_accuracy == pytest.approx((2 / 3 + 1) / 2)
    wave, point = result.classes["wave"], result.classes["point"]
    assert (wave.clips, wave.subjects, wave.recall) == (3, 2, pytest.approx(2 / 3))
    assert (wave.named_with_background, wave.taken_for_background) == (2, 0)
    assert (point.clips, point.recall, point.taken_for_background) == (1, 1.0, 1)


def test_probabilities_use_the_temperature_of_each_clip(
    make_scores: Callable[..., OutOfFoldScores],
) -> None:
    scores = make_scores([("wave", "ann", 0, [2.0, 0.0, 0.0]), ("wave", "cem", 1, [2.0, 0.0, 0.0])])
    scores.temperatures[1] = 2.0
    expected = softmax(np.float32([[2.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(scores.probabilities(), expected, rtol=1e-6)


def test_report_is_printed_and_written(
    tiny: TinyCrossValidation, printed: Callable[[], Any], tmp_path: Path
) -> None:
    out = tmp_path / "folds.json"
    words = ("--models", *tiny.bundles, "--json", "--out", out)
    assert tiny.study("folds", *words) == 0
    content = printed()
    assert json.loads(out.read_text(encoding="utf-8")) == content
    assert [one["fold"] for one in content["models"]] == [0, 1, 2]
    network = load_network(load_bundle(tiny.bundles[0]))
    size = sum(parameter.numel() for parameter in network.parameters())
    assert [one["parameters"] for one in content["models"]] == [size] * 3
    assert content["folds"]["2"]["unknown_rejected"] is None
    assert content["pooled"]["clips"] == 10
    assert content["classes"]["wave"]["subjects"] == 6


def test_table_shows_folds_mean_and_classes(
    tiny: TinyCrossValidation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tiny.study("folds", "--models", *tiny.bundles) == 0
    lines = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    for name in ("fold 0", "fold 2", "mean", "deviation", "pooled", "wave", "point"):
        assert name in lines


def test_models_of_a_fold_decide_together(
    tiny: TinyCrossValidation,
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    printed: Callable[[], Any],
) -> None:
    second = [
        make_bundle(tmp_path / f"bone{fold}", seed=9, modalities=("bone",), held_out_fold=fold)
        for fold in range(3)
    ]
    words = ("--models", *tiny.bundles, *second, "--ensemble", "--json")
    assert tiny.study("folds", *words, "--weights", "1", "0") == 0
    weighted = printed()
    assert [len(one["bundles"]) for one in weighted["models"]] == [2, 2, 2]
    assert tiny.study("folds", "--models", *tiny.bundles, "--json") == 0
    assert weighted["pooled"] == printed()["pooled"]


def refused(tiny: TinyCrossValidation, capsys: pytest.CaptureFixture[str], *words: Any) -> str:
    assert tiny.study("folds", *words) == 2
    return capsys.readouterr().err


def test_a_bundle_without_a_held_out_fold_is_refused_by_name(
    tiny: TinyCrossValidation, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(tiny, capsys, "--models", tiny.bundles[0], tiny_bundle)
    assert f"{tiny_bundle}: training.held_out_fold" in error


def test_two_bundles_of_one_fold_are_refused_by_name(
    tiny: TinyCrossValidation,
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    twin = make_bundle(tmp_path / "twin", held_out_fold=0)
    error = refused(tiny, capsys, "--models", *tiny.bundles, twin)
    assert f"{twin}: holds out fold 0, and so does {tiny.bundles[0]}" in error
    # One fold has two models and the others one, so no number of weights fits all.
    words = ("--models", *tiny.bundles, twin, "--ensemble", "--weights", "1", "1")
    assert "weights: need one for each of 1 models, got 2" in refused(tiny, capsys, *words)


def test_other_classes_weights_without_ensemble_and_empty_folds_are_refused(
    tiny: TinyCrossValidation,
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("nod", "background")
    other = make_bundle(tmp_path / "other", class_names=names, held_out_fold=3)
    assert f"{other}: class_names" in refused(tiny, capsys, "--models", tiny.bundles[0], other)
    without_ensemble = ("--models", tiny.bundles[0], "--weights", "1")
    assert "--weights needs --ensemble" in refused(tiny, capsys, *without_ensemble)
    empty = make_bundle(tmp_path / "empty", held_out_fold=7)
    assert "fold_7 leaves no clips to test on; folds are 0, 1, 2" in refused(
        tiny, capsys, "--models", empty
    )


def test_models_with_streams_score_by_the_skeleton_without_crops(
    tiny: TinyCrossValidation,
    make_bundle: Callable[..., Path],
    cropped: Any,
    tmp_path: Path,
) -> None:
    pytest.importorskip("torchvision.models", reason="needs the torchvision that fits torch")
    streams = {"rgb": cropped.STREAM}
    paths = [
        make_bundle(tmp_path / f"fold{fold}", seed=fold, held_out_fold=fold, streams=streams)
        for fold in (0, 1)
    ]
    data = read_holistic_wild(tiny.data)
    scores = score_folds(load_fold_models([str(one) for one in paths], "cpu"), data, tiny.sources)
    assert scores.streams == scores.subset(scores.folds == 0).streams == ("rgb",)
    assert not scores.logits.stream_seen.any()
    metrics = scores.metrics()
    assert metrics.stream_top1 == {"rgb": 0.0}
    assert metrics.top1 == metrics.skeleton_top1

    mixed = load_fold_models([str(paths[0]), str(tiny.bundles[1])], "cpu")
    with pytest.raises(ValueError, match="streams of fold 1 are none, those of fold 0 are rgb"):
        score_folds(mixed, data, tiny.sources)
