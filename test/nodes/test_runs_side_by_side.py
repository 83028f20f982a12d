"""What a run says when nothing was recognised, and that two runs on one machine do not mix."""

from __future__ import annotations

import re
import signal

import cv2
import numpy as np
import pytest
from processes import CLI

from bharnet_ros import msg
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.sources.puppet import open_puppet

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("person", [True, False])
def test_run_without_events_says_what_it_saw(start, tmp_path, person):
    source = open_puppet("rest", fps=10.0)
    for number in range(6):
        image = source.frame(number).image
        picture = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if person else np.full_like(image, 90)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    run = start(CLI, "run", "--source", str(tmp_path))
    assert run.wait() == 0
    assert run.lines["stderr"][-1] == (
        f"bharnet run: a person in {6 * person} of 6 images, hands in 0; nothing of: hello, "
        "thanks, iloveyou, no, yes, please, help, sorry"
    )


def test_two_runs_on_one_machine_do_not_mix(start, eager_bundle):
    words = ["run", "--source", "puppet:rest", "--model", str(eager_bundle), "--ros-args"]
    words += ["-p", "video_source:fps:=10.0"]
    runs = [start(CLI, *words) for _ in range(2)]
    for run in runs:
        assert run.wait() == 0
        assert [event[:2] for event in run.events] == [("ONSET", "wave"), ("OFFSET", "wave")]
        frames = re.search(r"(\d+) frames; (\d+) images worked on, 0 dro", run.lines["stderr"][-1])
        assert frames and frames[1] == frames[2]
    others = [line for run in runs for line in run.lines["stderr"] if "another chain" in line]
    assert 1 <= len(others) <= 2


def test_topics_of_a_run_with_a_namespace_have_their_plain_names(start, graph, wait, eager_bundle):
    keypoints = graph.probe.listen(msg.BodyHandKeypoints, "/robot1/keypoints", RELIABLE)
    words = ["--source", "puppet:rest", "--loop", "--model", str(eager_bundle)]
    run = start(CLI, "run", *words, "--ros-args", "-r", "__ns:=/robot1")
    wait(lambda: keypoints, "keypoints")
    run.send(signal.SIGINT)
    assert run.wait() == 0
