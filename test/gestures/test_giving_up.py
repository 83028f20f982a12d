"""What is given up when a classroom closes."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest
from bundles import embedding_bundle
from moving_clips import moving_clip

from bharnet_ros.gestures.classroom import Classroom
from bharnet_ros.gestures.gesture_set import GestureSet, write_gesture_set
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer


def test_a_check_that_is_at_work_is_given_up(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    examples = tuple(moving_clip("up", seed=seed) for seed in range(2))
    write_gesture_set(folder, GestureSet({"raise": examples}))
    bundle = embedding_bundle(tmp_path / "model")
    room = Classroom(Recognizer(load_bundle(bundle), "cpu"), window_s=1.0, folder=folder)
    fits = []
    begun, go_on = threading.Event(), threading.Event()
    fit = Teacher.fit

    def slow(*arguments):
        fits.append(arguments)
        begun.set()
        assert go_on.wait(60)
        return fit(*arguments)

    monkeypatch.setattr(Teacher, "fit", slow)
    check, waiting = room.check(), room.check()
    assert begun.wait(60)
    closing = threading.Thread(target=room.close)
    closing.start()
    with pytest.raises(CancelledError):
        waiting.result(60)
    go_on.set()
    with pytest.raises(CancelledError):
        check.result(60)
    closing.join()
    assert len(fits) == 1
    # As when the node is activated again.
    assert room.check().result(60).examples("raise") == 2
