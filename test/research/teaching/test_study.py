"""`python -m research teaching`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundles
import pytest
import tiny_data

from research.__main__ import main

PEOPLE = {"ann": 0, "bob": 1}
CLIPS = [(label, person) for person in PEOPLE for label in ("wave", "bow", "jump") for _ in "1234"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels, subjects = zip(*CLIPS, strict=True)
    folder = tmp_path_factory.mktemp("teaching")
    tiny_data.write_sources(folder / "sources.csv", PEOPLE)
    return tiny_data.write_clips(folder / "clips.npz", tiny_data.tiny_arrays(labels, subjects))


def test_one_model_is_measured_on_people_it_never_saw(
    data: Path, tmp_path: Path, printed: Callable[[], Any]
) -> None:
    model = bundles.embedding_bundle(tmp_path / "model", 0, ["wave"])
    words = ["teaching", "--model", model, "--data", data, "--draws", "2", "--json"]
    assert main([*map(str, words), "--product"]) == 0
    content = printed()
    assert set(content["product"]) == {"1", "5"} and 0.0 <= content["product"]["1"] <= 1.0
    assert content["details"]["product"]["1"]["clips"] == 2 * 2 * 3 * 3
    assert set(content["own"]) == set(content["unseen_labels"]) == {"1", "3", "5", "10"}
    assert 0.0 <= content["own"]["1"] <= 1.0
    details = content["details"]
    # Two people, three labels, of which training showed one; a draw leaves three clips of each.
    assert details["own"]["1"]["clips"] == 2 * 2 * 3 * 3
    assert details["unseen_labels"]["1"]["choices"] == 2.0
    fold = ["--subjects-from", str(data.parent / "sources.csv"), "--fold", "1"]
    assert main([*map(str, words), *fold]) == 0
    assert printed()["details"]["own"]["1"]["people"] == 1
    assert content["own"]["5"] is None
    assert content["unknown_people"] == 0


def test_models_of_folds_are_each_measured_on_their_own_people(
    data: Path, tmp_path: Path, printed: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    models = [bundles.embedding_bundle(tmp_path / str(fold), fold, ["wave"]) for fold in (0, 1)]
    words = ["teaching", "--models", *models, "--data", data]
    split = ["--subjects-from", data.parent / "sources.csv"]
    assert main([*map(str, (*words, *split, "--json"))]) == 0
    assert printed()["details"]["own"]["1"]["people"] == 2
    assert main([*map(str, (*words, *split))]) == 0
    assert "labels never seen in training" in capsys.readouterr().out
    assert main([*map(str, words)]) == 2
    assert "--models needs --subjects-from" in capsys.readouterr().err


def test_models_that_cannot_be_taught_are_refused_by_name(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = bundles.make_bundle(tmp_path / "plain")
    silent = bundles.embedding_bundle(tmp_path / "silent", 0, None)
    for model, message in (
        (plain, "training.labels: must list the labels"),
        (silent, "training.labels: must list the labels"),
    ):
        assert main(["teaching", "--model", str(model), "--data", str(data)]) == 2
        error = capsys.readouterr().err
        assert message in error and str(model) in error
    content = json.loads((plain / "model.json").read_text(encoding="utf-8"))
    content["training"]["labels"] = ["wave"]
    (plain / "model.json").write_text(json.dumps(content), encoding="utf-8")
    assert main(["teaching", "--model", str(plain), "--data", str(data)]) == 2
    assert "model tiny: has no embeddings" in capsys.readouterr().err
