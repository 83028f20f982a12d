"""Models and gesture sets that change on the disk under a running node, and disks that are full."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundles import embedding_bundle
from full_disk import full_disk
from lifecycle_msgs.msg import Transition
from moving_clips import moving_clip, performance
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from bharnet_ros import msg
from bharnet_ros.gestures.gesture_set import GestureSet, read_gesture_set, write_gesture_set
from bharnet_ros.nodes.conversions import keypoints_to_message
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE
from bharnet_ros.recognition.bundle import WEIGHTS, load_bundle
from bharnet_ros.recognition.weights import load_network, write_bundle
from bharnet_ros.srv import Forget, RenameGesture, Teach, TeachFromWindow
from bharnet_ros.types.keypoints import NANOSECONDS

pytestmark = [pytest.mark.ros, pytest.mark.slow]

KILLED_AT = """
import os, pathlib, signal
replace = pathlib.Path.replace
def killed(path, target):
    if target.name.endswith({!r}):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target)
pathlib.Path.replace = killed
"""
"""Lets a process kill itself when a file with this end has been written and takes its place."""


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def rename_model(folder: Path, name: str) -> None:
    """Write the model of a folder anew, under another name."""
    bundle = load_bundle(folder)
    weights = load_network(bundle).state_dict()
    write_bundle(folder, replace(bundle.description, name=name), weights, "")


class Recogniser:
    """A process `recognition` with a gesture set, and what it publishes."""

    def __init__(self, chain: Any, wait: Callable[..., Any], model: Path, folder: Path) -> None:
        self.chain, self._wait = chain, wait
        self.words = ["-p", f"model:={model}", "-p", f"gestures:={folder}"]
        self.infos: list[msg.ModelInfo] = []
        self.scores: list[msg.ActionScores] = []
        self.progress: list[msg.TeachingProgress] = []
        for kind, topic, taken, qos in (
            (msg.ModelInfo, "model_info", self.infos, LATCHED),
            (msg.ActionScores, "action_scores", self.scores, RELIABLE),
            (msg.TeachingProgress, "recognition/teaching", self.progress, LATCHED),
        ):
            chain.controller.create_subscription(kind, topic, taken.append, qos)

    @property
    def process(self) -> Any:
        return self.chain.processes["recognition"]

    def start(self) -> None:
        before = len(self.infos)
        self.chain.start("recognition", parameters=self.words)
        self._wait(lambda: len(self.infos) > before, "the model information")
        self._wait(self.chain.controller.keypoints.get_subscription_count, "the subscription")

    def show(self) -> None:
        """Show somebody who raises an arm, and wait until there are scores of them."""
        controller = self.chain.controller
        before = len(self.scores)
        start_ns = controller.stamp_ns + NANOSECONDS
        for frame in performance("up", start_s=start_ns / NANOSECONDS):
            controller.keypoints.publish(keypoints_to_message(frame))
            controller.stamp_ns = frame.stamp_ns
            time.sleep(0.02)
        self._wait(lambda: len(self.scores) > before, "scores")

    def ask(self, kind: Any, name: str, **request: Any) -> Any:
        return self.chain.ask(kind, f"recognition/{name}", **request)

    def teach(self, label: str) -> Any:
        return self.ask(TeachFromWindow, "teach_from_window", label=label, seconds=3.0)

    def set(self, **values: object) -> Any:
        given = [Parameter(name, value=value) for name, value in values.items()]
        messages = [one.to_parameter_msg() for one in given]
        return self.ask(
            SetParametersAtomically, "set_parameters_atomically", parameters=messages
        ).result

    def check_knows(self, *labels: str) -> None:
        """Check that it scores the motion of the moment, with these gestures among its classes."""
        known = ["wave", "point", *labels, "background"]
        self._wait(lambda: list(self.infos[-1].class_names) == known, f"the classes {known}")
        self.show()
        assert len(self.scores[-1].tracks[0].probabilities) == len(known)
        said = "\n".join(self.process.lines["stderr"])
        assert self.process.running and "Traceback" not in said, said


@pytest.fixture
def gestures(tmp_path) -> Path:
    """Return the folder of a gesture set that knows `raise`."""
    folder = tmp_path / "mine"
    folder.mkdir()
    write_gesture_set(folder, GestureSet().with_examples("raise", [moving_clip("up")]))
    return folder


@pytest.fixture
def recogniser(chain, wait, tmp_path, gestures) -> Recogniser:
    return Recogniser(chain, wait, embedding_bundle(tmp_path / "model"), gestures)


@pytest.fixture
def model(eager_bundle, tmp_path) -> Path:
    """Return the folder of a model that may be changed."""
    return Path(shutil.copytree(eager_bundle, tmp_path / "changing"))


def test_a_loaded_model_goes_on_when_its_folder_changes(chain, wait, model, tmp_path) -> None:
    recogniser = Recogniser(chain, wait, model, Path())
    recogniser.words = recogniser.words[:2]
    recogniser.start()
    chain.start("action_event_publisher")
    for damage in (lambda: cut(model / WEIGHTS), lambda: shutil.rmtree(model)):
        damage()
        chain.check_alive()
        answer = recogniser.set(model=str(model))
        assert not answer.successful
        assert answer.reason.startswith(f"parameter model: {model}")
        chain.check_alive()


def test_a_changed_model_is_loaded_or_named_at_the_next_start(
    chain, wait, model, tmp_path, eager_bundle
) -> None:
    recogniser = Recogniser(chain, wait, model, Path())
    recogniser.words = recogniser.words[:2]
    chain.start("action_event_publisher")
    cut(model / WEIGHTS)
    chain.launch("recognition", recogniser.words)
    assert not chain.change("recognition", Transition.TRANSITION_CONFIGURE)
    recogniser.process.wait_for_line(f"configure failed: parameter model: {model / WEIGHTS}: ")
    assert len(recogniser.process.lines["stderr"]) == 1
    # The node waits for another attempt.
    shutil.copytree(eager_bundle, model, dirs_exist_ok=True)
    for number in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert chain.change("recognition", number)
    chain.check_alive()
    rename_model(model, "other")
    chain.check_alive()
    assert recogniser.infos[-1].name == "tiny"
    assert recogniser.set(model=str(model)).successful
    wait(lambda: recogniser.infos[-1].name == "other", "the other model")
    chain.check_alive()


@pytest.mark.parametrize("file", ["gestures.json", ".npz"])
def test_a_node_killed_while_it_writes_a_gesture_keeps_the_others(
    recogniser, gestures, wait, file
) -> None:
    before = read_gesture_set(gestures)
    recogniser.chain.launch("recognition", recogniser.words, KILLED_AT.format(file))
    for number in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert recogniser.chain.change("recognition", number)
    recogniser.show()
    client = recogniser.chain.controller.create_client(
        TeachFromWindow, "recognition/teach_from_window"
    )
    client.call_async(TeachFromWindow.Request(label="again", seconds=3.0))
    assert recogniser.process.wait() == -signal.SIGKILL
    assert read_gesture_set(gestures).revision == before.revision
    recogniser.start()
    recogniser.check_knows("raise")
    assert recogniser.teach("again").success
    recogniser.check_knows("raise", "again")
    named = {
        one.sha256[:16] for known in read_gesture_set(gestures).gestures.values() for one in known
    }
    assert {path.stem for path in (gestures / "examples").glob("*/*")} == named


def test_a_gesture_set_cut_off_on_the_disk_is_named_and_left(recogniser, gestures) -> None:
    recogniser.start()
    file = gestures / "gestures.json"
    whole = file.read_bytes()
    cut(file)
    half = file.read_bytes()
    recogniser.show()
    for answer in (recogniser.teach("again"), recogniser.ask(Forget, "forget", label="raise")):
        assert not answer.success
        assert answer.message.startswith(f"{file}: cannot be read as JSON")
    answer = recogniser.set(gestures=str(gestures))
    assert not answer.successful
    assert answer.reason.startswith(f"parameter gestures: {file}: cannot be read as JSON")
    assert file.read_bytes() == half
    recogniser.check_knows("raise")
    file.write_bytes(whole)
    assert recogniser.set(gestures=str(gestures)).successful
    assert recogniser.teach("again").success
    recogniser.check_knows("raise", "again")


def test_a_full_disk_refuses_a_gesture_and_keeps_the_others(recogniser, gestures, wait) -> None:
    recogniser.start()
    recogniser.show()
    before = read_gesture_set(gestures).revision
    with full_disk(recogniser.process.pid, size=100):
        for answer in (
            recogniser.teach("again"),
            recogniser.ask(Forget, "forget", label="raise"),
            recogniser.ask(RenameGesture, "rename_gesture", label="raise", new_label="lift"),
        ):
            assert not answer.success
            assert str(gestures) in answer.message and "File too large" in answer.message
        assert recogniser.ask(Teach, "teach", label="again", examples=3).success
        recogniser.show()
        assert recogniser.ask(Trigger, "stop_teaching").success
        wait(lambda: recogniser.progress[-1].state == msg.TeachingProgress.FAILED, "the failure")
        assert str(gestures) in recogniser.progress[-1].text
        recogniser.check_knows("raise")
    assert read_gesture_set(gestures).revision == before
    assert not list(gestures.rglob(".*"))
    recogniser.show()
    assert recogniser.teach("again").success
    recogniser.check_knows("raise", "again")


def test_events_come_when_their_journal_cannot_be_written(chain) -> None:
    chain.start("recognition", "action_event_publisher")
    publisher = chain.processes["action_event_publisher"]
    with full_disk(publisher.pid, size=10):
        chain.check_alive()
        publisher.wait_for_line("journal of open events")
    chain.check_alive()
