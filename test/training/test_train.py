"""Whole training runs on tiny data: images, depth cameras, cached, resumed, mixed precision."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_data
from training_runs import DEPTH, WEBCAM, described, train, write

pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

from bharnet_ros.datasets.readers.ntu.reader import Ntu
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.training import fit
from research.__main__ import main as study

pytestmark = pytest.mark.slow


@pytest.fixture
def evaluated(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Return a function that runs `python -m research clips` and returns what it prints."""

    def evaluate(*words: str | Path) -> dict[str, Any]:
        capsys.readouterr()
        given = ("clips", *words, "--device", "cpu", "--json")
        assert study([str(word) for word in given]) == 0
        return dict(json.loads(capsys.readouterr().out))

    return evaluate


def test_training_writes_a_usable_bundle(
    webcam: Path, tmp_path: Path, evaluated: Callable[..., dict[str, Any]]
) -> None:
    config = write(tmp_path, WEBCAM)
    sources = tiny_data.write_sources(tmp_path / "sources.csv", {"a": 0, "b": 0, "c": 1, "d": 1})
    out = tmp_path / "model"
    fold = ("--subjects-from", sources, "--fold", "1")

    assert train(config, webcam, out, *fold, "--epochs", "1", export=True) == 0
    assert load_bundle(out).exported

    description = described(out)
    assert description.name == "tiny"
    assert description.class_names == ("wave", "point", "background")
    assert description.window_s == pytest.approx(1.5)
    training = description.training
    assert training["settings"]["epochs"] == 1
    assert (training["clips"], training["people"]) == (6, 2)
    assert training["licences_of_sources"] == {"MIT": 2}
    assert (training["kind"], training["protocol"]) == ("holistic_wild", "fold_1")
    assert (training["split"], training["held_out_fold"]) == ("sources.csv", 1)
    assert description.metrics["held_out_fold"] == 1
    assert (description.metrics["clips"], description.metrics["unknown_clips"]) == (4, 2)
    assert description.temperature > 0
    assert list((out / "checkpoints").glob("*.ckpt"))
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "wave, point; all else is `background`" in card
    assert "--data tiny.npz --subjects-from sources.csv --fold 1" in card
    found = evaluated("--model", out, "--data", webcam, *fold)
    assert found == {name: description.metrics[name] for name in found}


def test_several_folds_give_one_bundle_each(webcam: Path, tmp_path: Path) -> None:
    sources = tiny_data.write_sources(tmp_path / "sources.csv", {"a": 0, "b": 0, "c": 1, "d": 1})
    config = write(tmp_path, WEBCAM)
    fold = ("--subjects-from", sources, "--fold", "0", "1")
    assert train(config, webcam, tmp_path / "out", *fold, "--epochs", "1") == 0
    for fold_of in (0, 1):
        training = described(tmp_path / "out" / f"fold_{fold_of}").training
        assert training["held_out_fold"] == fold_of


