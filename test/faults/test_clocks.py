"""What a controller hears when time stands still, for the nodes or in the stamps."""

from __future__ import annotations

import time

import pytest
from processes import PATIENCE
from rosgraph_msgs.msg import Clock

from bharnet_ros.nodes.runtime.qos import RELIABLE

pytestmark = [pytest.mark.ros, pytest.mark.slow]

SIMULATED = ("-p", "use_sim_time:=true")


@pytest.fixture(scope="module")
def tick(shared_chain):
    """Start a chain in simulated time; return what sends the time of a message to it."""
    shared_chain.start("recognition", "action_event_publisher", parameters=SIMULATED)
    clock = shared_chain.controller.create_publisher(Clock, "/clock", RELIABLE)
    return lambda message: clock.publish(Clock(clock=message.header.stamp))


@pytest.fixture
def simulated(shared_chain, tick):
    """Return that chain, with an event open."""
    shared_chain.end_events()
    shared_chain.controller.events.clear()
    shared_chain.show_until(shared_chain.controller.open, "the ONSET", tick)
    return shared_chain


def test_an_event_ends_when_the_simulator_is_closed(simulated) -> None:
    simulated.end_events()
    assert set(simulated.controller.reasons()) == {"source_lost"}
    simulated.check_alive()


def test_an_event_ends_when_the_simulator_is_paused(simulated, tick) -> None:
    still = simulated.controller.message()
    end = time.monotonic() + PATIENCE
    while simulated.controller.open():
        assert time.monotonic() < end, "the event goes on while time stands still"
        tick(still)
        time.sleep(0.05)
    assert set(simulated.controller.reasons()) == {"source_lost"}
    simulated.check_alive()


def test_an_event_goes_on_when_only_the_clock_stops(simulated) -> None:
    begun = simulated.controller.open()
    simulated.feed.show(60)
    assert simulated.controller.open() == begun and not simulated.controller.reasons()
    simulated.check_alive()


def test_keypoints_with_one_stamp_again_and_again_end_an_event(simulated) -> None:
    still = simulated.feed.stand_still()
    simulated.show_until(lambda: not simulated.controller.open(), "the OFFSET", still)
    assert set(simulated.controller.reasons()) == {"source_lost"}
    simulated.check_alive()
