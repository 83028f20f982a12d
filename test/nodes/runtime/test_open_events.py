"""Open events of a node in a file: those of its predecessor, and a disk that cannot be written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from open_event import ONSET
from rclpy.lifecycle import TransitionCallbackReturn

from bharnet_ros import msg
from bharnet_ros.nodes.action_event_publisher import OF_KILLED_PROCESS, ActionEventPublisher
from bharnet_ros.nodes.event_printer import EventPrinter
from bharnet_ros.nodes.runtime.open_events import OpenEvents, journal_path
from bharnet_ros.nodes.runtime.qos import RELIABLE
from bharnet_ros.recognition.events.journal import EventJournal
from bharnet_ros.types.actions import OffsetReason, Phase

pytestmark = pytest.mark.ros


def fail(*_arguments: object, **_options: object) -> None:
    raise OSError("No space left on device")


def test_events_of_a_killed_process_are_ended_but_not_counted(graph, wait, capfd):
    node = graph.add(ActionEventPublisher())
    journal = EventJournal(journal_path(node))
    journal.begin()
    journal.begun([ONSET])
    journal.close()  # as the kernel does for a killed process
    events = graph.probe.listen(msg.ActionEvent, "/action_recognition", RELIABLE)
    printer = graph.add(EventPrinter(lambda: None, False, node.has_published))
    assert graph.call(node.trigger_configure) is TransitionCallbackReturn.SUCCESS
    publisher = next(one for one in node.publishers if one.topic_name == "/action_recognition")
    wait(lambda: publisher.get_subscription_count() == 2, "both subscribers")
    graph.call(node.trigger_activate)
    graph.call(node.trigger_deactivate)
    wait(lambda: events, "an OFFSET")
    assert (events[0].event_id, events[0].reason) == ("a-1", "publisher_lost")
    # Whoever waits for as many events of this chain would wait in vain.
    totals = node.counters.totals
    assert (totals["published"], totals[OF_KILLED_PROCESS]) == (0, 1)
    graph.call(lambda: None, printer)
    shown = capfd.readouterr()
    assert "another chain" not in shown.err and "OFFSET" not in shown.out


def test_a_second_node_of_one_name_does_not_make_events_of_the_same_scores(graph):
    first = graph.add_active(ActionEventPublisher())
    second = graph.add(ActionEventPublisher())
    assert graph.call(second.trigger_configure) is TransitionCallbackReturn.SUCCESS
    assert graph.call(second.trigger_activate) is TransitionCallbackReturn.FAILURE
    assert second.state == "inactive"
    assert str(second.failure) == (
        "/action_scores: another process has a node /action_event_publisher that makes events of "
        "it; stop one of the two, give it a namespace of its own, or set journal to false"
    )
    # It may stand by.
    graph.call(first.trigger_deactivate)
    assert graph.call(second.trigger_activate) is TransitionCallbackReturn.SUCCESS
    assert graph.call(first.trigger_activate) is TransitionCallbackReturn.FAILURE


@pytest.mark.parametrize("remap", ["action_scores:=/robot1/scores", "__node:=other", "__ns:=/a"])
def test_nodes_of_other_names_or_with_other_scores_work_side_by_side(graph, remap):
    graph.add_active(ActionEventPublisher())
    graph.add_active(ActionEventPublisher(cli_args=["--ros-args", "-r", remap]))


def test_what_could_not_be_written_is_written_with_the_next_event(graph, monkeypatch):
    open_events = OpenEvents(graph.probe, lambda _: None, lambda: 0)
    open_events.begin()
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", fail)
        open_events.begun([ONSET])
    open_events.begun([replace(ONSET, event_id="a-2")])
    open_events.close()
    left = EventJournal(journal_path(graph.probe)).begin()
    assert [one.event_id for one in left] == ["a-1", "a-2"]


def test_on_a_full_disk_no_event_is_left_that_has_ended(graph, monkeypatch):
    open_events = OpenEvents(graph.probe, lambda _: None, lambda: 0)
    open_events.begin()
    open_events.begun([ONSET])
    monkeypatch.setattr(Path, "write_text", fail)
    open_events.ended([replace(ONSET, phase=Phase.OFFSET, reason=OffsetReason.ENDED)])
    open_events.close()
    assert EventJournal(journal_path(graph.probe)).begin() == []


def test_without_a_home_the_node_goes_on_without_a_file(graph, monkeypatch):
    monkeypatch.delenv("ROS_HOME")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    open_events = OpenEvents(graph.probe, lambda _: None, lambda: 0)
    open_events.begin()
    open_events.begun([ONSET])
    assert not open_events.close()