def test_a_model_of_everybody_has_the_numbers_of_its_folds(
    webcam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = tiny_data.write_sources(tmp_path / "sources.csv", {"a": 0, "b": 0, "c": 1, "d": 1})
    loss = "loss: {label_weight: 1.0, own_label_weight: 1.0, contrast_weight: 0.5}\n"
    config = write(tmp_path, WEBCAM + loss)
    split = ("--subjects-from", sources)
    short = (*split, "--epochs", "1")
    assert train(config, webcam, tmp_path / "folds", *short, "--fold", "0", "1") == 0
    folds = [tmp_path / "folds" / f"fold_{fold}" for fold in (0, 1)]
    out = tmp_path / "model"
    # Thresholds may have been chosen on the models of the folds.
    config = write(tmp_path, WEBCAM + loss + "enter_threshold: 0.7\n")
    assert train(config, webcam, out, *short, "--everybody", *folds) == 0

    bundle = load_bundle(out)
    description, training = bundle.description, bundle.description.training
    assert (training["protocol"], training["people"]) == ("everybody", 4)
    assert description.enter_threshold == 0.7
    assert training["clips"] == sum(described(fold).metrics["clips"] for fold in folds) + sum(
        described(fold).metrics["unknown_clips"] for fold in folds
    )
    assert training["labels"] == sorted(training["labels"])
    assert "held_out_fold" not in training
    # The heads over labels went with training.
    assert not [name for name in load_network(bundle).state_dict() if "label" in name]
    assert bundle.background is not None
    right = sum(described(one).metrics["top1"] * described(one).metrics["clips"] for one in folds)
    assert description.metrics["top1"] == pytest.approx(right / description.metrics["clips"])
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "Trained on everybody" in card
    assert "python -m research folds" in card

    assert train(config, webcam, tmp_path / "no", *split, "--everybody", *folds) == 2
    assert "was trained with another value of epochs" in capsys.readouterr().err
    assert train(config, webcam, tmp_path / "no", *short, "--everybody", folds[0], folds[0]) == 2
    assert "holds out fold 0, and so does" in capsys.readouterr().err
    assert train(config, webcam, tmp_path / "no", "--everybody", *folds) == 2
    assert "--everybody needs --subjects-from" in capsys.readouterr().err


def test_only_people_under_the_named_licences_are_trained_on(webcam: Path, tmp_path: Path) -> None:
    # A person with two sources is used only if both licences are allowed.
    licences = (("a", "none"), ("a", "MIT"), ("b", "Apache-2.0"))
    folds = {"a": 0, "b": 0, "c": 0, "d": 1}
    sources = tiny_data.write_sources(tmp_path / "sources.csv", folds, licences)
    fold = ("--subjects-from", sources, "--fold", "1", "--licences", "MIT", "Apache-2.0")
    out = tmp_path / "model"
    assert train(write(tmp_path, WEBCAM), webcam, out, *fold, "--epochs", "1") == 0
    training = described(out).training
    assert training["licences_of_sources"] == {"Apache-2.0": 1, "MIT": 1}
    assert training["only_licences"] == ["MIT", "Apache-2.0"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "licences of the sources: Apache-2.0 (1 person), MIT (1 person)." in card
    assert (training["clips"], training["people"]) == (6, 2)
    assert described(out).metrics["clips"] == 2


def test_bodies_without_hands_are_trained_on_and_evaluated(
    nucla: Path,
    tmp_path: Path,
    evaluated: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, out = write(tmp_path, DEPTH), tmp_path / "model"
    assert train(config, nucla, out, "--protocol", "x_view", "--epochs", "20") == 0

    printed = capsys.readouterr().out
    assert "of the time was spent waiting for data" in printed
    for absent in ("hand expert", "background", "rejected"):
        assert absent not in printed
    description = described(out)
    assert description.class_names[0] == "pick up with one hand"
    assert description.class_names[-1] == "background" and len(description.class_names) == 11
    training = description.training
    assert (training["kind"], training["protocol"], training["split"]) == ("nucla", "x_view", None)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "background" not in card and "--data nucla.npz --protocol x_view" in card
    assert "NaN" not in (out / "model.json").read_text(encoding="utf-8")
    assert list((out / "checkpoints").glob("*profile*"))
    assert "held_out_fold" not in training and "held_out_fold" not in description.metrics
    found = evaluated("--model", out, "--data", nucla, "--protocol", "x_view")
    assert found["top1"] == found["body_top1"] >= 0.9
    assert (found["clips"], found["clips_with_hands"], found["unknown_clips"]) == (12, 0, 0)
    # Without a protocol, all clips count.
    assert evaluated("--model", out, "--data", nucla)["clips"] == 36


def test_the_validation_interval_does_not_change_the_weights(nucla: Path, tmp_path: Path) -> None:
    weights = set()
    for every in ("1", "2"):
        words = ("--protocol", "x_view", "--epochs", "3", "--validate-every", every)
        assert train(write(tmp_path, DEPTH), nucla, tmp_path / every, *words) == 0
        weights.add(described(tmp_path / every).weights_sha256)
    assert len(weights) == 1


def test_another_seed_gives_other_weights(nucla: Path, tmp_path: Path) -> None:
    weights = set()
    for seed in (3, 4):
        out = tmp_path / str(seed)
        words = ("--protocol", "x_view", "--seed", str(seed))
        assert train(write(tmp_path, DEPTH), nucla, out, *words) == 0
        assert described(out).training["settings"]["seed"] == seed
        weights.add(described(out).weights_sha256)
    assert len(weights) == 2


def test_a_late_ensemble_works_without_hands(
    nucla: Path, tmp_path: Path, evaluated: Callable[..., dict[str, Any]]
) -> None:
    for name in ("one", "two"):
        assert train(write(tmp_path, DEPTH), nucla, tmp_path / name, "--protocol", "x_view") == 0
    one, two = tmp_path / "one", tmp_path / "two"
    data = ("--data", nucla, "--protocol", "x_view")
    together = evaluated("--ensemble", one, two, *data)
    assert together["confusion"] == evaluated("--model", one, *data)["confusion"]


def test_cached_clips_are_not_read_again(
    ntu: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole = Ntu.clip

    def counted(self: Ntu, index: int) -> Any:
        read.append(index)
        return whole(self, index)

    monkeypatch.setattr(Ntu, "clip", counted)
    config, data = write(tmp_path, DEPTH, "kinect_v2"), ntu()
    words = ("--kind", "ntu60", "--protocol", "x_sub", "--cache", tmp_path / "cache")
    for out in ("first", "second"):
        assert train(config, data, tmp_path / out, *words) == 0
    assert sorted(read) == [0, 1, 2, 3]
    first, second = (described(tmp_path / out) for out in ("first", "second"))
    assert first.metrics == second.metrics
    assert first.weights_sha256 == second.weights_sha256
    assert first.training["kind"] == "ntu60"


def test_mixed_precision_trains_on_a_cpu(nucla: Path, tmp_path: Path) -> None:
    words = ("--protocol", "x_view", "--precision", "bf16-mixed")
    assert train(write(tmp_path, DEPTH), nucla, tmp_path / "model", *words) == 0
    weights = load_network(load_bundle(tmp_path / "model")).state_dict()
    assert {str(one.dtype) for one in weights.values()} <= {"torch.float32", "torch.int64"}


def test_training_continues_from_a_checkpoint(
    nucla: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = write(tmp_path, DEPTH)
    words = ("--protocol", "x_view", "--epochs", "2")
    with monkeypatch.context() as interrupted:
        trainer = fit.lightning.Trainer
        interrupted.setattr(
            fit.lightning, "Trainer", lambda **options: trainer(**{**options, "max_epochs": 1})
        )
        assert train(config, nucla, tmp_path / "short", *words) == 0
    (checkpoint,) = (tmp_path / "short" / "checkpoints").glob("*.ckpt")
    words = (*words, "--resume")
    assert train(config, nucla, tmp_path / "long", *words, checkpoint) == 0
    assert train(config, nucla, tmp_path / "whole", *words[:-1]) == 0
    hashes = [described(tmp_path / name).weights_sha256 for name in ("short", "long", "whole")]
    assert hashes[0] != hashes[1]
    # As if it had never been interrupted.
    assert hashes[1] == hashes[2]

    longer = write(tmp_path / "long", DEPTH)
    assert train(longer, nucla, tmp_path / "out", *words, checkpoint, "--epochs", "3") == 2
    assert "is of a run of 6 steps, this one has 9" in capsys.readouterr().err
    broken = tmp_path / "broken.ckpt"
    broken.write_bytes(checkpoint.read_bytes()[:1000])
    other = write(tmp_path / "short", DEPTH.replace("[16]", "[8]"))
    for settings, file, complaint in (
        (config, broken, "is not a checkpoint"),
        (other, checkpoint, "is of another network: network."),
        (config, tmp_path / "none.ckpt", "No such file"),
    ):
        assert train(settings, nucla, tmp_path / "out", *words, file) == 2
        error = capsys.readouterr().err
        assert str(file) in error and complaint in error


def test_training_overwrites_nothing_unless_forced(
    nucla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = write(tmp_path, DEPTH), tmp_path / "model"
    out.mkdir()
    (out / "README.md").write_text("mine")
    assert train(config, nucla, out, "--protocol", "x_view") == 2
    assert f"error: {out} exists already; --force overwrites it" in capsys.readouterr().err
    assert [file.name for file in out.iterdir()] == ["README.md"]
    assert train(config, nucla, out, "--protocol", "x_view", "--force") == 0
    plain = tmp_path / "plain"
    plain.touch()
    modes = {file.name: file.stat().st_mode for file in out.iterdir() if file.is_file()}
    assert {"weights.safetensors", "background.safetensors", "model.json"} <= set(modes)
    assert set(modes.values()) == {plain.stat().st_mode}


def test_two_processes_train_one_model(nucla: Path, tmp_path: Path) -> None:
    config, out = write(tmp_path, DEPTH), tmp_path / "model"
    words = ("--config", config, "--data", nucla, "--out", out, "--device", "cpu")
    command = [sys.executable, "-m", "bharnet_ros.cli", "train", *map(str, words)]
    command += ["--protocol", "x_view", "--devices", "2"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("wrote ") == 1
    assert described(out).metrics["clips"] == 12


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "--protocol, or --fold and --subjects-from, must be given"),
        (("--protocol", "x_sub"), "'x_sub' is unknown here; known are: x_view"),
        (("--protocol", "x_view", "--precision", "8-mixed"), "--precision: '8-mixed' is unknown"),
        (("--protocol", "x_view", "--licences", "MIT"), "--licences: needs the sources.csv"),
        (("--protocol", "x_view", "--validate-every", "0"), "--validate-every: must be positive"),
        (("--protocol", "x_view", "--epochs", "0"), "epochs: must be positive, got 0"),
        (("--protocol", "x_view", "--seed", "-1"), "seed: must lie in 0..4294967295, got -1"),
    ],
)
def test_wrong_arguments_are_refused_by_name(
    nucla: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train(write(tmp_path, DEPTH), nucla, tmp_path / "model", *words) == 2
    assert complaint in capsys.readouterr().err


def test_an_unused_licence_is_named(
    webcam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = tiny_data.write_sources(tmp_path / "sources.csv", dict.fromkeys("abcd", 0) | {"d": 1})
    fold = ("--subjects-from", sources, "--fold", "1", "--licences", "MIT", "BSD")
    assert train(write(tmp_path, WEBCAM), webcam, tmp_path / "model", *fold) == 2
    assert "published under 'BSD'" in capsys.readouterr().err


def test_a_class_without_clips_is_named(
    nucla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path, DEPTH.replace("all", "[throw, juggle]"))
    assert train(config, nucla, tmp_path / "model", "--protocol", "x_view") == 2
    assert "class_names: 'juggle' is not a label of the data set" in capsys.readouterr().err
