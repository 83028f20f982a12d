"""The same messages, bad ones among them, through the nodes and through a replay."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from bharnet_ros import msg
from bharnet_ros.bags.message_types import message_types
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import event_from_message
from bharnet_ros.nodes.pose_extraction import PoseExtraction
from bharnet_ros.nodes.recognition import Recognition
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE, SENSOR
from bharnet_ros.types.actions import OffsetReason
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints

pytestmark = pytest.mark.ros

OUTPUTS = {PoseExtraction: "/keypoints", Recognition: "/action_scores"}
COUNTED = (
    *("duplicates", "late", "without stamp", "time jumps"),
    *("without depth", "before model_info", "rejected"),
)


class Live:
    """The nodes from one topic on, and everything that they count, reject and publish."""

    def __init__(self, graph, wait, nodes, bundle):
        self.wait = wait
        self.graph = graph
        self.problems: list[str] = []
        self.events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
        # The last node first, as everywhere, so that each finds its subscribers.
        self.nodes = [self._start(kind, bundle) for kind in reversed(nodes)][::-1]
        for node in self.nodes[:-1]:
            graph.on_match(node, OUTPUTS[type(node)])

    def _start(self, kind, bundle):
        values = {"model": str(bundle), "device": "cpu"} if kind is Recognition else {}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        node = kind(parameter_overrides=overrides)
        reject = node.reject

        def kept(problem: str) -> None:
            self.problems.append(problem.split(": ", 1)[1])
            reject(problem)

        node.reject = kept
        return self.graph.add_active(node)

    def send(self, publish: Any, message: Any) -> None:
        """Publish a message, and wait until the whole chain has processed it."""
        first = self.nodes[0]
        before = first.counters.totals["received"]
        publish(message)
        self.wait(lambda: first.counters.totals["received"] == before + 1, "the message")
        for node, after in pairwise([*self.nodes, None]):
            self.wait(lambda node=node: getattr(node, "idle", True), "a node to be done")
            if after is not None:
                self.wait(
                    lambda node=node, after=after: (
                        after.counters.totals["received"] == node.counters.totals["published"]
                    ),
                    "what a node has published",
                )

    def counts(self) -> dict[str, int]:
        """Return what all nodes counted."""
        total: Counter[str] = Counter()
        for node in self.nodes:
            total.update({name: node.counters.totals.get(name, 0) for name in COUNTED})
        return dict(total)


def comparable(events):
    """Return events without ids, which differ by process, and with scores as float32."""
    scores = ("score", "body_score", "hand_score")
    return [
        replace(event, event_id="", **{name: np.float32(getattr(event, name)) for name in scores})
        for event in events
    ]


def compare(graph, wait, bag, topic, qos, kind, nodes, bundle, **settings):
    """Send the messages of a bag through nodes, replay the bag, and compare both."""
    live = Live(graph, wait, nodes, bundle)
    publish = {
        topic: graph.probe.publisher(kind, topic, qos),
        "model_info": graph.probe.publisher(msg.ModelInfo, "model_info", LATCHED),
    }
    types = message_types()
    with Recording(bag) as recording:
        replayed = replay(recording, ReplaySettings(**settings), progress=False)
        for one in recording.messages(*(each.name for each in recording.topics)):
            name = one.topic.removeprefix("/")
            raw = bytes(types.serialize_cdr(one.message, one.message.__msgtype__))
            if name == "model_info":
                publish[name](deserialize_message(raw, msg.ModelInfo))
                wait(lambda: live.nodes[-1].describe()["model"] == "tiny", "the model information")
            else:
                live.send(publish[name], deserialize_message(raw, kind))
    publisher = live.nodes[-1]
    graph.call(lambda: publisher.close_events(OffsetReason.SOURCE_ENDED), publisher)
    wait(lambda: len(live.events) == len(replayed.events), "the events of the replay")
    counts = {**replayed.counts, "rejected": len(replayed.rejected)}
    assert {name: counts.get(name, 0) for name in COUNTED} == live.counts()
    assert list(replayed.rejected) == live.problems
    assert comparable(map(event_from_message, live.events)) == comparable(replayed.events)
    return replayed


def test_nodes_and_replay_agree_on_images(
    graph, wait, messages, write_bag, tmp_path, eager_bundle, person_image
):
    def image(at: float, **fields: Any) -> Any:
        message = messages.image(at, np.ascontiguousarray(person_image[::2, ::2]))
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    unset = image(0.0)
    unset.header = messages.make(
        "std_msgs/msg/Header",
        stamp=messages.make("builtin_interfaces/msg/Time", sec=0, nanosec=0),
        frame_id="camera",
    )
    good = [image(number / 10) for number in range(14)]
    rows = [
        *good[:12],
        good[11],
        image(1.25, encoding="8SC1"),
        unset,
        image(1.3, step=7),
        # A little late.
        good[12],
        # A step back: everything restarts.
        *(image(number / 10 - 2.0) for number in range(12)),
    ]
    bag = write_bag(tmp_path / "bag", [("image_raw", row) for row in rows], in_order=True)
    replayed = compare(
        *(graph, wait, bag, "image_raw", SENSOR, Image),
        [PoseExtraction, Recognition, ActionEventPublisher],
        eager_bundle,
        model=str(eager_bundle),
        device="cpu",
    )
    assert len(replayed.rejected) == 3 and replayed.counts["without stamp"] == 1
    assert replayed.counts["duplicates"] == replayed.counts["late"] == 1
    assert replayed.counts["time jumps"] == 3 and len(replayed.events) >= 2


def test_nodes_and_replay_agree_on_keypoints(
    graph, wait, messages, write_bag, tmp_path, eager_bundle
):
    def keypoints(at: float) -> Any:
        rng = np.random.default_rng(round(at * 1000))
        person = PersonKeypoints(
            "body_1",
            body=np.column_stack([rng.uniform(100, 400, (33, 3)), np.ones(33)]).astype("f4"),
            hands=rng.uniform(100, 400, (2, 21, 3)).astype("f4"),
            hand_scores=np.ones(2, dtype="f4"),
        )
        return messages.keypoints(FrameKeypoints(round(at * 1e9), 640, 480, (person,), "camera"))

    good = [keypoints(number / 10) for number in range(16)]
    rows = [*good, good[-1], keypoints(1.6), good[-2], *good[3:9]]
    bag = write_bag(tmp_path / "bag", [("keypoints", row) for row in rows], in_order=True)
    replayed = compare(
        *(graph, wait, bag, "keypoints", RELIABLE, msg.BodyHandKeypoints),
        [Recognition, ActionEventPublisher],
        eager_bundle,
        model=str(eager_bundle),
        device="cpu",
    )
    assert replayed.counts["duplicates"] == replayed.counts["late"] == 1
    assert replayed.counts["time jumps"] >= 1 and len(replayed.events) >= 2


@pytest.mark.parametrize("start", [0.0, 3.9])
def test_nodes_and_replay_agree_on_scores(
    graph, wait, messages, write_bag, tmp_path, tiny_bundle, start
):
    rows = messages.waving([(0.5, 2.0), (3.0, 4.0)], until=5.0)
    wrong_model = messages.scores(5.1, {"body_1": (0.9, 0.05, 0.05)}, model_name="other")
    wrong_classes = messages.scores(5.2, {"body_1": (0.9, 0.1)})
    no_number = messages.scores(5.3, {"body_1": (np.nan, 0.5, 0.5)})
    back = messages.scores(start, {"body_1": (0.9, 0.05, 0.05)})
    scores = [row[1] for row in rows[1:]]
    # The late scores come while the person waves.
    stream = [*scores[:12], scores[10], *scores[12:], scores[-1], wrong_model, wrong_classes]
    stream += [no_number, back]
    bag = write_bag(
        tmp_path / "bag",
        [rows[0], *(("action_scores", one) for one in stream)],
        in_order=True,
    )
    replayed = compare(
        *(graph, wait, bag, "action_scores", RELIABLE, msg.ActionScores),
        [ActionEventPublisher],
        tiny_bundle,
    )
    assert len(replayed.rejected) == 3
    assert replayed.counts["duplicates"] == replayed.counts["late"] == 1
    assert replayed.counts["time jumps"] == 1 and len(replayed.events) == 4
