"""Evaluation on whole clips: the accuracy of the shipped model, and the metrics."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.datasets.base import EVERYBODY
from bharnet_ros.evaluation.clips import add_arguments, clip_metrics, run
from bharnet_ros.evaluation.metrics.clips import ClipMetrics, count_metrics, format_metrics
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.output import WindowOutput, softmax
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model


def arguments(*words: str | Path) -> argparse.Namespace:
    """Return the parsed arguments of `bharnet evaluate clips`."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


@pytest.mark.slow
def test_the_shipped_model_recognises_gestures(
    shared_data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data = shared_data("holistic_wild/holistic_wild.npz")
    sources = shared_data("holistic_wild/sources.csv")
    description = load_bundle(find_model("gestures")).description
    # Nobody is left to measure it on: its numbers are those of models of single folds.
    assert description.training["protocol"] == EVERYBODY
    assert description.metrics["top1"] >= 0.86
    assert description.metrics["mean_class_accuracy"] >= 0.79

    status = run(
        arguments(
            *("--model", "gestures", "--data", data, "--subjects-from", sources),
            *("--fold", 4, "--device", "cpu", "--json"),
        )
    )

    metrics = json.loads(capsys.readouterr().out)
    assert status == 0
    assert metrics["clips"] > 1000
    # These people are among those it was trained on.
    assert metrics["top1"] >= description.metrics["top1"]
    assert metrics["mean_class_accuracy"] >= description.metrics["mean_class_accuracy"]


def test_metrics_equal_those_worked_out_by_hand(tiny_bundle: Path) -> None:
    # Columns: wave, point, background. A rejection threshold of 0.5 and a temperature of 1.
    body = np.float32(
        [
            [5.0, 0.0, 0.0],  # wave, classified correctly
            [2.0, 0.0, 5.0],  # wave, but background if allowed
            [3.0, 0.0, 0.0],  # wave, taken for point only together with the hand
            [0.0, 4.0, 0.0],  # point, classified correctly
            [0.0, 0.0, 6.0],  # unknown, taken for background
            [5.0, 0.0, 0.0],  # unknown, taken for wave
            [0.1, 0.0, 0.0],  # unknown, wave with a probability of 0.36
        ]
    )
    hand = np.zeros_like(body)
    hand[2] = [0.0, 9.0, 0.0]
    logits = WindowOutput.of_skeleton(body + hand, body, hand, np.ones(len(body), dtype=bool))
    labels = np.asarray(["wave"] * 3 + ["point"] + ["jump"] * 3)
    subjects = np.asarray(["ann", "ann", "bob", "bob", "cem", "cem", "cem"])

    metrics = clip_metrics(logits, Recognizer(load_bundle(tiny_bundle), "cpu"), labels, subjects)

    assert (metrics.clips, metrics.subjects, metrics.unknown_clips) == (4, 2, 3)
    assert metrics.clips_with_hands == 4
    assert metrics.top1 == pytest.approx(3 / 4)
    assert metrics.top1_with_background == pytest.approx(2 / 4)
    assert metrics.body_top1 == pytest.approx(1.0)
    assert metrics.recall == pytest.approx({"wave": 2 / 3, "point": 1.0})
    assert metrics.mean_class_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert metrics.unknown_rejected == pytest.approx(2 / 3)
    assert metrics.class_names == ["wave", "point", "background"]
    assert metrics.confusion == [[1, 1, 1], [0, 1, 0], [2, 0, 1]]


def test_a_clip_without_hands_counts_as_missed_by_the_hand_expert(tiny_bundle: Path) -> None:
    body, hand = np.float32([[3.0, 0.0, 0.0]] * 2), np.zeros((2, 3), np.float32)
    # Zero logits, as without a hand, give the first class: wave.
    logits = WindowOutput.of_skeleton(body + hand, body, hand, np.asarray([True, False]))
    labels, subjects = np.asarray(["wave"] * 2), np.asarray(["ann"] * 2)
    metrics = clip_metrics(logits, Recognizer(load_bundle(tiny_bundle), "cpu"), labels, subjects)
    assert (metrics.top1, metrics.hand_top1) == (1.0, 0.5)


def test_clips_with_unknown_labels_only_are_refused(tiny_bundle: Path) -> None:
    nothing = np.zeros((1, 3), np.float32)
    logits = WindowOutput.of_skeleton(nothing, nothing, nothing, np.ones(1, dtype=bool))
    recognizer = Recognizer(load_bundle(tiny_bundle), "cpu")
    with pytest.raises(ValueError, match=r"label: .*wave, point"):
        clip_metrics(logits, recognizer, np.asarray(["jump"]), np.asarray(["ann"]))


@pytest.mark.parametrize("alone", [("--fold", "1"), ("--subjects-from", "sources.csv")])
def test_fold_and_subjects_need_each_other(alone: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="--fold and --subjects-from need each other"):
        run(arguments("--model", "gestures", "--data", "clips.npz", *alone))


def metrics_of(
    class_names: tuple[str, ...], scores: list[list[float]], labels: list[str], hands: bool = False
) -> ClipMetrics:
    """Return the metrics of a body expert with these logits, with or without visible hands."""
    body = np.float32(scores)
    hand_seen = np.full(len(labels), hands)
    return count_metrics(
        WindowOutput.of_skeleton(body, body, np.zeros_like(body), hand_seen),
        softmax(body),
        np.asarray(labels),
        np.full(len(labels), ""),
        class_names=class_names,
        rejection_threshold=0.5,
    )


def test_lines_on_hands_and_background_are_left_out_if_there_are_none() -> None:
    metrics = metrics_of(
        ("sit", "walk", "background"), [[2.0, 1.0, -9.0]] * 3, ["sit"] * 2 + ["walk"]
    )
    assert (metrics.top1, metrics.top1_with_background) == pytest.approx((2 / 3, 2 / 3))
    assert (metrics.clips_with_hands, metrics.subjects) == (0, 0)
    text = format_metrics(metrics)
    assert text.startswith("3 clips\ntop-1 ")
    for absent in ("background", "expert", "rejected", "people", "nan"):
        assert absent not in text


def test_background_is_printed_if_only_chosen() -> None:
    names = ("sit", "walk", "background")
    metrics = metrics_of(names, [[2.0, 1.0, 3.0], [2.0, 1.0, 0.0]], ["sit", "sit"], hands=True)
    # `top1` never considers background.
    assert (metrics.top1, metrics.top1_with_background) == (1.0, 0.5)
    text = format_metrics(metrics)
    assert "top-1, background too     50.00%" in text
    assert "hand expert alone" in text
    assert "rejected" not in text


def test_long_class_names_are_printed_in_aligned_columns() -> None:
    names = tuple(f"an action of number {number}" for number in range(12))
    scores = np.eye(13)[[*range(12), 3]].tolist()
    metrics = metrics_of((*names, "background"), scores, [*names, names[11]])
    lines = format_metrics(metrics).splitlines()
    heading = next(row for row, line in enumerate(lines) if line.startswith("confusion"))
    assert lines[heading].split()[-12:] == [str(number) for number in range(1, 13)]
    assert lines[heading + 12].split()[-12:] == ["0"] * 3 + ["1"] + ["0"] * 7 + ["1"]
    assert len({len(line) for line in lines[heading:]}) == 1


def test_with_many_classes_the_most_confused_pairs_are_printed() -> None:
    names = tuple(f"action {number}" for number in range(60))
    chosen = [*range(60), 7, 7, 8]
    scores = np.eye(61)[chosen].tolist()
    metrics = metrics_of((*names, "background"), scores, [*names, *names[:2], names[1]])
    lines = format_metrics(metrics).splitlines()
    heading = next(row for row, line in enumerate(lines) if line.startswith("confused"))
    assert [line.split() for line in lines[heading + 1 :]] == [
        ["action", "0,", "taken", "for", "action", "7", "1"],
        ["action", "1,", "taken", "for", "action", "7", "1"],
        ["action", "1,", "taken", "for", "action", "8", "1"],
    ]
