"""SIGINT and SIGTERM at every stage of a process: it ends in order, and says nothing of itself."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from processes import CLI, NODE, Process
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

pytestmark = [pytest.mark.ros, pytest.mark.slow]

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
INTERRUPTED = 130

SLOWLY = """
import time
from bharnet_ros.recognition import bundle
load = bundle.load_bundle
def load_slowly(folder):
    if str(folder) == {!r}:
        print("loading slowly", flush=True)
        time.sleep(300)
    return load(folder)
bundle.load_bundle = load_slowly
"""
"""Lets a process take minutes to load a model."""


@pytest.fixture
def wait_for_library(wait):
    """Return a function that waits until a process has loaded a library: so far has it come."""

    def wait_for(process: Process, name: str) -> None:
        maps = Path(f"/proc/{process.pid}/maps")
        wait(lambda: not process.running or name in maps.read_text(), name)
        assert process.running, process.lines["stderr"]

    return wait_for


def check_quiet(process: Process) -> None:
    """Check that a process that ended complained of nothing."""
    said = "\n".join(process.lines["stderr"])
    assert not any(word in said for word in ("Traceback", "rror", "terminate")), said


@pytest.mark.parametrize(
    "code",
    [*map(NODE.format, ("recognition", "action_event_publisher", "video_source")), CLI],
    ids=["recognition", "action_event_publisher", "video_source", "run"],
)
def test_sigint_while_a_program_is_imported_leaves_no_traceback(
    start, wait_for_library, code
) -> None:
    process = start(code, *(["run", "--source", "puppet:rest"] if code == CLI else []))
    wait_for_library(process, "rclpy")
    process.send(signal.SIGINT)
    # It may have come further meanwhile, and then ends as a node that runs.
    assert process.wait() in (-signal.SIGINT, INTERRUPTED, 0)
    check_quiet(process)


@BOTH
@pytest.mark.parametrize(
    ("name", "library"), [("recognition", "onnxruntime"), ("pose_extraction", "openvino")]
)
def test_a_signal_while_a_node_loads_ends_it(
    start, chain, wait, wait_for_library, name, library, number
) -> None:
    node = start(NODE.format(name))
    client = chain.controller.create_client(ChangeState, f"{name}/change_state")
    wait(client.service_is_ready, "the node")
    configure = Transition(id=Transition.TRANSITION_CONFIGURE)
    client.call_async(ChangeState.Request(transition=configure))
    wait_for_library(node, library)
    for _ in range(2):
        node.send(number)
    assert node.wait() == 0
    check_quiet(node)


@pytest.mark.parametrize(
    ("command", "number"), [("run", signal.SIGTERM), ("record", signal.SIGINT)]
)
def test_a_signal_while_a_chain_loads_leaves_nothing(
    start, wait_for_library, tmp_path, command, number
) -> None:
    words = ["--out", str(tmp_path / "walk")] if command == "record" else []
    chain = start(CLI, command, "--source", "puppet:rest", "--loop", *words)
    wait_for_library(chain, "openvino")
    chain.send(number)
    assert chain.wait() == 0
    check_quiet(chain)
    assert not chain.lines["stdout"]
    assert not [path for path in tmp_path.iterdir() if "walk" in path.name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("video_source", ["-p", "source:=puppet:rest", "-p", "loop:=true"]),
        ("overlay", []),
        ("pointing", []),
        ("wait_for_action", []),
    ],
)
def test_signals_to_a_node_that_has_just_started_end_it(start, chain, wait, name, words) -> None:
    node = start(NODE.format(name), "--ros-args", *words)
    wait(lambda: name in chain.controller.get_node_names(), "the node")
    # The handler of one interrupts that of another.
    for number in (signal.SIGINT, signal.SIGTERM) * 10:
        node.send(number)
    assert node.wait() == 0
    check_quiet(node)


@BOTH
def test_signals_to_all_nodes_in_an_event_end_it(chain, number) -> None:
    chain.start("recognition", "action_event_publisher")
    chain.begin_event()
    for _ in range(2):
        for process in chain.processes.values():
            process.send(number)
    for process in chain.processes.values():
        assert process.wait() == 0
        check_quiet(process)
    chain.end_events()
    assert chain.controller.reasons() == ["shutdown"]


def test_two_signals_to_a_run_in_an_event_end_it(start, eager_bundle) -> None:
    run = start(CLI, "run", "--source", "puppet:rest", "--loop", "--model", str(eager_bundle))
    run.wait_for_line("ONSET")
    run.send(signal.SIGINT)
    run.send(signal.SIGTERM)
    assert run.wait() == 0
    check_quiet(run)
    assert [(event[0], event[-1]) for event in run.events] == [
        ("ONSET", None),
        ("OFFSET", "shutdown"),
    ]


def test_a_signal_while_another_model_is_loaded_ends_the_node(chain, wait, tiny_bundle) -> None:
    chain.launch("recognition", before=SLOWLY.format(str(tiny_bundle)))
    for number in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert chain.change("recognition", number)
    client = chain.controller.create_client(SetParameters, "recognition/set_parameters")
    wait(client.service_is_ready, "the service")
    model = Parameter("model", value=str(tiny_bundle)).to_parameter_msg()
    client.call_async(SetParameters.Request(parameters=[model]))
    process = chain.processes["recognition"]
    process.wait_for_line("loading slowly")
    process.send(signal.SIGINT)
    assert process.wait() == 0
    check_quiet(process)
