"""Holding the examples of a set against each other."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import bundles
import numpy as np
import pytest
from moving_clips import moving_clip

from bharnet_ros.gestures.check import NONE, GestureCheck, check_gestures
from bharnet_ros.gestures.gesture_set import GestureSet
from bharnet_ros.gestures.manage import format_check
from bharnet_ros.gestures.taught import TaughtGestures
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.types.errors import InputError


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    folder = bundles.embedding_bundle(tmp_path_factory.mktemp("check") / "model")
    return Teacher(Recognizer(load_bundle(folder), "cpu"))


def test_each_example_is_held_against_the_others(teacher: Teacher) -> None:
    gestures = GestureSet(
        {
            "up": tuple(moving_clip("up", seed=seed) for seed in range(3)),
            "aside": tuple(moving_clip("aside", seed=seed) for seed in range(2)),
            "once": (moving_clip("up", seed=9),),
        }
    )
    check = check_gestures(teacher, gestures)
    assert {name: check.examples(name) for name in gestures.names} == {
        "up": 3,
        "aside": 2,
        "once": 1,
    }
    # Nothing is left of a gesture whose only example is left out.
    assert check.right("once") == 0
    assert 0.0 <= check.false_share <= 1.0
    assert check_gestures(teacher, gestures) == check


@pytest.mark.parametrize(("threshold", "right"), [(0.5, 2), (0.7, 0)])
def test_an_example_that_would_begin_no_event_is_not_recognised(
    teacher: Teacher, monkeypatch: pytest.MonkeyPatch, threshold: float, right: int
) -> None:
    monkeypatch.setattr(
        TaughtGestures, "probabilities", lambda self, windows: np.asarray([[0.6, 0.4]])
    )
    monkeypatch.setattr(TaughtGestures, "enter_thresholds", {"up": threshold})
    monkeypatch.setattr(teacher, "false_share", lambda taught: 0.0)
    gestures = GestureSet({"up": tuple(moving_clip("up", seed=seed) for seed in range(2))})
    assert check_gestures(teacher, gestures).right("up") == right


def test_an_empty_set_cannot_be_checked(teacher: Teacher) -> None:
    with pytest.raises(InputError, match="the set is empty"):
        check_gestures(teacher, GestureSet())


def test_the_two_most_alike_are_named() -> None:
    check = GestureCheck(
        {
            "come": {"come": 3, "hello": 2},
            "hello": {"hello": 5},
            "stop": {"stop": 4, NONE: 1},
            "nod": {NONE: 1},
        },
        0.02,
        {"come": 0.65, "nod": 0.5},
    )
    assert check.most_alike == ("come", "hello", 2)
    text = format_check(check)
    assert "come: 3 of 5 examples recognised by the others; 2 taken for hello" in text
    assert "hello: 5 of 5 examples recognised by the others\n" in text
    assert "stop: 4 of 5 examples recognised by the others; 1 like no gesture" in text
    assert "nod: one example, which cannot be held against others" in text
    assert "come and hello are taken for each other in 2 of 10: show them more differently" in text
    assert "an event begins at a probability of: come 0.65, nod 0.5\n" in text
    assert "false events to expect: 0.8 a minute of unknown motion (2.0% of that" in text


def test_gestures_that_are_told_apart_are_not_called_alike() -> None:
    check = GestureCheck({"come": {"come": 5}, "go": {"go": 4, NONE: 1}}, 0.0)
    assert check.most_alike is None
    assert "each other" not in format_check(check)


def test_examples_are_embedded_once(teacher: Teacher, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = moving_clip("up", seed=20)
    first = teacher.embed(clip)
    monkeypatch.setattr(teacher.recognizer, "logits", None)
    np.testing.assert_array_equal(teacher.embed(clip).shown.vectors, first.shown.vectors)


def test_examples_that_left_the_set_are_forgotten(teacher: Teacher) -> None:
    clips = {name: (moving_clip(name, seed=30),) for name in ("up", "aside")}
    left = weakref.ref(teacher.embed(clips["aside"][0]))
    teacher.teach(GestureSet(clips), "mine")
    gc.collect()
    assert left() is not None
    teacher.teach(GestureSet({"up": clips["up"]}), "mine")
    gc.collect()
    assert left() is None


def test_a_model_without_embeddings_cannot_be_taught(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="model tiny: cannot be taught gestures"):
        Teacher(Recognizer(load_bundle(tiny_bundle), "cpu"))
